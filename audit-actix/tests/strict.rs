//! Strict delivery over TCP, with a journal in a file. A program of its own, for one with endpoints that ask for it needs
//! a file as its log.

#![cfg(unix)]

mod support;

use std::convert::Infallible;
use std::net::SocketAddr;

use actix_web::web::{self, Bytes, Path};
use actix_web::{App, HttpResponse, get};
use audit_actix::{AuditMiddleware, AuditScope as _, AuditedRoutes as _, Auditor, audited};
use audit_conformance::echo::flood;
use audit_conformance::echo::gates::gate;
use audit_conformance::strict::{self, block_on, runs, said_by};
use support::serve;
use tokio_stream::iter;

#[audited(action = "money.hold", delivery = "strict")]
async fn hold(name: Path<String>) -> &'static str {
    gate(&name).pass().await;
    "held\n"
}

#[audited(action = "money.declared", delivery = "strict")]
#[get("/declared/{gate}")]
async fn declared(name: Path<String>) -> &'static str {
    gate(&name).pass().await;
    "held\n"
}

#[audited(action = "money.endless", delivery = "strict")]
async fn endless() -> HttpResponse {
    HttpResponse::Ok().streaming(iter(flood::pieces(None).map(Ok::<_, Infallible>)))
}

#[audited(action = "money.broken", delivery = "strict")]
async fn broken() -> HttpResponse {
    HttpResponse::Ok().streaming(iter([Ok(Bytes::from("first\n")), Err("it broke")]))
}

#[audited(action = "money.panics", delivery = "strict")]
async fn panics() -> &'static str {
    panic!("on purpose")
}

#[audited(action = "money.never", delivery = "strict")]
async fn never() -> &'static str {
    runs();
    "ran"
}

#[audited(action = "money.unwired", delivery = "strict")]
async fn unwired() -> &'static str {
    runs();
    "ran"
}

#[audited(action = "money.spawned", delivery = "strict")]
async fn spawned() {
    runs();
}

#[audited(action = "money.nested", delivery = "strict")]
async fn nested() {
    runs();
}

async fn spawns() -> HttpResponse {
    match actix_web::rt::spawn(spawned().in_audit_scope()).await {
        Ok(()) => HttpResponse::InternalServerError().finish(),
        Err(_) => HttpResponse::Ok().finish(),
    }
}

async fn blocks() -> &'static str {
    block_on(nested());
    "ran"
}

fn start(auditor: Auditor) -> SocketAddr {
    serve!(move || {
        App::new()
            .audited_route("/hold/{gate}", audit_actix::web::get().to(hold))
            .service(declared)
            .audited_route("/endless", audit_actix::web::get().to(endless))
            .audited_route("/broken", audit_actix::web::get().to(broken))
            .audited_route("/panics", audit_actix::web::get().to(panics))
            .audited_route("/never", audit_actix::web::get().to(never))
            .route("/unwired", web::get().to(unwired))
            .route("/spawned", web::get().to(spawns))
            .route("/nested", web::get().to(blocks))
            .wrap(AuditMiddleware::new(auditor.clone()))
    })
}

fn start_uncovered(_: Auditor) -> SocketAddr {
    serve!(move || App::new().audited_route("/hold/{gate}", audit_actix::web::get().to(hold)))
}

#[test]
fn a_wired_handler_and_its_head_wait_for_the_disk() {
    strict::wired(start);
}

#[test]
fn so_does_a_declared_one() {
    strict::declared(start);
}

#[test]
fn so_does_a_wired_one_that_no_middleware_covers() {
    strict::uncovered(start_uncovered);
}

#[test]
fn a_client_that_leaves_the_body_adds_an_end() {
    strict::left(start);
}

#[test]
fn a_stream_that_breaks_adds_an_end() {
    strict::broken(start);
}

#[test]
fn a_panic_has_its_final() {
    strict::panics(start);
}

#[test]
fn without_word_of_the_journal_no_handler_runs() {
    strict::refused(start);
}

#[test]
fn one_that_is_known_too_late_does_not_run() {
    strict::unwired(start);
}

#[test]
fn nor_in_a_task_of_its_own() {
    strict::spawned(start);
}

#[test]
fn nor_in_an_executor_within_a_handler() {
    strict::nested(start);
}

#[test]
fn the_handler_to_wire_is_named() {
    let said = said_by("one_that_is_known_too_late_does_not_run");
    assert!(said.contains("strict::unwired"), "{said}");
    assert!(said.contains("asks for strict delivery, but is not known before it runs"), "{said}");
}

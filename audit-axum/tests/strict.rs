//! Strict delivery over TCP, with a journal in a file. A program of its own, for one with endpoints that ask for it needs
//! a file as its log.

#![cfg(unix)]

use std::convert::Infallible;
use std::net::SocketAddr;

use audit_axum::routing::get;
use audit_axum::{AuditLayer, Auditor, RouterExt as _, audited};
use audit_conformance::echo::flood;
use audit_conformance::echo::gates::gate;
use audit_conformance::strict::{self, block_on, runs, said_by};
use audit_core::AuditScope as _;
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use http::StatusCode;
use tokio_stream::iter;

#[audited(action = "money.hold", delivery = "strict")]
async fn hold(Path(name): Path<String>) -> &'static str {
    gate(&name).pass().await;
    "held\n"
}

#[audited(action = "money.declared", delivery = "strict", route = "GET /declared/{gate}")]
async fn declared(Path(name): Path<String>) -> &'static str {
    gate(&name).pass().await;
    "held\n"
}

#[audited(action = "money.endless", delivery = "strict")]
async fn endless() -> Body {
    Body::from_stream(iter(flood::pieces(None).map(Ok::<_, Infallible>)))
}

#[audited(action = "money.broken", delivery = "strict")]
async fn broken() -> Body {
    Body::from_stream(iter([Ok("first\n"), Err("it broke")]))
}

#[audited(action = "money.panics", delivery = "strict")]
async fn panics() {
    panic!("on purpose")
}

#[audited(action = "money.never", delivery = "strict")]
async fn never() {
    runs();
}

#[audited(action = "money.unwired", delivery = "strict")]
async fn unwired() {
    runs();
}

#[audited(action = "money.spawned", delivery = "strict")]
async fn spawned() {
    runs();
}

#[audited(action = "money.nested", delivery = "strict")]
async fn nested() {
    runs();
}

async fn spawns() -> StatusCode {
    match tokio::spawn(spawned().in_audit_scope()).await {
        Ok(()) => StatusCode::INTERNAL_SERVER_ERROR,
        Err(_) => StatusCode::OK,
    }
}

async fn blocks() {
    block_on(nested());
}

fn start(auditor: Auditor) -> SocketAddr {
    let app = Router::new()
        .audited_route("/hold/{gate}", get(hold))
        .route("/declared/{gate}", axum::routing::get(declared))
        .audited_route("/endless", get(endless))
        .audited_route("/broken", get(broken))
        .audited_route("/panics", get(panics))
        .audited_route("/never", get(never))
        .route("/unwired", axum::routing::get(unwired))
        .route("/spawned", axum::routing::get(spawns))
        .route("/nested", axum::routing::get(blocks))
        .layer(AuditLayer::new(auditor));
    serve(app)
}

fn start_uncovered(_: Auditor) -> SocketAddr {
    serve(Router::new().audited_route("/hold/{gate}", get(hold)))
}

fn serve(app: Router) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("it is open");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        tokio::runtime::Runtime::new().expect("threads").block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("it is open");
            axum::serve(listener, app).await
        })
    });
    address
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
fn so_does_a_wired_one_that_no_layer_covers() {
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

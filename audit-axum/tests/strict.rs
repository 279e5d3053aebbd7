//! Strict delivery over TCP, with a journal in a file. A program of its own, for one with endpoints that ask for it needs
//! a file as its log.

#![cfg(unix)]

use std::convert::Infallible;
use std::future::ready;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use audit_axum::routing::get;
use audit_axum::{AuditLayer, Auditor, Delivery, RouterExt as _, audited};
use audit_conformance::echo::flood;
use audit_conformance::echo::gates::gate;
use audit_conformance::strict::{self, block_on, runs, said_by};
use audit_conformance::{Journal, ask};
use audit_core::AuditScope as _;
use axum::body::Body;
use axum::error_handling::HandleErrorLayer;
use axum::extract::Path;
use axum::response::Response;
use axum::{BoxError, Router};
use http::StatusCode;
use serde_json::{Value, json};
use tokio_stream::iter;
use tower::ServiceBuilder;
use tower::util::MapResultLayer;

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

/// A service inside the layer gives an error, of which a layer outside makes the answer: what stands on disk by then.
fn start_failing(journal: &Arc<Journal>, fails: impl Fn() + Clone + Send + Sync + 'static) -> SocketAddr {
    let fail = MapResultLayer::new(move |_: Result<Response, Infallible>| -> Result<Response, BoxError> {
        fails();
        Err("the service is gone".into())
    });
    let seen = Arc::clone(journal);
    let told = HandleErrorLayer::new(move |_: BoxError| ready((StatusCode::BAD_GATEWAY, seen.phases().join(" "))));
    let layers = ServiceBuilder::new().layer(told).layer(AuditLayer::new(journal.auditor.clone())).layer(fail);
    serve(Router::new().route("/api/fails", axum::routing::get(async || ())).layer(layers))
}

#[test]
fn so_does_an_error_that_the_inner_service_gives() {
    let journal = Arc::new(Journal::new(|builder| builder.delivery(Delivery::Strict)));
    let address = start_failing(&journal, || ());
    let answer = ask(address, "GET", "/api/fails", &[], "").answer().expect("an answer");
    answer.is(502, "intent final");
    let records = journal.settled();
    assert_eq!(records.len(), 2, "an error has nothing to add: {records:?}");
    let last = &records[1];
    assert_eq!((&last["completion"], &last["outcome"]), (&json!("aborted"), &json!("unknown")));
    assert_eq!(last["status_code"], Value::Null, "what the error becomes, nobody inside is told");
}

#[test]
fn one_that_cannot_be_on_record_does_not_leave() {
    let journal = Arc::new(Journal::new(|builder| builder.delivery(Delivery::Strict)));
    let auditor = journal.auditor.clone();
    let address = start_failing(&journal, move || drop(auditor.shutdown(Duration::from_secs(20))));
    let answer = ask(address, "GET", "/api/fails", &[], "").answer().expect("an answer");
    answer.is(500, "");
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

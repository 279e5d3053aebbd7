//! What belongs to which request: under concurrency, in other tasks and threads, after the end, in nested functions.

mod support;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use audit_axum::{AuditScope as _, RouterExt as _, audited, current, data, step};
use audit_core::testing::assert_record;
use axum::Router;
use axum::extract::{Extension, Path};
use axum::http::StatusCode;
use serde_json::{Value, json};
use support::{Client, Gate, PATIENCE, Server, wait_until};

#[audited(action = "test.own", target = "request/{id}")]
async fn own(Path(id): Path<u32>) -> String {
    // Comes back on whatever thread is free.
    let echoed = tokio::spawn(async move { id }).await.expect("it does not panic");
    data("id", echoed);
    tokio::task::yield_now().await;
    note(echoed).await;
    id.to_string()
}

#[audited(action = "test.note", target = "note/{id}")]
async fn note(id: u32) {
    tokio::task::yield_now().await;
    data("noted", id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_thousand_requests_at_once_keep_their_own() {
    const CONNECTIONS: u32 = 100;
    const EACH: u32 = 20;
    use audit_axum::routing::get as wired_get;
    let router =
        Router::new().audited_route("/wired/{id}", wired_get(own)).route("/plain/{id}", axum::routing::get(own));
    let server = Server::start(router).await;
    let address = server.address;
    let clients = (0..CONNECTIONS).map(|connection| {
        tokio::spawn(async move {
            let mut client = Client::connect(address).await;
            // All at once: the server has them before the first answer.
            let requests: String = (0..EACH)
                .map(|index| {
                    let kind = if index % 2 == 0 { "wired" } else { "plain" };
                    format!("GET /{kind}/{} HTTP/1.1\r\nhost: test\r\n\r\n", connection * EACH + index)
                })
                .collect();
            client.send(requests).await;
            for index in 0..EACH {
                let answer = client.one().await.expect("an answer");
                assert_eq!(answer.body(), (connection * EACH + index).to_string());
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("the client is content");
    }
    let records = server.settled().await;
    let mut seen = BTreeMap::new();
    for record in &records {
        let id = record["target_id"].as_str().and_then(|id| id.parse::<u32>().ok()).expect("a number");
        let path = record["path"].as_str().expect("a path");
        assert!(path.ends_with(&format!("/{id}")), "{record}");
        let expected = json!({"data": {"id": id, "noted": id}, "action": "test.own", "completion": "completed"});
        assert_record(record, expected);
        let calls = record["calls"].as_array().expect("it called");
        assert_eq!(calls.len(), 1, "{record}");
        assert_eq!(calls[0]["target"], json!({"type": "note", "id": id.to_string()}), "{record}");
        *seen.entry(id).or_insert(0) += 1;
    }
    assert_eq!(seen.len(), (CONNECTIONS * EACH) as usize);
    assert_eq!(records.len(), seen.len());
}

#[audited(action = "test.spawn")]
async fn spawns() -> StatusCode {
    let with = tokio::spawn(async { data("with", current().is_some()) }.in_audit_scope());
    let without = tokio::spawn(async {
        data("without", true);
        current().is_none()
    });
    with.await.expect("it does not panic");
    assert!(without.await.expect("it does not panic"));
    let scope = current().expect("in a request");
    let blocking = tokio::task::spawn_blocking(move || {
        assert!(current().is_none());
        let within = scope.in_scope(|| {
            data("blocking", true);
            current().is_some()
        });
        within && current().is_none()
    });
    assert!(blocking.await.expect("it does not panic"));
    StatusCode::OK
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_elsewhere_belongs_to_the_request_only_if_told_so() {
    let server = Server::start(Router::new().route("/", axum::routing::get(spawns))).await;
    assert_eq!(server.get("/").await.status(), 200);
    assert_record(&server.only().await, json!({"data": {"with": true, "blocking": true}}));
}

#[audited(action = "test.leave")]
async fn leaves_work_behind(Extension(gate): Extension<Gate>) -> &'static str {
    let work = async move {
        gate.wait().await;
        data("too", "late");
        step("too late");
        // A nested function that begins after the end.
        note(1).await;
    };
    tokio::spawn(work.in_audit_scope());
    "answered"
}

#[tokio::test]
async fn what_comes_after_the_end_is_counted() {
    let gate = Gate::new();
    let router = Router::new().route("/", axum::routing::get(leaves_work_behind)).layer(Extension(gate.clone()));
    let server = Server::start(router).await;
    assert_eq!(server.get("/").await.body(), "answered");
    let record = server.only().await;
    gate.arrived().await;
    gate.open();
    // Two facts, and a call whose own fact comes too late as well.
    let auditor = server.auditor.clone();
    wait_until("late facts are counted", || auditor.stats().late == 4).await;
    assert_record(&record, json!({"data": null, "steps": null, "calls": null}));
    assert_eq!(server.settled().await.len(), 1);
}

#[audited(action = "nested.fine")]
async fn fine(result: u32) -> u32 {
    tokio::task::yield_now().await;
    result
}

#[audited(action = "nested.sync", target = "sync/{result}")]
fn synchronous(result: u32) -> u32 {
    step("synchronous");
    result
}

#[audited(action = "nested.error")]
async fn fails() -> Result<(), String> {
    tokio::task::yield_now().await;
    Err("password=hunter2 was wrong".to_owned())
}

#[audited(action = "nested.panic")]
async fn panics() {
    tokio::task::yield_now().await;
    panic!("the nested one is broken: password=hunter2")
}

#[audited(action = "nested.sync_panic")]
fn panics_at_once() {
    panic!("at once")
}

#[audited(action = "nested.cancelled")]
async fn never_ends() {
    std::future::pending().await
}

/// Drives a future whose panic is caught.
async fn caught<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    std::future::poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Some(output)),
        Err(_) => Poll::Ready(None),
    })
    .await
}

#[audited(action = "test.nest")]
async fn nests() -> String {
    let (one, two) = tokio::join!(fine(1), fine(2));
    let error = fails().await.is_err();
    let panicked = caught(panics()).await.is_none();
    let panicked_at_once = catch_unwind(panics_at_once).is_err();
    let cancelled = tokio::time::timeout(Duration::from_millis(1), never_ends()).await.is_err();
    // This one is cancelled by the other's panic.
    let beside = caught(async { tokio::join!(never_ends(), panics()) }).await.is_none();
    format!("{one} {two} {} {error} {panicked} {panicked_at_once} {cancelled} {beside}", synchronous(3))
}

#[tokio::test]
async fn nested_functions_are_calls_of_one_record() {
    let wired = Router::new().audited_route("/", audit_axum::routing::get(nests));
    let plain = Router::new().route("/", axum::routing::get(nests));
    for router in [wired, plain] {
        let server = Server::start(router).await;
        assert_eq!(server.get("/").await.body(), "1 2 3 true true true true true");
        let record = server.only().await;
        assert_record(
            &record,
            json!({"action": "test.nest", "outcome": "success", "completion": "completed",
            "level": "info", "error": null, "user": "anonymous"}),
        );
        let calls: Vec<_> = record["calls"].as_array().expect("it called").iter().map(told).collect();
        let expected = [
            ("nested.fine", "unknown", Value::Null),
            ("nested.fine", "unknown", Value::Null),
            ("nested.error", "failed", json!("password=[FILTERED] was wrong")),
            ("nested.panic", "failed", json!("the nested one is broken: password=[FILTERED]")),
            ("nested.sync_panic", "failed", json!("at once")),
            ("nested.cancelled", "unknown", Value::Null),
            ("nested.cancelled", "unknown", Value::Null),
            ("nested.panic", "failed", json!("the nested one is broken: password=[FILTERED]")),
            ("nested.sync", "unknown", Value::Null),
        ];
        let expected: Vec<_> =
            expected.into_iter().map(|(action, outcome, error)| (json!(action), json!(outcome), error)).collect();
        assert_eq!(calls, expected);
        assert!(
            record["calls"].as_array().is_some_and(|calls| calls.iter().all(|call| call["duration_ms"].is_number()))
        );
        server.sink.assert_no_leak("hunter2");
    }
}

fn told(call: &Value) -> (Value, Value, Value) {
    (call["action"].clone(), call["outcome"].clone(), call["error"].clone())
}

#[audited(action = "test.again")]
async fn again(Path(depth): Path<u32>) -> String {
    if depth > 0 { Box::pin(again(Path(depth - 1))).await } else { "bottom".to_owned() }
}

#[tokio::test]
async fn a_handler_that_calls_itself() {
    let router = Router::new().audited_route("/{depth}", audit_axum::routing::get(again));
    let server = Server::start(router).await;
    assert_eq!(server.get("/2").await.body(), "bottom");
    let record = server.only().await;
    assert_eq!(record["calls"].as_array().map(Vec::len), Some(2), "{record}");
    server.sink.clear();
    // A list has a bound, and says when it was cut.
    assert_eq!(server.get("/100").await.body(), "bottom");
    let record = server.only().await;
    assert_record(&record, json!({"truncated": true, "completion": "completed"}));
    assert!(record["calls"].as_array().is_some_and(|calls| calls.len() <= 64), "{record}");
}

#[tokio::test]
async fn nothing_is_current_outside_a_request() {
    let server = Server::start(Router::new().route("/", axum::routing::get(nests))).await;
    server.get("/").await;
    assert!(tokio::time::timeout(PATIENCE, async { current().is_none() }).await.expect("it is quick"));
    let _record = server.only().await;
    assert!(current().is_none());
}

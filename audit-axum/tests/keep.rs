//! `keep(..)` over TCP: the only fields that are kept, on a route that is wired, declared, or known late.

mod support;

use audit_axum::{RouterExt as _, audited, routing};
use audit_core::testing::assert_record;
use axum::extract::Path;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use support::Server;

#[audited("order.wired", keep(id, "lines"), redact(price))]
async fn wired(body: Json<Value>) -> Json<Value> {
    audit_axum::data("note", "kept");
    body
}

#[audited("order.declared", keep(id, "lines"), redact(price), route = "POST /declared/{id}")]
async fn declared(Path(_): Path<u32>, body: Json<Value>) -> Json<Value> {
    audit_axum::data("note", "kept");
    body
}

#[audited("order.late", keep(id, "lines"), redact(price))]
async fn late(body: Json<Value>) -> Json<Value> {
    audit_axum::data("note", "kept");
    body
}

async fn server() -> Server {
    let router = Router::new()
        .audited_route("/wired", routing::post(wired))
        .route("/declared/{id}", post(declared))
        .route("/late", post(late));
    Server::configured(router, |builder| builder.record_response_bodies()).await
}

const BODY: &str = r#"{"id":7,"customer":"anabel","lines":[{"sku":"a","price":1}]}"#;

/// In which order the handlers' own JSON writes members, another crate's choice of features says.
fn echoed(body: &str) -> Value {
    serde_json::from_str(body).expect("it is JSON")
}

fn shown() -> Value {
    json!({"id": 7, "customer": "[FILTERED]", "lines": [{"sku": "a", "price": "[FILTERED]"}]})
}

#[tokio::test]
async fn only_what_is_listed_is_kept_from_the_start() {
    for (path, action) in [("/wired", "order.wired"), ("/declared/7", "order.declared")] {
        let server = server().await;
        let answer = server.post(&format!("{path}?id=7&customer=anabel"), "application/json", BODY).await;
        assert_eq!(echoed(&answer.body()), echoed(BODY));
        assert_record(
            &server.only().await,
            json!({
                "action": action, "query_params": {"id": "7", "customer": "[FILTERED]"}, "request_body": shown(),
                "response_body": shown(), "data": {"note": "kept"},
            }),
        );
        server.sink.assert_no_leak("anabel");
    }
}

#[tokio::test]
async fn what_was_taken_before_the_list_was_known_is_withheld() {
    let server = server().await;
    let answer = server.post("/late?id=7&customer=anabel", "application/json", BODY).await;
    assert_eq!(echoed(&answer.body()), echoed(BODY));
    let late = "the endpoint has rules of its own, and was known too late";
    assert_record(
        &server.only().await,
        json!({
            "action": "order.late", "query_params": {"withheld": late, "bytes": 20},
            "request_body": {"withheld": late, "bytes": BODY.len()},
            "response_body": shown(), "data": {"note": "kept"},
        }),
    );
    server.sink.assert_no_leak("anabel");
}

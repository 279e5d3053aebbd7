//! `redact(..)` over TCP: on a route that is wired, declared, or known only once its handler runs.

mod support;

use audit_axum::{Builder, RouterExt as _, Rules, audited, routing};
use audit_core::testing::assert_record;
use axum::extract::{Path, Query};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use support::Server;

const SECRET: &str = "DE44500105175407324931";
const LATE: &str = "the endpoint has rules of its own, and was known too late";

async fn answer(query: Query<Value>, body: Json<Value>) -> Json<Value> {
    audit_axum::data("customerIban", &body["iban"]);
    audit_axum::data("kept", &query["kept"]);
    body
}

#[audited("account.wired", redact("iban", street))]
async fn wired(query: Query<Value>, body: Json<Value>) -> Json<Value> {
    answer(query, body).await
}

#[audited("account.declared", redact(iban), route = "POST /declared/{iban}")]
async fn declared(Path(_): Path<String>, query: Query<Value>, body: Json<Value>) -> Json<Value> {
    answer(query, body).await
}

#[audited("account.late", redact(iban))]
async fn late(query: Query<Value>, body: Json<Value>) -> Json<Value> {
    answer(query, body).await
}

#[audited("account.open")]
async fn open(query: Query<Value>, body: Json<Value>) -> Json<Value> {
    answer(query, body).await
}

async fn server(configure: impl FnOnce(Builder) -> Builder) -> Server {
    let router = Router::new()
        .audited_route("/wired", routing::post(wired))
        .route("/declared/{iban}", post(declared))
        .route("/late", post(late))
        .route("/open", post(open));
    Server::configured(router, |builder| configure(builder.record_response_bodies().record_response_headers())).await
}

fn body() -> String {
    json!({"iban": SECRET, "kept": [1.5]}).to_string()
}

/// The handler gets, and the client gets back, what was sent.
async fn post_to(server: &Server, path: &str) -> Value {
    let body = body();
    let request = format!(
        "POST {path}?iban={SECRET}&kept=1 HTTP/1.1\r\nhost: test\r\nconnection: close\r\nx-iban: {SECRET}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = server.send(&request).await;
    assert_eq!((answer.status(), answer.body()), (200, body));
    server.only().await
}

#[tokio::test]
async fn on_a_wired_and_on_a_declared_route_names_hold_from_the_start() {
    for (path, action) in [("/wired".to_owned(), "account.wired"), (format!("/declared/{SECRET}"), "account.declared")]
    {
        let server = server(|builder| builder).await;
        let record = post_to(&server, &path).await;
        let shown = json!({"iban": "[FILTERED]", "kept": [1.5]});
        assert_record(
            &record,
            json!({
                "action": action, "mode": "compact", "path": path.replace(SECRET, "[FILTERED]"),
                "query_params": {"iban": "[FILTERED]", "kept": "1"}, "request_body": shown, "response_body": shown,
                "data": {"customerIban": "[FILTERED]", "kept": "1"},
            }),
        );
        assert_eq!(record["headers"]["x-iban"], "[FILTERED]", "{record:#}");
        assert_eq!(record["headers"]["host"], "test");
        server.sink.assert_no_leak(SECRET);
    }
}

#[tokio::test]
async fn on_a_route_that_is_known_late_what_was_taken_is_withheld() {
    let server = server(|builder| builder).await;
    let record = post_to(&server, "/late").await;
    assert_record(
        &record,
        json!({
            "action": "account.late", "mode": "compact", "route": "/late",
            "query_params": {"withheld": LATE, "bytes": "iban=&kept=1".len() + SECRET.len()},
            "request_body": {"withheld": LATE, "bytes": body().len()},
            "response_body": {"iban": "[FILTERED]", "kept": [1.5]},
            "data": {"customerIban": "[FILTERED]", "kept": "1"},
        }),
    );
    assert_eq!(record["headers"]["x-iban"], "[FILTERED]", "{record:#}");
    assert_eq!(record["headers"]["host"], "test");
    server.sink.assert_no_leak(SECRET);
}

#[tokio::test]
async fn other_handlers_show_what_they_showed() {
    let server = server(|builder| builder).await;
    let record = post_to(&server, "/open").await;
    let shown: Value = serde_json::from_str(&body()).expect("it is JSON");
    assert_record(
        &record,
        json!({"query_params": {"iban": SECRET, "kept": "1"}, "request_body": shown, "response_body": shown}),
    );
}

#[tokio::test]
async fn an_applications_rules_hold_for_every_handler() {
    let server = server(|builder| builder.redact(Rules::new().value_pattern(r"\b[A-Z]{2}\d{20}\b"))).await;
    let record = post_to(&server, "/open").await;
    let shown = json!({"iban": "[FILTERED]", "kept": [1.5]});
    assert_record(
        &record,
        json!({
            "query_params": {"iban": "[FILTERED]", "kept": "1"}, "request_body": shown, "response_body": shown,
            "data": {"customerIban": "[FILTERED]", "kept": "1"},
        }),
    );
    server.sink.assert_no_leak(SECRET);
}

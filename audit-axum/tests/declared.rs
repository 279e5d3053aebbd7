//! `route = "POST /layers/{id}"` over real HTTP: handlers that are mounted with axum's own `route`.

mod support;

use audit_axum::{AuditLayer, RouterExt as _, audit_exempt, audited, routing};
use audit_core::testing::assert_record;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::http::{Response, StatusCode};
use axum::routing::get;
use axum::{Json, Router, ServiceExt};
use serde::Deserialize;
use serde_json::json;
use support::{Server, auditor};
use tower::Layer as _;

#[derive(Deserialize)]
struct Layer {
    title: String,
    api_key: String,
}

#[audited(
    "layer.update",
    target = "layer/{id}",
    route = "POST /layers/{id}",
    capture(layer.title, layer.api_key),
    actor = layer.title
)]
async fn update(Path(id): Path<u32>, Json(layer): Json<Layer>) -> String {
    format!("{id} {} {}", layer.title, layer.api_key.len())
}

#[audited("layer.read", route = "GET /layers/{id}", mode = "full")]
async fn read(Path(id): Path<u32>) -> String {
    id.to_string()
}

#[audited("reset.take", route = "GET /api/v1/reset/{token}", mode = "basic")]
async fn reset(Path(_): Path<u32>) {}

#[audited("wired.wins", route = "GET /declared/{id}")]
async fn never() {}

#[audited("wired.won")]
async fn won() -> &'static str {
    "won"
}

#[audit_exempt(reason = "a probe", route = "GET /probe")]
async fn probe() -> &'static str {
    "ok"
}

fn router() -> Router {
    Router::new()
        .route("/layers/{id}", get(read).post(update))
        .nest("/api", Router::new().nest("/v1", Router::new().route("/reset/{token}", get(reset))))
        .audited_route("/declared/{other}", routing::get(won))
        .route("/probe", get(probe))
        .route("/mounted/elsewhere", get(never))
}

/// The layer inside the router, which has looked for the route already, and around all of it.
async fn servers() -> [Server; 2] {
    let inside = Server::start(router()).await;
    let (auditor, sink) = auditor(|builder| builder);
    let around = AuditLayer::new(auditor.clone()).layer(router());
    let around = tower::ServiceExt::<Request>::map_response(around, |response| Response::map(response, Body::new));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move { axum::serve(listener, ServiceExt::<Request>::into_make_service(around)).await });
    [inside, Server { address, auditor, sink }]
}

#[tokio::test]
async fn a_request_that_extractors_refuse_carries_its_action() {
    for server in servers().await {
        let refused = server.post("/layers/7", "application/json", "{\"title\":").await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
        assert!(refused.header("audit-id").is_some());
        let expected = json!({
            "action": "layer.update", "handler": "declared::update", "route": "/layers/{id}", "outcome": "rejected",
            "target_type": null, "data": null,
        });
        assert_record(&server.only().await, expected);
    }
}

#[tokio::test]
async fn a_request_that_is_handled_is_the_handlers_own() {
    for server in servers().await {
        let body = "{\"title\":\"roads\",\"api_key\":\"k-123456789\"}";
        assert_eq!(server.post("/layers/7", "application/json", body).await.body(), "7 roads 11");
        let expected = json!({
            "action": "layer.update", "target_id": "7", "route": "/layers/{id}", "calls": null, "user": "roads",
            "data": {"layer.title": "roads", "layer.api_key": "[FILTERED]"},
        });
        assert_record(&server.only().await, expected);
        server.sink.assert_no_leak("k-123456789");
    }
}

#[tokio::test]
async fn a_head_request_is_its_gets() {
    for server in servers().await {
        let head = "HEAD /layers/7 HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
        assert_eq!(server.send(head).await.status(), 200);
        let expected = json!({"action": "layer.read", "method": "HEAD", "mode": "full", "calls": null});
        assert_record(&server.only().await, expected);
    }
}

#[tokio::test]
async fn a_nested_routers_template_is_declared_whole_and_hides_its_secrets() {
    for server in servers().await {
        assert_eq!(server.get("/api/v1/reset/kT9vQx2LmZ").await.status(), 400);
        let expected = json!({
            "action": "reset.take", "route": "/api/v1/reset/{token}", "path": "/api/v1/reset/[FILTERED]",
            "mode": "basic", "headers": null,
        });
        assert_record(&server.only().await, expected);
        server.sink.assert_no_leak("kT9vQx2LmZ");
    }
}

#[tokio::test]
async fn a_wired_route_wins_and_an_exempt_one_leaves_nothing() {
    for server in servers().await {
        assert_eq!(server.get("/probe").await.body(), "ok");
        assert_eq!(server.get("/declared/7").await.body(), "won");
        let records = server.settled().await;
        assert_eq!(records.len(), 1, "{records:?}");
        assert_record(&records[0], json!({"action": "wired.won", "route": "/declared/{other}", "calls": null}));
    }
}

//! What a request leaves: one record that says what happened, whatever happened.

mod support;

use audit_axum::routing::{get, post};
use audit_axum::{Actor, RouterExt as _, audit_exempt, audited, set_actor, set_outcome, set_reason};
use audit_core::Delivery;
use audit_core::Outcome;
use audit_core::testing::assert_record;
use axum::Json;
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use support::Server;

#[derive(Serialize, Deserialize)]
struct Layer {
    name: String,
    #[serde(default)]
    geometry: serde_json::Value,
}

#[audited(action = "layer.create")]
async fn create(Json(layer): Json<Layer>) -> (StatusCode, Json<Layer>) {
    set_actor(Actor::user("admin").id(1).role("editor").role("admin"));
    (StatusCode::CREATED, Json(layer))
}

#[audited(action = "layer.read", target = "layer/{id}")]
async fn read(Path(id): Path<u32>) -> String {
    format!("layer {id}")
}

#[audited(action = "layer.fail", target = "report")]
async fn fail() -> Result<String, StatusError> {
    set_reason("the disk is full");
    Err(StatusError)
}

struct StatusError;
impl std::fmt::Display for StatusError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cannot write layer 7")
    }
}
impl axum::response::IntoResponse for StatusError {
    fn into_response(self) -> axum::response::Response {
        (StatusCode::INTERNAL_SERVER_ERROR, "no").into_response()
    }
}

#[audited(action = "layer.lie")]
async fn lie() -> StatusCode {
    set_outcome(Outcome::Success, "it went well");
    StatusCode::FORBIDDEN
}

#[audited(action = "layer.panic")]
async fn panics() -> StatusCode {
    panic!("password=hunter2 was wrong")
}

#[audit_exempt(reason = "asked every second by the load balancer")]
async fn health() -> &'static str {
    "ok"
}

fn wired() -> Router {
    Router::new()
        .audited_route("/layers", post(create))
        .audited_route("/layers/{id}", get(read))
        .audited_route("/fail", get(fail))
        .audited_route("/lie", get(lie))
        .audited_route("/panic", get(panics))
        .audited_route("/api/health", get(health))
}

fn plain() -> Router {
    use axum::routing::{get, post};
    Router::new()
        .route("/layers", post(create))
        .route("/layers/{id}", get(read))
        .route("/fail", get(fail))
        .route("/lie", get(lie))
        .route("/panic", get(panics))
        .route("/api/health", get(health))
}

#[tokio::test]
async fn a_success_is_told_whole() {
    for router in [wired(), plain()] {
        let server = Server::start(router).await;
        let body = r#"{"name":"rivers","password":"hunter2","geometry":{"type":"Point","coordinates":[1.50,2]}}"#;
        let answer = server.post("/layers?format=json&token=abc123def", "application/json", body).await;
        assert_eq!(answer.status(), 201);
        let record = server.only().await;
        assert_eq!(answer.header("audit-id").as_deref(), record["event_id"].as_str());
        assert_record(
            &record,
            json!({
                "level": "info", "method": "POST", "path": "/layers", "user": "admin", "user_id": 1,
                "actor_type": "user", "actor_roles": "editor,admin", "status_code": 201,
                "ip_address": "127.0.0.1", "peer_address": null, "schema": "audit/1", "action": "layer.create",
                "outcome": "success", "completion": "completed", "mode": "compact", "route": "/layers",
                "handler": "requests::create", "framework": "axum",
                "query_params": {"format": "json", "token": "[FILTERED]"},
                "request_body": {"name": "rivers", "password": "[FILTERED]", "geometry": "[GEOMETRY_FILTERED]"},
                "request_bytes": body.len(), "response_bytes": answer.body().len(),
                "error": null, "reason": null, "truncated": null,
            }),
        );
        assert_eq!(record["headers"]["content-type"], "application/json");
        assert!(record["response_time_ms"].as_f64().is_some_and(|time| time > 0.0));
        let (started, ended) = (record["started_at"].as_str().unwrap(), record["timestamp"].as_str().unwrap());
        assert!(started <= ended && started.len() == "2026-11-22T10:00:00.000000Z".len(), "{started} {ended}");
        server.sink.assert_no_leak("hunter2");
        server.sink.assert_no_leak("abc123def");
    }
}

#[tokio::test]
async fn a_target_comes_from_the_arguments() {
    for router in [wired(), plain()] {
        let server = Server::start(router).await;
        assert_eq!(server.get("/layers/7").await.body(), "layer 7");
        let expected = json!({"action": "layer.read", "target_type": "layer", "target_id": "7", "user": "anonymous",
            "path": "/layers/7", "route": "/layers/{id}", "request_body": null, "request_bytes": null});
        assert_record(&server.only().await, expected);
    }
}

#[tokio::test]
async fn an_extractors_refusal_belongs_to_the_wired_action() {
    let server = Server::start(wired()).await;
    assert_eq!(server.get("/layers/seven").await.status(), 400);
    let expected = json!({"action": "layer.read", "status_code": 400, "outcome": "rejected", "level": "warn",
        "completion": "completed", "target_type": null});
    assert_record(&server.only().await, expected);
}

#[tokio::test]
async fn an_error_is_told_with_its_text_and_reason() {
    for router in [wired(), plain()] {
        let server = Server::start(router).await;
        assert_eq!(server.get("/fail").await.status(), 500);
        let expected = json!({"action": "layer.fail", "outcome": "failed", "level": "error", "status_code": 500,
            "error": "cannot write layer 7", "reason": "the disk is full", "target_type": "report", "target_id": null});
        assert_record(&server.only().await, expected);
    }
}

#[tokio::test]
async fn a_handler_cannot_make_a_success_of_a_refusal() {
    let server = Server::start(wired()).await;
    assert_eq!(server.get("/lie").await.status(), 403);
    let expected = json!({"outcome": "denied", "status_code": 403, "reason": "it went well", "level": "warn"});
    assert_record(&server.only().await, expected);
}

#[tokio::test]
async fn a_panic_is_a_record() {
    for router in [wired(), plain()] {
        let server = Server::start(router).await;
        assert_eq!(server.get("/panic").await.raw, b"", "the connection just ends, as without the layer");
        let expected = json!({"action": "layer.panic", "outcome": "failed", "level": "error",
            "completion": "panicked", "status_code": null, "user": "unknown"});
        let record = server.only().await;
        assert_record(&record, expected);
        assert!(record["error"].as_str().is_some_and(|error| error.contains("was wrong")), "{record}");
        server.sink.assert_no_leak("hunter2");
    }
}

#[tokio::test]
async fn an_exempt_handler_leaves_nothing_and_needs_no_layer_to_say_so() {
    for router in [wired(), plain()] {
        let server = Server::start(router).await;
        let answer = server.get("/api/health").await;
        assert_eq!((answer.body().as_str(), answer.header("audit-id")), ("ok", None));
        assert_eq!(server.settled().await, Vec::<serde_json::Value>::new());
    }
}

#[tokio::test]
async fn what_matched_no_route_is_kept_as_basic_and_only_if_detected() {
    let server = Server::start(wired()).await;
    assert_eq!(server.get("/wp-login.php?password=x").await.status(), 404);
    assert_eq!(server.get("/api/nothing?password=x").await.status(), 404);
    let expected = json!({"action": "http.request", "mode": "basic", "path": "/api/nothing", "query_params": null,
        "headers": null, "status_code": 404, "outcome": "rejected", "route": null});
    assert_record(&server.only().await, expected);
}

#[tokio::test]
async fn a_nested_router_shows_what_was_received() {
    let server = Server::start(Router::new().nest("/api/v1", wired())).await;
    assert_eq!(server.get("/api/v1/layers/7").await.status(), 200);
    let expected = json!({"path": "/api/v1/layers/7", "route": "/api/v1/layers/{id}", "action": "layer.read"});
    assert_record(&server.only().await, expected);
}

#[tokio::test]
async fn head_and_wrong_methods_are_records() {
    let server = Server::start(wired()).await;
    let head = server.send("HEAD /layers/7 HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").await;
    assert_eq!((head.status(), head.body().as_str()), (200, ""));
    let expected = json!({"method": "HEAD", "action": "layer.read", "completion": "completed", "response_bytes": 0});
    assert_record(&server.only().await, expected);
    server.sink.clear();
    let json = "accept: application/json\r\nhost: test\r\nconnection: close\r\n\r\n";
    assert_eq!(server.send(&format!("DELETE /layers/7 HTTP/1.1\r\n{json}")).await.status(), 405);
    let expected = json!({"method": "DELETE", "action": "http.request", "status_code": 405, "outcome": "rejected"});
    assert_record(&server.only().await, expected);
}

#[audited(action = "work.wait", delivery = "buffered")]
async fn waits() -> &'static str {
    "waits for room"
}

#[audited(action = "work.hurry", delivery = "best_effort")]
async fn hurries() -> &'static str {
    "waits for nothing"
}

#[audited(action = "token.revoke")]
async fn revoke() -> &'static str {
    audit_axum::add_target("token", "tok-5f1c");
    audit_axum::add_target("device", "laptop 7, Authorization: Bearer abc.def.ghi");
    "revoked"
}

#[tokio::test]
async fn targets_and_a_second_user_agent_are_told_without_secrets() {
    let server = Server::start(Router::new().audited_route("/revoke", get(revoke))).await;
    let agents = "user-agent: one\r\nuser-agent: two";
    server.send(&format!("GET /revoke HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{agents}\r\n\r\n")).await;
    let record = server.only().await;
    let expected = json!({"target_type": "token", "target_id": "[FILTERED]", "user_agent": "one", "redacted": 2});
    assert_record(&record, expected);
    assert_eq!(record["headers"]["user-agent"], "two");
    assert_eq!(record["targets"][1]["type"], "device");
    server.sink.assert_no_leak("abc.def.ghi");
    server.sink.assert_no_leak("tok-5f1c");
}

#[tokio::test]
async fn an_endpoint_asks_for_its_own_delivery() {
    for setting in [Delivery::Buffered, Delivery::BestEffort] {
        let router = Router::new().audited_route("/waits", get(waits)).audited_route("/hurries", get(hurries));
        let server = Server::configured(router, |builder| builder.delivery(setting)).await;
        // The header is a promise: only a record that may exceed the queue's bound is certain to come.
        assert!(server.get("/waits").await.header("audit-id").is_some(), "{setting}");
        assert_eq!(server.get("/hurries").await.header("audit-id"), None, "{setting}");
        assert_eq!(server.wait_for(2).await.len(), 2);
    }
}

/// Each is a rule that only code sets here: its builder method must reach the record.
#[tokio::test]
async fn rules_that_code_adds_count() {
    let proxies = ["127.0.0.0/8".parse().unwrap()];
    let server = Server::configured(wired(), |builder| {
        builder
            .sensitive_fields(["zone_code"])
            .sensitive_headers(["x-zone"])
            .trusted_proxies(proxies)
            .proxy_header("X-Client")
            .service("maps")
            .environment("test")
            .instance("a1")
    })
    .await;
    let body = r#"{"name":"rivers","zoneCode":"z-77"}"#;
    let head = format!(
        "POST /layers HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nx-zone: z-88\r\nx-client: 192.0.2.7\r\n\r\n{body}",
        body.len()
    );
    server.send(&head).await;
    let record = server.only().await;
    let expected = json!({"ip_address": "192.0.2.7", "peer_address": "127.0.0.1", "service": "maps",
        "environment": "test", "instance": "a1", "request_body": {"name": "rivers", "zoneCode": "[FILTERED]"}});
    assert_record(&record, expected);
    assert_eq!(record["headers"]["x-zone"], "[FILTERED]");
}

#[tokio::test]
async fn what_a_client_claims_of_itself_cannot_carry_a_token() {
    let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
    let server = Server::start(wired()).await;
    server
        .send(&format!(
            "GET /layers/7 HTTP/1.1\r\nhost: test\r\nconnection: close\r\nx-request-id: {token}\r\n\
             x-forwarded-for: token={token}, 9.9.9.9\r\n\r\n"
        ))
        .await;
    assert_record(&server.only().await, json!({"request_id": null, "ip_address": "127.0.0.1"}));
    server.sink.assert_no_leak(token);
}

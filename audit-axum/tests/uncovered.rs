//! Wired routes that no layer covers, with an auditor installed for them. In a binary of its own, for there is one such
//! auditor in a process.

mod support;

use audit_axum::routing::{get, post};
use audit_axum::{AuditLayer, RouterExt as _, audit_exempt, audited, data};
use audit_core::testing::assert_record;
use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Path};
use serde_json::{Value, json};
use support::{Client, Gate, Server, auditor, serve};
use tokio_stream::StreamExt as _;

#[audited(action = "test.read", target = "layer/{id}")]
async fn read(Path(id): Path<u32>) -> String {
    data("id", id);
    id.to_string()
}

#[audited(action = "test.create")]
async fn create(body: String) -> Body {
    Body::from_stream(tokio_stream::iter(["got ".to_owned(), body]).map(Ok::<_, std::convert::Infallible>))
}

#[audited(action = "test.wait")]
async fn wait(Extension(gate): Extension<Gate>) -> &'static str {
    gate.wait().await;
    "done"
}

#[audited(action = "test.panic")]
async fn panics() {
    panic!("it is broken")
}

#[audit_exempt(reason = "asked every second")]
async fn health() -> &'static str {
    "ok"
}

fn late_routes(router: Router) -> Router {
    router
        .audited_route("/late/{id}", get(read))
        .audited_route("/create", post(create))
        .audited_route("/wait", get(wait))
        .audited_route("/panic", get(panics))
        .audited_route("/api/health", get(health))
}

#[tokio::test]
async fn a_wired_route_added_after_the_layer_has_records_of_its_own() {
    let (auditor, sink) = auditor(|builder| builder.exclude("/late/9"));
    auditor.install_global().expect("the first");
    let gate = Gate::new();
    let covered = Router::new().audited_route("/early/{id}", get(read)).layer(AuditLayer::new(auditor.clone()));
    let router = late_routes(covered).layer(Extension(gate.clone()));
    let server = Server { address: serve(router).await, auditor: auditor.clone(), sink };

    for path in ["/early/7", "/late/7"] {
        server.sink.clear();
        let answer = server.get(path).await;
        let record = server.only().await;
        let expected = json!({"action": "test.read", "status_code": 200, "completion": "completed", "path": path,
            "route": path.replace('7', "{id}"), "target_id": "7", "data": {"id": 7}, "user": "anonymous",
            "ip_address": "127.0.0.1", "response_bytes": 1});
        assert_record(&record, expected);
        assert_eq!(answer.header("audit-id").as_deref(), record["event_id"].as_str());
        // A refusal by an extractor, too.
        server.sink.clear();
        assert_eq!(server.get(&path.replace('7', "x")).await.status(), 400);
        assert_record(&server.only().await, json!({"action": "test.read", "outcome": "rejected", "status_code": 400}));
    }

    server.sink.clear();
    let body = r#"{"name":"rivers","password":"hunter2"}"#;
    assert!(server.post("/create", "application/json", body).await.body().contains("got "));
    let expected = json!({"action": "test.create", "request_bytes": body.len(), "response_bytes": body.len() + 4,
        "request_body": {"name": "rivers", "password": "[FILTERED]"}, "completion": "completed"});
    assert_record(&server.only().await, expected);

    server.sink.clear();
    assert_eq!(server.get("/panic").await.raw, b"");
    let expected = json!({"action": "test.panic", "completion": "panicked", "error": "it is broken"});
    assert_record(&server.only().await, expected);

    server.sink.clear();
    let client = Client::sending(server.address, "GET /wait HTTP/1.1\r\nhost: test\r\n\r\n").await;
    gate.arrived().await;
    drop(client);
    let expected = json!({"action": "test.wait", "completion": "aborted", "status_code": null, "user": "unknown"});
    assert_record(&server.only().await, expected);

    server.sink.clear();
    assert_eq!(server.get("/api/health").await.body(), "ok");
    assert_eq!(server.settled().await, Vec::<Value>::new());
    assert_eq!(auditor.stats().nowhere, 0);
}

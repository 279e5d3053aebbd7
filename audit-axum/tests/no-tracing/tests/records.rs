//! With tracing compiled out, a request over TCP leaves its complete record all the same.

use audit_axum::routing::post;
use audit_axum::{Actor, AuditLayer, Auditor, Output, RouterExt as _, audited, data, set_actor};
use audit_core::testing::{MemorySink, assert_record};
use axum::extract::Path;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tracing_subscriber::prelude::*;

#[audited(action = "layer.create", target = "layer/{name}")]
async fn create(Path(name): Path<String>, Json(layer): Json<Value>) -> Json<Value> {
    set_actor(Actor::user("admin").id(1));
    data("kept", true);
    tracing::error!(target: "audit", lost = true, "compiled out");
    drop(name);
    Json(layer)
}

#[tokio::test]
async fn the_record_is_complete_without_tracing() {
    assert_eq!(tracing::level_filters::STATIC_MAX_LEVEL, tracing::level_filters::LevelFilter::OFF);
    let sink = MemorySink::new();
    let auditor = Auditor::builder().output(Output::None).sink(sink.clone()).build().unwrap();
    tracing_subscriber::registry().with(auditor.json_layer()).init();
    tracing::error!(target: "audit", "compiled out");
    let router = Router::new().audited_route("/layers/{name}", post(create)).layer(AuditLayer::new(auditor.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });

    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let body = r#"{"title":"Rivers","password":"hunter2"}"#;
    let request = format!(
        "POST /layers/rivers?token=abcdef HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("audit-id: "), "{answer}");

    let record = tokio::task::spawn_blocking(move || sink.only()).await.unwrap();
    assert_record(
        &record,
        json!({
            "action": "layer.create", "method": "POST", "path": "/layers/rivers", "route": "/layers/{name}",
            "status_code": 200, "outcome": "success", "completion": "completed", "user": "admin", "user_id": 1,
            "target_type": "layer", "target_id": "rivers", "query_params": {"token": "[FILTERED]"},
            "request_body": {"title": "Rivers", "password": "[FILTERED]"}, "data": {"kept": true},
            "request_bytes": body.len(), "response_bytes": body.len(), "mode": "compact",
        }),
    );
    assert!(auditor.stats().sinks[0].accepted == 1, "nothing else came");
}

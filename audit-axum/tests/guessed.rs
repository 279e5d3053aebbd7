//! A declared `route` that is only a guess, over real HTTP: what it may not do to the handler that really runs.

mod support;

use audit_axum::{AuditLayer, audit_exempt, audited};
use audit_core::testing::assert_record;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::http::Response;
use axum::routing::{get, post};
use axum::{Router, ServiceExt};
use serde_json::json;
use support::{Server, auditor};
use tower::Layer as _;

#[audited("w.guess", route = "GET /w/{x}", on = "error")]
async fn guess() {}

#[audited("w.real")]
async fn real() -> &'static str {
    "real"
}

#[audit_exempt(reason = "a probe", route = "GET /h/{x}")]
async fn probe() -> &'static str {
    "ok"
}

#[audited("h.special", target = "thing/{id}", capture(n = 1))]
async fn special_of(id: u8) -> &'static str {
    "special"
}

async fn special() -> &'static str {
    special_of(7).await
}

#[audited("head.get", route = "GET /hd", on = "error")]
async fn of_get() {}

#[audited("head.head")]
async fn of_head() {}

#[audited("user.update", route = "POST /users/{id}", mode = "full", delivery = "best_effort")]
async fn update(Path(_): Path<u32>, _: String) {}

#[audited("user.note", mode = "basic")]
async fn note(body: String) -> String {
    body
}

fn router() -> Router {
    Router::new()
        .route("/w/{x}", get(guess))
        .route("/w/real", get(real))
        .route("/h/{x}", get(probe))
        .route("/h/special", get(special))
        .route("/hd", get(of_get).head(of_head))
        .route("/users/{id}", post(update))
        .route("/users/note", post(note))
}

/// The layer around the whole router, which has not looked for the route yet.
async fn around(configure: impl FnOnce(audit_axum::Builder) -> audit_axum::Builder) -> Server {
    let (auditor, sink) = auditor(configure);
    let around = AuditLayer::new(auditor.clone()).layer(router());
    let around = tower::ServiceExt::<Request>::map_response(around, |response| Response::map(response, Body::new));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move { axum::serve(listener, ServiceExt::<Request>::into_make_service(around)).await });
    Server { address, auditor, sink }
}

async fn servers() -> [Server; 2] {
    [Server::start(router()).await, around(|builder| builder).await]
}

#[tokio::test]
async fn a_guess_silences_no_other_handler() {
    for server in servers().await {
        assert_eq!(server.get("/w/real").await.body(), "real");
        assert_record(&server.only().await, json!({"action": "w.real", "handler": "guessed::real", "calls": null}));
        server.sink.clear();
        assert_eq!(server.get("/h/special").await.body(), "special");
        let expected = json!({"action": "h.special", "target_id": "7", "data": {"n": 1}, "calls": null});
        assert_record(&server.only().await, expected);
        server.sink.clear();
        assert_eq!(server.send("HEAD /hd HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").await.status(), 200);
        assert_record(&server.only().await, json!({"action": "head.head", "calls": null}));
    }
}

#[tokio::test]
async fn a_guess_widens_nothing() {
    for server in servers().await {
        server.post("/users/note", "application/json", "{\"diagnosis\":\"influenza\"}").await;
        let expected = json!({"action": "user.note", "mode": "basic", "request_body": null, "headers": null});
        assert_record(&server.only().await, expected);
        server.sink.assert_no_leak("influenza");
    }
    let excluding = around(|builder| builder.exclude("/users/note")).await;
    excluding.post("/users/note", "application/json", "{}").await;
    assert_eq!(excluding.settled().await, Vec::<serde_json::Value>::new());
}

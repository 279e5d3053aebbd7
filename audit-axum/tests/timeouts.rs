//! Layers between and around: timeouts, caught panics, the layer applied twice, and where the layer stands.

mod support;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use audit_axum::{AuditLayer, RouterExt as _, audited, data};
use audit_core::testing::assert_record;
use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, FromRequestParts, Request};
use axum::http::{StatusCode, request::Parts};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use serde_json::{Value, json};
use support::{Client, Server, auditor, serve};
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

struct Farewell;

impl Drop for Farewell {
    fn drop(&mut self) {
        data("handler", "dropped");
    }
}

#[audited(action = "test.forever")]
async fn forever() -> &'static str {
    let _farewell = Farewell;
    std::future::pending().await
}

#[audited(action = "test.upload")]
async fn upload(body: String) -> String {
    body
}

#[audited(action = "test.patience")]
async fn gave_up() -> StatusCode {
    StatusCode::REQUEST_TIMEOUT
}

#[audited(action = "test.busy")]
async fn busy() -> StatusCode {
    StatusCode::SERVICE_UNAVAILABLE
}

#[audited(action = "test.panic")]
async fn panics() -> StatusCode {
    panic!("password=hunter2 was wrong")
}

/// An extractor that panics.
struct Broken;

impl<S: Sync> FromRequestParts<S> for Broken {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        panic!("the extractor is broken")
    }
}

#[audited(action = "test.extractor")]
async fn with_broken(_: Broken) {}

async fn not_annotated() -> &'static str {
    std::future::pending().await
}

fn wired() -> Router {
    use audit_axum::routing::{get, post};
    Router::new()
        .audited_route("/forever", get(forever))
        .audited_route("/upload", post(upload))
        .audited_route("/gave-up", get(gave_up))
        .audited_route("/busy", get(busy))
        .audited_route("/panic", get(panics))
        .audited_route("/extractor", get(with_broken))
        .route("/api/plain", axum::routing::get(not_annotated))
}

fn plain() -> Router {
    use axum::routing::{get, post};
    Router::new()
        .route("/forever", get(forever))
        .route("/upload", post(upload))
        .route("/gave-up", get(gave_up))
        .route("/busy", get(busy))
        .route("/panic", get(panics))
        .route("/extractor", get(with_broken))
        .route("/api/plain", get(not_annotated))
}

fn timeout(status: StatusCode) -> TimeoutLayer {
    TimeoutLayer::with_status_code(status, Duration::from_millis(30))
}

#[tokio::test]
async fn a_timeout_inside_the_layer() {
    for router in [wired(), plain()] {
        for status in [StatusCode::REQUEST_TIMEOUT, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT] {
            let server = Server::start(router.clone().layer(timeout(status))).await;
            assert_eq!(server.get("/forever").await.status(), status.as_u16());
            let expected = json!({"action": "test.forever", "completion": "timed_out", "status_code": status.as_u16(),
                "outcome": if status.is_server_error() { "failed" } else { "rejected" }, "user": "unknown",
                "data": {"handler": "dropped"}});
            assert_record(&server.only().await, expected);
            assert_eq!(server.auditor.stats().late, 0);
        }
    }
}

#[tokio::test]
async fn another_status_in_the_place_of_a_dropped_handler_is_no_timeout() {
    for router in [wired(), plain()] {
        let server = Server::start(router.layer(timeout(StatusCode::IM_A_TEAPOT))).await;
        assert_eq!(server.get("/forever").await.status(), 418);
        assert_record(&server.only().await, json!({"completion": "completed", "status_code": 418, "user": "unknown"}));
    }
}

#[tokio::test]
async fn a_handlers_own_408_or_503_is_no_timeout() {
    for router in [wired(), plain()] {
        let server = Server::start(router.layer(timeout(StatusCode::REQUEST_TIMEOUT))).await;
        for (path, status) in [("/gave-up", 408), ("/busy", 503)] {
            server.sink.clear();
            assert_eq!(server.get(path).await.status(), status);
            let expected = json!({"completion": "completed", "status_code": status, "user": "anonymous"});
            assert_record(&server.only().await, expected);
        }
    }
}

#[tokio::test]
async fn a_timeout_while_an_extractor_waits() {
    let head = "POST /upload HTTP/1.1\r\nhost: test\r\naccept: application/json\r\ncontent-length: 9\r\n\r\nhalf";
    // What the route leads to is known only where it is wired.
    let known = json!({"action": "test.upload", "completion": "timed_out", "user": "unknown", "status_code": 408});
    let not_known = json!({"action": "http.request", "completion": "completed", "status_code": 408});
    for (router, expected) in [(wired(), known), (plain(), not_known)] {
        let server = Server::start(router.layer(timeout(StatusCode::REQUEST_TIMEOUT))).await;
        let mut client = Client::sending(server.address, head).await;
        client.read_until("\r\n\r\n").await;
        let record = server.only().await;
        assert_record(&record, expected);
        assert_record(&record, json!({"request_bytes": 4}));
    }
}

#[tokio::test]
async fn an_unannotated_handler_cannot_be_known_to_be_unfinished() {
    let server = Server::start(plain().layer(timeout(StatusCode::REQUEST_TIMEOUT))).await;
    server.get("/api/plain").await;
    assert_record(&server.only().await, json!({"completion": "completed", "status_code": 408, "outcome": "rejected"}));
}

#[tokio::test]
async fn a_timeout_outside_the_layer() {
    for router in [wired(), plain()] {
        let (auditor, sink) = auditor(|builder| builder);
        let router = router.layer(AuditLayer::new(auditor.clone())).layer(timeout(StatusCode::REQUEST_TIMEOUT));
        let server = Server { address: serve(router).await, auditor, sink };
        assert_eq!(server.get("/forever").await.status(), 408, "the client is told, the layer is not");
        let expected = json!({"action": "test.forever", "completion": "aborted", "status_code": null,
            "outcome": "unknown", "user": "unknown", "data": {"handler": "dropped"}});
        assert_record(&server.only().await, expected);
    }
}

#[tokio::test]
async fn a_panic_caught_inside_the_layer() {
    for router in [wired(), plain()] {
        let server = Server::start(router.layer(CatchPanicLayer::new())).await;
        assert_eq!(server.get("/panic").await.status(), 500);
        let expected = json!({"action": "test.panic", "completion": "panicked", "status_code": 500,
            "outcome": "failed", "level": "error", "user": "unknown", "error": "password=[FILTERED] was wrong"});
        assert_record(&server.only().await, expected);
        server.sink.assert_no_leak("hunter2");
    }
}

#[tokio::test]
async fn an_extractors_panic_caught_inside_the_layer() {
    let server = Server::start(wired().layer(CatchPanicLayer::new())).await;
    assert_eq!(server.get("/extractor").await.status(), 500);
    let expected = json!({"action": "test.extractor", "completion": "panicked", "status_code": 500,
        "outcome": "failed", "error": "the extractor is broken"});
    assert_record(&server.only().await, expected);
}

#[tokio::test]
async fn a_panic_caught_outside_the_layer() {
    for router in [wired(), plain()] {
        let (auditor, sink) = auditor(|builder| builder);
        let router = router.layer(AuditLayer::new(auditor.clone())).layer(CatchPanicLayer::new());
        let server = Server { address: serve(router).await, auditor, sink };
        assert_eq!(server.get("/panic").await.status(), 500, "the client is told, the layer is not");
        let expected = json!({"action": "test.panic", "completion": "panicked", "status_code": null,
            "outcome": "failed", "user": "unknown"});
        assert_record(&server.only().await, expected);
    }
}

/// Whatever a handler throws.
#[audited(action = "test.throw")]
async fn throws(Extension(thrown): Extension<Arc<()>>) -> StatusCode {
    tokio::task::yield_now().await;
    std::panic::panic_any(thrown)
}

#[tokio::test]
async fn a_panic_goes_on_as_it_came() {
    let wired = Router::new().audited_route("/throw", audit_axum::routing::get(throws));
    let plain = Router::new().route("/throw", axum::routing::get(throws));
    for router in [wired, plain] {
        let (auditor, sink) = auditor(|builder| builder);
        let router = router.layer(AuditLayer::new(auditor.clone())).layer(AuditLayer::new(auditor));
        let thrown = Arc::new(());
        let request = Request::get("/throw").extension(Arc::clone(&thrown)).body(Body::empty()).expect("a request");
        let ended = tokio::spawn(router.oneshot(request)).await;
        let caught = ended.expect_err("it panics").into_panic().downcast::<Arc<()>>().expect("what was thrown");
        assert!(Arc::ptr_eq(&caught, &thrown));
        let record = tokio::task::spawn_blocking(move || sink.only()).await.expect("the record came");
        assert_record(&record, json!({"action": "test.throw", "completion": "panicked", "error": null}));
    }
}

#[tokio::test]
async fn a_panic_beside_the_handler_is_not_the_handlers() {
    // The middleware panics while its handler waits; the exchange panicked, and the handler was cancelled.
    let beside = from_fn(|request: Request, next: Next| async move {
        let broken = async { panic!("the middleware is broken") };
        tokio::join!(next.run(request), broken).0
    });
    for router in [wired(), plain()] {
        let server = Server::start(router.layer(beside.clone())).await;
        server.get("/forever").await;
        let expected = json!({"action": "test.forever", "completion": "panicked", "status_code": null,
            "error": "the middleware is broken", "data": {"handler": "dropped"}});
        assert_record(&server.only().await, expected);
    }
}

#[tokio::test]
async fn the_layer_applied_twice_is_one_record() {
    for router in [wired(), plain()] {
        let (auditor, sink) = auditor(|builder| builder);
        let layer = || AuditLayer::new(auditor.clone());
        let router = router.layer(layer()).layer(CatchPanicLayer::new()).layer(layer()).layer(layer());
        let server = Server { address: serve(router).await, auditor: auditor.clone(), sink };
        let answer = server.get("/busy").await;
        let records = server.settled().await;
        assert_eq!(records.len(), 1, "{records:#?}");
        assert_eq!(answer.header("audit-id").as_deref(), records[0]["event_id"].as_str());
        assert_eq!(answer.text().matches("audit-id").count(), 1);
        server.sink.clear();
        server.get("/panic").await;
        let expected = json!({"action": "test.panic", "completion": "panicked", "status_code": 500});
        assert_record(&server.only().await, expected);
        assert_eq!(server.settled().await.len(), 1);
    }
}

#[tokio::test]
async fn the_layer_around_the_whole_router() {
    // Only a wired route can tell its template from in there.
    for (router, route) in [(wired(), json!("/busy")), (plain(), Value::Null)] {
        let (auditor, sink) = auditor(|builder| builder);
        let around = tower::Layer::layer(&AuditLayer::new(auditor.clone()), router.fallback(|| async { "fallback" }));
        let router = Router::new().fallback_service(around);
        let server = Server { address: serve(router).await, auditor, sink };
        assert_eq!(server.get("/busy?password=hunter2").await.status(), 503);
        let expected = json!({"action": "test.busy", "status_code": 503, "route": route, "completion": "completed"});
        assert_record(&server.only().await, expected);
        server.sink.clear();
        assert_eq!(server.get("/api/no-such-route").await.body(), "fallback");
        assert_record(&server.only().await, json!({"action": "http.request", "route": null, "mode": "basic"}));
        server.sink.clear();
        server.get("/panic").await;
        assert_record(&server.only().await, json!({"action": "test.panic", "completion": "panicked"}));
    }
}

#[tokio::test]
async fn a_wired_handler_in_a_task_of_its_own_belongs_to_its_request() {
    // So that a client that leaves does not cancel it.
    let detached = from_fn(|request: Request, next: Next| async move {
        tokio::spawn(next.run(request)).await.unwrap_or_else(|_| {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        })
    });
    let server = Server::start(wired().layer(detached)).await;
    assert_eq!(server.get("/busy").await.status(), 503);
    assert_record(&server.only().await, json!({"action": "test.busy", "completion": "completed", "status_code": 503}));
    server.sink.clear();
    assert_eq!(server.get("/panic").await.status(), 500);
    assert_record(&server.only().await, json!({"action": "test.panic", "completion": "panicked", "status_code": 500}));
}

//! What is recorded and how much of it, as requests over TCP show.

mod support;

use audit_axum::{Builder, Mode, RouterExt as _, audited};
use audit_core::testing::assert_record;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Request};
use serde_json::{Value, json};
use support::Server;

async fn answer() -> &'static str {
    "answered"
}

/// Routes as an application may have them, and a fallback: nothing is annotated.
fn application() -> Router {
    use axum::routing::get;
    Router::new()
        .route("/health", get(answer))
        .route("/healthz", get(answer))
        .route("/files/{*path}", get(answer))
        .route("/{tenant}/users", get(|_: Path<String>| answer()))
        .route("/api/v1/layers", get(answer).post(answer))
        .fallback(answer)
}

async fn recorded(server: &Server, path: &str, headers: &str) -> bool {
    server.sink.clear();
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{headers}\r\n");
    let answer = server.send(&request).await;
    assert_eq!(answer.body(), "answered", "{path}");
    let records = server.settled().await;
    assert!(records.len() <= 1, "{path}: {records:?}");
    for record in &records {
        assert_record(record, json!({"path": path, "action": "http.request"}));
    }
    assert_eq!(answer.header("audit-id").is_some(), !records.is_empty(), "{path}: the header promises a record");
    !records.is_empty()
}

#[tokio::test]
async fn excluded_only_when_it_is_certain() {
    let server = Server::configured(application(), |builder| builder.include("/").exclude("/health")).await;
    for (path, expected) in [
        // By the template that was matched.
        ("/health", false),
        ("/health?x=/api", false),
        ("/healthz", true),
        ("/health/users", true),
        // By the path, for none was.
        ("/health/", false),
        ("/health/live", false),
        ("/health//live", false),
        ("/health/./live", false),
        ("/Health", true),
        ("//health", true),
        ("/./health", true),
        ("/%68ealth", true),
        ("/health%2flive", true),
        ("/x/../health", true),
        ("/health/../api", true),
        ("/health/%2e%2e/api", true),
        ("/health/%2E./api", true),
        ("/health/..%2fapi", true),
        ("/health/..;x/api", true),
        ("/healthy", true),
        ("/", true),
    ] {
        let path_only = path.split('?').next().expect("there is a first");
        server.sink.clear();
        let seen = if path == path_only {
            recorded(&server, path, "").await
        } else {
            server.get(path).await;
            !server.settled().await.is_empty()
        };
        assert_eq!(seen, expected, "{path}");
    }
}

#[tokio::test]
async fn a_template_excludes_all_that_matches_it() {
    let server =
        Server::configured(application(), |builder| builder.include("/").exclude("/files/").exclude("/api/v1/layers"))
            .await;
    for (path, expected) in [
        ("/files/a", false),
        ("/files/../x", false),
        ("/api/v1/layers", false),
        ("/api/v1/layers/", false),
        ("/api/v1", true),
    ] {
        assert_eq!(recorded(&server, path, "").await, expected, "{path}");
    }
}

#[tokio::test]
async fn detected_if_it_may_be() {
    const BROWSER: &str = "accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n";
    const JSON: &str = "accept: application/json\r\n";
    let server =
        Server::configured(application(), |builder| builder.path_prefix("gvsigonline").include("/extra")).await;
    for (path, headers, expected) in [
        ("/api/v1/layers", "", true),
        ("/api/v1/layers", BROWSER, true),
        ("/api", "", true),
        ("/API/v1", "", false),
        ("/apiary", "", false),
        ("//api/v1", "", true),
        ("/./api/v1", "", true),
        ("/x/../api/v1", "", true),
        ("/%61pi/v1", "", true),
        ("/health", "", false),
        ("/health", BROWSER, false),
        ("/health", JSON, true),
        ("/health", "content-type: application/geo+json\r\n", true),
        ("/health", "content-type: text/plain\r\n", false),
        ("/gvsigonline/core", BROWSER, true),
        ("/gvsigonline/", "", true),
        ("/gvsigonline2", "", false),
        ("/gvsigonline/static/a.js", JSON, false),
        ("/gvsigonline/media/a", "", false),
        ("/gvsigonline/static/../core", "", true),
        ("/gvsigonline/static/%2e%2e/core", "", true),
        ("/extra", BROWSER, true),
        ("/extra/more", "", true),
        ("//extra", "", true),
        ("/extras", "", false),
    ] {
        assert_eq!(recorded(&server, path, headers).await, expected, "{path} {headers:?}");
    }
    let server = Server::configured(application(), |builder| builder.auto_detect(false).include("/extra")).await;
    for (path, expected) in [("/api/v1/layers", false), ("/health", false), ("/extra/x", true)] {
        assert_eq!(recorded(&server, path, JSON).await, expected, "{path}");
    }
}

#[audited(action = "mode.default")]
async fn by_default(_: Bytes) -> &'static str {
    "answered"
}

#[audited(action = "mode.basic", mode = "basic")]
async fn basic(_: Bytes) -> &'static str {
    "answered"
}

#[audited(action = "mode.compact", mode = "compact")]
async fn compact(_: Bytes) -> &'static str {
    "answered"
}

#[audited(action = "mode.full", mode = "full")]
async fn full(_: Bytes) -> &'static str {
    "answered"
}

/// Reads its body itself, after it was entered.
#[audited(action = "mode.basic_later", mode = "basic")]
async fn basic_later(request: Request) -> &'static str {
    drop(axum::body::to_bytes(request.into_body(), 1000).await);
    "answered"
}

#[audited(action = "mode.unread", mode = "compact")]
async fn compact_unread() -> &'static str {
    "answered"
}

fn wired() -> Router {
    use audit_axum::routing::post;
    Router::new()
        .audited_route("/default", post(by_default))
        .audited_route("/basic", post(basic))
        .audited_route("/compact", post(compact))
        .audited_route("/full", post(full))
        .audited_route("/basic-later", post(basic_later))
        .audited_route("/compact-unread", post(compact_unread))
}

fn plain() -> Router {
    use axum::routing::post;
    Router::new()
        .route("/default", post(by_default))
        .route("/basic", post(basic))
        .route("/compact", post(compact))
        .route("/full", post(full))
        .route("/basic-later", post(basic_later))
        .route("/compact-unread", post(compact_unread))
}

const BODY: &str = r#"{"name":"body-marker","geometry":{"type":"Point","coordinates":[1.50,2]}}"#;

async fn record_of(router: Router, setting: Mode, path: &str) -> (Value, Server) {
    let configure = |builder: Builder| builder.mode(setting).record_response_bodies().record_response_headers();
    let server = Server::configured(router, configure).await;
    let length = BODY.len();
    let request = format!(
        "POST {path}?q=query-marker HTTP/1.1\r\nhost: test\r\nconnection: close\r\nuser-agent: agent-marker\r\n\
         x-header: header-marker\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{BODY}"
    );
    assert_eq!(server.send(&request).await.body(), "answered");
    (server.only().await, server)
}

/// What a record of each mode keeps.
fn check_content(record: &Value, mode: &str, body: Value) {
    assert_record(record, json!({"mode": mode, "request_body": body, "status_code": 200, "completion": "completed"}));
    let (query, agent) = if mode == "basic" {
        (Value::Null, Value::Null)
    } else {
        (json!({"q": "query-marker"}), json!("agent-marker"))
    };
    assert_record(record, json!({"query_params": query, "user_agent": agent}));
    let header = if mode == "basic" { Value::Null } else { json!("header-marker") };
    assert_eq!(record["headers"]["x-header"], header, "{record}");
    for key in ["response_headers", "response_body"] {
        assert_eq!(record[key].is_null(), mode == "basic", "{key} of {record}");
    }
}

fn full_body() -> Value {
    serde_json::from_str(BODY).expect("it is JSON")
}

fn body_in(mode: &str) -> Value {
    match mode {
        "basic" => Value::Null,
        "compact" => json!({"name": "body-marker", "geometry": "[GEOMETRY_FILTERED]"}),
        _ => full_body(),
    }
}

#[tokio::test]
async fn a_wired_endpoint_has_the_mode_it_asks_for() {
    for setting in [Mode::Basic, Mode::Compact, Mode::Full] {
        for (path, asked) in
            [("/default", setting.as_str()), ("/basic", "basic"), ("/compact", "compact"), ("/full", "full")]
        {
            let (record, _) = record_of(wired(), setting, path).await;
            check_content(&record, asked, body_in(asked));
        }
    }
}

#[tokio::test]
async fn what_a_plain_endpoint_asks_for_is_known_late() {
    let withheld = json!({"withheld": "the endpoint keeps less, and was known too late", "bytes": BODY.len()});
    for (setting, path, mode, body) in [
        (Mode::Basic, "/default", "basic", Value::Null),
        (Mode::Compact, "/default", "compact", body_in("compact")),
        (Mode::Full, "/default", "full", full_body()),
        // Stricter than the settings: the body, which an extractor has read, is withheld.
        (Mode::Full, "/basic", "basic", Value::Null),
        (Mode::Compact, "/basic", "basic", Value::Null),
        (Mode::Full, "/compact", "compact", withheld),
        // Wider: does not apply.
        (Mode::Basic, "/compact", "basic", Value::Null),
        (Mode::Basic, "/full", "basic", Value::Null),
        (Mode::Compact, "/full", "compact", body_in("compact")),
        // There is nothing to withhold of a body that nobody read.
        (Mode::Full, "/compact-unread", "compact", Value::Null),
    ] {
        let (record, _) = record_of(plain(), setting, path).await;
        check_content(&record, mode, body);
    }
}

#[tokio::test]
async fn a_basic_endpoint_leaves_no_content_under_any_setting() {
    for router in [wired(), plain()] {
        for path in ["/basic", "/basic-later"] {
            let (record, server) = record_of(router.clone(), Mode::Full, path).await;
            for key in ["query_params", "headers", "request_body", "user_agent", "response_headers", "response_body"] {
                assert!(record.get(key).is_none(), "{key} of {record}");
            }
            assert_record(&record, json!({"mode": "basic", "request_bytes": BODY.len(), "user": "anonymous"}));
            for marker in
                ["query-marker", "agent-marker", "header-marker", "body-marker", "GEOMETRY", "application/json"]
            {
                server.sink.assert_no_leak(marker);
            }
        }
    }
}

#[tokio::test]
async fn an_annotated_endpoint_needs_no_detection_but_can_be_excluded() {
    for router in [wired(), plain()] {
        let server = Server::configured(router, |builder| builder.auto_detect(false).exclude("/basic")).await;
        for (path, count) in [("/default", 1), ("/basic", 0)] {
            server.sink.clear();
            assert_eq!(server.post(path, "text/plain", "x").await.body(), "answered");
            assert_eq!(server.settled().await.len(), count, "{path}");
        }
    }
}

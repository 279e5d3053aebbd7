//! Over TCP, by every way that axum leads into a record: the secret stays out, what stands beside it comes in.

mod support;

use audit_axum::routing::{get, post};
use audit_axum::{Actor, Outcome, RouterExt as _, audited};
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use support::Server;

/// A secret that no shape gives away.
const SECRET: &str = "hunter2xhunter9";
/// A secret by its shape.
const TOKEN: &str = "AKIAQ3EGRZ7VJT5LWXNB";
/// What must stay.
const KEPT: &str = "keptbeside";

fn assigned() -> String {
    format!("{KEPT} password={SECRET}")
}

#[audited(action = "e.read", target = "thing/{token}", capture(token, note = assigned()))]
async fn read(Path(token): Path<String>, body: String) -> Response {
    audit_axum::set_actor(Actor::user(KEPT).session(TOKEN));
    audit_axum::data("api_key", &token);
    audit_axum::data("text", assigned());
    audit_axum::change("pin", &token, SECRET);
    audit_axum::step(assigned());
    audit_axum::add_target("password", &token);
    audit_axum::set_outcome(Outcome::Denied, assigned());
    let cookie = format!("sid={SECRET}; Path=/{KEPT}");
    let answer = if body.is_empty() { format!("{{\"a\":\"{KEPT}\",\"token\":\"{SECRET}\"}}") } else { body };
    ([("content-type", "application/json"), ("set-cookie", &cookie)], answer).into_response()
}

#[audited(action = "e.fail")]
async fn fail() -> Result<StatusCode, (StatusCode, String)> {
    inner().map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error))
}

#[audited(action = "e.inner")]
fn inner() -> Result<StatusCode, String> {
    Err(assigned())
}

#[audited(action = "e.panic")]
async fn panics() {
    std::panic::resume_unwind(Box::new(assigned()))
}

async fn record_of(request: &str) -> (Value, Server) {
    let router = Router::new()
        .audited_route("/api/reset/{token}/keptbeside", post(read))
        .audited_route("/api/fail", get(fail))
        .audited_route("/api/panic", get(panics));
    let server = Server::configured(router, |builder| {
        builder.mode(audit_axum::Mode::Full).record_response_bodies().record_response_headers()
    })
    .await;
    server.send(request).await;
    (server.only().await, server)
}

#[tokio::test]
async fn no_entrance_lets_a_secret_through_and_each_lets_its_neighbour() {
    let json = format!(r#"{{"a":"{KEPT}","deep":[{{"passWord":"{SECRET}"}}],"text":"token={SECRET}"}}"#);
    let form = format!("a={KEPT}&client%5Fsecret={SECRET}&text=password%3D{SECRET}");
    let head = format!(
        "user-agent: {a}\r\nreferer: https://h/{KEPT}?token={SECRET}\r\ncookie: {KEPT}=1; sid={SECRET}\r\n\
         authorization: Bearer {SECRET}\r\nx-api-key: {SECRET}\r\nx-note: {a}\r\nx-forwarded-for: {a}\r\n\
         x-request-id: {TOKEN}\r\nhost: test\r\nconnection: close",
        a = assigned()
    );
    for (content_type, body) in [("application/json", &json), ("application/x-www-form-urlencoded", &form)] {
        let length = body.len();
        let request = format!(
            "POST /api/reset/{SECRET}/{KEPT}?{form} HTTP/1.1\r\n{head}\r\ncontent-type: {content_type}\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        let (record, server) = record_of(&request).await;
        server.sink.assert_no_leak(SECRET);
        server.sink.assert_no_leak(TOKEN);
        assert_eq!(record["action"], "e.read", "{record:#}");
        for key in [
            "path",
            "query_params",
            "user_agent",
            "headers",
            "request_body",
            "forwarded_for",
            "reason",
            "data",
            "changes",
            "steps",
            "targets",
            "session_id",
            "response_headers",
        ] {
            let told = record[key].to_string();
            assert!(told.contains("[FILTERED]"), "{key}: {record:#}");
            assert!(told.contains(KEPT) || ["changes", "targets", "session_id"].contains(&key), "{key}: {record:#}");
        }
        for header in ["referer", "cookie", "x-note"] {
            let told = record["headers"][header].to_string();
            assert!(told.contains(KEPT) && told.contains("[FILTERED]"), "{header}: {told}");
        }
        assert_eq!((record.get("request_id"), &record["user"]), (None, &Value::from(KEPT)));
    }
    let empty = format!("POST /api/reset/{SECRET}/{KEPT} HTTP/1.1\r\n{head}\r\ncontent-length: 0\r\n\r\n");
    let (record, server) = record_of(&empty).await;
    server.sink.assert_no_leak(SECRET);
    assert_eq!(record["response_body"], serde_json::json!({"a": KEPT, "token": "[FILTERED]"}));
}

#[tokio::test]
async fn what_goes_wrong_is_told_without_its_secret() {
    for (path, key) in [("/api/fail", "calls"), ("/api/panic", "error")] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
        let (record, server) = record_of(&request).await;
        server.sink.assert_no_leak(SECRET);
        let told = record[key].to_string();
        assert!(told.contains(&format!("{KEPT} password=[FILTERED]")), "{record:#}");
    }
}

#[tokio::test]
async fn a_method_of_the_clients_own_is_no_way_either() {
    for path in ["/api/fail", "/api/nothing"] {
        let request = format!("{TOKEN} {path}?a={KEPT} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
        let (record, server) = record_of(&request).await;
        server.sink.assert_no_leak(TOKEN);
        assert_eq!((&record["method"], &record["path"]), (&Value::from("[FILTERED]"), &Value::from(path)));
    }
}

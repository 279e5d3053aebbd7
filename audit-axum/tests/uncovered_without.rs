//! Requests that are deliberately not recorded, without an auditor installed for the rest: they are neither warned of nor
//! counted. In a binary of its own, for what had nowhere to go is counted for the process.

mod support;

use std::process::Command;

use audit_axum::routing::get;
use audit_axum::{RouterExt as _, audit_exempt, audited};
use axum::Router;
use serde_json::Value;
use support::Server;

#[audited(action = "test.outer")]
async fn outer() -> String {
    inner().await
}

#[audited(action = "test.inner")]
async fn inner() -> String {
    "answered".to_owned()
}

#[audit_exempt(reason = "asked every second")]
async fn health() -> &'static str {
    "ok"
}

fn routes() -> Router {
    Router::new()
        .audited_route("/wired", get(outer))
        .audited_route("/health", get(health))
        .route("/plain", axum::routing::get(outer))
        .route("/plain/health", axum::routing::get(health))
}

const PATHS: [(&str, &str); 4] =
    [("/wired", "answered"), ("/plain", "answered"), ("/health", "ok"), ("/plain/health", "ok")];

/// Runs another test in a process of its own, so that what it says can be read.
fn said_by(test: &str) -> String {
    let this = std::env::current_exe().expect("a test has a file");
    let run = Command::new(this).args(["--exact", test, "--nocapture"]).output();
    let output = run.expect("the test starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let stderr = String::from_utf8_lossy(&output.stderr);
    stderr.lines().filter(|line| line.starts_with("audit:")).map(|line| format!("{line}\n")).collect()
}

#[tokio::test]
async fn an_excluded_path() {
    let server = Server::configured(routes(), |builder| builder.exclude("/wired").exclude("/plain")).await;
    for (path, body) in PATHS {
        let answer = server.get(path).await;
        assert_eq!((answer.body().as_str(), answer.header("audit-id")), (body, None), "{path}");
    }
    assert_eq!(server.settled().await, Vec::<Value>::new());
    assert_eq!(server.auditor.stats().nowhere, 0);
}

#[tokio::test]
async fn auditing_off() {
    let server = Server::configured(routes(), |builder| builder.enabled(false)).await;
    for (path, body) in PATHS {
        let answer = server.get(path).await;
        assert_eq!((answer.body().as_str(), answer.header("audit-id")), (body, None), "{path}");
    }
    assert_eq!(server.sink.records(), Vec::<Value>::new());
    assert_eq!(server.auditor.stats().nowhere, 0);
}

#[test]
fn what_is_deliberately_not_recorded_is_not_warned_of() {
    assert_eq!(said_by("an_excluded_path"), "");
    assert_eq!(said_by("auditing_off"), "audit: auditing is off (AUDIT_ENABLED)\n");
}

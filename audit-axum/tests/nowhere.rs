//! A wired route that no layer covers, without an auditor installed for it: counted, and warned of once. In a binary of
//! its own, for what had nowhere to go is counted for the process.

mod support;

use std::process::Command;

use audit_axum::routing::get;
use audit_axum::{AuditLayer, RouterExt as _, audit_exempt, audited};
use axum::Router;
use serde_json::Value;
use support::{Server, auditor, serve};

#[audited(action = "test.read")]
async fn read() -> &'static str {
    "answered"
}

#[audit_exempt(reason = "asked every second")]
async fn health() -> &'static str {
    "ok"
}

#[tokio::test]
async fn not_covered() {
    let (auditor, sink) = auditor(|builder| builder);
    let covered = Router::new().layer(AuditLayer::new(auditor.clone()));
    let router = covered.audited_route("/health", get(health)).audited_route("/read", get(read));
    let server = Server { address: serve(router).await, auditor: auditor.clone(), sink };
    assert_eq!(server.get("/health").await.body(), "ok");
    assert_eq!(auditor.stats().nowhere, 0, "an exempt handler has nothing to lose");
    for count in 1..=2 {
        assert_eq!(server.get("/read").await.body(), "answered");
        assert_eq!(auditor.stats().nowhere, count);
    }
    assert_eq!(server.settled().await, Vec::<Value>::new());
}

#[test]
fn the_warning_comes_once_and_names_the_handler() {
    let this = std::env::current_exe().expect("a test has a file");
    let run = Command::new(this).args(["--exact", "not_covered", "--nocapture"]).output();
    let output = run.expect("the test starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(stderr.matches("no AuditLayer covers the route of nowhere::read").count(), 1, "{stderr}");
    assert!(!stderr.contains("health"), "{stderr}");
}

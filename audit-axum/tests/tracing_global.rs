//! As `tests/tracing.rs`, with a process's global subscriber that lets nothing through: a program of its own.

mod support;

use audit_axum::routing::get;
use audit_axum::{RouterExt as _, audited, data};
use audit_core::testing::assert_record;
use axum::Router;
use serde_json::json;
use support::Server;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::prelude::*;

#[audited(action = "layer.list")]
async fn list() -> &'static str {
    data("kept", true);
    tracing::error!(target: "audit", lost = true, "nobody sees this");
    "[]"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_are_complete_under_a_global_filter_that_is_off() {
    let server = Server::start(Router::new().audited_route("/layers", get(list))).await;
    // What `RUST_LOG=off` comes to.
    tracing_subscriber::registry().with(EnvFilter::new("off")).with(server.auditor.json_layer()).init();
    assert_eq!(LevelFilter::current(), LevelFilter::OFF);
    for _ in 0..20 {
        assert_eq!(server.get("/layers").await.status(), 200);
    }
    for record in server.wait_for(20).await {
        let expected =
            json!({"action": "layer.list", "status_code": 200, "completion": "completed", "data": {"kept": true}});
        assert_record(&record, expected);
    }
}

//! Annotated functions that run outside any exchange, with an auditor installed for them. In a binary of its own, for
//! there is one such auditor in a process.

mod support;

use audit_axum::{Actor, audited, data, set_actor};
use audit_core::testing::assert_record;
use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};
use support::{Server, auditor};

#[audited(action = "job.cleanup", target = "table/{table}")]
async fn cleanup(table: &str) -> Result<u32, String> {
    set_actor(Actor::system("scheduler"));
    tokio::task::yield_now().await;
    data("rows", 3);
    if table.is_empty() { Err("no table: password=hunter2".to_owned()) } else { Ok(3) }
}

#[audited(action = "job.sync")]
fn synchronous() {
    data("sync", nested());
}

#[audited(action = "job.nested")]
fn nested() -> bool {
    true
}

#[audited(action = "job.panic")]
async fn panics() {
    panic!("the job is broken: password=hunter2")
}

#[audited(action = "job.forever")]
async fn forever() {
    std::future::pending().await
}

#[audited(action = "test.excluded")]
async fn excluded() -> &'static str {
    nested();
    "excluded"
}

#[audited(action = "test.spawn")]
async fn spawns() -> &'static str {
    tokio::spawn(async { cleanup("spawned").await }).await.expect("it does not panic").expect("there is a table");
    "spawned"
}

#[tokio::test]
async fn a_job_is_a_record_of_its_own() {
    let (auditor, sink) = auditor(|builder| builder);
    auditor.install_global().expect("the first");
    assert!(auditor.install_global().is_err(), "there can be one");
    let only = || async {
        let record = sink.only();
        sink.clear();
        record
    };

    assert_eq!(cleanup("layers").await, Ok(3));
    let expected = json!({"action": "job.cleanup", "outcome": "success", "completion": "completed", "level": "info",
        "target_type": "table", "target_id": "layers", "user": "scheduler", "actor_type": "system",
        "data": {"rows": 3}, "method": null, "path": null, "status_code": null, "response_time_ms": null});
    assert_record(&only().await, expected);

    assert!(cleanup("").await.is_err());
    let expected = json!({"outcome": "failed", "completion": "completed", "level": "error",
        "error": "no table: password=[FILTERED]"});
    assert_record(&only().await, expected);

    synchronous();
    let record = only().await;
    assert_record(&record, json!({"action": "job.sync", "data": {"sync": true}, "user": null}));
    assert_eq!(record["calls"][0]["action"], "job.nested");

    assert!(tokio::spawn(panics()).await.is_err());
    let expected = json!({"action": "job.panic", "outcome": "failed", "completion": "panicked", "level": "error",
        "error": "the job is broken: password=[FILTERED]"});
    assert_record(&only().await, expected);

    // Dropped before it was polled, it never ran.
    drop(forever());
    let mut job = Box::pin(forever());
    assert!(tokio::time::timeout(std::time::Duration::from_millis(1), &mut job).await.is_err());
    drop(job);
    let expected = json!({"action": "job.forever", "outcome": "unknown", "completion": "aborted", "level": "warn"});
    assert_record(&only().await, expected);

    // A request's own work is no job; what it spawns without a word is.
    let server =
        Server::configured(Router::new().route("/excluded", get(excluded)).route("/spawns", get(spawns)), |builder| {
            builder.exclude("/excluded")
        })
        .await;
    assert_eq!(server.get("/excluded").await.body(), "excluded");
    assert_eq!(server.settled().await, Vec::<Value>::new());
    assert_eq!(sink.records(), Vec::<Value>::new(), "an excluded request's handler is not taken for a job");
    assert_eq!(server.get("/spawns").await.body(), "spawned");
    assert_record(&server.only().await, json!({"action": "test.spawn", "calls": null}));
    assert_record(&only().await, json!({"action": "job.cleanup", "target_id": "spawned"}));
    assert_eq!(auditor.stats().nowhere, 0);
}

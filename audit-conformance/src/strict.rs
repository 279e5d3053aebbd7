//! What each adapter's own tests of strict delivery have in common. Beside the table, whose cases ask for it by a setting,
//! these ask for it in attributes, which a program can have only if its log is a file.
//!
//! | route | action | what it does |
//! |---|---|---|
//! | `GET /hold/{gate}` | `money.hold`, wired | comes to the [gate](crate::echo::gates), waits: 200 `held\n` |
//! | `GET /declared/{gate}` | `money.declared`, not wired, but declared where the framework knows the difference | the same |
//! | `GET /endless` | `money.endless`, wired | 200, [pieces](crate::echo::flood) without end |
//! | `GET /broken` | `money.broken`, wired | 200, `first\n`, and then an error |
//! | `GET /panics` | `money.panics`, wired | panics |
//! | `GET /never` | `money.never`, wired | calls [`runs`] |
//! | `GET /unwired` | `money.unwired`, not known before it runs | calls [`runs`] |
//! | `GET /spawned` | none; spawns `money.spawned`, which calls [`runs`], in the exchange's scope, and waits for it: 200 if it panicked |
//! | `GET /nested` | none; blocks on `money.nested`, which calls [`runs`] |

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use audit_core::{Auditor, Builder};
/// For a handler that has an executor of its own inside.
pub use futures_executor::block_on;
use serde_json::{Value, json};

use crate::ask::ask;
use crate::client::{Client, Leave, PATIENCE};
use crate::echo::gates::gate;
use crate::expect::differences;
use crate::journal::Journal;
use crate::request::Request;

/// Starts a server with this auditor.
pub type Start = fn(Auditor) -> SocketAddr;

static RAN: AtomicBool = AtomicBool::new(false);

/// For handlers that must not run.
pub fn runs() {
    RAN.store(true, Ordering::SeqCst);
}

#[track_caller]
fn assert_did_not_run() {
    assert!(!RAN.load(Ordering::SeqCst), "a handler ran that must not");
}

#[track_caller]
fn assert_record(record: &Value, expected: &Value) {
    let wrong = differences(record, expected);
    assert!(wrong.is_empty(), "{wrong:?}: {record}");
}

fn started(start: Start, configure: impl FnOnce(Builder) -> Builder) -> (Journal, SocketAddr) {
    let journal = Journal::new(configure);
    let address = start(journal.auditor.clone());
    (journal, address)
}

/// Waits for what a handler does.
fn wait<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async { tokio::time::timeout(PATIENCE, future).await.expect("in time") })
}

fn held((journal, address): &(Journal, SocketAddr), path: &str, action: &str, name: &str) {
    let asked = ask(*address, "GET", &format!("{path}/{name}"), &[], "");
    wait(gate(name).arrived(1));
    let running = journal.on_disk();
    assert_eq!(running.len(), 1, "while the handler runs: {running:?}");
    assert_record(
        &running[0],
        &json!({"phase": "intent", "outcome": "unknown", "action": action, "status_code": null}),
    );
    gate(name).open(1);
    let answer = asked.answer().expect("an answer");
    let told = journal.on_disk();
    answer.is(200, "held\n");
    assert_eq!(told.len(), 2, "when the head is there: {told:?}");
    assert_record(&told[1], &json!({"phase": "final", "outcome": "success", "action": action, "status_code": 200}));
    assert_eq!(answer.header("audit-id"), told[0]["event_id"].as_str());
    assert_eq!(told[0]["event_id"], told[1]["event_id"]);
    assert_eq!(journal.settled().len(), 2, "a good body has nothing to add");
}

/// A wired handler runs when its intent is on disk, and the head leaves when its final is.
pub fn wired(start: Start) {
    held(&started(start, |builder| builder), "/hold", "money.hold", "wired");
}

/// So does one that is known by its declaration.
pub fn declared(start: Start) {
    held(&started(start, |builder| builder), "/declared", "money.declared", "declared");
}

/// So does a wired one that no layer covers, by the auditor that is installed for such; there is one in a process.
pub fn uncovered(start: Start) {
    let started = started(start, |builder| builder);
    started.0.auditor.install_global().expect("the first");
    held(&started, "/hold", "money.hold", "uncovered");
}

/// A client that leaves a body adds an end.
pub fn left(start: Start) {
    let (journal, address) = started(start, |builder| builder);
    let mut client = Client::connect(address, Arc::default());
    client.send(&Request::new("left".to_owned(), "GET", "/endless").keep());
    client.read_until("xxx");
    assert_eq!(journal.phases(), ["intent", "final"]);
    client.leave(Leave::Rst);
    let records = journal.settled();
    assert_eq!(records.len(), 3, "{records:?}");
    assert_record(&records[1], &json!({"completion": null, "status_code": 200}));
    let completion = json!({"$in": ["aborted", "client_disconnected"]});
    let end = json!({"phase": "end", "completion": completion, "event_id": records[0]["event_id"],
        "action": "money.endless", "status_code": 200, "response_bytes": {"$more": 2}});
    assert_record(&records[2], &end);
}

/// So does a stream that breaks.
pub fn broken(start: Start) {
    let (journal, address) = started(start, |builder| builder);
    // Some frameworks end it as if it were whole.
    drop(ask(address, "GET", "/broken", &[], "").answer());
    let records = journal.settled();
    assert_eq!(records.len(), 3, "{records:?}");
    let end = json!({"phase": "end", "completion": "aborted", "error": {"$some": true}, "response_bytes": 6});
    assert_record(&records[2], &end);
}

/// A handler that panics has its final; where the framework answers, that says its status.
pub fn panics(start: Start) {
    let (journal, address) = started(start, |builder| builder);
    let answer = ask(address, "GET", "/panics", &[], "").answer();
    let records = journal.settled();
    assert_eq!(records.len(), 2, "{records:?}");
    let status = answer.map(|answer| answer.status);
    let expected = json!({"phase": "final", "completion": "panicked", "outcome": "failed", "status_code": status});
    assert_record(&records[1], &expected);
}

/// Without word of the journal the handler does not run.
pub fn refused(start: Start) {
    let (journal, address) = started(start, |builder| builder);
    journal.break_down();
    let answer = ask(address, "GET", "/never", &[], "").answer().expect("an answer");
    assert_eq!(answer.status, 503);
    assert_did_not_run();
    assert!(!journal.auditor.health().is_healthy(), "a promise cannot be kept");
}

/// A handler of this action is not known before it runs, and does not run.
pub fn not_known(start: Start, path: &str, action: &str) {
    let (journal, address) = started(start, |builder| builder);
    let answer = ask(address, "GET", path, &[], "").answer().expect("an answer");
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("audit-id"), None);
    assert_did_not_run();
    let records = journal.settled();
    assert_eq!(records.len(), 1, "{records:?}");
    let expected = json!({"phase": "final", "status_code": 503, "completion": "completed", "outcome": "failed",
        "action": action, "reason": "asks for strict delivery, but was not known before it ran"});
    assert_record(&records[0], &expected);
}

/// One that is not known before it runs does not run.
pub fn unwired(start: Start) {
    not_known(start, "/unwired", "money.unwired");
}

/// Nor does one in a task of its own: its request is answered all the same.
pub fn spawned(start: Start) {
    not_known(start, "/spawned", "money.spawned");
}

/// Nor does one in an executor within a handler, which would wait for ever.
pub fn nested(start: Start) {
    not_known(start, "/nested", "money.nested");
}

/// What a test of this program says for people, when it runs in a process of its own.
#[must_use]
pub fn said_by(test: &str) -> String {
    let this = std::env::current_exe().expect("a test has a file");
    let run = std::process::Command::new(this).args(["--exact", test, "--nocapture"]).output();
    let output = run.expect("the test starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let stderr = String::from_utf8_lossy(&output.stderr);
    stderr.lines().filter(|line| line.starts_with("audit:")).map(|line| format!("{line}\n")).collect()
}

//! What a health check is told, and a writer's thread that dies.

mod support;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use audit_core::testing::MemorySink;
use audit_core::{Auditor, Line, Output, Problem, Sink, WriteError};
use support::{Act, Puppet, auditor, figures, wait_until};

fn record(auditor: &Auditor) {
    auditor.event("job.done").record();
}

#[test]
fn a_sink_that_fails_is_told_until_it_works_again() {
    let sink = Puppet::new("log").always(Act::Fail(0));
    let auditor = auditor(&sink, |builder| builder);
    assert!(auditor.health().is_healthy());
    record(&auditor);
    wait_until("the sink has failed", || figures(&auditor, "log").failed == 1);
    wait_until("nobody could be told", || figures(&auditor, "log").gap_owed == 1);
    let health = auditor.health();
    assert!(!health.is_healthy());
    let said = health.to_string();
    assert!(said.contains("sink log fails: ") && said.contains("misses 1 records and cannot say so yet"), "{said}");
    // By itself, without another record: the gap is told as soon as it can be.
    sink.set_always(Act::Take);
    wait_until("it is healthy again", || auditor.health().is_healthy());
    assert_eq!(sink.gaps().len(), 1);
}

#[test]
fn a_full_queue_and_what_waits_are_told() {
    let sink = Puppet::new("log").always(Act::Block);
    let auditor = auditor(&sink, |builder| builder.queue_bytes(64 * 1024).max_line_bytes(4096));
    record(&auditor);
    sink.wait_blocked();
    wait_until("it has waited for a while", || figures(&auditor, "log").lag_ms > 0);
    assert!(auditor.health().is_healthy(), "{}", auditor.health());
    while figures(&auditor, "log").dropped == 0 {
        record(&auditor);
    }
    // What is dropped did not fit; what fits less is still taken, up to the bound.
    assert!(!auditor.health().is_healthy());
    assert!(auditor.health().problems.iter().any(|problem| matches!(problem, Problem::GapOwed { .. })));
    sink.release();
    wait_until("all is written", || figures(&auditor, "log").queued == 0 && auditor.health().is_healthy());
    assert_eq!(figures(&auditor, "log").lag_ms, 0);
    let _report = auditor.shutdown(support::PATIENCE);
    assert_eq!(auditor.health().problems, [Problem::ShutDown]);
    assert!(!auditor.health().is_healthy());
}

#[test]
fn a_file_that_cannot_be_opened_is_told_for_ever() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = folder.path().join("missing/audit.jsonl");
    let auditor = Auditor::builder().output(Output::File(missing)).build().expect("it falls back");
    assert_eq!(auditor.health().problems, [Problem::FellBack]);
}

#[test]
fn a_follower_that_is_behind_breaks_no_promise() {
    let folder = tempfile::tempdir().expect("a folder");
    let sink = Puppet::new("store").always(Act::Fail(0));
    let builder = Auditor::builder().output(Output::File(folder.path().join("audit.jsonl")));
    let auditor = builder.sink(sink.clone()).build().expect("the settings are good");
    record(&auditor);
    wait_until("the follower has failed", || !auditor.health().problems.is_empty());
    let health = auditor.health();
    assert!(health.is_healthy(), "{health}");
    assert!(health.to_string().starts_with("healthy, but sink store is 1 records behind the journal: "), "{health}");
    let stats = figures(&auditor, "store");
    assert!(stats.follows_journal && stats.failing && stats.queued == 1, "{stats:?}");
    sink.set_always(Act::Take);
    wait_until("it has caught up", || figures(&auditor, "store").written == 1 && auditor.health().problems.is_empty());
    assert_eq!(sink.records()[0]["seq"], 1);
    let report = auditor.shutdown(support::PATIENCE);
    assert!(report.in_time && report.lost() == 0, "{report}");
}

/// An error whose text panics: the thread that feeds the sink dies of it, outside the sink's own calls.
#[derive(Debug)]
struct Bomb;

impl fmt::Display for Bomb {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("as asked")
    }
}

impl std::error::Error for Bomb {}

struct Deadly {
    inner: MemorySink,
    kills: Arc<AtomicBool>,
}

impl Sink for Deadly {
    fn name(&self) -> &str {
        "deadly"
    }

    fn write(&mut self, batch: &[Line]) -> Result<(), WriteError> {
        if self.kills.swap(false, Ordering::SeqCst) {
            return Err(WriteError::new(0, Bomb));
        }
        self.inner.write(batch)
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        self.inner.flush()
    }

    fn shutdown(&mut self) -> Result<(), WriteError> {
        self.inner.shutdown()
    }
}

#[test]
fn a_writer_thread_that_dies_is_started_anew() {
    let (inner, kills) = (MemorySink::new(), Arc::new(AtomicBool::new(true)));
    let sink = Deadly { inner: inner.clone(), kills };
    let auditor = Auditor::builder().output(Output::None).sink(sink).build().expect("the settings are good");
    record(&auditor);
    wait_until("it died", || figures(&auditor, "deadly").restarts == 1);
    // What it had in hand is lost, which is counted and told.
    wait_until("the gap is told", || inner.records().iter().any(|record| record["action"] == "audit.gap"));
    record(&auditor);
    wait_until("it goes on", || inner.records().iter().any(|record| record["action"] == "job.done"));
    let stats = figures(&auditor, "deadly");
    assert_eq!((stats.failed, stats.gap_owed), (1, 0));
    assert!(auditor.shutdown(support::PATIENCE).in_time);
}

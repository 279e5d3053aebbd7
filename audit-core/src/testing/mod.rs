//! For tests, this project's and yours: a sink that keeps records in memory, and what to ask of it.
//!
//! ```
//! use audit_core::testing::MemorySink;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sink = MemorySink::new();
//! let auditor = audit_core::Auditor::builder().output(audit_core::Output::None).sink(sink.clone()).build()?;
//! auditor.event("job.cleanup").data("password", "hunter2").record();
//! auditor.shutdown(std::time::Duration::from_secs(5));
//! let record = sink.only();
//! assert_eq!(record["action"], "job.cleanup");
//! assert_eq!(record["data"]["password"], "[FILTERED]");
//! sink.assert_no_leak("hunter2");
//! # Ok(()) }
//! ```

mod followed;
mod no_leak;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

pub use followed::FollowedJournal;
pub use no_leak::{assert_no_leak, assert_no_leak_in};

use crate::record::Line;
use crate::sink::{Sink, WriteError};

/// How long the waiting methods wait before they fail.
const PATIENCE: Duration = Duration::from_secs(20);

/// A sink that keeps every record in memory. Clones share the records.
#[derive(Debug, Clone, Default)]
pub struct MemorySink(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    lines: Mutex<Vec<Line>>,
    changed: Condvar,
}

impl MemorySink {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Line>> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every line so far, in order.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        self.lock().clone()
    }

    /// Every record so far, in order.
    #[must_use]
    pub fn records(&self) -> Vec<Value> {
        self.lock().iter().map(parse).collect()
    }

    /// Waits until there are at least `count` records, and gives all of them.
    ///
    /// # Panics
    /// When they do not come within 20 seconds.
    #[track_caller]
    #[must_use]
    pub fn wait_for(&self, count: usize) -> Vec<Value> {
        let deadline = Instant::now() + PATIENCE;
        let mut lines = self.lock();
        while lines.len() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "expected {count} records, there are {}: {:#?}", lines.len(), texts(&lines));
            lines = self.0.changed.wait_timeout(lines, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        lines.iter().map(parse).collect()
    }

    /// Waits for the one record that there is to be.
    ///
    /// # Panics
    /// When none comes within 20 seconds, or there are more.
    #[track_caller]
    #[must_use]
    pub fn only(&self) -> Value {
        let mut records = self.wait_for(1);
        assert_eq!(records.len(), 1, "expected one record: {records:#?}");
        records.remove(0)
    }

    /// Forgets every record so far.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// As [`assert_no_leak`].
    ///
    /// # Panics
    /// As [`assert_no_leak`].
    #[track_caller]
    pub fn assert_no_leak(&self, secret: &str) {
        assert_no_leak(self, secret);
    }
}

fn parse(line: &Line) -> Value {
    serde_json::from_str(line.json()).unwrap_or_else(|error| panic!("a record is not JSON ({error}): {}", line.json()))
}

fn texts(lines: &[Line]) -> Vec<&str> {
    lines.iter().map(Line::json).collect()
}

impl Sink for MemorySink {
    fn name(&self) -> &str {
        "memory"
    }

    fn write(&mut self, batch: &[Line]) -> Result<(), WriteError> {
        self.lock().extend_from_slice(batch);
        self.0.changed.notify_all();
        Ok(())
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        Ok(())
    }

    fn shutdown(&mut self) -> Result<(), WriteError> {
        Ok(())
    }
}

/// Asserts that a record has the given members; `null` asks for their absence.
///
/// ```
/// let record = serde_json::json!({"user": "admin", "status_code": 200});
/// audit_core::testing::assert_record(&record, serde_json::json!({"user": "admin", "ip_address": null}));
/// ```
///
/// # Panics
/// When a member differs.
#[track_caller]
pub fn assert_record(record: &Value, expected: Value) {
    let Value::Object(expected) = expected else { panic!("expected members must be an object") };
    for (key, value) in expected {
        let actual = record.get(&key).unwrap_or(&Value::Null);
        assert_eq!(*actual, value, "member {key:?} of {record:#}");
    }
}

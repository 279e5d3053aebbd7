//! Records that were lost, and the record that tells it: a sink that is stuck while more comes than its queue holds.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use audit_actix::{Sink, WriteError};
use audit_core::testing::MemorySink;

use super::service::auditor;

/// Passes on to memory once it is opened.
struct Gated {
    open: Arc<(Mutex<bool>, Condvar)>,
    memory: MemorySink,
}

impl Sink for Gated {
    fn name(&self) -> &str {
        "gated"
    }

    fn write(&mut self, batch: &[audit_core::Line]) -> Result<(), WriteError> {
        let (open, changed) = &*self.open;
        let is_open = open.lock().unwrap_or_else(PoisonError::into_inner);
        drop(changed.wait_while(is_open, |open| !*open).unwrap_or_else(PoisonError::into_inner));
        self.memory.write(batch)
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        Ok(())
    }

    fn shutdown(&mut self) -> Result<(), WriteError> {
        Ok(())
    }
}

/// The lines about what was lost, and none of those that were written.
pub(crate) fn lines() -> Vec<String> {
    let open = Arc::new((Mutex::new(false), Condvar::new()));
    let memory = MemorySink::new();
    let sink = Gated { open: Arc::clone(&open), memory: memory.clone() };
    let settings = [("AUDIT_DELIVERY", "best_effort"), ("AUDIT_QUEUE_BYTES", "262144")];
    let auditor = auditor("geo-layers", "production", &settings, sink);
    let deadline = Instant::now() + Duration::from_secs(20);
    while auditor.stats().sinks.iter().all(|sink| sink.dropped < 3) {
        assert!(Instant::now() < deadline, "the queue never fills");
        auditor.event("job.cleanup").data("text", "x".repeat(8_000)).record();
    }
    *open.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
    open.1.notify_all();
    let report = auditor.shutdown(Duration::from_secs(20));
    assert!(report.in_time, "{report}");
    let lines = memory.lines();
    lines.iter().map(|line| line.json().trim_end().to_owned()).filter(|line| line.contains("\"audit.gap\"")).collect()
}

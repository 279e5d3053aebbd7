//! From an encoded record to the sinks.
//!
//! - Every sink has a queue bounded by `AUDIT_QUEUE_BYTES` and a thread of its own; none waits for another.
//! - Handing a record over never waits. What does not fit is dropped, counted, and told by an `audit.gap` record.
//! - Admission waits for the first sink, the log (without a log, the first that was added). The others drop when full.
//! - A kill of the process loses what is queued: at most the bound, plus a line for each request in flight.

mod admission;
mod channel;
mod stats;
mod worker;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) use admission::Admission;
use admission::Gate;
use channel::Channel;
pub use stats::{ShutdownReport, SinkStats, Stats};

use crate::record::{Encoder, Line};
use crate::sink::Sink;
use crate::vocabulary::Delivery as DeliveryKind;

/// What was not recorded, as an `audit.gap` record tells it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gap {
    pub(crate) count: u64,
    pub(crate) from: jiff::Timestamp,
    pub(crate) until: jiff::Timestamp,
}

/// The queues and threads of one auditor.
pub(crate) struct Delivery {
    channels: Vec<Arc<Channel>>,
    gate: Option<Arc<Gate>>,
    queue_timeout: Duration,
}

impl Delivery {
    /// Starts a thread for each sink; the first sink is the one that admission waits for.
    pub(crate) fn start(
        sinks: Vec<Box<dyn Sink>>,
        encoder: &Arc<Encoder>,
        queue_bytes: usize,
        queue_timeout: Duration,
    ) -> std::io::Result<Self> {
        let mut channels = Vec::with_capacity(sinks.len());
        let mut gate = None;
        for sink in sinks {
            let gate_of_first = channels.is_empty().then(|| Gate::new(queue_bytes));
            let channel = Arc::new(Channel::new(sink.name().to_owned(), queue_bytes, gate_of_first.clone()));
            worker::spawn(Arc::clone(&channel), sink, Arc::clone(encoder))?;
            gate = gate.or(gate_of_first);
            channels.push(channel);
        }
        Ok(Self { channels, gate, queue_timeout })
    }

    /// What a request that asks for `delivery` has to wait for.
    pub(crate) fn admission(&self, delivery: DeliveryKind) -> Admission {
        match (&self.gate, delivery) {
            (Some(gate), DeliveryKind::Buffered | DeliveryKind::Strict) => Admission::ask(gate, self.queue_timeout),
            _ => Admission::not_asked(),
        }
    }

    /// Hands a record over.
    pub(crate) fn submit(&self, line: &Line, may_overdraw: bool) {
        for channel in &self.channels {
            channel.offer(line.clone(), may_overdraw);
        }
    }

    /// A consistent snapshot of every sink.
    pub(crate) fn stats(&self) -> Vec<SinkStats> {
        self.channels.iter().map(|channel| channel.stats()).collect()
    }

    /// Nobody waits for room any more.
    pub(crate) fn stop_admission(&self) {
        if let Some(gate) = &self.gate {
            gate.close();
        }
    }

    /// Lets every sink finish what it has, at most until `deadline`.
    pub(crate) fn shutdown(&self, deadline: Instant) -> ShutdownReport {
        for channel in &self.channels {
            channel.close();
        }
        let finished: Vec<bool> = self.channels.iter().map(|channel| channel.wait_closed(deadline)).collect();
        ShutdownReport::new(self.stats(), finished.into_iter().all(|finished| finished))
    }
}

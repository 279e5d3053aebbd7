//! From an encoded record to the sinks.
//!
//! - Every sink has a queue bounded by `AUDIT_QUEUE_BYTES` and a thread of its own; none waits for another.
//! - Handing a record over never waits. What does not fit is dropped, counted, and told by an `audit.gap` record.
//! - Admission waits for the first sink, the log (without a log, the first that was added). The others drop when full.
//! - Where the log is a journal, the other sinks have no queue: they follow it, and lose nothing that it holds.
//! - A kill of the process loses what is queued: at most the bound, plus a line for each request in flight. Of strict
//!   exchanges nothing is lost that was acknowledged: they wait for a [`Receipt`], which the journal's worker confirms
//!   once a batch is on the disk (group commit).

mod admission;
mod batch;
mod channel;
mod deadlines;
mod follower;
mod health;
#[cfg(feature = "metrics")]
pub(crate) mod metrics;
mod receipt;
mod stats;
mod trouble;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) use admission::Admission;
use admission::Gate;
pub(crate) use batch::Batch;
use batch::Records;
use channel::Channel;
use deadlines::Deadlines;
pub(crate) use follower::Follower;
#[cfg(feature = "testing")]
pub(crate) use follower::position_of;
pub use health::{Health, Problem};
pub(crate) use receipt::{Receipt, Unrecorded};
pub use stats::{ShutdownReport, SinkStats, Stats};
pub(crate) use worker::{Unsynced, Writer};

use crate::journal::Journal;
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

/// Where records go first.
pub(crate) enum Log {
    Stream(Box<dyn Writer>),
    /// The journal and its path: the sinks follow it.
    Journal(Box<Journal>, PathBuf),
}

/// The queues and threads of one auditor.
pub(crate) struct Delivery {
    channels: Vec<Arc<Channel>>,
    followers: Vec<Follower>,
    gate: Option<Arc<Gate>>,
    queue_timeout: Duration,
    /// For those who wait for word of the journal.
    deadlines: Arc<Deadlines>,
}

impl Delivery {
    /// Starts a thread for each sink. The log, or without one the first sink, is the one that admission waits for.
    pub(crate) fn start(
        log: Option<Log>,
        sinks: Vec<Box<dyn Sink>>,
        encoder: &Arc<Encoder>,
        queue_bytes: usize,
        queue_timeout: Duration,
    ) -> std::io::Result<Self> {
        let (mut writers, mut followers): (Vec<Box<dyn Writer>>, _) = (Vec::new(), Vec::new());
        match log {
            Some(Log::Journal(mut journal, path)) => {
                let sinks: Vec<_> =
                    sinks.into_iter().map(|sink| (follower::position_of(&path, sink.name()), sink)).collect();
                for (position, _) in &sinks {
                    journal.continue_after(position.seq());
                }
                // Before anything is written, or deleted, that they have not taken.
                for (position, sink) in sinks {
                    followers.push(Follower::spawn(sink, position, path.clone(), Arc::clone(journal.head()))?);
                }
                writers.push(journal);
            }
            log => {
                let stream = log.and_then(|log| if let Log::Stream(stream) = log { Some(stream) } else { None });
                writers.extend(stream);
                writers.extend(sinks.into_iter().map(|sink| -> Box<dyn Writer> { Box::new(Unsynced(sink)) }));
            }
        }
        let mut channels = Vec::with_capacity(writers.len());
        let mut gate = None;
        for writer in writers {
            let gate_of_first = channels.is_empty().then(|| Gate::new(queue_bytes));
            let channel = Arc::new(Channel::new(
                writer.name().to_owned(),
                Records::new(writer.takes_bytes()),
                queue_bytes,
                gate_of_first.clone(),
            ));
            worker::spawn(Arc::clone(&channel), writer, Arc::clone(encoder))?;
            gate = gate.or(gate_of_first);
            channels.push(channel);
        }
        Ok(Self { channels, followers, gate, queue_timeout, deadlines: Deadlines::new() })
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
            channel.offer(line, may_overdraw, None);
        }
    }

    /// Hands a record over to the log, which is a journal, and asks for word of it.
    pub(crate) fn submit_strictly(&self, line: &Line) -> Receipt {
        let (confirm, receipt) = Receipt::new(&self.deadlines, self.queue_timeout);
        let mut confirm = Some(confirm);
        for channel in &self.channels {
            channel.offer(line, true, confirm.take());
        }
        receipt
    }

    /// Asks the log to take up the file that stands at its path.
    pub(crate) fn reopen(&self) {
        self.channels.first().into_iter().for_each(|log| log.reopen());
    }

    /// A consistent snapshot of every sink.
    pub(crate) fn stats(&self) -> Vec<SinkStats> {
        self.channels.iter().map(|channel| channel.stats()).chain(self.followers.iter().map(Follower::stats)).collect()
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
        self.followers.iter().for_each(|follower| follower.close(deadline));
        let written: Vec<bool> = self.channels.iter().map(|channel| channel.wait_closed(deadline)).collect();
        let followed: Vec<bool> = self.followers.iter().map(|follower| follower.wait_closed(deadline)).collect();
        ShutdownReport::new(self.stats(), written.into_iter().chain(followed).all(|finished| finished))
    }
}

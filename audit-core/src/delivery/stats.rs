//! What became of the records, in numbers.

use std::fmt;

use serde::Serialize;

/// One sink's share. At every moment `accepted = written + dropped + failed + queued`.
///
/// A sink that follows a journal is fed from it: what is `queued` stands there, and is no loss if the process ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SinkStats {
    /// The sink's name; the log's is `stdout` or `file`.
    pub name: String,
    /// Records offered to the sink since the start. Of a follower: those of the journal from where it began to the end;
    /// one that it asked for again counts again.
    pub accepted: u64,
    /// Records that the sink took.
    pub written: u64,
    /// Records refused because the queue was full, or that came after the shutdown. Of a follower: those that were
    /// deleted from the journal before it took them.
    pub dropped: u64,
    /// Records that the sink was given and did not take. Of a follower: those that it said it will never take, and those
    /// that could not be read.
    pub failed: u64,
    /// Records waiting, or being written now.
    pub queued: u64,
    /// Bytes of the records that are queued. Of a follower: of those that it is being given.
    pub queued_bytes: u64,
    /// How long the oldest of those that are queued has waited, in milliseconds; 0 when none is.
    pub lag_ms: u64,
    /// Whether the sink follows the journal: then `accepted` are the journal's records from where it began, and what is
    /// `queued` stands in the journal and is no loss, whenever this process ends.
    pub follows_journal: bool,
    /// How often the sink's thread died of a panic and was started anew.
    pub restarts: u64,
    /// Whether the last thing that was tried failed.
    pub failing: bool,
    /// Records that are missing and of which no `audit.gap` record tells yet.
    pub gap_owed: u64,
    /// When the journal last had word that all it had written is on disk; `None` for other sinks, and before the first
    /// time.
    #[serde(serialize_with = "time")]
    pub last_sync: Option<jiff::Timestamp>,
    /// What went wrong last.
    pub last_error: Option<String>,
}

/// A point in time as records write it.
fn time<S: serde::Serializer>(time: &Option<jiff::Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.collect_str(&format_args!("{time:.6}")),
        None => serializer.serialize_none(),
    }
}

/// Milliseconds since then; 0 without one.
pub(super) fn lag_ms(since: Option<std::time::Instant>) -> u64 {
    since.map_or(0, |since| u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX))
}

impl SinkStats {
    /// Records that this sink does not have and never will: dropped or failed.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.dropped + self.failed
    }
}

/// An auditor's figures since its start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Each sink's figures, the log first.
    pub sinks: Vec<SinkStats>,
    /// Exchanges that are open now.
    pub open: u64,
    /// Facts that were added after their event had ended.
    pub late: u64,
    /// Events that had nowhere to go in this process: annotated functions run outside any exchange while no auditor
    /// was installed.
    pub nowhere: u64,
    /// Whether the configured file could not be opened and the log goes to stdout instead.
    pub fell_back_to_stdout: bool,
}

impl Stats {
    /// The figures of the sink of this name.
    #[must_use]
    pub fn sink(&self, name: &str) -> Option<&SinkStats> {
        self.sinks.iter().find(|sink| sink.name == name)
    }
}

/// What a shutdown came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Each sink's final figures; what is still `queued` was not written in time. What a follower of the journal has not
    /// taken stands in the journal.
    pub sinks: Vec<SinkStats>,
    /// Whether every sink finished before the deadline.
    pub in_time: bool,
}

impl ShutdownReport {
    pub(crate) fn new(sinks: Vec<SinkStats>, in_time: bool) -> Self {
        Self { sinks, in_time }
    }

    /// Records that some sink lost, or had not written when the deadline passed: summed over the sinks.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.sinks.iter().map(|sink| sink.lost() + if sink.follows_journal { 0 } else { sink.queued }).sum()
    }
}

impl fmt::Display for ShutdownReport {
    /// One line: what each sink wrote and lost.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, sink) in self.sinks.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{}: {} written, {} lost", sink.name, sink.written, sink.lost())?;
            if sink.queued > 0 {
                let where_to = if sink.follows_journal { "left in the journal" } else { "not written in time" };
                write!(f, ", {} {where_to}", sink.queued)?;
            }
        }
        if self.sinks.is_empty() {
            f.write_str("nothing to write")?;
        }
        Ok(())
    }
}

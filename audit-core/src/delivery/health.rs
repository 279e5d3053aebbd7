//! Whether an auditor keeps what it promises, as a probe asks it.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::delivery::{SinkStats, Stats};

/// However short a request waits, so long a sink may take.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);

/// What an auditor would tell a health check. Healthy means that what is recorded now is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Health {
    /// What is wrong, the worst first; empty when nothing is.
    pub problems: Vec<Problem>,
}

impl Health {
    /// Whether every promise is kept: nothing is wrong, or only a follower of the journal is behind, which loses nothing.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.problems.iter().all(|problem| !problem.breaks_promise())
    }

    /// From a snapshot of the figures, with the bound of each queue and how long a request waits.
    pub(crate) fn of(stats: &Stats, bounds: (usize, Duration), is_closing: bool) -> Self {
        let mut problems = Vec::new();
        if is_closing {
            problems.push(Problem::ShutDown);
        }
        if stats.fell_back_to_stdout {
            problems.push(Problem::FellBack);
        }
        for sink in &stats.sinks {
            Self::look_at(sink, bounds, &mut problems);
        }
        problems.sort_by_key(|problem| !problem.breaks_promise());
        Self { problems }
    }

    fn look_at(stats: &SinkStats, (queue_bytes, patience): (usize, Duration), problems: &mut Vec<Problem>) {
        let sink = || stats.name.clone();
        let is_stuck = Duration::from_millis(stats.lag_ms) > patience.max(LEAST_PATIENCE);
        if is_stuck && !stats.follows_journal {
            problems.push(Problem::Stuck { sink: sink(), ms: stats.lag_ms });
        }
        if stats.failing || (is_stuck && stats.follows_journal) {
            let error = stats.last_error.clone().unwrap_or_else(|| format!("for {} ms", stats.lag_ms));
            problems.push(if stats.follows_journal {
                Problem::Behind { sink: sink(), records: stats.queued, error }
            } else {
                Problem::Failing { sink: sink(), error }
            });
        }
        if stats.gap_owed > 0 {
            problems.push(Problem::GapOwed { sink: sink(), records: stats.gap_owed });
        }
        if !stats.follows_journal && stats.queued_bytes >= queue_bytes as u64 {
            problems.push(Problem::Full { sink: sink(), bytes: stats.queued_bytes });
        }
    }
}

impl fmt::Display for Health {
    /// `healthy`, or one line with all that is wrong.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.problems.is_empty() {
            return f.write_str("healthy");
        }
        f.write_str(if self.is_healthy() { "healthy, but " } else { "" })?;
        for (index, problem) in self.problems.iter().enumerate() {
            write!(f, "{}{problem}", if index > 0 { "; " } else { "" })?;
        }
        Ok(())
    }
}

/// Something that is wrong now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Problem {
    /// The auditor was shut down: what comes now is dropped.
    ShutDown,
    /// The configured file could not be opened as the auditor started, and records go to stdout.
    FellBack,
    /// The last thing that the sink was given it did not take.
    Failing {
        /// The sink.
        sink: String,
        /// Why not.
        error: String,
    },
    /// The sink has not answered for longer than a request waits.
    Stuck {
        /// The sink.
        sink: String,
        /// For how long, in milliseconds.
        ms: u64,
    },
    /// Records are missing, and the record that says so could not be written yet.
    GapOwed {
        /// The sink.
        sink: String,
        /// How many records are missing.
        records: u64,
    },
    /// The queue is full: records are dropped or requests wait.
    Full {
        /// The sink.
        sink: String,
        /// How much is queued.
        bytes: u64,
    },
    /// A follower of the journal does not get on. The journal has what it is to take.
    Behind {
        /// The sink.
        sink: String,
        /// How many records it has still to take.
        records: u64,
        /// Why it does not get on.
        error: String,
    },
}

impl Problem {
    /// Whether something is lost, or would be.
    #[must_use]
    pub const fn breaks_promise(&self) -> bool {
        !matches!(self, Self::Behind { .. })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShutDown => f.write_str("the auditor was shut down"),
            Self::FellBack => f.write_str("the audit file could not be opened, and records go to stdout"),
            Self::Failing { sink, error } => write!(f, "sink {sink} fails: {error}"),
            Self::Stuck { sink, ms } => write!(f, "sink {sink} has not answered for {ms} ms"),
            Self::GapOwed { sink, records } => write!(f, "sink {sink} misses {records} records and cannot say so yet"),
            Self::Full { sink, bytes } => write!(f, "the queue of sink {sink} is full with {bytes} bytes"),
            Self::Behind { sink, records, error } => {
                write!(f, "sink {sink} is {records} records behind the journal: {error}")
            }
        }
    }
}

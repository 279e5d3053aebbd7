//! Where records go.
//!
//! Every sink has a queue, bounded in bytes, and a thread of its own. A sink that is slow, stuck, failing or
//! panicking costs its own records (counted in [`Stats`](crate::Stats)) and touches no other sink. A batch holds
//! lines in the order in which they were accepted.
//!
//! - Without a journal, a line is offered to a sink at most once: what it does not take is lost and counted.
//! - With a journal, a sink **follows** it: what it does not take is offered again until it does, also after a restart.
//!   A line may then come more than once; a sink that must not have it twice drops repeats by `event_id` and `phase`.

mod lines;

use std::error::Error;

pub use crate::record::{Field, Line};
pub(crate) use lines::LineStream;

/// What a burst may leave allocated in one buffer on the way to a sink, in bytes.
pub(crate) const KEPT: usize = 1 << 20;

/// Takes batches of encoded records. Called from one thread only.
pub trait Sink: Send + 'static {
    /// What statistics and messages call this sink; no two sinks of an auditor share a name.
    fn name(&self) -> &str;

    /// Writes a batch, in order. `Ok` says that every line of it was taken.
    ///
    /// # Errors
    /// When some lines were not taken. Without a journal they count as failed and are not offered again; a follower of a
    /// journal is offered them again after a pause. A line that it will never take, such as one that is too long for it,
    /// is told by [`WriteError::rejected`]: it counts as failed, and the lines behind it are offered.
    fn write(&mut self, batch: &[Line]) -> Result<(), WriteError>;

    /// Hands everything written so far to the operating system or the peer.
    ///
    /// # Errors
    /// When that was not possible.
    fn flush(&mut self) -> Result<(), WriteError>;

    /// Called once, after the last batch.
    ///
    /// # Errors
    /// When something that `write` accepted is lost after all.
    fn shutdown(&mut self) -> Result<(), WriteError>;

    /// Up to which `seq` of its journal it has everything, if it keeps that itself, together with the records: 0 if it
    /// has nothing. It is asked before the first batch and after each failed one; its word wins over the position that is
    /// kept beside the journal, which is what counts for a sink that says `None`.
    ///
    /// `follower` is a UUID that tells this sink's place in this journal from the places of others, and stays the same as
    /// long as the position file does.
    ///
    /// # Errors
    /// When it cannot tell now: it is asked again after a pause, and offered nothing before.
    #[expect(unused_variables, reason = "the names are for those who implement it")]
    fn resume_after(&mut self, follower: &str) -> Result<Option<u64>, WriteError> {
        Ok(None)
    }
}

/// Why a sink did not take a whole batch.
#[derive(Debug, thiserror::Error)]
#[error("wrote {written} records of the batch, then failed")]
pub struct WriteError {
    /// How many lines, from the batch's start, were taken all the same.
    pub written: usize,
    /// What went wrong.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
    is_rejected: bool,
}

impl WriteError {
    /// An error after the first `written` lines of the batch had been taken.
    pub fn new(written: usize, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { written, source: source.into(), is_rejected: false }
    }

    /// The line behind the first `written` ones will never be taken, whenever it is offered; those behind it were not
    /// tried.
    pub fn rejected(written: usize, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { is_rejected: true, ..Self::new(written, source) }
    }

    /// Whether it was made by [`rejected`](Self::rejected).
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        self.is_rejected
    }

    /// The causes in one line.
    pub(crate) fn causes(&self) -> String {
        chain(&*self.source)
    }
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

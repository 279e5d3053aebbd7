//! Where records go.
//!
//! Every sink has a queue, bounded in bytes, and a thread of its own. A sink that is slow, stuck, failing or
//! panicking costs its own records (counted in [`Stats`](crate::Stats)) and touches no other sink. A batch holds
//! lines in the order in which they were accepted; a line is offered to a sink at most once.

mod lines;

use std::error::Error;

pub use crate::record::{Field, Line};
pub(crate) use lines::LineStream;

/// Takes batches of encoded records. Called from one thread only.
pub trait Sink: Send + 'static {
    /// What statistics and messages call this sink; no two sinks of an auditor share a name.
    fn name(&self) -> &str;

    /// Writes a batch, in order. `Ok` says that every line of it was taken.
    ///
    /// # Errors
    /// When some lines were not taken: they count as failed and are not offered again.
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
}

impl WriteError {
    /// An error after the first `written` lines of the batch had been taken.
    pub fn new(written: usize, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { written, source: source.into() }
    }
}

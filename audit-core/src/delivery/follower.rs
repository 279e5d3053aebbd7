//! A sink that is fed from the journal.
//!
//! - **At least once.** What the sink does not take is offered again, after 50 ms and then ever longer, at most 5 s. Its
//!   position is kept beside the journal and is never ahead of what it took; after a crash it is a tenth of a second
//!   behind, and those records come again.
//! - **Never held up by one record.** A line that the sink rejects for ever counts as failed, and the next is offered.
//! - **Nobody waits for it.** It has one thread and holds one batch; what it has not taken stands in the journal.
//! - **At the end** it goes on until it has taken everything, at most until the deadline. What is left is no loss: it stays
//!   `queued`, and the next start goes on there.

mod shared;
#[cfg(test)]
mod tests;
mod worker;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use self::shared::Shared;
use self::worker::Worker;
use crate::delivery::SinkStats;
use crate::journal::{Head, Position};
use crate::notice;
use crate::sink::Sink;

/// A sink's thread that follows the journal, and its counts.
#[derive(Debug)]
pub(crate) struct Follower(Arc<Shared>);

impl Follower {
    /// Starts following the journal at `path` behind its [position](position_of). `head` is what its writer says of it, once recovery is over and **before the
    /// first record of this run is written**: a position beyond it stands for records that a crash took.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(crate) fn spawn(sink: Box<dyn Sink>, position: Position, path: PathBuf, head: Arc<Head>) -> io::Result<Self> {
        let name = sink.name().to_owned();
        let recovered = head.written();
        let start = position.seq().min(recovered);
        // Before anything is deleted that it needs.
        head.set_taken(&name, start);
        let shared = Arc::new(Shared::new(name, head, start));
        let worker = Worker::new(Arc::clone(&shared), sink, path, position, recovered);
        // The system takes no zero in a thread's name, and the name is the application's.
        let thread = format!("audit-{}", shared.name.replace('\0', ""));
        std::thread::Builder::new().name(thread).spawn(move || worker.run())?;
        Ok(Self(shared))
    }

    /// The sink's figures; `accepted` are the records of the journal from where this follower began.
    pub(crate) fn stats(&self) -> SinkStats {
        self.0.stats()
    }

    /// Lets it take what the journal holds until its writer has ended, at most until `deadline`.
    pub(crate) fn close(&self, deadline: Instant) {
        self.0.lock().deadline = Some(deadline);
        self.0.changed.notify_all();
    }

    /// Waits until its thread has ended, at most until `deadline`; tells whether it has.
    pub(crate) fn wait_closed(&self, deadline: Instant) -> bool {
        let mut state = self.0.lock();
        while !state.closed {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.0.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

/// Where a follower of this name came to before, by its position file; the start for a new one, and for one whose file cannot
/// be used, which is said. The writer's next seq must be above it.
pub(crate) fn position_of(journal: &Path, sink: &str) -> Position {
    let (position, error) = Position::load(journal, sink);
    if let Some(error) = error {
        let file = position.file().display();
        notice::say(format_args!("sink {sink} reads the journal from its start: cannot use {file}: {error}"));
    }
    position
}

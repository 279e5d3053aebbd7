//! tracing-subscriber's JSON lines, written to a file by tracing-appender's thread, none of them dropped.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::LevelFilter;

use crate::scenario::Failed;

/// The process's log. A plain file: tracing-appender's rolling one asks for the time at every line.
pub(crate) struct JsonLog {
    guard: WorkerGuard,
    errors: ErrorCounter,
    ended: Receiver<Infallible>,
}

/// Tells when the thread that owns it has ended, and so has written everything, by being dropped: the guard waits for
/// that at most one second. Costs nothing a line, unlike a count.
struct TellsItsEnd {
    file: File,
    _ended: Sender<Infallible>,
}

impl JsonLog {
    /// Becomes the global subscriber, as in a service: one that is set for a scope costs more.
    pub(crate) fn start(path: &Path) -> Result<Self, Failed> {
        let file = File::create(path).map_err(|source| Failed::Io { what: "open the log", source })?;
        let (sender, ended) = channel();
        let writer = TellsItsEnd { file, _ended: sender };
        let (writer, guard) = NonBlockingBuilder::default().lossy(false).finish(writer);
        let errors = writer.error_counter();
        tracing_subscriber::fmt()
            .json()
            .with_max_level(LevelFilter::INFO)
            .with_writer(writer)
            .try_init()
            .map_err(|error| Failed::Io { what: "start the log", source: io::Error::other(error.to_string()) })?;
        Ok(Self { guard, errors, ended })
    }

    /// Waits until everything is written.
    pub(crate) fn finish(self) -> Result<(), Failed> {
        let Self { guard, errors, ended } = self;
        drop(guard);
        // Nothing is ever sent: this ends when the thread has let go of the writer.
        if let Ok(never) = ended.recv() {
            match never {}
        }
        match errors.dropped_lines() {
            0 => Ok(()),
            lost => Err(Failed::Dropped { lost }),
        }
    }
}

impl Write for TellsItsEnd {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

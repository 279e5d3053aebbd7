//! Stdout, for a reader that may leave early.

use std::io::{self, ErrorKind, StdoutLock, Write as _};

use crate::pretty;

/// What was asked for goes here. When the reader closes it, such as `head`, nothing more is wanted.
#[derive(Debug)]
pub(crate) struct Output {
    stdout: StdoutLock<'static>,
    buffer: Vec<u8>,
    is_closed: bool,
}

impl Output {
    /// What is held before it is written.
    const BUFFER: usize = 64 * 1024;

    pub(crate) fn new() -> Self {
        Self { stdout: io::stdout().lock(), buffer: Vec::new(), is_closed: false }
    }

    /// Whether nobody reads any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed || has_no_reader(&self.stdout)
    }

    /// Writes one record: its exact bytes, or over several lines for people. Tells whether another is wanted.
    ///
    /// # Errors
    /// When it cannot be written, but not because nobody reads.
    pub(crate) fn record(&mut self, json: &str, is_pretty: bool) -> io::Result<bool> {
        if is_pretty {
            self.buffer.append(&mut pretty::indented(json));
        } else {
            self.buffer.extend_from_slice(json.as_bytes());
        }
        self.buffer.push(b'\n');
        if self.buffer.len() >= Self::BUFFER {
            self.flush()?;
        }
        Ok(!self.is_closed)
    }

    /// Writes what is held.
    ///
    /// # Errors
    /// As [`record`](Self::record).
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let buffer = std::mem::take(&mut self.buffer);
        self.write(&buffer)
    }

    /// Writes bytes at once.
    ///
    /// # Errors
    /// As [`record`](Self::record).
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.is_closed {
            return Ok(());
        }
        match self.stdout.write_all(bytes).and_then(|()| self.stdout.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(())
            }
            written => written,
        }
    }
}

/// Whether stdout is a pipe whose reader closed it; a write would say so too, but there may be nothing to write.
#[cfg(unix)]
fn has_no_reader(stdout: &StdoutLock<'_>) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut pipe = [PollFd::new(stdout, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut pipe, Some(&at_once)).is_ok_and(|found| found > 0) && pipe[0].revents().contains(PollFlags::ERR)
}

/// Elsewhere the next write tells.
#[cfg(not(unix))]
fn has_no_reader(_stdout: &StdoutLock<'_>) -> bool {
    false
}

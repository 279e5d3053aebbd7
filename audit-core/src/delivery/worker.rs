//! The thread that feeds one sink.

use std::error::Error as _;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::caught::caught;
use crate::delivery::Gap;
use crate::delivery::channel::{Channel, Work};
use crate::notice::Limited;
use crate::record::{Encoder, Line};
use crate::sink::{Sink, WriteError};

/// At most so many records are given to a sink at once.
const BATCH: usize = 1024;
/// How long to wait before a gap record is tried again while nothing else is written.
const GAP_RETRY: Duration = Duration::from_millis(500);

pub(crate) fn spawn(channel: Arc<Channel>, sink: Box<dyn Sink>, encoder: Arc<Encoder>) -> std::io::Result<()> {
    // The system takes no zero in a thread's name, and the name is the application's.
    let name = format!("audit-{}", channel.name().replace('\0', ""));
    let worker = Worker { channel, sink, encoder, complaints: Limited::new(), gap_failed: None };
    std::thread::Builder::new().name(name).spawn(move || worker.run()).map(drop)
}

struct Worker {
    channel: Arc<Channel>,
    sink: Box<dyn Sink>,
    encoder: Arc<Encoder>,
    complaints: Limited,
    /// When the gap record that is still owed could not be written.
    gap_failed: Option<Instant>,
}

impl Worker {
    fn run(mut self) {
        let mut spare = Vec::new();
        loop {
            let gap_failed = self.gap_failed;
            let gap_due = || GAP_RETRY.checked_sub(gap_failed?.elapsed()).filter(|left| !left.is_zero());
            match self.channel.next_work(spare, gap_due) {
                Work::Batch { mut lines, gap } => {
                    self.tell_gap(gap);
                    for batch in lines.chunks(BATCH) {
                        self.write(batch);
                    }
                    lines.clear();
                    spare = lines;
                }
                Work::Close { gap } => {
                    self.tell_gap(gap);
                    let ended = self.guarded(|sink| sink.flush().and_then(|()| sink.shutdown()));
                    let error = ended.err().map(|(_, error)| error);
                    let Self { channel, sink, .. } = self;
                    // Closed means that the sink let go of its files too.
                    let dropped = caught(|| drop(sink));
                    channel.set_closed(error.or_else(|| dropped.is_none().then(|| "the sink panicked".to_owned())));
                    return;
                }
            }
        }
    }

    /// Writes that records are missing, before any later record.
    fn tell_gap(&mut self, gap: Option<Gap>) {
        let Some(gap) = gap else { return };
        let line = self.encoder.gap(self.channel.name(), gap);
        match self.guarded(|sink| sink.write(std::slice::from_ref(&line))) {
            // As in `write`: a record that was taken is not to be told again because something failed after it.
            Ok(()) => {
                let flushed = self.guarded(|sink| sink.flush());
                self.gap_told(flushed.err().map(|(_, error)| error));
            }
            Err((1.., error)) => self.gap_told(Some(error)),
            Err((0, error)) => {
                self.gap_failed = Some(Instant::now());
                self.channel.gap_owed(gap, error);
            }
        }
    }

    fn gap_told(&mut self, error: Option<String>) {
        self.gap_failed = None;
        self.channel.gap_told(error);
    }

    fn write(&mut self, batch: &[Line]) {
        let taken = match self.guarded(|sink| sink.write(batch)) {
            Ok(()) => batch.len(),
            Err((written, error)) => {
                let written = written.min(batch.len());
                let lost = batch.len() - written;
                self.complaints.say(format_args!("sink {} lost {lost} records: {error}", self.channel.name()));
                self.account(batch, written, Some(error));
                return;
            }
        };
        // A flush that fails says nothing of single records: they were taken, and the error is kept visible.
        let flushed = self.guarded(|sink| sink.flush());
        self.account(batch, taken, flushed.err().map(|(_, error)| error));
    }

    fn account(&self, batch: &[Line], written: usize, error: Option<String>) {
        let bytes = batch.iter().map(|line| line.bytes().len()).sum();
        let failed = batch.len() - written;
        self.channel.account(written as u64, failed as u64, bytes, error);
    }

    /// Calls the sink; a panic of it is an error like any other, after which nothing of the batch counts as taken.
    fn guarded(&mut self, call: impl FnOnce(&mut dyn Sink) -> Result<(), WriteError>) -> Result<(), (usize, String)> {
        match caught(|| call(&mut *self.sink)) {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err((error.written, chain(&error))),
            None => Err((0, "the sink panicked".to_owned())),
        }
    }
}

/// The causes of an error in one line.
fn chain(error: &WriteError) -> String {
    let mut text = String::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        let separator = if text.is_empty() { "" } else { ": " };
        write!(text, "{separator}{error}").expect("writing into a string does not fail");
        cause = error.source();
    }
    text
}

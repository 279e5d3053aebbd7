//! The thread that feeds one sink.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::caught::caught;
use crate::delivery::Gap;
use crate::delivery::batch::{Batch, Records};
use crate::delivery::channel::{Channel, Work};
use crate::delivery::receipt::Confirm;
use crate::delivery::trouble::Trouble;
use crate::journal::block_file_size_signal;
use crate::notice::Limited;
use crate::record::Encoder;
use crate::sink::{Sink, WriteError};

/// At most so many records are given to a sink at once.
const BATCH: usize = 1024;
/// How long to wait before a gap record is tried again while nothing else is written.
const GAP_RETRY: Duration = Duration::from_millis(500);

/// What a worker writes to.
pub(crate) trait Writer: Send + 'static {
    /// What statistics and messages call it.
    fn name(&self) -> &str;

    /// Whether it is given no lines, but their bytes.
    fn takes_bytes(&self) -> bool {
        false
    }

    /// Writes a batch, in order; with `sync`, to the disk itself. What failed leaves nothing behind.
    fn write(&mut self, batch: Batch<'_>, sync: bool) -> Result<(), WriteError>;

    /// Hands everything written so far to the operating system or the peer.
    fn flush(&mut self) -> Result<(), WriteError>;

    /// Takes up the file that now stands at its path, if it has one.
    fn reopen(&mut self) -> Result<(), WriteError> {
        Ok(())
    }

    /// How many records of its own it wrote since it was last asked.
    fn take_own(&mut self) -> u64 {
        0
    }

    /// Called once, after the last batch.
    fn shutdown(&mut self) -> Result<(), WriteError>;
}

/// Any sink; of a disk it knows nothing.
pub(crate) struct Unsynced(pub(crate) Box<dyn Sink>);

impl Writer for Unsynced {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn write(&mut self, batch: Batch<'_>, sync: bool) -> Result<(), WriteError> {
        match batch {
            Batch::Lines(batch) if !sync => self.0.write(batch),
            Batch::Lines(_) => Err(WriteError::new(0, std::io::Error::other("it cannot be made to reach the disk"))),
            Batch::Bytes { .. } => Err(WriteError::new(0, std::io::Error::other("it takes lines"))),
        }
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        self.0.flush()
    }

    fn shutdown(&mut self) -> Result<(), WriteError> {
        self.0.shutdown()
    }
}

pub(crate) fn spawn(channel: Arc<Channel>, writer: Box<dyn Writer>, encoder: Arc<Encoder>) -> std::io::Result<()> {
    // The system takes no zero in a thread's name, and the name is the application's.
    let name = format!("audit-{}", channel.name().replace('\0', ""));
    let worker = Worker { channel, writer, encoder, complaints: Limited::new(), gap_failed: None };
    std::thread::Builder::new().name(name).spawn(move || worker.run()).map(drop)
}

struct Worker {
    channel: Arc<Channel>,
    writer: Box<dyn Writer>,
    encoder: Arc<Encoder>,
    complaints: Limited,
    /// When the gap record that is still owed could not be written.
    gap_failed: Option<Instant>,
}

impl Worker {
    /// Feeds the sink to the end. What panics outside the sink's own calls, such as an error's text, costs what was in
    /// hand, and the work goes on.
    fn run(mut self) {
        block_file_size_signal();
        while caught(|| self.feed()).is_none() {
            let text = format!("sink {}: its thread died of a panic and was started anew", self.channel.name());
            self.complaints.say(format_args!("{text}"));
            self.channel.worker_died(text);
        }
        let ended = self.guarded(|writer| writer.flush().and_then(|()| writer.shutdown()));
        let error = ended.err().map(|trouble| trouble.error);
        self.count_own();
        let Self { channel, writer, .. } = self;
        // Closed means that the sink let go of its files too.
        let dropped = caught(|| drop(writer));
        channel.set_closed(error.or_else(|| dropped.is_none().then(|| "the sink panicked".to_owned())));
    }

    fn feed(&mut self) {
        let takes_bytes = self.writer.takes_bytes();
        let mut spare = Records::new(takes_bytes);
        loop {
            let gap_failed = self.gap_failed;
            let gap_due = || GAP_RETRY.checked_sub(gap_failed?.elapsed()).filter(|left| !left.is_zero());
            match self.channel.next_work(spare, gap_due) {
                Work::Batch { mut lines, confirms, gap } => {
                    self.tell_gap(gap);
                    let mut confirms = confirms.into_iter().peekable();
                    for start in (0..lines.len()).step_by(BATCH) {
                        let end = start + BATCH;
                        let waiting = std::iter::from_fn(|| confirms.next_if(|(index, _)| *index < end));
                        let waiting = waiting.map(|(index, confirm)| (index - start, confirm)).collect();
                        self.write(lines.batch().part(start..end), waiting);
                    }
                    lines.clear();
                    spare = lines;
                }
                Work::Reopen => {
                    if let Err(trouble) = self.guarded(|writer| writer.reopen()) {
                        let (name, error) = (self.channel.name(), trouble.error);
                        self.complaints.say(format_args!("sink {name} was not reopened: {error}"));
                    }
                    self.count_own();
                    spare = Records::new(takes_bytes);
                }
                Work::Close { gap } => return self.tell_gap(gap),
            }
        }
    }

    /// Writes that records are missing, before any later record.
    fn tell_gap(&mut self, gap: Option<Gap>) {
        let Some(gap) = gap else { return };
        let line = self.encoder.gap(self.channel.name(), gap);
        let mut records = Records::new(self.writer.takes_bytes());
        records.push(&line);
        // After a failed sync this is tried with another one, so that somebody does also when no request comes.
        let sync = self.channel.fails_to_sync();
        match self.guarded(|writer| writer.write(records.batch(), sync)) {
            // As in `write`: a record that was taken is not to be told again because something failed after it.
            Ok(()) => {
                self.note_sync(sync);
                let flushed = self.guarded(|writer| writer.flush());
                self.gap_told(flushed.err().map(|trouble| trouble.error));
            }
            Err(Trouble { taken: 1.., error, .. }) => self.gap_told(Some(error)),
            Err(Trouble { error, .. }) => {
                self.gap_failed = Some(Instant::now());
                self.channel.gap_owed(gap, error);
            }
        }
    }

    fn gap_told(&mut self, error: Option<String>) {
        self.gap_failed = None;
        self.channel.gap_told(error);
    }

    /// Writes a part of what was queued, and tells who waits for it. If anybody waits, all of it goes to the disk, in one.
    fn write(&mut self, batch: Batch<'_>, waiting: Vec<(usize, Confirm)>) {
        let sync = !waiting.is_empty();
        let written = self.guarded(|writer| writer.write(batch, sync));
        self.count_own();
        let Err(trouble) = written else {
            self.note_sync(sync);
            // A flush that fails says nothing of single records: they were taken, and the error is kept visible.
            let flushed = self.guarded(|writer| writer.flush());
            self.account(batch, batch.len(), flushed.err().map(|trouble| trouble.error));
            return confirm_first(batch.len(), waiting);
        };
        if sync {
            self.channel.not_synced();
        }
        let written = trouble.taken.min(batch.len());
        // One that is rejected for ever is passed over; nobody waits for what such a sink takes.
        let tried = if trouble.is_rejected && !sync { batch.part(0..written + 1) } else { batch };
        let untried = batch.part(tried.len()..batch.len());
        let lost = tried.len() - written;
        self.account(tried, written, Some(trouble.error.clone()));
        // Counted before: who hears of it may ask for the counts. And before stderr, which may be stuck.
        confirm_first(written, waiting);
        self.complaints.say(format_args!("sink {} lost {lost} records: {}", self.channel.name(), trouble.error));
        if !untried.is_empty() {
            self.write(untried, Vec::new());
        }
    }

    /// Something is on the disk, if that was asked for.
    fn note_sync(&self, sync: bool) {
        if sync {
            self.channel.synced(Timestamp::now());
        }
    }

    fn account(&self, batch: Batch<'_>, written: usize, error: Option<String>) {
        let failed = batch.len() - written;
        self.channel.account(written as u64, failed as u64, batch.size(), error);
    }

    fn count_own(&mut self) {
        match self.writer.take_own() {
            0 => {}
            count => self.channel.wrote_own(count),
        }
    }

    /// Calls the sink; see [`Trouble::guard`].
    fn guarded(&mut self, call: impl FnOnce(&mut dyn Writer) -> Result<(), WriteError>) -> Result<(), Trouble> {
        Trouble::guard(WriteError::causes, || call(&mut *self.writer))
    }
}

/// Tells those who wait for one of the first `written` records that it is on disk, and the others that theirs is not.
fn confirm_first(written: usize, waiting: Vec<(usize, Confirm)>) {
    for (index, confirm) in waiting {
        if index < written {
            confirm.recorded();
        }
    }
}

//! A follower's thread: it reads the journal and offers what it finds to its sink.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::shared::Shared;
use crate::caught::caught;
use crate::delivery::trouble::Trouble;
use crate::journal::{Entry, Position, Reader, block_file_size_signal};
use crate::notice::{self, Limited};
use crate::record::Line;
use crate::sink::{Sink, WriteError, chain};

/// At most so many records are given to a sink at once,
const BATCH: usize = 1024;
/// and no more than so many bytes, unless one line is longer.
const BATCH_BYTES: usize = 1024 * 1024;
/// How often the position is saved while records come.
const SAVE_EVERY: Duration = Duration::from_millis(100);
/// How often a follower that has nothing to do looks whether its deadline has passed.
const IDLE: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The deadline has passed.
struct Expired;

pub(super) struct Worker {
    shared: Arc<Shared>,
    sink: Box<dyn Sink>,
    path: PathBuf,
    reader: Reader,
    position: Position,
    /// The last seq that the journal held when this run began.
    recovered: u64,
    saved_at: Instant,
    /// Lines that the reader passed over, as far as they were told.
    passed_over: u64,
    /// Those of them for which no missing seq accounted yet.
    unreadable: u64,
    /// The sink has numbers that the journal gives anew: what it says of where it came to is behind the times, until it
    /// has taken something.
    was_drawn_back: bool,
    /// How long the next pause is.
    pause: Duration,
    complaints: Limited,
}

impl Worker {
    pub(super) fn new(
        shared: Arc<Shared>,
        sink: Box<dyn Sink>,
        path: PathBuf,
        position: Position,
        recovered: u64,
    ) -> Self {
        let reader = Reader::new(path.clone(), position.seq().min(recovered));
        Self {
            shared,
            sink,
            path,
            reader,
            position,
            recovered,
            saved_at: Instant::now(),
            passed_over: 0,
            unreadable: 0,
            was_drawn_back: false,
            pause: FIRST_PAUSE,
            complaints: Limited::new(),
        }
    }

    pub(super) fn run(mut self) {
        block_file_size_signal();
        if let Err(Expired) = self.follow() {
            // What is left stays in the journal, and the figures say how much it is.
        }
        let ended = self.guarded(|sink| sink.flush().and_then(|()| sink.shutdown()));
        // Only now: what it did not flush is to come again.
        match ended {
            Ok(()) => self.save(),
            Err(trouble) => {
                notice::say(format_args!("sink {}: {}", self.shared.name, trouble.error));
                self.shared.note(trouble.error);
            }
        }
        let Self { shared, sink, .. } = self;
        // Closed means that the sink let go of its files too.
        if caught(|| drop(sink)).is_none() {
            shared.note("the sink panicked".to_owned());
        }
        shared.lock().closed = true;
        shared.changed.notify_all();
    }

    fn follow(&mut self) -> Result<(), Expired> {
        self.begin()?;
        loop {
            // In this order: nothing is written any more once it is closed.
            let is_closed = self.shared.head.is_closed();
            let limit = self.shared.head.written();
            let (batch, error) = self.read(limit);
            self.tell_passed_over();
            self.shared.note_progress(batch.is_empty());
            if !batch.is_empty() {
                self.offer(&batch)?;
                self.save_if_due();
            }
            if let Some(error) = error {
                self.save_if_due();
                self.complain(format!("cannot read the journal: {error}"));
                self.wait()?;
            } else if batch.is_empty() && self.reader.after() < limit {
                self.save_if_due();
                let next = self.reader.after() + 1;
                self.complain(format!("cannot find record {next} in the journal, which goes to {limit}"));
                self.wait()?;
            } else if batch.is_empty() {
                if is_closed {
                    return Ok(());
                }
                self.idle()?;
            }
        }
    }

    /// Finds out where to begin.
    fn begin(&mut self) -> Result<(), Expired> {
        let mut start = self.position.seq();
        loop {
            match self.asked() {
                Ok(Some(seq)) => start = seq,
                Ok(None) => {}
                Err(error) => {
                    self.complain(format!("does not say where to go on: {error}"));
                    self.wait()?;
                    continue;
                }
            }
            break;
        }
        let head = self.recovered;
        if start > head {
            // As when the end of the journal was lost with the machine's power, or another was put in its place.
            let name = &self.shared.name;
            notice::say(format_args!("sink {name} came to record {start}, but the journal ends at {head}"));
            start = head;
            self.was_drawn_back = true;
        }
        if start == 0 {
            // What was deleted before it began is none of its records.
            start = self.reader.first_seq().ok().flatten().map_or(0, |first| first - 1);
        }
        let mut state = self.shared.lock();
        (state.start, state.taken) = (start, start);
        drop(state);
        self.reader = Reader::new(self.path.clone(), start);
        self.shared.head.set_taken(&self.shared.name, start);
        Ok(())
    }

    /// What stands in the journal up to `limit`, as much as a batch holds, and what ended it.
    fn read(&mut self, limit: u64) -> (Vec<Entry>, Option<String>) {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH && bytes < BATCH_BYTES {
            if self.reader.after() >= limit && !self.reader.wants_unnumbered() {
                break;
            }
            match self.reader.read_to(limit) {
                Ok(Some(entry)) => {
                    bytes += entry.line.bytes().len();
                    batch.push(entry);
                }
                Ok(None) => break,
                Err(error) => return (batch, Some(chain(&error))),
            }
        }
        self.shared.lock().in_hand = bytes;
        self.reader.forget_ahead();
        (batch, None)
    }

    /// Offers the batch until all of it is accounted for, or the sink says that it wants to go on elsewhere.
    fn offer(&mut self, batch: &[Entry]) -> Result<(), Expired> {
        let lines: Vec<Line> = batch.iter().map(|entry| entry.line.clone()).collect();
        let mut done = 0;
        while let (Some(rest), Some(entries)) = (lines.get(done..), batch.get(done..))
            && !rest.is_empty()
        {
            let trouble = match self.write(rest) {
                Ok(()) => {
                    self.account(entries, entries.len());
                    self.shared.lock().failing = false;
                    self.was_drawn_back = false;
                    self.pause = FIRST_PAUSE;
                    return Ok(());
                }
                Err(trouble) => trouble,
            };
            let (taken, is_rejected) = (trouble.taken, trouble.is_rejected && trouble.taken < rest.len());
            done += taken + usize::from(is_rejected);
            self.account(entries.get(..taken + usize::from(is_rejected)).unwrap_or(entries), taken);
            if taken > 0 || is_rejected {
                self.pause = FIRST_PAUSE;
            }
            if is_rejected {
                self.complain(format!("will never take a record, which is passed over: {}", trouble.error));
            } else if taken == rest.len() {
                self.shared.note(trouble.error);
            } else {
                let left = rest.len() - taken;
                self.complain(format!("did not take {left} records, which are offered again: {}", trouble.error));
                self.save_if_due();
                if self.wait_and_ask()? {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Pauses, and asks the sink where to go on; whether that is elsewhere than it was.
    fn wait_and_ask(&mut self) -> Result<bool, Expired> {
        loop {
            self.wait()?;
            match self.asked() {
                Ok(None) => return Ok(false),
                Ok(Some(seq)) => {
                    let seq = seq.min(self.shared.head.written());
                    let mut state = self.shared.lock();
                    if seq == state.taken || (self.was_drawn_back && seq > state.taken) {
                        return Ok(false);
                    }
                    state.reposition(seq);
                    state.in_hand = 0;
                    drop(state);
                    self.reader = Reader::new(self.path.clone(), seq);
                    (self.passed_over, self.unreadable) = (0, 0);
                    return Ok(true);
                }
                Err(error) => self.complain(format!("does not say where to go on: {error}")),
            }
        }
    }

    /// Writes and flushes; a line counts as taken once it is flushed.
    fn write(&mut self, lines: &[Line]) -> Result<(), Trouble> {
        let written = self.guarded(|sink| sink.write(lines));
        let taken = written.as_ref().map_or_else(|trouble| trouble.taken.min(lines.len()), |()| lines.len());
        if taken > 0 {
            self.guarded(|sink| sink.flush()).map_err(|trouble| Trouble { taken: 0, is_rejected: false, ..trouble })?;
        }
        written.map_err(|trouble| Trouble { taken, ..trouble })
    }

    /// The sink took the first `taken` of these records and none of the others, of which there is one at most.
    fn account(&mut self, entries: &[Entry], taken: usize) {
        let Some(last) = entries.last() else { return };
        let mut state = self.shared.lock();
        let numbered = entries.iter().filter(|entry| entry.seq.is_some()).count();
        state.written += taken as u64;
        state.failed += (entries.len() - taken) as u64;
        state.beside += (entries.len() - numbered) as u64;
        let bytes: usize = entries.iter().map(|entry| entry.line.bytes().len()).sum();
        state.in_hand = state.in_hand.saturating_sub(bytes);
        let Some(seq) = last.seq else { return };
        let missing = (seq - state.taken).saturating_sub(numbered as u64);
        state.taken = seq;
        if missing > 0 {
            let unreadable = missing.min(self.unreadable);
            self.unreadable -= unreadable;
            state.failed += unreadable;
            state.dropped += missing - unreadable;
            drop(state);
            self.complain(format!("missed {missing} records: the journal holds none before {seq} that can be read"));
        }
    }

    fn tell_passed_over(&mut self) {
        let total = self.reader.skipped().total();
        let new = total.saturating_sub(self.passed_over);
        if new > 0 {
            self.passed_over = total;
            self.unreadable += new;
            self.complain(format!("passed over {new} lines of the journal that are no records"));
        }
    }

    fn complain(&mut self, what: String) {
        self.complaints.say(format_args!("sink {} {what}", self.shared.name));
        self.shared.note(what);
    }

    fn save_if_due(&mut self) {
        if self.saved_at.elapsed() >= SAVE_EVERY {
            self.save();
        }
    }

    /// Saves the position, and lets go of what stands before it.
    fn save(&mut self) {
        let taken = self.shared.lock().taken;
        self.saved_at = Instant::now();
        if taken == self.position.seq() && self.position.is_saved() {
            return;
        }
        if let Err(error) = self.position.save(taken) {
            let file = self.position.file().display().to_string();
            self.complain(format!("cannot save its position in {file}: {error}"));
        }
        self.shared.head.set_taken(&self.shared.name, taken);
    }

    /// Waits for more records, and saves the position in the meantime.
    fn idle(&mut self) -> Result<(), Expired> {
        let (taken, deadline) = {
            let state = self.shared.lock();
            (state.taken, state.deadline)
        };
        let mut patience = IDLE;
        if taken != self.position.seq() {
            let due = SAVE_EVERY.saturating_sub(self.saved_at.elapsed());
            if due.is_zero() {
                self.save();
            } else {
                patience = due;
            }
        }
        if let Some(deadline) = deadline {
            patience = patience.min(deadline.saturating_duration_since(Instant::now()));
        }
        self.shared.head.wait_beyond(taken, patience);
        if self.shared.lock().has_expired() { Err(Expired) } else { Ok(()) }
    }

    /// Pauses after an error, each time longer.
    fn wait(&mut self) -> Result<(), Expired> {
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        if self.shared.pause(pause) { Ok(()) } else { Err(Expired) }
    }

    fn asked(&mut self) -> Result<Option<u64>, String> {
        let id = self.position.id().to_owned();
        match caught(|| self.sink.resume_after(&id)) {
            Some(asked) => asked.map_err(|error| text_of(&error)),
            None => Err("the sink panicked".to_owned()),
        }
    }

    /// Calls the sink; see [`Trouble::guard`].
    fn guarded(&mut self, call: impl FnOnce(&mut dyn Sink) -> Result<(), WriteError>) -> Result<(), Trouble> {
        Trouble::guard(text_of, || call(&mut *self.sink))
    }
}

/// The causes of an error. Its text is the sink's code, whose panic would end this thread.
fn text_of(error: &WriteError) -> String {
    caught(|| error.causes()).unwrap_or_else(|| "the error's text panicked".to_owned())
}

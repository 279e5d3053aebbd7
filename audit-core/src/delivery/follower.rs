//! A sink that is fed from the journal.
//!
//! - **At least once.** What the sink does not take is offered again, after 50 ms and then ever longer, at most 5 s. Its
//!   position is kept beside the journal and is never ahead of what it took; after a crash it is a tenth of a second
//!   behind, and those records come again.
//! - **Never held up by one record.** A line that the sink rejects for ever counts as failed, and the next is offered.
//! - **Nobody waits for it.** It has one thread and holds one batch; what it has not taken stands in the journal.
//! - **At the end** it goes on until it has taken everything, at most until the deadline. What is left is no loss: it stays
//!   `queued`, and the next start goes on there.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::caught::caught;
use crate::delivery::SinkStats;
use crate::delivery::stats::lag_ms;
use crate::delivery::trouble::Trouble;
use crate::journal::{Entry, Head, Position, Reader, block_file_size_signal};
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
        let reader = Reader::new(path.clone(), start);
        let worker = Worker {
            shared: Arc::clone(&shared),
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
        };
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

#[derive(Debug)]
struct Shared {
    name: String,
    head: Arc<Head>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The seq behind which it began.
    start: u64,
    /// Everything up to this seq is accounted for.
    taken: u64,
    /// Records that are accounted for beside those from `start` to `taken`: without a seq, or offered a second time.
    beside: u64,
    written: u64,
    failed: u64,
    dropped: u64,
    /// Bytes of the batch that is being written.
    in_hand: usize,
    last_error: Option<String>,
    /// Since when it has something to take.
    behind_since: Option<Instant>,
    /// What was tried last failed.
    failing: bool,
    deadline: Option<Instant>,
    closed: bool,
}

impl State {
    /// Goes on behind `seq`, which is what the sink says it has.
    fn reposition(&mut self, seq: u64) {
        self.written += seq.saturating_sub(self.taken);
        self.beside += self.taken.saturating_sub(seq);
        self.taken = seq;
    }

    fn has_expired(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

impl Shared {
    fn new(name: String, head: Arc<Head>, start: u64) -> Self {
        let state = State { start, taken: start, ..State::default() };
        Self { name, head, state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stats(&self) -> SinkStats {
        let state = self.lock();
        // Under the lock, so that `taken` does not pass it.
        let head = self.head.written().max(state.taken);
        SinkStats {
            name: self.name.clone(),
            accepted: head - state.start + state.beside,
            written: state.written,
            dropped: state.dropped,
            failed: state.failed,
            queued: head - state.taken,
            queued_bytes: state.in_hand as u64,
            lag_ms: lag_ms(state.behind_since),
            follows_journal: true,
            restarts: 0,
            failing: state.failing,
            gap_owed: 0,
            last_sync: None,
            last_error: state.last_error.clone(),
        }
    }

    /// Notes whether there is nothing to take.
    fn note_progress(&self, is_caught_up: bool) {
        let mut state = self.lock();
        match (is_caught_up, state.behind_since) {
            (true, _) => state.behind_since = None,
            (false, None) => state.behind_since = Some(Instant::now()),
            (false, Some(_)) => {}
        }
    }

    fn note(&self, error: String) {
        let mut state = self.lock();
        state.failing = true;
        state.last_error = Some(error);
    }

    /// Waits so long, or until the end is announced; `false` once the deadline has passed.
    fn pause(&self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        let mut state = self.lock();
        let announced = state.deadline;
        loop {
            if state.has_expired() {
                return false;
            }
            let until = state.deadline.map_or(until, |deadline| until.min(deadline));
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || state.deadline != announced {
                return !state.has_expired();
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// The deadline has passed.
struct Expired;

struct Worker {
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
    fn run(mut self) {
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
        (batch, self.reader.forget_ahead().err().map(|error| chain(&error)))
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs::{self, OpenOptions};
    use std::io::Write as _;

    use super::*;
    use crate::record::Field;

    /// What a puppet is asked to do, and what it was given.
    #[derive(Debug, Default)]
    struct Puppet {
        given: Vec<String>,
        calls: usize,
        /// Taken of the next batch before it fails; for ever while `stays` is set.
        fails_after: Option<usize>,
        stays: bool,
        panics: bool,
        flush_fails: bool,
        rejects: BTreeSet<String>,
        resume_after: Option<u64>,
        resume_fails: bool,
        resumed: Vec<String>,
        is_shut_down: bool,
    }

    #[derive(Debug, Clone, Default)]
    struct Strings(Arc<Mutex<Puppet>>);

    impl Strings {
        fn pull<R>(&self, change: impl FnOnce(&mut Puppet) -> R) -> R {
            change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
        }

        fn given(&self) -> Vec<String> {
            self.pull(|puppet| puppet.given.clone())
        }
    }

    impl Sink for Strings {
        fn name(&self) -> &str {
            "puppet"
        }

        fn write(&mut self, batch: &[Line]) -> Result<(), WriteError> {
            self.pull(|puppet| {
                puppet.calls += 1;
                assert!(!puppet.panics, "as asked");
                for (index, line) in batch.iter().enumerate() {
                    let user = line.get(Field::User).unwrap().into_owned();
                    if puppet.fails_after == Some(index) {
                        if !puppet.stays {
                            puppet.fails_after = None;
                        }
                        return Err(WriteError::new(index, "no room"));
                    }
                    if puppet.rejects.contains(&user) {
                        return Err(WriteError::rejected(index, "too odd"));
                    }
                    puppet.given.push(user);
                }
                Ok(())
            })
        }

        fn flush(&mut self) -> Result<(), WriteError> {
            self.pull(
                |puppet| {
                    if std::mem::take(&mut puppet.flush_fails) { Err(WriteError::new(0, "no peer")) } else { Ok(()) }
                },
            )
        }

        fn shutdown(&mut self) -> Result<(), WriteError> {
            self.pull(|puppet| puppet.is_shut_down = true);
            Ok(())
        }

        fn resume_after(&mut self, follower: &str) -> Result<Option<u64>, WriteError> {
            self.pull(|puppet| {
                puppet.resumed.push(follower.to_owned());
                if puppet.resume_fails { Err(WriteError::new(0, "locked")) } else { Ok(puppet.resume_after) }
            })
        }
    }

    /// A journal that is written by hand.
    struct Journal {
        folder: tempfile::TempDir,
        head: Arc<Head>,
    }

    impl Journal {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().unwrap(), head: Arc::default() }
        }

        fn path(&self) -> PathBuf {
            self.folder.path().join("audit.jsonl")
        }

        /// Writes the records up to `seq`, and says so.
        fn write_to(&self, seq: u64) {
            let mut text = String::new();
            for seq in self.head.written() + 1..=seq {
                text.push_str(&format!("{{\"user\":\"u{seq}\",\"seq\":{seq}}}\n"));
            }
            self.append(&text);
            self.head.set_written(seq);
        }

        fn append(&self, text: &str) {
            let mut file = OpenOptions::new().append(true).create(true).open(self.path()).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        }

        fn rotate(&self) {
            fs::rename(self.path(), self.folder.path().join(format!("audit.jsonl.{:020}", self.head.written())))
                .unwrap();
        }

        /// The same journal after a restart of the process.
        fn restarted(self) -> Self {
            let head = Arc::new(Head::default());
            head.set_written(self.head.written());
            Self { folder: self.folder, head }
        }

        fn follow(&self, puppet: &Strings) -> Follower {
            let position = position_of(&self.path(), puppet.name());
            Follower::spawn(Box::new(puppet.clone()), position, self.path(), Arc::clone(&self.head)).unwrap()
        }

        fn end(&self, follower: &Follower) -> SinkStats {
            self.head.close();
            let deadline = Instant::now() + Duration::from_secs(20);
            follower.close(deadline);
            assert!(follower.wait_closed(deadline), "{:?}", follower.stats());
            checked(follower)
        }

        fn position(&self) -> serde_json::Value {
            let text = fs::read_to_string(self.folder.path().join("audit.jsonl.puppet.position")).unwrap();
            serde_json::from_str(&text).unwrap()
        }
    }

    fn users(seqs: impl IntoIterator<Item = u64>) -> Vec<String> {
        seqs.into_iter().map(|seq| format!("u{seq}")).collect()
    }

    #[track_caller]
    fn checked(follower: &Follower) -> SinkStats {
        let stats = follower.stats();
        assert_eq!(stats.accepted, stats.written + stats.dropped + stats.failed + stats.queued, "{stats:?}");
        stats
    }

    #[track_caller]
    fn until(follower: &Follower, what: impl Fn(&SinkStats) -> bool) -> SinkStats {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let stats = checked(follower);
            if what(&stats) {
                return stats;
            }
            assert!(Instant::now() < deadline, "{stats:?}");
            std::thread::yield_now();
        }
    }

    /// Accepted, written, dropped, failed, queued.
    fn figures(stats: &SinkStats) -> [u64; 5] {
        [stats.accepted, stats.written, stats.dropped, stats.failed, stats.queued]
    }

    #[test]
    fn everything_is_taken_in_order_over_rotation_and_restart() {
        let journal = Journal::new();
        let puppet = Strings::default();
        journal.write_to(3_000);
        let follower = journal.follow(&puppet);
        until(&follower, |stats| stats.written == 3_000);
        journal.write_to(3_010);
        journal.rotate();
        journal.write_to(3_020);
        assert_eq!(figures(&journal.end(&follower)), [3_020, 3_020, 0, 0, 0]);
        assert!(puppet.pull(|puppet| puppet.is_shut_down));
        assert_eq!(journal.position()["seq"], 3_020);
        assert_eq!(position_of(&journal.path(), "puppet").seq(), 3_020);
        assert_eq!(journal.head.needed_from(), Some(3_021));

        let journal = journal.restarted();
        journal.write_to(3_025);
        let follower = journal.follow(&puppet);
        assert_eq!(figures(&journal.end(&follower)), [5, 5, 0, 0, 0]);
        assert_eq!(puppet.given(), users(1..=3_025));
        let asked = puppet.pull(|puppet| puppet.resumed.clone());
        assert_eq!((asked.len(), &asked[0]), (2, &asked[1]), "asked at each start, by one name");
    }

    #[test]
    fn what_is_not_taken_is_offered_again() {
        let journal = Journal::new();
        let puppet = Strings::default();
        puppet.pull(|puppet| puppet.fails_after = Some(2));
        journal.write_to(5);
        let follower = journal.follow(&puppet);
        let stats = until(&follower, |stats| stats.written == 5);
        assert_eq!(stats.last_error.as_deref(), Some("did not take 3 records, which are offered again: no room"));
        puppet.pull(|puppet| puppet.panics = true);
        journal.write_to(6);
        let stats = until(&follower, |stats| stats.last_error.as_ref().is_some_and(|error| error.contains("panicked")));
        assert_eq!(figures(&stats), [6, 5, 0, 0, 1]);
        puppet.pull(|puppet| puppet.panics = false);
        until(&follower, |stats| stats.written == 6);
        assert_eq!(figures(&journal.end(&follower)), [6, 6, 0, 0, 0]);
        assert_eq!(puppet.given(), users(1..=6));
    }

    #[test]
    fn what_is_not_flushed_is_not_taken() {
        let journal = Journal::new();
        let puppet = Strings::default();
        puppet.pull(|puppet| puppet.flush_fails = true);
        journal.write_to(2);
        let follower = journal.follow(&puppet);
        assert_eq!(figures(&journal.end(&follower)), [2, 2, 0, 0, 0]);
        assert_eq!(puppet.given(), ["u1", "u2", "u1", "u2"]);
    }

    #[test]
    fn a_record_that_is_rejected_does_not_hold_up_the_others() {
        let journal = Journal::new();
        let puppet = Strings::default();
        puppet.pull(|puppet| puppet.rejects = ["u1", "u3", "u4", "u6"].map(str::to_owned).into());
        journal.write_to(6);
        let follower = journal.follow(&puppet);
        let stats = journal.end(&follower);
        assert_eq!(figures(&stats), [6, 2, 0, 4, 0]);
        assert_eq!(puppet.given(), ["u2", "u5"]);
        assert_eq!(stats.last_error.as_deref(), Some("will never take a record, which is passed over: too odd"));
        assert_eq!(journal.position()["seq"], 6);
    }

    #[test]
    fn at_the_deadline_the_rest_stays_in_the_journal() {
        let journal = Journal::new();
        let puppet = Strings::default();
        puppet.pull(|puppet| (puppet.fails_after, puppet.stays) = (Some(1), true));
        journal.write_to(3);
        let follower = journal.follow(&puppet);
        until(&follower, |stats| stats.written == 1);
        puppet.pull(|puppet| puppet.fails_after = Some(0));
        journal.head.close();
        let deadline = Instant::now() + Duration::from_millis(100);
        follower.close(deadline);
        assert!(follower.wait_closed(deadline + Duration::from_secs(20)));
        let stats = checked(&follower);
        assert!(stats.queued > 0 && stats.failed + stats.dropped == 0, "{stats:?}");
        puppet.pull(|puppet| puppet.fails_after = None);
        let journal = journal.restarted();
        let follower = journal.follow(&puppet);
        journal.end(&follower);
        assert_eq!(puppet.given(), users(1..=3));
    }

    #[test]
    fn records_that_were_deleted_before_it_took_them_count_as_dropped() {
        let journal = Journal::new();
        let puppet = Strings::default();
        puppet.pull(|puppet| (puppet.fails_after, puppet.stays) = (Some(0), true));
        journal.write_to(4);
        let follower = journal.follow(&puppet);
        until(&follower, |stats| stats.last_error.is_some());
        let journal = {
            follower.close(Instant::now());
            assert!(follower.wait_closed(Instant::now() + Duration::from_secs(20)));
            // The position is saved, though nothing was taken.
            assert_eq!(journal.position()["seq"], 0);
            journal.restarted()
        };
        puppet.pull(|puppet| (puppet.fails_after, puppet.stays, puppet.resume_after) = (None, false, Some(2)));
        journal.rotate();
        journal.write_to(6);
        fs::remove_file(journal.folder.path().join("audit.jsonl.00000000000000000004")).unwrap();
        let follower = journal.follow(&puppet);
        let stats = journal.end(&follower);
        assert_eq!(figures(&stats), [4, 2, 2, 0, 0]);
        assert_eq!(puppet.given(), users(5..=6));
    }

    #[test]
    fn a_new_follower_begins_with_what_there_is() {
        let journal = Journal::new();
        let puppet = Strings::default();
        journal.append("{\"timestamp\":\"2026\",\"user\":\"old\"}\n");
        journal.write_to(2);
        let follower = journal.follow(&puppet);
        assert_eq!(figures(&journal.end(&follower)), [3, 3, 0, 0, 0]);
        assert_eq!(puppet.given(), ["old", "u1", "u2"]);

        // After retention, those that went before are none of its.
        let journal = Journal::new();
        let puppet = Strings::default();
        journal.head.set_written(40);
        journal.write_to(42);
        let follower = journal.follow(&puppet);
        assert_eq!(figures(&journal.end(&follower)), [2, 2, 0, 0, 0]);
    }

    #[test]
    fn lines_that_cannot_be_read_count_as_failed() {
        let journal = Journal::new();
        let puppet = Strings::default();
        journal.write_to(1);
        journal.append("{\"user\":\"broken,\"seq\":2}\n");
        journal.head.set_written(2);
        journal.write_to(3);
        let follower = journal.follow(&puppet);
        assert_eq!(figures(&journal.end(&follower)), [3, 2, 0, 1, 0]);
        assert_eq!(puppet.given(), ["u1", "u3"]);
    }

    #[test]
    fn the_sinks_own_word_wins_over_the_position() {
        let journal = Journal::new();
        let puppet = Strings::default();
        journal.write_to(5);
        let follower = journal.follow(&puppet);
        journal.end(&follower);
        let journal = journal.restarted();
        // It was emptied, and cannot say so at first.
        puppet.pull(|puppet| (puppet.resume_after, puppet.resume_fails) = (Some(0), true));
        let follower = journal.follow(&puppet);
        let error = "does not say where to go on: locked";
        until(&follower, |stats| stats.last_error.as_deref() == Some(error));
        assert_eq!(puppet.given(), users(1..=5));
        puppet.pull(|puppet| puppet.resume_fails = false);
        until(&follower, |stats| stats.written == 5);
        // And once more while it is fed: what it then takes again is accepted again.
        journal.write_to(6);
        until(&follower, |stats| stats.written == 6);
        puppet.pull(|puppet| (puppet.resume_after, puppet.fails_after) = (Some(4), Some(0)));
        journal.write_to(7);
        let stats = until(&follower, |stats| stats.queued == 0);
        assert_eq!(figures(&stats), [9, 9, 0, 0, 0]);
        journal.end(&follower);
        assert_eq!(puppet.given(), users((1..=5).chain(1..=6).chain(5..=7)));
    }

    #[test]
    fn a_position_beyond_the_journal_is_drawn_back_to_its_end() {
        let journal = Journal::new();
        let puppet = Strings::default();
        journal.write_to(5);
        let follower = journal.follow(&puppet);
        journal.end(&follower);
        // The machine lost the end of the journal, and its numbers are given anew.
        fs::remove_file(journal.path()).unwrap();
        let journal = Journal { head: Arc::default(), ..journal };
        journal.write_to(3);
        let follower = journal.follow(&puppet);
        assert_eq!(checked(&follower).queued, 0);
        journal.write_to(4);
        journal.end(&follower);
        assert_eq!(puppet.given().last().unwrap(), "u4");
    }

    #[test]
    fn the_position_is_saved_while_it_goes_on() {
        let journal = Journal::new();
        let puppet = Strings::default();
        journal.write_to(2);
        let follower = journal.follow(&puppet);
        let deadline = Instant::now() + Duration::from_secs(20);
        while journal.head.needed_from() != Some(3) {
            assert!(Instant::now() < deadline, "{:?}", journal.head.needed_from());
            std::thread::yield_now();
        }
        assert_eq!(journal.position()["seq"], 2);
        journal.end(&follower);
    }
}

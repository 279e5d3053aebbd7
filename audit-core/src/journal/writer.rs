//! The one writer of a journal.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::delivery::Writer;
use crate::journal::clock::Clock;
use crate::journal::disk::{Disk, Open, Stat, System, not_a_file};
use crate::journal::found::{self, Found};
use crate::journal::lock::Lock;
use crate::journal::names::{beside, free, rotated};
use crate::journal::own::Own;
use crate::journal::recover::recover;
use crate::journal::segment::Segment;
use crate::journal::tail::{self, First, SEQ_KEY};
use crate::journal::{Head, OpenError, block_file_size_signal};
use crate::notice::Limited;
use crate::record::json::write_number;
use crate::record::{Encoder, Line};
use crate::settings::Settings;
use crate::sink::WriteError;

/// What a burst may leave allocated.
const KEPT: usize = 1 << 20;

/// How a journal is kept.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct JournalOptions {
    /// How long a segment may grow.
    pub(crate) rotate_bytes: Option<u64>,
    /// How many rotated segments are kept, unless a follower needs more.
    pub(crate) rotate_keep: Option<usize>,
    /// How much all segments may hold together, whoever needs more.
    pub(crate) max_bytes: Option<u64>,
}

impl JournalOptions {
    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            rotate_bytes: settings.rotate_bytes,
            rotate_keep: settings.rotate_keep,
            max_bytes: settings.journal_max_bytes,
        }
    }
}

/// The journal as its writer holds it. Every call blocks, and all come from one thread.
pub(crate) struct Journal {
    pub(super) disk: Box<dyn Disk>,
    pub(super) path: PathBuf,
    pub(super) options: JournalOptions,
    pub(super) encoder: Arc<Encoder>,
    pub(super) head: Arc<Head>,
    pub(super) active: Segment,
    /// The seq of the next record.
    pub(super) next: u64,
    pub(super) own: Own,
    /// Whether a power cut would leave every segment its name.
    pub(super) directory_is_synced: bool,
    /// How many segments were begun.
    pub(super) begun: u64,
    /// It was said that no new segment can be begun.
    pub(super) complained: bool,
    /// Says what others did to the files.
    pub(super) changes: Limited,
    /// Says what followers lost.
    pub(super) losses: Limited,
    /// Where the system let no file grow any more.
    pub(super) system_limit: Option<u64>,
    pub(super) clock: Clock,
    is_signal_blocked: bool,
    /// The next part may be longer than a segment is to be, so that something of the batch has room.
    may_overfill: bool,
    buffer: Vec<u8>,
    /// Where each line in the buffer ends.
    ends: Vec<usize>,
    /// Held as long as anything is written.
    lock: Option<Lock>,
    /// How many segments were begun when the number given last was noted.
    noted_at: u64,
}

/// How many lines the buffer holds: first our own, then those of the batch.
#[derive(Debug, Clone, Copy, Default)]
struct Part {
    own: usize,
    batch: usize,
}

impl Part {
    fn lines(self) -> usize {
        self.own + self.batch
    }
}

/// How many lines of the batch stand in the journal, and why the others do not.
type Failed = (usize, io::Error);

impl Journal {
    /// Opens a journal, or begins one, and puts right what a crash left.
    ///
    /// A new file is readable by its owner alone; symbolic links are not followed.
    pub(crate) fn open(path: &Path, options: JournalOptions, encoder: Arc<Encoder>) -> Result<Self, OpenError> {
        look_before(&System, path)?;
        let mut lock = Lock::take(path)?;
        let noted = lock.last();
        let mut journal = Self::open_on(Box::new(System), path, options, encoder)?;
        if journal.active.length > 0 {
            // What stands there goes on from what was noted, unless its end was lost.
            journal.continue_after(noted);
        } else if noted >= journal.next {
            // The files that show it were moved away, or compressed.
            journal.next = noted + 1;
            journal.head.set_written(noted);
        }
        journal.lock = Some(lock);
        Ok(journal)
    }

    pub(super) fn open_on(
        disk: Box<dyn Disk>,
        path: &Path,
        options: JournalOptions,
        encoder: Arc<Encoder>,
    ) -> Result<Self, OpenError> {
        look_before(&*disk, path)?;
        let mut own = Own::new();
        let others = found::segments(&*disk, path)?;
        let last = last_of(&*disk, &others)?;
        let last = put_away_prepared(&*disk, path, &encoder, &mut own, last)?;
        let mut active = match Segment::open(&*disk, path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // A rotation may have been cut off: the new file is open to whom the old one was.
                let like: Option<Stat> = others.last().and_then(|newest| disk.stat(&newest.path).ok());
                Segment::create(&*disk, path, like.as_ref())?
            }
            opened => opened?,
        };
        let found = recover(&*disk, path, &mut active, last)?;
        if let Some((file, bytes)) = found.torn {
            own.torn_tail(&encoder, &file, bytes);
        }
        let last = last.max(found.last.unwrap_or(0));
        let mut journal = Self {
            disk,
            path: path.to_owned(),
            options,
            encoder,
            head: Arc::new(Head::default()),
            active,
            next: last + 1,
            own,
            directory_is_synced: false,
            begun: 0,
            complained: false,
            changes: Limited::new(),
            losses: Limited::new(),
            system_limit: None,
            clock: Clock::new(),
            is_signal_blocked: false,
            may_overfill: false,
            buffer: Vec::new(),
            ends: Vec::new(),
            lock: None,
            noted_at: 0,
        };
        // What it is for is asked again before the first batch that is to be synced.
        journal.sync_directory().unwrap_or(());
        journal.head.set_written(last);
        Ok(journal)
    }

    /// What the journal's followers look at.
    pub(crate) fn head(&self) -> &Arc<Head> {
        &self.head
    }

    /// How many records of our own were written since this was last asked.
    pub(crate) fn take_own(&mut self) -> u64 {
        self.own.take_written()
    }

    /// The next record's seq is greater than this one, which somebody was given already: the journal lost it since. A
    /// record tells of the gap.
    pub(crate) fn continue_after(&mut self, seq: u64) {
        if seq >= self.next {
            let why = "the journal does not hold what was taken from it before";
            self.own.gap(&self.encoder, "file", (self.next, seq), seq + 1 - self.next, why);
            self.next = seq + 1;
            self.head.set_written(seq);
        }
    }

    /// Appends a batch, each part of it that fits into a segment in one write; with `sync`, it is on the disk when this
    /// returns.
    ///
    /// # Errors
    /// When some lines do not stand in the journal. Those before them do, and with `sync` they are on the disk. The
    /// others left nothing, and may be appended again.
    pub(crate) fn append(&mut self, batch: &[Line], sync: bool) -> Result<(), WriteError> {
        if !std::mem::replace(&mut self.is_signal_blocked, true) {
            block_file_size_signal();
        }
        if let Some(step) = self.clock.look() {
            self.own.clock_step(&self.encoder, &step);
        }
        self.look();
        self.may_overfill = false;
        let mut done = 0;
        loop {
            let rest = batch.get(done..).unwrap_or_default();
            if rest.is_empty() && self.own.is_empty() {
                break;
            }
            match self.write_part(rest, sync) {
                // Our own records alone filled a segment, and a rotation can be what they tell of.
                Ok(0) => self.may_overfill = true,
                Ok(count) => {
                    self.may_overfill = false;
                    done += count;
                }
                Err((count, error)) => return Err(WriteError::new(done + count, error)),
            }
            if rest.is_empty() {
                // What came up while our own records were written waits for the next batch.
                break;
            }
        }
        if self.noted_at != self.begun {
            self.note_last();
        }
        if sync { self.sync_written().map_err(|error| WriteError::new(0, error)) } else { Ok(()) }
    }

    /// Notes the number given last beside the journal.
    fn note_last(&mut self) {
        self.noted_at = self.begun;
        if let Some(lock) = &mut self.lock {
            lock.note_last(self.next - 1);
        }
    }

    /// Syncs what earlier batches wrote without it.
    fn sync_written(&mut self) -> io::Result<()> {
        self.sync_directory()?;
        let Some(first) = self.active.unsynced.filter(|_| !self.active.is_over) else { return Ok(()) };
        self.active.sync().map_err(|error| {
            let unsynced = Some((first, self.next - 1));
            self.own.sync_failed(&self.encoder, &self.active.path, unsynced, &error.to_string());
            io::Error::new(error.kind(), format!("cannot sync {}: {error}", self.active.path.display()))
        })
    }

    /// Writes what fits into one segment: our own records first, then lines of the batch, whose number it gives.
    fn write_part(&mut self, lines: &[Line], sync: bool) -> Result<usize, Failed> {
        let mut part = self.prepare(lines, sync).map_err(|error| (0, error))?;
        if let Err((bytes, error)) = self.active.write(&self.buffer) {
            // Not the disk is full, but this file: the next may grow as long, and no longer.
            let limit = self.active.length + bytes as u64;
            let first = self.ends.first().copied().unwrap_or_default();
            if error.kind() != io::ErrorKind::FileTooLarge || limit < first as u64 {
                return Err(self.write_failed(part, bytes, sync, error));
            }
            self.system_limit = Some(limit);
            if self.active.take_back().is_err() {
                return Err(self.write_failed(part, bytes, sync, error));
            }
            if self.active.length > 0 && !self.rotate() {
                // What was written is taken back already.
                return Err(self.write_failed(part, 0, sync, error));
            }
            part = self.prepare(lines, sync).map_err(|error| (0, error))?;
            if let Err((bytes, error)) = self.active.write(&self.buffer) {
                return Err(self.write_failed(part, bytes, sync, error));
            }
        }
        if sync {
            match self.active.sync() {
                Ok(()) => self.active.keep(self.buffer.len(), self.next),
                Err(error) => return self.write_anew(part, &error),
            }
            self.active.unsynced = None;
        } else {
            self.active.keep(self.buffer.len(), self.next);
        }
        Ok(self.account(part, part.lines()))
    }

    /// Makes sure that there is a segment with room, and fills the buffer.
    fn prepare(&mut self, lines: &[Line], sync: bool) -> io::Result<Part> {
        if self.active.is_over {
            self.begin_anew().map_err(|error| {
                io::Error::new(error.kind(), format!("cannot begin a segment of {}: {error}", self.path.display()))
            })?;
        }
        let rotate = self.options.rotate_bytes.filter(|_| !self.may_overfill);
        let limit = [rotate, self.system_limit].into_iter().flatten().min().unwrap_or(u64::MAX);
        let mut part = self.fill(lines, limit);
        let is_full = self.active.length.saturating_add(self.buffer.len() as u64) > limit;
        if is_full && self.active.length > 0 && self.rotate() {
            part = self.fill(lines, limit);
        }
        if sync {
            self.sync_directory()?;
        }
        Ok(part)
    }

    /// Puts as many lines into the buffer as a segment may hold, but at least one.
    fn fill(&mut self, lines: &[Line], limit: u64) -> Part {
        self.buffer.clear();
        self.buffer.shrink_to(KEPT);
        self.ends.clear();
        if self.active.within_line {
            self.buffer.push(b'\n');
        }
        let mut part = Part::default();
        let own = self.own.lines().map(|line| (line, true));
        for (line, is_own) in own.chain(lines.iter().map(|line| (line, false))) {
            let start = self.buffer.len();
            put(&mut self.buffer, line, self.next + self.ends.len() as u64);
            if self.buffer.len() as u64 > limit && !self.ends.is_empty() {
                self.buffer.truncate(start);
                break;
            }
            self.ends.push(self.buffer.len());
            *(if is_own { &mut part.own } else { &mut part.batch }) += 1;
        }
        part
    }

    /// Only the first `bytes` of the buffer were written. Whole lines stay, unless they were to be synced; what is torn
    /// goes, or the segment is over.
    fn write_failed(&mut self, part: Part, bytes: usize, sync: bool, error: io::Error) -> Failed {
        let whole = self.ends.partition_point(|end| *end <= bytes);
        let kept = if sync { 0 } else { whole };
        let kept_bytes = kept.checked_sub(1).and_then(|last| self.ends.get(last)).copied().unwrap_or(0);
        if kept > 0 {
            self.active.keep(kept_bytes, self.next);
        }
        // Even if nothing is said to be written: that is what the next line would stand behind.
        if self.active.take_back().is_err() {
            // They stand, though nobody is told so: their numbers are taken.
            let batch = self.account(part, whole);
            return (if sync { 0 } else { batch }, error);
        }
        (self.account(part, kept), error)
    }

    /// A sync failed, and what it was to make durable may be lost without a further error. The lines in the buffer are
    /// taken back and written anew, with the same numbers, in a new segment.
    fn write_anew(&mut self, part: Part, error: &io::Error) -> Result<usize, Failed> {
        let unsynced = self.active.unsynced.filter(|first| *first < self.next).map(|first| (first, self.next - 1));
        let path = self.active.path.clone();
        self.own.sync_failed(&self.encoder, &path, unsynced, &error.to_string());
        let begins_line = usize::from(self.active.within_line);
        // How many lines stand all the same.
        let mut stay = if self.active.take_back().is_err() { part.lines() } else { 0 };
        let written = self.begin_anew().and_then(|()| {
            self.sync_directory()?;
            let lines = self.buffer.get(begins_line..).unwrap_or_default();
            let (bytes, written) = match self.active.write(lines) {
                Ok(()) => (lines.len(), self.active.sync()),
                Err((bytes, error)) => (bytes, Err(error)),
            };
            if written.is_err() {
                if self.active.take_back().is_err() {
                    stay = stay.max(self.ends.partition_point(|end| *end <= bytes + begins_line));
                }
                self.active.is_over = true;
            }
            written
        });
        if let Err(again) = written {
            // Somebody may read them: their numbers are taken.
            self.account(part, stay);
            let message = format!("cannot sync {}: {error}; nor a new segment: {again}", path.display());
            return Err((0, io::Error::new(error.kind(), message)));
        }
        self.active.keep(self.buffer.len() - begins_line, self.next);
        self.active.unsynced = None;
        Ok(self.account(part, part.lines()))
    }

    /// The first `lines` lines of the buffer stand in the journal; gives how many of them are the batch's.
    fn account(&mut self, part: Part, lines: usize) -> usize {
        let own = part.own.min(lines);
        self.own.account(own);
        self.next += lines as u64;
        self.head.set_written(self.next - 1);
        lines - own
    }
}

/// Appends a line with its seq as the last member.
fn put(buffer: &mut Vec<u8>, line: &Line, seq: u64) {
    let object = line.bytes();
    let members = object.strip_suffix(b"}\n").unwrap_or(object);
    buffer.extend_from_slice(members);
    // An empty object has no member for the comma to come after.
    let key = if members == b"{" { SEQ_KEY.get(1..).unwrap_or_default() } else { SEQ_KEY };
    buffer.extend_from_slice(key);
    write_number(buffer, seq);
    buffer.extend_from_slice(b"}\n");
}

/// Whether a path is free, or holds what may be a journal; nothing is changed.
fn look_before(disk: &dyn Disk, path: &Path) -> Result<(), OpenError> {
    match disk.stat(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
        Ok(there) if !there.is_file => return Err(not_a_file().into()),
        Ok(_) => {}
    }
    if Segment::open(disk, path)?.begins_as_log()? { Ok(()) } else { Err(OpenError::Foreign) }
}

/// The greatest seq in segments that are not active. Only in the last two it can be: one that was left because its sync
/// failed may end like the one after it.
fn last_of(disk: &dyn Disk, segments: &[Found]) -> io::Result<u64> {
    let mut last = 0;
    for segment in segments.iter().rev().take(2) {
        last = last.max(segment.last(disk)?.unwrap_or(0));
    }
    Ok(last)
}

/// A rotation that was cut off leaves a `PATH.next`, always empty. One that holds records is a segment, whoever named it
/// so; anything else is kept as what is torn is. Gives the greatest seq.
fn put_away_prepared(
    disk: &dyn Disk,
    journal: &Path,
    encoder: &Encoder,
    own: &mut Own,
    last: u64,
) -> Result<u64, OpenError> {
    let prepared = beside(journal, "next");
    let bytes = match disk.stat(&prepared) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(last),
        Err(error) => return Err(error.into()),
        Ok(there) => there.length,
    };
    if bytes == 0 {
        disk.remove(&prepared)?;
        return Ok(last);
    }
    let mut handle = disk.open(&prepared, Open::Reading)?;
    let is_free = |path: &Path| disk.stat(path).is_err();
    if let First::Record(first) = tail::first(&mut *handle)? {
        let path = free(&rotated(journal, first.unwrap_or(0)), "", is_free);
        disk.rename(&prepared, &path)?;
        return Ok(last.max(tail::scan(&mut *handle, bytes)?.last.unwrap_or(0)));
    }
    let path = free(&rotated(journal, last + 1), ".torn", is_free);
    disk.rename(&prepared, &path)?;
    own.torn_tail(encoder, &path, bytes);
    Ok(last)
}

/// However it ends, its followers learn of it.
impl Drop for Journal {
    fn drop(&mut self) {
        self.note_last();
        self.head.close();
    }
}

impl Writer for Journal {
    fn name(&self) -> &str {
        "file"
    }

    fn write(&mut self, batch: &[Line], sync: bool) -> Result<(), WriteError> {
        self.append(batch, sync)
    }

    fn reopen(&mut self) -> Result<(), WriteError> {
        Self::reopen(self).map_err(|error| WriteError::new(0, error))
    }

    fn take_own(&mut self) -> u64 {
        Self::take_own(self)
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        Ok(())
    }

    fn shutdown(&mut self) -> Result<(), WriteError> {
        let ended = self.append(&[], true);
        if ended.is_err() && self.append(&[], true).is_err() {
            // The record of what failed has no place either; the first error is what is told.
        }
        ended
    }
}

//! How a batch comes into the journal.

use std::io;

use crate::delivery::Batch;
use crate::journal::block_file_size_signal;
use crate::journal::seq::SEQ_KEY;
use crate::journal::writer::Journal;
use crate::record::json::write_number;
use crate::sink::{KEPT, WriteError};

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
    /// Appends a batch, each part of it that fits into a segment in one write; with `sync`, it is on the disk when this
    /// returns.
    ///
    /// # Errors
    /// When some lines do not stand in the journal. Those before them do, and with `sync` they are on the disk. The
    /// others left nothing, and may be appended again; but if what was written could not be taken back either, whole lines of
    /// them stand all the same, and an `audit.sync_failed` names them.
    pub(crate) fn append(&mut self, batch: Batch<'_>, sync: bool) -> Result<(), WriteError> {
        if !std::mem::replace(&mut self.is_signal_blocked, true) {
            block_file_size_signal();
        }
        self.is_sync_asked |= sync;
        if let Some(step) = self.clock.look() {
            self.own.clock_step(&self.encoder, &step);
        }
        self.look();
        self.may_overfill = false;
        let mut done = 0;
        loop {
            let rest = batch.part(done..batch.len());
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
        // A batch was synced part by part, and the folder before each of them: an error could not say any more which of its
        // lines are on the disk.
        if sync && batch.is_empty() {
            // The folder afterwards, for it may leave the segment.
            let synced = self.sync_written().and_then(|()| self.sync_directory());
            synced.map_err(|error| WriteError::new(0, error))?;
        }
        Ok(())
    }

    /// Writes what is left to be said, and syncs everything.
    ///
    /// # Errors
    /// When that cannot be done. Where nobody asked for a sync, names of which a power cut may take some stay as they are:
    /// to give them anew would leave one more segment at each end.
    pub(super) fn end(&mut self) -> Result<(), WriteError> {
        let nothing = Batch::Lines(&[]);
        if self.is_sync_asked {
            return self.append(nothing, true);
        }
        self.append(nothing, false)?;
        let synced = self.sync_written().and_then(|()| self.sync_directory_as_it_is());
        synced.map_err(|error| WriteError::new(0, error))
    }

    /// Notes the number given last beside the journal.
    pub(super) fn note_last(&mut self) {
        self.noted_at = self.begun;
        if let Some(lock) = &mut self.lock {
            lock.note_last(self.next - 1);
        }
    }

    /// Syncs what earlier batches wrote without it.
    fn sync_written(&mut self) -> io::Result<()> {
        if let Some(first) = self.active.unsynced.filter(|_| !self.active.is_over) {
            self.active.sync().map_err(|error| {
                let unsynced = Some((first, self.next - 1));
                self.own.sync_failed(&self.encoder, &self.active.path, unsynced, &error.to_string());
                io::Error::new(error.kind(), format!("cannot sync {}: {error}", self.active.path.display()))
            })?;
        }
        Ok(())
    }

    /// Writes what fits into one segment: our own records first, then lines of the batch, whose number it gives.
    fn write_part(&mut self, lines: Batch<'_>, sync: bool) -> Result<usize, Failed> {
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
    fn prepare(&mut self, lines: Batch<'_>, sync: bool) -> io::Result<Part> {
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
        let begun = self.begun;
        if sync {
            self.sync_directory()?;
        }
        Ok(if self.begun == begun { part } else { self.fill(lines, limit) })
    }

    /// Puts as many lines into the buffer as a segment may hold, but at least one.
    fn fill(&mut self, lines: Batch<'_>, limit: u64) -> Part {
        self.buffer.clear();
        self.buffer.shrink_to(KEPT);
        self.ends.clear();
        if self.active.within_line {
            self.buffer.push(b'\n');
        }
        let mut part = Part::default();
        let own = self.own.lines().map(|line| (line.bytes(), true));
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
    ///
    /// Where nothing can be taken back, lines that were to be synced stand though they count as failed: they keep their numbers,
    /// readers are given them, and whoever offers them again has them twice. An `audit.sync_failed` names them.
    fn write_failed(&mut self, part: Part, bytes: usize, sync: bool, error: io::Error) -> Failed {
        let whole = self.ends.partition_point(|end| *end <= bytes);
        let kept = if sync { 0 } else { whole };
        let kept_bytes = kept.checked_sub(1).and_then(|last| self.ends.get(last)).copied().unwrap_or(0);
        if kept > 0 {
            self.active.keep(kept_bytes, self.next);
        }
        // Even if nothing is said to be written: that is what the next line would stand behind.
        if self.active.take_back().is_err() {
            // They stand, though nobody is told so: their numbers are taken. Nothing in this segment is synced any more.
            let first = self.active.unsynced.unwrap_or(self.next);
            let last = self.next + whole as u64 - 1;
            let unsynced = (first <= last).then_some((first, last));
            self.own.sync_failed(&self.encoder, &self.active.path, unsynced, &error.to_string());
            let batch = self.account(part, whole);
            return (if sync { 0 } else { batch }, error);
        }
        (self.account(part, kept), error)
    }

    /// A sync failed, and what it was to make durable may be lost without a further error. The lines in the buffer are
    /// taken back and written anew, with the same numbers, in a new segment.
    fn write_anew(&mut self, part: Part, error: &io::Error) -> Result<usize, Failed> {
        let path = self.active.path.clone();
        let unsynced = self.active.unsynced.filter(|first| *first < self.next);
        let begins_line = usize::from(self.active.within_line);
        // How many lines stand all the same.
        let stay = if self.active.take_back().is_err() { part.lines() } else { 0 };
        let mut stay_anew = 0;
        let written = self.begin_anew().and_then(|()| {
            self.sync_directory()?;
            let lines = self.buffer.get(begins_line..).unwrap_or_default();
            let (bytes, written) = match self.active.write(lines) {
                Ok(()) => (lines.len(), self.active.sync()),
                Err((bytes, error)) => (bytes, Err(error)),
            };
            if written.is_err() {
                if self.active.take_back().is_err() {
                    stay_anew = self.ends.partition_point(|end| *end <= bytes + begins_line);
                }
                self.active.is_over = true;
            }
            written
        });
        let Err(again) = written else {
            let unsynced = unsynced.map(|first| (first, self.next - 1));
            self.own.sync_failed(&self.encoder, &path, unsynced, &error.to_string());
            self.active.keep(self.buffer.len() - begins_line, self.next);
            self.active.unsynced = None;
            return Ok(self.account(part, part.lines()));
        };
        // Somebody may read them, so their numbers are taken; and a power cut may take them away.
        let first = unsynced.or((stay > 0).then_some(self.next));
        let unsynced = first.map(|first| (first, self.next + stay as u64 - 1));
        self.own.sync_failed(&self.encoder, &path, unsynced, &error.to_string());
        if stay_anew > 0 {
            let unsynced = Some((self.next, self.next + stay_anew as u64 - 1));
            self.own.sync_failed(&self.encoder, &self.active.path, unsynced, &again.to_string());
        }
        self.account(part, stay.max(stay_anew));
        let message = format!("cannot sync {}: {error}; nor a new segment: {again}", path.display());
        Err((0, io::Error::new(error.kind(), message)))
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
fn put(buffer: &mut Vec<u8>, object: &[u8], seq: u64) {
    let members = object.strip_suffix(b"}\n").unwrap_or(object);
    buffer.extend_from_slice(members);
    // An empty object has no member for the comma to come after.
    let key = if members == b"{" { SEQ_KEY.get(1..).unwrap_or_default() } else { SEQ_KEY };
    buffer.extend_from_slice(key);
    write_number(buffer, seq);
    buffer.extend_from_slice(b"}\n");
}

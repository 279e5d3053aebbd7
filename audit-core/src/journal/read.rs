//! Reading a journal in order, while it is written and rotated.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::journal::disk::{Disk, FileId, Handle, System};
use crate::journal::error::ReadError;
use crate::journal::lines::{Lines, Piece};
use crate::journal::seek::{ending, seek};
use crate::journal::segments::{self, First, Found};
use crate::journal::seq::seq_of;
use crate::record::Line;

/// How often the folder is listed while the open segment is the one at the journal's path: something else may stand there,
/// and the journal go on beside it.
const LIST_EVERY: Duration = Duration::from_secs(1);

/// A record of a journal and its number.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Entry {
    /// Its place in the journal, from 1; `None` if a version that numbered nothing wrote it.
    pub seq: Option<u64>,
    /// The record: its exact bytes.
    pub line: Line,
}

/// What a reader passed over, in lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// No records of this journal: no JSON objects, or without a seq behind one that has a seq.
    pub foreign: u64,
    /// Longer than 1 MiB, which no record is.
    pub too_long: u64,
    /// Broken off at the end of a segment behind which the journal goes on.
    pub torn: u64,
}

impl Skipped {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.foreign + self.too_long + self.torn
    }
}

/// Reads a journal's records in order of their seq, each seq once, over all segments.
///
/// - Records without a seq come first, those of a later file behind those of an earlier one; then seq by seq. Where
///   records are missing, as after retention, the next that exists follows: a seq that is not one more than the last says
///   so.
/// - A segment that was abandoned, as after a failed sync, counts up to where the next one begins: what it holds behind that
///   may never have been told to anybody. A copy of a segment beside it, or of a part of one, abandons nothing: it says the
///   same, byte for byte.
/// - What is not needed is not read: the segment in which a seq stands is found by first lines, and its place within by
///   halving.
/// - A segment that is renamed or removed while it is read is read to its end. A line is given once its newline is there.
/// - Memory is bounded: no line of more than 1 MiB is held. Lines that are no records are passed over and counted
///   ([`skipped`](Self::skipped)).
/// - It locks nothing and writes nothing: any number may read while the journal is written.
///
/// # Examples
/// ```
/// use audit_core::journal::Reader;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("audit.jsonl");
/// std::fs::write(&path, "{\"user\":\"ana\",\"seq\":1}\n{\"user\":\"bo\",\"seq\":2}\n")?;
/// let mut reader = Reader::open_after(&path, 1)?;
/// let entry = reader.read()?.expect("one follows");
/// assert_eq!((entry.seq, entry.line.json()), (Some(2), r#"{"user":"bo","seq":2}"#));
/// assert!(reader.read()?.is_none(), "until more is written");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Reader {
    disk: Box<dyn Disk>,
    path: PathBuf,
    /// The last seq that was given, or after which it begins.
    after: u64,
    /// Whether lines without a seq are still to come.
    wants_unnumbered: bool,
    /// Segments without a seq in their first line that were read.
    read_unnumbered: HashSet<FileId>,
    /// Segments that hold nothing more, by what tells that they are still the same: their first seq and length.
    spent: HashSet<(FileId, Option<u64>, u64)>,
    current: Option<Current>,
    /// Between the last seq that was given and this one nothing stands but in the open segment.
    alone_until: u64,
    /// When the folder was last listed.
    listed: Option<Instant>,
    skipped: Skipped,
}

#[derive(Debug)]
struct Current {
    file: Box<dyn Handle>,
    lines: Lines,
    id: FileId,
    /// Where it was found.
    path: PathBuf,
    /// The seq of its first record.
    first: Option<u64>,
    /// From this seq on another segment says what the journal holds.
    until: Option<u64>,
    /// Whether a line with a seq was seen: those without are foreign from there on.
    is_numbered: bool,
}

/// What comes next in the open segment.
enum Step {
    Given(Entry),
    /// A seq behind a gap, which another segment may close.
    Jump(u64),
    End,
}

/// A segment that goes on where the current one ends.
struct Next {
    current: Current,
    /// Its first seq that was not given; 0 if it has lines without.
    seq: u64,
}

impl Reader {
    /// Reads all that exists, from the records without a seq on.
    ///
    /// # Errors
    /// When there is no journal at `path`, what is there holds something else, or it cannot be read. A file that is empty
    /// is a journal in which nothing stands yet.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ReadError> {
        let reader = Self::new(resolved(path.as_ref())?, 0);
        reader.check()?;
        Ok(reader)
    }

    /// Reads what stands after `seq`; after 0, everything with a seq.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_after(path: impl AsRef<Path>, seq: u64) -> Result<Self, ReadError> {
        let mut reader = Self::open(path)?;
        (reader.after, reader.wants_unnumbered) = (seq, false);
        Ok(reader)
    }

    /// Reads what stands after `seq`, and from the records without a seq on after 0. The journal need not exist yet.
    pub(crate) fn new(path: PathBuf, seq: u64) -> Self {
        Self::new_on(Box::new(System), path, seq)
    }

    pub(super) fn new_on(disk: Box<dyn Disk>, path: PathBuf, seq: u64) -> Self {
        Self {
            disk,
            path,
            after: seq,
            wants_unnumbered: seq == 0,
            read_unnumbered: HashSet::new(),
            spent: HashSet::new(),
            current: None,
            alone_until: 0,
            listed: None,
            skipped: Skipped::default(),
        }
    }

    fn check(&self) -> Result<(), ReadError> {
        if !segments::find(&*self.disk, &self.path)?.is_empty() {
            return Ok(());
        }
        let path = self.path.clone();
        match self.disk.stat(&self.path) {
            Ok(found) if found.is_file && found.length == 0 => Ok(()),
            Ok(_) => Err(ReadError::NotAJournal { path }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ReadError::Missing { path }),
            Err(source) => Err(ReadError::Open { path, source }),
        }
    }

    /// The next record; `None` when there is none now. A later call gives what was written meanwhile.
    ///
    /// It gives what stands in the files. The last lines may belong to a batch that is written and not synced yet: if that
    /// fails, they are taken back, and other records may get their numbers. Sinks that follow an auditor's journal are given
    /// nothing before that is settled.
    ///
    /// # Errors
    /// When a segment cannot be found, opened or read. Nothing is lost by it: a later call goes on from the same place.
    pub fn read(&mut self) -> Result<Option<Entry>, ReadError> {
        self.read_to(u64::MAX)
    }

    /// As [`read`](Self::read), but gives nothing above `limit`.
    pub(crate) fn read_to(&mut self, limit: u64) -> Result<Option<Entry>, ReadError> {
        let mut is_confirmed = false;
        if self.alone_until > self.after && self.is_listing_due() {
            self.alone_until = 0;
        }
        loop {
            if let Some(entry) = self.read_open(limit)? {
                return Ok(Some(entry));
            }
            // Up to a limit that it is known to have, the journal is searched.
            if !is_confirmed
                && self.is_newest()?
                && (limit == u64::MAX || self.after >= limit)
                && !self.is_listing_due()
            {
                return Ok(None);
            }
            let Some(next) = self.next_segment(is_confirmed, None)? else { return Ok(None) };
            // Whoever writes the next segment has ended this one: what now stands in it is all of it.
            if let Some(entry) = self.read_open(limit)? {
                return Ok(Some(entry));
            }
            // A listing may miss a file that is renamed during it: records are missing only if it says so twice.
            if next.seq > self.after + 1 && !std::mem::replace(&mut is_confirmed, true) {
                continue;
            }
            if next.seq > limit {
                return Ok(None);
            }
            self.skipped.torn += u64::from(self.current.as_ref().is_some_and(|old| old.lines.ends_within_a_line()));
            self.go_on_in(next);
        }
    }

    fn go_on_in(&mut self, next: Next) {
        self.alone_until = next.seq;
        if let Some(old) = self.current.replace(next.current) {
            self.read_unnumbered.insert(old.id);
        }
    }

    /// The next record of the open segment, or of another one that holds what this one lacks.
    fn read_open(&mut self, limit: u64) -> Result<Option<Entry>, ReadError> {
        loop {
            match self.read_current(limit)? {
                Step::Given(entry) => return Ok(Some(entry)),
                Step::End => return Ok(None),
                Step::Jump(seq) => self.look_beside(seq)?,
            }
        }
    }

    /// The open segment goes on with `seq`, and those before it are missing: it may be a part of another one.
    fn look_beside(&mut self, seq: u64) -> Result<(), ReadError> {
        // As between segments, it takes two listings to say that records are missing.
        for is_gap_confirmed in [false, true] {
            match self.next_segment(is_gap_confirmed, Some(seq))? {
                Some(next) if next.seq < seq && (is_gap_confirmed || next.seq <= self.after + 1) => {
                    self.go_on_in(next);
                    return Ok(());
                }
                _ => {}
            }
        }
        self.alone_until = self.alone_until.max(seq);
        Ok(())
    }

    /// The last seq that was given, or after which the reader began.
    #[must_use]
    pub fn after(&self) -> u64 {
        self.after
    }

    /// What was passed over so far.
    #[must_use]
    pub fn skipped(&self) -> Skipped {
        self.skipped
    }

    /// The last seq that the journal holds now, wherever this reader is; `None` if no record has one.
    ///
    /// # Errors
    /// When a segment cannot be found, opened or read.
    pub fn last_seq(&self) -> Result<Option<u64>, ReadError> {
        let segments = segments::find(&*self.disk, &self.path)?;
        // Of any of them, for those that begin last may be parts of another one.
        let last = segments.iter().filter_map(|it| it.counted(it.end.map(|end| end.last))).max();
        // Numbers may begin within a segment.
        let Some(newest) = segments.iter().rfind(|it| it.first.seq.is_none()) else { return Ok(last) };
        let Some(mut opened) = segments::open(&*self.disk, &newest.path)? else { return Ok(last) };
        let found =
            ending(&mut *opened.file).map_err(|source| ReadError::Read { path: newest.path.clone(), source })?;
        Ok(last.max(found.map(|end| end.last)))
    }

    /// The first seq that the journal still holds, 1 if records without one stand before it; `None` if it is empty.
    pub(crate) fn first_seq(&self) -> Result<Option<u64>, ReadError> {
        Ok(segments::find(&*self.disk, &self.path)?.first().map(|segment| segment.first.seq.unwrap_or(1)))
    }

    /// Whether lines without a seq may still come.
    pub(crate) fn wants_unnumbered(&self) -> bool {
        self.wants_unnumbered
    }

    /// The next line of the open segment that was not given.
    fn read_current(&mut self, limit: u64) -> Result<Step, ReadError> {
        let Some(current) = &mut self.current else { return Ok(Step::End) };
        let limit = current.until.map_or(limit, |until| limit.min(until - 1));
        // Where a line above the limit stands: either it is not due yet, or it is foreign, which a later line that is due
        // shows.
        let mut held: Option<(u64, Skipped)> = None;
        loop {
            let offset = current.lines.offset();
            let piece = match current.lines.next(&mut *current.file) {
                Ok(piece) => piece,
                // Where it was before this line, so that another try reads all of it.
                Err(source) => return Err(ReadError::Read { path: current.path.clone(), source }),
            };
            let range = match piece {
                None => {
                    if let Some((offset, skipped)) = held {
                        self.skipped = skipped;
                        current.lines.rewind(offset);
                    }
                    return Ok(Step::End);
                }
                Some(Piece::TooLong) => {
                    self.skipped.too_long += 1;
                    continue;
                }
                Some(Piece::Line(range)) => range,
            };
            let bytes = current.lines.bytes(range);
            let seq = seq_of(bytes);
            match seq {
                Some(seq) if seq <= self.after => {
                    current.is_numbered = true;
                    continue;
                }
                Some(seq) if seq > limit => {
                    held.get_or_insert((offset, self.skipped));
                    self.skipped.foreign += 1;
                    continue;
                }
                None if current.is_numbered => {
                    self.skipped.foreign += 1;
                    continue;
                }
                None if !self.wants_unnumbered => continue,
                _ => {}
            }
            let Ok(line) = Line::parse(bytes) else {
                self.skipped.foreign += 1;
                continue;
            };
            if let Some(seq) = seq.filter(|seq| *seq > self.after + 1 && *seq > self.alone_until) {
                current.lines.rewind(offset);
                return Ok(Step::Jump(seq));
            }
            if let Some(seq) = seq {
                current.is_numbered = true;
                (self.after, self.wants_unnumbered) = (seq, false);
            }
            return Ok(Step::Given(Entry { seq, line }));
        }
    }

    /// Whether the open segment is the one that is written, so that there is nothing more now. Forgets a segment that was
    /// cut: what is in it now is found anew.
    fn is_newest(&mut self) -> Result<bool, ReadError> {
        let Some(current) = self.current.as_ref().filter(|it| it.until.is_none_or(|until| self.after + 1 < until))
        else {
            return Ok(false);
        };
        let failed = |source| ReadError::Read { path: current.path.clone(), source };
        if current.file.stat().map_err(failed)?.length < current.lines.offset() {
            self.current = None;
            return Ok(false);
        }
        match self.disk.stat(&self.path) {
            Ok(active) => Ok(active.id == current.id),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(ReadError::Open { path: self.path.clone(), source }),
        }
    }

    fn is_listing_due(&self) -> bool {
        self.listed.is_none_or(|listed| listed.elapsed() >= LIST_EVERY)
    }

    /// Forgets what was read ahead of the last record that was given. What is above a limit may yet be taken back, and
    /// other records be written in its place.
    pub(crate) fn forget_ahead(&mut self) {
        if let Some(current) = &mut self.current {
            let offset = current.lines.offset();
            current.lines.rewind(offset);
        }
    }

    /// The segment that goes on where the open one ends, or before its `jump`, or where this reader begins. If there is a
    /// gap before it, and that was seen before, what abandoned segments hold of it is given all the same.
    fn next_segment(&mut self, is_gap_confirmed: bool, jump: Option<u64>) -> Result<Option<Next>, ReadError> {
        self.listed = Some(Instant::now());
        let found = segments::find(&*self.disk, &self.path)?;
        self.spent.retain(|(id, ..)| found.iter().any(|segment| segment.id == *id));
        let current = self.current.as_ref().map(|current| current.id);
        let others = || found.iter().filter(|segment| Some(segment.id) != current);
        if self.wants_unnumbered {
            let mut unread =
                others().filter(|other| other.first.seq.is_none() && !self.read_unnumbered.contains(&other.id));
            if let Some(segment) = unread.next() {
                return Ok(opened(&*self.disk, segment)?.map(|(current, _)| Next { current, seq: 0 }));
            }
        }
        let mut best: Option<Next> = None;
        let mut abandoned: Option<Next> = None;
        // From the newest on, for of two segments that hold one seq the older one was abandoned.
        for segment in others().rev() {
            let Some(next) = self.following(segment)? else { continue };
            let counts = next.current.until.is_none_or(|until| next.seq < until);
            let best = if counts { &mut best } else { &mut abandoned };
            if best.as_ref().is_none_or(|best| next.seq < best.seq) {
                *best = Some(next);
            }
            if counts && best.as_ref().is_some_and(|best| best.seq <= self.after + 1) {
                break;
            }
        }
        self.alone_until = [&best, &abandoned].into_iter().flatten().map(|next| next.seq).min().unwrap_or(u64::MAX);
        // The journal goes on behind a gap. A segment that holds records of it was not abandoned before them, and what seemed
        // to take its place there is part of a copy.
        let behind = best.as_ref().map(|best| best.seq).into_iter().chain(jump).min();
        let gap = behind.filter(|seq| is_gap_confirmed && *seq > self.after + 1);
        if let Some(current) = self.current.as_mut().filter(|_| jump.is_none()) {
            current.until = match gap {
                Some(gap) => Some(gap),
                None => current.until_of(&*self.disk, &self.path, &found)?,
            };
        }
        if let (Some(gap), Some(mut next)) = (gap, abandoned)
            && next.seq < gap
        {
            next.current.until = Some(gap);
            return Ok(Some(next));
        }
        Ok(best)
    }

    /// The segment from the first seq on that was not given.
    fn following(&mut self, segment: &Found) -> Result<Option<Next>, ReadError> {
        let Some((mut current, length)) = opened(&*self.disk, segment)? else { return Ok(None) };
        let failed = |source| ReadError::Read { path: segment.path.clone(), source };
        let spent = (segment.id, segment.first.seq, length);
        if self.spent.contains(&spent) {
            return Ok(None);
        }
        match seek(&mut *current.file, self.after).map_err(failed)? {
            Some((offset, seq)) => {
                current.lines.rewind(offset);
                Ok(Some(Next { current, seq }))
            }
            None => {
                self.spent.insert(spent);
                Ok(None)
            }
        }
    }
}

impl Current {
    /// From which seq on one of the segments that were found says what this one would; it may not be among them any more.
    fn until_of(&mut self, disk: &dyn Disk, journal: &Path, found: &[Found]) -> Result<Option<u64>, ReadError> {
        if let Some(this) = found.iter().find(|segment| segment.id == self.id) {
            return Ok(this.until);
        }
        if self.first.is_none() {
            return Ok(None);
        }
        let failed = |source| ReadError::Read { path: self.path.clone(), source };
        let end = ending(&mut *self.file).map_err(failed)?;
        let first = First { seq: self.first, timestamp: String::new() };
        let this = Found { path: self.path.clone(), id: self.id, first, end, until: None, bytes: 0 };
        segments::until(disk, journal, found, &this, Some(&mut *self.file))
    }
}

/// Opens a segment that was found, and tells its length; `None` if its name now belongs to another file or to none.
fn opened(disk: &dyn Disk, segment: &Found) -> Result<Option<(Current, u64)>, ReadError> {
    let path = segment.path.clone();
    let Some(found) = segments::open(disk, &path)?.filter(|opened| opened.stat.id == segment.id) else {
        return Ok(None);
    };
    Ok(Some((
        Current {
            file: found.file,
            lines: Lines::new(0),
            id: segment.id,
            path,
            first: segment.first.seq,
            until: segment.until,
            is_numbered: false,
        },
        found.stat.length,
    )))
}

/// The file that a link leads to: its segments stand beside it.
fn resolved(path: &Path) -> Result<PathBuf, ReadError> {
    match std::fs::canonicalize(path) {
        Ok(path) => Ok(path),
        // It may have been renamed a moment ago.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(path.to_path_buf()),
        Err(source) => Err(ReadError::Open { path: path.to_path_buf(), source }),
    }
}

#[cfg(test)]
mod tests;

//! The files that a journal consists of, told by what they hold, for others rename them as they like. Its writer and all
//! who read it ask here, so that they agree on what belongs to it.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::journal::disk::{Disk, FileId, Handle, Open, Stat, directory_of};
use crate::journal::error::ReadError;
use crate::journal::lines::{Lines, MAX_LINE, Piece};
use crate::journal::names::{generation, is_of_another, may_be_segment};
use crate::journal::seek::{Ending, ending, line_of, seek};
use crate::journal::seq::seq_of;
use crate::journal::tail;
use crate::record::{Field, Line};

/// One file of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) id: FileId,
    /// Its first record.
    pub(super) first: First,
    /// How it ends; `None` if its first record has no seq.
    pub(super) end: Option<Ending>,
    /// From this seq on another segment says what the journal holds: this one was abandoned there, as after a failed sync,
    /// and what stands in it behind that may never have been told to anybody. A segment that says the same is a copy, and
    /// takes nothing over.
    pub(super) until: Option<u64>,
    pub(super) bytes: u64,
}

/// What the first record of a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct First {
    /// Its seq; `None` if an older version wrote it.
    pub(super) seq: Option<u64>,
    /// Its time, which orders those without a seq.
    pub(super) timestamp: String,
}

/// The segments of a journal, oldest first. A file that vanishes meanwhile is left out.
pub(super) fn find(disk: &dyn Disk, journal: &Path) -> Result<Vec<Found>, ReadError> {
    let folder = directory_of(journal);
    let names = disk.list(folder).map_err(|source| ReadError::List { path: folder.to_path_buf(), source })?;
    let exists = |path: &Path| disk.stat(path).is_ok();
    let is_own = |name: &OsString| {
        let is_active = journal.file_name() == Some(name);
        is_active || (may_be_segment(journal, name) && !is_of_another(journal, name, exists))
    };
    let mut segments = Vec::new();
    for name in names.into_iter().filter(is_own) {
        segments.extend(look_into(disk, &folder.join(name))?);
    }
    segments.sort_by(|a, b| key(journal, a).cmp(&key(journal, b)));
    let untils: Result<Vec<_>, _> =
        segments.iter().map(|segment| until(disk, journal, &segments, segment, None)).collect();
    for (segment, until) in segments.iter_mut().zip(untils?) {
        segment.until = until;
    }
    Ok(segments)
}

/// What orders segments. Those that begin with one seq were named by us one after the other, or are copies.
fn key<'a>(journal: &Path, segment: &'a Found) -> impl Ord + use<'a> {
    let seq = segment.first.seq;
    (seq, seq.and(generation(journal, &segment.path)), &segment.first.timestamp, &segment.path)
}

/// From which seq on other segments, as they are ordered, say what this one would, which may be gone: then `file` is it.
pub(super) fn until(
    disk: &dyn Disk,
    journal: &Path,
    segments: &[Found],
    this: &Found,
    mut file: Option<&mut dyn Handle>,
) -> Result<Option<u64>, ReadError> {
    let Some(first) = this.first.seq else { return Ok(None) };
    let (_, from) = segments.split_at(segments.partition_point(|other| other.first.seq < Some(first)));
    let (same, later) = from.split_at(from.partition_point(|other| other.first.seq == Some(first)));
    let own = generation(journal, &this.path);
    let anew = same.iter().filter(|other| own.is_some() && generation(journal, &other.path) > own);
    let mut until: Option<u64> = None;
    for other in anew.chain(later) {
        let begins = other.first.seq.unwrap_or(first);
        if until.is_some_and(|until| until <= begins) {
            break;
        }
        // Usually one ends where the next begins, and that is all there is to see.
        let from = if let Some(end) = this.end.filter(|end| end.greatest >= begins) {
            let mut opened = match file {
                Some(_) => None,
                None => open(disk, &this.path)?.map(|opened| opened.file),
            };
            let Some(file) = file.as_deref_mut().or(opened.as_deref_mut()) else { return Ok(Some(begins)) };
            let Some(mut it) = open(disk, &other.path)?.filter(|it| it.stat.id == other.id) else { continue };
            let last = other.end.map_or(begins, |end| end.last);
            let failed = |source| ReadError::Read { path: this.path.clone(), source };
            let mut two = Two { earlier: file, later: &mut *it.file, begins, last: last.min(end.last).max(begins) };
            let from = two.differ_from().map_err(failed)?;
            // Only its writer writes a segment's end anew.
            let may_replace = from.is_none() && generation(journal, &other.path).is_some() && last >= end.last;
            if may_replace && two.are_as_long().map_err(failed)? { Some(begins) } else { from }
        } else {
            Some(begins)
        };
        until = from.into_iter().chain(until).min();
    }
    Ok(until)
}

/// Two segments of which the later one begins within the earlier one.
struct Two<'a> {
    earlier: &'a mut dyn Handle,
    later: &'a mut dyn Handle,
    /// The later one's first seq.
    begins: u64,
    /// The last seq that both may hold.
    last: u64,
}

impl Two<'_> {
    /// From which seq on the later one says something else; `None` if it is a copy, or one of a part.
    fn differ_from(&mut self) -> io::Result<Option<u64>> {
        let line = line_of(self.earlier, self.begins)?;
        if line.is_none() || line != line_of(self.later, self.begins)? {
            return Ok(Some(self.begins));
        }
        if !self.differ_at(self.last)? {
            return Ok(None);
        }
        // A batch was written anew, and not all of it alike. What parted does not meet again, so the place is found by
        // halving.
        let (mut low, mut high, mut from) = (self.begins, self.last, self.last);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            match seek(self.later, middle - 1)?.filter(|(_, seq)| *seq < high) {
                Some((_, seq)) if self.differ_at(seq)? => (high, from) = (middle, seq),
                Some((_, seq)) => low = seq,
                None => high = middle,
            }
        }
        Ok(Some(from))
    }

    /// Whether both hold this seq, and not the same line of it.
    fn differ_at(&mut self, seq: u64) -> io::Result<bool> {
        let lines = line_of(self.earlier, seq)?.zip(line_of(self.later, seq)?);
        Ok(lines.is_some_and(|(one, other)| one != other))
    }

    /// Whether as much stands in both from the later one's first line to the last that both may hold: then that one lacks
    /// nothing of it.
    fn are_as_long(&mut self) -> io::Result<bool> {
        let mut lengths = [None; 2];
        for (file, length) in [&mut *self.earlier, &mut *self.later].into_iter().zip(&mut lengths) {
            let starts = seek(file, self.begins - 1)?.zip(seek(file, self.last - 1)?);
            *length = starts.map(|((first, _), (last, _))| last - first);
        }
        Ok(lengths[0] == lengths[1])
    }
}

/// All but the one at `PATH`.
pub(super) fn find_others(disk: &dyn Disk, journal: &Path) -> Result<Vec<Found>, ReadError> {
    let mut segments = find(disk, journal)?;
    segments.retain(|segment| segment.path != journal);
    Ok(segments)
}

/// What a file is as a segment; `None` if it is none.
pub(super) fn look_into(disk: &dyn Disk, path: &Path) -> Result<Option<Found>, ReadError> {
    // Neither a link, which may lead anywhere, nor a pipe, which would be waited for.
    let failed = |source| ReadError::Open { path: path.to_path_buf(), source };
    match disk.stat(path) {
        Ok(there) if there.is_file => {}
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => return Ok(None),
    }
    let Some(Opened { mut file, stat }) = open(disk, path)? else { return Ok(None) };
    let failed = |source| ReadError::Read { path: path.to_path_buf(), source };
    let Some(first) = first_of(&mut *file).map_err(failed)? else { return Ok(None) };
    // One that begins without may hold none at all, and be long.
    let end = if first.seq.is_some() { ending(&mut *file).map_err(failed)? } else { None };
    Ok(Some(Found { path: path.to_path_buf(), id: stat.id, first, end, until: None, bytes: stat.length }))
}

/// The first record of a file; `None` if its first MiB holds none. Lines before it that are no records are passed over:
/// what somebody else wrote there takes none of ours away.
pub(super) fn first_of(file: &mut dyn Handle) -> io::Result<Option<First>> {
    let mut lines = Lines::new(0);
    while lines.offset() <= MAX_LINE as u64 {
        match lines.next(file)? {
            None => break,
            Some(Piece::TooLong) => {}
            Some(Piece::Line(range)) => {
                let bytes = lines.bytes(range);
                let Ok(line) = Line::parse(bytes) else { continue };
                let (seq, timestamp) = (seq_of(bytes), line.get(Field::Timestamp));
                if seq.is_some() || timestamp.is_some() {
                    return Ok(Some(First { seq, timestamp: timestamp.unwrap_or_default().into_owned() }));
                }
            }
        }
    }
    Ok(None)
}

/// A file that is read, and what it was when it was opened.
pub(super) struct Opened {
    pub(super) file: Box<dyn Handle>,
    pub(super) stat: Stat,
}

/// Opens a file to read it; `None` if it is not there.
pub(super) fn open(disk: &dyn Disk, path: &Path) -> Result<Option<Opened>, ReadError> {
    match disk.open(path, Open::Reading).and_then(|file| file.stat().map(|stat| Opened { file, stat })) {
        Ok(opened) => Ok(Some(opened)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ReadError::Open { path: path.to_path_buf(), source }),
    }
}

impl Found {
    /// The seq of its last record that counts, as its writer tells them; `None` when none of its records has one.
    pub(super) fn last(&self, disk: &dyn Disk) -> io::Result<Option<u64>> {
        let mut file = disk.open(&self.path, Open::Reading)?;
        let length = file.stat()?.length;
        Ok(self.counted(tail::scan(&mut *file, length)?.last))
    }

    /// The last seq that counts of those up to `last`.
    pub(super) fn counted(&self, last: Option<u64>) -> Option<u64> {
        let before = self.until.map_or(u64::MAX, |until| until - 1);
        last.map(|last| last.min(before)).filter(|last| *last > 0)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::journal::disk::System;

    fn numbered(seq: u64, pad: usize) -> String {
        format!("{{\"user\":\"{}\",\"seq\":{seq}}}\n", "x".repeat(pad))
    }

    #[test]
    fn segments_are_told_by_what_they_hold_and_ordered_by_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        put("audit.jsonl", &numbered(30, 0));
        put("audit.jsonl.1", &numbered(20, 0));
        put("audit.jsonl.00000000000000000005", &numbered(5, 0));
        // A broken first line does not hide what follows.
        put("audit.jsonl-20261126", &numbered(1, 0));
        put("audit.jsonl.broken", &format!("{{\"user\":\n{}", numbered(12, 0)));
        put("audit.jsonl.old", "{\"timestamp\":\"2026-01-02\"}\n");
        put("audit.jsonl.older", "{\"timestamp\":\"2026-01-01\",\"data\":{\"seq\":7}}\n");
        for end in crate::journal::names::NO_SEGMENTS {
            put(&format!("audit.jsonl.99{end}"), &numbered(99, 0));
        }
        put("audit.jsonl.conf", "{\"rotate\":true}\n");
        put("audit.jsonl.empty", "");
        put("audit.jsonl.half", "{\"user\":\"x\",\"seq\":4}");
        put("other.jsonl", &numbered(99, 0));
        fs::create_dir(folder.path().join("audit.jsonl.d")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&path, folder.path().join("audit.jsonl.link")).unwrap();

        let found: Vec<_> = find(&System, &path).unwrap();
        let names: Vec<_> = found.iter().map(|segment| segment.path.extension().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["older", "old", "00000000000000000005", "broken", "1", "jsonl"]);
        assert_eq!(
            found.iter().map(|segment| segment.first.seq).collect::<Vec<_>>(),
            [None, None, Some(5), Some(12), Some(20), Some(30)]
        );
    }
}

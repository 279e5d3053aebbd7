//! What somebody else did to the active segment, seen before each batch at the price of two `stat`.

use std::io;

use crate::journal::disk::{Disk, Open, Stat};
use crate::journal::lines::{Lines, Piece};
use crate::journal::own::{Change, Range};
use crate::journal::recover::recover;
use crate::journal::seek::seek;
use crate::journal::segments::{self, Found};
use crate::journal::seq::seq_of;
use crate::journal::writer::Journal;
use crate::notice;

impl Journal {
    /// Looks whether the active segment is where and as long as it was, and deals with what it finds.
    pub(super) fn look(&mut self) {
        // What is over is left before the next batch in any case.
        if self.active.is_over {
            return;
        }
        let Ok(ours) = self.active.stat() else { return };
        let there = match self.disk.stat(&self.path) {
            Ok(there) if there.is_file && there.id == ours.id => {
                self.active.is_displaced = false;
                self.active.path.clone_from(&self.path);
                return self.look_at_length(&ours);
            }
            Ok(there) => Some(there),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(_) => return,
        };
        if ours.links > 0 {
            self.look_at_length(&ours);
        }
        self.displaced(&ours, there);
    }

    /// The journal's path leads elsewhere.
    fn displaced(&mut self, ours: &Stat, there: Option<Stat>) {
        let is_aside = self.active.path != self.path;
        let is_removed = ours.links == 0;
        let is_news = !self.active.is_displaced && (is_removed || !is_aside);
        let records = self.active.records(self.next);
        if is_news {
            let change = match there {
                _ if is_removed => Change::Removed,
                Some(there) if !there.is_file => Change::Replaced,
                _ => Change::Renamed,
            };
            self.tell(change, records, None);
            self.active.is_displaced = true;
        }
        let is_blocked = there.is_some_and(|there| !there.is_file || there.length > 0);
        if is_aside && is_blocked && !is_removed {
            return;
        }
        if let Err(error) = self.begin_anew() {
            // Records in a file that is removed would be nowhere.
            self.active.is_over |= is_removed;
            self.complain(&error);
        }
        if is_removed && is_news {
            self.tell_missing(records, "the file that held them was removed");
        }
    }

    fn look_at_length(&mut self, ours: &Stat) {
        if ours.length > self.active.length {
            self.appended(ours.length);
        } else if ours.length < self.active.length {
            self.truncated(ours.length);
        }
    }

    /// Somebody wrote behind our records. It stays, and ours go on in a line of their own.
    fn appended(&mut self, length: u64) {
        let added = length - self.active.length;
        self.tell(Change::Appended, None, Some(added));
        let mut last = [0];
        let read = self.active.handle().read_at(length - 1, &mut last);
        self.active.within_line = !matches!(read, Ok(1)) || last != *b"\n";
        self.active.length = length;
    }

    fn truncated(&mut self, length: u64) {
        let records = self.active.records(self.next);
        self.tell(Change::Truncated, records, Some(self.active.length - length));
        let last = match recover(&*self.disk, &self.path, &mut self.active, self.next - 1) {
            Ok(found) => {
                if let Some((file, bytes)) = found.torn {
                    self.own.torn_tail(&self.encoder, &file, bytes);
                }
                found.last
            }
            Err(_) => {
                self.active.is_over = true;
                None
            }
        };
        if self.active.is_over {
            self.names.doubt(&io::Error::other("what was torn could not be moved"));
        }
        let lost = records.map(|(first, end)| (last.map_or(first, |last| last + 1), end));
        self.tell_missing(lost, "the file that held them was truncated");
    }

    fn tell(&mut self, change: Change, records: Option<Range>, bytes: Option<u64>) {
        let path = self.active.path.clone();
        self.own.changed(&self.encoder, change, &path, records, bytes);
        self.changes.say(format_args!("audit file {} was {change}", path.display()));
    }

    /// Tells of those of these records that no other segment holds: a copy may have been made before.
    fn tell_missing(&mut self, records: Option<Range>, why: &str) {
        let Some((from, to)) = records.filter(|(from, to)| from <= to) else { return };
        let segments = segments::find(&*self.disk, &self.path).unwrap_or_default();
        let missing = missing(&*self.disk, &segments, from, to);
        if missing > 0 {
            self.own.gap(&self.encoder, "file", (from, to), missing, why);
            notice::say(format_args!("{missing} records are missing: {why}"));
        }
    }
}

/// How much of each segment is read to find what is missing; in what is longer, nothing is.
const LOOKED_AT: u64 = 64 << 20;
/// In how many pieces a segment may hold what is looked for. What it holds behind them counts as missing.
const MAX_RUNS: usize = 4_096;

/// How many of these records stand in none of the segments.
fn missing(disk: &dyn Disk, segments: &[Found], from: u64, to: u64) -> u64 {
    let mut runs: Vec<Range> = Vec::new();
    for segment in segments {
        // One that cannot be read holds nothing for anybody else either.
        runs.extend(held(disk, segment, from, to).unwrap_or_default());
    }
    runs.sort_unstable();
    let (mut missing, mut next) = (0, from);
    for (first, last) in runs {
        missing += first.saturating_sub(next);
        next = next.max(last.saturating_add(1));
    }
    missing + (to + 1).saturating_sub(next)
}

/// Which of these records a segment holds, as runs of them: it may be a part of another one, with holes.
fn held(disk: &dyn Disk, segment: &Found, from: u64, to: u64) -> io::Result<Vec<Range>> {
    let mut runs: Vec<Range> = Vec::new();
    let to = segment.until.map_or(to, |until| to.min(until - 1));
    if segment.first.seq.is_some_and(|first| first > to) {
        return Ok(runs);
    }
    let mut file = disk.open(&segment.path, Open::Reading)?;
    let Some((start, _)) = seek(&mut *file, from - 1)? else { return Ok(runs) };
    let mut lines = Lines::new(start);
    while let Some(piece) = lines.next(&mut *file)? {
        let Piece::Line(range) = piece else { continue };
        let Some(seq) = seq_of(lines.bytes(range)).filter(|seq| (from..=to).contains(seq)) else { continue };
        let is_full = runs.len() >= MAX_RUNS;
        match runs.last_mut() {
            Some((_, last)) if seq <= *last => {}
            Some((_, last)) if seq == *last + 1 => *last = seq,
            _ if is_full => break,
            _ => runs.push((seq, seq)),
        }
        if lines.offset() - start > LOOKED_AT {
            let end = segment.end.map_or(seq, |end| end.last.clamp(seq, to));
            runs.push((seq, end));
            break;
        }
    }
    Ok(runs)
}

//! What a crash left at the end of a segment is moved out of the way, and kept.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::journal::disk::{Disk, Open, Part, directory_of, write_all};
use crate::journal::names::{free, rotated};
use crate::journal::segment::Segment;
use crate::journal::segments::first_of;
use crate::journal::tail;

/// What was found at the end of a segment.
pub(super) struct Recovered {
    /// The seq of its last record.
    pub(super) last: Option<u64>,
    /// Where what was torn is now, and how many bytes it is.
    pub(super) torn: Option<(PathBuf, u64)>,
}

/// Finds the end of a segment's records and moves what stands behind it to `PATH.<seq>.torn`, where the seq is that of
/// the record that comes next: the one after the segment's last, and after `last`.
///
/// If it cannot be moved, the segment is over: it keeps its torn end, and nothing is written behind it.
pub(super) fn recover(disk: &dyn Disk, journal: &Path, segment: &mut Segment, last: u64) -> io::Result<Recovered> {
    let length = segment.stat()?.length;
    let tail = tail::scan(segment.handle(), length)?;
    segment.length = tail.end;
    segment.within_line = false;
    let first = first_of(segment.handle())?.and_then(|first| first.seq);
    segment.first = first.filter(|_| tail.last.is_some()).or(tail.first);
    // Whether those who wrote it synced it, nobody knows.
    segment.unsynced = segment.first;
    let torn = length - tail.end;
    if torn == 0 {
        return Ok(Recovered { last: tail.last, torn: None });
    }
    let next = last.max(tail.last.unwrap_or(0)).saturating_add(1);
    let path = free(&rotated(journal, next), ".torn", |path| disk.stat(path).is_err());
    let moved = copy(disk, segment, length, &path).and_then(|()| {
        segment.take_back()?;
        segment.sync()
    });
    let place = if moved.is_ok() { path } else { segment.path.clone() };
    segment.is_over |= moved.is_err();
    Ok(Recovered { last: tail.last, torn: Some((place, torn)) })
}

/// Copies what stands behind the records, and makes sure that the copy stays before the original goes.
fn copy(disk: &dyn Disk, segment: &mut Segment, length: u64, path: &Path) -> io::Result<()> {
    let start = segment.length;
    let mut copy = disk.open(path, Open::New)?;
    let mut copied = || -> io::Result<()> {
        let mut from = Part { handle: segment.handle(), at: start, end: length };
        let mut piece = vec![0; 64 << 10];
        loop {
            let count = from.read(&mut piece)?;
            let Some(read) = piece.get(..count).filter(|read| !read.is_empty()) else { break };
            write_all(&mut *copy, read).map_err(|(_, error)| error)?;
        }
        copy.sync()?;
        disk.sync_directory(directory_of(path))
    };
    copied().inspect_err(|_| {
        // Half a copy is none; the original stays.
        disk.remove(path).unwrap_or(());
    })
}

//! The segments of a journal that are not its active one, found by what they hold: others rename them as they like.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::journal::disk::{Disk, Open, directory_of};
use crate::journal::names::{is_of_another, may_be_segment};
use crate::journal::tail::{self, First};

/// A segment that was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// The seq of its first line; 0 when older versions wrote that.
    pub(super) first: u64,
    pub(super) bytes: u64,
}

/// All but the one at `PATH`, the oldest first.
pub(super) fn segments(disk: &dyn Disk, journal: &Path) -> io::Result<Vec<Found>> {
    let directory = directory_of(journal);
    let mut found = Vec::new();
    let exists = |path: &Path| disk.stat(path).is_ok();
    let is_own = |name: &OsString| may_be_segment(journal, name) && !is_of_another(journal, name, exists);
    for name in disk.list(directory)?.into_iter().filter(is_own) {
        let path = directory.join(name);
        match look_into(disk, &path) {
            Ok(segment) => found.extend(segment),
            // Others may remove it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // It may be the one that tells which number comes next.
            Err(error) => {
                let message = format!("cannot read {}, which may be a segment of it: {error}", path.display());
                return Err(io::Error::new(error.kind(), message));
            }
        }
    }
    found.sort_by(|one, other| (one.first, &one.path).cmp(&(other.first, &other.path)));
    Ok(found)
}

fn look_into(disk: &dyn Disk, path: &Path) -> io::Result<Option<Found>> {
    let stat = disk.stat(path)?;
    if !stat.is_file {
        return Ok(None);
    }
    let mut handle = disk.open(path, Open::Reading)?;
    Ok(match tail::first(&mut *handle)? {
        First::Record(first) => Some(Found { path: path.to_owned(), first: first.unwrap_or(0), bytes: stat.length }),
        First::None => None,
    })
}

impl Found {
    /// The seq of its last record; `None` when none of its records has one.
    pub(super) fn last(&self, disk: &dyn Disk) -> io::Result<Option<u64>> {
        let mut handle = disk.open(&self.path, Open::Reading)?;
        let length = handle.stat()?.length;
        Ok(tail::scan(&mut *handle, length)?.last)
    }
}

/// How many of these records stand in none of the segments.
pub(super) fn missing(disk: &dyn Disk, segments: &[Found], from: u64, to: u64) -> u64 {
    let mut missing = 0;
    let mut next = from;
    for segment in segments {
        // One that cannot be read holds nothing for anybody else either.
        let Ok(Some(last)) = segment.last(disk) else { continue };
        if last < next || segment.first > to {
            continue;
        }
        missing += segment.first.saturating_sub(next);
        next = last.saturating_add(1);
    }
    missing + (to + 1).saturating_sub(next.min(to + 1))
}

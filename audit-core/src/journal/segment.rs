//! The file that is written: where it stands, how long it is, what it holds.

use std::io;
use std::path::{Path, PathBuf};

use crate::journal::disk::{Disk, Handle, Open, Stat, write_all};
use crate::journal::own::Range;
use crate::journal::seq::SEQ_KEY;

/// An open segment.
pub(super) struct Segment {
    handle: Box<dyn Handle>,
    /// Where it stands as far as we know; somebody may have renamed it since.
    pub(super) path: PathBuf,
    /// Where its last record ends; the next begins there.
    pub(super) length: u64,
    /// The seq of its first record; `None` while it holds none with one.
    pub(super) first: Option<u64>,
    /// The first seq that was written and not synced yet.
    pub(super) unsynced: Option<u64>,
    /// What stands at its end is no whole line.
    pub(super) within_line: bool,
    /// Nothing may be written here any more, and nothing synced: it ends in something torn, its sync failed, or it is
    /// removed.
    pub(super) is_over: bool,
    /// Somebody moved it away, which was told.
    pub(super) is_displaced: bool,
}

impl Segment {
    fn new(handle: Box<dyn Handle>, path: &Path) -> Self {
        Self {
            handle,
            path: path.to_owned(),
            length: 0,
            first: None,
            unsynced: None,
            within_line: false,
            is_over: false,
            is_displaced: false,
        }
    }

    /// Makes a new one, open to whom `like` was open to.
    pub(super) fn create(disk: &dyn Disk, path: &Path, like: Option<&Stat>) -> io::Result<Self> {
        let handle = disk.open(path, Open::New)?;
        if let Some(like) = like {
            // An owner who may not give it that group has a journal that only he can read, and no less of it.
            handle.let_in_as(like).unwrap_or(());
        }
        Ok(Self::new(handle, path))
    }

    /// Opens one that is there; its length and records are for `recover` to find.
    pub(super) fn open(disk: &dyn Disk, path: &Path) -> io::Result<Self> {
        Ok(Self::new(disk.open(path, Open::Existing)?, path))
    }

    /// Whether it is empty or begins as a record does, or as a power cut leaves one: a database or a key that is named by
    /// mistake stays whole.
    pub(super) fn begins_as_log(&mut self) -> io::Result<bool> {
        /// More than what is written at once and not yet synced rarely is.
        const HOLE: usize = 64 << 10;
        let mut begin = vec![0; HOLE];
        let count = self.handle.read_at(0, &mut begin)?;
        begin.truncate(count);
        let behind_hole = begin.iter().position(|byte| *byte != 0).and_then(|at| begin.get(at..));
        Ok(match behind_hole {
            None => true,
            Some(text) if text.len() == count => text.starts_with(b"{"),
            Some(text) => text.windows(SEQ_KEY.len()).any(|bytes| bytes == SEQ_KEY),
        })
    }

    pub(super) fn stat(&self) -> io::Result<Stat> {
        self.handle.stat()
    }

    pub(super) fn handle(&mut self) -> &mut dyn Handle {
        &mut *self.handle
    }

    /// The records in it, when `next` is the seq that comes after them.
    pub(super) fn records(&self, next: u64) -> Option<Range> {
        self.first.filter(|first| *first < next).map(|first| (first, next - 1))
    }

    /// Appends bytes; `length` grows only by [`keep`](Self::keep).
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
        write_all(&mut *self.handle, bytes)
    }

    /// What was written up to `bytes` more than before is kept: records from `first` on.
    pub(super) fn keep(&mut self, bytes: usize, first: u64) {
        self.length += bytes as u64;
        self.first.get_or_insert(first);
        self.unsynced.get_or_insert(first);
        self.within_line = false;
    }

    /// Takes back what was written behind the last record that was kept.
    pub(super) fn take_back(&mut self) -> io::Result<()> {
        let taken = self.handle.truncate(self.length);
        self.is_over |= taken.is_err();
        taken
    }

    /// After an error the segment is over: another sync would find nothing left to write, and promise what is lost.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        let synced = self.handle.sync();
        match &synced {
            Ok(()) => self.unsynced = None,
            Err(_) => self.is_over = true,
        }
        synced
    }
}

//! A new segment takes the place of the active one.
//!
//! The new file is made before the old one is touched, so that a process that can open nothing more goes on writing.
//! Then the old file gets its rotated name, the new one the journal's, and the directory is synced. In between the
//! journal's name may be missing, which the next batch, or the next start, sees and puts right: no state holds a record in
//! two places, or in none.

use std::io;
use std::path::Path;

use crate::journal::disk::Stat;
use crate::journal::names::{beside, free, rotated};
use crate::journal::recover::recover;
use crate::journal::segment::Segment;
use crate::journal::writer::Journal;
use crate::notice;

impl Journal {
    /// Begins a new segment, as a program that rotates logs asks for after it moved the file: if the file is still at its
    /// place, it is rotated here.
    ///
    /// # Errors
    /// When no new segment can be begun; the old one goes on being written.
    pub(crate) fn reopen(&mut self) -> io::Result<()> {
        let before = self.begun;
        // It may have been raised.
        self.system_limit = None;
        self.look();
        let is_ours = self.begun == before && self.active.path == self.path;
        if is_ours && self.active.length > 0 { self.begin_anew() } else { Ok(()) }
    }

    /// Begins a new segment if that can be done; tells whether it was. Otherwise that is said once, and tried again later.
    pub(super) fn rotate(&mut self) -> bool {
        match self.begin_anew() {
            Ok(()) => true,
            Err(error) => {
                self.complain(&error);
                false
            }
        }
    }

    /// Says once that no new segment can be begun, until one could be.
    pub(super) fn complain(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.complained, true) {
            let path = self.path.display();
            notice::say(format_args!("audit file {path}: no new segment can be begun, which is tried again: {error}"));
        }
    }

    /// Begins a new segment where there is room for it: at the journal's path if it is free, ours, or an empty file that
    /// was put there for us; beside it as long as something else stands there.
    pub(super) fn begin_anew(&mut self) -> io::Result<()> {
        self.begin()?;
        self.try_to_sync_directory();
        self.retain();
        Ok(())
    }

    /// As [`begin_anew`](Self::begin_anew), but its name is not durable yet.
    pub(super) fn begin(&mut self) -> io::Result<()> {
        let ours = self.active.stat()?;
        let path = self.path.clone();
        match self.disk.stat(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.begin_at(&path, &ours)?,
            Err(error) => return Err(error),
            Ok(there) if there.is_file && ours.id == there.id => self.replace(&there)?,
            Ok(there) => {
                if !there.is_file || !self.take_up()? {
                    let aside = free(&rotated(&path, self.next), "", |path| self.disk.stat(path).is_err());
                    self.begin_at(&aside, &ours)?;
                    let (path, aside) = (path.display(), aside.display());
                    notice::say(format_args!("audit file {path}: something else stands there; records go to {aside}"));
                }
            }
        }
        self.begun += 1;
        self.complained = false;
        Ok(())
    }

    fn begin_at(&mut self, path: &Path, like: &Stat) -> io::Result<()> {
        let segment = Segment::create(&*self.disk, path, Some(like))?;
        self.names_change();
        self.finish_active();
        self.active = segment;
        Ok(())
    }

    /// Puts a new file in the place of ours, which gets its rotated name, or goes if it is empty.
    fn replace(&mut self, ours: &Stat) -> io::Result<()> {
        let prepared = beside(&self.path, "next");
        let mut segment = match Segment::create(&*self.disk, &prepared, Some(ours)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && self.is_empty_file(&prepared) => {
                self.disk.remove(&prepared)?;
                Segment::create(&*self.disk, &prepared, Some(ours))?
            }
            created => created?,
        };
        self.finish_active();
        self.names_change();
        let renamed = self.change_places(&prepared, self.active.stat().is_ok_and(|ours| ours.length == 0));
        if let Err(error) = renamed {
            // It is empty; the next try finds it and makes it anew.
            self.disk.remove(&prepared).unwrap_or(());
            return Err(error);
        }
        segment.path.clone_from(&self.path);
        self.active = segment;
        Ok(())
    }

    fn change_places(&mut self, prepared: &Path, old_is_empty: bool) -> io::Result<()> {
        if old_is_empty {
            return self.disk.rename(prepared, &self.path);
        }
        let first = self.active.first.unwrap_or(0);
        let old = free(&rotated(&self.path, first), "", |path| self.disk.stat(path).is_err());
        self.disk.rename(&self.path, &old)?;
        // It goes on under its rotated name; the next batch finds the journal's free, and begins a segment there.
        self.disk.rename(prepared, &self.path).inspect_err(|_| self.active.path = old)
    }

    /// Goes on in a regular file that somebody put at the journal's path; tells whether it can be gone on in.
    fn take_up(&mut self) -> io::Result<bool> {
        let mut segment = Segment::open(&*self.disk, &self.path)?;
        if !segment.begins_as_log()? {
            return Ok(false);
        }
        let found = recover(&*self.disk, &self.path, &mut segment, self.next - 1)?;
        if segment.is_over {
            // Its copy may have met what a sync of the folder is told only once.
            self.names.doubt(&io::Error::other("what was torn could not be moved"));
            return Ok(false);
        }
        if found.last.is_some_and(|last| last >= self.next) {
            // Its records are not ours.
            return Ok(false);
        }
        if let Some((file, bytes)) = found.torn {
            self.own.torn_tail(&self.encoder, &file, bytes);
        }
        self.names_change();
        self.finish_active();
        self.active = segment;
        Ok(true)
    }

    /// Syncs what the active segment holds before it is left.
    fn finish_active(&mut self) {
        if self.active.is_over || self.active.unsynced.is_none() {
            return;
        }
        let unsynced = self.active.unsynced.map(|first| (first, self.next - 1));
        if let Err(error) = self.active.sync() {
            self.own.sync_failed(&self.encoder, &self.active.path, unsynced, &error.to_string());
        }
    }

    fn is_empty_file(&self, path: &Path) -> bool {
        self.disk.stat(path).is_ok_and(|stat| stat.is_file && stat.length == 0)
    }
}

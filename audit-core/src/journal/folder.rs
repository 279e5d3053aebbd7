//! The names of segments, which the folder holds, are made durable. A power cut takes a name that is not away, and with it all
//! that was synced in its file.
//!
//! After a sync of the folder failed, the system may take names for written that are not, and report success at the next
//! try. So nothing is tried again as it was: each name in doubt is given anew, and the active segment is left for a new one.
//! Only then is the folder synced again. What was to be synced meanwhile is refused.

use std::io;

use crate::journal::disk::directory_of;
use crate::journal::names::{free, rotated};
use crate::journal::segments;
use crate::journal::writer::Journal;

/// What a power cut may do to the segments' names.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Those of segments that begin with this seq, or later, were given since the folder was synced.
    changed_from: Option<u64>,
    doubt: Option<Doubt>,
}

/// A sync of the folder failed.
#[derive(Debug)]
struct Doubt {
    error: String,
    is_told: bool,
}

impl Names {
    /// The segment that begins with `first`, and those after it, are given names.
    pub(super) fn change(&mut self, first: u64) {
        self.changed_from = Some(self.changed_from.map_or(first, |from| from.min(first)));
    }

    /// A sync of the folder failed.
    pub(super) fn doubt(&mut self, error: &io::Error) {
        if self.changed_from.is_some() {
            let is_told = self.doubt.as_ref().is_some_and(|doubt| doubt.is_told);
            self.doubt = Some(Doubt { error: error.to_string(), is_told });
        }
    }
}

impl Journal {
    /// A new name for the active segment, or another segment in its place.
    pub(super) fn names_change(&mut self) {
        let is_empty = self.active.length == 0;
        self.names.change(self.active.first.unwrap_or(if is_empty { self.next } else { 0 }));
    }

    /// Makes the names of segments durable, if no try failed before. If this one does, that is dealt with before the next
    /// batch that is to be synced.
    pub(super) fn try_to_sync_directory(&mut self) {
        if self.names.doubt.is_none() {
            self.sync_names().unwrap_or(());
        }
    }

    /// Makes the names of segments durable. This may leave the active segment for a new one.
    ///
    /// # Errors
    /// When that was not possible: nothing may be called synced.
    pub(super) fn sync_directory(&mut self) -> io::Result<()> {
        if self.names.doubt.is_some() {
            self.give_names_anew()?;
        }
        self.sync_names()
    }

    fn sync_names(&mut self) -> io::Result<()> {
        if self.names.changed_from.is_none() {
            return Ok(());
        }
        let folder = directory_of(&self.path);
        match self.disk.sync_directory(folder) {
            Ok(()) => {
                self.names = Names::default();
                Ok(())
            }
            Err(error) => {
                self.names.doubt(&error);
                Err(io::Error::new(error.kind(), format!("cannot sync the folder {}: {error}", folder.display())))
            }
        }
    }

    fn give_names_anew(&mut self) -> io::Result<()> {
        let is_free = |path: &std::path::Path| self.disk.stat(path).is_err();
        let segments = segments::find_others(&*self.disk, &self.path).map_err(io::Error::other)?;
        for segment in segments {
            let first = segment.first.seq;
            let is_in_doubt = first.is_none_or(|first| self.names.changed_from.is_some_and(|from| first >= from));
            if !is_in_doubt {
                continue;
            }
            // There and back, for others may look for it by its name. Cut off in between, it is a segment all the same.
            let aside = free(&rotated(&self.path, first.unwrap_or(0)), "", is_free);
            self.disk.rename(&segment.path, &aside)?;
            if is_free(&segment.path) {
                self.disk.rename(&aside, &segment.path)?;
            }
        }
        self.begin()?;
        if let Some(doubt) = self.names.doubt.as_mut().filter(|doubt| !doubt.is_told) {
            doubt.is_told = true;
            self.own.sync_failed(&self.encoder, directory_of(&self.path), None, &doubt.error);
        }
        Ok(())
    }
}

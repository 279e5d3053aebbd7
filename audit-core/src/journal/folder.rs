//! The names of segments, which the folder holds, are made durable. A power cut takes a name that is not away, and with it all
//! that was synced in its file.
//!
//! After a sync of the folder failed, the system may take names for written that are not, and report success at the next
//! try. So nothing is tried again as it was: each name in doubt is given anew, and the active segment is left for a new one.
//! Only then is the folder synced again. What was to be synced meanwhile is refused.
//!
//! That makes a new segment at each try, so after one that failed what is to be synced is refused for a while without another:
//! 500 ms, and twice as long each time, up to 30 s.

use std::io;
use std::time::{Duration, Instant};

use crate::journal::disk::directory_of;
use crate::journal::names::{free, rotated};
use crate::journal::segments;
use crate::journal::writer::Journal;

/// How long is waited after the first try to give names anew that failed, and how long at most.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(30)];

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
    pause: Option<Pause>,
}

/// The names were given anew, and the folder could not be synced all the same.
#[derive(Debug)]
struct Pause {
    until: Instant,
    length: Duration,
    kind: io::ErrorKind,
    message: String,
}

impl Names {
    /// The segment that begins with `first`, and those after it, are given names.
    pub(super) fn change(&mut self, first: u64) {
        self.changed_from = Some(self.changed_from.map_or(first, |from| from.min(first)));
    }

    /// A sync of the folder failed.
    pub(super) fn doubt(&mut self, error: &io::Error) {
        if self.changed_from.is_some() {
            let (is_told, pause) = self.doubt.take().map_or((false, None), |doubt| (doubt.is_told, doubt.pause));
            self.doubt = Some(Doubt { error: error.to_string(), is_told, pause });
        }
    }

    /// Why nothing is tried now.
    fn refusal(&self, now: Instant) -> Option<io::Error> {
        let pause = self.doubt.as_ref()?.pause.as_ref().filter(|pause| now < pause.until)?;
        Some(io::Error::new(pause.kind, pause.message.clone()))
    }

    /// They were given anew for nothing.
    fn put_off(&mut self, error: &io::Error, now: Instant) {
        let Some(doubt) = &mut self.doubt else { return };
        let [first, longest] = PAUSES;
        let length = doubt.pause.as_ref().map_or(first, |pause| longest.min(pause.length * 2));
        doubt.pause = Some(Pause { until: now + length, length, kind: error.kind(), message: error.to_string() });
    }

    /// As if so much time had gone by.
    #[cfg(test)]
    pub(super) fn wait(&mut self, time: Duration) {
        if let Some(pause) = self.doubt.as_mut().and_then(|doubt| doubt.pause.as_mut()) {
            pause.until -= time;
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
        if self.names.doubt.is_none() {
            return self.sync_names();
        }
        if let Some(refusal) = self.names.refusal(Instant::now()) {
            return Err(refusal);
        }
        let tried = self.give_names_anew().and_then(|()| self.sync_names());
        tried.inspect_err(|error| self.names.put_off(error, Instant::now()))
    }

    /// Makes the names of segments durable where they stand.
    ///
    /// # Errors
    /// When that is not possible, now or without giving them anew.
    pub(super) fn sync_directory_as_it_is(&mut self) -> io::Result<()> {
        match &self.names.doubt {
            None => self.sync_names(),
            Some(doubt) => Err(io::Error::other(self.unsynced_folder(&doubt.error))),
        }
    }

    fn unsynced_folder(&self, error: impl std::fmt::Display) -> String {
        format!("cannot sync the folder {}: {error}", directory_of(&self.path).display())
    }

    fn sync_names(&mut self) -> io::Result<()> {
        if self.names.changed_from.is_none() {
            return Ok(());
        }
        match self.disk.sync_directory(directory_of(&self.path)) {
            Ok(()) => {
                self.names = Names::default();
                Ok(())
            }
            Err(error) => {
                self.names.doubt(&error);
                Err(io::Error::new(error.kind(), self.unsynced_folder(&error)))
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
        self.retain();
        if let Some(doubt) = self.names.doubt.as_mut().filter(|doubt| !doubt.is_told) {
            doubt.is_told = true;
            self.own.sync_failed(&self.encoder, directory_of(&self.path), None, &doubt.error);
        }
        Ok(())
    }
}

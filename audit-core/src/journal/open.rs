//! How a journal is opened, or begun, and what is found there put right.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::journal::clock::Clock;
use crate::journal::disk::{Disk, Stat, System, not_a_file};
use crate::journal::folder::Names;
use crate::journal::lock::Lock;
use crate::journal::names::{beside, free, rotated};
use crate::journal::own::Own;
use crate::journal::recover::recover;
use crate::journal::segment::Segment;
use crate::journal::segments::{self, Found};
use crate::journal::writer::{Journal, JournalOptions};
use crate::journal::{Head, OpenError, ReadError};
use crate::notice::Limited;
use crate::record::Encoder;

impl Journal {
    /// Opens a journal, or begins one, and puts right what a crash left.
    ///
    /// A new file is readable by its owner alone; symbolic links are not followed.
    pub(crate) fn open(path: &Path, options: JournalOptions, encoder: Arc<Encoder>) -> Result<Self, OpenError> {
        look_before(&System, path)?;
        let mut lock = Lock::take(path)?;
        let noted = lock.last();
        let mut journal = Self::open_on(Box::new(System), path, options, encoder)?;
        if journal.active.length > 0 {
            // What stands there goes on from what was noted, unless its end was lost.
            journal.continue_after(noted);
        } else if noted >= journal.next {
            // The files that show it were moved away, or compressed.
            journal.next = noted + 1;
            journal.head.set_written(noted);
        }
        journal.lock = Some(lock);
        Ok(journal)
    }

    pub(super) fn open_on(
        disk: Box<dyn Disk>,
        path: &Path,
        options: JournalOptions,
        encoder: Arc<Encoder>,
    ) -> Result<Self, OpenError> {
        look_before(&*disk, path)?;
        let mut own = Own::new();
        let others = segments::find_others(&*disk, path).map_err(unreadable)?;
        let last = last_of(&*disk, &others)?;
        let last = put_away_prepared(&*disk, path, &encoder, &mut own, last)?;
        let mut active = match Segment::open(&*disk, path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // A rotation may have been cut off: the new file is open to whom the old one was.
                let like: Option<Stat> = others.last().and_then(|newest| disk.stat(&newest.path).ok());
                Segment::create(&*disk, path, like.as_ref())?
            }
            opened => opened?,
        };
        let found = recover(&*disk, path, &mut active, last)?;
        if let Some((file, bytes)) = found.torn {
            own.torn_tail(&encoder, &file, bytes);
        }
        // What an earlier life did not come to: the names of the active segment and of the one before it.
        let mut names = Names::default();
        names.change(others.last().map_or(active.first, |newest| newest.first.seq).unwrap_or(0));
        if active.is_over {
            names.doubt(&io::Error::other("what was torn could not be moved"));
        }
        let last = last.max(found.last.unwrap_or(0));
        let mut journal = Self {
            disk,
            path: path.to_owned(),
            options,
            encoder,
            head: Arc::new(Head::default()),
            active,
            next: last + 1,
            own,
            names,
            begun: 0,
            complained: false,
            changes: Limited::new(),
            losses: Limited::new(),
            system_limit: None,
            clock: Clock::new(),
            is_signal_blocked: false,
            is_sync_asked: false,
            may_overfill: false,
            buffer: Vec::new(),
            ends: Vec::new(),
            lock: None,
            noted_at: 0,
        };
        journal.try_to_sync_directory();
        journal.head.set_written(last);
        Ok(journal)
    }
}

/// Whether a path is free, or holds what may be a journal; nothing is changed.
fn look_before(disk: &dyn Disk, path: &Path) -> Result<(), OpenError> {
    match disk.stat(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
        Ok(there) if !there.is_file => return Err(not_a_file().into()),
        Ok(_) => {}
    }
    if Segment::open(disk, path)?.begins_as_log()? { Ok(()) } else { Err(OpenError::Foreign) }
}

/// The greatest seq that counts in segments that are not active: in one of those that no other takes over from, of which some
/// may be copies of parts, or in an earlier one if nothing in those counts.
fn last_of(disk: &dyn Disk, segments: &[Found]) -> io::Result<u64> {
    let (followed, ends): (Vec<&Found>, Vec<&Found>) = segments.iter().partition(|segment| segment.until.is_some());
    let mut last = 0;
    for segment in ends {
        last = last.max(segment.last(disk)?.unwrap_or(0));
    }
    for segment in followed.into_iter().rev() {
        if last > 0 {
            break;
        }
        last = segment.last(disk)?.unwrap_or(0);
    }
    Ok(last)
}

/// A rotation that was cut off leaves a `PATH.next`, always empty. One that holds records is a segment, whoever named it
/// so; anything else is kept as what is torn is. Gives the greatest seq.
fn put_away_prepared(
    disk: &dyn Disk,
    journal: &Path,
    encoder: &Encoder,
    own: &mut Own,
    last: u64,
) -> Result<u64, OpenError> {
    let prepared = beside(journal, "next");
    let bytes = match disk.stat(&prepared) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(last),
        Err(error) => return Err(error.into()),
        Ok(there) => there.length,
    };
    if bytes == 0 {
        disk.remove(&prepared)?;
        return Ok(last);
    }
    let is_free = |path: &Path| disk.stat(path).is_err();
    if let Some(segment) = segments::look_into(disk, &prepared).map_err(unreadable)? {
        let path = free(&rotated(journal, segment.first.seq.unwrap_or(0)), "", is_free);
        let of_it = segment.last(disk)?;
        disk.rename(&prepared, &path)?;
        return Ok(last.max(of_it.unwrap_or(0)));
    }
    let path = free(&rotated(journal, last + 1), ".torn", is_free);
    disk.rename(&prepared, &path)?;
    own.torn_tail(encoder, &path, bytes);
    Ok(last)
}

/// A file that may be a segment may be the one that tells which number comes next.
fn unreadable(error: ReadError) -> OpenError {
    let kind = match &error {
        ReadError::List { source, .. } | ReadError::Open { source, .. } | ReadError::Read { source, .. } => {
            source.kind()
        }
        _ => io::ErrorKind::Other,
    };
    OpenError::Io(io::Error::new(kind, error))
}

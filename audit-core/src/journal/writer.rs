//! The one writer of a journal.

use std::path::PathBuf;
use std::sync::Arc;

use crate::delivery::{Batch, Writer};
use crate::journal::Head;
use crate::journal::clock::Clock;
use crate::journal::disk::Disk;
use crate::journal::folder::Names;
use crate::journal::lock::Lock;
use crate::journal::own::Own;
use crate::journal::segment::Segment;
use crate::notice::Limited;
use crate::record::Encoder;
use crate::settings::Settings;
use crate::sink::WriteError;

/// How a journal is kept.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct JournalOptions {
    /// How long a segment may grow.
    pub(crate) rotate_bytes: Option<u64>,
    /// How many rotated segments are kept, unless a follower needs more.
    pub(crate) rotate_keep: Option<usize>,
    /// How much all segments may hold together, whoever needs more.
    pub(crate) max_bytes: Option<u64>,
}

impl JournalOptions {
    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            rotate_bytes: settings.rotate_bytes,
            rotate_keep: settings.rotate_keep,
            max_bytes: settings.journal_max_bytes,
        }
    }
}

/// The journal as its writer holds it. Every call blocks, and all come from one thread.
pub(crate) struct Journal {
    pub(super) disk: Box<dyn Disk>,
    pub(super) path: PathBuf,
    pub(super) options: JournalOptions,
    pub(super) encoder: Arc<Encoder>,
    pub(super) head: Arc<Head>,
    pub(super) active: Segment,
    /// The seq of the next record.
    pub(super) next: u64,
    pub(super) own: Own,
    pub(super) names: Names,
    /// How many segments were begun.
    pub(super) begun: u64,
    /// It was said that no new segment can be begun.
    pub(super) complained: bool,
    /// Says what others did to the files.
    pub(super) changes: Limited,
    /// Says what followers lost.
    pub(super) losses: Limited,
    /// Where the system let no file grow any more.
    pub(super) system_limit: Option<u64>,
    pub(super) clock: Clock,
    pub(super) is_signal_blocked: bool,
    /// Whether a batch was to be synced so far.
    pub(super) is_sync_asked: bool,
    /// The next part may be longer than a segment is to be, so that something of the batch has room.
    pub(super) may_overfill: bool,
    pub(super) buffer: Vec<u8>,
    /// Where each line in the buffer ends.
    pub(super) ends: Vec<usize>,
    /// Held as long as anything is written.
    pub(super) lock: Option<Lock>,
    /// How many segments were begun when the number given last was noted.
    pub(super) noted_at: u64,
}

impl Journal {
    /// What the journal's followers look at.
    pub(crate) fn head(&self) -> &Arc<Head> {
        &self.head
    }

    /// How many records of our own were written since this was last asked.
    pub(crate) fn take_own(&mut self) -> u64 {
        self.own.take_written()
    }

    /// The next record's seq is greater than this one, which somebody was given already: the journal lost it since. A
    /// record tells of the gap.
    pub(crate) fn continue_after(&mut self, seq: u64) {
        if seq >= self.next {
            let why = "the journal does not hold what was taken from it before";
            self.own.gap(&self.encoder, "file", (self.next, seq), seq + 1 - self.next, why);
            self.next = seq + 1;
            self.head.set_written(seq);
        }
    }
}

/// However it ends, its followers learn of it.
impl Drop for Journal {
    fn drop(&mut self) {
        self.note_last();
        self.head.close();
    }
}

impl Writer for Journal {
    fn name(&self) -> &str {
        "file"
    }

    fn takes_bytes(&self) -> bool {
        true
    }

    fn write(&mut self, batch: Batch<'_>, sync: bool) -> Result<(), WriteError> {
        self.append(batch, sync)
    }

    fn reopen(&mut self) -> Result<(), WriteError> {
        Self::reopen(self).map_err(|error| WriteError::new(0, error))
    }

    fn take_own(&mut self) -> u64 {
        Self::take_own(self)
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        Ok(())
    }

    fn shutdown(&mut self) -> Result<(), WriteError> {
        let ended = self.end();
        if ended.is_err() && self.end().is_err() && self.append(Batch::Lines(&[]), false).is_err() {
            // The record of what failed has no place either; the first error is what is told.
        }
        ended
    }
}

//! How much is kept.
//!
//! `AUDIT_ROTATE_KEEP` counts segments and waits for followers. `AUDIT_JOURNAL_MAX_BYTES` counts bytes and waits for
//! nobody: what a follower had not taken is a gap of that follower.

use std::collections::VecDeque;

use crate::journal::segments::{self, Found};
use crate::journal::writer::Journal;
use crate::notice;

impl Journal {
    /// Removes the oldest segments that are too many or too much.
    pub(super) fn retain(&mut self) {
        let (keep, max) = (self.options.rotate_keep, self.options.max_bytes);
        if keep.is_none() && max.is_none() {
            return;
        }
        let Ok(segments) = segments::find_others(&*self.disk, &self.path) else { return };
        let mut segments: VecDeque<Found> =
            segments.into_iter().filter(|segment| segment.path != self.active.path).collect();
        // The active one may grow until it is rotated.
        let active = self.options.rotate_bytes.unwrap_or_default().max(self.active.length);
        let mut bytes = active + segments.iter().map(|segment| segment.bytes).sum::<u64>();
        while let Some(oldest) = segments.front() {
            let after =
                segments.get(1).map_or(self.active.first.unwrap_or(self.next), |next| next.first.seq.unwrap_or(0));
            // Not where the next one begins: that may be a copy of a part of this one.
            let last = oldest.counted(oldest.end.map(|end| end.greatest)).unwrap_or(after.saturating_sub(1));
            let last = last.min(self.next - 1);
            let is_needed = self.head.needed_from().is_some_and(|needed| needed <= last);
            let too_many = keep.is_some_and(|keep| segments.len() > keep) && !is_needed;
            if !too_many && max.is_none_or(|max| bytes <= max) {
                break;
            }
            if let Err(error) = self.disk.remove(&oldest.path) {
                let path = oldest.path.display();
                notice::say(format_args!("cannot remove {path}, the oldest of the journal's segments: {error}"));
                break;
            }
            bytes -= oldest.bytes;
            let first = oldest.first.seq.unwrap_or(1);
            for (follower, taken) in self.head.behind(last) {
                let from = first.max(taken + 1);
                if from > last {
                    // All of it stands in another one.
                    continue;
                }
                let why = "their segment was removed, for the journal had reached its bound";
                let count = last + 1 - from;
                self.own.gap(&self.encoder, &follower, (from, last), count, why);
                self.losses.say(format_args!("{follower} has not taken {count} records: {why}"));
            }
            segments.pop_front();
        }
    }
}

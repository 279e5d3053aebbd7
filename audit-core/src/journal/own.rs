//! What the journal says of itself: records of our own, which go in front of the batch that they concern.

use std::fmt;
use std::path::Path;

use crate::journal::clock::Step;
use crate::notice::Limited;
use crate::record::{Datum, Encoder, Line, rfc3339};
use crate::vocabulary::Outcome;

/// So many may wait; what is said beyond them is said on stderr alone, at a limited rate. What names records always waits: gaps,
/// and those that a power cut may take.
const WAITING: usize = 64;

/// Records of our own that are still to be written.
pub(super) struct Own {
    waiting: Vec<(&'static str, Line)>,
    written: u64,
    /// Says what has no room.
    overflow: Limited,
}

/// What somebody else did to the active segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Renamed,
    Removed,
    Replaced,
    Truncated,
    Appended,
}

impl Change {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Renamed => "renamed",
            Self::Removed => "removed",
            Self::Replaced => "replaced",
            Self::Truncated => "truncated",
            Self::Appended => "appended",
        }
    }
}

impl fmt::Display for Change {
    /// As a sentence goes on after "was".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to = if *self == Self::Appended { " to" } else { "" };
        write!(f, "{}{to} by somebody else", self.as_str())
    }
}

/// Seqs from the first to the last.
pub(super) type Range = (u64, u64);

impl Own {
    pub(super) fn new() -> Self {
        Self { waiting: Vec::new(), written: 0, overflow: Limited::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &Line> {
        self.waiting.iter().map(|(_, line)| line)
    }

    /// The first `count` stand in the journal.
    pub(super) fn account(&mut self, count: usize) {
        self.waiting.drain(..count);
        self.written += count as u64;
    }

    /// How many were written since this was last asked.
    pub(super) fn take_written(&mut self) -> u64 {
        std::mem::take(&mut self.written)
    }

    fn push(&mut self, action: &'static str, line: Line) {
        if self.waiting.len() < WAITING {
            self.waiting.push((action, line));
        } else {
            let line = line.json();
            self.overflow.say(format_args!("the journal could not be written for so long that it will lack {line}"));
        }
    }

    /// Records that were in the journal, or were to come to a sink from it, and will not.
    pub(super) fn gap(&mut self, encoder: &Encoder, sink: &str, (from, to): Range, count: u64, why: &str) {
        let reason = format!("{count} records are missing: {why}");
        let data = [
            ("sink", Datum::Text(sink)),
            ("count", Datum::Number(count.into())),
            ("first_seq", Datum::Number(from.into())),
            ("last_seq", Datum::Number(to.into())),
        ];
        self.waiting.push(("audit.gap", encoder.own("audit.gap", Outcome::Failed, reason, &data)));
    }

    pub(super) fn torn_tail(&mut self, encoder: &Encoder, file: &Path, bytes: u64) {
        let file = file.to_string_lossy();
        let data = [("file", Datum::Text(&file)), ("bytes", Datum::Number(bytes.into()))];
        let reason = "the journal ended within a record".to_owned();
        self.push("audit.torn_tail", encoder.own("audit.torn_tail", Outcome::Failed, reason, &data));
    }

    /// `records` are those that the segment held, `bytes` those that came or went.
    pub(super) fn changed(
        &mut self,
        encoder: &Encoder,
        change: Change,
        file: &Path,
        records: Option<Range>,
        bytes: Option<u64>,
    ) {
        let file = file.to_string_lossy();
        let mut data = vec![("change", Datum::Text(change.as_str())), ("file", Datum::Text(&file))];
        if let Some((first, last)) = records {
            data.extend([("first_seq", Datum::Number(first.into())), ("last_seq", Datum::Number(last.into()))]);
        }
        data.extend(bytes.map(|bytes| ("bytes", Datum::Number(bytes.into()))));
        let reason = format!("the journal was {change}");
        self.push("audit.journal_changed", encoder.own("audit.journal_changed", Outcome::Unknown, reason, &data));
    }

    /// `unsynced` are records of which it is not known whether they would outlive a power cut.
    pub(super) fn sync_failed(&mut self, encoder: &Encoder, file: &Path, unsynced: Option<Range>, error: &str) {
        const ACTION: &str = "audit.sync_failed";
        // Told once, unless it names records: those are told of each time.
        if unsynced.is_none() && self.waiting.iter().any(|(action, _)| *action == ACTION) {
            return;
        }
        let file = file.to_string_lossy();
        let mut data = vec![("file", Datum::Text(&file)), ("error", Datum::Text(error))];
        if let Some((first, last)) = unsynced {
            data.extend([("first_seq", Datum::Number(first.into())), ("last_seq", Datum::Number(last.into()))]);
        }
        let reason = "the journal could not be synced; its segment is not written any more".to_owned();
        let line = encoder.own(ACTION, Outcome::Failed, reason, &data);
        if unsynced.is_some() { self.waiting.push((ACTION, line)) } else { self.push(ACTION, line) }
    }

    pub(super) fn clock_step(&mut self, encoder: &Encoder, step: &Step) {
        let (before, after) = (rfc3339(step.before), rfc3339(step.after));
        let data = [
            ("before", Datum::Text(&before)),
            ("after", Datum::Text(&after)),
            ("step_ms", Datum::Number(step.milliseconds.into())),
        ];
        let reason = "the clock was set, or the machine slept".to_owned();
        self.push("audit.clock_step", encoder.own("audit.clock_step", Outcome::Unknown, reason, &data));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::tests::encoder;

    #[test]
    fn what_names_records_waits_however_much_does() {
        let (encoder, mut own) = (encoder(), Own::new());
        let file = Path::new("audit.jsonl");
        for bytes in 0..2 * WAITING as u64 {
            own.changed(&encoder, Change::Appended, file, None, Some(bytes));
        }
        assert_eq!(own.waiting.len(), WAITING);
        own.sync_failed(&encoder, file, None, "no room");
        own.gap(&encoder, "store", (1, 2), 2, "lost");
        own.sync_failed(&encoder, file, Some((3, 4)), "no room");
        let waiting: Vec<&str> = own.waiting.iter().skip(WAITING).map(|(action, _)| *action).collect();
        assert_eq!(waiting, ["audit.gap", "audit.sync_failed"]);
    }
}

//! The end of a page that is written anew, without what turned out to be secret in it.

use std::ops::Range;

use super::page::Page;
use super::steps;

/// What stood at the end of a page, and how much of it stands there again.
pub(super) struct Tail<'t> {
    bytes: &'t [u8],
    /// Where on the page it began.
    start: usize,
    /// How far it is written, or passed over.
    at: usize,
}

impl<'t> Tail<'t> {
    /// Takes what stands from `start` on from the page into `bytes`.
    pub(super) fn of(page: &mut Page, start: usize, bytes: &'t mut Vec<u8>) -> Self {
        bytes.clear();
        bytes.extend_from_slice(page.out.get(start..).unwrap_or_default());
        steps::count(bytes.len());
        page.out.truncate(start);
        Self { bytes, start, at: start }
    }

    /// Writes what stood on the page before `until`; where it ends now.
    pub(super) fn copy(&mut self, page: &mut Page, until: usize) -> usize {
        let piece = self.bytes.get(self.at - self.start..until - self.start).unwrap_or_default();
        // The member before it may be gone.
        let piece = if page.out.last() == Some(&b'{') { piece.strip_prefix(b",").unwrap_or(piece) } else { piece };
        steps::count(piece.len());
        page.out.extend_from_slice(piece);
        self.at = until;
        page.out.len()
    }

    /// Hides the value of `member`, which began at `value` and in which so many values were hidden, or leaves the member out.
    pub(super) fn hide(&mut self, page: &mut Page, member: Range<usize>, value: usize, redacted: u32, removes: bool) {
        self.copy(page, if removes { member.start } else { value });
        page.redacted = page.redacted.saturating_sub(redacted);
        if removes {
            page.redacted = page.redacted.saturating_add(1);
        } else {
            page.filtered();
        }
        self.at = member.end;
    }

    /// Writes the rest.
    pub(super) fn finish(mut self, page: &mut Page) {
        self.copy(page, self.start + self.bytes.len());
    }
}

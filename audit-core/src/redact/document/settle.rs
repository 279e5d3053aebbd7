//! What becomes of a list or object when it closes, now that all of it is known.

use super::frame::{Frame, Pending, Place};
use super::siblings::Role;
use super::{Document, Expect};
use crate::redact::class::Class;
use crate::redact::page::Page;
use crate::redact::tail::Tail;
use crate::vocabulary::Mode;

impl Document {
    /// The innermost open list or object closed; if it was written, it is settled.
    pub(super) fn close(&mut self, page: &mut Page) {
        self.expect = if self.open.depth == 0 { Expect::End } else { Expect::CommaOrClose };
        if self.open.depth < self.frames.len()
            && let Some(frame) = self.frames.pop()
        {
            let closer = if frame.is_object { b'}' } else { b']' };
            self.settle(page, &frame, Some(closer));
        }
    }

    /// The document ends here, whatever is open.
    pub(super) fn settle_all(&mut self, page: &mut Page) {
        self.cut_region(page);
        self.cut_member(page);
        while let Some(mut frame) = self.frames.pop() {
            // The name may have stood in what was cut off.
            if frame.is_object && !frame.has_name {
                frame.hinted = Class::Secret;
            }
            self.settle(page, &frame, None);
        }
    }

    /// Takes back a key whose value did not come.
    fn cut_member(&mut self, page: &mut Page) {
        let in_object = self.frames.last().is_some_and(|frame| frame.is_object);
        let is_alone = matches!(self.expect, Expect::Colon | Expect::Value);
        if in_object && is_alone && self.open.depth == self.frames.len() && !page.is_cut() {
            page.out.truncate(self.place.member);
            page.redacted = self.hidden_before;
        }
    }

    /// Takes back what `frame` shows to be a geometry or secret, and closes it, unless it was cut.
    fn settle(&mut self, page: &mut Page, frame: &Frame, closer: Option<u8>) {
        let open = self.frames.len();
        self.keys.close(&frame.keys);
        let mut has_variables = false;
        if frame.is_geometry() && page.mode() != Mode::Full {
            self.pending.truncate(frame.pending_from);
            page.take_back(frame.place.start, frame.place.redacted, open);
            page.geometry_filtered();
        } else {
            self.take_back(page, frame, closer.is_none());
            has_variables = self.hand_on(frame);
            if let Some(closer) = closer.filter(|_| !page.is_cut()) {
                page.out.push(closer);
            }
        }
        self.bound.close(open);
        self.suspect(page, frame.place, Default::default);
        if has_variables && let Some(pending) = self.pending.last_mut() {
            pending.has_variables = true;
        }
    }

    /// Hides the values of `frame` that turned out to be secret.
    fn take_back(&mut self, page: &mut Page, frame: &Frame, is_cut: bool) {
        if self.pending.len() <= frame.pending_from {
            return;
        }
        let depth = self.frames.len() + 1;
        let pending = self.pending.get_mut(frame.pending_from..).unwrap_or_default();
        let is_secret = |pending: &Pending| {
            let Pending { place, keeps, .. } = pending;
            let class = if pending.is_second && (frame.values == 2 || is_cut) {
                frame.named
            } else {
                place.role.class_under(frame.named, frame.hinted)
            };
            let is_bound = |variable: u64| match (is_cut && !frame.has_query, frame.is_variables) {
                // What binds it stands outside; what binds one of those in it may stand here.
                (is_missed, true) => pending.has_variables && (is_missed || self.bound.holds_any(depth)),
                // The query may have stood in what was cut off.
                (true, false) => true,
                (false, false) => self.bound.holds(depth, variable),
            };
            !keeps.under(class) || place.variable.is_some_and(is_bound)
        };
        if let Some(first) = pending.iter().position(is_secret) {
            let pending = pending.get_mut(first..).unwrap_or_default();
            let start = pending.first().map_or(page.out.len(), |pending| pending.place.member);
            let removes = page.removes() && frame.is_object;
            let mut tail = Tail::of(page, start, &mut self.tail);
            for pending in pending {
                let Place { member, start, .. } = pending.place;
                if is_secret(pending) {
                    tail.hide(page, member..pending.end, start, pending.redacted, removes);
                    pending.place.variable = None;
                } else {
                    pending.place.member = tail.copy(page, member);
                    pending.place.start = tail.copy(page, start);
                    pending.end = tail.copy(page, pending.end);
                }
            }
            tail.finish(page);
        }
    }

    /// Forgets what waited for more to be known of `frame`; the variables of a query wait on, for the query stands
    /// beside them. Those in a variable wait as one with it, so that what waits never overlaps: whether there are any.
    fn hand_on(&mut self, frame: &Frame) -> bool {
        let mut kept = frame.pending_from;
        let is_variable = frame.place.variable.is_some();
        if frame.is_variables && !is_variable {
            for at in frame.pending_from..self.pending.len() {
                if let Some(&pending) = self.pending.get(at)
                    && pending.place.variable.is_some()
                    && let Some(slot) = self.pending.get_mut(kept)
                {
                    let place = Place { role: Role::None, ..pending.place };
                    *slot = Pending { place, is_second: false, ..pending };
                    kept += 1;
                }
            }
        }
        let has_variables = frame.is_variables && is_variable && self.pending.len() > kept;
        self.pending.truncate(kept);
        has_variables
    }
}

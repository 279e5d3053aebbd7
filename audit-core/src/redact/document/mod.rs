//! One JSON document, redacted in one pass as it streams by.
//!
//! Guarantees:
//! - Time is linear in the document's length; depth is bounded, without recursion. What is held is what the page holds,
//!   one token, and a little for each list and object that is open.
//! - The result does not depend on how the document was cut into pieces.
//! - What is written is valid JSON up to where it stops. What a later member makes secret (`"name": "token"` after
//!   `"value": …`), or shows to be geometry, is taken back when its object ends. If the document ends before that, what
//!   stands under names that surely belong to another member (`value`, `old` …) is taken back, for its name may have come.
//! - Once the page is full, the rest is only read: whether it is JSON, and what it says of what stands on the page.

mod frame;
mod keys;
mod lexer;
mod numbers;
mod read;
mod run;
mod settle;
mod siblings;
mod skip;

pub(super) use frame::Place;
pub(super) use keys::{Keys, Object};
pub(in crate::redact) use siblings::Role;

use super::graphql::Bound;
use super::names::Names;
use super::page::Page;
use super::syntax;
use frame::{Frame, Pending};
use lexer::{Bad, Number, Text};
use numbers::Region;

/// How deep lists and objects may be nested. Within serde_json's 128 with room for what the record puts around them.
pub(crate) const MAX_DEPTH: usize = 64;

/// Why a document was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Invalid,
    TooDeep,
    /// Cut before anything in it was complete.
    Empty,
}

impl From<Bad> for Refusal {
    fn from(Bad: Bad) -> Self {
        Self::Invalid
    }
}

/// What may stand next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Expect {
    #[default]
    Value,
    ValueOrClose,
    Key,
    KeyOrClose,
    Colon,
    CommaOrClose,
    /// Nothing but white space.
    End,
}

/// A token that the end of a piece interrupted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Partial {
    #[default]
    None,
    Text(Text),
    Number(Number),
    Literal {
        word: &'static [u8],
        done: usize,
    },
}

/// The lists and objects that are open: a bit for each, set for an object.
#[derive(Debug, Clone, Copy, Default)]
struct Open {
    kinds: u64,
    depth: usize,
}

impl Open {
    #[inline]
    fn push(&mut self, is_object: bool) -> Result<(), Refusal> {
        if self.depth == MAX_DEPTH {
            return Err(Refusal::TooDeep);
        }
        self.enter(is_object);
        Ok(())
    }

    /// One more is open: there is [room](MAX_DEPTH) for it.
    #[inline]
    fn enter(&mut self, is_object: bool) {
        self.kinds = self.kinds << 1 | u64::from(is_object);
        self.depth += 1;
    }

    /// The innermost one is closed.
    #[inline]
    fn leave(&mut self) {
        self.kinds >>= 1;
        self.depth -= 1;
    }

    /// Closes the innermost one, if it is of this kind.
    #[inline]
    fn pop(&mut self, is_object: bool) -> Result<(), Refusal> {
        if self.depth == 0 || self.in_object() != is_object {
            return Err(Refusal::Invalid);
        }
        self.leave();
        Ok(())
    }

    #[inline]
    fn in_object(self) -> bool {
        self.kinds & 1 == 1
    }
}

/// Reads one document and writes it onto a [`Page`].
///
/// What is open and written has a [`Frame`]; inside what is hidden, or no longer fits, only [`Open`] counts.
#[derive(Default)]
pub(super) struct Document {
    expect: Expect,
    open: Open,
    partial: Partial,
    /// What came of the partial token, if it matters.
    carry: String,
    /// How long the partial token is.
    length: usize,
    frames: Vec<Frame>,
    keys: Keys,
    /// What the objects that are open may have to take back.
    pending: Vec<Pending>,
    region: Option<Region>,
    /// What is known of the value that comes next, or of the region that is open.
    place: Place,
    /// How many values had been hidden before the key of the member that was read last.
    hidden_before: u32,
    /// The variables that queries bind to secret arguments.
    bound: Bound,
    decoded: String,
    /// The end of the page while it is written anew, and what came of the region that is open.
    tail: Vec<u8>,
}

impl Document {
    /// Begins a document that stands under a name of this class.
    pub(super) fn begin(&mut self, page: &Page, place: Place) {
        self.expect = Expect::Value;
        self.open = Open::default();
        self.partial = Partial::None;
        self.carry.clear();
        self.length = 0;
        self.frames.clear();
        self.keys.clear();
        self.pending.clear();
        self.region = None;
        self.bound.clear();
        self.place = Place { start: page.out.len(), member: page.out.len(), redacted: page.redacted, ..place };
    }

    /// Lets go of what was read, and of memory that few documents need.
    pub(super) fn forget(&mut self) {
        const KEPT: usize = 16 * 1024;
        self.frames.clear();
        self.pending.clear();
        self.keys.clear();
        self.bound.clear();
        self.carry.clear();
        self.decoded.clear();
        self.tail.clear();
        self.carry.shrink_to(KEPT);
        self.decoded.shrink_to(KEPT);
        self.tail.shrink_to(KEPT);
        self.pending.shrink_to(KEPT / size_of::<Pending>());
    }

    /// How many bytes of the document are held.
    pub(super) fn held(&self) -> usize {
        self.carry.len() + self.tail.len()
    }

    /// Reads all of a document.
    pub(super) fn whole(&mut self, names: &Names, page: &mut Page, json: &str) -> Result<(), Refusal> {
        self.begin(page, Place::default());
        self.feed(names, page, json)?;
        self.end(page, true)
    }

    /// Reads on.
    pub(super) fn feed(&mut self, names: &Names, page: &mut Page, json: &str) -> Result<(), Refusal> {
        let mut at = 0;
        if self.partial != Partial::None && self.region.is_none() {
            at = self.go_on(names, page, json)?;
        }
        while at < json.len() {
            at = if self.region.is_some() {
                self.numbers(page, json, at)?
            } else if self.open.depth > self.frames.len() {
                self.skip(json.as_bytes(), at)?
            } else {
                match self.run(names, page, json, at) {
                    plain if plain < json.len() => self.read(names, page, json, plain)?,
                    plain => plain,
                }
            };
        }
        Ok(())
    }

    /// The document's end, or, unless it is `complete`, that of what came of it.
    pub(super) fn end(&mut self, page: &mut Page, complete: bool) -> Result<(), Refusal> {
        if complete {
            // A number is known to end only here.
            if let Partial::Number(state) = self.partial
                && state.is_whole()
                && self.open.depth == 0
            {
                self.number_ended(page, "", state);
            }
            return if self.expect == Expect::End { Ok(()) } else { Err(Refusal::Invalid) };
        }
        if self.expect != Expect::End && self.open.depth == 0 {
            return Err(Refusal::Empty);
        }
        self.settle_all(page);
        Ok(())
    }
}

#[cfg(test)]
mod tests;

//! Decisions taken from a fuzzer's bytes, a byte each, so that what the fuzzer changes changes little.

use super::texts::Texts;
use crate::support::canaries::{CANARIES, HARMLESS, KEEPER, SENSITIVE, STYLES, styled};

/// How the numbers of geometries begin.
pub(super) const GEOMETRY: &str = "-66200";

/// What is looked for in what is shown.
const MARKS: [&str; 4] = [CANARIES[0], CANARIES[1], KEEPER, GEOMETRY];

/// How long a text of the fuzzer's own may be.
const LONGEST: usize = 40;

/// The bytes that are left. Once there are none, every decision is the first one.
pub(super) struct Draw<'a> {
    rest: &'a [u8],
}

impl<'a> Draw<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(super) fn byte(&mut self) -> u8 {
        let Some((byte, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        *byte
    }

    /// A number below `end`, which is at most 256.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    /// A number up to 65,535.
    pub(super) fn number(&mut self) -> usize {
        usize::from(u16::from_be_bytes([self.byte(), self.byte()]))
    }

    /// Once in so many times.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    pub(super) fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// A name under which every value goes, or one that only looks like it.
    pub(super) fn name(&mut self, sensitive: bool) -> String {
        let words = self.pick(if sensitive { SENSITIVE } else { HARMLESS });
        styled(words, self.below(STYLES))
    }

    /// A text of the fuzzer's own, which holds nothing that is looked for.
    pub(super) fn text(&mut self) -> String {
        let length = self.below(LONGEST).min(self.rest.len());
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest;
        let text = String::from_utf8_lossy(text).into_owned();
        let texts = Texts::of(&text);
        if MARKS.iter().any(|mark| texts.hold(mark)) { String::new() } else { text }
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }
}

//! Which texts hold no secret, told by what they are made of: nearly all do not, and looking closely takes longer.
//!
//! A false `false` costs time only; a property test holds these rules against looking closely.

use super::{SHORTEST_MIXED, apposition};
use crate::redact::{class, schemes, signs, tokens};

/// Whether a text is [quiet](is_quiet) by its signs, its length and its first byte alone.
#[inline]
pub(in crate::redact) fn is_bare(first: u8, length: usize, signs: u8) -> bool {
    let is_short = length < SHORTEST_MIXED || signs & signs::MIXED == 0;
    signs & (signs::SEPARATOR | signs::MARK | signs::BLANK) == 0 && is_short && first != b'/'
}

/// Whether a text lacks what each of the shapes needs.
pub(super) fn is_quiet(text: &str, signs: u8) -> bool {
    let holds = |some: u8| signs & some != 0;
    if holds(signs::SEPARATOR | signs::MARK) {
        return class::is_timestamp(text);
    }
    if holds(signs::BLANK) && (holds(signs::ASIDE) || !is_sentence(text, signs)) || text.starts_with("//") {
        return false;
    }
    if text.len() < SHORTEST_MIXED || !holds(signs::MIXED | signs::BLANK) {
        return true;
    }
    !is_armoured(text.as_bytes()) && (!holds(signs::MIXED) || tokens::find(text, 0, text.len()).is_none())
}

/// Whether four dashes stand together.
fn is_armoured(text: &[u8]) -> bool {
    // One of them would be every fourth byte.
    let mut at = 3;
    while let Some(&byte) = text.get(at) {
        if byte == b'-' {
            return text.windows(4).any(|four| four == b"----");
        }
        at += 4;
    }
    false
}

/// Whether no word of a text without quotes and brackets is an option, a scheme, or what may be the value of a word
/// before it.
fn is_sentence(text: &str, signs: u8) -> bool {
    let may_hold_values = signs & signs::DIGIT != 0;
    let bytes = text.as_bytes();
    let mut at = 0;
    // What stands between two blanks.
    let (mut run, mut of_run) = (0, 0);
    while at <= bytes.len() {
        let word = at;
        let (end, of_word) = signs::name_end(bytes, word);
        at = end;
        of_run |= of_word;
        if let Some(&first) = bytes.get(word).filter(|_| at > word)
            && (matches!(first, b'[' | b'-' | b'.') || schemes::may_be_scheme(first, at - word))
            && !text.get(word..at).is_some_and(schemes::is_none)
        {
            return false;
        }
        if matches!(bytes.get(at), None | Some(b' ' | b'\t')) {
            if may_hold_values && of_run & signs::DIGIT != 0 && at - run >= apposition::SHORTEST_BARE {
                return false;
            }
            (run, of_run) = (at + 1, 0);
        }
        at += 1;
    }
    true
}

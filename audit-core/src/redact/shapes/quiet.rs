//! Which texts hold no secret, told by what they are made of: nearly all do not, and looking closely takes longer.
//!
//! A false `false` costs time only; a property test holds these rules against looking closely.

use super::{SHORTEST_MIXED, apposition};
use crate::redact::{class, schemes, signs, tokens};

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
    let is_armoured = text.as_bytes().windows(4).any(|four| four == b"----");
    !is_armoured && (!holds(signs::MIXED) || tokens::find(text, 0, text.len()).is_none())
}

/// Whether no word of a text without quotes and brackets is an option, a scheme, or what may be the value of a word
/// before it.
fn is_sentence(text: &str, signs: u8) -> bool {
    let may_hold_values = signs & signs::DIGIT != 0;
    let bytes = text.as_bytes();
    // Where the word begins, and what stands between two blanks.
    let (mut word, mut run) = (0, 0);
    let mut has_digit = false;
    for at in 0..=bytes.len() {
        let byte = bytes.get(at).copied().unwrap_or(b' ');
        if signs::is_name_byte(byte) {
            has_digit |= byte.is_ascii_digit();
            continue;
        }
        let first = bytes.get(word).copied().unwrap_or(b' ');
        let may_be_named =
            at > word && (matches!(first, b'[' | b'-' | b'.') || schemes::may_be_scheme(first, at - word));
        if may_be_named && !text.get(word..at).is_some_and(schemes::is_none) {
            return false;
        }
        word = at + 1;
        if matches!(byte, b' ' | b'\t') {
            if may_hold_values && has_digit && at - run >= apposition::SHORTEST_BARE {
                return false;
            }
            (run, has_digit) = (at + 1, false);
        }
    }
    true
}

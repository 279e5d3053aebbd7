//! The tokens of JSON (RFC 8259), strictly, from text that comes in pieces: each may be interrupted by the end of a
//! piece and goes on with the next.
//!
//! Nothing here allocates, and nothing looks at a byte twice but at the place where a number ends.

use crate::redact::recall::Padded;
use crate::redact::steps;

/// Not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bad;

/// Where in a string the last piece ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Escape {
    #[default]
    None,
    /// Behind a backslash.
    Open,
    /// So many digits of `\uXXXX` are to come.
    Digits(u8),
}

/// How far a string was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Text {
    escape: Escape,
    /// Whether anything in it is escaped.
    pub(super) has_escapes: bool,
}

const ONES: u64 = u64::MAX / 0xff;
const TOPS: u64 = ONES * 0x80;

/// Eight bytes from `at`, the first one lowest.
#[inline]
fn eight(bytes: &[u8], at: usize) -> Option<u64> {
    let chunk = bytes.get(at..)?.first_chunk::<8>()?;
    Some(u64::from_le_bytes(*chunk))
}

/// The lowest byte that is zero has its top bit set; those below it have not.
#[inline]
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & TOPS
}

/// Of the lowest byte that ends a string, escapes in it or must not stand in it, the top bit is set; those below are not.
#[inline]
const fn ends(word: u64) -> u64 {
    let quotes = zeros(word ^ (ONES * b'"' as u64));
    let escapes = zeros(word ^ (ONES * b'\\' as u64));
    let controls = word.wrapping_sub(ONES * 0x20) & !word & TOPS;
    quotes | escapes | controls
}

/// Where a byte stands that ends a string, escapes in it or must not stand in it; the text's end if none does.
#[inline]
fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = eight(bytes, at) {
        let found = ends(word);
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at) {
        if matches!(byte, b'"' | b'\\' | 0..=0x1f) {
            break;
        }
        at += 1;
    }
    at
}

/// What stands from `at` to before the next quote, if it is short and not empty, and how long it is: a name, unless
/// something in it is escaped.
#[inline]
pub(super) fn short_name(bytes: &[u8], at: usize) -> Option<(Padded, usize)> {
    let (first, of_first) = up_to_end(bytes, at)?;
    let mut name = Padded { first, ..Padded::default() };
    let mut length = of_first;
    if length == 8 {
        let (second, of_second) = up_to_end(bytes, at + 8)?;
        (name.second, length) = (second, 8 + of_second);
        if length == 16 {
            let (third, of_third) = up_to_end(bytes, at + 16)?;
            (name.third, length) = (third, 16 + of_third);
        }
    }
    (length > 0 && bytes.get(at + length) == Some(&b'"')).then_some((name, length))
}

/// The next eight bytes, or those before a quote, and how many they are.
#[inline]
fn up_to_end(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let word = match eight(bytes, at) {
        Some(word) => word,
        None => last_bytes(bytes, at)?,
    };
    let found = zeros(word ^ (ONES * b'"' as u64));
    if found == 0 {
        return Some((word, 8));
    }
    let bits = found.trailing_zeros() & !7;
    Some((word & ((1 << bits) - 1), (bits / 8) as usize))
}

/// As [`eight`] where fewer are left; behind them stand zeros.
#[cold]
fn last_bytes(bytes: &[u8], at: usize) -> Option<u64> {
    Some(bytes.get(at..)?.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)))
}

/// The place of the quote that ends a string whose content goes on at `at`, if it is in this piece.
#[inline]
pub(super) fn text(bytes: &[u8], mut at: usize, state: &mut Text) -> Result<Option<usize>, Bad> {
    if state.escape != Escape::None {
        match escaped(bytes, at, &mut state.escape)? {
            Some(next) => at = next,
            None => return Ok(None),
        }
    }
    loop {
        let from = at;
        at = plain_end(bytes, at);
        steps::count(at - from);
        match bytes.get(at) {
            None => return Ok(None),
            Some(b'"') => return Ok(Some(at)),
            Some(b'\\') => {
                *state = Text { escape: Escape::Open, has_escapes: true };
                match escaped(bytes, at + 1, &mut state.escape)? {
                    Some(next) => at = next,
                    None => return Ok(None),
                }
            }
            Some(_) => return Err(Bad),
        }
    }
}

/// Goes past the rest of an escape.
fn escaped(bytes: &[u8], mut at: usize, escape: &mut Escape) -> Result<Option<usize>, Bad> {
    if *escape == Escape::Open {
        *escape = match bytes.get(at) {
            None => return Ok(None),
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Escape::None,
            Some(b'u') => Escape::Digits(4),
            Some(_) => return Err(Bad),
        };
        at += 1;
    }
    while let Escape::Digits(digits @ 1..) = *escape {
        match bytes.get(at) {
            None => return Ok(None),
            Some(digit) if digit.is_ascii_hexdigit() => {
                *escape = Escape::Digits(digits - 1);
                at += 1;
            }
            Some(_) => return Err(Bad),
        }
    }
    *escape = Escape::None;
    Ok(Some(at))
}

/// What of a number was read last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    Start,
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    Exponent,
    Sign,
    Power,
}

impl Number {
    /// Whether a number may end here.
    pub(super) fn is_whole(self) -> bool {
        matches!(self, Self::Zero | Self::Integer | Self::Fraction | Self::Power)
    }

    /// Whether it has no exponent, as far as it was read.
    pub(super) fn is_plain(self) -> bool {
        matches!(self, Self::Zero | Self::Integer | Self::Fraction)
    }
}

/// The first place from `at` where no digit stands.
#[inline]
fn digits_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = eight(bytes, at) {
        let zeroed = word ^ (ONES * b'0' as u64);
        // A byte above nine carries into its top bit.
        let others = (zeroed | zeroed.wrapping_add(ONES * (0x80 - 10)) | (zeroed & TOPS)) & TOPS;
        if others != 0 {
            return at + (others.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

/// Where a number that goes on at `at` ends, if it does in this piece: what follows it is for the caller to judge.
#[inline]
pub(super) fn number(bytes: &[u8], at: usize, state: &mut Number) -> Result<Option<usize>, Bad> {
    if *state == Number::Start
        && let Some((end, kind)) = decimal(bytes, at)
    {
        steps::count(end - at);
        *state = kind;
        return Ok(Some(end));
    }
    number_on(bytes, at, state)
}

/// Where a number ends that begins at `at` and has no exponent, if more of the piece follows it.
#[inline]
pub(super) fn decimal(bytes: &[u8], start: usize) -> Option<(usize, Number)> {
    let mut at = start + usize::from(*bytes.get(start)? == b'-');
    let first = *bytes.get(at)?;
    let mut kind = Number::Integer;
    at = match first {
        b'0' => {
            kind = Number::Zero;
            at + 1
        }
        b'1'..=b'9' => {
            // Few are long.
            at += 1;
            while bytes.get(at)?.is_ascii_digit() {
                at += 1;
            }
            at
        }
        _ => return None,
    };
    let mut next = *bytes.get(at)?;
    if next == b'.' {
        let part = at + 1;
        at = digits_end(bytes, part);
        next = *bytes.get(at)?;
        kind = Number::Fraction;
        if at == part {
            return None;
        }
    }
    (!matches!(next, b'e' | b'E')).then_some((at, kind))
}

/// The same of any number, from any state.
fn number_on(bytes: &[u8], mut at: usize, state: &mut Number) -> Result<Option<usize>, Bad> {
    use Number::{Exponent, Fraction, Integer, Minus, Point, Power, Sign, Start, Zero};
    loop {
        let Some(&byte) = bytes.get(at) else { return Ok(None) };
        steps::count(1);
        *state = match (*state, byte) {
            (Start, b'-') => Minus,
            (Start | Minus, b'0') => Zero,
            (Start | Minus | Integer, b'0'..=b'9') => {
                let from = at;
                at = digits_end(bytes, at);
                steps::count(at - from);
                *state = Integer;
                continue;
            }
            (Zero | Integer, b'.') => Point,
            (Point | Fraction, b'0'..=b'9') => {
                let from = at;
                at = digits_end(bytes, at);
                steps::count(at - from);
                *state = Fraction;
                continue;
            }
            (Zero | Integer | Fraction, b'e' | b'E') => Exponent,
            (Exponent, b'+' | b'-') => Sign,
            (Exponent | Sign | Power, b'0'..=b'9') => {
                let from = at;
                at = digits_end(bytes, at);
                steps::count(at - from);
                *state = Power;
                continue;
            }
            (state, _) if state.is_whole() => return Ok(Some(at)),
            _ => return Err(Bad),
        };
        at += 1;
    }
}

/// `true`, `false` or `null`, of which `done` bytes came already; where it ends, if it does in this piece.
pub(super) fn literal(bytes: &[u8], at: usize, word: &[u8], done: &mut usize) -> Result<Option<usize>, Bad> {
    let rest = bytes.get(at..).unwrap_or_default();
    let expected = word.get(*done..).unwrap_or_default();
    let length = rest.len().min(expected.len());
    if rest.get(..length) != expected.get(..length) {
        return Err(Bad);
    }
    *done += length;
    Ok((*done == word.len()).then_some(at + length))
}

/// The literal that begins with `first`.
pub(super) fn literal_of(first: u8) -> Option<&'static [u8]> {
    match first {
        b't' => Some(b"true"),
        b'f' => Some(b"false"),
        b'n' => Some(b"null"),
        _ => None,
    }
}

#[inline]
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_stands_before_a_quote() {
        for length in 0..30 {
            for behind in ["", ":1}", ":\"and as much again as a word holds\""] {
                let text = format!("{}\"{behind}", "n".repeat(length));
                let found = short_name(text.as_bytes(), 0).map(|(_, length)| length);
                assert_eq!(found, Some(length).filter(|length| (1..=24).contains(length)), "{text}");
            }
            assert_eq!(short_name("n".repeat(length).as_bytes(), 0), None, "{length}");
        }
        let names = ["nnnnnnnnnnnnnnn1", "nnnnnnnnnnnnnnn2", "1nnnnnnnnnnnnnn", "n", "nn", "nnnnnnnn", "nnnnnnnnn"];
        let known = names.map(|name| short_name(format!("{name}\"").as_bytes(), 0));
        assert!(known.iter().enumerate().all(|(at, one)| !known.iter().skip(at + 1).any(|other| one == other)));
    }

    /// Where a number at the start of a text ends, read in pieces of so many bytes.
    fn number_in(text: &str, size: usize) -> Option<usize> {
        let mut state = Number::Start;
        for (index, piece) in text.as_bytes().chunks(size).enumerate() {
            if let Some(end) = number(piece, 0, &mut state).ok()? {
                return Some(index * size + end);
            }
        }
        state.is_whole().then_some(text.len())
    }

    fn number_of(text: &str) -> Option<usize> {
        let whole = number_in(text, usize::MAX / 2);
        assert_eq!(number_in(text, 1), whole, "{text}");
        whole
    }

    #[test]
    fn numbers_are_strict() {
        for text in ["0", "-0", "12", "1.50", "1e400", "-1.5E+10", "12345678901234567890123", "0.00000000000001", "10"]
        {
            assert_eq!(number_of(text), Some(text.len()), "{text}");
            assert_eq!(number_of(&format!("{text}, ")), Some(text.len()), "{text}");
            assert!(serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok(), "{text}");
        }
        for text in ["", "-", "1.", ".5", "1e", "1e+", "+1", "NaN", "--1", "-x", "1.e1", "1.a"] {
            assert_eq!(number_of(text), None, "{text}");
        }
        // What follows a number is judged by who reads on.
        for (text, end) in [("01", 1), ("1.2.3", 3), ("0x1", 1), ("1_0", 1), ("12345678:", 8), ("123456789/", 9)] {
            assert_eq!(number_of(text), Some(end), "{text}");
        }
    }

    #[test]
    fn every_byte_ends_digits_but_digits() {
        for byte in 0..=u8::MAX {
            for before in 0..9 {
                let mut text = vec![b'7'; before];
                text.push(byte);
                text.extend_from_slice(b"99999999999");
                let end = digits_end(&text, 0);
                assert_eq!(end, if byte.is_ascii_digit() { text.len() } else { before }, "{byte} at {before}");
            }
        }
    }

    #[test]
    fn every_byte_that_ends_plain_text_is_found() {
        for byte in 0..=u8::MAX {
            for before in 0..10 {
                let mut text = vec![b'x'; before];
                text.push(byte);
                text.extend_from_slice("ñ€😀 yyyyyyyyy".as_bytes());
                let stops = matches!(byte, b'"' | b'\\' | 0..=0x1f);
                assert_eq!(plain_end(&text, 0), if stops { before } else { text.len() }, "{byte} at {before}");
            }
        }
    }

    #[test]
    fn strings_are_strict_in_one_piece_and_in_many() {
        for (content, end) in [
            (r#"a\u00e9\"" "#, Ok(Some(9))),
            (r#"a\u00"#, Ok(None)),
            (r#"a\"#, Ok(None)),
            (r#"a\x""#, Err(Bad)),
            (r#"a\u00g0""#, Err(Bad)),
            ("a\nb\"", Err(Bad)),
            ("\"", Ok(Some(0))),
            ("ñ\\n😀xxxxxxxxx\"", Ok(Some(17))),
        ] {
            assert_eq!(text(content.as_bytes(), 0, &mut Text::default()), end, "{content}");
            let mut state = Text::default();
            let mut found = Ok(None);
            for at in 0..content.len() {
                found = text(content.as_bytes().get(at..=at).unwrap(), 0, &mut state).map(|end| end.map(|_| at));
                if found != Ok(None) {
                    break;
                }
            }
            assert_eq!(found, end, "{content}");
            assert!(state.has_escapes == content.contains('\\') || end == Err(Bad), "{content}");
        }
    }

    #[test]
    fn literals_are_whole_words() {
        let mut done = 0;
        assert_eq!(literal(b"xtr", 1, b"true", &mut done), Ok(None));
        assert_eq!(literal(b"uex", 0, b"true", &mut done), Ok(Some(2)));
        assert_eq!(literal(b"nule", 0, b"null", &mut 0), Err(Bad));
    }
}

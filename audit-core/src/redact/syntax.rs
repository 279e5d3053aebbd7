//! The grammar of JSON (RFC 8259), strictly: where tokens end, and what an escaped string says.
//!
//! Nothing here recurses or allocates but [`decode`], and that only where a string holds escapes.

use std::borrow::Cow;

/// What was found where a token should stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lexed {
    /// A whole token; where the next begins.
    To(usize),
    /// The input ends inside the token, or where more of it could follow.
    Cut,
    /// No such token.
    Bad,
}

pub(crate) fn skip_space(json: &[u8], mut at: usize) -> usize {
    while matches!(json.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        at += 1;
    }
    at
}

/// What ends a string, escapes in it or must not stand in it.
const NOT_PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut control = 0;
    while control < 0x20 {
        table[control] = true;
        control += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table
};

/// A string, from its opening quote.
pub(crate) fn string(json: &[u8], start: usize) -> Lexed {
    if json.get(start) != Some(&b'"') {
        return Lexed::Bad;
    }
    let mut at = start + 1;
    loop {
        let rest = json.get(at..).unwrap_or_default();
        at += rest.iter().position(|byte| NOT_PLAIN[usize::from(*byte)]).unwrap_or(rest.len());
        match json.get(at) {
            None => return Lexed::Cut,
            Some(b'"') => return Lexed::To(at + 1),
            Some(0..=0x1f) => return Lexed::Bad,
            Some(b'\\') => match json.get(at + 1) {
                None => return Lexed::Cut,
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at += 2,
                Some(b'u') => {
                    for digit in at + 2..at + 6 {
                        match json.get(digit) {
                            None => return Lexed::Cut,
                            Some(digit) if digit.is_ascii_hexdigit() => {}
                            Some(_) => return Lexed::Bad,
                        }
                    }
                    at += 6;
                }
                Some(_) => return Lexed::Bad,
            },
            Some(_) => at += 1,
        }
    }
}

/// A number, `true`, `false` or `null`. At the end of the input a number counts as cut: a digit could follow.
pub(crate) fn scalar(json: &[u8], start: usize) -> Lexed {
    match json.get(start) {
        Some(b't') => literal(json, start, b"true"),
        Some(b'f') => literal(json, start, b"false"),
        Some(b'n') => literal(json, start, b"null"),
        Some(b'-' | b'0'..=b'9') => number(json, start),
        None => Lexed::Cut,
        Some(_) => Lexed::Bad,
    }
}

fn literal(json: &[u8], start: usize, word: &[u8]) -> Lexed {
    let rest = json.get(start..).unwrap_or_default();
    if rest.starts_with(word) {
        Lexed::To(start + word.len())
    } else if word.starts_with(rest) {
        Lexed::Cut
    } else {
        Lexed::Bad
    }
}

fn number(json: &[u8], start: usize) -> Lexed {
    let digits = |mut at: usize| {
        while json.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let mut at = start + usize::from(json.get(start) == Some(&b'-'));
    let mut part = at;
    at = match json.get(at) {
        Some(b'0') => at + 1,
        _ => digits(at),
    };
    let mut empty = at == part;
    if !empty && json.get(at) == Some(&b'.') {
        part = at + 1;
        at = digits(part);
        empty = at == part;
    }
    if !empty && matches!(json.get(at), Some(b'e' | b'E')) {
        part = at + 1;
        part += usize::from(matches!(json.get(part), Some(b'+' | b'-')));
        at = digits(part);
        empty = at == part;
    }
    match json.get(at) {
        None => Lexed::Cut,
        Some(_) if empty => Lexed::Bad,
        // What else may follow is for the caller to say, but never this: `01`, `1.2.3`, `1x`.
        Some(b'0'..=b'9' | b'.' | b'a'..=b'z' | b'A'..=b'Z' | b'+' | b'-' | b'_') => Lexed::Bad,
        Some(_) => Lexed::To(at),
    }
}

/// Whether `text` is one whole number.
pub(crate) fn is_number(text: &[u8]) -> bool {
    // A number is known to end only when something follows it.
    let mut followed = text.to_vec();
    followed.push(b' ');
    matches!(text.first(), Some(b'-' | b'0'..=b'9')) && number(&followed, 0) == Lexed::To(text.len())
}

/// What a string without its quotes says; a surrogate without its other half becomes U+FFFD.
pub(crate) fn decode(content: &str) -> Cow<'_, str> {
    // Nearly none does, and the search below takes longer to begin than this.
    if !content.bytes().any(|byte| byte == b'\\') {
        return Cow::Borrowed(content);
    }
    let Some((before, mut rest)) = content.split_once('\\') else { return Cow::Borrowed(content) };
    let mut text = String::with_capacity(content.len());
    text.push_str(before);
    loop {
        let mut letters = rest.chars();
        let escaped = match letters.next() {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let (letter, used) = unicode_escape(rest);
                letters = rest.get(used..).unwrap_or_default().chars();
                letter
            }
            Some(other) => other,
            None => return Cow::Owned(text),
        };
        text.push(escaped);
        match letters.as_str().split_once('\\') {
            Some((plain, next)) => {
                text.push_str(plain);
                rest = next;
            }
            None => {
                text.push_str(letters.as_str());
                return Cow::Owned(text);
            }
        }
    }
}

/// The character that `uXXXX`, or `uXXXX\uXXXX`, stands for, and the length of what it was read from.
fn unicode_escape(rest: &str) -> (char, usize) {
    let unit = |at: usize| rest.get(at..at + 4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let Some(high) = unit(1) else { return (char::REPLACEMENT_CHARACTER, 1) };
    if let (0xd800..=0xdbff, Some("\\u"), Some(low @ 0xdc00..=0xdfff)) = (high, rest.get(5..7), unit(7)) {
        let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 11);
    }
    (char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER), 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_strict() {
        for text in ["0", "-0", "12", "1.50", "1e400", "-1.5E+10", "12345678901234567890123"] {
            assert!(is_number(text.as_bytes()), "{text}");
            assert!(serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok(), "{text}");
        }
        for text in ["", "-", "01", "1.", ".5", "1e", "1e+", "+1", "0x1", "1_000", "NaN", "--1", "1.2.3"] {
            assert!(!is_number(text.as_bytes()), "{text}");
        }
        assert_eq!(scalar(b"12", 0), Lexed::Cut);
        assert_eq!(scalar(b"-", 0), Lexed::Cut);
        assert_eq!(scalar(b"12,", 0), Lexed::To(2));
        assert_eq!(scalar(b"tru", 0), Lexed::Cut);
        assert_eq!(scalar(b"trux", 0), Lexed::Bad);
    }

    #[test]
    fn strings_are_strict() {
        assert_eq!(string(br#""a\u00e9\"" "#, 0), Lexed::To(11));
        assert_eq!(string(br#""a\u00"#, 0), Lexed::Cut);
        assert_eq!(string(br#""a\"#, 0), Lexed::Cut);
        assert_eq!(string(br#""a\x""#, 0), Lexed::Bad);
        assert_eq!(string(b"\"a\nb\"", 0), Lexed::Bad);
        assert_eq!(string(b"a", 0), Lexed::Bad);
    }

    #[test]
    fn escapes_are_read() {
        assert_eq!(decode("plain"), "plain");
        assert_eq!(decode(r#"\b\f\n\r\t\/\\\"pass\u0077ord"#), "\u{8}\u{c}\n\r\t/\\\"password");
        assert_eq!(decode(r"\ud83d\ude00!"), "😀!");
        assert_eq!(decode(r"\ud800x\udc00\ud800\u0041"), "\u{fffd}x\u{fffd}\u{fffd}A");
    }
}

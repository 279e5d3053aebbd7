//! Escapes that names come in: of URLs (`%77`, `%u0077`), of JSON and of programs (`\\u0077`, `\\x77`), of HTML
//! (`&#119;`, `&#x77;`).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// How many digits an escape of HTML may have: as many as the largest character takes.
const MOST_DIGITS: usize = 7;

/// Whether an escape may begin with this byte.
pub(super) fn may_begin(byte: u8) -> bool {
    matches!(byte, b'%' | b'\\' | b'&')
}

/// A name without its escapes, undone once; nothing for a name that has none.
pub(super) fn unescape(name: &str) -> Option<String> {
    if !name.bytes().any(may_begin) {
        return None;
    }
    // Most escapes are those of URLs, of which there is nothing to do before they are undone.
    let is_other = |two: &[u8]| matches!(two, [b'\\' | b'&', _] | [b'%', b'u' | b'U']);
    if !name.as_bytes().windows(2).any(is_other) {
        return match percent_decode_str(name).decode_utf8_lossy() {
            Cow::Borrowed(_) => None,
            Cow::Owned(decoded) => Some(decoded),
        };
    }
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(letter) = rest.chars().next() {
        let escape = match letter {
            '%' | '\\' => lettered(rest),
            '&' => referenced(rest),
            _ => None,
        };
        let (letter, after) = escape.unwrap_or_else(|| (letter, rest.get(letter.len_utf8()..).unwrap_or_default()));
        out.push(letter);
        rest = after;
    }
    if out.contains('%') {
        out = percent_decode_str(&out).decode_utf8_lossy().into_owned();
    }
    (out != name).then_some(out)
}

/// `%u0077`, `\\u0077` or `\\x77` at the start of a text, and what follows it.
fn lettered(text: &str) -> Option<(char, &str)> {
    let digits = match text.as_bytes() {
        [b'%' | b'\\', b'u' | b'U', ..] => 4,
        [b'\\', b'x' | b'X', ..] => 2,
        _ => return None,
    };
    let code = u32::from_str_radix(text.get(2..2 + digits)?, 16).ok()?;
    Some((char::from_u32(code)?, text.get(2 + digits..)?))
}

/// `&#119;` or `&#x77;` at the start of a text, and what follows it.
fn referenced(text: &str) -> Option<(char, &str)> {
    let number = text.strip_prefix("&#")?;
    let end = number.bytes().take(MOST_DIGITS + 2).position(|byte| byte == b';')?;
    let (digits, rest) = (number.get(..end)?, number.get(end + 1..)?);
    let code = match digits.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => digits.parse().ok()?,
    };
    Some((char::from_u32(code)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_once() {
        for (name, expected) in [
            ("a%77b", "awb"),
            ("a%2577b", "a%77b"),
            ("a%u0077b", "awb"),
            ("a\\u0077\\x77b", "awwb"),
            ("a&#119;&#x77;b", "awwb"),
            ("a%F1b", "a\u{fffd}b"),
            ("\\u00f1&#xf1;", "ññ"),
        ] {
            assert_eq!(unescape(name).as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn what_is_no_escape_stays() {
        for name in [
            "",
            "a",
            "50%",
            "a&b",
            "a&#;b",
            "a&#99999999;b",
            "&#x110000;",
            "\\",
            "\\u12",
            "\\ud800",
            "\\xñ",
            "%u",
            "&#",
        ] {
            assert_eq!(unescape(name), None, "{name}");
        }
    }
}

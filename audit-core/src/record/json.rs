//! The encoder's smallest parts: strings, members and numbers of JSON, written straight into bytes.
//!
//! Besides what RFC 8259 demands, control characters (C0, DEL, C1), U+2028, U+2029 and the bidirectional controls are
//! escaped, so that a record is one line for every reader and shows what it says. Invalid UTF-8 becomes U+FFFD.

use std::fmt::{self, Write as _};
use std::ops::Range;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends `text` as a JSON string, quotes included.
pub(crate) fn write_str(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    write_str_content(out, text);
    out.push(b'"');
}

/// Appends bytes that ought to be UTF-8 as a JSON string; each invalid sequence becomes U+FFFD.
pub(crate) fn write_lossy(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        write_str_content(out, chunk.valid());
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    out.push(b'"');
}

/// Appends `text` escaped, without quotes.
pub(crate) fn write_str_content(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let width = match byte {
            b'"' | b'\\' | 0..=0x1f | 0x7f => 1,
            // Only these lead bytes can start a character that needs escaping.
            0xc2 | 0xd8 | 0xe2 => match bytes.get(at..).and_then(needs_escape) {
                Some(width) => width,
                None => {
                    at += 1;
                    continue;
                }
            },
            _ => {
                at += 1;
                continue;
            }
        };
        out.extend_from_slice(bytes.get(copied..at).unwrap_or_default());
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => write_unicode_escape(out, bytes.get(at..at + width).unwrap_or_default()),
        }
        at += width;
        copied = at;
    }
    out.extend_from_slice(bytes.get(copied..).unwrap_or_default());
}

/// The width in bytes of the first character, if it is one that is escaped though JSON does not demand it.
fn needs_escape(rest: &[u8]) -> Option<usize> {
    match rest {
        // C1 controls
        [0xc2, 0x80..=0x9f, ..] => Some(2),
        // U+061C, the Arabic letter mark
        [0xd8, 0x9c, ..] => Some(2),
        // U+200E and U+200F, U+2028 to U+202E
        [0xe2, 0x80, 0x8e | 0x8f | 0xa8..=0xae, ..] => Some(3),
        // U+2066 to U+2069
        [0xe2, 0x81, 0xa6..=0xa9, ..] => Some(3),
        _ => None,
    }
}

fn write_unicode_escape(out: &mut Vec<u8>, character: &[u8]) {
    let code = std::str::from_utf8(character).ok().and_then(|text| text.chars().next()).map_or(0xfffd, u32::from);
    out.extend_from_slice(b"\\u");
    for shift in [12, 8, 4, 0] {
        out.push(HEX[(code >> shift & 0xf) as usize]);
    }
}

/// Appends anything that displays itself, unescaped: for numbers and words known to need no escape.
pub(crate) fn write_display(out: &mut Vec<u8>, value: impl fmt::Display) {
    struct Utf8<'a>(&'a mut Vec<u8>);
    impl fmt::Write for Utf8<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.extend_from_slice(text.as_bytes());
            Ok(())
        }
    }
    Utf8(out).write_fmt(format_args!("{value}")).expect("writing into a vector does not fail");
}

/// Writes the members of one JSON object; tells where each value came to stand.
pub(crate) struct Members<'a> {
    pub(crate) out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> Members<'a> {
    /// Opens the object.
    pub(crate) fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, first: true }
    }

    /// Writes `"key":` and lets `value` append the value.
    pub(crate) fn member(&mut self, key: &str, value: impl FnOnce(&mut Vec<u8>)) -> Range<usize> {
        if !std::mem::take(&mut self.first) {
            self.out.push(b',');
        }
        write_str(self.out, key);
        self.out.push(b':');
        let start = self.out.len();
        value(self.out);
        start..self.out.len()
    }

    pub(crate) fn str(&mut self, key: &str, value: &str) -> Range<usize> {
        self.member(key, |out| write_str(out, value))
    }

    pub(crate) fn display(&mut self, key: &str, value: impl fmt::Display) -> Range<usize> {
        self.member(key, |out| write_display(out, value))
    }

    /// Writes a value that is JSON already.
    pub(crate) fn raw(&mut self, key: &str, json: &[u8]) -> Range<usize> {
        self.member(key, |out| out.extend_from_slice(json))
    }

    /// Closes the object.
    pub(crate) fn close(self) {
        self.out.push(b'}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str) -> String {
        let mut out = Vec::new();
        write_str(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_survive_a_parser() {
        let every: String = (0..0x3000_u32).chain([0x1_f600, 0x10_ffff]).filter_map(char::from_u32).collect();
        let json = escaped(&every);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), every);
        assert!(!json.chars().any(char::is_control), "a control character is left");
    }

    #[test]
    fn what_could_mislead_a_reader_is_escaped() {
        assert_eq!(
            escaped("a\u{202e}b\u{2028}\u{2069}\u{61c}\u{85}\u{7f}\n\"\\"),
            r#""a\u202eb\u2028\u2069\u061c\u0085\u007f\n\"\\""#
        );
        assert_eq!(escaped("ä€\u{200d}"), "\"ä€\u{200d}\"");
    }

    #[test]
    fn invalid_utf8_is_replaced() {
        let mut out = Vec::new();
        write_lossy(&mut out, b"a\xff\xe2\x80z");
        assert_eq!(out, "\"a\u{fffd}\u{fffd}z\"".as_bytes());
    }
}

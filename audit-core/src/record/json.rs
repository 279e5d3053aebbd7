//! The encoder's smallest parts: strings, members and numbers of JSON, written straight into bytes.
//!
//! Besides what RFC 8259 demands, control characters (C0, DEL, C1), U+2028, U+2029 and the bidirectional controls are
//! escaped, so that a record is one line for every reader and shows what it says. Invalid UTF-8 becomes U+FFFD.

use std::fmt::{self, Write as _};
use std::ops::Range;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// How many bytes are looked at together.
const CHUNK: usize = 16;

/// Appends `text` as a JSON string, quotes included.
pub(crate) fn write_str(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
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
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        at += clean_length(rest);
        let Some(&byte) = bytes.get(at) else { break };
        let width = if byte < 0x80 { Some(1) } else { bytes.get(at..).and_then(needs_escape) };
        let Some(width) = width else {
            at += 1;
            continue;
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

/// How many bytes there are before the first that may begin a character to escape.
fn clean_length(bytes: &[u8]) -> usize {
    // Without a branch for each byte, so that it becomes vector instructions: nearly all text needs no escape.
    let (chunks, _) = bytes.as_chunks::<CHUNK>();
    let is_clean = |chunk: &&[u8; CHUNK]| !chunk.iter().fold(false, |found, byte| found | may_escape(*byte));
    let at = CHUNK * chunks.iter().take_while(is_clean).count();
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| MAY_ESCAPE[usize::from(*byte)]).unwrap_or(rest.len())
}

/// [`may_escape`] as a table: for bytes one by one it takes less.
const MAY_ESCAPE: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = may_escape(byte);
        if byte == u8::MAX {
            break table;
        }
        byte += 1;
    }
};

/// Of the bytes beyond ASCII only three lead characters that are escaped.
pub(crate) const fn may_escape(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\') | (byte == 0x7f) | (byte == 0xc2) | (byte == 0xd8) | (byte == 0xe2)
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

/// Appends a number in decimal.
pub(crate) fn write_number(out: &mut Vec<u8>, number: u64) {
    // The greatest has twenty digits.
    let mut digits = [b'0'; 20];
    let mut rest = number;
    let mut length = 0;
    for digit in digits.iter_mut().rev() {
        *digit += u8::try_from(rest % 10).expect("a digit is less than ten");
        rest /= 10;
        length += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - length..).unwrap_or_default());
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

    /// Writes `"key":` and lets `value` append the value. The key is the program's own and needs no escape.
    pub(crate) fn member(&mut self, key: &'static str, value: impl FnOnce(&mut Vec<u8>)) -> Range<usize> {
        debug_assert_eq!(clean_length(key.as_bytes()), key.len(), "{key}");
        self.out.reserve(key.len() + 4);
        let open: &[u8] = if std::mem::take(&mut self.first) { b"\"" } else { b",\"" };
        self.out.extend_from_slice(open);
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        let start = self.out.len();
        value(self.out);
        start..self.out.len()
    }

    /// Writes a member whose key is somebody else's and whose value is JSON already.
    pub(crate) fn foreign(&mut self, key: &str, json: &[u8]) {
        if !std::mem::take(&mut self.first) {
            self.out.push(b',');
        }
        write_str(self.out, key);
        self.out.push(b':');
        self.out.extend_from_slice(json);
    }

    pub(crate) fn str(&mut self, key: &'static str, value: &str) -> Range<usize> {
        self.member(key, |out| write_str(out, value))
    }

    pub(crate) fn display(&mut self, key: &'static str, value: impl fmt::Display) -> Range<usize> {
        self.member(key, |out| write_display(out, value))
    }

    pub(crate) fn number(&mut self, key: &'static str, value: u64) -> Range<usize> {
        self.member(key, |out| write_number(out, value))
    }

    /// Writes a value that is JSON already.
    pub(crate) fn raw(&mut self, key: &'static str, json: &[u8]) -> Range<usize> {
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
    fn what_is_escaped_is_found_at_every_place() {
        for escaped_at in 0..3 * CHUNK {
            for special in ["\"", "\u{1}", "\u{7f}", "\u{85}", "\u{61c}", "\u{2028}"] {
                let text = format!("{}{special}{}", "ñ€x".repeat(escaped_at), "©é".repeat(CHUNK));
                assert_eq!(serde_json::from_str::<String>(&escaped(&text)).unwrap(), text);
                assert!(!escaped(&text).contains(special) || special == "\"", "{special:?} at {escaped_at}");
            }
        }
    }

    #[test]
    fn numbers_are_decimal() {
        for number in [0, 7, 10, 4_711, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            write_number(&mut out, number);
            assert_eq!(String::from_utf8(out).unwrap(), number.to_string());
        }
    }

    #[test]
    fn invalid_utf8_is_replaced() {
        let mut out = Vec::new();
        write_lossy(&mut out, b"a\xff\xe2\x80z");
        assert_eq!(out, "\"a\u{fffd}\u{fffd}z\"".as_bytes());
    }
}

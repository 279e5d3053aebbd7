//! Whether a text holds a secret, in any of the forms that programs write text in.

use std::borrow::Cow;

use percent_encoding::percent_decode;

/// How many encodings deep a secret is looked for: JSON in a string of JSON, and that percent-encoded.
const DEPTH: usize = 3;

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What to look for.
pub(crate) struct Needles {
    /// In lower case.
    plain: Vec<u8>,
    /// In lower case.
    hex: Vec<u8>,
    base64: Vec<Vec<u8>>,
}

/// In which form a secret was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    AsIs,
    Percent,
    Json,
    Base64,
    Hex,
}

impl Form {
    #[cfg(feature = "testing")]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::AsIs => "as it is",
            Self::Percent => "percent-encoded",
            Self::Json => "escaped as JSON",
            Self::Base64 => "as base64",
            Self::Hex => "as hexadecimal digits",
        }
    }
}

impl Needles {
    pub(crate) fn of(secret: &[u8]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let hex = secret.iter().flat_map(|byte| [byte >> 4, byte & 0xf]).map(|digit| DIGITS[usize::from(digit)]);
        let base64 = [STANDARD, URL_SAFE].into_iter().flat_map(|alphabet| (0..3).map(move |at| (alphabet, at)));
        Self {
            plain: secret.to_ascii_lowercase(),
            hex: hex.collect(),
            base64: base64.map(|(alphabet, at)| base64_within(secret, at, alphabet)).collect(),
        }
    }

    /// The form in which the text holds the secret, if it does. Case does not matter, but in base64.
    pub(crate) fn form_in(&self, text: &[u8]) -> Option<Form> {
        self.search(text, DEPTH)
    }

    fn search(&self, text: &[u8], depth: usize) -> Option<Form> {
        let lower = text.to_ascii_lowercase();
        if contains(&lower, &self.plain) {
            return Some(Form::AsIs);
        }
        if contains(&lower, &self.hex) {
            return Some(Form::Hex);
        }
        if self.base64.iter().any(|needle| contains(text, needle)) {
            return Some(Form::Base64);
        }
        let deeper = depth.checked_sub(1)?;
        let within = |decoded: Cow<'_, [u8]>, form| match decoded {
            Cow::Borrowed(_) => None,
            // What was base64 within JSON is told as base64: that is harder to see.
            Cow::Owned(decoded) => self.search(&decoded, deeper).map(|found| match found {
                Form::AsIs => form,
                within => within,
            }),
        };
        within(json_unescaped(text), Form::Json)
            .or_else(|| within(percent_decode(text).into(), Form::Percent))
            .or_else(|| within(form_decoded(text), Form::Percent))
    }
}

/// The characters that `bytes` becomes in base64, whatever stands around it: `before` bytes, in threes, stand before it.
fn base64_within(bytes: &[u8], before: usize, alphabet: &[u8; 64]) -> Vec<u8> {
    let start = before * 8;
    let end = start + bytes.len() * 8;
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    let characters = start.div_ceil(6)..end / 6;
    characters
        .map(|character| {
            let first = character * 6 - start;
            let value = (first..first + 6).fold(0_u8, |value, at| value << 1 | bit(at));
            alphabet[usize::from(value)]
        })
        .collect()
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && text.windows(needle.len()).any(|window| window == needle)
}

/// A form's way to write a space, and percent escapes.
fn form_decoded(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'+') {
        return Cow::Borrowed(text);
    }
    let spaced: Vec<u8> = text.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
    Cow::Owned(percent_decode(&spaced).collect())
}

/// A text without the escapes of JSON; what is none stays as it is.
fn json_unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'\\') {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let Some((&escape, behind)) = after.split_first().filter(|_| byte == b'\\') else {
            out.push(byte);
            continue;
        };
        let plain = match escape {
            b'"' | b'\\' | b'/' => escape,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                if let Some((letter, length)) = unicode(after) {
                    out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                    rest = after.get(length..).unwrap_or_default();
                } else {
                    out.push(byte);
                }
                continue;
            }
            _ => {
                out.push(byte);
                continue;
            }
        };
        out.push(plain);
        rest = behind;
    }
    Cow::Owned(out)
}

/// The character of `u00e9`, or of `ud83d\ude00`, and how many bytes it took.
fn unicode(text: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 5)?.strip_prefix(b"u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let first = unit(0)?;
    let second = text.get(5).filter(|byte| **byte == b'\\').and_then(|_| unit(6));
    let mut letters = char::decode_utf16([first].into_iter().chain(second));
    let letter = letters.next()?.ok()?;
    Some((letter, if letter.len_utf16() == 2 { 11 } else { 5 }))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;

    /// Nothing in it is the same in two forms.
    const SECRET: &str = "hüter \"of\"/secrets?>~";

    fn form(secret: &str, text: &str) -> Option<Form> {
        Needles::of(secret.as_bytes()).form_in(text.as_bytes())
    }

    #[test]
    fn each_form_is_found() {
        let json = |text: &str| serde_json::to_string(text).expect("a text is JSON");
        let percent =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let hex: String = SECRET.bytes().map(|byte| format!("{byte:02X}")).collect();
        for (text, expected) in [
            (format!("<{SECRET}>"), Form::AsIs),
            (SECRET.to_ascii_uppercase(), Form::AsIs),
            (json(SECRET), Form::Json),
            (json(&json(&json(SECRET))), Form::Json),
            (SECRET.chars().map(|c| format!("\\u{:04X}", u32::from(c))).collect(), Form::Json),
            (percent(SECRET), Form::Percent),
            (percent(SECRET).to_lowercase(), Form::Percent),
            (percent(&percent(SECRET)), Form::Percent),
            (SECRET.bytes().map(|byte| format!("%{byte:02x}")).collect(), Form::Percent),
            (SECRET.replace(' ', "+").replace('"', "%22"), Form::Percent),
            (hex.clone(), Form::Hex),
            (hex.to_lowercase(), Form::Hex),
        ] {
            assert_eq!(form(SECRET, &text), Some(expected), "{text}");
        }
    }

    #[test]
    fn base64_is_found_at_each_place_in_either_alphabet() {
        for secret in [SECRET, "\u{fb}\u{ff}\u{fe}>>??", "key!"] {
            for before in 0..7 {
                for after in 0..4 {
                    let text = format!("{}{secret}{}", "x".repeat(before), "y".repeat(after));
                    for encoded in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                        assert_eq!(form(secret, &encoded), Some(Form::Base64), "{secret} {encoded}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for text in ["", "hunter", "hunter%32", "hunter\\u003", "\\", "\\u", "\\ud83d\\", "%", "[FILTERED]", "aHVudGVy"]
        {
            assert_eq!(form("hunter2x", text), None, "{text}");
        }
        assert_eq!(form("a\u{1f600}b", "a\\ud83d\\ude00b"), Some(Form::Json));
    }
}

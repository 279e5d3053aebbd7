//! What an escaped string of JSON says (RFC 8259, section 7).

/// What a string without its quotes says, written into `decoded` where it holds escapes; a surrogate without its other
/// half becomes U+FFFD.
pub(super) fn decode_into<'t>(content: &'t str, decoded: &'t mut String) -> &'t str {
    // Nearly none does, and the search below takes longer to begin than this.
    if !content.bytes().any(|byte| byte == b'\\') {
        return content;
    }
    let Some((before, mut rest)) = content.split_once('\\') else { return content };
    decoded.clear();
    decoded.push_str(before);
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
            None => return decoded,
        };
        decoded.push(escaped);
        match letters.as_str().split_once('\\') {
            Some((plain, next)) => {
                decoded.push_str(plain);
                rest = next;
            }
            None => {
                decoded.push_str(letters.as_str());
                return decoded;
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
    fn escapes_are_read() {
        let decode = |content: &str| decode_into(content, &mut String::new()).to_owned();
        assert_eq!(decode("plain"), "plain");
        assert_eq!(decode(r#"\b\f\n\r\t\/\\\"pass\u0077ord"#), "\u{8}\u{c}\n\r\t/\\\"password");
        assert_eq!(decode(r"\ud83d\ude00!"), "😀!");
        assert_eq!(decode(r"\ud800x\udc00\ud800\u0041"), "\u{fffd}x\u{fffd}\u{fffd}A");
    }
}

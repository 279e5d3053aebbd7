//! What bytes a text is made of, as a set: most texts lack what every secret's shape needs, and one pass tells so.

use super::steps;
use crate::record::json;

/// `:` or `=`, which every assignment and every URL holds.
pub(super) const SEPARATOR: u8 = 1;
/// What stands between an option or a scheme and its value.
pub(super) const BLANK: u8 = 1 << 1;
/// The beginning of an element or of a percent escape.
pub(super) const MARK: u8 = 1 << 2;
/// A digit or a capital: every token of known form holds one, and so does the armour of PEM.
pub(super) const MIXED: u8 = 1 << 3;
/// What may stand beside a value, or close a list of them: quotes, brackets, the sign of an address.
pub(super) const ASIDE: u8 = 1 << 5;
pub(super) const DIGIT: u8 = 1 << 6;
/// What may need an escape in JSON.
const ESCAPE: u8 = 1 << 7;
/// A character of names, in any of the languages that text may quote.
const NAME: u8 = 1 << 4;

const SIGNS: [u8; 256] = {
    let mut signs = [0; 256];
    let mut byte = 0_u8;
    loop {
        let escape = if json::may_escape(byte) { ESCAPE } else { 0 };
        signs[byte as usize] = escape
            | match byte {
                b':' | b'=' => SEPARATOR,
                b' ' | b'\t' => BLANK,
                b'<' => MARK,
                b'%' => MARK | NAME,
                // The full-width forms of the separators begin with it.
                0xef => SEPARATOR | NAME,
                b'0'..=b'9' => MIXED | DIGIT | NAME,
                b'A'..=b'Z' => MIXED | NAME,
                b'"' | b'\'' | b'`' | b'(' | b')' | b'@' => ASIDE,
                b'a'..=b'z' | b'_' | b'-' | b'.' | b'$' | b'[' | b']' | 0x80.. => NAME,
                _ => 0,
            };
        if byte == u8::MAX {
            break signs;
        }
        byte += 1;
    }
};

/// All that is in a text.
#[inline]
pub(super) fn of(text: &str) -> u8 {
    steps::count(text.len());
    let (eights, rest) = text.as_bytes().as_chunks::<8>();
    let all = |signs: u8, byte: &u8| signs | SIGNS[usize::from(*byte)];
    let signs = eights.iter().fold(0, |signs, [a, b, c, d, e, f, g, h]| {
        let half = |one: &u8, two: &u8, three: &u8, four: &u8| all(all(0, one), two) | all(all(0, three), four);
        signs | half(a, b, c, d) | half(e, f, g, h)
    });
    rest.iter().fold(signs, all)
}

/// How many bytes there are before the first that may need an escape in JSON, and all that is in them.
#[inline(never)]
pub(super) fn until_escape(bytes: &[u8]) -> (usize, u8) {
    let mut signs = 0;
    let mut length = 0;
    // Four at once, and then those of the four in which the end is.
    for four in bytes.as_chunks::<4>().0 {
        let [one, two, three, four] = four.map(|byte| SIGNS[usize::from(byte)]);
        let all = one | two | three | four;
        if all & ESCAPE != 0 {
            break;
        }
        signs |= all;
        length += 4;
    }
    for &byte in bytes.get(length..).unwrap_or_default() {
        let sign = SIGNS[usize::from(byte)];
        if sign & ESCAPE != 0 {
            break;
        }
        signs |= sign;
        length += 1;
    }
    steps::count(length);
    (length, signs)
}

/// Whether anything in a text may need an escape in JSON.
pub(super) fn may_escape(signs: u8) -> bool {
    signs & ESCAPE != 0
}

/// Where a run of characters of names ends that begins at `at`, and all that is in it.
#[inline]
pub(super) fn name_end(bytes: &[u8], at: usize) -> (usize, u8) {
    let mut signs = 0;
    let mut end = at;
    for &byte in bytes.get(at..).unwrap_or_default() {
        let sign = SIGNS[usize::from(byte)];
        if sign & NAME == 0 {
            break;
        }
        signs |= sign;
        end += 1;
    }
    (end, signs)
}

pub(super) fn is_name_byte(byte: u8) -> bool {
    SIGNS[usize::from(byte)] & NAME != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_what_its_bytes_are() {
        assert_eq!(of("plain_key-x.ñ") & !NAME, 0);
        assert!(may_escape(of("\u{7f}")) && may_escape(of("a\nb")) && !may_escape(of("a b/ñ{}")));
        assert_eq!(of("a=b") & !NAME, SEPARATOR);
        assert_eq!(of("a:b\tC") & !NAME, SEPARATOR | BLANK | MIXED | ESCAPE);
        assert_eq!(of("7\"") & !NAME, MIXED | DIGIT | ASIDE | ESCAPE);
        assert_eq!((of("<"), of("%"), of("/,\n")), (MARK, MARK | NAME, ESCAPE));
    }
}

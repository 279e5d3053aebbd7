//! Where, in text without a grammar, the value of a name begins and ends.

use std::ops::Range;

use super::FILTERED;
use super::signs::is_name_byte;
use super::{printed, steps};

/// How far ahead of a comma or a semicolon the next name may end.
const MAX_NEXT_NAME: usize = 40;

/// How many separators in a row are taken for such.
const MAX_SEPARATORS: usize = 8;

/// How far into a URL an `@` is looked for beyond the end of what should be its authority.
const MAX_UNESCAPED: usize = 256;

/// The full-width forms of the signs that assign.
pub(super) const WIDE_SEPARATORS: [char; 2] = ['：', '＝'];

/// What stands between a name and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Separator {
    pub(crate) end: usize,
    pub(crate) is_equals: bool,
    /// A colon, or an equals sign with a space after it: the way of files, where a value may hold spaces.
    pub(crate) is_spaced: bool,
}

/// Where something next stands that is looked for from one place after another: what was found once stays true for every
/// place on the way there, so that no byte is looked at twice.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    /// From where it was looked for, and behind the place where it stands; the same where nothing is known.
    known: Range<usize>,
}

impl Ahead {
    /// The place from `start` on, which `find` finds where it is not known.
    pub(crate) fn or_find(&mut self, start: usize, find: impl FnOnce() -> usize) -> usize {
        if !self.known.contains(&start) {
            self.known = start..find() + 1;
        }
        self.known.end - 1
    }
}

/// The `=`, `:`, `=>` or `:=` after a name that ends at `at`, with the quote that may close the name.
pub(crate) fn separator(text: &str, mut at: usize) -> Option<Separator> {
    let bytes = text.as_bytes();
    // Most words are followed by nothing of the kind.
    if !matches!(bytes.get(at), Some(b'\\' | b'"' | b'\'' | b'`' | b' ' | b'\t' | b'\r' | b'\n' | b':' | b'=')) {
        return None;
    }
    at = skip(bytes, at, 8, |byte| matches!(byte, b'\\' | b'"' | b'\'' | b'`'));
    let start = skip(bytes, at, 8, |byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    at = skip(bytes, start, 3, |byte| matches!(byte, b':' | b'='));
    if at == start {
        return None;
    }
    at = skip(bytes, at, 1, |byte| byte == b'>');
    let sign = text.get(start..at)?;
    // `std::path` and `https://` assign nothing.
    if sign.starts_with("::") || sign == ":" && text.get(at..)?.starts_with("//") {
        return None;
    }
    let is_spaced = sign == ":" || text.get(at..)?.starts_with([' ', '\t']);
    Some(Separator { end: at, is_equals: sign.starts_with('='), is_spaced })
}

/// The full-width `：` or `＝` in a run of letters, which Chinese and Japanese text sets without blanks: where the name
/// before it ends, and the separator.
pub(crate) fn wide_separator(text: &str, word: &Range<usize>) -> Option<(usize, Separator)> {
    let run = text.get(word.clone()).filter(|run| !run.is_ascii())?;
    let at = run.find(WIDE_SEPARATORS)?;
    let is_equals = run.get(at..)?.starts_with('＝');
    let end = word.start + at + '：'.len_utf8();
    (at > 0).then_some((word.start + at, Separator { end, is_equals, is_spaced: false }))
}

/// Where a run of at most `most` such bytes that begins at `at` ends.
fn skip(bytes: &[u8], at: usize, most: usize, is_such: impl Fn(u8) -> bool) -> usize {
    at + bytes.iter().skip(at).take(most).take_while(|byte| is_such(**byte)).count()
}

/// The value that begins at or after `at`, without its quotes. With `whole_line` an unquoted one goes to the line's end.
pub(crate) fn value(text: &str, at: usize, whole_line: bool) -> Range<usize> {
    let bytes = text.as_bytes();
    let start = value_start(bytes, at);
    let rest = text.get(start..).unwrap_or_default();
    if rest.starts_with(FILTERED) {
        return start..start + FILTERED.len();
    }
    let quote = start + backslashes(rest.as_bytes());
    match bytes.get(quote) {
        Some(b'"' | b'\'' | b'`') => quoted(text, start, quote),
        Some(b'{' | b'[') if quote == start => start..bracket_end(bytes, start),
        _ if whole_line => start..printed::block_end(text, at, start).unwrap_or_else(|| line_end(text, start)),
        _ => start..printed::end(text, start).unwrap_or_else(|| scheme_end(text, start)),
    }
}

/// The first word of a value, without the quote before it, if it is made of what numbers, dates and plain words are, and
/// nothing otherwise. It takes no looking for the value's end, which may be far.
pub(crate) fn first_word(text: &str, at: usize) -> &str {
    let bytes = text.as_bytes();
    let start = value_start(bytes, at);
    let quote = start + backslashes(bytes.get(start..).unwrap_or_default());
    let is_quoted = matches!(bytes.get(quote), Some(b'"' | b'\'' | b'`'));
    let start = if is_quoted { quote + 1 } else { start };
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_./:+".contains(byte);
    let length = bytes.iter().skip(start).take_while(|byte| is_plain(byte)).count();
    steps::count(length);
    let is_word = matches!(bytes.get(start + length), None | Some(b' ' | b'\t'));
    text.get(start..start + length).filter(|_| is_word).unwrap_or_default()
}

pub(super) fn value_start(bytes: &[u8], at: usize) -> usize {
    let behind = |set: &[u8]| at + bytes.iter().skip(at).take_while(|byte| set.contains(byte)).count();
    let beyond = behind(b" \t\r\n");
    if matches!(bytes.get(beyond), Some(b'"' | b'\'' | b'{' | b'[')) { beyond } else { behind(b" \t") }
}

fn backslashes(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| **byte == b'\\').count()
}

pub(super) fn line_end(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
    steps::count(length);
    start + length
}

/// The content of a string whose quote stands at `quote`, escaped as what stands from `start` says.
pub(super) fn quoted(text: &str, start: usize, quote: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let escapes = quote - start;
    let mark = bytes.get(quote).copied();
    let mut at = quote + 1;
    while let Some(byte) = bytes.get(at) {
        let run = bytes.iter().skip(at).take_while(|byte| **byte == b'\\').count();
        steps::count(run);
        if run > 0 {
            at += run;
            if bytes.get(at).copied() == mark {
                if run == escapes {
                    return quote + 1..at - run;
                }
                at += 1;
            }
        } else if Some(*byte) == mark && escapes == 0 {
            // SQL doubles a quote to write it.
            if bytes.get(at + 1).copied() != mark {
                return quote + 1..at;
            }
            at += 2;
        } else {
            at += 1;
        }
    }
    quote + 1..text.len()
}

/// Behind the bracket that closes the one at `start`, brackets in strings not counted; the end, if none does. Round ones
/// count inside round ones only, and so do single quotes, which are apostrophes elsewhere.
pub(super) fn bracket_end(bytes: &[u8], start: usize) -> usize {
    bracket_end_noting(bytes, start, |_| ())
}

/// The same, and each `{` and `[` on the way that is in no string: read from there, what it holds ends before that end.
pub(super) fn bracket_end_noting(bytes: &[u8], start: usize, mut note: impl FnMut(usize)) -> usize {
    let is_round = bytes.get(start) == Some(&b'(');
    let mut depth = 0_usize;
    let mut escapes = 0_usize;
    // The quote of the string that is open, and how many backslashes stood before it.
    let mut string: Option<(u8, usize)> = None;
    for (at, byte) in bytes.iter().enumerate().skip(start) {
        steps::count(0);
        match (byte, string) {
            (b'\\', _) => {
                escapes += 1;
                continue;
            }
            (b'"', None) => string = Some((b'"', escapes)),
            (b'\'', None) if is_round => string = Some((b'\'', escapes)),
            (quote, Some(opened)) if opened == (*quote, escapes) => string = None,
            (b'{' | b'[', None) => {
                depth += 1;
                note(at);
            }
            (b'}' | b']', None) => depth = depth.saturating_sub(1),
            (b'(', None) if is_round => depth += 1,
            (b')', None) if is_round => depth = depth.saturating_sub(1),
            _ => {}
        }
        escapes = 0;
        if depth == 0 {
            return at + 1;
        }
    }
    bytes.len()
}

/// The end of an unquoted value; `Bearer x` is one.
fn scheme_end(text: &str, start: usize) -> usize {
    const SCHEMES: &[&str] = &["bearer", "basic", "digest", "token", "apikey", "negotiate", "ntlm"];
    let end = bare_end(text, start);
    let is_scheme =
        text.get(start..end).is_some_and(|word| SCHEMES.iter().any(|known| word.eq_ignore_ascii_case(known)));
    let rest = text.get(end..).unwrap_or_default();
    let next = rest.trim_start_matches([' ', '\t']);
    if is_scheme && next.len() < rest.len() { bare_end(text, text.len() - next.len()) } else { end }
}

/// The end of a value without quotes or spaces.
pub(crate) fn bare_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        steps::count(0);
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b'&' | b'"' | b'\'' | b'`' | b'<' | b'>' => break,
            // These end a value in a list, but may stand in a password.
            b',' | b';' | b')' | b']' | b'}' | b'|' if ends_value(bytes.get(at + 1..).unwrap_or_default()) => break,
            _ => at += 1,
        }
    }
    at
}

/// Whether what follows a character that may separate shows that it does: the end, a blank, a quote, or another name.
fn ends_value(rest: &[u8]) -> bool {
    let separators = rest.iter().take(MAX_SEPARATORS).take_while(|byte| b",;)]}|{[".contains(byte)).count();
    let rest = rest.get(separators..).unwrap_or_default();
    match rest.first() {
        None | Some(b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'\'' | b'&' | b'<') => true,
        Some(_) => {
            let name =
                rest.iter().take(MAX_NEXT_NAME).take_while(|byte| is_name_byte(**byte) || **byte == b' ').count();
            name > 0 && matches!(rest.get(name), Some(b'=' | b':'))
        }
    }
}

/// The secret part of the userinfo of a URL whose authority begins at `start`: all of it, or, if the user is a plain
/// word, what follows the colon. `at_sign` is for all URLs of a text, one after the other.
pub(crate) fn userinfo(text: &str, start: usize, at_sign: &mut Ahead) -> Option<Range<usize>> {
    let rest = text.get(start..)?;
    let is_end = |letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | '<' | '>' | '`');
    let is_path = |letter: char| matches!(letter, '/' | '?' | '#' | '\\');
    let authority = rest.get(..rest.find(|letter| is_end(letter) || is_path(letter)).unwrap_or(rest.len()))?;
    steps::count(authority.len());
    let length = match authority.rfind('@') {
        Some(at) => at,
        // A password may hold what should have been escaped; a port is only digits.
        None => {
            let (host, port) = authority.split_once(':')?;
            let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && !port.is_empty();
            if is_port || host.starts_with('[') {
                return None;
            }
            let next = at_sign.or_find(start, || {
                let length = rest.find(|letter| letter == '@' || is_end(letter)).unwrap_or(rest.len());
                steps::count(length);
                start + length
            });
            let between = text.get(start..next).filter(|between| between.len() < MAX_UNESCAPED * 4)?;
            if !text.get(next..)?.starts_with('@') || between.chars().count() >= MAX_UNESCAPED {
                return None;
            }
            steps::count(MAX_UNESCAPED);
            let beyond = rest.char_indices().take(MAX_UNESCAPED).take_while(|(_, letter)| !is_end(*letter));
            beyond.filter(|(_, letter)| *letter == '@').last()?.0
        }
    };
    let userinfo = rest.get(..length)?;
    let is_plain =
        |user: &str| user.len() <= 32 && user.bytes().all(|byte| byte.is_ascii_alphabetic() || b"-_.".contains(&byte));
    match userinfo.split_once(':') {
        Some((user, password)) if is_plain(user) && !password.is_empty() => {
            Some(start + user.len() + 1..start + length)
        }
        _ => Some(start..start + length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators() {
        let sign = |text: &str| separator(text, 1).map(|separator| text.get(..separator.end).unwrap().to_owned());
        assert_eq!(sign("a=b").unwrap(), "a=");
        assert_eq!(sign("a\" : b").unwrap(), "a\" :");
        assert_eq!(sign("a=>b").unwrap(), "a=>");
        assert_eq!(sign("a := b").unwrap(), "a :=");
        assert_eq!(sign("a::b"), None);
        assert_eq!(sign("a://b"), None);
        assert_eq!(sign("a b=c"), None);
    }

    #[test]
    fn values_end() {
        let of = |text: &str, line| text.get(value(text, 0, line)).unwrap().to_owned();
        assert_eq!(of("ab,cd ef", false), "ab,cd");
        assert_eq!(of(",,cd ef", false), ",,cd");
        assert_eq!(of("ab,,cd", false), "ab,,cd");
        assert_eq!(of("ab),[c=d]", false), "ab");
        assert_eq!(of("ab, cd", false), "ab");
        assert_eq!(of("ab;c d=e", false), "ab");
        assert_eq!(of(" 'a''b' c", false), "a''b");
        assert_eq!(of(r#"\"a\\\"b\" c"#, false), r#"a\\\"b"#);
        assert_eq!(of("\"open", false), "open");
        assert_eq!(of("{a:[b]} c", false), "{a:[b]}");
        assert_eq!(of(r#"{"a":"}\"}","b":1} c"#, false), r#"{"a":"}\"}","b":1}"#);
        assert_eq!(of(r#"{\"a\":\"}\"} c"#, false), r#"{\"a\":\"}\"}"#);
        assert_eq!(of("{\"open} c", false), "{\"open} c");
        assert_eq!(of("a b\nc", true), "a b");
        assert_eq!(of("Bearer x y", false), "Bearer x");
        assert_eq!(of("", false), "");
    }

    #[test]
    fn userinfo_ends_at_the_last_at_sign() {
        let of = |text: &str| userinfo(text, 0, &mut Ahead::default()).map(|range| text.get(range).unwrap().to_owned());
        assert_eq!(of("bob:x@y@h/a@b").unwrap(), "x@y");
        assert_eq!(of("bob:x/y@h").unwrap(), "x/y");
        assert_eq!(of("t0ken:x@h").unwrap(), "t0ken:x");
        assert_eq!(of("h:80/a@b"), None);
        assert_eq!(of("h/a@b"), None);
    }
}

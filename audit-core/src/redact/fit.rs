//! Cuts JSON that is already safe to a number of bytes, so that it stays JSON.
//!
//! Guarantees: the result is valid JSON of at most `limit` bytes (a limit below 2 counts as 2); what is left of an
//! object or list is its first members, whole, but for one last string that may end in an ellipsis. One pass, linear.

use super::steps;

/// A string shorter than this is dropped rather than cut: too little of it would be left to say anything, and the
/// markers of redaction must not be cut.
const MIN_CUT_STRING: usize = 48;

/// What stands for the part of a string that was cut.
const ELLIPSIS: &[u8] = "…".as_bytes();

/// Cuts `json` to at most `limit` bytes: closed after its last complete value or pair; a long string may be cut at a
/// character boundary and then ends in an ellipsis.
///
/// `json` must be valid and safe to write. A limit below 2 counts as 2. A scalar that cannot be cut becomes `""`.
///
/// # Examples
///
/// ```
/// use audit_core::redact::fit;
///
/// assert_eq!(fit(br#"{"a":[1,2,3],"b":4}"#, 12), br#"{"a":[1,2]}"#);
/// assert_eq!(fit(br#"{"a":1}"#, 100), br#"{"a":1}"#);
/// ```
#[must_use]
pub fn fit(json: &[u8], limit: usize) -> Vec<u8> {
    if json.len() <= limit { json.to_vec() } else { fit_prefix(json, limit) }
}

/// As [`fit`], for JSON that may stop after any complete token: it is closed where it stops.
pub(crate) fn fit_prefix(json: &[u8], limit: usize) -> Vec<u8> {
    let mut fitted = json.to_vec();
    fit_in_place(&mut fitted, limit);
    fitted
}

/// As [`fit_prefix`], without other memory.
pub(crate) fn fit_in_place(json: &mut Vec<u8>, limit: usize) {
    let closers = match cut(json, limit.max(2)) {
        Some(Cut::After { end }) => {
            json.truncate(end);
            Closers::of(json)
        }
        Some(Cut::Inside { start, end }) => {
            let closers = Closers::of(json.get(..start).unwrap_or_default());
            json.truncate(end);
            json.extend_from_slice(ELLIPSIS);
            json.push(b'"');
            closers
        }
        None => {
            json.clear();
            json.extend_from_slice(b"\"\"");
            return;
        }
    };
    closers.write(json);
}

/// Where JSON is cut.
enum Cut {
    /// Behind a complete value or pair.
    After { end: usize },
    /// Inside the string that begins at `start`.
    Inside { start: usize, end: usize },
}

/// Where `json` is cut so that it can be closed within the limit; nothing if none of it can be shown.
fn cut(json: &[u8], limit: usize) -> Option<Cut> {
    let mut closers = Closers::default();
    // The end of the longest prefix that can be closed within the limit.
    let mut best = None;
    let mut at = 0;
    while let Some(token) = token_at(json, at) {
        let start = at;
        at = token.end;
        match token.kind {
            Kind::Open(closer) => closers.push(closer),
            Kind::Close => closers.pop(),
            Kind::Text if is_key(json, start, at, &closers) => continue,
            Kind::Text if at + closers.len() > limit => {
                return cut_string(json, start, at, &closers, limit).or(best);
            }
            Kind::Text | Kind::Scalar => {}
            Kind::Between => continue,
        }
        if at + closers.len() > limit {
            break;
        }
        best = Some(Cut::After { end: at });
    }
    best
}

/// The brackets that close what is open. Of those that redaction writes none allocates.
#[derive(Default)]
struct Closers {
    /// The outermost: a bit for each, the innermost of them lowest, set for an object.
    outer: u128,
    count: usize,
    inner: Vec<u8>,
}

impl Closers {
    const MOST_OUTER: usize = u128::BITS as usize;

    /// Those of what is open at the end of `json`.
    fn of(json: &[u8]) -> Self {
        let mut closers = Self::default();
        let mut at = 0;
        while let Some(token) = token_at(json, at) {
            match token.kind {
                Kind::Open(closer) => closers.push(closer),
                Kind::Close => closers.pop(),
                Kind::Text | Kind::Scalar | Kind::Between => {}
            }
            at = token.end;
        }
        closers
    }

    fn push(&mut self, closer: u8) {
        if self.count < Self::MOST_OUTER {
            self.outer = self.outer << 1 | u128::from(closer == b'}');
            self.count += 1;
        } else {
            self.inner.push(closer);
        }
    }

    fn pop(&mut self) {
        if self.inner.pop().is_none() && self.count > 0 {
            self.outer >>= 1;
            self.count -= 1;
        }
    }

    fn len(&self) -> usize {
        self.count + self.inner.len()
    }

    /// Whether an object is innermost.
    fn in_object(&self) -> bool {
        self.inner.last().map_or(self.count > 0 && self.outer & 1 == 1, |closer| *closer == b'}')
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.inner.iter().rev());
        out.extend((0..self.count).map(|place| if self.outer >> place & 1 == 1 { b'}' } else { b']' }));
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A bracket, and the one that closes it.
    Open(u8),
    Close,
    Text,
    Scalar,
    /// Commas, colons and white space.
    Between,
}

#[derive(Debug, Clone, Copy)]
struct Token {
    kind: Kind,
    end: usize,
}

fn token_at(json: &[u8], at: usize) -> Option<Token> {
    steps::count(0);
    let (kind, end) = match *json.get(at)? {
        b'{' => (Kind::Open(b'}'), at + 1),
        b'[' => (Kind::Open(b']'), at + 1),
        b'}' | b']' => (Kind::Close, at + 1),
        b'"' => (Kind::Text, string_end(json, at)),
        b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' => (Kind::Between, at + 1),
        _ => (Kind::Scalar, scalar_end(json, at)),
    };
    Some(Token { kind, end })
}

fn is_key(json: &[u8], start: usize, end: usize, closers: &Closers) -> bool {
    let followed = json.get(end..).unwrap_or_default().trim_ascii_start();
    followed.starts_with(b":") || followed.is_empty() && closers.in_object() && follows_key_place(json, start)
}

/// Whether a string at the end of a prefix is a key: what stands before it is no colon.
fn follows_key_place(json: &[u8], start: usize) -> bool {
    json.get(..start).is_none_or(|before| !before.trim_ascii_end().ends_with(b":"))
}

/// Where the string from `start` to `end` is cut until it fits; `None` if little or nothing of it would be left.
fn cut_string(json: &[u8], start: usize, end: usize, closers: &Closers, limit: usize) -> Option<Cut> {
    let room = limit.checked_sub(start + 2 + ELLIPSIS.len() + closers.len())?;
    if end - start < MIN_CUT_STRING || room < 8 {
        return None;
    }
    let content = json.get(start + 1..end - 1)?;
    let mut kept = 0;
    while let Some(width) = character_width(content.get(kept..)?) {
        if kept + width > room {
            break;
        }
        kept += width;
    }
    Some(Cut::Inside { start, end: start + 1 + kept })
}

/// How many bytes the first character of a string's content takes, an escape and a pair of surrogates being one.
fn character_width(content: &[u8]) -> Option<usize> {
    let width = match content {
        [] => return None,
        [b'\\', b'u', b'd' | b'D', b'8'..=b'9' | b'a'..=b'b' | b'A'..=b'B', _, _, b'\\', b'u', ..] => 12,
        [b'\\', b'u', ..] => 6,
        [b'\\', ..] => 2,
        [0xf0..=0xff, ..] => 4,
        [0xe0..=0xef, ..] => 3,
        [0xc0..=0xdf, ..] => 2,
        _ => 1,
    };
    Some(width.min(content.len()))
}

fn string_end(json: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = json.get(at) {
        steps::count(0);
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    json.len()
}

fn scalar_end(json: &[u8], start: usize) -> usize {
    let rest = json.get(start..).unwrap_or_default();
    start + rest.iter().position(|byte| b",]}: \n\r\t".contains(byte)).unwrap_or(rest.len()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_pairs_are_kept() {
        let json = br#"{"a":1,"b":{"c":[1,2],"d":"x"},"e":2}"#;
        let fitted = |limit| String::from_utf8(fit(json, limit)).unwrap();
        assert_eq!(fitted(37), r#"{"a":1,"b":{"c":[1,2],"d":"x"},"e":2}"#);
        assert_eq!(fitted(36), r#"{"a":1,"b":{"c":[1,2],"d":"x"}}"#);
        assert_eq!(fitted(30), r#"{"a":1,"b":{"c":[1,2]}}"#);
        assert_eq!(fitted(7), r#"{"a":1}"#);
        assert_eq!(fitted(6), "{}");
        assert_eq!(fitted(0), "{}");
    }

    #[test]
    fn every_limit_gives_json_that_fits() {
        let long = "ä€😀\\u0001\\n\\\"".repeat(30);
        let json = format!(r#"[{{"k{long}":"{long}","n":[[],{{}},[1.5e3,true,null]]}},"{long}",-12]"#);
        for limit in 0..=json.len() {
            let fitted = fit(json.as_bytes(), limit);
            assert!(fitted.len() <= limit.max(2), "{limit}");
            serde_json::from_slice::<serde_json::Value>(&fitted).unwrap_or_else(|error| panic!("{limit}: {error}"));
        }
    }

    #[test]
    fn a_long_string_ends_in_an_ellipsis() {
        let json = format!(r#"{{"a":"{}"}}"#, "x".repeat(100));
        assert_eq!(fit(json.as_bytes(), 30), r#"{"a":"xxxxxxxxxxxxxxxxxxx…"}"#.as_bytes());
        assert_eq!(fit(br#""[FILTERED]""#, 8), b"\"\"");
        assert_eq!(fit(b"123456", 4), b"\"\"");
    }

    #[test]
    fn surrogates_stay_together() {
        let json = format!("\"{}\"", "\\ud83d\\ude00".repeat(20));
        for limit in 40..60 {
            let text: String = serde_json::from_slice(&fit(json.as_bytes(), limit)).unwrap();
            assert!(text.trim_end_matches('…').chars().all(|letter| letter == '😀'), "{text}");
        }
    }

    #[test]
    fn what_is_deep_is_closed_as_it_was_opened() {
        let open = |depth: usize| "[{\"a\":".repeat(depth);
        for depth in [1, 63, 64, 65, 200] {
            let json = format!("{}1{}", open(depth), "}]".repeat(depth));
            let expected = format!("{}1{}", open(depth), "}]".repeat(depth));
            let cut = format!("{}1,\"b\":2{}", open(depth), "}]".repeat(depth));
            assert_eq!(fit(cut.as_bytes(), json.len()), expected.as_bytes(), "{depth}");
            assert_eq!(fit_prefix(format!("{}1", open(depth)).as_bytes(), json.len()), expected.as_bytes(), "{depth}");
        }
    }

    #[test]
    fn a_prefix_is_closed_where_it_stops() {
        let closed = |json: &str| String::from_utf8(fit_prefix(json.as_bytes(), 100)).unwrap();
        assert_eq!(closed(r#"{"a":1,"b":["#), r#"{"a":1,"b":[]}"#);
        assert_eq!(closed(r#"{"a":1,"b":"#), r#"{"a":1}"#);
        assert_eq!(closed(r#"{"a":1,"b""#), r#"{"a":1}"#);
        assert_eq!(closed(r#"{"a":"x""#), r#"{"a":"x"}"#);
    }
}

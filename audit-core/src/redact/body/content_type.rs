//! What a body declares itself to be, and what follows from that.

use std::borrow::Cow;
use std::fmt;

/// The declared type and coding of a body, as its headers have them.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct BodyKind<'a> {
    content_type: Option<&'a str>,
    content_encoding: Option<&'a str>,
}

impl fmt::Debug for BodyKind<'_> {
    /// Without what the headers say: their parameters are the client's to choose.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyKind").finish_non_exhaustive()
    }
}

impl<'a> BodyKind<'a> {
    /// A body with the values of its `Content-Type` and `Content-Encoding` headers, where it has them.
    #[must_use]
    pub const fn new(content_type: Option<&'a str>, content_encoding: Option<&'a str>) -> Self {
        Self { content_type, content_encoding }
    }

    /// The content type as declared.
    pub(super) fn declared(&self) -> Option<&'a str> {
        self.content_type
    }

    /// How the body is read.
    pub(super) fn format(&self) -> Format {
        // As nearly every client writes it.
        if self.content_encoding.is_none() && self.content_type == Some("application/json") {
            return Format::Json;
        }
        let mut codings = self.content_encoding.into_iter().flat_map(|codings| codings.split(',').map(str::trim));
        if codings.any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity")) {
            return Format::Withheld(Reason::Compressed);
        }
        match self.content_type.map(str::trim).filter(|declared| !declared.is_empty()) {
            Some(declared) => Format::of(declared),
            None => Format::Withheld(Reason::NoType),
        }
    }
}

/// How a body is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    /// One JSON document a line.
    Lines,
    Form,
    Multipart {
        boundary: String,
    },
    Withheld(Reason),
}

/// Why a body is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::redact) enum Reason {
    NoType,
    NotUnderstood,
    Compressed,
    NotUtf8,
    NotJson,
    NotAForm,
    NotMultipart,
    TooDeep,
    CutShort,
    NotObserved,
}

impl Reason {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::NoType => "no content type",
            Self::NotUnderstood => "content type not understood",
            Self::Compressed => "compressed",
            Self::NotUtf8 => "not UTF-8",
            Self::NotJson => "not valid JSON",
            Self::NotAForm => "not a valid form",
            Self::NotMultipart => "not valid multipart",
            Self::TooDeep => "nested too deeply",
            Self::CutShort => "cut before its first complete value",
            Self::NotObserved => "not observed",
        }
    }
}

const JSON_TYPES: [&str; 4] = ["application/json", "text/json", "application/x-json", "text/x-json"];
const LINES_TYPES: [&str; 8] = [
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonl",
    "application/jsonlines",
    "application/x-jsonlines",
    "application/json-lines",
    "text/x-ndjson",
];
/// The sets of characters whose bytes are UTF-8.
const UTF_8_NAMES: [&str; 4] = ["utf-8", "utf8", "us-ascii", "ascii"];

impl Format {
    /// What a value of `Content-Type` stands for; types compare without regard to case (RFC 9110, section 8.3.1).
    pub(super) fn of(declared: &str) -> Self {
        let essence = declared.split(';').next().unwrap_or_default().trim().as_bytes();
        let is_one_of = |types: &[&str]| types.iter().any(|known| essence.eq_ignore_ascii_case(known.as_bytes()));
        let format = if is_one_of(&JSON_TYPES) {
            Self::Json
        } else if is_one_of(&LINES_TYPES) {
            Self::Lines
        } else if is_one_of(&["application/x-www-form-urlencoded"]) {
            Self::Form
        } else if essence.get(..10).is_some_and(|start| start.eq_ignore_ascii_case(b"multipart/")) {
            return match parameter(declared, "boundary") {
                // RFC 2046, section 5.1.1: 1 to 70 characters.
                Some(boundary) if (1..=70).contains(&boundary.len()) => {
                    Self::Multipart { boundary: boundary.into_owned() }
                }
                _ => Self::Withheld(Reason::NotMultipart),
            };
        } else if essence.last_chunk::<5>().is_some_and(|end| end.eq_ignore_ascii_case(b"+json")) {
            Self::Json
        } else {
            return Self::Withheld(Reason::NotUnderstood);
        };
        let is_utf8 = |charset: Cow<'_, str>| UTF_8_NAMES.iter().any(|known| charset.eq_ignore_ascii_case(known));
        if parameter(declared, "charset").is_none_or(is_utf8) { format } else { Self::Withheld(Reason::NotUtf8) }
    }
}

/// A name or type that is longer is cut: they are the client's to choose.
const MAX_LABEL: usize = 200;

/// The beginning of a text, at most [`MAX_LABEL`] characters of it.
pub(super) fn shortened(text: &str) -> &str {
    if text.len() <= MAX_LABEL {
        return text;
    }
    text.char_indices().nth(MAX_LABEL).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// A parameter of a header's value: `name=value` or `name="value"` behind a semicolon, its name in any case.
pub(super) fn parameter<'a>(value: &'a str, name: &str) -> Option<Cow<'a, str>> {
    parameters(value).find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// All parameters of a header's value, in order.
pub(super) fn parameters(value: &str) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    let mut rest = value.split_once(';').map_or("", |(_, rest)| rest);
    std::iter::from_fn(move || {
        let (key, after) = rest.split_once('=')?;
        // `a; b=c`: a parameter without a value.
        let key = key.rsplit(';').next().unwrap_or_default().trim();
        let after = after.trim_start();
        let (found, next) = match after.strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => {
                let (token, next) = after.split_once(';').unwrap_or((after, ""));
                (Cow::Borrowed(token.trim()), next)
            }
        };
        rest = next;
        Some((key, found))
    })
}

/// The content of a quoted string, and what follows it. Backslashes escape only quotes and themselves, for browsers
/// send the file names of Windows as they are.
fn unquoted(quoted: &str) -> (Cow<'_, str>, &str) {
    let plain = quoted.find(['"', '\\']).unwrap_or(quoted.len());
    let (content, rest) = quoted.split_at(plain);
    if !rest.starts_with('\\') {
        return (Cow::Borrowed(content), rest.strip_prefix('"').unwrap_or(rest));
    }
    let mut content = content.to_owned();
    let mut letters = rest.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => break,
            '\\' if letters.as_str().starts_with(['"', '\\']) => content.extend(letters.next()),
            letter => content.push(letter),
        }
    }
    (Cow::Owned(content), letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(content_type: &str) -> Format {
        BodyKind::new(Some(content_type), None).format()
    }

    #[test]
    fn types_are_understood_or_withheld() {
        for json in [
            "application/json",
            "APPLICATION/JSON; charset=UTF-8",
            "application/geo+json",
            "application/merge-patch+json",
        ] {
            assert_eq!(of(json), Format::Json, "{json}");
        }
        assert_eq!(of("application/x-ndjson"), Format::Lines);
        assert_eq!(of("application/x-www-form-urlencoded;charset=utf-8"), Format::Form);
        assert_eq!(of("multipart/form-data; a; Boundary=\"x y\""), Format::Multipart { boundary: "x y".to_owned() });
        assert_eq!(of("multipart/form-data"), Format::Withheld(Reason::NotMultipart));
        for other in ["text/plain", "text/xml", "application/octet-stream", "application/jsonp", "json", "+json/x"] {
            assert_eq!(of(other), Format::Withheld(Reason::NotUnderstood), "{other}");
        }
        assert_eq!(of("application/json; charset=utf-16"), Format::Withheld(Reason::NotUtf8));
        assert_eq!(BodyKind::default().format(), Format::Withheld(Reason::NoType));
    }

    #[test]
    fn compressed_bodies_are_withheld() {
        let coded = |coding| BodyKind::new(Some("application/json"), Some(coding)).format();
        assert_eq!(coded("identity"), Format::Json);
        assert_eq!(coded("identity, GZIP"), Format::Withheld(Reason::Compressed));
    }

    #[test]
    fn parameters_are_read() {
        let value = r#"form-data; NAME="a\"b;c"; filename=x.txt ; d"#;
        assert_eq!(parameter(value, "name").unwrap(), "a\"b;c");
        assert_eq!(parameter(value, "filename").unwrap(), "x.txt");
        assert_eq!(parameter(value, "d"), None);
        assert_eq!(parameter(r#"x; filename="C:\dir\f.txt""#, "filename").unwrap(), r"C:\dir\f.txt");
    }
}

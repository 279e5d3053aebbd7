//! Takes secrets out of what a record keeps: bodies, queries, headers, paths, texts and a handler's own fields.
//!
//! Guarantees:
//! - What stands under a secret name goes, whatever its type and however the name is written; so does what has the
//!   shape of a secret anywhere. What cannot be read as what it declares is withheld: type, length and reason only.
//! - Each [`Fragment`] is valid JSON of at most the bytes asked for (never below 2), with unique keys, on one line, and
//!   readable by strict and by lenient parsers; what it keeps keeps its order and its digits.
//! - Time is linear in the input. Depth is bounded, and nothing panics or overflows the stack, whatever comes in.
//! - Of a value that was cut nothing is shown, so that half a secret is never taken for a harmless value.
//!
//! What has neither a secret name nor a secret's shape is shown: redaction narrows what leaks and does not prove that
//! nothing does. Each rule with examples and its reason, what cannot be found, and how to add a rule: [`guide`].

mod allow_list;
mod any_case;
mod body;
mod buffer;
mod class;
mod document;
mod escapes;
mod example;
mod fit;
mod geometry;
mod graphql;
mod headers;
#[cfg(test)]
mod lists;
mod names;
mod page;
mod path;
mod patterns;
mod printed;
#[cfg(test)]
mod properties;
mod recall;
mod rules;
mod schemes;
mod shapes;
mod signs;
mod steps;
mod syntax;
mod tail;
mod tokens;
mod values;
mod word_list;
mod word_table;
mod words;

use std::borrow::Cow;
use std::sync::Arc;

use crate::vocabulary::Mode;

pub use body::{BodyKind, BodyScanner};
pub use buffer::Json;
pub use fit::fit;
pub(crate) use rules::Compiled;
pub use rules::{Hide, Rules};

use body::{Tools, Work};
use document::{Place, Refusal};
use names::Names;
use recall::Known;

#[doc = include_str!("../../../REDACTION.md")]
pub mod guide {}

/// What stands in the place of a secret.
pub const FILTERED: &str = "[FILTERED]";

/// What stands in the place of a geometry, in compact mode.
pub const GEOMETRY_FILTERED: &str = "[GEOMETRY_FILTERED]";

/// What stands in the place of a value of which not even the beginning can be shown.
const TOO_LONG: &str = "[not kept: too long]";

/// What a browser's headers take, in bytes.
const TYPICAL_HEADERS: usize = 768;

/// JSON that is safe to write, and what was done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fragment {
    /// One JSON value, redacted.
    pub json: Json,
    /// How many values were hidden, in what the fragment shows: a hidden subtree, geometry or body counts once.
    pub redacted: u32,
    /// Whether anything was cut, before or after redaction.
    pub truncated: bool,
    /// The length in bytes of what came in: of a body all that went by, held or not.
    pub original_bytes: u64,
}

impl Fragment {
    /// Whether the whole value was hidden.
    pub(crate) fn is_filtered(&self) -> bool {
        self.json.strip_prefix(b"\"").and_then(|json| json.strip_suffix(b"\"")) == Some(FILTERED.as_bytes())
    }
}

/// The rules of redaction: which names and values are secret, and what may be kept. Immutable; meant to be shared.
#[derive(Debug)]
pub struct Redactor {
    names: Names,
    /// The same without an allow-list, for what is not subject to it: headers, and what a handler adds.
    unlisted: Names,
}

impl Default for Redactor {
    /// The built-in rules.
    fn default() -> Self {
        Self::new(&[], &[])
    }
}

impl Redactor {
    /// The built-in rules and more names. Fields are words: `mi_campo_secreto` also matches `miCampoSecreto` and
    /// `x.mi_campo_secreto`; see [`Rules::names`]. Headers are whole names.
    #[must_use]
    pub fn new(more_fields: &[String], more_headers: &[String]) -> Self {
        Self::from_names(Names::new(more_fields, more_headers))
    }

    fn from_names(names: Names) -> Self {
        Self { unlisted: names.keeping(None), names }
    }

    /// Whether only what an allow-list names is kept, of bodies and queries.
    #[must_use]
    pub fn has_allow_list(&self) -> bool {
        self.names.has_allow_list()
    }

    /// Whether values under this name go, but for those that a describing last word keeps (`token_count: 3`).
    #[must_use]
    pub fn is_sensitive_name(&self, name: &str) -> bool {
        self.names.classify(name).is_sensitive()
    }

    /// Whether values of this header go.
    #[must_use]
    pub fn is_sensitive_header(&self, name: &str) -> bool {
        self.names.classify_header(name).is_sensitive()
    }

    /// Whether a hidden member goes with its key.
    pub(crate) fn removes(&self) -> bool {
        self.names.removes()
    }

    /// A value under this name that was made safe by other rules, made safe by these too.
    pub(crate) fn again(&self, name: &str, safe: Fragment, limit: usize) -> Fragment {
        if safe.is_filtered() {
            return safe;
        }
        let again = self.value(name, &safe.json, Mode::Full, limit);
        // What is hidden already may be hidden again, and is not counted twice.
        let (before, after) = (markers(&safe.json), markers(&again.json));
        let more = after.saturating_sub(before).max(again.redacted.saturating_sub(before));
        Fragment {
            json: again.json,
            redacted: safe.redacted.saturating_add(more),
            truncated: safe.truncated || again.truncated,
            original_bytes: safe.original_bytes,
        }
    }

    /// A query string, without its question mark, as an object of strings: keys decoded, `a=1&a=2` as `a` and `a#2`.
    #[must_use]
    pub fn query(&self, raw: &str, limit: usize) -> Fragment {
        let mut work = Work::begin(Mode::Full, limit, usize::MAX, self.names.removes());
        body::write_pairs(&self.names, &mut work.page, raw);
        work.page.fragment(limit, false, length(raw.len()))
    }

    /// Headers as an object of strings, in order; a repeated name becomes `name#2`. Of cookies the names are kept.
    #[must_use]
    pub fn headers<'a>(&self, headers: impl Iterator<Item = (&'a str, &'a [u8])>, limit: usize) -> Fragment {
        let mut original_bytes = 0_usize;
        let headers = headers.inspect(|(name, value)| original_bytes += name.len() + value.len());
        let mut work = Work::begin(Mode::Full, limit, usize::MAX, self.names.removes());
        work.page.out.reserve(TYPICAL_HEADERS.min(limit));
        headers::write(&mut work.page, &self.unlisted, headers);
        work.page.fragment(limit, false, length(original_bytes))
    }

    /// A value that stands under a name of its own, such as a field that a handler added: JSON, as a serialiser wrote it.
    ///
    /// What is not JSON, or too deep, is withheld.
    #[must_use]
    pub fn value(&self, name: &str, json: &[u8], mode: Mode, limit: usize) -> Fragment {
        self.value_or_beginning(name, json, false, mode, limit)
    }

    /// As [`value`](Self::value), of JSON that may be cut: of what is not complete nothing is shown.
    pub(crate) fn value_or_beginning(&self, name: &str, json: &[u8], cut: bool, mode: Mode, limit: usize) -> Fragment {
        let mut work = Work::begin(mode, limit, usize::MAX, self.names.removes());
        let Tools { page, document, .. } = &mut *work;
        let Known { class, geometry, .. } = page.look_up(&self.unlisted, name);
        document.begin(page, Place { class, geometry, ..Place::default() });
        let written = std::str::from_utf8(json).map_err(|_| Refusal::Invalid).and_then(|text| {
            document.feed(&self.unlisted, page, text)?;
            document.end(page, !cut)
        });
        if let Err(refusal) = written {
            page.take_back(0, 0, 0);
            if refusal == Refusal::Empty && !class.is_sensitive() {
                page.too_long();
            } else {
                page.filtered();
            }
        }
        work.page.fragment(limit, cut, length(json.len()))
    }

    /// A text without a name, such as an error's: secrets by shape go; how many there were.
    #[must_use]
    pub fn text<'t>(&self, text: &'t str) -> (Cow<'t, str>, u32) {
        shapes::sweep(&self.names, text)
    }

    /// A path as received, without its query, but for the segments that its route's template names as secret (without a
    /// template, tokens behind words such as `reset-password`), secret matrix parameters (`;jsessionid=…`) and secrets
    /// by shape; how many there were.
    #[must_use]
    pub fn path<'p>(&self, path: &'p str, template: Option<&str>) -> (Cow<'p, str>, u32) {
        path::redact(&self.names, path, template)
    }

    /// Begins to watch a body. The fragment has at most `limit` bytes; a text in it is looked at, and so may be shown, if
    /// it has at most `held` bytes, and no more than four times the limit.
    #[must_use]
    pub fn body(self: &Arc<Self>, kind: BodyKind<'_>, mode: Mode, held: usize, limit: usize) -> BodyScanner {
        BodyScanner::new(Arc::clone(self), kind, mode, held, limit)
    }
}

/// Whether a name has a word in it: names are matched by their words, and one of digits or signs alone has none.
pub(crate) fn has_word(name: &str) -> bool {
    words::split(name, |words| words.len() > 0)
}

fn markers(json: &[u8]) -> u32 {
    let markers = json.windows(FILTERED.len()).filter(|bytes| *bytes == FILTERED.as_bytes()).count();
    u32::try_from(markers).unwrap_or(u32::MAX)
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(fragment: &Fragment) -> &str {
        std::str::from_utf8(&fragment.json).unwrap()
    }

    #[test]
    fn a_value_is_judged_by_its_name() {
        let redactor = Redactor::new(&["mi_campo".to_owned()], &[]);
        let value = |name, json: &str| shown(&redactor.value(name, json.as_bytes(), Mode::Compact, 1000)).to_owned();
        assert_eq!(value("x.miCampo", "{\"a\":1}"), "\"[FILTERED]\"");
        assert_eq!(value("token_count", "3"), "3");
        assert_eq!(value("geom", "\"POINT(1 2)\""), "\"[GEOMETRY_FILTERED]\"");
        assert_eq!(value("a", "{\"token\":1,\"b\":[1.50]}"), r#"{"token":"[FILTERED]","b":[1.50]}"#);
        assert_eq!(value("a", "{broken"), "\"[FILTERED]\"");
    }

    #[test]
    fn a_pattern_meets_json_in_a_string_as_the_text_that_it_is() {
        let redactor = Redactor::of(&Rules::new().value_pattern("[0-9]{8}")).unwrap();
        let fragment = redactor.value("a", br#"["{\"n\": 12345678}",12345678]"#, Mode::Full, 1000);
        assert_eq!((shown(&fragment), fragment.redacted), (r#"["{\"n\": [FILTERED]}",12345678]"#, 1));
    }

    #[test]
    fn a_fragment_says_what_was_done_to_it() {
        let redactor = Redactor::default();
        let fragment = redactor.query("token=x&a=1&b=2", 30);
        assert_eq!(shown(&fragment), r#"{"token":"[FILTERED]","a":"1"}"#);
        assert_eq!((fragment.redacted, fragment.truncated, fragment.original_bytes), (1, true, 15));
        let whole = redactor.query("a=1", 30);
        assert_eq!((whole.redacted, whole.truncated), (0, false));
        assert_eq!(redactor.headers([("a", b"bc".as_slice())].into_iter(), 100).original_bytes, 3);
    }

    #[test]
    fn what_is_hidden_in_a_key_is_not_counted_when_its_member_is_removed() {
        let redactor = Redactor::of(&Rules::new().hide(Hide::Removed)).unwrap();
        let json = br#"{"token=eyJhbGciOiJIUzI1NiJ9.e30.x":"x","eyJhbGciOiJIUzI1NiJ9.e30.x":"x"}"#;
        let fragment = redactor.value("a", json, Mode::Full, 1000);
        assert_eq!((shown(&fragment), fragment.redacted), (r#"{"[FILTERED]":"x"}"#, 2));
        let query = redactor.query("token%3DeyJhbGciOiJIUzI1NiJ9.e30.x=1&a=2", 1000);
        assert_eq!((shown(&query), query.redacted), (r#"{"a":"2"}"#, 1));
    }

    #[test]
    fn a_broken_value_leaves_nothing_of_itself() {
        let fragment = Redactor::default().value("a", b"[1,{\"b\":2", Mode::Full, 100);
        assert_eq!((shown(&fragment), fragment.redacted), ("\"[FILTERED]\"", 1));
    }

    #[test]
    fn the_rules_can_be_shared() {
        fn shared<T: Send + Sync + 'static>() {}
        shared::<Redactor>();
        shared::<BodyScanner>();
    }
}

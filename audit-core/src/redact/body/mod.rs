//! A body as it streams by: pieces in, a fragment out.
//!
//! Guarantees: what is held is what the fragment may hold, and one value more; the result does not depend on how the
//! body was cut into pieces; what was cut off is not shown, nor is a value that was cut; nothing is held of a body whose
//! type alone withholds it; and what is held shows nothing of itself by `Debug`.

mod characters;
mod content_type;
mod lines;
mod multipart;
mod pairs;
mod work;

use std::fmt;
use std::sync::Arc;

use super::document::{Document, Place, Refusal};
use super::fit::fit_in_place;
use super::names::Names;
use super::page::Page;
use super::{Fragment, Redactor, shapes};
use crate::record::json;
use crate::vocabulary::Mode;

pub use content_type::BodyKind;
pub(super) use pairs::write as write_pairs;
pub(super) use work::{Tools, Work};

use characters::Characters;
use content_type::{Format, Reason};
use lines::Lines;
use multipart::Multipart;
use pairs::Pairs;

/// Watches one body and redacts it as it goes by.
pub struct BodyScanner {
    redactor: Arc<Redactor>,
    mode: Mode,
    limit: usize,
    seen: u64,
    state: State,
}

enum State {
    /// The mode keeps no bodies.
    NotKept,
    Watched(Work),
}

/// How a body is read on.
pub(super) enum Reader {
    /// One JSON document; whether it may still begin with a byte order mark.
    Json {
        at_start: bool,
    },
    Lines(Lines),
    Form(Pairs),
    Multipart(Box<Multipart>),
    /// It is not read, or no longer.
    Withheld(Reason),
}

impl Reader {
    fn of(format: Format) -> Self {
        match format {
            Format::Json => Self::Json { at_start: true },
            Format::Lines => Self::Lines(Lines::default()),
            Format::Form => Self::Form(Pairs::default()),
            Format::Multipart { boundary } => Self::Multipart(Box::new(Multipart::new(&boundary))),
            Format::Withheld(reason) => Self::Withheld(reason),
        }
    }

    /// Reads on.
    fn feed(
        &mut self,
        names: &Names,
        characters: &mut Characters,
        page: &mut Page,
        document: &mut Document,
        chunk: &[u8],
    ) -> Result<(), Reason> {
        match self {
            Self::Json { at_start } => characters.split(chunk, |text| {
                let text = if std::mem::take(at_start) { without_mark(text) } else { text };
                Ok(document.feed(names, page, text)?)
            }),
            Self::Lines(lines) => characters.split(chunk, |text| lines.feed(names, page, document, text)),
            Self::Form(pairs) => pairs.feed(names, page, chunk),
            Self::Multipart(multipart) => multipart.feed(names, page, document, chunk),
            Self::Withheld(reason) => Err(*reason),
        }
    }

    /// The body ends here; `complete` says whether this is its end.
    fn end(
        &mut self,
        names: &Names,
        characters: &Characters,
        page: &mut Page,
        document: &mut Document,
        complete: bool,
    ) -> Result<(), Reason> {
        if complete && characters.is_inside() {
            return Err(Reason::NotUtf8);
        }
        match self {
            Self::Json { .. } => Ok(document.end(page, complete)?),
            Self::Lines(lines) => lines.end(page, document, complete),
            Self::Form(pairs) => pairs.end(names, page, complete),
            Self::Multipart(multipart) => multipart.end(page, complete),
            Self::Withheld(reason) => Err(*reason),
        }
    }
}

/// A text without the byte order mark that it may begin with.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

impl From<Refusal> for Reason {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid => Self::NotJson,
            Refusal::TooDeep => Self::TooDeep,
            Refusal::Empty => Self::CutShort,
        }
    }
}

impl fmt::Debug for BodyScanner {
    /// Figures alone: what is held is not redacted yet.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seen, held) = (self.seen(), self.held());
        f.debug_struct("BodyScanner").field("seen", &seen).field("held", &held).finish_non_exhaustive()
    }
}

impl BodyScanner {
    pub(super) fn new(redactor: Arc<Redactor>, kind: BodyKind<'_>, mode: Mode, held: usize, limit: usize) -> Self {
        let state = if mode.keeps_content() {
            let mut work = Work::begin(mode, limit, held, redactor.names.removes());
            work.reader = Reader::of(kind.format());
            if let Some(declared) = kind.declared() {
                work.content_type.push_str(content_type::shortened(declared));
                work.has_type = true;
            }
            let place = Place { listed: !redactor.names.has_allow_list(), ..Place::default() };
            let Tools { page, document, .. } = &mut *work;
            document.begin(page, place);
            State::Watched(work)
        } else {
            State::NotKept
        };
        Self { redactor, mode, limit, seen: 0, state }
    }

    /// Sees the next bytes of the body.
    pub fn push(&mut self, chunk: &[u8]) {
        self.seen = self.seen.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        let State::Watched(work) = &mut self.state else { return };
        let Tools { page, document, characters, reader, .. } = &mut **work;
        if let Err(reason) = reader.feed(&self.redactor.names, characters, page, document, chunk) {
            *reader = Reader::Withheld(reason);
            page.out.clear();
        }
    }

    /// How many bytes of the body went by.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// How many bytes are held now, of the body and of what is to be shown of it: about the fragment's limit and one
    /// value at most, however long the body is.
    #[must_use]
    pub fn held(&self) -> usize {
        match &self.state {
            State::NotKept => 0,
            State::Watched(work) => work.held(),
        }
    }

    /// The body, redacted; `complete` says whether its end was seen. `None` for an empty body, and in
    /// [`Mode::Basic`], which keeps none.
    #[must_use]
    pub fn finish(self, complete: bool) -> Option<Fragment> {
        let Self { redactor, limit, seen, state, .. } = self;
        let State::Watched(mut work) = state else { return None };
        if seen == 0 {
            return None;
        }
        let Tools { page, document, characters, reader, .. } = &mut *work;
        Some(match reader.end(&redactor.names, characters, page, document, complete) {
            Ok(()) => page.fragment(limit, !complete, seen),
            Err(reason) => withheld(&redactor, &work, reason, limit, !complete, seen),
        })
    }

    /// What is said of a body that nobody saw go by: that, and its declared type. How long it was is not known.
    #[must_use]
    pub fn unobserved(self) -> Fragment {
        let Self { redactor, mode, limit, state, .. } = self;
        let work = match state {
            State::Watched(work) => work,
            State::NotKept => Work::begin(mode, limit, 0, false),
        };
        withheld(&redactor, &work, Reason::NotObserved, limit, false, 0)
    }
}

/// What is said of a body instead of showing it.
fn withheld(
    redactor: &Redactor,
    work: &Tools,
    reason: Reason,
    limit: usize,
    truncated: bool,
    original_bytes: u64,
) -> Fragment {
    let mut out = Vec::new();
    let mut members = json::Members::open(&mut out);
    members.str("withheld", reason.as_str());
    if work.has_type {
        members.str("content_type", &shapes::sweep(&redactor.names, &work.content_type).0);
    }
    if reason != Reason::NotObserved {
        members.display("bytes", original_bytes);
    }
    members.close();
    fit_in_place(&mut out, limit);
    Fragment { json: out.into(), redacted: 1, truncated, original_bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 10_000;

    fn scan(content_type: &str, body: &[u8], complete: bool) -> Option<Fragment> {
        let redactor = Arc::new(Redactor::default());
        let mut scanner = redactor.body(BodyKind::new(Some(content_type), None), Mode::Full, LIMIT, LIMIT);
        for chunk in body.chunks(3) {
            scanner.push(chunk);
            assert!(scanner.held() <= 2 * LIMIT);
        }
        scanner.finish(complete)
    }

    fn json(content_type: &str, body: &str) -> String {
        String::from_utf8(scan(content_type, body.as_bytes(), true).unwrap().json.into_vec()).unwrap()
    }

    #[test]
    fn what_is_withheld_says_why_and_how_much() {
        for (content_type, body, expected) in [
            ("application/json", "{x}", r#"{"withheld":"not valid JSON","content_type":"application/json","bytes":3}"#),
            ("application/json", " ", r#"{"withheld":"not valid JSON","content_type":"application/json","bytes":1}"#),
            (
                "text/plain",
                "abc",
                r#"{"withheld":"content type not understood","content_type":"text/plain","bytes":3}"#,
            ),
            (
                "text/x;token=abc",
                "abc",
                r#"{"withheld":"content type not understood","content_type":"text/x;token=[FILTERED]","bytes":3}"#,
            ),
        ] {
            assert_eq!(json(content_type, body), expected);
        }
        let deep = scan("application/json", &b"[".repeat(100_000), true).unwrap();
        assert_eq!(deep.json, br#"{"withheld":"nested too deeply","content_type":"application/json","bytes":100000}"#);
        assert_eq!((deep.redacted, deep.truncated), (1, false));
        assert_eq!(scan("application/json", b"{\"a\":\"\xff\"}", true).unwrap().redacted, 1);
    }

    #[test]
    fn nothing_is_said_of_an_empty_body() {
        assert_eq!(scan("application/json", b"", true), None);
        assert_eq!(scan("text/plain", b"", false), None);
    }

    #[test]
    fn lines_become_a_list() {
        for lines in ["{\"token\":1}\r\n\n[2]\n", "\u{feff}{\"token\":1}\n[2]"] {
            assert_eq!(json("application/x-ndjson", lines), r#"[{"token":"[FILTERED]"},[2]]"#);
        }
        assert_eq!(
            json("application/x-ndjson", "{}\n{x}"),
            r#"{"withheld":"not valid JSON","content_type":"application/x-ndjson","bytes":6}"#
        );
        // White space to some, not to JSON: also where a piece ends behind it.
        assert!(json("application/x-ndjson", "1\n\u{c}2").starts_with("{\"withheld\":\"not valid JSON\""));
        let cut = |body: &[u8]| {
            String::from_utf8(scan("application/x-ndjson", body, false).unwrap().json.into_vec()).unwrap()
        };
        assert_eq!(cut(b"{\"a\":1}\n{\"b\":2,\"c\":\"x"), r#"[{"a":1},{"b":2}]"#);
        assert_eq!(cut(b"{\"a\":1}\n12"), r#"[{"a":1}]"#);
        assert_eq!(cut(b"1"), "[]");
    }

    #[test]
    fn a_cut_body_says_so_and_how_long_it_was() {
        let body = r#"{"user":"bob","password":"canary","pad":"xxxxxxxxxxxxxxx€"}"#;
        for end in 1..body.len() {
            let fragment = scan("application/json", body.as_bytes().get(..end).unwrap(), false).unwrap();
            assert!(fragment.truncated && fragment.original_bytes == end as u64);
            let shown = String::from_utf8(fragment.json.into_vec()).unwrap();
            serde_json::from_str::<serde_json::Value>(&shown).unwrap();
            let is_last_whole = end == body.len() - 1;
            assert!(!shown.contains("ca") && shown.contains("xx") == is_last_whole, "{shown}");
        }
        assert_eq!(scan("application/json", b"{\"a\":1,\"\xff\":1,\"b\"", false).unwrap().redacted, 1);
        assert!(!scan("application/json", body.as_bytes(), true).unwrap().truncated);
        assert!(scan("application/json", body.as_bytes(), false).unwrap().truncated);
    }

    #[test]
    fn what_is_hidden_in_the_name_of_a_part_is_counted() {
        let part = |kind: &str, content: &str| {
            let head = "--B\r\nContent-Disposition: form-data; name=eyJhbGciOiJIUzI1NiJ9.e30.x\r\nContent-Type: ";
            let body = format!("{head}{kind}\r\n\r\n{content}\r\n--B");
            let cut = scan("multipart/form-data; boundary=B", body.as_bytes(), false).unwrap();
            assert_eq!((cut.json.into_vec(), cut.redacted), (b"{}".to_vec(), 0));
            let whole = scan("multipart/form-data; boundary=B", format!("{body}--").as_bytes(), true).unwrap();
            (String::from_utf8(whole.json.into_vec()).unwrap(), whole.redacted)
        };
        for kind in ["application/json", "application/x-www-form-urlencoded"] {
            let summary = format!(r#"{{"[FILTERED]":{{"content_type":"{kind}","bytes":1}}}}"#);
            assert_eq!(part(kind, "\""), (summary, 1));
        }
    }

    #[test]
    fn what_does_not_fit_is_read_to_its_end_all_the_same() {
        let long = |end: &str| format!(r#"{{"a":1,"l":[{}0],"b":2{end}"#, "\"xxxxxxxx\",".repeat(3_000));
        let fragment = scan("application/json", long("}").as_bytes(), true).unwrap();
        let shown: serde_json::Value = serde_json::from_slice(&fragment.json).unwrap();
        assert_eq!((&shown["a"], &shown["b"]), (&1.into(), &serde_json::Value::Null));
        assert!(fragment.truncated && fragment.json.len() <= LIMIT && fragment.json.len() > LIMIT - 20);
        let broken = scan("application/json", long("!").as_bytes(), true).unwrap();
        assert!(broken.json.starts_with(b"{\"withheld\":\"not valid JSON\""));
        let deep = scan("application/json", long(&format!(",\"c\":{}", "[".repeat(64))).as_bytes(), true).unwrap();
        assert!(deep.json.starts_with(b"{\"withheld\":\"nested too deeply\""));
    }

    #[test]
    fn a_query_that_is_too_long_to_be_looked_at_may_bind_every_variable() {
        let (query, variables) = (format!("\"query\":\"{}\"", "x".repeat(LIMIT + 1)), r#""variables":{"a":1}"#);
        for (body, expected) in [
            (
                format!("[{{{query},{variables}}},{{{variables}}}]"),
                r#"[{"query":"[not kept: too long]","variables":{"a":"[FILTERED]"}},{"variables":{"a":1}}]"#,
            ),
            (
                format!("[{{{variables},{query}}}]"),
                r#"[{"variables":{"a":"[FILTERED]"},"query":"[not kept: too long]"}]"#,
            ),
        ] {
            assert_eq!(json("application/json", &body), expected);
        }
    }

    #[test]
    fn a_name_that_is_too_long_to_be_looked_at_may_be_that_of_a_secret() {
        let redactor = Arc::new(Redactor::default());
        let shown = |held: usize, body: &str| {
            let mut scanner = redactor.body(BodyKind::new(Some("application/json"), None), Mode::Full, held, LIMIT);
            body.as_bytes().chunks(3).for_each(|chunk| scanner.push(chunk));
            String::from_utf8(scanner.finish(true).unwrap().json.into_vec()).unwrap()
        };
        for (body, expected) in [
            (r#"{"value":1,"name":"the_user_password"}"#, r#"{"value":"[FILTERED]","name":"[not kept: too long]"}"#),
            (r#"{"type":"the_user_password","value":1}"#, r#"{"type":"[not kept: too long]","value":"[FILTERED]"}"#),
            (r#"[["the_user_password",1]]"#, r#"[["[not kept: too long]","[FILTERED]"]]"#),
        ] {
            assert_eq!(shown(16, body), expected);
        }
        let long = format!(r#"{{"value":1,"name":"{}"}}"#, "x".repeat(200));
        assert_eq!(shown(199, &long), r#"{"value":1,"name":"[not kept: too long]"}"#, "names are not as long");
    }

    #[test]
    fn what_is_hidden_makes_room_for_what_follows() {
        let long = format!(r#"{{"value":[{}0],"name":"token","b":2}}"#, "12345678,".repeat(3_000));
        let fragment = scan("application/json", long.as_bytes(), true).unwrap();
        assert_eq!(String::from_utf8(fragment.json.into_vec()).unwrap(), r#"{"value":"[FILTERED]"}"#);
        assert!(fragment.truncated);
        let geometry = format!(r#"{{"g":{{"coordinates":[{}0],"type":"Point"}},"b":2}}"#, "12345678,".repeat(3_000));
        let redactor = Arc::new(Redactor::default());
        let mut scanner = redactor.body(BodyKind::new(Some("application/geo+json"), None), Mode::Compact, LIMIT, LIMIT);
        geometry.as_bytes().chunks(11).for_each(|chunk| scanner.push(chunk));
        let fragment = scanner.finish(true).unwrap();
        assert_eq!(String::from_utf8(fragment.json.into_vec()).unwrap(), r#"{"g":"[GEOMETRY_FILTERED]","b":2}"#);
        assert_eq!((fragment.redacted, fragment.truncated), (1, false));
    }

    #[test]
    fn bodies_of_unknown_type_are_not_held() {
        let mut scanner = Arc::new(Redactor::default()).body(BodyKind::default(), Mode::Full, 100, 100);
        scanner.push(b"abc");
        assert_eq!((scanner.held(), scanner.seen()), (0, 3));
        assert!(!scanner.finish(true).unwrap().truncated);
    }

    #[test]
    fn a_scanner_shows_figures_alone() {
        // Held at its end, wherever it is that each format holds it.
        for (content_type, body) in [
            ("application/json;canary", r#"{"canary":1,"note":"canary"#),
            ("application/json", r#"{"canary":[{"name":"canary","value":"canary"#),
            ("application/json", r#"{"a":"\u00"#),
            ("application/x-ndjson", "{\"canary\":1}\n{\"note\":\"canary"),
            ("application/x-www-form-urlencoded", "canary=1&note=canary"),
            (
                "multipart/form-data; boundary=canary",
                "--canary\r\ncontent-disposition: form-data; name=canary\r\n\r\ncanary",
            ),
            (
                "multipart/form-data; boundary=B",
                "--B\r\ncontent-disposition: form-data; name=a; filename=canary\r\ncanary: canary",
            ),
            ("text/canary", "canary"),
        ] {
            let kind = BodyKind::new(Some(content_type), Some("canary"));
            assert_eq!(format!("{kind:?}"), "BodyKind { .. }");
            let kind = BodyKind::new(Some(content_type), None);
            let mut scanner = Arc::new(Redactor::default()).body(kind, Mode::Full, LIMIT, LIMIT);
            scanner.push(body.as_bytes());
            let (seen, held) = (body.len(), scanner.held());
            assert_eq!(held == 0, content_type == "text/canary", "{content_type}");
            assert_eq!(format!("{scanner:?}"), format!("BodyScanner {{ seen: {seen}, held: {held}, .. }}"));
        }
    }

    #[test]
    fn basic_mode_keeps_nothing() {
        let mut scanner =
            Arc::new(Redactor::default()).body(BodyKind::new(Some("application/json"), None), Mode::Basic, 9, 9);
        scanner.push(b"[1]");
        assert_eq!(scanner.held(), 0);
        assert_eq!(scanner.finish(true), None);
    }
}

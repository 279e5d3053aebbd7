//! A body as it streams by: chunks in, a fragment out.
//!
//! Guarantees: at most `capture_limit` bytes are held, and none of a body whose type alone withholds it; the result
//! does not depend on how the body was cut into chunks; what was cut off is not shown, nor is a value that was cut.

use std::sync::Arc;

use crate::record::json;
use crate::vocabulary::Mode;

use super::class::Class;
use super::content_type::{BodyKind, Format, Reason};
use super::fit::fit_prefix;
use super::outline::Refusal;
use super::rewrite::Rewriter;
use super::{Fragment, Redactor, multipart, pairs, shapes};

/// Watches one body and redacts it at its end.
///
/// This is the seam for redaction that streams; today the body is held, up to a bound, and redacted by
/// [`finish`](Self::finish).
#[derive(Debug)]
pub struct BodyScanner {
    redactor: Arc<Redactor>,
    format: Format,
    content_type: Option<String>,
    mode: Mode,
    capture_limit: usize,
    limit: usize,
    held: Vec<u8>,
    seen: u64,
}

impl BodyScanner {
    pub(super) fn new(
        redactor: Arc<Redactor>,
        kind: BodyKind<'_>,
        mode: Mode,
        capture_limit: usize,
        limit: usize,
    ) -> Self {
        let format = kind.format();
        let is_held = mode.keeps_content() && !matches!(format, Format::Withheld(_));
        Self {
            redactor,
            format,
            content_type: kind.declared().map(|declared| multipart::shortened(declared).to_owned()),
            mode,
            capture_limit: if is_held { capture_limit } else { 0 },
            limit,
            held: Vec::new(),
            seen: 0,
        }
    }

    /// Sees the next bytes of the body. Cheap: it copies what it holds and counts the rest.
    pub fn push(&mut self, chunk: &[u8]) {
        let room = self.capture_limit.saturating_sub(self.held.len());
        self.held.extend_from_slice(chunk.get(..room).unwrap_or(chunk));
        self.seen = self.seen.saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
    }

    /// How many bytes are held: never more than the capture limit.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// How many bytes of the body went by.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The body, redacted; `complete` says whether its end was seen. `None` for an empty body, and in
    /// [`Mode::Basic`], which keeps none.
    #[must_use]
    pub fn finish(self, complete: bool) -> Option<Fragment> {
        if self.seen == 0 || !self.mode.keeps_content() {
            return None;
        }
        // What the type alone withholds is not held, and so not cut.
        let is_cut = u64::try_from(self.held.len()).is_ok_and(|held| held < self.seen);
        let cut = !complete || is_cut && !matches!(self.format, Format::Withheld(_));
        let mut rewriter = Rewriter::new(&self.redactor.names, self.mode, self.limit);
        if let Err(reason) = self.write(&mut rewriter, cut) {
            return Some(self.withheld(reason, cut));
        }
        Some(Fragment::cut(rewriter, self.limit, cut, self.seen))
    }

    /// What is said of a body that nobody saw go by: that, and its declared type. How long it was is not known.
    #[must_use]
    pub fn unobserved(self) -> Fragment {
        self.withheld(Reason::NotObserved, false)
    }

    fn write(&self, rewriter: &mut Rewriter<'_>, cut: bool) -> Result<(), Reason> {
        match &self.format {
            Format::Json => {
                rewriter.document(without_mark(utf8(&self.held, cut)?), cut, Class::Plain, false)?;
                Ok(())
            }
            Format::Lines => write_lines(rewriter, without_mark(utf8(&self.held, cut)?), cut),
            Format::Form if pairs::is_form(&self.held) => {
                pairs::write(rewriter, self.held.trim_ascii(), cut);
                Ok(())
            }
            Format::Form => Err(Reason::NotAForm),
            Format::Multipart { boundary } => multipart::write(rewriter, &self.held, boundary, cut),
            Format::Withheld(reason) => Err(*reason),
        }
    }

    /// What is said of a body instead of showing it.
    fn withheld(&self, reason: Reason, truncated: bool) -> Fragment {
        let mut out = Vec::new();
        let mut members = json::Members::open(&mut out);
        members.str("withheld", reason.as_str());
        if let Some(declared) = &self.content_type {
            members.str("content_type", &shapes::sweep(&self.redactor.names, declared).0);
        }
        if reason != Reason::NotObserved {
            members.display("bytes", self.seen);
        }
        members.close();
        let json = fit_prefix(&out, self.limit);
        Fragment { json, redacted: 1, truncated, original_bytes: self.seen }
    }
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

/// A text without the byte order mark that it may begin with.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// A body's text. A cut body may end inside a character, which is left out.
fn utf8(bytes: &[u8], cut: bool) -> Result<&str, Reason> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) if cut && error.error_len().is_none() => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(valid).map_err(|_| Reason::NotUtf8)
        }
        Err(_) => Err(Reason::NotUtf8),
    }
}

/// Writes a list of the documents, one a line.
fn write_lines(rewriter: &mut Rewriter<'_>, text: &str, cut: bool) -> Result<(), Reason> {
    rewriter.out.push(b'[');
    let mut lines = text.split('\n').filter(|line| !line.trim_ascii().is_empty()).peekable();
    let mut is_first = true;
    while let Some(line) = lines.next() {
        let before = rewriter.out.len();
        if !std::mem::take(&mut is_first) {
            rewriter.out.push(b',');
        }
        let is_cut = cut && lines.peek().is_none() && !text.ends_with('\n');
        match rewriter.document(line, is_cut, Class::Plain, false) {
            // Nothing of the last line is complete.
            Err(Refusal::Empty) if is_cut => rewriter.out.truncate(before),
            other => other?,
        }
        if is_cut || rewriter.is_full() {
            // What is open is closed where it stops.
            return Ok(());
        }
    }
    rewriter.out.push(b']');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(content_type: &str, body: &[u8], capture_limit: usize, complete: bool) -> Option<Fragment> {
        let redactor = Arc::new(Redactor::default());
        let mut scanner = redactor.body(BodyKind::new(Some(content_type), None), Mode::Full, capture_limit, 10_000);
        for chunk in body.chunks(3) {
            scanner.push(chunk);
        }
        assert!(scanner.held() <= capture_limit);
        scanner.finish(complete)
    }

    fn json(content_type: &str, body: &str) -> String {
        String::from_utf8(scan(content_type, body.as_bytes(), 10_000, true).unwrap().json).unwrap()
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
        let deep = scan("application/json", &b"[".repeat(100_000), 200_000, true).unwrap();
        assert_eq!(deep.json, br#"{"withheld":"nested too deeply","content_type":"application/json","bytes":100000}"#);
        assert_eq!((deep.redacted, deep.truncated), (1, false));
        assert_eq!(scan("application/json", b"{\"a\":\"\xff\"}", 100, true).unwrap().redacted, 1);
    }

    #[test]
    fn nothing_is_said_of_an_empty_body() {
        assert_eq!(scan("application/json", b"", 100, true), None);
        assert_eq!(scan("text/plain", b"", 100, false), None);
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
        let cut =
            |body: &[u8]| String::from_utf8(scan("application/x-ndjson", body, 100, false).unwrap().json).unwrap();
        assert_eq!(cut(b"{\"a\":1}\n{\"b\":2,\"c\":\"x"), r#"[{"a":1},{"b":2}]"#);
        assert_eq!(cut(b"{\"a\":1}\n12"), r#"[{"a":1}]"#);
        assert_eq!(cut(b"1"), "[]");
    }

    #[test]
    fn a_cut_body_says_so_and_how_long_it_was() {
        let body = r#"{"user":"bob","password":"canary","pad":"xxxxxxxxxxxxxxx€"}"#;
        for capture_limit in 1..body.len() {
            let fragment = scan("application/json", body.as_bytes(), capture_limit, true).unwrap();
            assert!(fragment.truncated && fragment.original_bytes == 61);
            let shown = String::from_utf8(fragment.json).unwrap();
            serde_json::from_str::<serde_json::Value>(&shown).unwrap();
            let is_last_whole = capture_limit == body.len() - 1;
            assert!(!shown.contains("ca") && shown.contains("xx") == is_last_whole, "{shown}");
        }
        assert_eq!(scan("application/json", b"{\"a\":1,\"\xff\":1,\"b\"", 100, false).unwrap().redacted, 1);
        assert!(!scan("application/json", body.as_bytes(), body.len(), true).unwrap().truncated);
        assert!(scan("application/json", body.as_bytes(), body.len(), false).unwrap().truncated);
    }

    #[test]
    fn bodies_of_unknown_type_are_not_held() {
        let mut scanner = Arc::new(Redactor::default()).body(BodyKind::default(), Mode::Full, 100, 100);
        scanner.push(b"abc");
        assert_eq!((scanner.held(), scanner.seen()), (0, 3));
        assert!(!scanner.finish(true).unwrap().truncated);
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

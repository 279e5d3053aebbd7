//! Reads what is plain as fast as it can be read: of members and elements with nothing to hide, whole runs are copied as
//! they stand.
//!
//! What it passes over it leaves as [`read`](Document::read) does, one token after the other; what is not plain, or not
//! whole in this piece, it leaves to that, so that a rule need not be known here to hold.

use super::frame::{Frame, Place};
use super::lexer::{self, is_space};
use super::siblings::Role;
use super::{Document, Expect, MAX_DEPTH, syntax};
use crate::redact::class::Class;
use crate::redact::names::Names;
use crate::redact::page::{MAX_NUMBER, Page};
use crate::redact::{shapes, signs, steps};
use crate::vocabulary::Mode;

/// A text may be held that is as long as any name that is remembered, or more.
const LEAST_HELD: usize = 32;

/// The part of the piece that is to be copied onto the page.
struct Span<'j> {
    bytes: &'j [u8],
    from: usize,
    to: usize,
}

impl Span<'_> {
    /// How long the page is with it.
    #[inline]
    fn page_length(&self, page: &Page) -> usize {
        page.out.len() + (self.to - self.from)
    }

    /// Copies it.
    #[inline]
    fn flush(&mut self, page: &mut Page) {
        let plain = self.bytes.get(self.from..self.to).unwrap_or_default();
        steps::count(plain.len());
        page.out.extend_from_slice(plain);
        self.from = self.to;
    }

    /// Copies it and begins anew at `start`.
    #[cold]
    fn begin(&mut self, page: &mut Page, start: usize) {
        self.flush(page);
        (self.from, self.to) = (start, start);
    }

    /// Adds what stands in the piece from `start` to before `end`.
    #[inline]
    fn add(&mut self, page: &mut Page, start: usize, end: usize) {
        if self.to != start {
            self.begin(page, start);
        }
        self.to = end;
    }

    /// Adds what comes before a key or an element that stands at `start`: a comma, unless it is the first.
    #[inline]
    fn separate(&mut self, page: &mut Page, start: usize) {
        let follows = self.to + 1 == start && self.bytes.get(self.to) == Some(&b',');
        if self.from < self.to && (follows || self.to == start) {
            self.to = start;
        } else {
            self.begin_with_comma(page, start);
        }
    }

    #[cold]
    fn begin_with_comma(&mut self, page: &mut Page, start: usize) {
        self.begin(page, start);
        page.comma();
    }
}

/// Why a list or an object is left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    /// For one in it, whose bracket comes next, which is [plain](Document::may_open) and stands at the document's `place`.
    ForInner { is_object: bool },
    /// Its closing bracket comes next.
    AtEnd,
    /// What comes next is not plain, or not here.
    ForOther,
}

impl Document {
    /// Reads as many plain tokens as come; where the first begins that is not read.
    pub(super) fn run(&mut self, names: &Names, page: &mut Page, json: &str, start: usize) -> usize {
        if page.is_cut() || page.held() < LEAST_HELD || names.patterns().is_some() {
            return start;
        }
        page.recall.belong_to(names);
        let mut span = Span { bytes: json.as_bytes(), from: start, to: start };
        let mut at = start;
        loop {
            let left = match self.frames.last() {
                Some(frame) if frame.is_object => self.members(names, page, &mut span, json, &mut at),
                Some(_) => self.elements(names, page, &mut span, json, &mut at),
                None => match span.bytes.get(at) {
                    Some(bracket @ (b'{' | b'[')) if self.expect == Expect::Value => {
                        let is_object = *bracket == b'{';
                        if self.may_open(&self.place, is_object) {
                            Left::ForInner { is_object }
                        } else {
                            Left::ForOther
                        }
                    }
                    _ => Left::ForOther,
                },
            };
            match left {
                Left::ForInner { is_object } => self.plain_open(page, &mut span, at, is_object),
                Left::AtEnd if self.plain_close(page, &mut span, at) => {}
                _ => break,
            }
            at += 1;
        }
        span.flush(page);
        at
    }

    /// Reads on in an object from `place`, until it or one in it is left, or what comes is not plain.
    #[inline]
    fn members(&mut self, names: &Names, page: &mut Page, span: &mut Span<'_>, json: &str, place: &mut usize) -> Left {
        let bytes = span.bytes;
        let longest = page.held().min(MAX_NUMBER);
        let mut at = *place;
        let mut expect = self.expect;
        // Entered behind a key, if that was not read here.
        let mut is_free = false;
        let Some(frame) = self.frames.last_mut().filter(|frame| !frame.is_variables) else { return Left::ForOther };
        let left = loop {
            steps::count(0);
            if matches!(expect, Expect::Key | Expect::KeyOrClose) {
                match bytes.get(at) {
                    Some(b'"') => {}
                    Some(b'}') if expect == Expect::KeyOrClose => break Left::AtEnd,
                    Some(&byte) if is_space(byte) => {
                        at += 1;
                        continue;
                    }
                    _ => break Left::ForOther,
                }
                let Some((padded, length)) = lexer::short_name(bytes, at + 1) else { break Left::ForOther };
                let end = at + 1 + length;
                let member = span.page_length(page);
                if bytes.get(end + 1) != Some(&b':') || member > page.limit() {
                    break Left::ForOther;
                }
                steps::count(length);
                let known = page.recall.short(names, || json.get(at + 1..end).unwrap_or_default(), padded, length);
                if !known.is_verbatim || !self.keys.is_new(&frame.keys, known.hash) {
                    break Left::ForOther;
                }
                span.separate(page, at);
                span.to = end + 2;
                let start = span.page_length(page);
                self.keys.add(&mut frame.keys, known.hash, start - length - 2..start - 2);
                is_free = known.is_free;
                self.hidden_before = page.redacted;
                self.place = Place { role: known.role, member, start, redacted: page.redacted, ..Place::default() };
                if !is_free {
                    self.place.class = match known.class {
                        Class::Plain => known.role.class_under(frame.named, frame.hinted),
                        class => class,
                    };
                    self.place.geometry = known.geometry && page.mode() != Mode::Full;
                    self.place.listed = frame.place.listed || known.listed;
                }
                expect = Expect::Value;
                at = end + 2;
            }
            if expect == Expect::Value {
                let Some(&byte) = bytes.get(at) else { break Left::ForOther };
                match byte {
                    b'"' => {
                        let Some(text) = Text::whole(bytes, at).filter(|text| text.length() <= page.held()) else {
                            let decoded = is_free.then_some(&mut self.decoded);
                            let Some(end) = escaped_end(names, page, json, at, decoded) else {
                                break Left::ForOther;
                            };
                            span.add(page, at, end);
                            frame.values += 1;
                            (at, expect) = (end, Expect::CommaOrClose);
                            continue;
                        };
                        if is_free && !text.begins_json() {
                            text.copy(names, page, span, json);
                        } else if self.place.class == Class::Secret && !self.place.role.tells() {
                            span.begin(page, text.end + 1);
                            page.hide_member(&mut self.keys, &mut frame.keys, self.place.member, self.hidden_before);
                        } else {
                            let Place { role, geometry, .. } = self.place;
                            if !may_be_shown(&self.place) || geometry || role == Role::Query || text.begins_json() {
                                break Left::ForOther;
                            }
                            if role.tells() {
                                frame.note_name(names, &mut page.recall, role, text.length(), text.content(json));
                            }
                            text.copy(names, page, span, json);
                        }
                        at = text.end + 1;
                    }
                    b'{' | b'[' => {
                        let is_object = byte == b'{';
                        if !self.may_open(&self.place, is_object) {
                            break Left::ForOther;
                        }
                        break Left::ForInner { is_object };
                    }
                    b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
                        let Some(end) = scalar_end(bytes, at, byte).filter(|end| end - at <= longest) else {
                            break Left::ForOther;
                        };
                        if !is_free && !may_be_shown(&self.place) {
                            break Left::ForOther;
                        }
                        span.add(page, at, end);
                        at = end;
                    }
                    _ if is_space(byte) => {
                        at += 1;
                        continue;
                    }
                    _ => break Left::ForOther,
                }
                frame.values += 1;
                expect = Expect::CommaOrClose;
            }
            match bytes.get(at) {
                Some(b',') if expect == Expect::CommaOrClose => {
                    expect = Expect::Key;
                    at += 1;
                }
                Some(b'}') if expect == Expect::CommaOrClose => break Left::AtEnd,
                Some(&byte) if is_space(byte) => at += 1,
                _ => break Left::ForOther,
            }
        };
        (self.expect, *place) = (expect, at);
        left
    }

    /// The same in a list.
    #[inline]
    fn elements(&mut self, names: &Names, page: &mut Page, span: &mut Span<'_>, json: &str, place: &mut usize) -> Left {
        let bytes = span.bytes;
        let longest = page.held().min(MAX_NUMBER);
        let mut at = *place;
        let mut expect = self.expect;
        let Some(frame) = self.frames.last_mut() else { return Left::ForOther };
        if self.pending.len() > frame.pending_from || frame.option.is_sensitive() {
            return Left::ForOther;
        }
        let is_free = frame.place.listed;
        let left = loop {
            steps::count(0);
            let Some(&byte) = bytes.get(at) else { break Left::ForOther };
            if matches!(expect, Expect::Value | Expect::ValueOrClose) {
                let member = span.page_length(page);
                if member > page.limit() || frame.in_list && frame.named.is_sensitive() {
                    break Left::ForOther;
                }
                match byte {
                    b'"' => {
                        let may_name = frame.in_list && frame.values == 0;
                        let Some(text) = Text::whole(bytes, at).filter(|text| text.length() <= page.held()) else {
                            let is_free = is_free && !may_name && !frame.place.geometry;
                            let decoded = is_free.then_some(&mut self.decoded);
                            let Some(end) = escaped_end(names, page, json, at, decoded) else {
                                break Left::ForOther;
                            };
                            span.separate(page, at);
                            span.add(page, at, end);
                            frame.values += 1;
                            (at, expect) = (end, Expect::CommaOrClose);
                            continue;
                        };
                        if !is_free || frame.place.geometry || text.first == b'-' || text.begins_json() {
                            break Left::ForOther;
                        }
                        if may_name {
                            frame.note_name(names, &mut page.recall, Role::None, text.length(), text.content(json));
                        }
                        span.separate(page, at);
                        text.copy(names, page, span, json);
                        at = text.end + 1;
                    }
                    b'{' | b'[' => {
                        let is_object = byte == b'{';
                        let Place { geometry, listed, .. } = frame.place;
                        let place = Place { geometry, listed, member, redacted: page.redacted, ..Place::default() };
                        if !self.may_open(&place, is_object) {
                            break Left::ForOther;
                        }
                        span.separate(page, at);
                        self.place = Place { start: span.page_length(page), ..place };
                        break Left::ForInner { is_object };
                    }
                    b'-' | b'0'..=b'9' | b't' | b'f' | b'n' if is_free => {
                        let Some(end) = scalar_end(bytes, at, byte).filter(|end| end - at <= longest) else {
                            break Left::ForOther;
                        };
                        span.separate(page, at);
                        span.to = end;
                        at = end;
                    }
                    b']' if expect == Expect::ValueOrClose => break Left::AtEnd,
                    _ if is_space(byte) => {
                        at += 1;
                        continue;
                    }
                    _ => break Left::ForOther,
                }
                frame.values += 1;
                expect = Expect::CommaOrClose;
            }
            match bytes.get(at) {
                Some(b',') if expect == Expect::CommaOrClose => {
                    expect = Expect::Value;
                    at += 1;
                }
                Some(b']') if expect == Expect::CommaOrClose => break Left::AtEnd,
                Some(&byte) if is_space(byte) => at += 1,
                _ => break Left::ForOther,
            }
        };
        (self.expect, *place) = (expect, at);
        left
    }

    /// Whether a list or an object that stands at `place` is plain.
    #[inline]
    fn may_open(&self, place: &Place, is_object: bool) -> bool {
        let tells = matches!(place.role, Role::Variables | Role::Coordinates | Role::Geometries);
        place.class == Class::Plain && !tells && (is_object || !place.geometry) && self.open.depth < MAX_DEPTH
    }

    /// Reads the bracket at `at` that opens a [plain](Self::may_open) list or object, which stands at `self.place`.
    #[inline]
    fn plain_open(&mut self, page: &mut Page, span: &mut Span<'_>, at: usize, is_object: bool) {
        self.open.enter(is_object);
        let mut in_list = false;
        if let Some(parent) = self.frames.last_mut() {
            parent.values += 1;
            in_list = !parent.is_object;
        }
        span.add(page, at, at + 1);
        self.expect = if is_object { Expect::KeyOrClose } else { Expect::ValueOrClose };
        self.frames.push(Frame::open(is_object, self.place, in_list, self.pending.len(), self.keys.open()));
    }

    /// Reads the bracket at `at` that closes the innermost list or object, if that is plain.
    #[inline]
    fn plain_close(&mut self, page: &mut Page, span: &mut Span<'_>, at: usize) -> bool {
        let (frame, parent) = match self.frames.as_slice() {
            [.., parent, frame] => (frame, Some(parent)),
            [frame] => (frame, None),
            [] => return false,
        };
        let waits = self.pending.len() > frame.pending_from || !self.bound.is_empty();
        let is_told = frame.in_list && parent.is_some_and(|parent| parent.named.is_sensitive());
        let is_suspect = is_told || frame.place.role.is_valued() || frame.place.variable.is_some();
        if waits || is_suspect || frame.coordinates || frame.geometries {
            return false;
        }
        self.expect = if parent.is_none() { Expect::End } else { Expect::CommaOrClose };
        self.open.leave();
        span.add(page, at, at + 1);
        self.keys.close(&frame.keys);
        self.frames.pop();
        true
    }
}

/// A string without escapes.
#[derive(Clone, Copy)]
struct Text {
    /// Where its quotes stand.
    start: usize,
    end: usize,
    /// What follows the first.
    first: u8,
    signs: u8,
}

impl Text {
    /// The string whose quote stands at `start`, if nothing in it may need an escape and all of it is in this piece.
    #[inline]
    fn whole(bytes: &[u8], start: usize) -> Option<Self> {
        let content = bytes.get(start + 1..)?;
        let (length, signs) = signs::until_escape(content);
        let is_whole = content.get(length) == Some(&b'"');
        is_whole.then_some(Self { start, end: start + 1 + length, first: *content.first()?, signs })
    }

    #[inline]
    fn length(&self) -> usize {
        self.end - self.start - 1
    }

    fn content<'j>(&self, json: &'j str) -> &'j str {
        json.get(self.start + 1..self.end).unwrap_or_default()
    }

    /// Whether it may be a JSON document.
    #[inline]
    fn begins_json(&self) -> bool {
        matches!(self.first, b'{' | b'[' | b' ' | 0xef)
    }

    /// Copies it, without what is secret in it.
    #[inline]
    fn copy(&self, names: &Names, page: &mut Page, span: &mut Span<'_>, json: &str) {
        if shapes::is_bare(self.first, self.length(), self.signs) || !self.hide(names, page, json, span) {
            span.add(page, self.start, self.end + 1);
        }
    }

    /// Writes it without what is secret in it, if anything is.
    #[inline(never)]
    fn hide(self, names: &Names, page: &mut Page, json: &str, span: &mut Span<'_>) -> bool {
        let text = self.content(json);
        if shapes::is_quiet(text, self.signs) {
            return false;
        }
        let (shown, hidden) = shapes::sweep_loud(names, text, self.signs);
        if hidden > 0 {
            span.begin(page, self.end + 1);
            page.safe_text(&shown, hidden);
        }
        hidden > 0
    }
}

/// Behind a string that begins at `at` and is written as it stands, if that is known at once: what is escaped in it is
/// escaped as it would be here, and there is nothing to hide in it.
#[inline(never)]
fn escaped_end(names: &Names, page: &Page, json: &str, at: usize, decoded: Option<&mut String>) -> Option<usize> {
    let decoded = decoded?;
    let bytes = json.as_bytes();
    let mut end = at + 1;
    loop {
        let rest = bytes.get(end..)?;
        end += match (signs::until_escape(rest).0, rest) {
            (0, [b'"', ..]) => break,
            (0, [b'\\', b'"' | b'\\' | b'n' | b'r' | b't', ..]) => 2,
            (0, _) => return None,
            (plain, _) => plain,
        };
    }
    let content = json.get(at + 1..end).filter(|content| content.len() <= page.held())?;
    let text = syntax::decode_into(content, decoded);
    // It may be an option, or JSON.
    if matches!(text.as_bytes().first()?, b'-' | b'{' | b'[' | b'"' | b' ' | b'\t' | b'\r' | b'\n' | 0xef) {
        return None;
    }
    let signs = signs::of(text);
    let is_clean = shapes::is_quiet(text, signs) || shapes::sweep_loud(names, text, signs).1 == 0;
    is_clean.then_some(end + 1)
}

/// Where a number without exponent, `true`, `false` or `null` ends, if it is whole.
#[inline(always)]
fn scalar_end(bytes: &[u8], at: usize, first: u8) -> Option<usize> {
    let is = |word: &[u8]| (bytes.get(at..at + word.len()) == Some(word)).then_some(at + word.len());
    let end = match first {
        b't' => is(b"true"),
        b'f' => is(b"false"),
        b'n' => is(b"null"),
        _ => lexer::decimal(bytes, at).map(|(end, _)| end),
    };
    steps::count(end.unwrap_or(at) - at);
    end
}

/// Whether neither the name above a value nor its siblings can hide it.
#[inline]
fn may_be_shown(place: &Place) -> bool {
    place.class == Class::Plain && place.listed && !place.role.is_valued() && place.variable.is_none()
}

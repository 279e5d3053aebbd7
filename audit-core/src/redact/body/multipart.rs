//! Multipart bodies (RFC 2046, RFC 7578): an object of fields; of files only name, type and length.
//!
//! What stands before the first boundary and after the last is never shown, nor is a part that was cut. Of a part no
//! more is held than of any text; JSON streams.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::characters::Characters;
use super::content_type::{Format, Reason, parameter, parameters, shortened};
use super::pairs::Pairs;
use crate::record::json;
use crate::redact::class::Class;
use crate::redact::document::{Document, Keys, Object, Place};
use crate::redact::names::Names;
use crate::redact::page::Page;
use crate::redact::recall::Known;
use crate::redact::shapes;

/// The headers of a part are no longer.
const MAX_HEAD: usize = 16 * 1024;

/// Behind a boundary stands nothing but white space, and not so much of it.
const MAX_PADDING: usize = 256;

/// What the headers of a part say.
#[derive(Default)]
struct Head {
    disposition: String,
    content_type: Option<String>,
    is_encoded: bool,
}

/// How a part's content is read.
enum Content {
    /// Only its length is told, whatever the name: it no longer fits, or goes.
    Counted,
    /// Text, or a form, as much of it as may be looked at.
    Held {
        is_form: bool,
    },
    Json(Characters),
    /// It is described.
    File,
}

/// A part whose headers are read.
struct Part {
    head: Head,
    filename: Option<String>,
    class: Class,
    geometry: bool,
    listed: bool,
    content: Content,
    /// How many bytes of content there are.
    bytes: u64,
    /// How long the page was before it, and before its value.
    member: usize,
    start: usize,
    /// How many values had been hidden before it, and before its value.
    hidden_before: u32,
    redacted: u32,
}

/// What the line is in whose middle the last piece ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// So far it may be a boundary.
    Boundary,
    /// It is none.
    Other,
}

/// Where in a body the last piece ended.
pub(in crate::redact) struct Multipart {
    delimiter: Vec<u8>,
    keys: Keys,
    object: Object,
    begun: bool,
    closed: bool,
    line: Line,
    /// The beginning of a line that may be a boundary.
    held: Vec<u8>,
    /// The line break before it, which belongs to the boundary if it is one.
    line_break: &'static [u8],
    /// The headers of the part that begins; nothing before the first and while content is read.
    head: Option<Vec<u8>>,
    part: Option<Part>,
    /// The content of the part, if it is held.
    content: Vec<u8>,
}

impl Multipart {
    pub(super) fn new(boundary: &str) -> Self {
        Self {
            delimiter: format!("--{boundary}").into_bytes(),
            keys: Keys::default(),
            object: Object::default(),
            begun: false,
            closed: false,
            line: Line::Boundary,
            held: Vec::new(),
            line_break: b"",
            head: None,
            part: None,
            content: Vec::new(),
        }
    }

    /// How many bytes of the body are held.
    pub(super) fn held(&self) -> usize {
        self.held.len() + self.content.len() + self.head.as_ref().map_or(0, Vec::len)
    }

    /// Reads on.
    pub(super) fn feed(
        &mut self,
        names: &Names,
        page: &mut Page,
        document: &mut Document,
        mut chunk: &[u8],
    ) -> Result<(), Reason> {
        if !std::mem::replace(&mut self.begun, true) {
            page.out.push(b'{');
        }
        while !chunk.is_empty() && !self.closed {
            chunk = match self.line {
                Line::Boundary => self.boundary(names, page, document, chunk)?,
                Line::Other => self.other(names, page, document, chunk)?,
            };
        }
        Ok(())
    }

    /// Reads on in a line that may be a boundary.
    fn boundary<'c>(
        &mut self,
        names: &Names,
        page: &mut Page,
        document: &mut Document,
        chunk: &'c [u8],
    ) -> Result<&'c [u8], Reason> {
        let Some((&byte, rest)) = chunk.split_first() else { return Ok(chunk) };
        let expected = self.delimiter.get(self.held.len()).copied();
        let padding = self.held.get(self.delimiter.len()..).unwrap_or_default();
        let is_possible = match expected {
            Some(expected) => byte == expected,
            None if padding.is_empty() => byte == b'-' || byte.is_ascii_whitespace(),
            None if padding == b"-" => byte == b'-',
            None => byte.is_ascii_whitespace() && padding.len() < MAX_PADDING,
        };
        if !is_possible {
            self.line = Line::Other;
            let held = std::mem::take(&mut self.held);
            let line_break = std::mem::take(&mut self.line_break);
            self.content(names, page, document, line_break)?;
            self.content(names, page, document, &held)?;
            self.held = held;
            self.held.clear();
            return Ok(chunk);
        }
        self.held.push(byte);
        let is_last = expected.is_none() && padding_is_last(&self.held, self.delimiter.len());
        if is_last || expected.is_none() && byte == b'\n' {
            self.held.clear();
            self.line_break = b"";
            self.end_part(names, page, document)?;
            self.closed = is_last;
            self.head = Some(Vec::new()).filter(|_| !is_last);
        }
        Ok(rest)
    }

    /// Reads on in a line that is no boundary.
    fn other<'c>(
        &mut self,
        names: &Names,
        page: &mut Page,
        document: &mut Document,
        chunk: &'c [u8],
    ) -> Result<&'c [u8], Reason> {
        // A carriage return at the end of the piece before.
        if self.line_break == b"\r" && chunk.first() != Some(&b'\n') {
            self.line_break = b"";
            self.content(names, page, document, b"\r")?;
        }
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let (part, rest) = chunk.split_at(end.unwrap_or(chunk.len()));
        let (part, has_return) = match part.strip_suffix(b"\r") {
            Some(part) => (part, true),
            None => (part, self.line_break == b"\r"),
        };
        self.content(names, page, document, part)?;
        self.line_break = match (end, has_return) {
            (Some(_), true) => b"\r\n",
            (Some(_), false) => b"\n",
            (None, true) => b"\r",
            (None, false) => b"",
        };
        if end.is_some() {
            self.line = Line::Boundary;
            self.end_line(names, page, document)?;
        }
        Ok(rest.get(usize::from(end.is_some())..).unwrap_or_default())
    }

    /// Takes bytes that belong to no boundary.
    fn content(&mut self, names: &Names, page: &mut Page, document: &mut Document, bytes: &[u8]) -> Result<(), Reason> {
        if let Some(head) = &mut self.head {
            if head.len() + bytes.len() > MAX_HEAD {
                return Err(Reason::NotMultipart);
            }
            head.extend_from_slice(bytes);
            return Ok(());
        }
        let Some(part) = &mut self.part else { return Ok(()) };
        part.bytes = part.bytes.saturating_add(bytes.len() as u64);
        match &mut part.content {
            Content::Counted | Content::File => {}
            // One more than may be looked at tells that it is too long.
            Content::Held { .. } => {
                let room = page.held().saturating_add(1).saturating_sub(self.content.len());
                self.content.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
            }
            Content::Json(characters) => {
                let fed = characters.split(bytes, |text| Ok(document.feed(names, page, text)?));
                if fed.is_err() {
                    page.take_back(part.start, part.redacted, 0);
                    part.content = Content::File;
                }
            }
        }
        Ok(())
    }

    /// A line of headers ended; an empty one ends them.
    fn end_line(&mut self, names: &Names, page: &mut Page, document: &mut Document) -> Result<(), Reason> {
        let Some(head) = &mut self.head else { return Ok(()) };
        let line = head.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        if line.trim_ascii().is_empty() {
            let head = std::mem::take(head);
            self.head = None;
            self.line_break = b"";
            self.begin_part(names, page, document, &head)?;
        } else {
            head.push(b'\n');
            self.line_break = b"";
        }
        Ok(())
    }

    /// Writes a part's key, and decides how its content is read.
    fn begin_part(
        &mut self,
        names: &Names,
        page: &mut Page,
        document: &mut Document,
        head: &[u8],
    ) -> Result<(), Reason> {
        let head = Head::read(head)?;
        let name = label(&head.disposition, "name");
        let filename = label(&head.disposition, "filename");
        let member = page.out.len();
        let hidden_before = page.redacted;
        let key = name.as_deref().unwrap_or("part");
        let known = page.look_up(names, key);
        let Known { mut class, geometry, listed, .. } = known;
        // Which of several names counts, readers do not agree on.
        for (other, value) in parameters(&head.disposition) {
            let is_name = other.trim_end_matches('*').eq_ignore_ascii_case("name");
            if is_name && page.look_up(names, &value).class == Class::Secret {
                class = Class::Secret;
            }
        }
        let format = head.content_type.as_deref().map(Format::of);
        let declared = head.content_type.as_deref().unwrap_or("text/plain").trim_start();
        let is_text = declared.get(..10).is_some_and(|declared| declared.eq_ignore_ascii_case("text/plain"));
        let is_field = !head.is_encoded && filename.is_none();
        let content = match format {
            _ if !page.has_room(0) || class == Class::Secret => Content::Counted,
            // Without a name nothing tells what a text is.
            _ if is_field && is_text && name.is_some() => Content::Held { is_form: false },
            Some(Format::Json) if is_field => Content::Json(Characters::default()),
            Some(Format::Form) if is_field && !class.is_sensitive() => Content::Held { is_form: true },
            // The name of a file is no less than a value.
            _ if !listed => Content::Counted,
            _ => Content::File,
        };
        if !page.is_cut() {
            page.comma();
            page.key(names, &mut self.keys, &mut self.object, key, known);
        }
        let start = page.out.len();
        document.begin(page, Place { class, geometry, listed, ..Place::default() });
        self.content.clear();
        self.part = Some(Part {
            head,
            filename,
            class,
            geometry,
            listed,
            content,
            bytes: 0,
            member,
            start,
            hidden_before,
            redacted: page.redacted,
        });
        Ok(())
    }

    /// Writes the value of the part that a boundary ends.
    fn end_part(&mut self, names: &Names, page: &mut Page, document: &mut Document) -> Result<(), Reason> {
        if let Some(head) = self.head.take() {
            self.begin_part(names, page, document, &head)?;
        }
        let Some(part) = self.part.take() else { return Ok(()) };
        if page.is_cut() && !matches!(part.content, Content::Json(_)) {
            return Ok(());
        }
        let content = std::str::from_utf8(&self.content);
        let is_long = self.content.len() > page.held();
        match (&part.content, content) {
            (Content::Counted, _) => {
                page.hide_member(&mut self.keys, &mut self.object, part.member, part.hidden_before)
            }
            (Content::Held { is_form: false }, Ok(text)) => {
                let keeps =
                    part.listed && if is_long { !part.class.is_sensitive() } else { part.class.keeps_text(text) };
                match (keeps, is_long) {
                    (false, _) => page.hide_member(&mut self.keys, &mut self.object, part.member, part.hidden_before),
                    (true, true) => page.too_long(),
                    (true, false) => page.judged(names, text, part.geometry),
                }
            }
            (Content::Held { is_form: true }, Ok(text)) if !is_long => {
                let mut pairs = Pairs::default();
                let read = pairs.feed(names, page, text.as_bytes());
                if read.and_then(|()| pairs.end(names, page, true)).is_err() {
                    page.take_back(part.start, part.redacted, 0);
                    part.summary(names, page);
                }
            }
            (Content::Json(characters), _) => {
                if characters.is_inside() || document.end(page, true).is_err() {
                    page.take_back(part.start, part.redacted, 0);
                    part.summary(names, page);
                }
            }
            (Content::Held { .. } | Content::File, _) => part.summary(names, page),
        }
        Ok(())
    }

    pub(super) fn end(&mut self, page: &mut Page, complete: bool) -> Result<(), Reason> {
        if !self.begun {
            page.out.push(b'{');
        }
        if complete && !self.closed {
            return Err(Reason::NotMultipart);
        }
        if let Some(part) = self.part.take() {
            page.take_back(part.member, part.hidden_before, 0);
        }
        if !page.is_cut() && complete {
            page.out.push(b'}');
        }
        Ok(())
    }
}

/// Whether a boundary is the last one: two dashes follow it.
fn padding_is_last(line: &[u8], delimiter: usize) -> bool {
    line.get(delimiter..).is_some_and(|padding| padding == b"--")
}

impl Part {
    /// What is said of a part instead of its content.
    fn summary(&self, names: &Names, page: &mut Page) {
        let mut hidden = 0;
        let mut shown = |label: &str| {
            let (shown, count) = shapes::sweep(names, label);
            hidden += count;
            shortened(&shown).to_owned()
        };
        let filename = self.filename.as_deref().map(&mut shown);
        let content_type = self.head.content_type.as_deref().map(&mut shown);
        let mut members = json::Members::open(&mut page.out);
        if let Some(filename) = filename {
            members.str("filename", &filename);
        }
        if let Some(content_type) = content_type {
            members.str("content_type", &content_type);
        }
        members.display("bytes", self.bytes);
        members.close();
        page.redacted = page.redacted.saturating_add(hidden);
    }
}

impl Head {
    fn read(bytes: &[u8]) -> Result<Self, Reason> {
        let mut head = Self::default();
        let mut header = String::new();
        for line in bytes.split(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(line);
            // A line that begins with a blank goes on with the header before it.
            if line.starts_with([' ', '\t']) && !line.trim().is_empty() {
                header.push_str(line.trim_end());
                continue;
            }
            take_header(&mut head, &std::mem::take(&mut header))?;
            line.trim_end().clone_into(&mut header);
        }
        take_header(&mut head, &header)?;
        Ok(head)
    }
}

/// A parameter of `Content-Disposition`, in its plain or its extended form (RFC 8187).
fn label(disposition: &str, name: &str) -> Option<String> {
    let plain = parameter(disposition, name).map(Cow::into_owned);
    let extended = || {
        let value = parameter(disposition, &format!("{name}*"))?;
        let encoded = value.splitn(3, '\'').nth(2).unwrap_or(&value);
        Some(percent_decode_str(encoded).decode_utf8_lossy().into_owned())
    };
    plain.or_else(extended)
}

fn take_header(part: &mut Head, header: &str) -> Result<(), Reason> {
    if header.is_empty() {
        return Ok(());
    }
    let (name, value) = header.split_once(':').ok_or(Reason::NotMultipart)?;
    match name.trim().to_ascii_lowercase().as_str() {
        "content-disposition" => value.trim().clone_into(&mut part.disposition),
        "content-type" => part.content_type = Some(value.trim().to_owned()),
        "content-transfer-encoding" => {
            part.is_encoded = !["7bit", "8bit", "binary"].contains(&value.trim().to_ascii_lowercase().as_str());
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests;

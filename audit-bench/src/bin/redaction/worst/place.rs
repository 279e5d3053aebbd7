//! Where a client's text enters.

use std::sync::Arc;

use audit_core::Mode;
use audit_core::redact::{BodyKind, Redactor};

use super::cases::Case;
use crate::ways::CHUNK;

/// More than any input, so that all of it is looked at.
const CAPTURE: usize = 64 << 20;

/// One place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The body itself, of the type that the case is.
    Whole,
    /// A string in JSON.
    Json,
    /// A value of a form.
    Form,
    /// A field of a multipart body.
    Multipart,
    /// A value of a query.
    Query,
    /// A text without a name, such as an error's.
    Text,
    /// A header's value.
    Header,
    /// A path.
    Path,
}

pub(super) const PLACES: &[Place] =
    &[Place::Whole, Place::Json, Place::Form, Place::Multipart, Place::Query, Place::Text, Place::Header, Place::Path];

/// An input as its place has it.
pub(super) enum Prepared {
    Body { content_type: &'static str, body: Vec<u8> },
    Query(String),
    Text(String),
    Header(String),
    Path(String),
}

impl Place {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Json => "json",
            Self::Form => "form",
            Self::Multipart => "multipart",
            Self::Query => "query",
            Self::Text => "text",
            Self::Header => "header",
            Self::Path => "path",
        }
    }

    /// Whether what comes out is JSON, rather than a text.
    pub(super) const fn shows_json(self) -> bool {
        !matches!(self, Self::Text | Self::Path)
    }

    /// The case with a text of about so many bytes, or none where it does not fit.
    pub(super) fn prepare(self, case: &Case, bytes: usize) -> Option<Prepared> {
        let content_type = case.content_type;
        if self == Self::Whole {
            return content_type.map(|content_type| Prepared::Body { content_type, body: (case.text)(bytes).into() });
        }
        // What is only slow as a body stays one.
        if case.is_only_whole {
            return None;
        }
        let text = (case.text)(bytes);
        Some(match self {
            Self::Whole => return None,
            Self::Json => {
                let body = serde_json::json!({ "value": text }).to_string().into();
                Prepared::Body { content_type: "application/json", body }
            }
            Self::Form => {
                let body = format!("value={}", encoded(&text)).into();
                Prepared::Body { content_type: "application/x-www-form-urlencoded", body }
            }
            Self::Multipart => {
                let body = format!(
                    "--boundary\r\nContent-Disposition: form-data; name=\"value\"\r\n\r\n{text}\r\n--boundary--\r\n"
                );
                Prepared::Body { content_type: "multipart/form-data; boundary=boundary", body: body.into() }
            }
            Self::Query => Prepared::Query(format!("value={}", encoded(&text))),
            Self::Text => Prepared::Text(text),
            Self::Header => Prepared::Header(text),
            Self::Path => Prepared::Path(format!("/{text}")),
        })
    }
}

/// As a form's value: what may stand there as it is, a plus for a space, and the rest by percent signs.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' | b'/' | b':' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

impl Prepared {
    /// How many bytes come in.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Body { body, .. } => body.len(),
            Self::Query(text) | Self::Text(text) | Self::Header(text) | Self::Path(text) => text.len(),
        }
    }

    /// What a record would show. Compact, which looks at all that full looks at and for geometry too.
    pub(super) fn redact(&self, redactor: &Arc<Redactor>, line: usize) -> Vec<u8> {
        match self {
            Self::Body { content_type, body } => {
                let kind = BodyKind::new(Some(content_type), None);
                let mut scanner = redactor.body(kind, Mode::Compact, CAPTURE, line);
                body.chunks(CHUNK).for_each(|chunk| scanner.push(chunk));
                scanner.finish(true).map_or_else(Vec::new, |fragment| fragment.json[..].to_vec())
            }
            Self::Query(query) => redactor.query(query, line).json[..].to_vec(),
            Self::Text(text) => redactor.text(text).0.into_owned().into_bytes(),
            Self::Header(value) => {
                let headers = [("x-note", value.as_bytes())];
                redactor.headers(headers.into_iter(), line).json[..].to_vec()
            }
            Self::Path(path) => redactor.path(path, None).0.into_owned().into_bytes(),
        }
    }
}

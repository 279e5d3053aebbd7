//! One record as it is written: its exact bytes, and where its main fields stand in them.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

/// The fields of a record that sinks ask for without parsing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[repr(usize)]
pub enum Field {
    /// `timestamp`: RFC 3339, UTC, microseconds.
    Timestamp,
    /// `event_id`: a UUIDv7.
    EventId,
    /// `phase`, with strict delivery only.
    Phase,
    /// `user`.
    User,
    /// `action`.
    Action,
    /// `outcome`.
    Outcome,
    /// `status_code`: digits.
    StatusCode,
    /// `method`.
    Method,
    /// `path`.
    Path,
    /// `route`: the template.
    Route,
    /// `ip_address`.
    IpAddress,
    /// `target_type`.
    TargetType,
    /// `target_id`.
    TargetId,
}

/// How many [`Field`]s there are.
pub(crate) const FIELDS: usize = Field::TargetId as usize + 1;

impl Field {
    /// All of them, in the order of the index.
    pub const ALL: [Self; FIELDS] = [
        Self::Timestamp,
        Self::EventId,
        Self::Phase,
        Self::User,
        Self::Action,
        Self::Outcome,
        Self::StatusCode,
        Self::Method,
        Self::Path,
        Self::Route,
        Self::IpAddress,
        Self::TargetType,
        Self::TargetId,
    ];

    /// The record's key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Timestamp => "timestamp",
            Self::EventId => "event_id",
            Self::Phase => "phase",
            Self::User => "user",
            Self::Action => "action",
            Self::Outcome => "outcome",
            Self::StatusCode => "status_code",
            Self::Method => "method",
            Self::Path => "path",
            Self::Route => "route",
            Self::IpAddress => "ip_address",
            Self::TargetType => "target_type",
            Self::TargetId => "target_id",
        }
    }
}

/// Byte ranges of the main fields' JSON values within a line.
#[derive(Debug, Clone, Default)]
pub(crate) struct FieldIndex([Option<(u32, u32)>; FIELDS]);

impl FieldIndex {
    pub(crate) fn set(&mut self, field: Field, value: Range<usize>) {
        // A line is bounded far below 4 GiB; one that were not would only lose its index.
        if let (Ok(start), Ok(end)) = (u32::try_from(value.start), u32::try_from(value.end)) {
            self.0[field as usize] = Some((start, end));
        }
    }

    fn get(&self, field: Field) -> Option<Range<usize>> {
        self.0[field as usize].map(|(start, end)| start as usize..end as usize)
    }
}

/// One record as it is written: one line of JSON, redacted, ending in a newline. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Line(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bytes: Box<[u8]>,
    index: FieldIndex,
}

impl Line {
    pub(crate) fn new(bytes: Vec<u8>, index: FieldIndex) -> Self {
        Self(Arc::new(Inner { bytes: bytes.into_boxed_slice(), index }))
    }

    /// Reads a line that was written earlier, with or without its newline.
    ///
    /// # Errors
    /// When the text is not one JSON object, on one line, whose main fields stand once each.
    pub fn parse(text: &[u8]) -> Result<Self, serde_json::Error> {
        let line = text.strip_suffix(b"\n").unwrap_or(text);
        if line.contains(&b'\n') {
            // JSON may go over several lines; a record that did would be several to every reader of lines.
            return Err(serde::de::Error::custom("a record is one line"));
        }
        // Checked here, for values that the index does not need are skipped unread.
        let line = std::str::from_utf8(line).map_err(serde::de::Error::custom)?;
        let head: Head<'_> = serde_json::from_str(line)?;
        let mut index = FieldIndex::default();
        for (field, value) in head.fields() {
            // The raw value borrows from `line`, so its address tells where it stands.
            let start = value.get().as_ptr() as usize - line.as_ptr() as usize;
            index.set(field, start..start + value.get().len());
        }
        let mut bytes = Vec::with_capacity(line.len() + 1);
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        Ok(Self::new(bytes, index))
    }

    /// The exact bytes: one JSON object and a newline.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// The JSON object as text, without the newline.
    #[must_use]
    pub fn json(&self) -> &str {
        let bytes = self.0.bytes.strip_suffix(b"\n").unwrap_or(&self.0.bytes);
        std::str::from_utf8(bytes).expect("the encoder writes UTF-8, and parse() checks it")
    }

    /// A main field's value, decoded; `None` when the record does not have it.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<Cow<'_, str>> {
        let raw = self.0.bytes.get(self.0.index.get(field)?)?;
        let raw = std::str::from_utf8(raw).ok()?;
        if raw.starts_with('"') {
            serde_json::from_str::<Text<'_>>(raw).ok().map(|text| text.0)
        } else {
            Some(Cow::Borrowed(raw))
        }
    }
}

/// A JSON string that borrows when it holds no escape.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    event_id: Option<&'a RawValue>,
    #[serde(borrow)]
    phase: Option<&'a RawValue>,
    #[serde(borrow)]
    user: Option<&'a RawValue>,
    #[serde(borrow)]
    action: Option<&'a RawValue>,
    #[serde(borrow)]
    outcome: Option<&'a RawValue>,
    #[serde(borrow)]
    status_code: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<&'a RawValue>,
    #[serde(borrow)]
    path: Option<&'a RawValue>,
    #[serde(borrow)]
    route: Option<&'a RawValue>,
    #[serde(borrow)]
    ip_address: Option<&'a RawValue>,
    #[serde(borrow)]
    target_type: Option<&'a RawValue>,
    #[serde(borrow)]
    target_id: Option<&'a RawValue>,
}

impl<'a> Head<'a> {
    fn fields(&self) -> impl Iterator<Item = (Field, &'a RawValue)> {
        [
            self.timestamp,
            self.event_id,
            self.phase,
            self.user,
            self.action,
            self.outcome,
            self.status_code,
            self.method,
            self.path,
            self.route,
            self.ip_address,
            self.target_type,
            self.target_id,
        ]
        .into_iter()
        .zip(Field::ALL)
        .filter_map(|(value, field)| Some((field, value?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parsed_line_knows_its_fields() {
        let line = Line::parse(
            br#"{"timestamp":"2026-11-22T10:00:00.000001Z","user":"a\"b","status_code":201,"data":{"user":"other"}}"#,
        )
        .unwrap();
        assert_eq!(line.get(Field::Timestamp).as_deref(), Some("2026-11-22T10:00:00.000001Z"));
        assert_eq!(line.get(Field::User).as_deref(), Some("a\"b"));
        assert_eq!(line.get(Field::StatusCode).as_deref(), Some("201"));
        assert_eq!(line.get(Field::Action), None);
        assert_eq!(line.bytes().last(), Some(&b'\n'));
    }

    #[test]
    fn what_is_not_an_object_is_refused() {
        for text in ["", "[]", "nonsense", r#"{"user":"#] {
            assert!(Line::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}

//! A record as a collector sees it: a line, and the instant that it names.

use jiff::Timestamp;
use serde_json::Value;

/// One line, parsed.
#[derive(Debug, Clone)]
pub struct Record {
    /// The line, byte for byte, without its newline.
    pub line: String,
    /// Its JSON object.
    pub json: Value,
    /// Its `timestamp`.
    pub at: Timestamp,
}

/// Why a line is no record.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not JSON.
    #[error("a line is not JSON: {line}")]
    Json {
        /// The line.
        line: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// It has no `timestamp` that can be read.
    #[error("a line has no RFC 3339 timestamp: {line}")]
    Timestamp {
        /// The line.
        line: String,
    },
}

impl Record {
    /// Reads a line.
    ///
    /// # Errors
    /// When it is not JSON, or has no `timestamp`.
    pub fn read(line: &str) -> Result<Self, ReadError> {
        let line = line.trim_end_matches('\n').to_owned();
        let json: Value = match serde_json::from_str(&line) {
            Ok(json) => json,
            Err(source) => return Err(ReadError::Json { line, source }),
        };
        match json.get("timestamp").and_then(Value::as_str).and_then(|text| text.parse().ok()) {
            Some(at) => Ok(Self { line, json, at }),
            None => Err(ReadError::Timestamp { line }),
        }
    }

    /// What a test calls it: its `request_id`, which the client gave, or the action of one that is of no request.
    #[must_use]
    pub fn name(&self) -> &str {
        let of = |key: &str| self.json.get(key).and_then(Value::as_str);
        of("request_id").or_else(|| of("action")).unwrap_or_default()
    }

    /// A top-level member as a collector writes a label: strings as they are, numbers and booleans as in JSON.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<String> {
        match self.json.get(key)? {
            Value::String(text) => Some(text.clone()),
            value @ (Value::Number(_) | Value::Bool(_)) => Some(value.to_string()),
            _ => None,
        }
    }
}

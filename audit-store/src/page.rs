//! What a query answers.

use std::time::{Duration, SystemTime};

use serde::ser::{Error as _, SerializeStruct as _};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::cursor::Cursor;

/// One answer to a query: some records, and where to go on.
///
/// With `serde_json` it serialises as `{"records":[…],"next":"…"}`, the records byte for byte and `next` null at the
/// end.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Page {
    /// The records that passed the filter, newest first. May be fewer than the limit, even none, while `next` is there.
    pub records: Vec<Record>,
    /// Where to go on; `None` only at the true end.
    pub next: Option<Cursor>,
}

/// One record, as it was written.
#[derive(Debug, Clone)]
pub struct Record {
    id: i64,
    time: Option<i64>,
    json: String,
}

impl Record {
    pub(crate) fn new(id: i64, time: Option<i64>, json: String) -> Self {
        Self { id, time, json }
    }

    /// The order of arrival in this store: positive, ascending, never reused. Another store numbers differently.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }

    /// What the record's `timestamp` says, to the microsecond; `None` when it has none that can be read.
    #[must_use]
    pub fn time(&self) -> Option<SystemTime> {
        let micros = self.time?;
        let distance = Duration::from_micros(micros.unsigned_abs());
        if micros < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(distance)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(distance)
        }
    }

    /// The exact bytes of the record: one JSON object, without a newline.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The exact bytes of the record, without a copy.
    #[must_use]
    pub fn into_json(self) -> String {
        self.json
    }
}

/// As the JSON object that it is; with `serde_json` byte for byte.
impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.json).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl Serialize for Page {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut page = serializer.serialize_struct("Page", 2)?;
        page.serialize_field("records", &self.records)?;
        page.serialize_field("next", &self.next.as_ref().map(ToString::to_string))?;
        page.end()
    }
}

//! What a query answers.

use std::time::{Duration, SystemTime};

use audit_core::Outcome;
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

/// One event, as it was written. With strict delivery it has several records, its phases: it is found once, with the
/// latest that came.
#[derive(Debug, Clone)]
pub struct Record {
    id: i64,
    time: Option<i64>,
    outcome: Option<Outcome>,
    json: String,
    earlier: Vec<String>,
}

impl Record {
    pub(crate) fn new(id: i64, time: Option<i64>, outcome: Option<Outcome>, json: String) -> Self {
        Self { id, time, outcome, json, earlier: Vec::new() }
    }

    pub(crate) fn set_earlier(&mut self, earlier: Vec<String>) {
        self.earlier = earlier;
    }

    /// The order of arrival in this store, of the first phase: positive, ascending, never reused. Another store numbers
    /// differently.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }

    /// What the `timestamp` of the first phase says, to the microsecond; `None` when it has none that can be read.
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

    /// What the event came to, as far as its phases say: an intent alone is `unknown`. `None` when none says it.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }

    /// The exact bytes of the phases before the latest, in order: `intent`, `final`. Empty but with strict delivery.
    #[must_use]
    pub fn earlier(&self) -> &[String] {
        &self.earlier
    }

    /// The exact bytes of the record, that of the latest phase: one JSON object, without a newline.
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

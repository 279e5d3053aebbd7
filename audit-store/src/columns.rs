//! What a record says that can be searched for.

use std::net::IpAddr;

use audit_core::{Field, Line, Outcome};

/// Copies of what a line says; `None` where it says nothing that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Columns {
    /// Microseconds since the epoch.
    pub(crate) time: Option<i64>,
    pub(crate) event_id: Option<String>,
    /// Empty when the record has none.
    pub(crate) phase: String,
    pub(crate) user: Option<String>,
    pub(crate) action: Option<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) method: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) route: Option<String>,
    pub(crate) ip: Option<String>,
    pub(crate) target_type: Option<String>,
    pub(crate) target_id: Option<String>,
}

impl Columns {
    pub(crate) fn of(line: &Line) -> Self {
        let text = |field| line.get(field).map(|text| text.into_owned());
        let phase = text(Field::Phase).unwrap_or_default();
        let outcome = match phase.as_str() {
            // Nobody knows yet what came of it.
            "intent" => Some(Outcome::Unknown.as_str().to_owned()),
            _ => text(Field::Outcome),
        };
        Self {
            time: text(Field::Timestamp).and_then(|time| Some(time.parse::<jiff::Timestamp>().ok()?.as_microsecond())),
            event_id: text(Field::EventId),
            phase,
            user: text(Field::User),
            action: text(Field::Action),
            outcome,
            status: text(Field::StatusCode).and_then(|status| status.parse().ok()),
            method: text(Field::Method),
            path: text(Field::Path),
            route: text(Field::Route),
            ip: text(Field::IpAddress).map(canonical),
            target_type: text(Field::TargetType),
            target_id: text(Field::TargetId),
        }
    }
}

/// One address has many texts; the column has the one that a filter compares with.
fn canonical(text: String) -> String {
    text.parse::<IpAddr>().map_or(text, |ip| ip.to_canonical().to_string())
}

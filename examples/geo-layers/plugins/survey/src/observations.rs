//! The observations that are kept.

use rusqlite::{Row, params};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use service_kit::database::{Database, DatabaseError};

use crate::sighting::Sighting;

/// What makes a database of each version from one of the version before.
pub(crate) const MIGRATIONS: &[&str] = &["CREATE TABLE observation (
        id        INTEGER PRIMARY KEY AUTOINCREMENT,
        observer  TEXT NOT NULL,
        timestamp TEXT NOT NULL,
        note      TEXT NOT NULL,
        phone     TEXT,
        geometry  TEXT NOT NULL
    ) STRICT;"];

/// How many are listed, the latest.
const LISTED: u32 = 1000;

/// A sighting that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Observation {
    pub(crate) id: i64,
    pub(crate) observer: String,
    /// RFC 3339, UTC, milliseconds.
    pub(crate) timestamp: String,
    pub(crate) note: String,
    #[serde(rename = "landowner_phone", skip_serializing_if = "Option::is_none")]
    pub(crate) phone: Option<String>,
    /// JSON.
    #[serde(serialize_with = "as_it_is")]
    pub(crate) geometry: String,
}

/// All observations. Every call blocks on the disk: an async caller uses a blocking task.
pub(crate) struct Observations<'a>(pub(crate) &'a Database);

impl Observations<'_> {
    /// Keeps what somebody saw.
    pub(crate) fn add(&self, observer: &str, seen: &Sighting) -> Result<Observation, DatabaseError> {
        let insert = "INSERT INTO observation (observer, timestamp, note, phone, geometry)
                      VALUES (?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), ?, ?, ?)
                      RETURNING id, observer, timestamp, note, phone, geometry";
        let values = params![observer, seen.note, seen.phone, seen.geometry];
        let added = self.0.connection().query_row(insert, values, observation);
        added.map_err(self.0.failed("add an observation"))
    }

    /// The latest, that one first.
    pub(crate) fn list(&self) -> Result<Vec<Observation>, DatabaseError> {
        let select = "SELECT id, observer, timestamp, note, phone, geometry FROM observation ORDER BY id DESC LIMIT ?";
        let connection = self.0.connection();
        let listed =
            connection.prepare_cached(select).and_then(|mut select| select.query_map([LISTED], observation)?.collect());
        listed.map_err(self.0.failed("list the observations"))
    }
}

fn observation(row: &Row<'_>) -> rusqlite::Result<Observation> {
    Ok(Observation {
        id: row.get(0)?,
        observer: row.get(1)?,
        timestamp: row.get(2)?,
        note: row.get(3)?,
        phone: row.get(4)?,
        geometry: row.get(5)?,
    })
}

fn as_it_is<S: Serializer>(json: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let raw: &RawValue = serde_json::from_str(json).map_err(serde::ser::Error::custom)?;
    raw.serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_kept_to_the_digit_and_the_latest_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("survey.db"), MIGRATIONS).unwrap();
        let observations = Observations(&database);
        let geometry = r#"{"type":"Point","coordinates":[1.50,-0.0]}"#;
        let seen = |note: &str, phone: Option<&str>| Sighting {
            note: note.to_owned(),
            phone: phone.map(str::to_owned),
            geometry: geometry.to_owned(),
        };
        let first = observations.add("ana", &seen("wet", Some("1234"))).unwrap();
        let at = &first.timestamp;
        assert!(at.len() == 24 && at.ends_with('Z'), "{at}");
        let about = format!(r#""id":1,"observer":"ana","timestamp":"{at}""#);
        let json = format!(r#"{{{about},"note":"wet","landowner_phone":"1234","geometry":{geometry}}}"#);
        assert_eq!(serde_json::to_string(&first).unwrap(), json);
        let second = observations.add("bo", &seen("dry", None)).unwrap();
        assert!(!serde_json::to_string(&second).unwrap().contains("phone"));
        assert_eq!(observations.list().unwrap(), [second, first]);
    }
}

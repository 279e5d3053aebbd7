//! One feature.

use std::borrow::Cow;

use geojson::Error;
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::geometry::{GeometryError, check};

/// How much is told of what is wrong, in characters: it may repeat what was sent.
const TOLD_CHARS: usize = 200;

/// A feature that is as RFC 7946 has it.
#[derive(Debug)]
pub struct Feature {
    text: String,
    read: geojson::Feature,
}

/// The members of an object that is to be a feature, as they were written.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Members<'a> {
    /// `Feature`, if it is one.
    #[serde(rename = "type", borrow)]
    pub kind: Option<Cow<'a, str>>,
    /// A string or a number.
    #[serde(borrow, deserialize_with = "written")]
    pub id: Option<&'a RawValue>,
    /// West, south, east, north; with heights, six numbers.
    #[serde(borrow, deserialize_with = "written")]
    pub bbox: Option<&'a RawValue>,
    /// A geometry or `null`.
    #[serde(borrow, deserialize_with = "written")]
    pub geometry: Option<&'a RawValue>,
    /// An object or `null`.
    #[serde(borrow, deserialize_with = "written")]
    pub properties: Option<&'a RawValue>,
}

/// What is wrong with a feature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FeatureError {
    /// It cannot be read as JSON, or as GeoJSON.
    #[error("{what}, at line {line}, column {column}")]
    Unreadable {
        /// The kind of what is wrong.
        what: &'static str,
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// It is JSON, and no feature that RFC 7946 knows.
    #[error("it is not as RFC 7946 has it")]
    NotAsSpecified,
    /// It is JSON, and no object.
    #[error("it is no object")]
    NoObject,
    /// Its `type` is another.
    #[error("its type is {0:?}; expected \"Feature\"")]
    Type(String),
    /// It has no `type`.
    #[error("it has no type; expected \"Feature\"")]
    NoType,
    /// It has no `geometry`, not even `null` (section 3.2).
    #[error("it has no geometry; expected one, or null")]
    NoGeometry,
    /// Its `bbox` has another length (section 5).
    #[error("its bbox has length {0}; expected 4 or 6 numbers")]
    Bbox(usize),
    /// Its coordinates.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
}

impl<'a> Members<'a> {
    /// Reads the members of an object; those that no feature has are passed over.
    ///
    /// # Errors
    /// When the text is no JSON, no object, or has a member twice.
    pub fn read(text: &'a str) -> Result<Self, FeatureError> {
        // A list of the right length would do for a struct, too.
        if !text.trim_ascii_start().starts_with('{') {
            let any = serde_json::from_str::<&RawValue>(text).map_err(|error| FeatureError::from(&error));
            return any.and(Err(FeatureError::NoObject));
        }
        serde_json::from_str(text).map_err(|error| FeatureError::from(&error))
    }
}

impl Feature {
    /// Reads a feature.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, FeatureError> {
        let members = Members::read(text)?;
        match members.kind.as_deref() {
            Some("Feature") => Self::of(&members),
            Some(kind) => Err(FeatureError::Type(told(kind))),
            None => Err(FeatureError::NoType),
        }
    }

    /// Makes a feature of these members, whatever type they say.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of(members: &Members<'_>) -> Result<Self, FeatureError> {
        let geometry = members.geometry.ok_or(FeatureError::NoGeometry)?;
        let mut text = String::from(r#"{"type":"Feature""#);
        let mut put = |name: &str, value: &str| {
            text.extend([",\"", name, "\":", value]);
        };
        if let Some(id) = members.id {
            put("id", id.get());
        }
        if let Some(bbox) = members.bbox {
            put("bbox", bbox.get());
        }
        put("geometry", geometry.get());
        // Section 3.2 demands it; many leave it out.
        put("properties", members.properties.map_or("null", RawValue::get));
        text.push('}');

        let read: geojson::Feature = text.parse().map_err(|error| match error {
            Error::MalformedGeoJson(error) => FeatureError::from(&error),
            // Its text may repeat what was sent.
            _ => FeatureError::NotAsSpecified,
        })?;
        if let Some(bbox) = read.bbox.as_ref().filter(|bbox| !matches!(bbox.len(), 4 | 6)) {
            return Err(FeatureError::Bbox(bbox.len()));
        }
        if let Some(geometry) = &read.geometry {
            check(geometry)?;
        }
        Ok(Self { text, read })
    }

    /// The feature as it was written, without members that RFC 7946 does not define.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// [`text`](Self::text), and the rest is dropped.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }

    /// What the text says.
    #[must_use]
    pub fn read(&self) -> &geojson::Feature {
        &self.read
    }
}

/// A member that is there, be it `null`.
fn written<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl From<&serde_json::Error> for FeatureError {
    /// Where and, of what went wrong, the kind: the parser's own text repeats what was sent, which a record hides elsewhere.
    fn from(error: &serde_json::Error) -> Self {
        let what = match error.classify() {
            // The one fault that is none of the text's.
            Category::Syntax if error.to_string().starts_with("recursion limit") => "it is nested too deeply",
            Category::Syntax | Category::Eof | Category::Io => "it is no JSON",
            Category::Data => "it has a member twice, or one that is not as RFC 7946 has it",
        };
        Self::Unreadable { what, line: error.line(), column: error.column() }
    }
}

fn told(text: &str) -> String {
    text.chars().take(TOLD_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_stays_and_what_is_foreign_goes() {
        for (given, expected) in [
            (
                r#"{"type":"Feature","geometry":{"type":"Point","coordinates":[1.50,-0.0]},"properties":{"n":1.0}}"#,
                r#"{"type":"Feature","geometry":{"type":"Point","coordinates":[1.50,-0.0]},"properties":{"n":1.0}}"#,
            ),
            (
                r#" {"password":"x","geometry":null,"id":"é","bbox":[1,2,3,4.0],"type":"Feature"} "#,
                r#"{"type":"Feature","id":"é","bbox":[1,2,3,4.0],"geometry":null,"properties":null}"#,
            ),
            (
                r#"{"type":"Feature","id":12345678901234567890,"properties":null,"geometry":null}"#,
                r#"{"type":"Feature","id":12345678901234567890,"geometry":null,"properties":null}"#,
            ),
        ] {
            assert_eq!(Feature::parse(given).unwrap().text(), expected);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let point = r#"{"type":"Point","coordinates":[1,2]}"#;
        let with = |more: &str| format!(r#"{{"type":"Feature","geometry":{point},"properties":null{more}}}"#);
        for (given, expected) in [
            ("[]".to_owned(), "it is no object"),
            ("[\"Feature\"".to_owned(), "it is no JSON, at line 1, column 10"),
            ("{".to_owned(), "it is no JSON, at line 1, column 1"),
            (point.to_owned(), r#"its type is "Point"; expected "Feature""#),
            (format!(r#"{{"geometry":{point}}}"#), r#"it has no type; expected "Feature""#),
            (r#"{"type":7}"#.to_owned(), "it has a member twice, or one that is not as RFC 7946 has it, at line 1"),
            (r#"{"type":"Feature","properties":{}}"#.to_owned(), "it has no geometry; expected one, or null"),
            (r#"{"type":"Feature","geometry":{}}"#.to_owned(), "not as RFC 7946 has it"),
            (r#"{"type":"Feature","geometry":{"type":"Circle"}}"#.to_owned(), "not as RFC 7946 has it"),
            (r#"{"type":"Feature","geometry":{"type":"Point"}}"#.to_owned(), "not as RFC 7946 has it"),
            (with(&format!(r#","geometry":{point}"#)), "it has a member twice"),
            (with(r#","id":true"#), "not as RFC 7946 has it"),
            (with(r#","bbox":[1,2,3]"#), "its bbox has length 3; expected 4 or 6 numbers"),
            (with(r#","bbox":"all""#), "not as RFC 7946 has it"),
            (r#"{"type":"Feature","geometry":null,"properties":[]}"#.to_owned(), "not as RFC 7946 has it"),
            (
                r#"{"type":"Feature","geometry":{"type":"LineString","coordinates":[[1,2]]}}"#.to_owned(),
                "a line has length 1; expected at least 2 positions",
            ),
        ] {
            let found = Feature::parse(&given).map(Feature::into_text).map_err(|error| error.to_string());
            assert!(found.as_ref().is_err_and(|found| found.contains(expected)), "{given}: {found:?}");
        }
    }

    #[test]
    fn nothing_of_what_was_sent_is_told() {
        for given in [
            r#"{"type":"Feature","geometry":"POINT(39.46)","properties":null}"#,
            r#"{"type":"Feature","geometry":{"type":"Point","coordinates":"39.46"},"properties":null}"#,
            r#"{"type":"Feature","geometry":null,"properties":"39.46"}"#,
            r#"{"type":"Feature","geometry":null,"properties":null,"id":[39.46]}"#,
            r#"{"type":"Feature","geometry":{"type":"39.46","coordinates":[]},"properties":null}"#,
        ] {
            let told = Feature::parse(given).err().unwrap().to_string();
            assert!(!told.contains("39.46"), "{given}: {told}");
        }
    }

    #[test]
    fn no_depth_of_nesting_is_too_much_for_the_stack() {
        const DEPTH: usize = 100_000;
        let deep = [r#"{"type":"Point","coordinates":"#, &"[".repeat(DEPTH), &"]".repeat(DEPTH), "}"].concat();
        let collection = r#"{"type":"GeometryCollection","geometries":["#.repeat(DEPTH) + &"]}".repeat(DEPTH);
        for geometry in [deep, collection] {
            let found = Feature::parse(&format!(r#"{{"type":"Feature","geometry":{geometry}}}"#)).err().unwrap();
            assert!(found.to_string().contains("nested too deeply"), "{found}");
        }
    }

    #[test]
    fn little_is_told_of_what_is_long() {
        let given = format!(r#"{{"type":"{}"}}"#, "ñ".repeat(100_000));
        assert!(Feature::parse(&given).err().unwrap().to_string().chars().count() < 250);
    }
}

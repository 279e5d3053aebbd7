//! What a client sends: a point with a note.

use geo_layers_features::geojson::GeometryValue;
use geo_layers_features::{Feature, FeatureError, Members};
use serde_json::Value;

/// The property that no record may have.
pub(crate) const PHONE: &str = "landowner_phone";

/// How long a note may be, in characters.
const NOTE_CHARS: usize = 2000;
/// How long a telephone number may be, in characters.
const PHONE_CHARS: usize = 40;

/// Something that was seen.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sighting {
    pub(crate) note: String,
    pub(crate) phone: Option<String>,
    /// A point, as it was written.
    pub(crate) geometry: String,
}

/// What is wrong with a body.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SightingError {
    #[error("the body is not UTF-8")]
    Encoding,
    #[error(transparent)]
    Feature(#[from] FeatureError),
    #[error("its geometry is no point")]
    NoPoint,
    #[error("its properties have no {0}; expected a text")]
    Missing(&'static str),
    #[error("{0} is no text")]
    NoText(&'static str),
    #[error("{name} has more than {most} characters")]
    Long { name: &'static str, most: usize },
}

impl Sighting {
    /// Reads a `Feature` whose geometry is a `Point`, with `note` and perhaps [`PHONE`] among its properties.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, SightingError> {
        let text = str::from_utf8(body).map_err(|_| SightingError::Encoding)?;
        let feature = Feature::parse(text)?;
        let geometry = feature.read().geometry.as_ref().map(|geometry| &geometry.value);
        if !matches!(geometry, Some(GeometryValue::Point { .. })) {
            return Err(SightingError::NoPoint);
        }
        let note = property(&feature, "note", NOTE_CHARS)?;
        let note = note.filter(|note| !note.trim().is_empty()).ok_or(SightingError::Missing("note"))?;
        let phone = property(&feature, PHONE, PHONE_CHARS)?;
        let geometry = Members::read(text)?.geometry.ok_or(SightingError::NoPoint)?;
        Ok(Self { note, phone, geometry: geometry.get().to_owned() })
    }
}

fn property(feature: &Feature, name: &'static str, most: usize) -> Result<Option<String>, SightingError> {
    match feature.read().property(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().nth(most).is_some() => Err(SightingError::Long { name, most }),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(SightingError::NoText(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(geometry: &str, properties: &str) -> Result<Sighting, String> {
        let body = format!(r#"{{"type":"Feature","geometry":{geometry},"properties":{properties}}}"#);
        Sighting::parse(body.as_bytes()).map_err(|error| error.to_string())
    }

    const POINT: &str = r#"{"type":"Point","coordinates":[-0.50,39.40]}"#;

    #[test]
    fn a_point_and_a_note_are_kept_as_they_were_written() {
        for (properties, phone) in [
            (r#"{"note":" wet\n","weather":"rain"}"#, None),
            (r#"{"note":" wet\n","landowner_phone":null}"#, None),
            (r#"{"note":" wet\n","landowner_phone":"+34 600 000 000"}"#, Some("+34 600 000 000".to_owned())),
        ] {
            let expected = Sighting { note: " wet\n".to_owned(), phone, geometry: POINT.to_owned() };
            assert_eq!(parsed(POINT, properties), Ok(expected));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let long = |name: &str, most: usize| format!(r#"{{"note":"x","{name}":"{}"}}"#, "ñ".repeat(most + 1));
        for (geometry, properties, expected) in [
            (
                r#"{"type":"MultiPoint","coordinates":[[1,2]]}"#,
                r#"{"note":"x"}"#.to_owned(),
                "its geometry is no point",
            ),
            ("null", r#"{"note":"x"}"#.to_owned(), "its geometry is no point"),
            (POINT, "null".to_owned(), "its properties have no note; expected a text"),
            (POINT, r#"{"note":" "}"#.to_owned(), "its properties have no note; expected a text"),
            (POINT, r#"{"note":7}"#.to_owned(), "note is no text"),
            (POINT, long("landowner_phone", PHONE_CHARS), "landowner_phone has more than 40 characters"),
            (POINT, format!(r#"{{"note":"{}"}}"#, "ñ".repeat(NOTE_CHARS + 1)), "note has more than 2000 characters"),
        ] {
            assert_eq!(parsed(geometry, &properties), Err(expected.to_owned()));
        }
        let collection = br#"{"type":"FeatureCollection","features":[]}"#;
        let expected = FeatureError::Type("FeatureCollection".to_owned());
        assert_eq!(Sighting::parse(collection), Err(SightingError::Feature(expected)));
        assert_eq!(Sighting::parse(b"\xff"), Err(SightingError::Encoding));
    }
}

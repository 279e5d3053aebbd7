//! What a client wants a layer to be: the forms that a body may have.

use geo_layers_features::{Feature, FeatureError, Members};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// How long a name or a title may be, in characters.
const LABEL_CHARS: usize = 80;

/// What a body says, each feature as text; for what it does not say, `None`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) name: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) features: Option<Vec<String>>,
    /// The `name` among the properties of the only feature, which names a layer that has no other.
    property: Option<String>,
}

/// A layer that can be added.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NewLayer {
    pub(crate) name: String,
    pub(crate) title: Option<String>,
    pub(crate) features: Vec<String>,
}

/// What is wrong with a body. Features are counted from 0.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DraftError {
    #[error("the body is not UTF-8")]
    Encoding,
    /// The body itself, or its only feature.
    #[error(transparent)]
    Object(#[from] FeatureError),
    #[error("features[{index}]: {source}")]
    Feature { index: usize, source: FeatureError },
    #[error("features is no array")]
    NoFeatures,
    #[error("its type is none of FeatureCollection and Feature")]
    Type,
    #[error("{0} is no text")]
    NoText(&'static str),
    #[error("{0} is blank, or begins or ends with a space")]
    Spaces(&'static str),
    #[error("{0} has more than {LABEL_CHARS} characters")]
    Long(&'static str),
    #[error("{0} has a control character")]
    Control(&'static str),
    #[error("there is no name; expected one beside the features or among the properties of the only one")]
    Nameless,
    #[error("there is no geometry and there are no features")]
    Empty,
    #[error("there is nothing to change; expected a name, a title, a geometry or features")]
    Nothing,
}

/// Members that RFC 7946 calls foreign, and the one that only a collection has.
#[derive(Deserialize)]
struct Beside<'a> {
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    title: Option<&'a RawValue>,
    #[serde(borrow)]
    features: Option<&'a RawValue>,
}

impl Draft {
    /// Reads a body: a `FeatureCollection`, as ogr2ogr and QGIS write it; a `Feature`; or an object without `type`. Its
    /// `geometry`, if it has one, is that of the only feature.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, DraftError> {
        let text = str::from_utf8(body).map_err(|_| DraftError::Encoding)?;
        let members = Members::read(text)?;
        // The members of a feature are read; only duplicates among these are left to complain about.
        let beside: Beside<'_> = serde_json::from_str(text).map_err(|error| FeatureError::from(&error))?;
        let mut draft =
            Self { name: label("name", beside.name)?, title: label("title", beside.title)?, ..Self::default() };
        match members.kind.as_deref() {
            Some("FeatureCollection") => draft.features = Some(collection(beside.features)?),
            Some("Feature") => draft.set_only(Feature::of(&members)?),
            None if members.geometry.is_some() => draft.set_only(Feature::of(&members)?),
            None => {}
            Some(_) => return Err(DraftError::Type),
        }
        Ok(draft)
    }

    fn set_only(&mut self, feature: Feature) {
        self.property = feature.read().property("name").and_then(Value::as_str).map(str::to_owned);
        self.features = Some(vec![feature.into_text()]);
    }

    /// A layer, if enough is said.
    pub(crate) fn into_new(self) -> Result<NewLayer, DraftError> {
        let name = match (self.name, self.property) {
            (Some(name), _) => name,
            (None, Some(name)) => checked("name", name)?,
            (None, None) => return Err(DraftError::Nameless),
        };
        let features = self.features.ok_or(DraftError::Empty)?;
        Ok(NewLayer { name, title: self.title, features })
    }

    /// What is to change of a layer that there is, which a property renames not.
    pub(crate) fn into_change(self) -> Result<Self, DraftError> {
        let change = Self { property: None, ..self };
        if change == Self::default() { Err(DraftError::Nothing) } else { Ok(change) }
    }
}

fn collection(features: Option<&RawValue>) -> Result<Vec<String>, DraftError> {
    let features = features.ok_or(DraftError::NoFeatures)?.get();
    let features: Vec<&RawValue> = serde_json::from_str(features).map_err(|_| DraftError::NoFeatures)?;
    let features = features.iter().enumerate().map(|(index, feature)| {
        let feature = Feature::parse(feature.get()).map_err(|source| DraftError::Feature { index, source })?;
        Ok(feature.into_text())
    });
    features.collect()
}

fn label(member: &'static str, value: Option<&RawValue>) -> Result<Option<String>, DraftError> {
    let Some(value) = value else { return Ok(None) };
    let text = serde_json::from_str::<String>(value.get()).map_err(|_| DraftError::NoText(member))?;
    checked(member, text).map(Some)
}

fn checked(member: &'static str, text: String) -> Result<String, DraftError> {
    if text.chars().any(char::is_control) {
        Err(DraftError::Control(member))
    } else if text.is_empty() || text.trim() != text {
        Err(DraftError::Spaces(member))
    } else if text.chars().nth(LABEL_CHARS).is_some() {
        Err(DraftError::Long(member))
    } else {
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINT: &str = r#"{"type":"Point","coordinates":[-0.50,39.40]}"#;

    fn new(body: &str) -> Result<NewLayer, String> {
        Draft::parse(body.as_bytes()).and_then(Draft::into_new).map_err(|error| error.to_string())
    }

    fn kept(properties: &str) -> String {
        format!(r#"{{"type":"Feature","geometry":{POINT},"properties":{properties}}}"#)
    }

    #[test]
    fn each_form_of_a_body_makes_a_layer() {
        let layer = |name: &str, title: Option<&str>, features: &[String]| NewLayer {
            name: name.to_owned(),
            title: title.map(str::to_owned),
            features: features.to_vec(),
        };
        let crs = r#""crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}}"#;
        let collection = |features: &str| {
            format!(r#"{{"type":"FeatureCollection","name":"roads","title":"Las vías",{crs},"features":[{features}]}}"#)
        };
        let two = [kept(r#"{"n":1.0}"#), kept("null")];
        for (body, expected) in [
            (collection(""), layer("roads", Some("Las vías"), &[])),
            (collection(&two.join(",\n")), layer("roads", Some("Las vías"), &two)),
            (kept(r#"{"name":"wells"}"#), layer("wells", None, &[kept(r#"{"name":"wells"}"#)])),
            (
                format!(r#"{{"type":"Feature","name":"wells","geometry":{POINT},"properties":{{"name":"one"}}}}"#),
                layer("wells", None, &[kept(r#"{"name":"one"}"#)]),
            ),
            (
                format!(r#"{{"name": "Mi Capa", "password": "hunter2", "geometry": {POINT}}}"#),
                layer("Mi Capa", None, &[kept("null")]),
            ),
        ] {
            assert_eq!(new(&body), Ok(expected), "{body}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let line = r#"{"type":"Feature","geometry":{"type":"LineString","coordinates":[[1,2]]},"properties":null}"#;
        let collection = |rest: &str| format!(r#"{{"type":"FeatureCollection","name":"x"{rest}}}"#);
        for (body, expected) in [
            ("".to_owned(), "it is no JSON"),
            ("[1]".to_owned(), "it is no object"),
            ("{}".to_owned(), "there is no name"),
            (r#"{"name":"x"}"#.to_owned(), "there is no geometry and there are no features"),
            (kept("null"), "there is no name"),
            (kept(r#"{"name":7}"#), "there is no name"),
            (kept(r#"{"name":""}"#), "name is blank"),
            (POINT.to_owned(), "its type is none of FeatureCollection and Feature"),
            (collection(""), "features is no array"),
            (collection(r#","features":{}"#), "features is no array"),
            (collection(r#","features":[],"features":[]"#), "it has a member twice"),
            (collection(r#","features":[],"name":"y""#), "it has a member twice"),
            (collection(&format!(r#","features":[{},{line}]"#, kept("{}"))), "features[1]: a line has length 1"),
            (collection(&format!(r#","features":[{POINT}]"#)), r#"features[0]: its type is "Point""#),
            (collection(r#","features":[[]]"#), "features[0]: it is no object"),
            (r#"{"name":"x","geometry":{"type":"Point","coordinates":[1]}}"#.to_owned(), "not as RFC 7946 has it"),
        ] {
            let found = new(&body);
            assert!(found.as_ref().is_err_and(|found| found.contains(expected)), "{body}: {found:?}");
        }
        assert_eq!(Draft::parse(b"{\"name\":\"\xff\"}"), Err(DraftError::Encoding));
    }

    #[test]
    fn a_label_is_short_and_can_be_printed() {
        let label = |member: &str, value: &str| {
            let body = format!(r#"{{"{member}":{value},"geometry":null}}"#);
            Draft::parse(body.as_bytes()).map(|draft| draft.name.or(draft.title)).map_err(|error| error.to_string())
        };
        for text in ["a", "Límites 2024/1", &"ñ".repeat(80)] {
            assert_eq!(label("name", &format!("{text:?}")), Ok(Some(text.to_owned())));
        }
        assert_eq!(label("name", "null"), Ok(None));
        for (value, expected) in [
            ("7", "is no text"),
            (r#""""#, "is blank, or begins or ends with a space"),
            (r#"" ""#, "is blank, or begins or ends with a space"),
            (r#""a ""#, "is blank, or begins or ends with a space"),
            (r#""a\u0000b""#, "has a control character"),
            (r#""a\n""#, "has a control character"),
            (&format!("{:?}", "ñ".repeat(81)), "has more than 80 characters"),
        ] {
            for member in ["name", "title"] {
                assert_eq!(label(member, value), Err(format!("{member} {expected}")));
            }
        }
    }

    #[test]
    fn a_change_says_something_and_no_property_renames() {
        let change = |body: &str| Draft::parse(body.as_bytes()).and_then(Draft::into_change);
        assert_eq!(change("{}"), Err(DraftError::Nothing));
        assert_eq!(change(r#"{"name":"b"}"#), Ok(Draft { name: Some("b".to_owned()), ..Draft::default() }));
        let feature = kept(r#"{"name":"one"}"#);
        assert_eq!(change(&feature), Ok(Draft { features: Some(vec![feature.clone()]), ..Draft::default() }));
    }
}

//! YAML, read as JSON values.

use serde_json::Value;

/// Reads one document, by YAML 1.2, where `on` is a text. A key that stands twice is an error.
///
/// # Errors
/// When it is not YAML.
pub fn read(text: &str) -> Result<Value, serde_saphyr::Error> {
    serde_saphyr::from_str_with_options(text, serde_saphyr::options! { strict_booleans: true })
}

/// The member at a path of keys, or null.
#[must_use]
pub fn at<'a>(value: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().fold(value, |value, key| value.get(key).unwrap_or(&Value::Null))
}

/// The members of a list; of anything else, none.
pub fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The members of an object; of anything else, none.
pub fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

/// The text, or an empty one.
#[must_use]
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Whether a text is a duration of Go's: `5s`, `500ms`, `168h`.
#[must_use]
pub fn is_duration(text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    unit.len() < text.len() && ["ms", "s", "m", "h"].contains(&unit)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_duration_has_a_number_and_a_unit() {
        assert!(["5s", "500ms", "168h"].into_iter().all(is_duration));
        assert!(!["5", "s", "", "5 s", "5days"].into_iter().any(is_duration));
    }

    #[test]
    fn yaml_is_read_and_what_is_none_is_not() {
        let value = read("a: &x {b: [1, on, 'c']}\nd: *x\ne:\n").unwrap();
        assert_eq!(value["d"], json!({"b": [1, "on", "c"]}));
        assert_eq!(value["e"], Value::Null);
        for text in ["a: 1\na: 2", "a: [1", "a:\n\t- b", "a: *x"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}

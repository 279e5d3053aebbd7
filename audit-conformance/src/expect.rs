//! What a record is to hold.

use serde_json::Value;

/// What one request is to leave.
#[derive(Debug, Clone)]
pub(crate) enum Expected {
    /// A record with these members; see [`differences`].
    Record(Value),
    /// The same, of an answer whose head cannot promise a record yet.
    Unannounced(Value),
    /// The same, of an answer that was cut and that the client takes for whole.
    EndedAsWhole(Value),
    /// Such a record, or none.
    Perhaps(Value),
    /// Nothing.
    Nothing,
}

impl Expected {
    /// What the record is to hold, if there is to be one.
    pub(crate) fn members(&self) -> Option<&Value> {
        match self {
            Self::Record(members)
            | Self::Unannounced(members)
            | Self::EndedAsWhole(members)
            | Self::Perhaps(members) => Some(members),
            Self::Nothing => None,
        }
    }

    pub(crate) fn members_mut(&mut self) -> Option<&mut Value> {
        match self {
            Self::Record(members)
            | Self::Unannounced(members)
            | Self::EndedAsWhole(members)
            | Self::Perhaps(members) => Some(members),
            Self::Nothing => None,
        }
    }
}

/// The key that says how many bytes the whole answer has, where a client leaves that could have counted them: a completed
/// record is one of all of them, and no record of more.
pub(crate) const WHOLE: &str = "$whole";

/// Where a record is not what was expected: one line each.
///
/// `expected` is an object. A key is a member's name, or with a `/` in front a JSON pointer, or [`WHOLE`]; `null` asks for
/// absence. A value is the member's, or an object with one key that begins with `$`:
///
/// | | the member |
/// |---|---|
/// | `{"$not": value}` | is another |
/// | `{"$in": [values]}` | is one of these |
/// | `{"$contains": "text"}` | is a string that holds the text |
/// | `{"$more": number}` | is a number above it |
/// | `{"$some": true}` | is there |
pub(crate) fn differences(record: &Value, expected: &Value) -> Vec<String> {
    let Value::Object(expected) = expected else { return vec![format!("{expected} is no object")] };
    let different = expected.iter().filter_map(|(key, value)| {
        if key == WHOLE {
            return untaken(record, value);
        }
        let actual = if key.starts_with('/') { record.pointer(key) } else { record.get(key) };
        let actual = actual.unwrap_or(&Value::Null);
        (!matches(actual, value)).then(|| format!("{key}: {actual} instead of {value}"))
    });
    different.collect()
}

/// Where a record counts other bytes than an answer of `whole` bytes allows.
pub(crate) fn untaken(record: &Value, whole: &Value) -> Option<String> {
    let taken = &record["response_bytes"];
    let right = match record["completion"] == "completed" {
        true => taken == whole,
        false => taken.is_null() || taken.as_u64() <= whole.as_u64(),
    };
    (!right).then(|| format!("{} with response_bytes {taken}, and the whole answer has {whole}", record["completion"]))
}

fn matches(actual: &Value, expected: &Value) -> bool {
    let asked = match expected {
        Value::Object(members) if members.len() == 1 => members.iter().next().filter(|(key, _)| key.starts_with('$')),
        _ => None,
    };
    let Some((asked, value)) = asked else { return actual == expected };
    match (asked.as_str(), value) {
        ("$not", value) => actual != value,
        ("$in", Value::Array(values)) => values.contains(actual),
        ("$contains", Value::String(text)) => actual.as_str().is_some_and(|actual| actual.contains(text)),
        ("$more", Value::Number(number)) => actual.as_f64() > number.as_f64() && actual.is_number(),
        ("$some", Value::Bool(true)) => !actual.is_null(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::differences;

    #[test]
    fn members_are_what_was_asked_for() {
        let record = json!({"a": 1, "b": "text", "c": {"d": [1, {"e": 2}]}});
        for right in [
            json!({"a": 1, "b": "text", "z": null}),
            json!({"/c/d/1/e": 2, "/c/z": null}),
            json!({"a": {"$not": 2}, "b": {"$contains": "ex"}}),
            json!({"a": {"$in": [0, 1]}}),
            json!({"a": {"$more": 0}, "c": {"$some": true}}),
        ] {
            assert_eq!(differences(&record, &right), Vec::<String>::new(), "{right}");
        }
        for wrong in [
            json!({"a": 2}),
            json!({"a": null}),
            json!({"z": 1}),
            json!({"/c/d/0": 2}),
            json!({"a": {"$not": 1}}),
            json!({"a": {"$in": [0, 2]}}),
            json!({"b": {"$contains": "no"}}),
            json!({"a": {"$more": 1}}),
            json!({"z": {"$more": 1}}),
            json!({"z": {"$some": true}}),
            json!({"a": {"$unknown": 1}}),
            json!({"c": {"d": []}}),
        ] {
            assert_eq!(differences(&record, &wrong).len(), 1, "{wrong}");
        }
        assert_eq!(differences(&record, &json!({"a": 2})), ["a: 1 instead of 2"]);
    }

    #[test]
    fn a_completed_record_has_all_of_the_answer() {
        let whole = json!({"$whole": 4, "completion": {"$in": ["aborted", "completed"]}});
        for (completion, bytes, wrong) in [
            ("completed", json!(4), 0),
            ("completed", json!(3), 1),
            ("completed", json!(5), 1),
            ("completed", json!(null), 1),
            ("aborted", json!(null), 0),
            ("aborted", json!(4), 0),
            ("aborted", json!(5), 1),
        ] {
            let found = differences(&json!({"completion": completion, "response_bytes": bytes}), &whole);
            assert_eq!(found.len(), wrong, "{completion} {bytes}: {found:?}");
        }
    }
}

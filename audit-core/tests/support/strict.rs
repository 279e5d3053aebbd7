//! Reads a record more strictly than any reader need.

use std::fmt;

use audit_core::{Field, Line};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// Every key that may stand at top level.
const KEYS: &[&str] = &[
    "timestamp",
    "level",
    "method",
    "path",
    "user",
    "user_id",
    "status_code",
    "response_time_ms",
    "ip_address",
    "query_params",
    "user_agent",
    "headers",
    "request_body",
    "schema",
    "event_id",
    "action",
    "outcome",
    "completion",
    "phase",
    "reason",
    "error",
    "started_at",
    "route",
    "handler",
    "framework",
    "service",
    "environment",
    "instance",
    "actor_type",
    "actor_roles",
    "on_behalf_of",
    "tenant_id",
    "session_id",
    "target_type",
    "target_id",
    "targets",
    "changes",
    "data",
    "steps",
    "calls",
    "request_id",
    "trace_id",
    "span_id",
    "peer_address",
    "forwarded_for",
    "request_bytes",
    "response_bytes",
    "response_headers",
    "response_body",
    "mode",
    "redacted",
    "truncated",
    "original_bytes",
    "seq",
    "chain_id",
    "prev_hash",
    "hash",
];

/// JSON that has no key twice at any level.
pub struct Strict(pub Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Strict;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }
            fn visit_bool<E: Error>(self, value: bool) -> Result<Strict, E> {
                Ok(Strict(value.into()))
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Strict, E> {
                Ok(Strict(value.into()))
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Strict, E> {
                Ok(Strict(value.into()))
            }
            fn visit_f64<E: Error>(self, value: f64) -> Result<Strict, E> {
                Ok(Strict(value.into()))
            }
            fn visit_str<E: Error>(self, value: &str) -> Result<Strict, E> {
                Ok(Strict(value.into()))
            }
            fn visit_unit<E: Error>(self) -> Result<Strict, E> {
                Ok(Strict(Value::Null))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Strict, A::Error> {
                let mut list = Vec::new();
                while let Some(Strict(value)) = seq.next_element()? {
                    list.push(value);
                }
                Ok(Strict(list.into()))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Strict, A::Error> {
                let mut object = serde_json::Map::new();
                while let Some((key, Strict(value))) = map.next_entry::<String, Strict>()? {
                    if object.insert(key.clone(), value).is_some() {
                        return Err(A::Error::custom(format!("the key {key:?} stands twice")));
                    }
                }
                Ok(Strict(object.into()))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// Everything that holds for every line.
#[track_caller]
pub fn check_line(line: &Line, limit: usize) -> Value {
    let bytes = line.bytes();
    assert!(bytes.len() <= limit, "{} bytes are more than {limit}", bytes.len());
    let text = std::str::from_utf8(bytes).expect("UTF-8");
    let json = text.strip_suffix('\n').expect("one newline at the end");
    assert_eq!(json, line.json());
    let misleading = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!json.chars().any(misleading), "a character that is to be escaped: {json:?}");
    let Strict(record) = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"));
    let members = record.as_object().expect("an object");
    for (key, value) in members {
        assert!(KEYS.contains(&key.as_str()), "no such key: {key}");
        check_flattened(key, value);
    }
    check_types(&record);
    for field in Field::ALL {
        let expected =
            record.get(field.key()).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        assert_eq!(line.get(field).as_deref(), expected.as_deref(), "{field:?}");
    }
    for written in [bytes, json.as_bytes()] {
        let again = Line::parse(written).expect("what was written can be read");
        assert_eq!(again.bytes(), bytes);
        for field in Field::ALL {
            assert_eq!(again.get(field), line.get(field), "{field:?}");
        }
    }
    record
}

/// As LogQL's `| json` does: members of objects get the name of their path, whatever is no letter or digit is `_`.
fn check_flattened(path: &str, value: &Value) {
    let Value::Object(members) = value else { return };
    for (key, value) in members {
        let clean: String = key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let flat = format!("{path}_{clean}");
        assert!(!KEYS.contains(&flat.as_str()), "{flat} shadows a key");
        check_flattened(&flat, value);
    }
}

#[track_caller]
fn check_types(record: &Value) {
    let kind = |value: &Value| match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let types: &[(&[&str], &str)] = &[
        (&["timestamp", "level", "method", "path", "user", "ip_address", "user_agent", "schema", "event_id"], "string"),
        (&["action", "outcome", "completion", "mode", "started_at", "actor_type", "reason", "error"], "string"),
        (&["status_code", "response_time_ms", "request_bytes", "redacted", "original_bytes"], "number"),
        (&["query_params", "headers", "changes", "data"], "object"),
        (&["targets", "steps", "calls"], "array"),
    ];
    for (keys, expected) in types {
        for key in *keys {
            if let Some(value) = record.get(key) {
                assert_eq!(kind(value), *expected, "{key} is {value}");
            }
        }
    }
    if let Some(id) = record.get("user_id") {
        assert!(id.is_string() || id.is_number());
    }
    let word = |key: &str, words: &[&str]| {
        assert!(record[key].as_str().is_some_and(|word| words.contains(&word)), "{key} is {}", record[key]);
    };
    word("level", &["info", "warn", "error"]);
    word("outcome", &["success", "denied", "rejected", "failed", "unknown"]);
    word("completion", &["completed", "aborted", "client_disconnected", "panicked", "timed_out", "shutdown"]);
    word("mode", &["basic", "compact", "full"]);
    word("schema", &["audit/1"]);
    let time = record["timestamp"].as_str().expect("a text");
    assert_eq!(time.len(), "2026-11-22T10:00:00.000000Z".len(), "{time}");
    time.parse::<jiff::Timestamp>().expect("RFC 3339");
    let id: uuid::Uuid = record["event_id"].as_str().expect("a text").parse().expect("a UUID");
    assert_eq!(id.get_version_num(), 7);
    assert_eq!(record.get("truncated").is_some(), record.get("original_bytes").is_some());
    assert!(record.get("truncated").is_none_or(|truncated| *truncated == true));
    assert!(record.get("original_bytes").is_none_or(|bytes| bytes.as_u64() > Some(0)), "what was cut had no bytes");
}

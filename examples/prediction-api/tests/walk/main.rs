//! A walk through every route, good and bad: each answer, and each record field by field, in the file and as it is
//! asked for.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

mod alerts;
mod asking;
mod feedback;
mod limits;
mod logins;
mod outside;
mod predictions;
mod refusals;
mod retraining;
mod silence;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;

use jsonwebtoken::{EncodingKey, Header, encode, get_current_timestamp};
use serde_json::{Value, json};
use support::{Answer, Service};

const KEY: &str = "a key of the walk, long enough: 0123456789";
const ANAS: &str = "ana's:own-Password1";
const BOS: &str = "bos-Password2";
const WRONG: &str = "nobodys-Password3";

fn start(data_dir: &Path) -> Service {
    start_with(data_dir, &[])
}

/// Starts with more settings than every walk has.
fn start_with(data_dir: &Path, more: &[(&str, &str)]) -> Service {
    let users = format!("ana:{ANAS}:admin,bo:{BOS}:user");
    let variables =
        [("PREDICTION_API_USERS", &*users), ("JWT_SECRET_KEY", KEY), ("AUDIT_TRUSTED_PROXIES", "127.0.0.1")];
    Service::start(data_dir, &[&variables, more].concat())
}

/// A token that this service could have issued, but for what `change` does to it.
fn minted(change: impl FnOnce(&mut Value)) -> String {
    let now = get_current_timestamp();
    let mut claims = json!({"iss": "prediction-api", "aud": "prediction-api", "sub": "bo", "iat": now, "nbf": now,
                            "exp": now + 60});
    change(&mut claims);
    encode(&Header::default(), &claims, &EncodingKey::from_secret(KEY.as_bytes())).unwrap()
}

/// Compares a whole record: takes out what differs from run to run, checks it by its shape, and expects the rest to be
/// `common` with `expected` over it, no key more and none less. `null` stands for absent.
fn check(record: &Value, answer: &Answer, expected: Value) {
    let mut rest = record.as_object().unwrap().clone();
    let mut take = |key: &str| rest.remove(key).unwrap_or_else(|| panic!("no {key} in {record}"));
    let (timestamp, started_at) = (take("timestamp"), take("started_at"));
    for time in [&timestamp, &started_at] {
        let time = time.as_str().unwrap();
        assert!(time.len() == 27 && time.ends_with('Z') && time.as_bytes()[10] == b'T', "{time}");
    }
    assert!(started_at.as_str() <= timestamp.as_str());
    assert!(take("response_time_ms").as_f64().unwrap() >= 0.0);
    assert_eq!(take("event_id").as_str(), answer.audit_id().as_deref());
    assert!(take("seq").as_u64().is_some_and(|seq| seq > 0));
    let headers = take("headers");
    assert_eq!(headers["accept"], "*/*");
    assert!(headers.get("user-agent").is_none());
    if let Some(authorization) = headers.get("authorization") {
        assert_eq!(authorization, "[FILTERED]");
    }
    for key in ["calls", "steps"] {
        for item in rest.get_mut(key).into_iter().flat_map(|list| list.as_array_mut().unwrap()) {
            let item = item.as_object_mut().unwrap();
            let time = item.remove("duration_ms").or_else(|| item.remove("at_ms"));
            assert!(time.is_some_and(|time| time.as_f64().unwrap() >= 0.0));
        }
    }
    let mut whole = json!({
        "level": "warn", "method": "POST", "user": "anonymous", "actor_type": "anonymous",
        "status_code": answer.status, "ip_address": "127.0.0.1", "schema": "audit/1", "completion": "completed",
        "mode": "compact", "framework": "axum", "response_bytes": answer.bytes, "user_agent": "walk/1",
    });
    let whole = whole.as_object_mut().unwrap();
    whole.extend(expected.as_object().unwrap().clone());
    if let Some(path) = whole.get("path").cloned() {
        whole.entry("route").or_insert(path);
    }
    whole.retain(|_, value| !value.is_null());
    assert_eq!(Value::Object(rest), Value::Object(whole.clone()));
}

/// `base` with `more` over it.
fn with(mut base: Value, more: Value) -> Value {
    base.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    base
}

fn ana() -> Value {
    json!({"user": "ana", "user_id": 1, "actor_type": "user", "actor_roles": "admin"})
}

fn bo() -> Value {
    json!({"user": "bo", "user_id": 2, "actor_type": "user", "actor_roles": "user"})
}

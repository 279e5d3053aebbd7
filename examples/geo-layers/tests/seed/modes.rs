//! "Modos de Logging": what each mode keeps of one request.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Answer, POINT, Server};

/// The eight facts of mode `basic`, as the document's sample names them.
const EIGHT: [&str; 8] =
    ["timestamp", "method", "path", "user", "user_id", "status_code", "response_time_ms", "ip_address"];
/// What the sample has besides.
const LEVEL: &str = "level";
/// What mode `full` adds.
const ADDED: [&str; 4] = ["query_params", "user_agent", "headers", "request_body"];
/// What our record of a layer that was made has besides, in every mode.
const OURS: [&str; 19] = [
    "action",
    "actor_roles",
    "actor_type",
    "completion",
    "data",
    "event_id",
    "framework",
    "handler",
    "mode",
    "outcome",
    "request_bytes",
    "response_bytes",
    "route",
    "schema",
    "seq",
    "session_id",
    "started_at",
    "target_id",
    "target_type",
];

/// Makes a layer, with a query and a secret, and gives the record's line.
async fn made_with(variables: &[(&str, &str)]) -> (String, Value, Answer) {
    let server = Server::audited(variables);
    let ana = server.user("ana").await;
    let body = format!(r#"{{"name":"wells","password":"hunter2","geometry":{POINT}}}"#);
    let answer = ana.post_json("/api/v1/layers/?format=json", body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let line = server.line_of(&answer).await;
    let record = serde_json::from_str(&line).unwrap();
    (line, record, answer)
}

fn keys(record: &Value) -> BTreeSet<&str> {
    record.as_object().unwrap().keys().map(String::as_str).collect()
}

fn set(names: &[&[&'static str]]) -> BTreeSet<&'static str> {
    names.concat().into_iter().collect()
}

#[tokio::test]
async fn basic_has_the_eight_facts_and_nothing_that_was_sent() {
    let (line, record, answer) = made_with(&[("AUDIT_MODE", "basic")]).await;
    assert_eq!(keys(&record), set(&[&EIGHT, &[LEVEL], &OURS]), "{line}");
    let fact = |name: &str| record[name].clone();
    assert_eq!([fact("method"), fact("path")], ["POST", "/api/v1/layers/"]);
    assert_eq!([fact("user"), fact("user_id")], [json!("ana"), json!(2)]);
    assert_eq!([fact("status_code"), fact("ip_address")], [json!(201), json!("127.0.0.1")]);
    assert_eq!([fact("mode"), fact("event_id")], [json!("basic"), json!(answer.audit_id())]);
    for sent in ["format", "Mozilla", "hunter2", "39.4699070", "application/json"] {
        assert!(!line.contains(sent), "{sent} in {line}");
    }
}

#[tokio::test]
async fn full_has_what_was_sent_with_its_digits_and_without_its_secrets() {
    let (line, record, _) = made_with(&[("AUDIT_MODE", "full")]).await;
    // The password and the session's cookie.
    assert_eq!(keys(&record), set(&[&EIGHT, &[LEVEL], &OURS, &ADDED, &["redacted"]]), "{line}");
    assert_eq!((&record["mode"], &record["redacted"]), (&json!("full"), &json!(2)));
    assert_eq!((&record["query_params"], &record["user_agent"]), (&json!({"format": "json"}), &json!("Mozilla/5.0")));
    assert_eq!(record["headers"]["content-type"], "application/json");
    let sent = format!(r#""request_body":{{"name":"wells","password":"[FILTERED]","geometry":{POINT}}}"#);
    assert!(line.contains(&sent), "{line}");
}

#[tokio::test]
async fn compact_is_full_without_the_geometry_and_the_default() {
    for variables in [&[("AUDIT_MODE", "compact")][..], &[]] {
        let (line, record, _) = made_with(variables).await;
        assert_eq!(keys(&record), set(&[&EIGHT, &[LEVEL], &OURS, &ADDED, &["redacted"]]), "{line}");
        assert_eq!((&record["mode"], &record["query_params"]), (&json!("compact"), &json!({"format": "json"})));
        let kept = json!({"name": "wells", "password": "[FILTERED]", "geometry": "[GEOMETRY_FILTERED]"});
        assert_eq!(record["request_body"], kept);
        assert!(!line.contains("39.4699"), "{line}");
    }
}

//! "Formato de los Logs": the document's sample request, and the line that it leaves here.

use std::mem::discriminant;

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{POINT, Server, answer};

/// The document's sample line, in its own words.
const SAMPLE: &str = r#"{
  "timestamp": "2024-01-15T10:30:45.123Z",
  "level": "info",
  "method": "POST",
  "path": "/api/v1/layers/",
  "user": "admin",
  "user_id": 1,
  "status_code": 201,
  "response_time_ms": 125.45,
  "ip_address": "192.168.1.100",
  "query_params": {"format": "json"},
  "user_agent": "Mozilla/5.0...",
  "headers": {
    "Content-Type": "application/json",
    "Authorization": "[FILTERED]"
  },
  "request_body": {
    "name": "Mi Capa",
    "password": "[FILTERED]",
    "geometry": "[GEOMETRY_FILTERED]"
  }
}"#;

#[tokio::test]
async fn the_sample_request_leaves_the_sample_line() {
    let server = Server::audited(&[("AUDIT_TRUSTED_PROXIES", "127.0.0.1")]);
    let admin = server.user("admin").await;
    let request = admin.request(Method::POST, "/api/v1/layers/?format=json").headers(
        [
            ("content-type", "application/json"),
            ("authorization", "Bearer abcdef0123456789"),
            ("user-agent", "Mozilla/5.0..."),
            ("x-forwarded-for", "192.168.1.100"),
        ]
        .into_iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect(),
    );
    let body = format!(r#"{{"name":"Mi Capa","password":"hunter2","geometry":{POINT}}}"#);
    let answer = answer(request.body(body)).await;
    assert_eq!(answer.status, 201, "{}", answer.body);

    let line = server.line_of(&answer).await;
    let record: Value = serde_json::from_str(&line).unwrap();
    let sample: Value = serde_json::from_str(SAMPLE).unwrap();
    let sample = sample.as_object().unwrap();
    assert_eq!(sample.len(), 13);
    for (key, expected) in sample {
        let found = record.get(key).unwrap_or_else(|| panic!("no {key} in {line}"));
        assert_eq!(discriminant(found), discriminant(expected), "{key} in {line}");
        match key.as_str() {
            "timestamp" => assert!(found.as_str().unwrap().parse::<Timestamp>().is_ok(), "{found}"),
            "response_time_ms" => assert!(found.as_f64().unwrap() > 0.0, "{found}"),
            // Their names are the same whatever case they came in: ours are in lower case.
            "headers" => {
                for (name, expected) in expected.as_object().unwrap() {
                    assert_eq!(found[name.to_ascii_lowercase()], *expected, "{name} in {line}");
                }
            }
            _ => assert_eq!(found, expected, "{key}"),
        }
    }
    for secret in ["hunter2", "abcdef0123456789", "-0.3763", "39.4699"] {
        assert!(!line.contains(secret), "{secret} in {line}");
    }
    // Of cookies, names stay.
    assert_eq!(record["headers"]["cookie"], "sessionid=[FILTERED]");
}

/// A key that stands twice, or a line that is two, would be lost on whoever reads the log.
#[tokio::test]
async fn each_record_is_one_line_whatever_was_sent() {
    let server = Server::audited(&[]);
    let ana = server.user("ana").await;
    let body = "{\n  \"name\": \"a\\nb\\u2028\",\r\n  \"name\": \"c\",\n  \"geometry\": null\n}\n";
    let answer = ana.post_json("/api/v1/layers/?note=%0A%E2%80%A8", body).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    let line = server.line_of(&answer).await;
    assert!(!line.contains(['\r', '\u{2028}']), "{line}");
    let record: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(record["query_params"]["note"], "\n\u{2028}");
    assert_eq!(record["request_body"]["name"], "a\nb\u{2028}");
    assert_eq!(record["request_body"], json!({"name": "a\nb\u{2028}", "name#2": "c", "geometry": null}));
    // The login's, and this.
    assert_eq!(server.all_records().len(), 2);
}

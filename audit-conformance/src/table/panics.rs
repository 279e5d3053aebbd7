//! Panics: before, while and after a body is read, in blocking work, and in an answer that has begun.

use serde_json::{Value, json};

use crate::case::Case;

/// The beginning of a body that breaks off within a secret.
const CUT: &str = r#"{"name":"rivers","password":"hunter2"#;

pub(super) fn panicked(action: &str, error: &str) -> Value {
    json!({"action": action, "completion": "panicked", "outcome": "failed", "level": "error", "status_code": null,
        "user": "unknown", "error": error, "response_bytes": null})
}

fn and(mut members: Value, more: &Value) -> Value {
    for (key, value) in more.as_object().into_iter().flatten() {
        members[key] = value.clone();
    }
    members
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("panic.handler", "A panic ends the connection, as without the layer, and is told.", |talk| {
            let request = talk.request("GET", "/panic");
            assert_eq!(talk.send_for_any(&request), None);
        })
        .leaves(panicked("panic.trigger", "this route panics on purpose")),
        Case::new("panic.before_body", "Before the body is read: nothing of it is kept.", |talk| {
            let request = talk.request("POST", "/panic/before").json(r#"{"name":"rivers"}"#);
            assert_eq!(talk.send_for_any(&request), None);
        })
        .leaves(and(
            panicked("panic.body", "panic before reading"),
            &json!({"request_bytes": 0, "request_body": null}),
        )),
        Case::new("panic.during_body", "While the body is read: what was read is kept, and said to be cut.", |talk| {
            let request = talk.request("POST", "/panic/during").header("content-type", "application/json");
            let request = request.begun(CUT);
            assert_eq!(talk.send_for_any(&request), None);
        })
        .leaves(and(
            panicked("panic.body", "panic during reading"),
            &json!({"request_bytes": CUT.len(), "request_body": {"name": "rivers"}, "truncated": true}),
        )),
        Case::new("panic.after_body", "After the body was read: it is kept whole.", |talk| {
            let request = talk.request("POST", "/panic/after").json(r#"{"name":"rivers"}"#);
            assert_eq!(talk.send_for_any(&request), None);
        })
        .leaves(and(
            panicked("panic.body", "panic after reading"),
            &json!({"request_bytes": 17, "request_body": {"name": "rivers"}, "truncated": null}),
        )),
        Case::new("panic.blocking", "A panic in blocking work reaches the handler and is its own.", |talk| {
            let request = talk.request("GET", "/panic-blocking");
            assert_eq!(talk.send_for_any(&request), None);
        })
        .leaves(panicked("panic.blocking", "blocking work panics on purpose")),
        Case::new("panic.stream", "A panic in an answer that has begun: its status, and that it failed.", |talk| {
            let request = talk.request("GET", "/panic-stream");
            if let Some(answer) = talk.send_for_any(&request) {
                assert!(!answer.whole, "{answer:?}");
            }
        })
        .leaves(json!({"action": "panic.stream", "completion": "panicked", "outcome": "failed", "level": "error",
            "status_code": 200, "response_bytes": 6, "user": "anonymous", "error": "the stream panics on purpose"})),
        Case::new("panic.then_answer", "The server goes on.", |talk| {
            let request = talk.request("GET", "/panic");
            talk.send_for_any(&request);
            talk.get("/status/200").is(200, "200\n");
        })
        .leaves(json!({"completion": "panicked"}))
        .leaves(json!({"completion": "completed", "status_code": 200})),
    ]
}

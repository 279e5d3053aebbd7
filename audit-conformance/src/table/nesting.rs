//! Audited functions within audited functions.

use serde_json::json;

use super::panics;
use crate::case::{Case, Expect, Framework};
use crate::request::Request;
use crate::talk::Talk;

/// A request that is kept whoever handles it, so that a second layer could not but record it.
fn detected(talk: &mut Talk, target: &str) -> Request {
    talk.request("GET", target).accepts_json()
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("nesting.calls", "Functions that a handler calls are calls of its one record.", |talk| {
            talk.get("/nested").is(200, "nested\n");
        })
        .leaves(json!({
            "action": "nested.run", "outcome": "success", "completion": "completed", "error": null,
            "data": {"second": "failed"},
            "/calls/0/action": "nested.succeeds", "/calls/0/outcome": "unknown", "/calls/0/error": null,
            "/calls/0/target": {"type": "number", "id": "7"}, "/calls/0/duration_ms": {"$some": true},
            "/calls/1/action": "nested.fails", "/calls/1/outcome": "failed",
            "/calls/1/error": "nested work failed: password=[FILTERED]", "/calls/2": null,
        })),
        Case::new("nesting.layer_twice", "The layer applied twice is one record and one header.", |talk| {
            let request = detected(talk, "/nested");
            talk.send(&request).is(200, "nested\n");
        })
        .with("LAYER_TWICE", "1")
        .leaves(json!({"action": "nested.run", "/calls/1/action": "nested.fails", "/calls/2": null,
            "completion": "completed"})),
        Case::new("nesting.layer_twice_panic", "The layer applied twice: a panic is one record.", |talk| {
            let request = detected(talk, "/panic");
            panics::send(talk, &request);
        })
        .panics(1)
        .with("LAYER_TWICE", "1")
        .leaves(json!({"action": "panic.trigger", "completion": "panicked", "status_code": null}))
        .but(
            Framework::Rocket,
            panics::CAUGHT,
            Expect::Records(vec![
                json!({"action": "panic.trigger", "completion": "panicked", "status_code": 500, "outcome": "failed"}),
            ]),
        ),
        Case::new("nesting.layer_twice_stream", "The layer applied twice: bytes are counted once.", |talk| {
            let request = detected(talk, "/stream?chunks=3");
            talk.send(&request).is(200, "chunk 0\nchunk 1\nchunk 2\n");
        })
        .with("LAYER_TWICE", "1")
        .leaves(json!({"action": "stream.read", "completion": "completed", "response_bytes": 24})),
    ]
}

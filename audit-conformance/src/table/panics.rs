//! Panics: before, while and after a body is read, in blocking work, and in an answer that has begun.

use serde_json::{Value, json};

use super::streams;
use crate::case::{Case, Expect, Framework};
use crate::request::Request;
use crate::talk::Talk;

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

fn in_the_stream() -> Value {
    json!({"action": "panic.stream", "completion": "panicked", "outcome": "failed", "level": "error",
        "status_code": 200, "response_bytes": 6, "user": "anonymous", "error": "the stream panics on purpose"})
}

/// Sends a request whose handler panics.
pub(super) fn send(talk: &mut Talk, request: &Request) {
    match talk.framework() {
        Framework::Rocket => talk.send(request).has_status(500),
        Framework::Axum | Framework::Actix => assert_eq!(talk.send_for_any(request), None),
    }
}

pub(super) const CAUGHT: &str = "it catches a handler's panic and answers 500";

/// What that makes of the record of a panic.
pub(super) fn caught(panicked: Value) -> Value {
    and(panicked, &json!({"status_code": 500, "response_bytes": {"$more": 0}}))
}

const JSON: &str = r#"{"name":"rivers"}"#;

/// What panics, and when: below `/{path}/{when}`, with that action, and an error that begins so.
#[derive(Clone, Copy)]
struct Around {
    path: &'static str,
    action: &'static str,
    error: &'static str,
}

impl Around {
    fn case(self, name: &'static str, about: &'static str, when: &'static str, of_body: &Value) -> Case {
        let record = and(panicked(self.action, &format!("{} {when} reading", self.error)), of_body);
        let case = Case::new(name, about, move |talk| {
            let request = talk.request("POST", &format!("{}/{when}", self.path));
            let request = match when {
                "during" => request.header("content-type", "application/json").begun(CUT),
                _ => request.json(JSON),
            };
            send(talk, &request);
        });
        let rocket = match when {
            "before" => (LOOKED_AT, and(caught(record.clone()), &read_whole())),
            _ => (CAUGHT, caught(record.clone())),
        };
        case.leaves(record).but(Framework::Rocket, rocket.0, Expect::Records(vec![rocket.1]))
    }
}

fn read_whole() -> Value {
    json!({"request_bytes": JSON.len(), "request_body": {"name": "rivers"}, "truncated": null})
}

fn read_in_part() -> Value {
    json!({"request_bytes": CUT.len(), "request_body": {"name": "rivers"}, "truncated": true})
}

fn not_read() -> Value {
    json!({"request_bytes": 0, "request_body": null})
}

const LOOKED_AT: &str =
    "it catches a handler's panic and answers 500, and lets a short body be looked at only before the handler";

pub(super) fn cases() -> Vec<Case> {
    let handler = Around { path: "/panic", action: "panic.body", error: "panic" };
    let blocking = Around { path: "/panic-blocking", action: "panic.blocking_body", error: "blocking work panics" };
    let cases = vec![
        handler.case("panic.before_body", "Before the body is read: nothing of it is kept.", "before", &not_read()),
        handler.case(
            "panic.during_body",
            "While the body is read: what was read is kept, and said to be cut.",
            "during",
            &read_in_part(),
        ),
        handler.case("panic.after_body", "After the body was read: it is kept whole.", "after", &read_whole()),
        blocking.case("panic.blocking_before_body", "The same in blocking work: before.", "before", &not_read()),
        blocking.case("panic.blocking_during_body", "In blocking work, meanwhile.", "during", &read_in_part()),
        blocking.case("panic.blocking_after_body", "In blocking work, afterwards.", "after", &read_whole()),
        Case::new("panic.handler", "A panic ends the connection, as without the layer, and is told.", |talk| {
            let request = talk.request("GET", "/panic");
            send(talk, &request);
        })
        .leaves(panicked("panic.trigger", "this route panics on purpose"))
        .but(
            Framework::Rocket,
            CAUGHT,
            Expect::Records(vec![caught(panicked("panic.trigger", "this route panics on purpose"))]),
        ),
        Case::new("panic.blocking", "A panic in blocking work reaches the handler and is its own.", |talk| {
            let request = talk.request("GET", "/panic-blocking");
            send(talk, &request);
        })
        .leaves(panicked("panic.blocking", "blocking work panics on purpose"))
        .but(
            Framework::Rocket,
            CAUGHT,
            Expect::Records(vec![caught(panicked("panic.blocking", "blocking work panics on purpose"))]),
        ),
        Case::new("panic.at_once", "A handler that is no async function panics before there is a future.", |talk| {
            let request = talk.request("GET", "/panic-at-once");
            send(talk, &request);
        })
        .leaves(panicked("panic.at_once", "this function panics on purpose"))
        .but(
            Framework::Rocket,
            CAUGHT,
            Expect::Records(vec![caught(panicked("panic.at_once", "this function panics on purpose"))]),
        ),
        Case::new("panic.stream", "A panic in an answer that has begun: its status, and that it failed.", |talk| {
            let request = talk.request("GET", "/panic-stream");
            if let Some(answer) = talk.send_for_any(&request) {
                assert!(!answer.whole || talk.framework() == Framework::Rocket, "{answer:?}");
            }
        })
        .leaves(in_the_stream())
        .but(Framework::Rocket, streams::ENDED_AS_WHOLE, Expect::EndedAsWhole(vec![in_the_stream()])),
        Case::new("panic.then_answer", "The server goes on.", |talk| {
            let request = talk.request("GET", "/panic");
            talk.send_for_any(&request);
            talk.get("/status/200").is(200, "200\n");
        })
        .leaves(json!({"completion": "panicked"}))
        .leaves(json!({"completion": "completed", "status_code": 200})),
    ];
    cases.into_iter().map(|case| case.panics(1)).collect()
}

//! Requests that never reach their handler.

use serde_json::{Value, json};

use crate::case::{Case, Expect, Framework};

fn no_number(status: u16) -> Value {
    json!({"action": "item.read", "status_code": status, "outcome": "rejected", "level": "warn", "mode": "compact",
        "completion": "completed", "target_type": null, "path": "/items/seven"})
}

fn shape(status: u16) -> Value {
    json!({"action": "layer.create", "status_code": status, "outcome": "rejected", "mode": "compact",
        "completion": "completed", "target_type": null, "data": null,
        "request_body": {"name": 7, "password": "[FILTERED]"}})
}

fn content_type(status: u16) -> Value {
    json!({"action": "layer.create", "status_code": status, "outcome": "rejected", "mode": "compact",
        "completion": "completed", "target_type": null, "data": null})
}

fn records(record: Value) -> Expect {
    Expect::Records(vec![record])
}

const BAD_REQUEST: &str = "it answers 400 to any JSON that it does not take";
const UNPROCESSABLE: &str = "it answers 422 where a path's segment cannot be read";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("refusal.extractor", "What an extractor refuses is told under the handler's action.", |talk| {
            talk.get("/items/seven").is_refused();
        })
        .leaves(no_number(400))
        .but(Framework::Actix, "it answers 404 where a path's segment cannot be read", records(no_number(404)))
        .but(Framework::Rocket, UNPROCESSABLE, records(no_number(422))),
        Case::new("refusal.shape", "JSON of another shape: the handler's action, the body, no target.", |talk| {
            talk.post_json("/json", r#"{"name":7,"password":"hunter2"}"#).is_refused();
        })
        .leaves(shape(422))
        .but(Framework::Actix, BAD_REQUEST, records(shape(400))),
        Case::new("refusal.invalid", "A body that is not what it says is withheld.", |talk| {
            talk.post_json("/json", r#"{"name":"hunter2""#).is_refused();
        })
        .leaves(
            json!({"action": "layer.create", "status_code": 400, "outcome": "rejected", "mode": "compact",
            "completion": "completed", "request_bytes": 17, "/request_body/withheld": {"$some": true},
            "/request_body/bytes": 17}),
        ),
        Case::new("refusal.content_type", "JSON that does not say so is refused, and not shown.", |talk| {
            let request = talk.request("POST", "/json").header("content-type", "application/x-unknown").body("hunter2");
            talk.send(&request).is_refused();
        })
        .leaves(content_type(415))
        .but(Framework::Actix, BAD_REQUEST, records(content_type(400)))
        .but(
            Framework::Rocket,
            "it does not look at the type, and refuses what is no JSON",
            records(content_type(400)),
        ),
        Case::new("refusal.no_key", "A guard that knows nobody: denied.", |talk| {
            talk.get("/guarded").is(401, "no key\n");
        })
        .leaves(json!({"action": "guarded.read", "status_code": 401, "outcome": "denied", "level": "warn",
            "completion": "completed"})),
        Case::new("refusal.wrong_key", "A guard that names whom it refuses.", |talk| {
            let request = talk.request("GET", "/guarded").header("x-key", "mallory");
            talk.send(&request).is(403, "not this key\n");
        })
        .leaves(json!({"action": "guarded.read", "status_code": 403, "outcome": "denied", "user": "mallory",
            "actor_type": "user", "completion": "completed"})),
        Case::new("refusal.none", "The right key passes.", |talk| {
            let request = talk.request("GET", "/guarded").header("x-key", crate::echo::KEY);
            talk.send(&request).is(200, "guarded\n");
        })
        .leaves(json!({"action": "guarded.read", "status_code": 200, "outcome": "success"})),
    ]
}

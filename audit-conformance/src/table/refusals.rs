//! Requests that never reach their handler.

use serde_json::json;

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("refusal.extractor", "What an extractor refuses is told under the handler's action.", |talk| {
            talk.get("/items/seven").is_refused();
        })
        .leaves(json!({"action": "item.read", "outcome": "rejected", "level": "warn", "completion": "completed",
            "target_type": null, "path": "/items/seven"})),
        Case::new("refusal.shape", "JSON of another shape: the handler's action, the body, no target.", |talk| {
            talk.post_json("/json", r#"{"name":7,"password":"hunter2"}"#).is_refused();
        })
        .leaves(json!({"action": "layer.create", "outcome": "rejected", "completion": "completed",
            "target_type": null, "data": null, "request_body": {"name": 7, "password": "[FILTERED]"}})),
        Case::new("refusal.invalid", "A body that is not what it says is withheld.", |talk| {
            talk.post_json("/json", r#"{"name":"hunter2""#).is_refused();
        })
        .leaves(json!({"action": "layer.create", "outcome": "rejected", "completion": "completed",
            "request_bytes": 17, "/request_body/withheld": {"$some": true}, "/request_body/bytes": 17})),
        Case::new("refusal.content_type", "JSON that does not say so is refused, and not shown.", |talk| {
            let request = talk.request("POST", "/json").header("content-type", "application/x-unknown").body("hunter2");
            talk.send(&request).is_refused();
        })
        .leaves(json!({"action": "layer.create", "outcome": "rejected", "completion": "completed"})),
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

//! Timeouts between the layer and the handler, and around the layer.

use serde_json::json;

use crate::case::{Case, Expect, Framework};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("timeout.inside", "A handler that is dropped unfinished, and 408: timed out.", |talk| {
            let gate = talk.gate("never");
            talk.get(&format!("/timeout/inside/{gate}")).has_status(408);
        })
        .leaves(json!({"action": "timeout.inside", "completion": "timed_out", "status_code": 408,
            "outcome": "rejected", "user": "unknown", "data": {"farewell": "hold"}}))
        .but(Framework::Rocket, "nothing stands between a fairing and a handler", Expect::NotServed),
        Case::new("timeout.inside_in_time", "A handler that is in time is completed.", |talk| {
            let gate = talk.gate("open");
            talk.open(&gate, 1);
            talk.get(&format!("/timeout/inside/{gate}")).is(200, "held\n");
        })
        .leaves(json!({"action": "timeout.inside", "completion": "completed", "status_code": 200,
            "data": {"farewell": "hold"}})),
        Case::new(
            "timeout.outside",
            "A timeout around the layer tells the client; the layer does not know it.",
            |talk| {
                let gate = talk.gate("never");
                talk.get(&format!("/hold/{gate}")).has_status(408);
            },
        )
        .with("TIMEOUT_OUTSIDE_MS", "300")
        .leaves(json!({"action": "hold.read", "completion": "aborted", "status_code": null, "outcome": "unknown",
            "user": "unknown", "data": {"farewell": "hold"}}))
        .but(Framework::Rocket, "nothing stands around a fairing", Expect::NotServed),
        Case::new("timeout.outside_in_time", "Within that timeout, it is as ever.", |talk| {
            talk.get("/status/200").is(200, "200\n");
        })
        .with("TIMEOUT_OUTSIDE_MS", "300")
        .leaves(json!({"action": "status.read", "completion": "completed", "status_code": 200}))
        .but(Framework::Rocket, "nothing stands around a fairing", Expect::NotServed),
    ]
}

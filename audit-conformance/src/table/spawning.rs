//! Work that a handler gives to others.

use serde_json::json;

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("spawning.scope", "Work elsewhere belongs to the request only if it was told so.", |talk| {
            talk.get("/spawned").is(200, "spawned\n");
        })
        .leaves(json!({"action": "spawned.run", "completion": "completed",
            "data": {"with": true, "blocking": true}})),
    ]
}

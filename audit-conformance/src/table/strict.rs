//! Strict delivery: each record comes in phases, and the client is told nothing that is not on disk.

use serde_json::json;

use super::{answers, disconnects, http2, panics, paths, shutdown, spawning, streams, timeouts, upgrade, uploads};
use crate::case::Case;

/// Nothing was added to what the answer's head had told.
const WELL: [&str; 2] = ["intent", "final"];
/// The answer's body ended badly, or its stream added something.
const ENDED: [&str; 3] = ["intent", "final", "end"];

/// Cases of the other themes that must be the same with strict delivery, their new names and their phases.
const AS_EVER: [(&str, &str, &[&str]); 21] = [
    ("answer.ok", "strict.answer", &WELL),
    ("answer.head", "strict.head", &WELL),
    ("answer.empty", "strict.empty", &WELL),
    ("stream.chunks", "strict.stream", &WELL),
    ("stream.cut_rst", "strict.cut", &ENDED),
    ("stream.broken", "strict.broken", &ENDED),
    ("stream.pieces", "strict.added", &ENDED),
    ("upload.sized", "strict.upload", &WELL),
    ("upload.echo", "strict.echo", &ENDED),
    ("panic.handler", "strict.panic", &WELL),
    ("panic.stream", "strict.panic_stream", &ENDED),
    ("leave.handler_rst", "strict.leave", &WELL),
    ("timeout.inside", "strict.timeout", &ENDED),
    ("timeout.outside", "strict.timeout_outside", &WELL),
    ("upgrade.websocket", "strict.upgrade", &WELL),
    ("path.included", "strict.included", &WELL),
    ("answer.unknown_route", "strict.unmatched", &WELL),
    ("spawning.scope", "strict.spawned", &WELL),
    ("http2.ok", "strict.http2", &WELL),
    ("shutdown.cuts", "strict.shutdown", &WELL),
    ("shutdown.cuts_stream", "strict.shutdown_stream", &ENDED),
];

pub(super) fn cases() -> Vec<Case> {
    let usual = [
        answers::cases(),
        streams::cases(),
        panics::cases(),
        disconnects::cases(),
        timeouts::cases(),
        upgrade::cases(),
        uploads::cases(),
        paths::cases(),
        spawning::cases(),
        http2::cases(),
        shutdown::cases(),
    ];
    let as_ever = usual.into_iter().flatten().filter_map(|case| {
        let (_, name, phases) = AS_EVER.iter().find(|(usual, ..)| case.name == *usual)?;
        Some(case.strictly(name, phases))
    });
    let refused = Case::new("strict.refused", "Where the journal cannot write no handler runs: 503.", |talk| {
        let before = talk.flood_count();
        talk.full(true);
        let answer = talk.get("/flood?bytes=1000");
        talk.full(false);
        answer.is(503, &answer.text());
        assert_eq!(talk.flood_count(), before, "the handler ran");
    })
    .with("AUDIT_DELIVERY", "strict")
    .alone()
    .refused()
    .may_leave(json!({"action": "flood.read", "status_code": 503, "outcome": "failed", "level": "error",
        "completion": "completed", "phases": ["final"], "data": null,
        "reason": "not recorded before the handler: the journal could not write"}));
    let refused_after = Case::new(
        "strict.refused_after",
        "An answer whose final cannot be written does not leave: 500, and nothing of it.",
        |talk| {
            let gate = talk.gate("waits");
            let request = talk.request("GET", &format!("/hold/{gate}"));
            let mut client = talk.connect();
            client.send(&request);
            talk.arrived(&gate, 1);
            talk.full(true);
            talk.open(&gate, 1);
            let answer = client.rest().expect("an answer");
            talk.full(false);
            answer.is(500, "");
        },
    )
    .with("AUDIT_DELIVERY", "strict")
    .alone()
    .refused()
    // What became of it is told as soon as anything can be written: by its `final`, which is tried again, by an `end` with
    // what the client was told, or by a gap. Its intent may stand in the segment that the journal then put away.
    .leaves_unannounced(json!({"action": "hold.read", "phases": {"$in": [
        ["intent"], ["intent", "end"], ["end"], ENDED, ["final", "end"],
    ]}}));
    as_ever.chain([refused, refused_after]).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_that_is_to_be_as_ever_is_there() {
        assert_eq!(super::cases().len(), super::AS_EVER.len() + 2);
    }
}

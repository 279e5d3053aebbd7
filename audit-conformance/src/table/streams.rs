//! Answers that come piece by piece, break, are cut, or have no end.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::case::{Case, Expect, Framework};
use crate::client::{Leave, PATIENCE};
use crate::talk::Talk;

pub(super) const ENDED_AS_WHOLE: &str = "it ends a stream that broke or panicked as if that were all";

fn broken() -> Value {
    json!({"action": "broken.stream", "completion": "aborted", "status_code": 200, "response_bytes": 6,
        "error": "the stream broke: password=[FILTERED]"})
}

pub(super) fn cut() -> Value {
    json!({"action": "flood.read", "completion": "aborted", "status_code": 200, "response_bytes": {"$more": 999},
        "user": "anonymous"})
}

pub(super) fn cuts(talk: &mut Talk, how: Leave) {
    cuts_at(talk, "/flood", how);
}

/// Leaves an answer without an end.
pub(super) fn cuts_at(talk: &mut Talk, target: &str, how: Leave) {
    let request = talk.request("GET", target).keep();
    let mut client = talk.connect();
    client.send(&request);
    client.read_until(&"x".repeat(1000));
    client.leave(how);
}

/// How much is produced for a client that does not read on.
fn produced_in_vain(talk: &mut Talk) -> u64 {
    let before = talk.flood_count();
    let request = talk.request("GET", "/flood").keep();
    let mut client = talk.connect_narrow();
    client.send(&request);
    client.read_until("xxx");
    let deadline = Instant::now() + PATIENCE;
    let (mut last, mut unchanged) = (before, 0);
    while unchanged < 50 {
        assert!(Instant::now() < deadline, "the producer never stops: {last} bytes");
        std::thread::sleep(Duration::from_millis(4));
        let now = talk.flood_count();
        unchanged = if now == last { unchanged + 1 } else { 0 };
        last = now;
    }
    client.leave(Leave::Rst);
    last - before
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("stream.chunks", "A stream is over with its last byte, and all are counted.", |talk| {
            talk.get("/stream?chunks=3").is(200, "chunk 0\nchunk 1\nchunk 2\n");
        })
        .leaves(json!({"action": "stream.read", "completion": "completed", "response_bytes": 24})),
        Case::new("stream.empty", "A stream of nothing is completed.", |talk| talk.get("/stream").is(200, ""))
            .leaves(json!({"action": "stream.read", "completion": "completed", "response_bytes": 0})),
        Case::new("stream.head", "HEAD of a stream is over with its head.", |talk| {
            let request = talk.request("HEAD", "/stream?chunks=3");
            talk.send(&request).is(200, "");
        })
        .leaves(json!({"method": "HEAD", "completion": "completed", "response_bytes": 0})),
        Case::new("stream.pieces", "Pieces go out as they come, although the next one is not there.", |talk| {
            let gate = talk.gate("waits");
            let request = talk.request("GET", &format!("/hold-stream/{gate}"));
            let mut client = talk.connect();
            client.send(&request);
            client.read_until("first\n");
            talk.arrived(&gate, 1);
            talk.open(&gate, 1);
            client.rest().expect("an answer").is(200, "first\nsecond\n");
        })
        .leaves(json!({"action": "hold.stream", "completion": "completed", "response_bytes": 13,
            "data": {"farewell": "stream"}})),
        Case::new("stream.events", "Server-sent events.", |talk| {
            let answer = talk.get("/sse");
            answer.is(200, "data: one\n\ndata: two\n\ndata: three\n\n");
            assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream")));
        })
        .leaves(json!({"action": "events.read", "completion": "completed", "response_bytes": 35})),
        Case::new("stream.broken", "An error ends the answer: its text is told without its secret.", |talk| {
            let request = talk.request("GET", "/broken-stream");
            if let Some(answer) = talk.send_for_any(&request) {
                assert!(!answer.whole || talk.framework() == Framework::Rocket, "{answer:?}");
            }
        })
        .leaves(broken())
        .but(Framework::Rocket, ENDED_AS_WHOLE, Expect::EndedAsWhole(vec![broken()])),
        Case::new("stream.large", "5 MB are completed, and all are counted.", |talk| {
            let answer = talk.get("/flood?bytes=5000000");
            assert!(answer.whole && answer.body.len() == 5_000_000, "{} bytes", answer.body.len());
        })
        .leaves(json!({"action": "flood.read", "completion": "completed", "response_bytes": 5_000_000})),
        Case::new("stream.cut_fin", "An answer without an end, whose client leaves.", |talk| cuts(talk, Leave::Fin))
            .leaves(cut()),
        Case::new("stream.cut_rst", "The same by a reset.", |talk| cuts(talk, Leave::Rst)).leaves(cut()),
        Case::new("stream.stalled", "A client that does not read stops the producer as soon.", |talk| {
            let produced = produced_in_vain(talk);
            assert!(produced < 20 * 1024 * 1024, "{produced} bytes were produced");
            talk.note("stalled");
            talk.measure("bytes produced before the stream was stopped", produced);
        })
        .leaves(cut()),
    ]
}

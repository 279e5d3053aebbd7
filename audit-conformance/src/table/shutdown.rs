//! A server that is stopped while requests are in flight.

use serde_json::json;

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("shutdown.finishes", "A request in flight is served, and its record is written.", |talk| {
            let gate = talk.gate("waits");
            let request = talk.request("POST", &format!("/slow-read/{gate}")).declared(30, "more than 14 bytes: ");
            let mut client = talk.connect();
            client.send(&request);
            talk.arrived(&gate, 1);
            talk.open(&gate, 1);
            talk.stop();
            client.write(b"1234567890");
            client.rest().expect("an answer").is(200, "30\n");
        })
        .alone()
        .leaves(json!({"action": "slow_read.send", "completion": "completed", "status_code": 200,
            "request_bytes": 30})),
        Case::new("shutdown.cuts", "One that takes longer than the server waits is cut by the shutdown.", |talk| {
            let gate = talk.gate("waits");
            let request = talk.request("GET", &format!("/hold/{gate}")).keep();
            let mut client = talk.connect();
            client.send(&request);
            talk.arrived(&gate, 1);
            talk.stop();
            assert_eq!(client.rest(), None);
        })
        .alone()
        .with("DRAIN_MS", "50")
        .leaves(json!({"action": "hold.read", "completion": "shutdown", "status_code": null, "outcome": "unknown",
            "user": "unknown"})),
        Case::new(
            "shutdown.cuts_stream",
            "The same in the middle of an answer: its status, and what was taken.",
            |talk| {
                let gate = talk.gate("waits");
                let request = talk.request("GET", &format!("/hold-stream/{gate}")).keep();
                let mut client = talk.connect();
                client.send(&request);
                client.read_until("first\n");
                talk.arrived(&gate, 1);
                talk.stop();
                client.rest();
            },
        )
        .alone()
        .with("DRAIN_MS", "50")
        .leaves(json!({"action": "hold.stream", "completion": "shutdown", "status_code": 200,
            "response_bytes": 6})),
    ]
}

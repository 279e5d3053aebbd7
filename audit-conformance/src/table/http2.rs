//! HTTP/2, where the framework serves it: streams side by side, and streams that are reset.

use serde_json::{Value, json};

use super::{disconnects, panics};
use crate::case::{Case, Expect, Framework};
use crate::http2::{Http2, Stream};
use crate::talk::Talk;

const PIECE: &str = r#"{"name":"rivers","password":"hunter2-and-mo"#;

/// An upload that has begun, with the name of the gate at which its handler waits.
fn uploads(talk: &mut Talk) -> (Http2, Stream, String) {
    let gate = talk.gate("waits");
    let request = talk.request("POST", &format!("/slow-read/{gate}")).header("content-type", "application/json");
    let mut connection = talk.http2();
    let stream = connection.begin(&request, PIECE, false);
    talk.arrived(&gate, 1);
    (connection, stream, gate)
}

const OWN_TASK: &str = "the handler of a stream is a task of its own, and goes on when the stream ends";

/// Lets handlers of a stream that ended go on, where they do.
fn let_go_on(talk: &mut Talk, gate: &str, times: usize) {
    if talk.framework() != Framework::Axum {
        talk.open(gate, times);
    }
}

fn cut(completion: &str) -> Value {
    json!({"action": "slow_read.send", "completion": completion, "outcome": {"$not": "success"},
        "request_bytes": PIECE.len(), "truncated": true, "request_body": {"name": "rivers"}})
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("http2.ok", "A request of HTTP/2 is a request.", |talk| {
            let request = talk.request("GET", "/status/200");
            let mut connection = talk.http2();
            let stream = connection.send(&request);
            talk.http2_rest(&connection, stream).expect("an answer").is(200, "200\n");
        })
        .leaves(json!({"method": "GET", "path": "/status/200", "action": "status.read", "target_id": "200",
            "status_code": 200, "outcome": "success", "completion": "completed", "response_bytes": 4,
            "request_bytes": null, "ip_address": "127.0.0.1"}))
        .but(
            Framework::Actix,
            "before it is read, it does not tell whether a request of HTTP/2 has a body",
            Expect::Records(vec![json!({"action": "status.read", "completion": "completed", "status_code": 200,
                "response_bytes": 4, "request_bytes": 0, "request_body": null, "truncated": null})]),
        ),
        Case::new("http2.side_by_side", "Streams of one connection are told apart.", |talk| {
            let gate = talk.gate("waits");
            let slow = talk.request("GET", &format!("/hold/{gate}"));
            let others = ["/status/200", "/items/7", "/guarded"].map(|path| talk.request("GET", path));
            let mut connection = talk.http2();
            let slow = connection.send(&slow);
            talk.arrived(&gate, 1);
            for (request, status) in others.iter().zip([200, 200, 401]) {
                let stream = connection.send(request);
                let answer = talk.http2_rest(&connection, stream).expect("an answer");
                assert_eq!(answer.status, status);
            }
            talk.open(&gate, 1);
            talk.http2_rest(&connection, slow).expect("an answer").is(200, "held\n");
        })
        .leaves(json!({"action": "hold.read", "completion": "completed", "status_code": 200}))
        .leaves(json!({"action": "status.read", "completion": "completed", "target_id": "200"}))
        .leaves(json!({"action": "item.read", "completion": "completed", "target_id": "7"}))
        .leaves(json!({"action": "guarded.read", "completion": "completed", "outcome": "denied"})),
        Case::new("http2.upload", "1 MB passes and is counted.", |talk| {
            let request = talk.request("POST", "/sink");
            let mut connection = talk.http2();
            let stream = connection.begin(&request, vec![b'x'; 1024 * 1024], true);
            talk.http2_rest(&connection, stream).expect("an answer").is(200, "1048576");
        })
        .leaves(json!({"action": "sink.send", "completion": "completed", "request_bytes": 1024 * 1024})),
        Case::new("http2.stream", "An answer without a length is over with its last frame.", |talk| {
            let request = talk.request("GET", "/stream?chunks=3");
            let mut connection = talk.http2();
            let stream = connection.send(&request);
            talk.http2_rest(&connection, stream).expect("an answer").is(200, "chunk 0\nchunk 1\nchunk 2\n");
        })
        .leaves(json!({"action": "stream.read", "completion": "completed", "response_bytes": 24})),
        Case::new(
            "http2.reset_handler",
            "A stream that is reset while its handler waits; the next one is served.",
            |talk| {
                let gate = talk.gate("waits");
                let first = talk.request("GET", &format!("/hold/{gate}"));
                let second = talk.request("GET", "/status/200");
                let mut connection = talk.http2();
                let stream = connection.send(&first);
                talk.arrived(&gate, 1);
                connection.reset(stream);
                let stream = connection.send(&second);
                talk.http2_rest(&connection, stream).expect("an answer").is(200, "200\n");
                let_go_on(talk, &gate, 1);
            },
        )
        .leaves(json!({"action": "hold.read", "completion": "aborted", "outcome": "unknown", "status_code": null,
            "user": "unknown", "data": {"farewell": "hold"}}))
        .leaves(json!({"action": "status.read", "completion": "completed"}))
        .but(
            Framework::Actix,
            OWN_TASK,
            Expect::Records(vec![
                json!({"action": "hold.read", "completion": "aborted", "status_code": 200,
                    "data": {"farewell": "hold"}}),
                json!({"action": "status.read", "completion": "completed"}),
            ]),
        )
        .but(
            Framework::Rocket,
            disconnects::RUNS_ON,
            Expect::Records(vec![
                disconnects::ran_for_nobody(),
                json!({"action": "status.read", "completion": "completed"}),
            ]),
        ),
        Case::new("http2.reset_stream", "A stream that is reset in the middle of its answer.", |talk| {
            let gate = talk.gate("waits");
            let request = talk.request("GET", &format!("/hold-stream/{gate}"));
            let mut connection = talk.http2();
            let mut stream = connection.send(&request);
            connection.read_until(&mut stream, "first\n");
            talk.arrived(&gate, 1);
            talk.http2_told(&stream);
            connection.reset(stream);
            let_go_on(talk, &gate, 1);
        })
        .leaves(json!({"action": "hold.stream", "completion": "aborted", "status_code": 200, "response_bytes": 6,
            "data": {"farewell": "stream"}}))
        .but(
            Framework::Actix,
            OWN_TASK,
            Expect::Records(vec![json!({"action": "hold.stream", "completion": {"$in": ["aborted", "completed"]},
                "status_code": 200, "response_bytes": {"$in": [6, 13]}, "$whole": 13,
                "data": {"farewell": "stream"}})]),
        )
        .but(Framework::Rocket, disconnects::STREAMS_ON, disconnects::streamed_for_nobody()),
        Case::new("http2.reset_upload", "An upload that is reset while the handler waits: it is dropped.", |talk| {
            let (mut connection, stream, gate) = uploads(talk);
            connection.reset(stream);
            let after = talk.request("GET", "/status/200");
            let after = connection.send(&after);
            talk.http2_rest(&connection, after).expect("an answer").is(200, "200\n");
            let_go_on(talk, &gate, 1);
        })
        .leaves(cut("aborted"))
        .leaves(json!({"action": "status.read", "completion": "completed"}))
        .but(
            Framework::Actix,
            OWN_TASK,
            Expect::Records(vec![
                cut("client_disconnected"),
                json!({"action": "status.read", "completion": "completed"}),
            ]),
        )
        .but(
            Framework::Rocket,
            disconnects::RUNS_ON,
            Expect::Records(vec![
                cut("client_disconnected"),
                json!({"action": "status.read", "completion": "completed"}),
            ]),
        ),
        Case::new("http2.reset_upload_read", "An upload that is reset while it is read: the client left.", |talk| {
            let (connection, stream, gate) = uploads(talk);
            talk.open(&gate, 1);
            connection.reset(stream);
        })
        .leaves_unannounced(cut("client_disconnected")),
        Case::new("http2.cut_upload", "The connection is cut while an upload is read: the client left.", |talk| {
            let (connection, _stream, gate) = uploads(talk);
            talk.open(&gate, 1);
            connection.leave();
        })
        .leaves_unannounced(cut("client_disconnected")),
        Case::new("http2.cut", "A connection that is cut while its handlers wait: each is told.", |talk| {
            let gate = talk.gate("waits");
            let requests = [(); 2].map(|()| talk.request("GET", &format!("/hold/{gate}")));
            let mut connection = talk.http2();
            let _streams: Vec<_> = requests.iter().map(|request| connection.send(request)).collect();
            talk.arrived(&gate, 2);
            connection.leave();
            let_go_on(talk, &gate, 2);
        })
        .each_leaves(
            2,
            &json!({"action": "hold.read", "completion": "aborted", "outcome": "unknown",
            "status_code": null, "user": "unknown", "data": {"farewell": "hold"}}),
        )
        .but(Framework::Actix, OWN_TASK, disconnects::for_nobody(2))
        .but(Framework::Rocket, disconnects::RUNS_ON, disconnects::for_nobody(2)),
        Case::new("http2.panic", "A panic ends its stream and not the others.", |talk| {
            let gate = talk.gate("waits");
            let slow = talk.request("GET", &format!("/hold/{gate}"));
            let panics = talk.request("GET", "/panic");
            let mut connection = talk.http2();
            let slow = connection.send(&slow);
            talk.arrived(&gate, 1);
            let stream = connection.send(&panics);
            let answer = talk.http2_rest(&connection, stream);
            let caught = (talk.framework() == Framework::Rocket).then_some(500);
            assert_eq!(answer.map(|answer| answer.status), caught);
            talk.open(&gate, 1);
            talk.http2_rest(&connection, slow).expect("an answer").is(200, "held\n");
        })
        .panics(1)
        .leaves(json!({"action": "hold.read", "completion": "completed", "status_code": 200}))
        .leaves(json!({"action": "panic.trigger", "completion": "panicked", "status_code": null}))
        .but(
            Framework::Rocket,
            panics::CAUGHT,
            Expect::Records(vec![
                json!({"action": "hold.read", "completion": "completed", "status_code": 200}),
                json!({"action": "panic.trigger", "completion": "panicked", "status_code": 500, "outcome": "failed"}),
            ]),
        ),
    ]
}

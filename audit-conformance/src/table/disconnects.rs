//! Clients that leave: in order or by a reset, before the answer, in the middle of it, in the middle of their own
//! upload, and those that close only their half.

use serde_json::{Value, json};

use crate::case::{Case, Expect, Framework};
use crate::client::Leave;
use crate::talk::Talk;

/// Begins an upload that breaks off within a secret.
const PIECE: &str = r#"{"name":"rivers","password":"hunter2-and-mo"#;

pub(super) fn before_the_head() -> Value {
    json!({"action": "hold.read", "completion": "aborted", "outcome": "unknown", "level": "warn", "status_code": null,
        "response_bytes": null, "user": "unknown", "actor_type": "unknown", "data": {"farewell": "hold"},
        "error": null})
}

pub(super) fn leaves_before_the_head(talk: &mut Talk, how: Leave, index: usize) {
    let gate = talk.gate(index);
    let request = talk.request("GET", &format!("/hold/{gate}")).keep();
    let mut client = talk.connect();
    client.send(&request);
    talk.arrived(&gate, 1);
    client.leave(how);
    let noticed = match talk.framework() {
        Framework::Axum => true,
        Framework::Actix => how == Leave::Rst,
        Framework::Rocket => false,
    };
    if !noticed {
        talk.open(&gate, 1);
    }
}

/// What a handler leaves that ran to its end for nobody: the framework took the whole answer, or not all of it.
pub(super) fn ran_for_nobody() -> Value {
    json!({"action": "hold.read", "completion": {"$in": ["completed", "aborted"]}, "status_code": 200,
        "$whole": "held\n".len(), "data": {"farewell": "hold"}})
}

pub(super) fn for_nobody(times: usize) -> Expect {
    Expect::Records(vec![ran_for_nobody(); times])
}

pub(super) const RUNS_ON: &str = "it does not look at a connection while its handler runs, which goes on to its end";
pub(super) const HALF_CLOSED: &str = "by default it takes a client that closed its side for one that still listens";
pub(super) const DROPS_UNTOLD: &str =
    "at a reset it drops the handler before an error reaches it: the cause is not visible";
const MAY_DROP_UNTOLD: &str =
    "at a reset it drops the handler, before or after an error reaches it: the cause is not always visible";

fn in_the_stream() -> Value {
    json!({"action": "hold.stream", "completion": "aborted", "status_code": 200, "outcome": "success",
        "level": "info", "response_bytes": 6, "user": "anonymous", "data": {"farewell": "stream"}})
}

fn leaves_in_the_stream(talk: &mut Talk, how: Leave) {
    let gate = talk.gate("waits");
    let request = talk.request("GET", &format!("/hold-stream/{gate}")).keep();
    let mut client = talk.connect();
    client.send(&request);
    client.read_until("first\n");
    talk.arrived(&gate, 1);
    client.leave(how);
    if talk.framework() == Framework::Rocket || talk.framework() == Framework::Actix && how == Leave::Fin {
        talk.open(&gate, 1);
    }
}

pub(super) const STREAMS_ON: &str =
    "it notices that a client left when it sends the next piece, which the stream has made by then";

/// What a stream leaves that went on for nobody.
pub(super) fn streamed_for_nobody() -> Expect {
    Expect::Records(vec![json!({"action": "hold.stream", "completion": {"$in": ["completed", "aborted"]},
        "status_code": 200, "outcome": "success", "response_bytes": 13, "user": "anonymous",
        "data": {"farewell": "stream"}})])
}

fn in_the_upload() -> Value {
    json!({"action": "slow_read.send", "completion": "client_disconnected", "outcome": {"$not": "success"},
        "request_bytes": PIECE.len(), "truncated": true, "request_body": {"name": "rivers"}})
}

fn dropped_in_the_upload() -> Value {
    let mut record = in_the_upload();
    record["completion"] = "aborted".into();
    record["status_code"] = Value::Null;
    record
}

fn leaves_in_the_upload(talk: &mut Talk, how: Leave, chunked: bool) {
    let gate = talk.gate("waits");
    let request = talk.request("POST", &format!("/slow-read/{gate}")).header("content-type", "application/json");
    let request = if chunked { request.begun(PIECE) } else { request.declared(1000, PIECE) };
    let mut client = talk.connect();
    client.send(&request);
    talk.arrived(&gate, 1);
    talk.open(&gate, 1);
    client.leave(how);
}

fn half_closes_in_the_upload(talk: &mut Talk) {
    let gate = talk.gate("waits");
    let request = talk.request("POST", &format!("/slow-read/{gate}")).declared(1000, PIECE);
    let mut client = talk.connect();
    client.send(&request);
    talk.arrived(&gate, 1);
    client.half_close();
    talk.open(&gate, 1);
    client.rest();
}

fn in_the_extractor() -> Value {
    json!({"action": "basic.send", "completion": "client_disconnected", "status_code": {"$in": [null, 400]}})
}

fn told_or_dropped_in_the_extractor() -> Value {
    let mut record = in_the_extractor();
    record["completion"] = json!({"$in": ["client_disconnected", "aborted"]});
    record
}

fn leaves_in_the_extractor(talk: &mut Talk, how: Leave) {
    let request = talk.request("POST", "/basic").header("expect", "100-continue").declared(60, "");
    let mut client = talk.connect();
    client.send(&request);
    // The server says so when somebody begins to read.
    client.read_until("100 Continue");
    client.write(PIECE.as_bytes());
    client.leave(how);
}

pub(super) fn cases() -> Vec<Case> {
    use Leave::{Fin, Rst};
    vec![
        Case::new("leave.handler_fin", "Gone while the handler waits: no status, nobody named.", |talk| {
            leaves_before_the_head(talk, Fin, 1);
        })
        .leaves(before_the_head())
        .but(Framework::Actix, HALF_CLOSED, for_nobody(1))
        .but(Framework::Rocket, RUNS_ON, for_nobody(1)),
        Case::new("leave.handler_rst", "The same by a reset.", |talk| leaves_before_the_head(talk, Rst, 1))
            .leaves(before_the_head())
            .but(Framework::Rocket, RUNS_ON, for_nobody(1)),
        Case::new("leave.stream_fin", "Gone in the middle of the answer: its status, and the bytes taken.", |talk| {
            leaves_in_the_stream(talk, Fin);
        })
        .leaves(in_the_stream())
        .but(
            Framework::Actix,
            HALF_CLOSED,
            Expect::Records(vec![json!({"action": "hold.stream", "completion": {"$in": ["completed", "aborted"]},
                "status_code": 200, "response_bytes": 13, "data": {"farewell": "stream"}})]),
        )
        .but(Framework::Rocket, STREAMS_ON, streamed_for_nobody()),
        Case::new("leave.stream_rst", "The same by a reset.", |talk| leaves_in_the_stream(talk, Rst))
            .leaves(in_the_stream())
            .but(Framework::Rocket, STREAMS_ON, streamed_for_nobody()),
        Case::new("leave.upload_fin", "A cut upload: what came of it, without the secret that was cut.", |talk| {
            leaves_in_the_upload(talk, Fin, false);
        })
        .leaves_unannounced(in_the_upload()),
        Case::new("leave.upload_rst", "The same by a reset.", |talk| leaves_in_the_upload(talk, Rst, false))
            .leaves_unannounced(in_the_upload())
            .but(Framework::Actix, DROPS_UNTOLD, Expect::Records(vec![dropped_in_the_upload()])),
        Case::new("leave.upload_chunked_fin", "The same in chunks.", |talk| leaves_in_the_upload(talk, Fin, true))
            .leaves_unannounced(in_the_upload()),
        Case::new("leave.upload_chunked_rst", "The same in chunks, by a reset.", |talk| {
            leaves_in_the_upload(talk, Rst, true);
        })
        .leaves_unannounced(in_the_upload())
        .but(Framework::Actix, DROPS_UNTOLD, Expect::Records(vec![dropped_in_the_upload()])),
        Case::new("leave.extractor_fin", "Gone while an extractor reads: the handler's action.", |talk| {
            leaves_in_the_extractor(talk, Fin);
        })
        .leaves_unannounced(in_the_extractor()),
        Case::new("leave.extractor_rst", "The same by a reset.", |talk| leaves_in_the_extractor(talk, Rst))
            .leaves_unannounced(in_the_extractor())
            .but(Framework::Actix, MAY_DROP_UNTOLD, Expect::Records(vec![told_or_dropped_in_the_extractor()])),
        Case::new("leave.before_head_is_whole", "Half a request head is no request.", |talk| {
            for how in [Fin, Rst] {
                let mut client = talk.connect();
                client.write(b"GET /status/200 HTTP/1.1\r\nhost: te");
                client.leave(how);
            }
        }),
        Case::new("leave.between_requests", "Gone after an answer: that one is completed.", |talk| {
            for how in [Fin, Rst] {
                let request = talk.request("GET", "/status/200").keep();
                let mut client = talk.connect();
                client.send(&request);
                client.answer().is(200, "200\n");
                client.leave(how);
            }
        })
        .each_leaves(2, &json!({"completion": "completed", "response_bytes": 4})),
        Case::new("leave.half_close", "A half-closed connection is taken for a client that left.", |talk| {
            let gate = talk.gate("waits");
            let request = talk.request("GET", &format!("/hold/{gate}")).keep();
            let mut client = talk.connect();
            client.send(&request);
            talk.arrived(&gate, 1);
            client.half_close();
            match talk.framework() {
                Framework::Axum => assert_eq!(client.rest(), None),
                Framework::Actix => {
                    talk.open(&gate, 1);
                    client.answer().is(200, "held\n");
                }
                Framework::Rocket => {
                    assert_eq!(client.rest(), None);
                    talk.open(&gate, 1);
                }
            }
        })
        .leaves(before_the_head())
        .but(
            Framework::Actix,
            HALF_CLOSED,
            Expect::Records(vec![json!({"action": "hold.read", "completion": "completed", "status_code": 200})]),
        )
        .but(Framework::Rocket, RUNS_ON, for_nobody(1)),
        Case::new(
            "leave.half_close_upload",
            "Half-closed within the upload: the record says what the client was told.",
            |talk| {
                half_closes_in_the_upload(talk);
            },
        )
        .leaves_unannounced(json!({"action": "slow_read.send", "completion": "client_disconnected",
            "request_bytes": PIECE.len()})),
        Case::new(
            "leave.pipelined",
            "A server that has the next request already does not notice; that one never came.",
            |talk| {
                let gate = talk.gate("waits");
                let first = talk.request("GET", "/status/200").keep();
                let second = talk.request("GET", &format!("/hold/{gate}")).keep();
                let third = talk.request("GET", "/status/404").keep();
                let mut client = talk.connect();
                client.send_all(&[first, second, third]);
                client.answer().is(200, "200\n");
                talk.arrived(&gate, 1);
                client.leave(Rst);
                if talk.framework() != Framework::Actix {
                    talk.open(&gate, 1);
                }
            },
        )
        .leaves(json!({"completion": "completed", "status_code": 200}))
        // The framework took the bytes, and then could not send them.
        .leaves(ran_for_nobody())
        .leaves_nothing()
        .but(
            Framework::Actix,
            "it reads on while a handler runs, and notices",
            Expect::Records(vec![
                json!({"completion": "completed", "status_code": 200}),
                before_the_head(),
                Value::Null,
            ]),
        ),
    ]
}

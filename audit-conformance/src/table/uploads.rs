//! Bodies of requests: large ones, those that nobody reads, and a client that is stopped.

use serde_json::json;

use super::disconnects;
use crate::case::{Case, Expect, Framework};
use crate::client::Leave;

const LARGE: usize = 20 * 1024 * 1024;
/// Rocket begins nothing before it has the first 14 bytes of a body.
const BEGIN: &str = "begins with more than that";

const LOOKED_AT: &str = "it lets a short body be looked at only before the handler, whether that will read it or not";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("upload.sized", "20 MB with a length pass and are counted.", |talk| {
            let request = talk.request("POST", "/sink").body(vec![b'x'; LARGE]);
            talk.send(&request).is(200, &LARGE.to_string());
        })
        .leaves(json!({"action": "sink.send", "completion": "completed", "request_bytes": LARGE})),
        Case::new("upload.chunked", "20 MB in chunks pass and are counted.", |talk| {
            let request = talk.request("POST", "/sink").chunked((0..320).map(|_| vec![b'x'; LARGE / 320]));
            talk.send(&request).is(200, &LARGE.to_string());
        })
        .leaves(json!({"action": "sink.send", "completion": "completed", "request_bytes": LARGE})),
        Case::new("upload.echo", "5 MB pass both ways.", |talk| {
            let body = b"0123456789abcdef".repeat(5 * 1024 * 1024 / 16);
            let request = talk.request("POST", "/echo").body(body.clone());
            let answer = talk.connect().takes_any_chunks().send_and_rest(&request).expect("an answer");
            assert!(answer.whole && answer.body == body, "{} of {} bytes", answer.body.len(), body.len());
        })
        .leaves(json!({"action": "echo.send", "completion": "completed", "request_bytes": 5 * 1024 * 1024,
            "response_bytes": 5 * 1024 * 1024})),
        Case::new("upload.chunks", "Small chunks are one body.", |talk| {
            let pieces = [r#"{"name":"#, r#""rivers","pass"#, r#"word":"hunter"#, r#"2"}"#];
            let request = talk.request("POST", "/json").header("content-type", "application/json");
            let request = request.chunked(pieces.iter().map(|piece| piece.as_bytes().to_vec()));
            talk.send(&request).is(201, r#"{"name":"rivers"}"#);
        })
        .leaves(json!({"action": "layer.create", "completion": "completed", "request_bytes": 38,
            "request_body": {"name": "rivers", "password": "[FILTERED]"}, "truncated": null})),
        Case::new("upload.unread", "A body that nobody reads is not read for the record.", |talk| {
            let request = talk.request("POST", "/unread").json(r#"{"name":"rivers"}"#);
            talk.send(&request).is(200, "unread\n");
        })
        .leaves(json!({"action": "unread.send", "completion": "completed", "status_code": 200, "request_bytes": 0,
            "request_body": null}))
        .but(
            Framework::Rocket,
            LOOKED_AT,
            Expect::Records(vec![json!({"action": "unread.send", "completion": "completed", "request_bytes": 17,
                "request_body": {"name": "rivers"}})]),
        ),
        Case::new("upload.unread_then_next", "What nobody read does not hinder the next request.", |talk| {
            let first = talk.request("POST", "/unread").keep().body("a body");
            let second = talk.request("GET", "/status/200");
            let mut client = talk.connect();
            client.send_all(&[first, second]);
            client.answer().is(200, "unread\n");
            client.answer().is(200, "200\n");
        })
        .leaves(json!({"action": "unread.send", "completion": "completed", "request_bytes": 0}))
        .leaves(json!({"action": "status.read", "completion": "completed"}))
        .but(
            Framework::Rocket,
            LOOKED_AT,
            Expect::Records(vec![
                json!({"action": "unread.send", "completion": "completed", "request_bytes": 6}),
                json!({"action": "status.read", "completion": "completed"}),
            ]),
        ),
        Case::new("upload.continue", "A client that asks first is told to go on when somebody reads.", |talk| {
            let request = talk.request("POST", "/sink").header("expect", "100-continue").declared(5, "");
            let mut client = talk.connect();
            client.send(&request);
            client.read_until("100 Continue\r\n\r\n");
            client.write(b"12345");
            client.answer().is(200, "5");
        })
        .leaves(json!({"action": "sink.send", "completion": "completed", "request_bytes": 5})),
        Case::new("upload.continue_unread", "And is not told when nobody does, for the layer does not read.", |talk| {
            let request = talk.request("POST", "/unread").header("expect", "100-continue").declared(5, "");
            talk.send(&request).is(200, "unread\n");
        })
        .leaves(json!({"action": "unread.send", "completion": "completed", "request_bytes": 0}))
        .but(Framework::Rocket, "it reads the first bytes of every body itself, and waits for them", Expect::NotServed),
        Case::new("upload.unread_rest", "An answer to a body that has not come is an answer.", |talk| {
            let request = talk.request("POST", "/unread").declared(1_000_000, BEGIN);
            talk.send(&request).is(200, "unread\n");
        })
        .leaves(json!({"action": "unread.send", "completion": "completed", "status_code": 200})),
        Case::new(
            "upload.broken_chunks",
            "Chunks that break: what came before, and the handler's own answer.",
            |talk| {
                let request = talk.request("POST", "/sink").begun(BEGIN);
                let mut client = talk.connect();
                client.send(&request);
                client.write(b"no number\r\n");
                client.rest().expect("an answer").has_status(400);
            },
        )
        .leaves(json!({"action": "sink.send", "status_code": 400, "outcome": "rejected", "request_bytes": BEGIN.len()}))
        // It drops a handler of which the intent is still being written.
        .not_strict(&[Framework::Actix]),
        Case::new("upload.stalled", "A handler that does not read stops the client as soon.", |talk| {
            let gate = talk.gate("waits");
            let request = talk.request("POST", &format!("/slow-read/{gate}")).declared(LARGE, BEGIN);
            let mut client = talk.connect_narrow();
            client.send(&request);
            talk.arrived(&gate, 1);
            let written = client.write_until_stalled((LARGE - BEGIN.len()) as u64);
            talk.note(if written < LARGE as u64 / 2 { "stalled" } else { "not stalled" });
            assert!(written < LARGE as u64 / 2, "{written} bytes were taken");
            talk.measure("bytes written before the client was stopped", written);
            client.leave(Leave::Rst);
            talk.open(&gate, 1);
        })
        .leaves_unannounced(json!({"action": "slow_read.send", "completion": "client_disconnected", "outcome": {"$not": "success"}, "request_bytes": {"$more": BEGIN.len() - 1}}))
        .but(
            Framework::Actix,
            disconnects::DROPS_UNTOLD,
            Expect::Records(vec![json!({"action": "slow_read.send", "completion": {"$in": ["client_disconnected",
                "aborted"]}, "outcome": {"$not": "success"}, "request_bytes": {"$more": 4}})]),
        ),
    ]
}

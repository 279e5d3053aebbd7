//! Answers of each class, and requests that no handler answers.

use serde_json::{Value, json};

use crate::case::{Case, Expect, Framework};
use crate::client::Leave;

/// What a method leaves that the route does not have. Where the layer knows of no route that fits the path, it is kept as
/// basic.
fn nobodys(method: &str, status: u16, mode: &str) -> Value {
    json!({"method": method, "action": "http.request", "outcome": "rejected", "level": "warn", "status_code": status,
        "mode": mode, "completion": "completed", "target_type": null})
}

const NOT_FOUND: &str = "it answers a method that the route does not have as an unknown path";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("answer.ok", "A success is told whole: who, what, when, where and how it ended.", |talk| {
            talk.get("/status/200").is(200, "200\n");
        })
        .leaves(json!({
            "level": "info", "method": "GET", "path": "/status/200", "route": {"$contains": "code"},
            "action": "status.read", "target_type": "status", "target_id": "200", "user": "anonymous",
            "actor_type": "anonymous", "status_code": 200, "outcome": "success", "completion": "completed",
            "response_bytes": 4, "request_bytes": null, "request_body": null, "mode": "compact",
            "ip_address": "127.0.0.1", "peer_address": null, "forwarded_for": null, "error": null, "reason": null,
            "truncated": null, "handler": {"$contains": "status"}, "started_at": {"$some": true},
            "response_time_ms": {"$more": 0},
        })),
        Case::new("answer.created", "JSON in and out: target, data, and a body without its secret.", |talk| {
            let body = r#"{"name":"rivers","password":"hunter2"}"#;
            talk.post_json("/json?format=json&token=hunter2", body).is(201, r#"{"name":"rivers"}"#);
        })
        .leaves(json!({
            "action": "layer.create", "status_code": 201, "outcome": "success", "completion": "completed",
            "target_type": "layer", "target_id": "rivers", "data": {"length": 6}, "request_bytes": 38,
            "request_body": {"name": "rivers", "password": "[FILTERED]"}, "redacted": 2,
            "query_params": {"format": "json", "token": "[FILTERED]"}, "response_bytes": 17,
            "/headers/content-type": "application/json",
        })),
        Case::new("answer.empty", "204 has no body and is over with its head.", |talk| {
            talk.get("/empty").is(204, "");
        })
        .leaves(json!({"action": "empty.read", "status_code": 204, "outcome": "success", "completion": "completed",
            "response_bytes": 0})),
        Case::new("answer.redirect", "A redirect is a success.", |talk| {
            let answer = talk.get("/redirect");
            answer.is(303, "");
            assert_eq!(answer.header("location"), Some("/status/200"));
        })
        .leaves(json!({"action": "redirect.read", "status_code": 303, "outcome": "success", "level": "info",
            "completion": "completed"})),
        Case::new("answer.rejected", "Any other 4xx is rejected.", |talk| {
            for status in [400, 404, 409, 422] {
                talk.get(&format!("/status/{status}")).has_status(status);
            }
        })
        .each_leaves(
            4,
            &json!({"outcome": "rejected", "level": "warn", "completion": "completed",
            "action": "status.read"}),
        ),
        Case::new("answer.denied", "401 and 403 are denied.", |talk| {
            for status in [401, 403] {
                talk.get(&format!("/status/{status}")).has_status(status);
            }
        })
        .each_leaves(2, &json!({"outcome": "denied", "level": "warn", "completion": "completed"})),
        Case::new("answer.failed", "5xx failed; a handler's own 503 or 504 is no timeout.", |talk| {
            for status in [500, 503, 504] {
                talk.get(&format!("/status/{status}")).has_status(status);
            }
        })
        .each_leaves(
            3,
            &json!({"outcome": "failed", "level": "error", "completion": "completed",
            "user": "anonymous"}),
        ),
        Case::new("answer.own_408", "A handler's own 408 is no timeout.", |talk| {
            talk.get("/status/408").has_status(408);
        })
        .leaves(json!({"outcome": "rejected", "completion": "completed", "user": "anonymous"})),
        Case::new("answer.head", "HEAD is a request of its own kind, and its answer has no body.", |talk| {
            let request = talk.request("HEAD", "/status/200");
            talk.send(&request).is(200, "");
        })
        .leaves(json!({"method": "HEAD", "action": "status.read", "status_code": 200, "completion": "completed",
            "response_bytes": 0})),
        Case::new("answer.options", "OPTIONS, where nobody routed it.", |talk| {
            let request = talk.request("OPTIONS", "/status/200").accepts_json();
            talk.send(&request).is_refused();
        })
        .leaves(nobodys("OPTIONS", 405, "compact"))
        .but(Framework::Actix, NOT_FOUND, Expect::Records(vec![nobodys("OPTIONS", 404, "compact")]))
        .but(Framework::Rocket, NOT_FOUND, Expect::Records(vec![nobodys("OPTIONS", 404, "basic")])),
        Case::new("answer.wrong_method", "A method that the route does not have is nobody's action.", |talk| {
            let request = talk.request("DELETE", "/items/7").accepts_json();
            talk.send(&request).is_refused();
        })
        .leaves(nobodys("DELETE", 405, "compact"))
        .but(Framework::Actix, NOT_FOUND, Expect::Records(vec![nobodys("DELETE", 404, "compact")]))
        .but(Framework::Rocket, NOT_FOUND, Expect::Records(vec![nobodys("DELETE", 404, "basic")])),
        Case::new(
            "answer.unknown_route",
            "What matched no route is kept as basic, or scanners fill the disk.",
            |talk| {
                let request = talk.request("GET", "/nothing?password=hunter2").accepts_json();
                talk.send(&request).has_status(404);
            },
        )
        .leaves(json!({"action": "http.request", "mode": "basic", "path": "/nothing", "route": null,
            "query_params": null, "headers": null, "user_agent": null, "status_code": 404, "outcome": "rejected"})),
        Case::new("answer.unknown_undetected", "What matched no route and is not detected leaves nothing.", |talk| {
            talk.get("/wp-login.php?password=hunter2").has_status(404);
        })
        .leaves_nothing(),
        Case::new("answer.exempt", "An exempt handler leaves nothing, however it is asked.", |talk| {
            let request = talk.request("GET", "/health").accepts_json();
            talk.send(&request).is(200, "ok\n");
        })
        // Whether it leaves a record is settled after its intent.
        .not_strict(Framework::ALL)
        .leaves_nothing(),
        Case::new("answer.keep_alive", "Two requests on one connection are two records.", |talk| {
            let requests = ["/status/200", "/status/404"].map(|path| talk.request("GET", path).keep());
            let mut client = talk.connect();
            for (request, status) in requests.iter().zip([200, 404]) {
                client.send(request);
                client.answer().has_status(status);
            }
            client.leave(Leave::Fin);
        })
        .leaves(json!({"target_id": "200", "completion": "completed"}))
        .leaves(json!({"target_id": "404", "completion": "completed"})),
        Case::new("answer.pipelined", "Requests sent at once are answered in order and told apart.", |talk| {
            let requests = ["/status/200", "/stream?chunks=2", "/nothing", "/items/7"]
                .map(|path| talk.request("GET", path).accepts_json().keep());
            let mut client = talk.connect();
            client.send_all(&requests);
            client.answer().is(200, "200\n");
            client.answer().is(200, "chunk 0\nchunk 1\n");
            client.answer().has_status(404);
            client.answer().is(200, "item 7\n");
            client.leave(Leave::Fin);
        })
        .leaves(json!({"action": "status.read", "completion": "completed", "response_bytes": 4}))
        .leaves(json!({"action": "stream.read", "completion": "completed", "response_bytes": 16}))
        .leaves(json!({"action": "http.request", "completion": "completed", "status_code": 404}))
        .leaves(json!({"action": "item.read", "completion": "completed", "target_id": "7"})),
        Case::new("answer.http_1_0", "A stream to a client of HTTP/1.0 ends with its connection.", |talk| {
            let request = talk.request("GET", "/stream?chunks=2");
            let bytes = String::from_utf8(request.bytes()).expect("text").replacen("HTTP/1.1", "HTTP/1.0", 1);
            let mut client = talk.connect();
            client.expects(&request);
            client.write(bytes.as_bytes());
            client.answer().is(200, "chunk 0\nchunk 1\n");
        })
        .leaves(json!({"action": "stream.read", "completion": "completed", "response_bytes": 16})),
        Case::new("answer.no_http", "What is no request leaves no record.", |talk| {
            let mut client = talk.connect();
            client.write(b"not http\r\n\r\n");
            if let Some(answer) = client.rest() {
                answer.is_refused();
            }
            let client = talk.connect();
            client.leave(Leave::Fin);
        }),
    ]
}

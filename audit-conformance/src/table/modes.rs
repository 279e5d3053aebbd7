//! How much is kept, and of which answers.

use serde_json::{Value, json};

use super::{disconnects, panics, streams};
use crate::case::{Case, Expect, Framework};
use crate::client::Leave;
use crate::talk::Talk;

const BODY: &str = r#"{"name":"rivers","geometry":{"type":"Point","coordinates":[1.50,2]}}"#;

fn send(talk: &mut Talk, path: &str) {
    let request = talk.request("POST", &format!("{path}?q=x")).header("user-agent", "tester").header("x-extra", "y");
    let answer = talk.send(&request.json(BODY));
    assert!(answer.whole && answer.status == 200, "{answer:?}");
}

fn kept(mode: &str) -> Value {
    let body = match mode {
        "basic" => {
            return json!({"mode": "basic", "query_params": null, "headers": null, "user_agent": null,
                "request_body": null, "request_bytes": BODY.len(), "status_code": 200, "completion": "completed"});
        }
        "compact" => json!({"name": "rivers", "geometry": "[GEOMETRY_FILTERED]"}),
        _ => json!({"name": "rivers", "geometry": {"type": "Point", "coordinates": [1.50, 2]}}),
    };
    json!({"mode": mode, "query_params": {"q": "x"}, "/headers/x-extra": "y", "user_agent": "tester",
        "request_body": body, "request_bytes": BODY.len(), "status_code": 200, "completion": "completed"})
}

fn status(talk: &mut Talk, code: u16) {
    talk.get(&format!("/on-error/{code}")).is(code, &format!("{code}\n"));
}

fn on_error_cut() -> Value {
    let mut cut = streams::cut();
    cut["action"] = "on_error.flood".into();
    cut
}

pub(super) fn cases() -> Vec<Case> {
    let of_setting = |name, about, mode: &'static str| {
        Case::new(name, about, |talk| send(talk, "/echo")).with("AUDIT_MODE", mode).leaves(kept(mode))
    };
    vec![
        Case::new("mode.default", "By default all is kept but geometry.", |talk| send(talk, "/echo"))
            .leaves(kept("compact")),
        of_setting("mode.basic", "basic keeps who, what, when, where and how it ended.", "basic"),
        of_setting("mode.compact", "compact drops geometry.", "compact"),
        of_setting("mode.full", "full keeps it.", "full"),
        Case::new("mode.endpoint_basic", "An endpoint that asks for less than the settings.", |talk| {
            send(talk, "/basic");
        })
        .with("AUDIT_MODE", "full")
        .leaves(kept("basic")),
        Case::new("mode.endpoint_basic_get", "The same without a body.", |talk| {
            talk.get("/basic?q=x").is(200, "basic\n");
        })
        .with("AUDIT_MODE", "full")
        .leaves(json!({"mode": "basic", "query_params": null, "headers": null, "action": "basic.read"})),
        Case::new(
            "mode.endpoint_full",
            "An endpoint that asks for more than the settings, where that is known.",
            |talk| {
                send(talk, "/full");
            },
        )
        .with("AUDIT_MODE", "basic")
        .leaves(kept("full")),
        Case::new("mode.off", "Switched off, nothing is recorded, promised or changed.", |talk| {
            talk.get("/stream?chunks=3").is(200, "chunk 0\nchunk 1\nchunk 2\n");
            talk.post_json("/json", BODY).is(201, r#"{"name":"rivers"}"#);
            let request = talk.request("POST", "/echo").body(vec![b'x'; 100_000]);
            let answer = talk.connect().takes_any_chunks().send_and_rest(&request).expect("an answer");
            assert_eq!(answer.body.len(), 100_000);
            for path in ["/panic", "/panic-stream", "/broken-stream"] {
                let request = talk.request("GET", path);
                talk.send_for_any(&request);
            }
            disconnects::leaves_before_the_head(talk, Leave::Fin, 1);
            streams::cuts(talk, Leave::Rst);
        })
        .with("AUDIT_ENABLED", "false")
        .panics(2)
        .each_leaves_nothing(8),
        Case::new("on_error.success", "on = \"error\" keeps no success.", |talk| status(talk, 200))
            // Whether it leaves a record is settled after its intent.
            .not_strict(Framework::ALL)
            .leaves_nothing(),
        Case::new("on_error.rejected", "on = \"error\" keeps no refusal.", |talk| {
            status(talk, 404);
            status(talk, 403);
        })
        // Whether it leaves a record is settled after its intent.
        .not_strict(Framework::ALL)
        .leaves_nothing()
        .leaves_nothing(),
        Case::new("on_error.failed", "on = \"error\" keeps a failure.", |talk| status(talk, 500))
            .leaves(json!({"action": "on_error.read", "outcome": "failed", "status_code": 500})),
        Case::new("on_error.panic", "on = \"error\" keeps a panic.", |talk| {
            let request = talk.request("GET", "/on-error-panic");
            panics::send(talk, &request);
        })
        .panics(1)
        .leaves(panics::panicked("on_error.panic", "this route panics on purpose"))
        .but(
            Framework::Rocket,
            panics::CAUGHT,
            Expect::Records(vec![panics::caught(panics::panicked("on_error.panic", "this route panics on purpose"))]),
        ),
        Case::new("on_error.stream", "on = \"error\" keeps no stream that ended well.", |talk| {
            let answer = talk.get("/on-error-flood?bytes=100000");
            assert!(answer.whole && answer.body.len() == 100_000, "{} bytes", answer.body.len());
        })
        // Whether it leaves a record is settled after its intent.
        .not_strict(Framework::ALL)
        .leaves_nothing(),
        Case::new("on_error.aborted", "on = \"error\" keeps a stream that was cut, in both ways.", |talk| {
            for how in [Leave::Fin, Leave::Rst] {
                streams::cuts_at(talk, "/on-error-flood", how);
            }
        })
        // Whether it comes is settled after the head.
        .leaves_unannounced(on_error_cut())
        .leaves_unannounced(on_error_cut()),
    ]
}

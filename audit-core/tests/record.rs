//! The rules of the record: outcome, completion, who it was, identifiers, what was cut.

mod support;

use std::collections::HashSet;

use audit_core::exchange::{RequestHead, ResponseHead, RouteMatch};
use audit_core::{Actor, Auditor, Delivery, Line, Mode, Outcome, Output};
use serde_json::{Value, json};
use support::strict::check_line;
use support::{Act, Lines, Puppet, admit, auditor, begin};

fn auditor_of(mode: Mode) -> (Auditor, Puppet) {
    let sink = Puppet::new("puppet");
    (auditor(&sink, |builder| builder.mode(mode)), sink)
}

/// The one record that `run` leaves.
fn one(run: impl FnOnce(&Auditor)) -> Value {
    let (auditor, sink) = auditor_of(Mode::Full);
    run(&auditor);
    auditor.shutdown(support::PATIENCE);
    assert_eq!(sink.lines().len(), 1);
    check_line(&sink.lines()[0], 16_384)
}

/// A request that ended with this status.
fn ended(status: Option<u16>, during: impl FnOnce(&audit_core::Scope)) -> Value {
    one(|auditor| {
        let mut exchange = begin(auditor);
        admit(&mut exchange);
        during(&exchange.scope());
        if let Some(status) = status {
            exchange.respond(&ResponseHead::new(status, &Lines(&[])));
            exchange.complete();
        }
    })
}

#[test]
fn what_is_taken_of_an_answer_that_ends_with_its_head_is_not_sent() {
    for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304)] {
        let record = one(|auditor| {
            let head = RequestHead::new("test", method, "/api/things", &Lines(&[]));
            let mut exchange = auditor.begin(&head).expect("the path is not excluded");
            admit(&mut exchange);
            exchange.respond(&ResponseHead::new(status, &Lines(&[])));
            exchange.sent(b"a body all the same");
        });
        assert_eq!((&record["completion"], &record["response_bytes"]), (&json!("completed"), &json!(0)), "{method}");
    }
}

#[test]
fn a_status_gives_outcome_and_level() {
    for (status, outcome, level) in [
        (101, "success", "info"),
        (200, "success", "info"),
        (204, "success", "info"),
        (302, "success", "info"),
        (304, "success", "info"),
        (400, "rejected", "warn"),
        (401, "denied", "warn"),
        (403, "denied", "warn"),
        (404, "rejected", "warn"),
        (429, "rejected", "warn"),
        (499, "rejected", "warn"),
        (500, "failed", "error"),
        (503, "failed", "error"),
        (599, "failed", "error"),
        (600, "unknown", "warn"),
        (999, "unknown", "warn"),
    ] {
        let record = ended(Some(status), |_| {});
        assert_eq!((&record["outcome"], &record["level"]), (&json!(outcome), &json!(level)), "{status}");
        assert_eq!((&record["completion"], &record["status_code"]), (&json!("completed"), &json!(status)));
        assert_eq!((&record["user"], &record["actor_type"]), (&json!("anonymous"), &json!("anonymous")));
    }
    let cut = ended(None, |_| {});
    assert_eq!(
        (&cut["outcome"], &cut["level"], &cut["completion"]),
        (&json!("unknown"), &json!("warn"), &json!("aborted"))
    );
    assert_eq!((&cut["user"], &cut["actor_type"]), (&json!("unknown"), &json!("unknown")));
    assert!(cut.get("status_code").is_none());
}

#[test]
fn a_handlers_word_counts_but_makes_no_success_of_a_failure() {
    for (status, said, outcome) in [
        (Some(200), Outcome::Failed, "failed"),
        (Some(200), Outcome::Denied, "denied"),
        (Some(200), Outcome::Unknown, "unknown"),
        (Some(403), Outcome::Success, "denied"),
        (Some(400), Outcome::Success, "rejected"),
        (Some(500), Outcome::Success, "failed"),
        (Some(500), Outcome::Denied, "denied"),
        (None, Outcome::Failed, "failed"),
    ] {
        let record = ended(status, |scope| scope.set_outcome(said, "because"));
        assert_eq!((&record["outcome"], &record["reason"]), (&json!(outcome), &json!("because")), "{status:?} {said}");
    }
    let panicked = one(|auditor| {
        let mut exchange = begin(auditor);
        exchange.scope().set_outcome(Outcome::Success, "fine");
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            exchange.enter(|| std::panic::resume_unwind(Box::new("token=abcdefgh was wrong")))
        }));
        assert!(panic.is_err());
        exchange.respond(&ResponseHead::new(200, &Lines(&[])));
        exchange.complete();
    });
    assert_eq!(
        (&panicked["outcome"], &panicked["level"], &panicked["completion"]),
        (&json!("failed"), &json!("error"), &json!("panicked"))
    );
    let error = panicked["error"].as_str().unwrap();
    assert!(error.contains("was wrong") && !error.contains("abcdefgh"), "{error}");
}

#[test]
fn completion_follows_from_what_was_seen() {
    let with = |run: &dyn Fn(&mut audit_core::exchange::Exchange)| {
        one(|auditor| {
            let mut exchange = begin(auditor);
            admit(&mut exchange);
            run(&mut exchange);
        })["completion"]
            .clone()
    };
    let respond = |exchange: &mut audit_core::exchange::Exchange, status, length| {
        let headers = Lines(&[]);
        let mut head = ResponseHead::new(status, &headers);
        head.exact_length = length;
        exchange.respond(&head);
    };
    assert_eq!(with(&|exchange| respond(exchange, 200, None)), "aborted");
    assert_eq!(with(&|exchange| respond(exchange, 204, None)), "completed", "there is no body");
    assert_eq!(with(&|exchange| respond(exchange, 304, Some(5))), "completed");
    assert_eq!(with(&|exchange| respond(exchange, 200, Some(0))), "completed");
    assert_eq!(
        with(&|exchange| {
            respond(exchange, 200, Some(3));
            exchange.sent(b"ab");
        }),
        "aborted"
    );
    assert_eq!(
        with(&|exchange| {
            respond(exchange, 200, Some(3));
            exchange.sent(b"ab");
            exchange.sent(b"c");
        }),
        "completed"
    );
    assert_eq!(with(&|exchange| exchange.request_tap().client_gone()), "client_disconnected");
    assert_eq!(
        with(&|exchange| {
            exchange.scope().handler_dropped();
            respond(exchange, 504, Some(0));
        }),
        "timed_out"
    );
    assert_eq!(
        with(&|exchange| {
            exchange.scope().handler_dropped();
            respond(exchange, 500, Some(0));
        }),
        "completed"
    );
    assert_eq!(with(&|exchange| respond(exchange, 504, Some(0))), "completed", "the handler itself said so");
}

#[test]
fn who_it_was() {
    let record = ended(Some(200), |scope| {
        scope.set_actor(Actor::user("first"));
        scope.set_actor(
            Actor::service("batch").id(7).role("a").role("b,c").on_behalf_of("ann").tenant("t").session("s"),
        );
    });
    let expected = json!({"user": "batch", "user_id": 7, "actor_type": "service", "actor_roles": "a,b,c", "on_behalf_of": "ann",
        "tenant_id": "t", "session_id": "s"});
    audit_core::testing::assert_record(&record, expected);
    assert_eq!(ended(Some(200), |scope| scope.set_actor(Actor::anonymous()))["actor_type"], "anonymous");
    let big = ended(None, |scope| scope.set_actor(Actor::user("x").id(u64::MAX)));
    assert_eq!((&big["user"], &big["user_id"]), (&json!("x"), &json!(u64::MAX.to_string())));
    let event = one(|auditor| auditor.event("job.run").record());
    assert!(event.get("user").is_none() && event.get("actor_type").is_none());
    assert_eq!(
        (&event["outcome"], &event["completion"], &event["level"]),
        (&json!("success"), &json!("completed"), &json!("info"))
    );
}

#[test]
fn identifiers_of_others_are_believed_in_their_form_only() {
    let with = |headers: &[(&str, &[u8])]| {
        one(|auditor| drop(auditor.begin(&RequestHead::new("test", "GET", "/api/x", &Lines(headers)))))
    };
    let parent = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let record = with(&[("x-request-id", b"a-1._B"), ("traceparent", parent)]);
    assert_eq!(
        (&record["request_id"], &record["trace_id"]),
        (&json!("a-1._B"), &json!("0af7651916cd43dd8448eb211c80319c"))
    );
    assert_eq!(record["span_id"], "b7ad6b7169203331");
    assert_ne!(record["event_id"], record["request_id"]);
    for value in [&b""[..], b"a b", b"a\"b", b"\xff", &[b'a'; 129], b"a\n"] {
        assert!(with(&[("x-request-id", value), ("traceparent", value)]).get("request_id").is_none());
    }
    for value in [
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0-0-0",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ] {
        let record = with(&[("traceparent", value.as_bytes())]);
        assert!(record.get("trace_id").is_none() && record.get("span_id").is_none(), "{value}");
    }
}

#[test]
fn the_id_is_given_only_when_a_record_is_certain() {
    let id = |configure: fn(audit_core::Builder) -> audit_core::Builder, path: &str| {
        let sink = Puppet::new("puppet");
        let auditor = auditor(&sink, configure);
        let mut exchange = auditor.begin(&RequestHead::new("test", "GET", path, &Lines(&[]))).unwrap();
        admit(&mut exchange);
        let id = exchange.respond(&ResponseHead::new(200, &Lines(&[])));
        exchange.complete();
        drop(exchange);
        auditor.shutdown(support::PATIENCE);
        (id, sink.records().first().map(|record| record["event_id"].as_str().unwrap().to_owned()))
    };
    let (given, written) = id(|builder| builder, "/api/x");
    assert_eq!(given, written);
    assert!(given.is_some());
    let (given, written) = id(|builder| builder.delivery(Delivery::BestEffort), "/api/x");
    assert!(given.is_none() && written.is_some());
    assert_eq!(id(|builder| builder, "/page"), (None, None), "what is not kept has no id");
    // Nobody writes at all.
    let nobody = Auditor::builder().output(Output::None).build().unwrap();
    let mut exchange = begin(&nobody);
    admit(&mut exchange);
    assert_eq!(exchange.respond(&ResponseHead::new(200, &Lines(&[]))), None);
}

#[test]
fn a_filtered_path_is_not_a_cut_one() {
    let record = one(|auditor| {
        let headers = Lines(&[]);
        let long = format!("/api/reset/{}", "0123456789".repeat(9));
        let mut head = RequestHead::new("test", "GET", &long, &headers);
        head.route = RouteMatch::Template("/api/reset/{token}");
        drop(auditor.begin(&head));
    });
    assert_eq!((&record["path"], &record["redacted"]), (&json!("/api/reset/[FILTERED]"), &json!(1)));
    assert!(record.get("truncated").is_none(), "{record}");
    let record = one(|auditor| {
        let long = format!("/api/{}", "ä".repeat(9_000));
        drop(auditor.begin(&RequestHead::new("test", "GET", &long, &Lines(&[]))));
    });
    assert_eq!((&record["truncated"], &record["original_bytes"]), (&json!(true), &json!(18_005)));
    assert_eq!(record["path"], "/api/…", "the end of what was cut may tell what it is");
    let record = one(|auditor| {
        let (secret, token) = ("s".repeat(8_000), "A-token-that-is-cut-".repeat(20));
        let long = format!("/api/reset/{secret}/kept/{token}");
        let headers = Lines(&[]);
        let mut head = RequestHead::new("test", "GET", &long, &headers);
        head.route = RouteMatch::Template("/api/reset/{token}/{*rest}");
        drop(auditor.begin(&head));
    });
    assert_eq!(record["path"], "/api/reset/[FILTERED]/kept/…");
    let record = one(|auditor| {
        let long = format!("/api/{}", "ä/".repeat(9_000));
        drop(auditor.begin(&RequestHead::new("test", "GET", &long, &Lines(&[]))));
    });
    let path = record["path"].as_str().unwrap();
    assert!(path.starts_with("/api/ä/ä/") && path.ends_with('…') && path.len() < 2_049, "{path}");
}

#[test]
fn what_is_given_again_replaces_what_was_there() {
    let record = ended(Some(200), |scope| {
        for number in 0..2_000 {
            scope.data("progress", format!("{number:>200}"));
            scope.change("progress", 0, format!("{number:>200}"));
        }
    });
    assert_eq!(record["data"], json!({"progress": format!("{:>200}", 1_999)}));
    assert_eq!(record["changes"], json!({"progress": {"old": 0, "new": format!("{:>200}", 1_999)}}));
    assert!(record.get("truncated").is_none());
}

#[test]
fn a_value_that_was_cut_when_it_was_added_says_so() {
    let huge = json!([{ "\u{0}".repeat(60_000): 1 }]);
    let of_handler = ended(Some(200), |scope| scope.data("huge", &huge));
    let of_change = ended(Some(200), |scope| scope.change("huge", 1, &huge));
    let of_event = one(|auditor| auditor.event("test.event").data("huge", &huge).record());
    for record in [of_handler, of_change, of_event] {
        assert_eq!(record["truncated"], true, "{record}");
        // As many as were read: more than can be held, and not all of its 360 000.
        assert!(record["original_bytes"].as_u64().unwrap() >= 256 * 1024, "{record}");
    }
}

#[test]
fn lists_have_a_bound_and_say_so() {
    let record = ended(Some(200), |scope| {
        (0..100).for_each(|number| scope.step(format!("step {number}")));
        (0..100).for_each(|number| scope.add_target("layer", number.to_string()));
    });
    assert_eq!((record["steps"].as_array().unwrap().len(), record["targets"].as_array().unwrap().len()), (64, 64));
    assert_eq!(record["truncated"], true);
}

#[test]
fn a_line_is_one_line() {
    for text in ["{\n}", "{}\n{}", "{}\n\n", "[]", "1", "", "{\"user\":\"a\",\"user\":\"b\"}", "{}x", "\u{feff}{}"] {
        assert!(Line::parse(text.as_bytes()).is_err(), "{text:?}");
    }
    assert_eq!(Line::parse(b"{}\n").unwrap().bytes(), b"{}\n");
    assert!(Line::parse(b"{\"a\":\"\xff\"}").is_err());
}

#[test]
fn event_ids_are_unique_and_grow() {
    let (auditor, sink) = auditor_of(Mode::Basic);
    (0..500).for_each(|_| auditor.event("test.event").record());
    auditor.shutdown(support::PATIENCE);
    let ids: Vec<_> = sink.records().iter().map(|record| record["event_id"].as_str().unwrap().to_owned()).collect();
    assert!(ids.is_sorted());
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 500);
}

#[test]
fn a_gap_record_is_a_record() {
    let sink = Puppet::new("a sink \"with\nquotes\"").script(&[Act::Fail(0)]);
    let auditor = auditor(&sink, |builder| builder.max_line_bytes(2_048).service("s".repeat(256)));
    auditor.event("test.event").record();
    sink.wait_taken(1);
    let record = check_line(&sink.lines()[0], 2_048);
    audit_core::testing::assert_record(
        &record,
        json!({"action": "audit.gap", "actor_type": "system", "user": "audit",
        "outcome": "failed", "reason": "1 records could not be recorded"}),
    );
    assert_eq!((&record["data"]["count"], &record["data"]["sink"]), (&json!(1), &json!("a sink \"with\nquotes\"")));
}

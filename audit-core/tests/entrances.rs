//! Every way by which a value enters a record: a secret does not get through, and what stands beside it does.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use audit_core::exchange::{Exchange, RequestHead, ResponseHead, RouteMatch};
use audit_core::testing::MemorySink;
use audit_core::{Actor, Auditor, Builder, Mode, Outcome, Output, audited};
use serde_json::{Value, json};
use support::{Lines, admit};

/// A secret that no shape gives away: only a name or a scheme before it does.
const SECRET: &str = "hunter2xhunter9";
/// What must stay.
const KEPT: &str = "keptbeside";
/// A secret by its shape, of characters that every place allows.
const TOKEN: &str = "AKIAQ3EGRZ7VJT5LWXNB";

/// What comes in: a head, and what happens while the request is handled.
struct Entry<'a> {
    method: &'a str,
    path: &'a str,
    query: Option<&'a str>,
    template: Option<&'a str>,
    headers: &'a [(&'a str, &'a [u8])],
    body: &'a [u8],
    answer_headers: &'a [(&'a str, &'a [u8])],
    answer: &'a [u8],
    handle: Handle<'a>,
}

type Handle<'a> = &'a dyn Fn(&Exchange);

impl Default for Entry<'_> {
    fn default() -> Self {
        Self {
            method: "POST",
            path: "/api/things",
            query: None,
            template: None,
            headers: &[],
            body: b"",
            answer_headers: &[],
            answer: b"",
            handle: &|_| {},
        }
    }
}

fn auditor(configure: impl FnOnce(Builder) -> Builder) -> (Auditor, MemorySink) {
    let sink = MemorySink::new();
    let builder = configure(Auditor::builder().output(Output::None).mode(Mode::Full)).sink(sink.clone());
    (builder.build().expect("the settings are good"), sink)
}

/// The one record that `run` leaves, whole.
fn record(configure: impl FnOnce(Builder) -> Builder, run: impl FnOnce(&Auditor)) -> (Value, MemorySink) {
    let (auditor, sink) = auditor(configure);
    run(&auditor);
    auditor.shutdown(support::PATIENCE);
    (sink.only(), sink)
}

fn enter(auditor: &Auditor, entry: &Entry<'_>) {
    let headers = Lines(entry.headers);
    let mut head = RequestHead::new("test", entry.method, entry.path, &headers);
    head.query = entry.query;
    head.peer = "192.0.2.1".parse().ok();
    head.route = entry.template.map_or(RouteMatch::NotKnownYet, RouteMatch::Template);
    let mut exchange = auditor.begin(&head).expect("the path is not excluded");
    admit(&mut exchange);
    let tap = exchange.request_tap();
    entry.body.chunks(7).for_each(|chunk| tap.push(chunk));
    tap.complete();
    // A panic goes on as if nobody had looked; here it ends.
    let ended = catch_unwind(AssertUnwindSafe(|| exchange.enter(|| (entry.handle)(&exchange))));
    if ended.is_ok() {
        exchange.respond(&ResponseHead::new(200, &Lines(entry.answer_headers)));
        entry.answer.chunks(7).for_each(|chunk| exchange.sent(chunk));
        exchange.complete();
    }
}

fn asked_for_answers(builder: Builder) -> Builder {
    builder.record_response_bodies().record_response_headers()
}

#[audited("e.fails")]
fn fails() -> Result<(), String> {
    Err(format!("{KEPT}: password={SECRET}"))
}

#[audited("e.nested")]
fn nested() {
    assert!(fails().is_err());
}

#[audited("e.captures", capture(password = id, note, text = ?note))]
fn captures(id: &str, note: &str) -> usize {
    id.len() + note.len()
}

#[audited("e.targets", target = "{kind}/{id}/{pin}")]
fn targets(kind: &str, id: &str, pin: &str) -> usize {
    kind.len() + id.len() + pin.len()
}

#[audited("e.actor", actor = Actor::user(KEPT).session(name))]
fn acts(name: &str) -> usize {
    name.len()
}

/// Every entrance by its name in the record, and something that comes in by it: with a secret, and a neighbour to keep.
fn entrances(mut each: impl FnMut(&str, &Entry<'_>)) {
    let assigned = format!("{KEPT} password={SECRET}");
    let assigned = assigned.as_str();
    let bearer = format!("Bearer {SECRET}");
    let json = format!(r#"{{"a":"{KEPT}","user":{{"passWord":["{SECRET}"]}},"text":"password={SECRET}"}}"#);
    let form = format!("a={KEPT}&api%5Fkey={SECRET}&text=password%3D{SECRET}");
    let multipart = format!(
        "--x\r\ncontent-disposition: form-data; name=\"token\"\r\n\r\n{SECRET}\r\n\
         --x\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n{KEPT}\r\n--x--\r\n"
    );
    let bodies: [(&[u8], &str); 4] = [
        (b"application/json", &json),
        (b"application/x-ndjson", &json),
        (b"application/x-www-form-urlencoded", &form),
        (b"multipart/form-data; boundary=x", &multipart),
    ];
    for (content_type, body) in bodies {
        let headers: &[(&str, &[u8])] = &[("content-type", content_type)];
        each("request_body", &Entry { headers, body: body.as_bytes(), ..Entry::default() });
        each("response_body", &Entry { answer_headers: headers, answer: body.as_bytes(), ..Entry::default() });
    }
    each("query_params", &Entry { query: Some(&form), ..Entry::default() });
    let referer = format!("https://h/{KEPT}?token={SECRET}");
    let cookie = format!("{KEPT}=1; sid={SECRET}");
    for (name, value) in [
        ("authorization", &bearer),
        ("x-auth-token", &SECRET.to_owned()),
        ("cookie", &cookie),
        ("set-cookie", &cookie),
        ("referer", &referer),
        ("x-note", &bearer),
        ("x-user-pass", &SECRET.to_owned()),
    ] {
        let headers: &[(&str, &[u8])] = &[(name, value.as_bytes()), ("x-other", KEPT.as_bytes())];
        each("headers", &Entry { headers, ..Entry::default() });
        each("response_headers", &Entry { answer_headers: headers, ..Entry::default() });
    }
    each("user_agent", &Entry { headers: &[("user-agent", assigned.as_bytes())], ..Entry::default() });
    let long = format!("password={SECRET}{}, {KEPT}", "y".repeat(300));
    for claim in [assigned, &long] {
        each("forwarded_for", &Entry { headers: &[("x-forwarded-for", claim.as_bytes())], ..Entry::default() });
    }
    let reset = format!("/api/{KEPT}/reset/{SECRET}");
    each("path", &Entry { path: &reset, template: Some("/api/{a}/reset/{token}"), ..Entry::default() });
    let matrix = format!("/api/{KEPT};jsessionid={SECRET}/x");
    each("path", &Entry { path: &matrix, ..Entry::default() });

    let handled: [(&str, Handle<'_>); 19] = [
        ("data", &|exchange| exchange.scope().data("api.key", json!({ "x": SECRET }))),
        ("data", &|exchange| exchange.scope().data("note", assigned)),
        ("data", &|exchange| exchange.scope().data(assigned, 1)),
        ("changes", &|exchange| exchange.scope().change("password", SECRET, SECRET)),
        ("changes", &|exchange| exchange.scope().change("note", assigned, &bearer)),
        ("changes", &|exchange| exchange.scope().change(assigned, 1, 2)),
        ("reason", &|exchange| exchange.scope().set_outcome(Outcome::Failed, assigned)),
        ("reason", &|exchange| exchange.scope().set_reason(assigned)),
        ("error", &|exchange| exchange.note_error(&assigned)),
        ("error", &|_| fails().expect_err("as asked").clear()),
        ("calls", &|_| nested()),
        ("error", &|_| resume_unwind(Box::new(assigned.to_owned()))),
        ("target_id", &|exchange| exchange.scope().add_target("token", SECRET)),
        ("target_id", &|exchange| exchange.scope().add_target("thing", assigned)),
        ("target_type", &|exchange| exchange.scope().add_target(assigned, "1")),
        ("steps", &|exchange| exchange.scope().step(assigned)),
        ("data", &|_| assert_ne!(captures(SECRET, assigned), 0)),
        ("target_id", &|_| assert_ne!(targets("thing", assigned, SECRET), 0)),
        ("target_id", &|_| assert_ne!(targets("token", SECRET, KEPT), 0)),
    ];
    for (name, handle) in handled {
        each(name, &Entry { handle, ..Entry::default() });
    }
}

#[test]
fn no_entrance_lets_a_secret_through_and_each_lets_its_neighbour() {
    let mut seen = 0;
    entrances(|name, entry| {
        let (record, sink) = record(asked_for_answers, |auditor| {
            enter(
                auditor,
                &Entry {
                    // For those that have nothing to keep at their own place.
                    query: entry.query.or(Some("beside=keptbeside")),
                    ..*entry
                },
            );
        });
        sink.assert_no_leak(SECRET);
        let at = record.get(name).unwrap_or_else(|| panic!("there is no {name}: {record:#}"));
        assert!(at.to_string().contains("[FILTERED]"), "{name}: {record:#}");
        assert!(record.to_string().contains(KEPT), "{name}: {record:#}");
        assert!(record["redacted"].as_u64().is_some_and(|redacted| redacted > 0), "{name}: {record:#}");
        seen += 1;
    });
    assert!(seen > 40, "{seen}");
}

#[test]
fn the_secret_by_itself_is_shown() {
    let headers: &[(&str, &[u8])] = &[("x-note", SECRET.as_bytes())];
    let entry = Entry { headers, query: Some("note=hunter2xhunter9"), ..Entry::default() };
    let (record, _) = record(|builder| builder, |auditor| enter(auditor, &entry));
    assert_eq!((&record["headers"]["x-note"], &record["query_params"]["note"]), (&json!(SECRET), &json!(SECRET)));
}

#[test]
fn an_answer_is_taken_only_if_asked_for() {
    entrances(|name, entry| {
        if let "response_body" | "response_headers" = name {
            let (record, sink) = record(|builder| builder, |auditor| enter(auditor, entry));
            assert_eq!(record.get(name), None);
            sink.assert_no_leak(SECRET);
            sink.assert_no_leak(KEPT);
        }
    });
}

#[test]
fn what_has_a_form_of_its_own_cannot_be_a_token() {
    let method = format!("{TOKEN}-{}", "X".repeat(40));
    let agent = format!("agent {TOKEN}");
    for entry in [
        Entry { method: &method, ..Entry::default() },
        Entry { headers: &[("x-request-id", TOKEN.as_bytes())], ..Entry::default() },
        Entry { headers: &[("user-agent", agent.as_bytes())], ..Entry::default() },
        Entry { handle: &|exchange| exchange.scope().step(TOKEN), ..Entry::default() },
        Entry { handle: &|exchange| exchange.scope().add_target(TOKEN, "1"), ..Entry::default() },
    ] {
        let (record, sink) = record(
            |builder| builder,
            |auditor| {
                enter(auditor, &Entry { query: Some("beside=keptbeside"), ..entry });
            },
        );
        sink.assert_no_leak(TOKEN);
        assert_eq!(record["query_params"]["beside"], KEPT);
        assert!(record.get("request_id").is_none());
    }
    let (kept, _) =
        record(|builder| builder, |auditor| enter(auditor, &Entry { method: "PROPFIND", ..Entry::default() }));
    assert_eq!(kept["method"], "PROPFIND");
}

#[test]
fn no_part_of_an_actor_can_be_a_token() {
    let named = |actor: Actor| {
        record(
            |builder| builder,
            |auditor| {
                enter(
                    auditor,
                    &Entry { handle: &|exchange| exchange.scope().set_actor(actor.clone()), ..Entry::default() },
                );
            },
        )
    };
    for (actor, key) in [
        (Actor::user(TOKEN).role(KEPT), "user"),
        (Actor::user(KEPT).id(TOKEN), "user_id"),
        (Actor::user(KEPT).role("a").role(TOKEN), "actor_roles"),
        (Actor::user(KEPT).on_behalf_of(TOKEN), "on_behalf_of"),
        (Actor::user(KEPT).tenant(TOKEN), "tenant_id"),
        (Actor::user(KEPT).session(TOKEN), "session_id"),
    ] {
        let (told, sink) = named(actor.clone());
        sink.assert_no_leak(TOKEN);
        assert!(told[key].as_str().is_some_and(|text| text.contains("[FILTERED]")), "{told:#}");
        assert!(told.to_string().contains(KEPT), "{told:#}");
        let (event, sink) = record(|builder| builder, |auditor| auditor.event("e.event").actor(actor).record());
        sink.assert_no_leak(TOKEN);
        assert!(event.to_string().contains(KEPT), "{event:#}");
    }
    let (acted, sink) = record(
        |builder| builder,
        |auditor| {
            enter(auditor, &Entry { handle: &|_| assert_ne!(acts(TOKEN), 0), ..Entry::default() });
        },
    );
    sink.assert_no_leak(TOKEN);
    assert_eq!((&acted["user"], &acted["session_id"]), (&json!(KEPT), &json!("[FILTERED]")));
}

#[test]
fn an_event_has_the_same_doors() {
    let assigned = format!("{KEPT} password={SECRET}");
    let (record, sink) = record(
        |builder| builder,
        |auditor| {
            auditor
                .event(assigned.clone())
                .target(assigned.clone(), SECRET)
                .target("token", SECRET)
                .reason(assigned.clone())
                .details(&assigned)
                .data("pin", SECRET)
                .data(assigned.clone(), 1)
                .record();
        },
    );
    sink.assert_no_leak(SECRET);
    for key in ["action", "reason", "target_type"] {
        assert_eq!(record[key], format!("{KEPT} password=[FILTERED]"), "{record:#}");
    }
    assert_eq!(record["data"]["details"], format!("{KEPT} password=[FILTERED]"));
    assert_eq!(record["data"][format!("{KEPT} password=[FILTERED]")], "[FILTERED]");
    assert_eq!(record["data"]["pin"], "[FILTERED]");
}

#[cfg(feature = "tracing")]
#[test]
fn what_tracing_brings_has_the_same_doors() {
    use tracing_subscriber::prelude::*;
    let assigned = format!("{KEPT} password={SECRET}");
    let (auditor, sink) = auditor(|builder| builder);
    let subscriber = tracing_subscriber::registry().with(auditor.json_layer());
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!(target: "audit", token = SECRET, api.key = %SECRET, pin = ?Some(SECRET), note = assigned, "{assigned}");
        let handle: Handle<'_> = &|exchange| {
            tracing::info!(target: "audit", secret = 7, note = assigned);
            // An identifier by its form, and a token by it too.
            let span = tracing::info_span!("work", trace_id = TOKEN, span_id = TOKEN);
            span.in_scope(|| exchange.scope().data("beside", KEPT));
            tracing::info_span!("work", trace_id = "abc-123", span_id = TOKEN).in_scope(|| ());
        };
        enter(&auditor, &Entry { handle, ..Entry::default() });
        let around = tracing::info_span!("around", trace_id = TOKEN);
        around.in_scope(|| enter(&auditor, &Entry::default()));
    });
    auditor.shutdown(support::PATIENCE);
    sink.assert_no_leak(SECRET);
    sink.assert_no_leak(TOKEN);
    let records = sink.records();
    let data = |record: &Value| record["data"].clone();
    let filtered = format!("{KEPT} password=[FILTERED]");
    assert_eq!(
        data(&records[0]),
        json!({"token": "[FILTERED]", "api.key": "[FILTERED]", "pin": "[FILTERED]", "note": filtered, "message": filtered})
    );
    assert_eq!(data(&records[1]), json!({"secret": "[FILTERED]", "note": filtered, "beside": KEPT}));
    assert_eq!((&records[1]["trace_id"], records[1].get("span_id")), (&json!("abc-123"), None));
    assert_eq!(records[2].get("trace_id"), None);
}

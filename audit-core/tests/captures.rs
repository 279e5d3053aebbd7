//! What an attribute's `capture(..)` and `actor` put into a record.

mod support;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use audit_core::exchange::unrecorded;
use audit_core::testing::{MemorySink, assert_record};
use audit_core::{Actor, AsActor, Auditor, Output, Scope, audited, set_actor};
use serde::Serialize;
use serde_json::{Value, json};
use support::{admit, begin, respond};

/// The one record of a request that `handle` handles.
fn record(handle: impl FnOnce(&Scope)) -> (Value, MemorySink) {
    let sink = MemorySink::new();
    let builder = Auditor::builder().output(Output::None).max_line_bytes(256 * 1024);
    let auditor = builder.sink(sink.clone()).build().expect("the settings are good");
    let mut exchange = begin(&auditor);
    admit(&mut exchange);
    let scope = exchange.scope();
    exchange.enter(|| handle(&scope));
    respond(&mut exchange, 200);
    exchange.complete();
    drop(exchange);
    auditor.shutdown(support::PATIENCE);
    (sink.only(), sink)
}

#[derive(Debug, Serialize)]
struct Body {
    title: String,
    password: String,
}

struct Shown(&'static str);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[derive(Debug)]
struct Debugged {
    _id: u8,
}

#[audited("c.forms", capture(
    body.title, n = items.len(), "dotted.key" = items, shown, debugged, %number, text = ?name, none = None::<u8>,
))]
fn forms(body: Body, mut items: Vec<u8>, shown: Shown, debugged: Debugged, number: u8, name: &str) -> usize {
    items.clear();
    drop((body, shown, debugged));
    usize::from(number) + name.len()
}

fn body() -> Body {
    Body { title: "roads".to_owned(), password: "hunter2hunter".to_owned() }
}

#[test]
fn captured_fields_are_read_before_the_body_by_what_their_types_can_do() {
    let (record, _) = record(|_| {
        assert_eq!(forms(body(), vec![1, 2], Shown("shown"), Debugged { _id: 7 }, 7, "x"), 8);
    });
    let data = json!({
        "body.title": "roads", "n": 2, "dotted.key": [1, 2], "shown": "shown", "debugged": "Debugged { _id: 7 }",
        "number": "7", "text": "\"x\"", "none": null,
    });
    assert_record(&record, json!({"action": "c.forms", "data": data, "redacted": null}));
}

const TOKEN: &str = "ghp_x9Qm2LkVt7RzWnB4sYcJ8dFhP1aGuE3oT6iN";
const BEARER: &str = "Bearer dGhpcy1pcy1hLXNlY3JldA";

#[audited("c.secrets", capture(
    body.password, body, ?body.title, debugged = ?body, shown, %shown.0, token_count = 3, "api.key" = body.title,
    line = %format_args!("--password {}", body.password),
))]
fn secrets(body: &Body, shown: Shown) -> usize {
    body.title.len() + shown.0.len()
}

#[test]
fn what_is_captured_is_redacted_under_its_key_and_by_its_shape() {
    let mut body = body();
    body.title = BEARER.to_owned();
    let (record, sink) = record(|_| assert_eq!(secrets(&body, Shown(TOKEN)), BEARER.len() + TOKEN.len()));
    for secret in ["hunter2hunter", "dGhpcy1pcy1hLXNlY3JldA", TOKEN] {
        sink.assert_no_leak(secret);
    }
    let data = &record["data"];
    assert_eq!(data["body.password"], "[FILTERED]");
    assert_eq!(data["api.key"], "[FILTERED]");
    assert_eq!(data["body"]["password"], "[FILTERED]");
    assert_eq!(data["token_count"], 3);
    assert!(record["redacted"].as_u64().is_some_and(|redacted| redacted >= 8), "{record:#}");
}

#[audited("c.outer", capture(name))]
async fn outer(name: &str) -> usize {
    inner(name, "token=abc1234567890", 1).unwrap_or(0) + inner(name, "", 2).unwrap_or(0)
}

#[audited("c.inner", target = "inner/{id}", capture(name, text, password = id))]
fn inner(name: &str, text: &str, id: usize) -> Result<usize, fmt::Error> {
    drop(text.to_owned());
    Ok(name.len() + id)
}

#[test]
fn a_nested_call_keeps_what_it_captured_to_itself() {
    let (record, sink) = record(|_| assert_eq!(support::block_on(outer("roads")), 13));
    assert_eq!(record["data"], json!({"name": "roads"}));
    let data: Vec<&Value> = record["calls"].as_array().expect("calls").iter().map(|call| &call["data"]).collect();
    assert_eq!(data[1], &json!({"name": "roads", "text": "", "password": "[FILTERED]"}));
    assert_eq!(data[0]["name"], "roads");
    sink.assert_no_leak("abc1234567890");
}

#[audited("c.large", capture(text))]
fn large(text: &str) -> usize {
    text.len()
}

#[audited("c.many")]
fn many(text: &str) -> usize {
    large(text) + large(text)
}

#[test]
fn nested_calls_share_the_bound_on_what_is_held() {
    let text = "a b ".repeat(40_000);
    let (record, _) = record(|_| assert_eq!(many(&text), 320_000));
    assert_eq!(record["calls"][0]["data"]["text"].as_str().map(str::len), Some(160_000));
    assert_record(&record["calls"][1], json!({"action": "c.large", "data": null}));
    assert_record(&record, json!({"truncated": true}));
}

struct Counting(AtomicUsize);

impl fmt::Display for Counting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fetch_add(1, Ordering::SeqCst);
        f.write_str("counted")
    }
}

impl AsActor for Counting {
    fn as_actor(&self) -> Option<Actor> {
        self.0.fetch_add(1, Ordering::SeqCst);
        None
    }
}

#[audited("c.counted", capture(count), actor = count)]
fn counted(count: &Counting) -> usize {
    count.0.load(Ordering::SeqCst)
}

#[test]
fn a_value_is_read_once_and_only_for_a_record() {
    let count = Counting(AtomicUsize::new(0));
    assert_eq!(unrecorded(|| counted(&count)), 0);
    // No auditor is installed.
    assert_eq!(counted(&count), 0);
    let (record, _) = record(|_| assert_eq!(counted(&count), 2));
    assert_eq!(record["data"]["count"], "counted");
}

struct Panicking;

impl fmt::Display for Panicking {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("a value that cannot be written")
    }
}

#[audited("c.panicking", capture(value, first = items[0], n = items.len()), actor = items[0].to_string())]
fn panicking(value: &Panicking, items: &[u8]) -> usize {
    items.len()
}

#[test]
fn a_value_that_cannot_be_read_costs_itself_alone() {
    let (record, _) = record(|_| assert_eq!(panicking(&Panicking, &[]), 0));
    let unreadable = "[not readable: reading it panicked]";
    let data = json!({"value": unreadable, "first": unreadable, "n": 0});
    assert_record(&record, json!({"data": data, "outcome": "success", "completion": "completed", "user": "anonymous"}));
}

struct User {
    id: i64,
    login: String,
}

impl AsActor for User {
    fn as_actor(&self) -> Option<Actor> {
        Some(Actor::user(&self.login).id(self.id))
    }
}

#[audited("a.own", actor = user)]
fn own(user: User) -> String {
    user.login
}

#[audited("a.maybe", actor = name)]
fn maybe(name: Option<&str>) -> bool {
    name.is_some()
}

#[audited("a.later", actor = name)]
fn later(name: String) {
    set_actor(Actor::service(name + "-in-the-body"));
}

#[audited("a.nesting")]
fn nesting() -> String {
    own(User { id: 8, login: "nested".to_owned() })
}

#[test]
fn an_actor_is_named_before_the_body_and_beats_a_resolver() {
    let user = || User { id: 7, login: "ana".to_owned() };
    let (named, _) = record(|_| assert_eq!(own(user()), "ana"));
    assert_record(&named, json!({"user": "ana", "user_id": 7, "actor_type": "user"}));
    let (resolved_before_and_after, _) = record(|scope| {
        scope.resolve_actor(Actor::user("resolved"));
        own(user());
        scope.resolve_actor(Actor::user("resolved"));
    });
    assert_record(&resolved_before_and_after, json!({"user": "ana"}));
}

#[test]
fn nobody_is_named_by_none_and_the_body_has_the_last_word() {
    let name = |handle: fn(&Scope)| record(handle).0["user"].clone();
    assert_eq!(name(|_| assert!(!maybe(None))), "anonymous");
    assert_eq!(name(|_| assert!(maybe(Some("ana")))), "ana");
    let resolved = name(|scope| {
        scope.resolve_actor(Actor::user("resolved"));
        maybe(None);
    });
    assert_eq!(resolved, "resolved");
    assert_eq!(name(|_| later("ana".to_owned())), "ana-in-the-body");
    assert_eq!(name(|_| assert_eq!(nesting(), "nested")), "nested");
}

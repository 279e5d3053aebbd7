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
    assert_record(
        &record,
        json!({"data": data, "outcome": "success", "completion": "completed", "user": "unknown", "actor_type": "unknown"}),
    );
    // Whoever tells otherwise is believed.
    let (record, _) = self::record(|_| {
        panicking(&Panicking, &[]);
        set_actor(Actor::user("ana"));
    });
    assert_record(&record, json!({"user": "ana", "actor_type": "user"}));
}

struct Refusing;

impl fmt::Display for Refusing {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Err(fmt::Error)
    }
}

#[audited("t.panicking", target = "thing/{value}")]
fn target_of(value: &dyn fmt::Display) {}

#[test]
fn a_target_that_cannot_be_read_costs_itself_alone() {
    for (value, why) in
        [(&Panicking as &dyn fmt::Display, "reading it panicked"), (&Refusing, "its text cannot be written")]
    {
        let (record, _) = record(|_| target_of(value));
        let id = format!("[not readable: {why}]");
        assert_record(&record, json!({"target_type": "thing", "target_id": id, "outcome": "success"}));
    }
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        std::panic::panic_any("a payload that cannot be dropped");
    }
}

fn explode() -> u8 {
    std::panic::panic_any(Bomb)
}

#[audited("c.bomb", capture(n = explode()), actor = explode().to_string())]
fn bomb() -> u8 {
    7
}

#[test]
fn what_a_panic_carries_costs_nothing_either() {
    let (record, _) = record(|_| assert_eq!(bomb(), 7));
    assert_record(&record, json!({"outcome": "success", "data": {"n": "[not readable: reading it panicked]"}}));
}

#[audited("a.token", actor = Actor::user(TOKEN).id(TOKEN).role("admin").role(BEARER).on_behalf_of(BEARER)
    .tenant(TOKEN).session(BEARER))]
fn token_actor() {}

#[test]
fn an_actor_shows_no_secret_and_every_name() {
    let hidden = |handle: fn(&Scope)| {
        let (record, sink) = record(handle);
        sink.assert_no_leak(TOKEN);
        sink.assert_no_leak("dGhpcy1pcy1hLXNlY3JldA");
        record
    };
    assert_record(&hidden(|_| token_actor()), json!({"redacted": 6, "actor_type": "user"}));
    assert_record(&hidden(|scope| scope.resolve_actor(Actor::service(TOKEN))), json!({"redacted": 1}));
    let sink = MemorySink::new();
    let auditor = Auditor::builder().output(Output::None).sink(sink.clone()).build().expect("the settings are good");
    auditor.event("job").actor(Actor::system(TOKEN)).record();
    assert_record(&sink.only(), json!({"redacted": 1}));
    sink.assert_no_leak(TOKEN);
    let id = "0190f3c4-9a3b-7c1e-8d2f-5b6a7c8d9e0f";
    for name in ["ana", "ana.garcia@example.org", id, "DOMAIN\\ana", "auth0|5f7c8ec7c33c6c004bbafe82"] {
        let (record, _) = record(|scope| scope.set_actor(Actor::user(name).id(id).role("gis:admin").session("s-81")));
        let expected = json!({
            "user": name, "user_id": id, "actor_roles": "gis:admin", "session_id": "s-81", "redacted": null,
        });
        assert_record(&record, expected);
    }
}

struct Login<'a> {
    password: &'a str,
    pair: (u32, u32),
}

#[audited("c.sources", capture(p = login.password, q = &(login.password), n = login.password.len(), a = login.pair.0))]
fn sources(login: &Login<'_>) -> u32 {
    login.pair.1
}

#[test]
fn a_value_is_secret_by_the_name_it_is_read_from_too() {
    let login = Login { password: "hunter2hunter", pair: (1, 2) };
    let (record, _) = record(|_| assert_eq!(sources(&login), 2));
    let data = json!({"p": "[FILTERED]", "q": "[FILTERED]", "n": 13, "a": 1});
    assert_record(&record, json!({"data": data, "redacted": 2}));
}

/// Serialises to far more than any record holds, and counts how much of it was asked for.
struct Huge(AtomicUsize);

impl Serialize for Huge {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((0..10_000_000).inspect(|_| {
            self.0.fetch_add(1, Ordering::SeqCst);
        }))
    }
}

#[audited("c.huge", capture(huge))]
fn huge_of(huge: &Huge) {}

#[test]
fn a_value_too_large_to_hold_is_cut_as_it_is_read() {
    let huge = Huge(AtomicUsize::new(0));
    let (record, _) = record(|_| {
        huge_of(&huge);
        audit_core::data("more", &huge);
    });
    assert!(huge.0.load(Ordering::SeqCst) < 300_000, "it is not read to its end: {}", huge.0.load(Ordering::SeqCst));
    assert_record(&record, json!({"truncated": true}));
    assert_eq!(record["data"]["huge"][9], 9);
    let (text, sink) = self::record(|_| {
        large(&"x ".repeat(5_000_000));
        audit_core::data("token", "abc ".repeat(5_000_000));
    });
    assert_record(&text, json!({"truncated": true, "data": {"text": "[not kept: too long]", "token": "[FILTERED]"}}));
    sink.assert_no_leak("abc abc");
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

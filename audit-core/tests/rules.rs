//! Rules of redaction that an application adds, and those of an endpoint: `redact(..)` and `keep(..)`.

mod support;

use audit_core::exchange::{Exchange, RequestHead, ResponseHead, RouteMatch};
use audit_core::redact::{Hide, Rules};
use audit_core::testing::{MemorySink, assert_record};
use audit_core::{Auditor, Builder, Output, audited};
use serde_json::{Value, json};
use support::{Lines, admit, respond};

/// What stands under names that only rules know.
const SECRET: &str = "DE44500105175407324931";
const LATE: &str = "the endpoint has rules of its own, and was known too late";
const HEADERS: Lines<'_> = Lines(&[
    ("content-type", b"application/json"),
    ("authorization", b"Bearer abc"),
    ("x-iban", SECRET.as_bytes()),
    ("x-kept", b"kept"),
]);

#[audited("r.declared", route = "POST /declared/{iban}", redact(iban), capture(iban, kept = 1))]
fn declared(iban: &str) {
    drop(iban.to_owned());
    audit_core::data("customer_iban", iban);
    audit_core::change("iban", iban, "");
    audit_core::set_reason(format!("iban={iban}"));
}

#[audited("r.plain", target = "iban/{iban}", redact("iban", notes))]
fn plain(iban: &str) -> Result<(), String> {
    audit_core::data("customerIban", iban);
    Err(format!("no account of iban={iban}"))
}

#[audited("r.other", route = "POST /other/{iban}")]
fn other(iban: &str) {
    audit_core::data("iban", iban);
}

#[audited("r.outer", redact(street), capture(iban))]
fn outer(iban: &str) {
    assert!(inner(iban).is_err());
    audit_core::data("iban", iban);
}

#[audited("r.inner", target = "account/{iban}", redact(iban), capture(iban, street = iban, kept = 1))]
fn inner(iban: &str) -> Result<(), String> {
    audit_core::data("iban_within", iban);
    audit_core::data("both", json!({"street": iban, "iban": iban, "password": 1, "kept": 1}));
    audit_core::step("within");
    Err(format!("iban={iban} street={iban}"))
}

#[audited("r.panics", redact(iban))]
fn panics(iban: &str) {
    panic!("iban={iban}");
}

#[audited("r.jobs", redact(iban), capture(iban))]
async fn job(iban: &str) {
    std::future::ready(()).await;
    audit_core::data("iban_within", iban);
}

fn auditor(configure: impl FnOnce(Builder) -> Builder) -> (Auditor, MemorySink) {
    let sink = MemorySink::new();
    let builder = Auditor::builder().output(Output::None).record_response_bodies().record_response_headers();
    (configure(builder).sink(sink.clone()).build().expect("the settings are good"), sink)
}

fn head<'a>(path: &'a str, query: &'a str, route: RouteMatch<'a>) -> RequestHead<'a> {
    let mut head = RequestHead::new("test", "POST", path, &HEADERS);
    head.query = Some(query);
    head.route = route;
    head
}

const BODY: &str = r#"{"iban":"DE44500105175407324931","kept":[1]}"#;

/// A request whose body its handler reads before `handle` runs.
fn request(auditor: &Auditor, path: &str, route: RouteMatch<'_>, handle: impl FnOnce()) {
    let query = format!("iban={SECRET}&kept=1");
    let mut exchange = auditor.begin(&head(path, &query, route)).expect("recorded");
    admit(&mut exchange);
    answer(exchange, handle, 200);
}

fn answer(mut exchange: Exchange, handle: impl FnOnce(), status: u16) {
    let tap = exchange.request_tap();
    tap.push(BODY.as_bytes());
    tap.complete();
    exchange.enter(handle);
    exchange.respond(&ResponseHead::new(status, &HEADERS));
    exchange.sent(BODY.as_bytes());
    exchange.complete();
}

const SHOWN: &str = r#"{"iban":"[FILTERED]","kept":[1]}"#;

fn shown() -> Value {
    serde_json::from_str(SHOWN).expect("it is JSON")
}

#[test]
fn a_declared_endpoints_names_hold_from_the_start() {
    let (auditor, sink) = auditor(|builder| builder);
    let path = format!("/declared/{SECRET}");
    for route in [RouteMatch::NotKnownYet, RouteMatch::Template("/declared/{iban}")] {
        sink.clear();
        request(&auditor, &path, route, || declared(SECRET));
        let record = sink.only();
        assert_record(
            &record,
            json!({
                "action": "r.declared", "path": "/declared/[FILTERED]", "query_params": {"iban": "[FILTERED]", "kept": "1"},
                "request_body": shown(), "response_body": shown(), "reason": "iban=[FILTERED]",
                "data": {"iban": "[FILTERED]", "kept": 1, "customer_iban": "[FILTERED]"},
                "changes": {"iban": {"old": "[FILTERED]", "new": "[FILTERED]"}},
            }),
        );
        for headers in ["headers", "response_headers"] {
            assert_eq!(record[headers]["x-iban"], "[FILTERED]", "{record:#}");
            assert_eq!(record[headers]["x-kept"], "kept");
        }
        sink.assert_no_leak(SECRET);
    }
}

#[test]
fn a_declared_endpoint_that_extractors_refused_is_as_it_asks() {
    let (auditor, sink) = auditor(|builder| builder);
    let exchange = auditor
        .begin(&head("/declared/7", &format!("iban={SECRET}"), RouteMatch::Template("/declared/{iban}")))
        .expect("recorded");
    answer(exchange, || {}, 422);
    assert_record(
        &sink.only(),
        json!({"action": "r.declared", "query_params": {"iban": "[FILTERED]"}, "request_body": shown()}),
    );
    sink.assert_no_leak(SECRET);
}

#[test]
fn a_wired_endpoints_names_hold_from_the_start() {
    let (auditor, sink) = auditor(|builder| builder);
    let wired =
        audit_core::registry::endpoints().iter().find(|endpoint| endpoint.action() == "r.plain").expect("linked");
    let query = format!("iban={SECRET}&kept=1");
    let head = head("/wired", &query, RouteMatch::Template("/wired"));
    let exchange = auditor.begin(&head).expect("recorded");
    exchange.scope().wire(wired, &head);
    answer(exchange, || assert!(plain(SECRET).is_err()), 200);
    let record = sink.only();
    assert_record(
        &record,
        json!({
            "action": "r.plain", "query_params": {"iban": "[FILTERED]", "kept": "1"}, "request_body": shown(),
            "response_body": shown(), "target_id": "[FILTERED]", "data": {"customerIban": "[FILTERED]"},
            "error": "no account of iban=[FILTERED]",
        }),
    );
    assert_eq!(record["headers"]["x-iban"], "[FILTERED]");
    sink.assert_no_leak(SECRET);
}

#[test]
fn what_was_taken_before_the_endpoint_was_known_is_withheld() {
    let (auditor, sink) = auditor(|builder| builder);
    request(&auditor, "/api/late", RouteMatch::Template("/api/late"), || assert!(plain(SECRET).is_err()));
    let record = sink.only();
    assert_record(
        &record,
        json!({
            "action": "r.plain", "mode": "compact",
            "query_params": {"withheld": LATE, "bytes": 34},
            "request_body": {"withheld": LATE, "bytes": BODY.len()},
            "response_body": shown(), "target_id": "[FILTERED]", "data": {"customerIban": "[FILTERED]"},
            "error": "no account of iban=[FILTERED]",
        }),
    );
    for headers in ["headers", "response_headers"] {
        assert_eq!(record[headers]["x-iban"], "[FILTERED]", "{record:#}");
        assert_eq!(record[headers]["x-kept"], "kept");
    }
    sink.assert_no_leak(SECRET);
    // Query and body; two headers each; target, data, error, and the answer's body.
    assert_eq!(record["redacted"], 2 + 4 + 4);
}

#[test]
fn nothing_is_said_of_what_a_late_request_did_not_have() {
    let (auditor, sink) = auditor(|builder| builder);
    let mut exchange = auditor.begin(&RequestHead::new("test", "GET", "/api/late", &HEADERS)).expect("recorded");
    exchange.enter(|| assert!(plain(SECRET).is_err()));
    respond(&mut exchange, 200);
    exchange.complete();
    drop(exchange);
    assert_record(&sink.only(), json!({"query_params": null, "request_body": null, "response_body": null}));
}

#[test]
fn other_endpoints_show_what_they_showed() {
    let (auditor, sink) = auditor(|builder| builder);
    request(&auditor, "/other/7", RouteMatch::NotKnownYet, || other("shown"));
    let body: Value = serde_json::from_str(BODY).expect("it is JSON");
    assert_record(
        &sink.only(),
        json!({"data": {"iban": "shown"}, "request_body": body, "response_body": body, "path": "/other/7"}),
    );
}

#[test]
fn what_ran_instead_of_the_declared_endpoint_hides_what_it_hides() {
    let (auditor, sink) = auditor(|builder| builder);
    for status in [200, 500] {
        sink.clear();
        let exchange = auditor.begin(&head("/other/7", SECRET, RouteMatch::NotKnownYet)).expect("recorded");
        answer(exchange, || assert!(plain(SECRET).is_err()), status);
        let withheld = |bytes: usize| json!({"withheld": LATE, "bytes": bytes});
        let record = sink.only();
        let expected = json!({"query_params": withheld(SECRET.len()), "request_body": withheld(BODY.len())});
        assert_record(&record, expected);
        let response = if status == 200 { shown() } else { withheld(BODY.len()) };
        assert_record(&record, json!({"response_body": response}));
        sink.assert_no_leak(SECRET);
    }
}

#[test]
fn a_nested_functions_rules_hold_for_its_own() {
    let (auditor, sink) = auditor(|builder| builder);
    let mut exchange = auditor.begin(&RequestHead::new("test", "GET", "/api/nested", &HEADERS)).expect("recorded");
    exchange.enter(|| outer("shown"));
    respond(&mut exchange, 200);
    exchange.complete();
    drop(exchange);
    let record = sink.only();
    let both = json!({"street": "[FILTERED]", "iban": "[FILTERED]", "password": "[FILTERED]", "kept": 1});
    assert_eq!(record["data"], json!({"iban": "shown", "iban_within": "[FILTERED]", "both": both}), "{record:#}");
    assert_record(
        &record["calls"][0],
        json!({
            "action": "r.inner", "target": {"type": "account", "id": "[FILTERED]"},
            "data": {"iban": "[FILTERED]", "street": "[FILTERED]", "kept": 1},
            "error": "iban=[FILTERED] street=[FILTERED]",
        }),
    );
    // The authorization; target, error twice, captures twice, data once and three times: the second pass counts nothing anew.
    assert_eq!(record["redacted"], 1 + 1 + 2 + 2 + 1 + 3);
}

#[test]
fn a_panics_message_is_the_panicking_functions() {
    let (auditor, sink) = auditor(|builder| builder);
    for nested in [false, true] {
        sink.clear();
        let mut exchange = support::begin(&auditor);
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            exchange.enter(|| if nested { wrapping() } else { panics(SECRET) });
        }));
        assert_eq!(caught.is_err(), !nested);
        respond(&mut exchange, 200);
        exchange.complete();
        drop(exchange);
        let record = sink.only();
        let of = if nested { &record["calls"][0] } else { &record };
        assert_eq!(of["error"], "iban=[FILTERED]", "{record:#}");
        sink.assert_no_leak(SECRET);
    }
}

#[audited("r.wrapping")]
fn wrapping() {
    assert!(std::panic::catch_unwind(|| panics(SECRET)).is_err());
}

#[test]
fn a_job_has_its_own_rules() {
    let (auditor, sink) = auditor(|builder| builder);
    auditor.install_global().expect("no other test installs one");
    support::block_on(job(SECRET));
    assert_record(&sink.only(), json!({"data": {"iban": "[FILTERED]", "iban_within": "[FILTERED]"}}));
}

#[test]
fn rules_from_everywhere_add_up() {
    let rules = Rules::new().names(["vat"]).value_pattern(r"\bCUST-\d+").headers(["x-kept"]);
    let (auditor, sink) = auditor(|builder| builder.redact(rules).sensitive_fields(["dni"]));
    let query = "iban=1&vat=2&dni=3&password=4&note=for+CUST-77+only&kept=1";
    let head = head("/declared/CUST-7", query, RouteMatch::Template("/declared/{iban}"));
    let exchange = auditor.begin(&head).expect("recorded");
    answer(exchange, || declared("1"), 200);
    let record = sink.only();
    assert_record(
        &record,
        json!({
            "path": "/declared/[FILTERED]",
            "query_params": {
                "iban": "[FILTERED]", "vat": "[FILTERED]", "dni": "[FILTERED]", "password": "[FILTERED]",
                "note": "for [FILTERED] only", "kept": "1",
            },
        }),
    );
    assert_eq!(record["headers"]["x-kept"], "[FILTERED]");
    assert_eq!(record["headers"]["x-iban"], "[FILTERED]");
}

#[test]
fn hidden_data_is_removed_if_asked_for() {
    let (auditor, sink) = auditor(|builder| builder.redact(Rules::new().hide(Hide::Removed)));
    request(&auditor, "/declared/7", RouteMatch::NotKnownYet, || declared("7"));
    let record = sink.only();
    assert_record(&record, json!({"changes": {"iban": {"old": "[FILTERED]", "new": "[FILTERED]"}}}));
    assert_eq!(record["data"], json!({"kept": 1}));
    assert_eq!(record["headers"], json!({"content-type": "application/json", "x-kept": "kept"}));
    sink.clear();
    // Hidden by its shape, a value keeps its place.
    let shape = "ghp_x9Qm2LkVt7RzWnB4sYcJ8dFhP1aGuE3oT6iN";
    auditor.event("e.f").data("password", 1).data("note", shape).data("list", ["kept", shape]).record();
    assert_eq!(sink.only()["data"], json!({"note": "[FILTERED]", "list": ["kept", "[FILTERED]"]}));
    assert_eq!(sink.only()["redacted"], 3);
}

#[cfg(feature = "tracing")]
#[test]
fn a_tracing_event_is_as_its_endpoint_asks() {
    use tracing_subscriber::prelude::*;
    let (auditor, sink) = auditor(|builder| builder);
    let subscriber = tracing_subscriber::registry().with(auditor.json_layer());
    let traced = || tracing::info!(target: "audit", iban = SECRET, kept = 1, "noted");
    tracing::subscriber::with_default(subscriber, || {
        request(&auditor, "/declared/7", RouteMatch::NotKnownYet, || {
            declared("7");
            traced();
        });
    });
    assert_eq!(sink.only()["data"]["iban"], "[FILTERED]");
    sink.assert_no_leak(SECRET);
}

#[test]
fn a_bad_rule_stops_the_start_with_all_that_is_wrong() {
    let rules = Rules::new().name_pattern("[").value_pattern(r"\d*");
    let builder = Auditor::builder().output(Output::None).redact(rules).sensitive_fields(["__"]);
    let error = builder.build().expect_err("three things are wrong").to_string();
    assert_eq!(error.lines().count(), 3, "{error}");
    assert!(error.contains(r#"Rules::name_pattern is "["; expected a regular expression that can be used: unclosed"#));
    assert!(error.contains(r"Rules::value_pattern"), "{error}");
    assert!(error.contains("AUDIT_SENSITIVE_FIELDS"), "{error}");
}

/// What the client says in headers that have keys of their own in the record.
const TELLING: Lines<'_> = Lines(&[
    ("user-agent", b"app iban=DE44500105175407324931"),
    ("x-forwarded-for", b"iban=DE44500105175407324931"),
    ("x-request-id", b"req-7"),
]);

#[test]
fn what_was_added_before_the_endpoint_was_known_is_redacted_again() {
    for (hide, data) in
        [(Hide::Marked, json!({"iban": "[FILTERED]", "kept": 1.5})), (Hide::Removed, json!({"kept": 1.5}))]
    {
        let (auditor, sink) = auditor(|builder| builder.redact(Rules::new().hide(hide)));
        let mut exchange = auditor.begin(&RequestHead::new("test", "GET", "/api/late", &TELLING)).expect("recorded");
        admit(&mut exchange);
        exchange.enter(|| {
            audit_core::data("iban", SECRET);
            audit_core::data("kept", 1.5);
            audit_core::change("iban", SECRET, 1);
            audit_core::change("token_count", 3, json!({"notes": SECRET, "n": 1.50}));
            audit_core::step(format!("iban={SECRET}"));
            audit_core::set_reason(format!("iban={SECRET}"));
            audit_core::add_target("iban", SECRET);
            audit_core::set_actor(audit_core::Actor::user(format!("iban={SECRET}")));
        });
        exchange.enter(|| assert!(plain("x").is_err()));
        exchange.respond(&ResponseHead::new(200, &Lines(&[])));
        exchange.complete();
        drop(exchange);
        let record = sink.only();
        assert_record(
            &record,
            json!({
                "user_agent": "app iban=[FILTERED]", "forwarded_for": "iban=[FILTERED]", "request_id": "req-7",
                "reason": "iban=[FILTERED]", "user": "iban=[FILTERED]",
                "changes": {"iban": {"old": "[FILTERED]", "new": "[FILTERED]"}, "token_count": record["changes"]["token_count"]},
            }),
        );
        assert_eq!(record["steps"][0]["name"], "iban=[FILTERED]");
        assert_eq!(record["targets"][1], json!({"type": "iban", "id": "[FILTERED]"}));
        assert_eq!(record["changes"]["token_count"]["old"], 3);
        assert_eq!(record["data"]["kept"], data["kept"]);
        assert_eq!(record["data"].get("iban"), data.get("iban"));
        assert!(!record.to_string().contains(SECRET), "{record}");
    }
}

#[test]
fn headers_with_a_key_of_their_own_are_hidden_by_name_too() {
    for (hide, shown) in [(Hide::Marked, json!("[FILTERED]")), (Hide::Removed, Value::Null)] {
        let rules = Rules::new().names(["user_agent"]).headers(["x-forwarded-for", "x-request-id"]).hide(hide);
        let (auditor, sink) = auditor(|builder| builder.redact(rules));
        let mut exchange = auditor.begin(&RequestHead::new("test", "GET", "/api/x", &TELLING)).expect("recorded");
        admit(&mut exchange);
        exchange.respond(&ResponseHead::new(200, &Lines(&[])));
        exchange.complete();
        drop(exchange);
        let record = sink.only();
        assert_eq!((&record["user_agent"], &record["forwarded_for"]), (&shown, &shown));
        assert!(record.get("request_id").is_none() && !record.to_string().contains("req-7"), "{record}");
    }
}

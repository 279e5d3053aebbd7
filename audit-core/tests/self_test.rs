//! The self-test at the start: a name that is added either hides what stands under it, or stops the start.

mod support;

use audit_core::exchange::RequestHead;
use audit_core::testing::MemorySink;
use audit_core::{Auditor, BuildError, Builder, Mode, Output};
use support::{Lines, admit, respond};

fn builder() -> Builder {
    Auditor::builder().output(Output::None)
}

/// The same names from code and from the environment.
fn both(name: &str) -> [Builder; 2] {
    let list = serde_json::json!([name]).to_string();
    let from = builder().env_from(|asked| (asked == "AUDIT_SENSITIVE_FIELDS").then(|| list.clone()));
    [builder().sensitive_fields([name]), from]
}

#[test]
fn names_that_hide_start_however_they_are_written() {
    for name in [
        "note",
        "mi_campo",
        "user agent",
        "zone7",
        "7zone",
        "a",
        "a/b",
        "a.b[c]",
        "a&b=c",
        "a%20b",
        "a+b",
        "x\u{301}y",
        "ключ",
        "über-name",
        "ｎａｍｅ",
        "password=x",
        "count",
        "id",
        "token_count",
        "max_tokens",
        "host",
        "form",
        "data",
        "truncated",
        "withheld",
        "coordinates",
        &"long".repeat(64),
        &"п".repeat(256),
    ] {
        for builder in both(name) {
            builder.max_line_bytes(2_048).build().unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
    let many = (0..100).map(|number| format!("zone_{}", "abcdefghij".repeat(1 + number % 5)));
    builder().sensitive_fields(many).build().expect("they hide");
}

#[test]
fn what_starts_hides_and_what_does_not_says_so() {
    for name in ["note", "is_pregnant", "tokens", "has_debts", "token_count"] {
        for builder in both(name) {
            let sink = MemorySink::new();
            let auditor = match builder.mode(Mode::Full).sink(sink.clone()).build() {
                Ok(auditor) => auditor,
                Err(error @ BuildError::SelfTest { .. }) => {
                    let message = error.to_string();
                    let beginning =
                        format!("the self-test of redaction failed: what stands under {name:?} is shown by a ");
                    assert!(message.starts_with(&beginning), "{message}");
                    continue;
                }
                Err(other) => panic!("{name}: {other}"),
            };
            let headers = Lines(&[("content-type", b"application/json")]);
            let head = RequestHead::new("test", "POST", "/api/x", &headers);
            let mut exchange = auditor.begin(&head).expect("the path is not excluded");
            admit(&mut exchange);
            let body = format!("[{{\"{name}\":true}},{{\"{name}\":4321}},{{\"{name}\":\"word\"}}]");
            exchange.request_tap().push(body.as_bytes());
            exchange.request_tap().complete();
            respond(&mut exchange, 200);
            drop(exchange);
            auditor.shutdown(support::PATIENCE);
            let hidden = serde_json::json!({ name: "[FILTERED]" });
            assert_eq!(sink.only()["request_body"], serde_json::json!([hidden, hidden, hidden]), "{name}");
        }
    }
}

#[test]
fn what_is_built_in_is_tried_on_request() {
    for mode in [Mode::Basic, Mode::Compact, Mode::Full] {
        builder().mode(mode).max_line_bytes(2_048).self_test().build().expect("what is built in is hidden");
    }
    builder().exclude("/self-test").path_prefix("app").self_test().build().expect("no path has a say in it");
    builder().enabled(false).sensitive_fields(["note"]).self_test().build().expect("there is nothing to try");
}

#[test]
fn a_trial_leaves_no_record() {
    let sink = MemorySink::new();
    let auditor = builder().sensitive_fields(["note"]).self_test().sink(sink.clone()).build().expect("they hide");
    auditor.event("a.first").record();
    auditor.shutdown(support::PATIENCE);
    assert_eq!(sink.only()["action"], "a.first");
}

//! `assert_no_leak`: what it finds, where, and what it says of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use audit_core::testing::{MemorySink, assert_no_leak, assert_no_leak_in};
use audit_core::{Auditor, Line, Output, Sink as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// Without a telling name or shape, so that redaction lets it through: it is for the helper to find.
const SECRET: &str = "blue \"horse\" of ñ";

fn sink_of(records: &[Value]) -> MemorySink {
    let sink = MemorySink::new();
    let lines: Vec<Line> =
        records.iter().map(|record| Line::parse(record.to_string().as_bytes()).expect("a record")).collect();
    sink.clone().write(&lines).expect("memory takes all");
    sink
}

/// The message of the panic; what it must not show is not in it.
#[track_caller]
fn refused(run: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(run)).expect_err("it passed");
    let message = panic
        .downcast_ref::<String>()
        .cloned()
        .unwrap_or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string).expect("a message"));
    assert!(!message.contains("horse") && !message.contains("beside"), "{message}");
    message
}

#[test]
fn every_form_of_a_secret_fails_with_its_place() {
    let percent = |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
    let form = |text: &str| form_urlencoded(text);
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    for (written, form) in [
        (SECRET.to_owned(), "as it is"),
        (SECRET.to_ascii_uppercase(), "as it is"),
        (json!({ "note": SECRET }).to_string(), "escaped as JSON"),
        (json!(json!([SECRET]).to_string()).to_string(), "escaped as JSON"),
        (percent(SECRET), "percent-encoded"),
        (percent(SECRET).to_lowercase(), "percent-encoded"),
        (form(SECRET), "percent-encoded"),
        (STANDARD.encode(SECRET), "as base64"),
        (STANDARD.encode(format!("u:{SECRET}")), "as base64"),
        (STANDARD.encode(format!("u{SECRET}!")), "as base64"),
        (URL_SAFE_NO_PAD.encode(format!("{SECRET}??>>")), "as base64"),
        (hex.clone(), "as hexadecimal digits"),
        (hex.to_uppercase(), "as hexadecimal digits"),
    ] {
        let around = format!("beside {written} beside");
        for (record, place) in [
            (json!({"event_id": "e-7", "error": around}), "key error"),
            (json!({"event_id": "e-7", "data": {"list": [1, {"note": around}]}}), "key data.list[1].note"),
            (json!({"event_id": "e-7", "data": {"list": {&around: 1}}}), "a key of data.list"),
            (json!({"event_id": "e-7", (&around): 1}), "a key of the record"),
        ] {
            let sink = sink_of(&[json!({"action": "first"}), record]);
            let message = refused(|| assert_no_leak(&sink, SECRET));
            assert_eq!(message, format!("the secret is in record 2 of 2: {place}, {form} (event_id e-7)"), "{written}");
            assert_eq!(refused(|| sink.assert_no_leak(SECRET)), message);
            sink.assert_no_leak("another secret");
        }
    }
}

/// As a browser writes a form.
fn form_urlencoded(text: &str) -> String {
    let letter = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(letter).collect()
}

#[test]
fn a_number_is_found_with_all_its_digits() {
    let sink = sink_of(&[json!({"data": {"card": 4_111_111_111_111_111_u64}})]);
    assert!(refused(|| assert_no_leak(&sink, "4111111111111111")).contains("key data.card, as it is"));
    let line = Line::parse(br#"{"data":{"number":123456789012345678901234567890}}"#).expect("a record");
    let sink = MemorySink::new();
    sink.clone().write(&[line]).expect("memory takes all");
    assert!(refused(|| assert_no_leak(&sink, "123456789012345678901234567890")).contains("no key of its own"));
}

#[test]
fn a_question_that_shows_nothing_is_refused() {
    assert!(refused(|| assert_no_leak(&MemorySink::new(), "hunter2")).contains("no record yet"));
    let sink = sink_of(&[json!({"action": "a"})]);
    for short in ["", "abc"] {
        let message = refused(|| assert_no_leak(&sink, short));
        assert_eq!(
            message,
            format!("a secret of {} bytes is in any text by chance: look for one of 4 or more", short.len())
        );
    }
    assert_no_leak(&sink, "abcd");
}

#[test]
fn files_are_looked_at_line_by_line_and_byte_by_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("audit.jsonl");
    let auditor = Auditor::builder().output(Output::File(log.clone())).build().expect("the settings are good");
    auditor.event("a.first").data("password", SECRET).record();
    auditor.shutdown(std::time::Duration::from_secs(20));
    assert_no_leak_in(&log, SECRET);
    assert_no_leak_in(folder.path(), SECRET);

    let mut lines = std::fs::read_to_string(&log).expect("the log");
    lines.push_str(&json!({"event_id": "e-8", "data": {"note": SECRET}}).to_string());
    std::fs::write(&log, &lines).expect("a file");
    let expected = format!("the secret is in {}, line 2: key data.note, as it is (event_id e-8)", log.display());
    assert_eq!(refused(|| assert_no_leak_in(&log, SECRET)), expected);
    assert_eq!(refused(|| assert_no_leak_in(folder.path(), SECRET)), expected, "a file in a folder");

    std::fs::remove_file(&log).expect("it was there");
    let database = folder.path().join("within").join("audit.db");
    std::fs::create_dir(folder.path().join("within")).expect("a folder");
    let content = [b"SQLite format 3\0\xff\xfe".as_slice(), SECRET.as_bytes(), b"\0\0 beside"].concat();
    std::fs::write(&database, content).expect("a file");
    let end = 18 + SECRET.len();
    let expected = format!("the secret is in {}, before byte {end}, as it is", database.display());
    assert_eq!(refused(|| assert_no_leak_in(folder.path(), SECRET)), expected);

    std::fs::write(&database, "").expect("a file");
    assert!(refused(|| assert_no_leak_in(folder.path(), SECRET)).contains("nothing is written in"));
    assert!(refused(|| assert_no_leak_in(folder.path().join("none"), SECRET)).contains("cannot read"));
}

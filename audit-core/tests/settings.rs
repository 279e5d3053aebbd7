//! Settings through the public builder: each read well, and refused with a message that says what to do.

mod support;

use std::collections::HashMap;
use std::ffi::OsString;
use std::time::Duration;

use audit_core::exchange::{RequestHead, ResponseHead};
use audit_core::testing::MemorySink;
use audit_core::{Auditor, BuildError, Builder, Delivery, Mode, Output};
use serde_json::{Value, json};
use support::Lines;

fn from<const N: usize>(settings: [(&str, &str); N]) -> impl FnMut(&str) -> Option<OsString> + use<N> {
    let settings: HashMap<String, OsString> =
        settings.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect();
    move |name| settings.get(name).cloned()
}

/// A builder without a log, so that a test writes nothing.
fn builder() -> Builder {
    Auditor::builder().output(Output::None)
}

/// Why these settings stop the start.
#[track_caller]
fn refused(builder: Builder) -> Vec<String> {
    match builder.build() {
        Err(BuildError::Settings(errors)) => errors.iter().map(ToString::to_string).collect(),
        Err(other) => panic!("another error: {other}"),
        Ok(_) => Vec::new(),
    }
}

/// The record of one request under these settings; `None` when there is none.
#[track_caller]
fn record(builder: Builder, path: &str, headers: &[(&str, &[u8])], body: &str) -> Option<Value> {
    let sink = MemorySink::new();
    let auditor = builder.sink(sink.clone()).build().expect("the settings are good");
    let headers = Lines(headers);
    let mut head = RequestHead::new("test", "POST", path, &headers);
    head.peer = "10.0.0.1".parse().ok();
    if let Some(mut exchange) = auditor.begin(&head) {
        exchange.request_tap().push(body.as_bytes());
        exchange.request_tap().complete();
        exchange.respond(&ResponseHead::new(200, &Lines(&[])));
        exchange.complete();
    }
    auditor.shutdown(Duration::from_secs(30));
    sink.records().pop()
}

#[test]
fn every_setting_that_cannot_be_used_says_why() {
    let path = "expected paths that begin with / and have no empty, . , .. or * segment; a path covers all below it";
    let name = "expected 1 to 256 characters, none of them a control character";
    let boolean = "expected true, 1, yes or on, or false, 0, no or off";
    let size = "expected a number of bytes, such as 16384, 16KiB or 8MiB";
    let header = "expected a header's name, such as x-forwarded-for";
    let rows = [
        ("AUDIT_ENABLED", "maybe", boolean),
        ("AUDIT_MODE", "verbose", "expected basic, compact or full"),
        ("AUDIT_MODE", "Full", "expected basic, compact or full"),
        ("AUDIT_LOG_PATH", "stderr", "expected stdout or the path of a file"),
        ("AUDIT_LOG_PATH", "/var/log/", "expected stdout or the path of a file"),
        ("AUDIT_LOG_PATH", "/tmp/{host}.jsonl", "expected no braces but {instance}"),
        ("AUDIT_LOG_PATH", "/tmp/{instance}.jsonl", "expected AUDIT_INSTANCE to be set, for {instance} stands for it"),
        ("AUDIT_AUTO_DETECT", "2", boolean),
        ("AUDIT_SENSITIVE_FIELDS", "__", "expected names with a letter or a digit in them"),
        ("AUDIT_SENSITIVE_FIELDS", "[1]", "expected a comma-separated list or a JSON array of strings"),
        ("AUDIT_SENSITIVE_HEADERS", "x y", "expected names of headers"),
        ("AUDIT_EXCLUDE_PATHS", "health", path),
        ("AUDIT_EXCLUDE_PATHS", "/", "expected paths below /; to audit nothing, set AUDIT_ENABLED to false"),
        ("AUDIT_INCLUDE_PATHS", "/a/*", path),
        ("AUDIT_PATH_PREFIX", "/a//b", "expected a path such as /app, without empty, . , .. or * segments"),
        ("AUDIT_MAX_LINE_BYTES", "2047", "expected 2048 to 262144"),
        ("AUDIT_MAX_LINE_BYTES", "16 KB", size),
        ("AUDIT_MAX_BODY_BYTES", "-1", size),
        ("AUDIT_MAX_BODY_BYTES", "67108865", "expected 0 to 67108864"),
        ("AUDIT_TRUSTED_PROXIES", "10.0.0.0/33", "expected addresses or networks, such as 10.0.0.0/8 or 2001:db8::1"),
        ("AUDIT_PROXY_HEADER", "x forwarded", header),
        ("AUDIT_DELIVERY", "fast", "expected best_effort or buffered"),
        ("AUDIT_DELIVERY", "strict", "strict delivery is not built yet, expected best_effort or buffered"),
        ("AUDIT_QUEUE_BYTES", "65535", "expected 65536 to 1073741824"),
        ("AUDIT_QUEUE_TIMEOUT_MS", "5s", "expected a number of milliseconds"),
        ("AUDIT_QUEUE_TIMEOUT_MS", "600001", "expected 0 to 600000"),
        ("AUDIT_ROTATE_BYTES", "1000", "rotation is not built yet, expected off"),
        ("AUDIT_ROTATE_KEEP", "3", "rotation is not built yet, expected off"),
        ("AUDIT_JOURNAL_MAX_BYTES", "1", "a bound for the journal is not built yet, expected off"),
        ("AUDIT_CHAIN", "sha256", "chaining is not built yet, expected off"),
        ("AUDIT_SERVICE", "a\tb", name),
        ("AUDIT_ENVIRONMENT", "\u{1b}[2J", name),
        ("AUDIT_INSTANCE", "\u{7f}x", name),
    ];
    for (setting, value, advice) in rows {
        let shown = value.escape_debug();
        assert_eq!(
            refused(builder().env_from(from([(setting, value)]))),
            [format!("{setting} is \"{shown}\"; {advice}")]
        );
    }
}

#[test]
fn what_code_gives_is_judged_alike() {
    let rows: [(Builder, &str); 9] = [
        (builder().max_line_bytes(1), r#"AUDIT_MAX_LINE_BYTES is "1"; expected 2048 to 262144"#),
        (
            builder().max_body_bytes(usize::MAX),
            r#"AUDIT_MAX_BODY_BYTES is "18446744073709551615"; expected 0 to 67108864"#,
        ),
        (builder().queue_bytes(0), r#"AUDIT_QUEUE_BYTES is "0"; expected 65536 to 1073741824"#),
        (
            builder().queue_timeout(Duration::MAX),
            "AUDIT_QUEUE_TIMEOUT_MS is \"18446744073709551615999\"; expected 0 to 600000",
        ),
        (
            builder().service(""),
            "AUDIT_SERVICE is \"\"; expected 1 to 256 characters, none of them a control character",
        ),
        (
            builder().exclude("/"),
            "AUDIT_EXCLUDE_PATHS is \"/\"; expected paths below /; to audit nothing, set AUDIT_ENABLED to false",
        ),
        (builder().proxy_header(""), "AUDIT_PROXY_HEADER is \"\"; expected a header's name, such as x-forwarded-for"),
        (
            builder().delivery(Delivery::Strict),
            "AUDIT_DELIVERY is \"strict\"; strict delivery is not built yet, expected best_effort or buffered",
        ),
        (builder().output(Output::File("".into())), "AUDIT_LOG_PATH is \"\"; expected stdout or the path of a file"),
    ];
    for (builder, expected) in rows {
        assert_eq!(refused(builder), [expected]);
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let found = refused(builder().max_line_bytes(1).service("\n").env_from(from([
        ("AUDIT_MODE", "x"),
        ("AUDIT_CHAIN", "on"),
        ("AUDIT_LOG_PATH", "/tmp/{instance}"),
    ])));
    assert_eq!(
        found,
        [
            r#"AUDIT_MODE is "x"; expected basic, compact or full"#,
            r#"AUDIT_CHAIN is "on"; chaining is not built yet, expected off"#,
            r#"AUDIT_MAX_LINE_BYTES is "1"; expected 2048 to 262144"#,
            r#"AUDIT_SERVICE is "\n"; expected 1 to 256 characters, none of them a control character"#,
            r#"AUDIT_LOG_PATH is "/tmp/{instance}"; expected AUDIT_INSTANCE to be set, for {instance} stands for it"#,
        ]
    );
    let error = builder().max_line_bytes(1).queue_bytes(1).build().err().unwrap().to_string();
    assert_eq!(error.lines().count(), 2, "{error}");
}

#[test]
fn the_environment_has_the_last_word_wherever_it_stands_after_the_code() {
    let record_with =
        |builder: Builder| record(builder, "/api/x", &[("content-type", b"application/json")], r#"{"a":1}"#);
    let full = record_with(builder().mode(Mode::Basic).env_from(from([("AUDIT_MODE", "full")]))).unwrap();
    assert_eq!((&full["mode"], &full["request_body"]), (&json!("full"), &json!({"a": 1})));
    let code = record_with(builder().env_from(from([("AUDIT_MODE", "full")])).mode(Mode::Basic)).unwrap();
    assert_eq!(code["mode"], "basic", "code that comes later overrides");
    let kept = record_with(builder().mode(Mode::Basic).env_from(from([("AUDIT_MODE", " ")]))).unwrap();
    assert_eq!(kept["mode"], "basic", "blank is unset");
    // A value of the code that could not be used is no error once the environment gave another.
    assert_eq!(refused(builder().max_line_bytes(1).env_from(from([("AUDIT_MAX_LINE_BYTES", "16KiB")]))), [""; 0]);
    assert!(record_with(builder().env_from(from([("AUDIT_ENABLED", "off")]))).is_none());
    assert!(record_with(builder().enabled(false).env_from(from([("AUDIT_ENABLED", "ON")]))).is_some());
}

#[test]
fn every_setting_that_is_read_has_its_effect() {
    let json: &[(&str, &[u8])] = &[("content-type", b"application/json")];
    let with = |setting, value: &str, headers: &[(&str, &[u8])], body: &str| {
        record(builder().env_from(from([(setting, value)])), "/api/x", headers, body)
    };
    assert_eq!(with("AUDIT_AUTO_DETECT", "0", json, "{}"), None);
    assert_eq!(with("AUDIT_EXCLUDE_PATHS", "/other, /api/x", json, "{}"), None);
    assert_eq!(with("AUDIT_EXCLUDE_PATHS", r#"["/api"]"#, json, "{}"), None);
    assert!(with("AUDIT_EXCLUDE_PATHS", "/api/xy,/ap", json, "{}").is_some());
    assert!(with("AUDIT_DELIVERY", "best_effort", json, "{}").is_some());
    assert!(with("AUDIT_QUEUE_BYTES", "1MiB", json, "{}").is_some());
    assert!(with("AUDIT_QUEUE_TIMEOUT_MS", "0", json, "{}").is_some());
    for off in ["off", "FALSE", "0", "no"] {
        for setting in ["AUDIT_CHAIN", "AUDIT_ROTATE_BYTES", "AUDIT_ROTATE_KEEP", "AUDIT_JOURNAL_MAX_BYTES"] {
            assert!(with(setting, off, json, "{}").is_some(), "{setting} {off}");
        }
    }
    let fields = with("AUDIT_SENSITIVE_FIELDS", "mi_campo,otro", json, r#"{"miCampo":1,"otro":2,"password":3,"a":4}"#);
    let hidden = json!({"miCampo": "[FILTERED]", "otro": "[FILTERED]", "password": "[FILTERED]", "a": 4});
    assert_eq!(fields.unwrap()["request_body"], hidden);
    let headers: &[(&str, &[u8])] = &[("x-mine", b"v"), ("x-other", b"w")];
    let record_of = with("AUDIT_SENSITIVE_HEADERS", "X-Mine", headers, "").unwrap();
    assert_eq!(record_of["headers"], json!({"x-mine": "[FILTERED]", "x-other": "w"}));
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(5_000));
    let cut = with("AUDIT_MAX_LINE_BYTES", "2KiB", json, &long).unwrap();
    assert_eq!((&cut["truncated"], &cut["original_bytes"]), (&json!(true), &json!(long.len())));
    let small = with("AUDIT_MAX_BODY_BYTES", "4", json, r#"{"a":1,"b":2}"#).unwrap();
    assert_eq!(small["truncated"], true);
    let forwarded: &[(&str, &[u8])] = &[("x-forwarded-for", b"192.0.2.7"), ("x-real-ip", b"192.0.2.8")];
    assert_eq!(with("AUDIT_MODE", "full", forwarded, "").unwrap()["ip_address"], "10.0.0.1");
    let proxied = with("AUDIT_TRUSTED_PROXIES", "10.0.0.0/8", forwarded, "").unwrap();
    assert_eq!((&proxied["ip_address"], &proxied["peer_address"]), (&json!("192.0.2.7"), &json!("10.0.0.1")));
    let both = from([("AUDIT_TRUSTED_PROXIES", "10.0.0.1"), ("AUDIT_PROXY_HEADER", "X-Real-IP")]);
    assert_eq!(record(builder().env_from(both), "/api/x", forwarded, "").unwrap()["ip_address"], "192.0.2.8");
    for (setting, key) in
        [("AUDIT_SERVICE", "service"), ("AUDIT_ENVIRONMENT", "environment"), ("AUDIT_INSTANCE", "instance")]
    {
        assert_eq!(with(setting, " geo \"api\" ", json, "{}").unwrap()[key], "geo \"api\"");
    }
    let plain = |builder: Builder| record(builder, "/app/page", &[], "");
    assert_eq!(plain(builder()), None);
    assert!(plain(builder().env_from(from([("AUDIT_INCLUDE_PATHS", "/app")]))).is_some());
    assert!(plain(builder().env_from(from([("AUDIT_PATH_PREFIX", "app")]))).is_some());
    assert!(record(builder().path_prefix("/app"), "/app/static/x.js", &[], "").is_none());
}

#[cfg(unix)]
#[test]
fn a_value_that_is_no_text_is_refused() {
    use std::os::unix::ffi::OsStringExt as _;
    let lookup = |name: &str| (name == "AUDIT_SERVICE").then(|| OsString::from_vec(b"f\xffll".to_vec()));
    assert_eq!(refused(builder().env_from(lookup)), [r#"AUDIT_SERVICE is "f\xffll"; expected UTF-8 text"#]);
}

#[test]
fn each_name_is_asked_for_once_and_nothing_else() {
    let mut asked = Vec::new();
    let _builder = builder().env_from(|name| {
        asked.push(name.to_owned());
        None::<OsString>
    });
    let mut once = asked.clone();
    once.sort();
    once.dedup();
    assert_eq!((once.len(), asked.len()), (23, 23));
    assert!(asked.iter().all(|name| name.starts_with("AUDIT_")));
}

//! Good values and what they do: the same from the environment and from code, and not what happens without them.

use std::time::Duration;

use audit_core::exchange::RequestHead;
use audit_core::testing::MemorySink;
use audit_core::{Auditor, Builder, Delivery, Mode, Output};
use serde_json::{Value, json};

use super::support::{self, Act, Alarm, Lines, Puppet};
use super::{JSON, Request, builder, from, record};

/// A setting, texts that all mean one value, the same from code, and how its effect can be seen.
pub(crate) struct Row {
    pub(crate) setting: &'static str,
    pub(crate) values: &'static [&'static str],
    pub(crate) code: Option<fn(Builder) -> Builder>,
    pub(crate) see: fn(Builder) -> Value,
    /// What is seen, as JSON.
    pub(crate) expected: &'static str,
}

const fn row(
    setting: &'static str,
    values: &'static [&'static str],
    code: fn(Builder) -> Builder,
    see: fn(Builder) -> Value,
    expected: &'static str,
) -> Row {
    Row { setting, values, code: Some(code), see, expected }
}

/// What is not built yet can only be off, which changes nothing.
const fn off(setting: &'static str) -> Row {
    Row { setting, values: &["off", "FALSE", "0", "no"], code: None, see: is_recorded, expected: "true" }
}

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    row("AUDIT_ENABLED", &["false", "0", "no", "off", "False", "OFF"], |b| b.enabled(false), is_recorded, "false"),
    row("AUDIT_MODE", &["basic"], |b| b.mode(Mode::Basic), content, r#"["basic",null]"#),
    row("AUDIT_MODE", &["full"], |b| b.mode(Mode::Full), content,
        r#"["full",{"type":"Point","coordinates":[1,2]}]"#),
    row("AUDIT_LOG_PATH", &["stdout", "STDOUT", "Stdout"], |b| b.output(Output::Stdout), sinks, r#"["stdout"]"#),
    row("AUDIT_AUTO_DETECT", &["false", "0", "no", "Off"], |b| b.auto_detect(false), is_recorded, "false"),
    row("AUDIT_SENSITIVE_FIELDS", &["mi_campo,otro", "mi_campo , otro,", r#"["mi_campo","otro"]"#, "otro,miCampo,otro"],
        |b| b.sensitive_fields(["mi_campo", "otro"]), fields,
        r#"{"miCampo":"[FILTERED]","otro":"[FILTERED]","password":"[FILTERED]","a":4}"#),
    row("AUDIT_SENSITIVE_HEADERS", &["X-Mine", "x-mine", r#"["X-MINE"]"#, "x-mine,X-Mine"],
        |b| b.sensitive_headers(["X-Mine"]), headers, r#"{"x-mine":"[FILTERED]","x-other":"w","authorization":"[FILTERED]"}"#),
    row("AUDIT_EXCLUDE_PATHS", &["/api/x", "/other,/api/x", "/api/", r#"["/api"]"#, "/api,/api"],
        |b| b.exclude("/api"), is_recorded, "false"),
    row("AUDIT_INCLUDE_PATHS", &["/app", "/app/", "/app/page", "/", r#"[ "/app" ]"#],
        |b| b.include("/app"), page_is_recorded, "true"),
    row("AUDIT_PATH_PREFIX", &["app", "/app", "app/", "/app/"],
        |b| b.path_prefix("app"), pages, r#"{"/app/page":true,"/app/static/x":false,"/apple":false}"#),
    row("AUDIT_PATH_PREFIX", &["/"],
        |b| b.path_prefix("/"), pages, r#"{"/app/page":true,"/app/static/x":true,"/apple":true}"#),
    row("AUDIT_MAX_LINE_BYTES", &["2048", "2KiB", "2 kib", "02048"], |b| b.max_line_bytes(2_048), is_cut, "true"),
    row("AUDIT_MAX_BODY_BYTES", &["4096", "4KiB", "4kib"], |b| b.max_body_bytes(4_096), is_cut, "true"),
    row("AUDIT_MAX_BODY_BYTES", &["0"], |b| b.max_body_bytes(0), is_cut, "true"),
    row("AUDIT_TRUSTED_PROXIES", &["10.0.0.0/8", "10.0.0.1", "10.0.0.1/32", "192.0.2.0/31,10.0.0.1", r#"["10.0.0.1"]"#,
        "::ffff:10.0.0.0/104", "0.0.0.0/0", "10.0.0.1,10.0.0.1"],
        |b| b.trusted_proxies(["10.0.0.0/8".parse().expect("a network")]), addresses, r#"["198.51.100.7","10.0.0.1"]"#),
    row("AUDIT_PROXY_HEADER", &["x-real-ip", "X-Real-IP"], |b| b.proxy_header("X-Real-IP"), claim, r#""198.51.100.8""#),
    row("AUDIT_PROXY_HEADER", &["forwarded", "Forwarded"], |b| b.proxy_header("Forwarded"), claim, r#""for=198.51.100.9""#),
    row("AUDIT_DELIVERY", &["best_effort"], |b| b.delivery(Delivery::BestEffort), waits, "false"),
    row("AUDIT_QUEUE_BYTES", &["65536", "64KiB"], |b| b.queue_bytes(65_536), drops, "true"),
    row("AUDIT_QUEUE_TIMEOUT_MS", &["0"], |b| b.queue_timeout(Duration::ZERO), waits, "false"),
    row("AUDIT_ROTATE_BYTES", &["65536", "64KiB", "64 kib"], |b| b.rotate_bytes(65_536), is_rotated, "true"),
    off("AUDIT_ROTATE_BYTES"),
    row("AUDIT_ROTATE_KEEP", &["1", "01"], |b| b.rotate_keep(1), segments, "2"),
    Row { values: &["off", "FALSE", "no"], ..off("AUDIT_ROTATE_KEEP") },
    row("AUDIT_JOURNAL_MAX_BYTES", &["128KiB", "131072"], |b| b.journal_max_bytes(131_072), segments, "2"),
    off("AUDIT_JOURNAL_MAX_BYTES"),
    off("AUDIT_CHAIN"),
    row("AUDIT_SERVICE", &["geo"], |b| b.service("geo"), names, r#"["geo",null,null]"#),
    row("AUDIT_SERVICE", &[r#"geo "api" ä/1"#], |b| b.service(r#"geo "api" ä/1"#), names, r#"["geo \"api\" ä/1",null,null]"#),
    row("AUDIT_ENVIRONMENT", &["test"], |b| b.environment("test"), names, r#"[null,"test",null]"#),
    row("AUDIT_INSTANCE", &["web-1"], |b| b.instance("web-1"), names, r#"[null,null,"web-1"]"#),
    // It is only in a path that a name may not choose a folder.
    row("AUDIT_INSTANCE", &["rack/1"], |b| b.instance("rack/1"), names, r#"[null,null,"rack/1"]"#),
];

fn is_recorded(builder: Builder) -> Value {
    (!record(builder, &JSON).is_null()).into()
}

fn content(builder: Builder) -> Value {
    let body = r#"{"geometry":{"type":"Point","coordinates":[1,2]}}"#;
    let record = record(builder, &Request { body, ..JSON });
    json!([record["mode"], record["request_body"]["geometry"]])
}

fn sinks(builder: Builder) -> Value {
    let auditor = builder.build().expect("the settings are good");
    auditor.stats().sinks.iter().map(|sink| sink.name.as_str()).collect()
}

fn fields(builder: Builder) -> Value {
    let body = r#"{"miCampo":1,"otro":{"b":2},"password":3,"a":4}"#;
    record(builder, &Request { body, ..JSON })["request_body"].clone()
}

fn headers(builder: Builder) -> Value {
    let headers: &[(&str, &[u8])] = &[("x-mine", b"v"), ("x-other", b"w"), ("authorization", b"z")];
    record(builder, &Request { headers, ..JSON })["headers"].clone()
}

fn plain(path: &str) -> Request<'_> {
    Request { path, headers: &[], body: "" }
}

fn page_is_recorded(builder: Builder) -> Value {
    (!record(builder, &plain("/app/page")).is_null()).into()
}

/// Which of several paths are recorded.
fn pages(builder: Builder) -> Value {
    let sink = MemorySink::new();
    let auditor = builder.sink(sink.clone()).build().expect("the settings are good");
    let paths = ["/app/page", "/app/static/x", "/apple"];
    for path in paths {
        let headers = Lines(&[]);
        drop(auditor.begin(&RequestHead::new("test", "GET", path, &headers)));
    }
    auditor.shutdown(support::PATIENCE);
    let records = sink.records();
    paths.iter().map(|path| ((*path).to_owned(), records.iter().any(|record| record["path"] == *path))).collect()
}

fn is_cut(builder: Builder) -> Value {
    let body = format!(r#"{{"a":"{}","b":2}}"#, "x".repeat(5_000));
    let record = record(builder, &Request { body: &body, ..JSON });
    assert_eq!(record["request_bytes"], body.len(), "what is cut was seen all the same");
    (record["truncated"] == true || record["request_body"].get("b").is_none()).into()
}

const FORWARDED: Request<'_> = Request {
    headers: &[
        ("x-forwarded-for", b"198.51.100.7"),
        ("x-real-ip", b"198.51.100.8"),
        ("forwarded", b"for=198.51.100.9"),
    ],
    body: "",
    ..JSON
};

fn addresses(builder: Builder) -> Value {
    let record = record(builder, &FORWARDED);
    json!([record["ip_address"], record["peer_address"]])
}

fn claim(builder: Builder) -> Value {
    record(builder, &FORWARDED)["forwarded_for"].clone()
}

/// Whether a request waits for room when those before it filled the queue.
fn waits(builder: Builder) -> Value {
    with_stuck_sink(builder.queue_bytes(65_536), |auditor| {
        // A record takes some hundred bytes. Each request ends before the next begins.
        (0..500).any(|_| support::poll(&mut support::begin(auditor), &Alarm::new()).is_pending()).into()
    })
}

/// Whether 1 MiB is too much for the queue.
fn drops(builder: Builder) -> Value {
    with_stuck_sink(builder, |auditor| {
        let much = "x".repeat(8_000);
        (0..132).for_each(|_| auditor.event("test.event").data("much", &much).record());
        (support::figures(auditor, "stuck").dropped > 0).into()
    })
}

/// Whether a file of 200 KB is rotated.
fn is_rotated(builder: Builder) -> Value {
    (files(builder).len() > 1).into()
}

/// How many files are left of 200 KB in files of at most 64 KiB.
fn segments(builder: Builder) -> Value {
    files(builder.rotate_bytes(65_536)).len().into()
}

/// The sizes of the log's files, after 200 KB were recorded.
fn files(builder: Builder) -> Vec<u64> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("audit.jsonl");
    let auditor = builder.output(Output::File(path)).build().expect("the settings are good");
    let much = "x".repeat(8_000);
    (0..25).for_each(|_| auditor.event("test.event").data("much", &much).record());
    auditor.shutdown(support::PATIENCE);
    let files = std::fs::read_dir(folder.path()).expect("a folder").map(|file| file.expect("a file"));
    let files = files.filter(|file| !file.file_name().to_string_lossy().ends_with(".lock"));
    files.map(|file| file.metadata().expect("a file").len()).collect()
}

/// What is seen while the only sink is stuck in the first record.
fn with_stuck_sink(builder: Builder, see: impl FnOnce(&Auditor) -> Value) -> Value {
    let sink = Puppet::new("stuck").always(Act::Block);
    let auditor = builder.sink(sink.clone()).build().expect("the settings are good");
    auditor.event("test.first").record();
    sink.wait_blocked();
    let seen = see(&auditor);
    sink.release();
    seen
}

pub(crate) fn names(builder: Builder) -> Value {
    let record = record(builder, &JSON);
    json!([record["service"], record["environment"], record["instance"]])
}

#[test]
fn good_values_do_what_they_say() {
    for row in ROWS {
        let expected: Value = serde_json::from_str(row.expected).expect("JSON");
        for value in row.values {
            let read = builder().env_from(from([(row.setting, value)]));
            assert_eq!((row.see)(read), expected, "{} is {value:?}", row.setting);
        }
        if let Some(code) = row.code {
            assert_eq!((row.see)(code(builder())), expected, "{} from code", row.setting);
            assert_ne!((row.see)(builder()), expected, "what happens without {} proves nothing", row.setting);
        }
    }
}

#[test]
fn what_is_on_can_be_said() {
    for on in ["true", "1", "yes", "on", "TRUE", "On"] {
        for (setting, code) in [
            ("AUDIT_ENABLED", (|b| b.enabled(false)) as fn(Builder) -> Builder),
            ("AUDIT_AUTO_DETECT", |b| b.auto_detect(false)),
        ] {
            assert_eq!(is_recorded(code(builder()).env_from(from([(setting, on)]))), true, "{setting} {on}");
        }
    }
    for (setting, value, see, expected) in [
        ("AUDIT_MODE", "compact", content as fn(Builder) -> Value, json!(["compact", "[GEOMETRY_FILTERED]"])),
        ("AUDIT_DELIVERY", "buffered", waits, json!(true)),
        ("AUDIT_QUEUE_TIMEOUT_MS", "600000", waits, json!(true)),
        ("AUDIT_PROXY_HEADER", "x-forwarded-for", claim, json!("198.51.100.7")),
        ("AUDIT_MAX_LINE_BYTES", "16384", is_cut, json!(false)),
        ("AUDIT_MAX_BODY_BYTES", "1MiB", is_cut, json!(false)),
        ("AUDIT_QUEUE_BYTES", "8MiB", drops, json!(false)),
    ] {
        assert_eq!(see(builder()), expected, "{setting} by default");
        assert_eq!(see(builder().env_from(from([(setting, value)]))), expected, "{setting} is {value}");
    }
}

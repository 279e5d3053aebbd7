//! Bad values: each stops the start, from the environment and from code alike, and says which setting it is, what it
//! had and what it may be.

use std::time::Duration;

use audit_core::{Builder, Delivery, Output};

use super::Code::{Differs, Keeps, Never, Says};
use super::{BOOL, Code, NETWORKS, NOTHING, NUMBER, WORD, builder, from, record, refused};

const BOOLEAN: &str = "expected true, 1, yes or on, or false, 0, no or off";
const MODE: &str = "expected basic, compact or full";
const FILE: &str = "expected stdout or the path of a file";
const NOT_OFF: &str = "expected stdout or the path of a file; to audit nothing, set AUDIT_ENABLED to false";
const NO_TILDE: &str = "expected stdout or the path of a file, without ~, which only a shell expands";
const LIST: &str = "expected a comma-separated list or a JSON array of strings";
const FIELDS: &str = "expected names with a letter, each by itself, without quotes, braces or wildcards";
const NO_NAME: &str = "expected at least one name, or [] for none";
const HEADERS: &str = "expected names of headers, with a letter";
const PATH: &str =
    "expected paths that begin with / and have no empty, . , .. or * segment; a path covers all below it";
const PREFIX: &str = "expected one path such as /app, without empty, . , .. or * segments";
const SIZE: &str = "expected a number of bytes, such as 16384, 16KiB or 8MiB";
const SIZE_OR_OFF: &str = "expected off or a number of bytes, such as 64MiB";
const NO_FILE: &str = "expected off, for AUDIT_LOG_PATH is no file";
const NETWORK: &str = "expected addresses or networks, such as 10.0.0.0/8 or 2001:db8::1";
const HEADER: &str = "expected a header's name, such as x-forwarded-for";
const SENT: &str = "expected a header's name as it is sent, such as x-forwarded-for";
const ADDRESS: &str = "expected a header in which a proxy names the client's address";
const NAME: &str = "expected 1 to 256 characters, not only blanks and no control characters";

/// Setting, value, what it may be, and the same from code.
#[rustfmt::skip]
pub(crate) const ROWS: &[(&str, &str, &str, Code)] = &[
    ("AUDIT_ENABLED", "maybe", BOOLEAN, BOOL),
    ("AUDIT_MODE", "verbose", MODE, WORD),
    ("AUDIT_LOG_PATH", "stderr", FILE, Says(|b| b.output(Output::File("stderr".into())))),
    ("AUDIT_LOG_PATH", "-", FILE, Says(|b| b.output(Output::File("-".into())))),
    ("AUDIT_LOG_PATH", "/dev/stdout", FILE, Says(|b| b.output(Output::File("/dev/stdout".into())))),
    ("AUDIT_LOG_PATH", "/dev/stderr", FILE, Says(|b| b.output(Output::File("/dev/stderr".into())))),
    ("AUDIT_LOG_PATH", "/var/log/", FILE, Says(|b| b.output(Output::File("/var/log/".into())))),
    ("AUDIT_LOG_PATH", "a\0b", FILE, Says(|b| b.output(Output::File("a\0b".into())))),
    ("AUDIT_LOG_PATH", "stdout,/tmp/a", FILE, Says(|b| b.output(Output::File("stdout,/tmp/a".into())))),
    ("AUDIT_LOG_PATH", "none", NOT_OFF, Says(|b| b.output(Output::File("none".into())))),
    ("AUDIT_LOG_PATH", "False", NOT_OFF, Says(|b| b.output(Output::File("False".into())))),
    ("AUDIT_LOG_PATH", "~/audit.jsonl", NO_TILDE, Says(|b| b.output(Output::File("~/audit.jsonl".into())))),
    ("AUDIT_LOG_PATH", "file:///var/log/a", "expected stdout or the path of a file, not a URL",
        Says(|b| b.output(Output::File("file:///var/log/a".into())))),
    ("AUDIT_LOG_PATH", "/tmp/{host}.jsonl", "expected no braces but {instance}",
        Says(|b| b.output(Output::File("/tmp/{host}.jsonl".into())))),
    ("AUDIT_LOG_PATH", "/tmp/{instance}.jsonl", "expected AUDIT_INSTANCE to be set, for {instance} stands for it",
        Says(|b| b.output(Output::File("/tmp/{instance}.jsonl".into())))),
    ("AUDIT_AUTO_DETECT", "2", BOOLEAN, BOOL),
    ("AUDIT_SENSITIVE_FIELDS", "__", FIELDS, Says(|b| b.sensitive_fields(["__"]))),
    ("AUDIT_SENSITIVE_FIELDS", ",", NO_NAME, Differs(|b| b.sensitive_fields([","]), FIELDS)),
    ("AUDIT_SENSITIVE_FIELDS", r#"[" ",""]"#, NO_NAME, Differs(|b| b.sensitive_fields([r#"[" ",""]"#]), FIELDS)),
    ("AUDIT_SENSITIVE_FIELDS", "---", FIELDS, Says(|b| b.sensitive_fields(["---"]))),
    ("AUDIT_SENSITIVE_FIELDS", "123", FIELDS, Says(|b| b.sensitive_fields(["123"]))),
    ("AUDIT_SENSITIVE_FIELDS", "½", FIELDS, Says(|b| b.sensitive_fields(["½"]))),
    ("AUDIT_SENSITIVE_FIELDS", "\u{ffa0}", FIELDS, Says(|b| b.sensitive_fields(["\u{ffa0}"]))),
    ("AUDIT_SENSITIVE_FIELDS", "[1]", LIST, Differs(|b| b.sensitive_fields(["[1]"]), FIELDS)),
    ("AUDIT_SENSITIVE_FIELDS", r#"{"a":1}"#, LIST, Differs(|b| b.sensitive_fields([r#"{"a":1}"#]), FIELDS)),
    ("AUDIT_SENSITIVE_FIELDS", "pass*", FIELDS, Says(|b| b.sensitive_fields(["pass*"]))),
    ("AUDIT_SENSITIVE_HEADERS", "x y", HEADERS, Says(|b| b.sensitive_headers(["x y"]))),
    ("AUDIT_SENSITIVE_HEADERS", ",,", NO_NAME, Differs(|b| b.sensitive_headers([",,"]), HEADERS)),
    ("AUDIT_SENSITIVE_HEADERS", "--", HEADERS, Says(|b| b.sensitive_headers(["--"]))),
    ("AUDIT_SENSITIVE_HEADERS", "7_7", HEADERS, Says(|b| b.sensitive_headers(["7_7"]))),
    ("AUDIT_EXCLUDE_PATHS", "health", PATH, Says(|b| b.exclude("health"))),
    ("AUDIT_EXCLUDE_PATHS", "/", "expected paths below /; to audit nothing, set AUDIT_ENABLED to false", Says(|b| b.exclude("/"))),
    ("AUDIT_EXCLUDE_PATHS", "/a;/b", "expected each path by itself", Says(|b| b.exclude("/a;/b"))),
    ("AUDIT_INCLUDE_PATHS", "/a/*", PATH, Says(|b| b.include("/a/*"))),
    ("AUDIT_INCLUDE_PATHS", "/a?b=c", PATH, Says(|b| b.include("/a?b=c"))),
    ("AUDIT_PATH_PREFIX", "/a//b", PREFIX, Says(|b| b.path_prefix("/a//b"))),
    ("AUDIT_PATH_PREFIX", "a/../b", PREFIX, Says(|b| b.path_prefix("a/../b"))),
    ("AUDIT_MAX_LINE_BYTES", "2047", "expected 2048 to 262144", Says(|b| b.max_line_bytes(2_047))),
    ("AUDIT_MAX_LINE_BYTES", "0", "expected 2048 to 262144", Says(|b| b.max_line_bytes(0))),
    ("AUDIT_MAX_LINE_BYTES", "262145", "expected 2048 to 262144", Says(|b| b.max_line_bytes(262_145))),
    ("AUDIT_MAX_LINE_BYTES", "16 KB", SIZE, NUMBER),
    ("AUDIT_MAX_BODY_BYTES", "-1", SIZE, NUMBER),
    ("AUDIT_MAX_BODY_BYTES", "67108865", "expected 0 to 67108864", Says(|b| b.max_body_bytes(67_108_865))),
    ("AUDIT_TRUSTED_PROXIES", "10.0.0.0/33", NETWORK, NETWORKS),
    ("AUDIT_TRUSTED_PROXIES", "10.0.0.7/8", "expected the network 10.0.0.0/8 or the address 10.0.0.7",
        Says(|b| b.trusted_proxies(["10.0.0.7/8".parse().expect("that it parses is why it is checked")]))),
    ("AUDIT_TRUSTED_PROXIES", "10.0.0.1,proxy", r#"expected addresses or networks, such as 10.0.0.0/8 or 2001:db8::1, not "proxy""#, NETWORKS),
    ("AUDIT_PROXY_HEADER", "x forwarded", HEADER, Says(|b| b.proxy_header("x forwarded"))),
    ("AUDIT_PROXY_HEADER", "10.0.0.1", HEADER, Says(|b| b.proxy_header("10.0.0.1"))),
    ("AUDIT_PROXY_HEADER", "True", HEADER, Says(|b| b.proxy_header("True"))),
    ("AUDIT_PROXY_HEADER", "HTTP_X_FORWARDED_FOR", SENT, Says(|b| b.proxy_header("HTTP_X_FORWARDED_FOR"))),
    ("AUDIT_PROXY_HEADER", "X_Real_IP", SENT, Says(|b| b.proxy_header("X_Real_IP"))),
    ("AUDIT_PROXY_HEADER", "Host", ADDRESS, Says(|b| b.proxy_header("Host"))),
    ("AUDIT_PROXY_HEADER", "content-type", ADDRESS, Says(|b| b.proxy_header("content-type"))),
    ("AUDIT_PROXY_HEADER", "x-forwarded-proto", ADDRESS, Says(|b| b.proxy_header("x-forwarded-proto"))),
    ("AUDIT_PROXY_HEADER", "Authorization", "expected a header that holds addresses, not credentials",
        Says(|b| b.proxy_header("Authorization"))),
    ("AUDIT_DELIVERY", "fast", "expected best_effort, buffered or strict", WORD),
    ("AUDIT_DELIVERY", "strict", "it needs a journal: expected AUDIT_LOG_PATH to be a file, or best_effort or buffered", Says(|b| b.delivery(Delivery::Strict))),
    ("AUDIT_QUEUE_BYTES", "65535", "expected 65536 to 1073741824", Says(|b| b.queue_bytes(65_535))),
    ("AUDIT_QUEUE_BYTES", "1073741825", "expected 65536 to 1073741824", Says(|b| b.queue_bytes(1_073_741_825))),
    ("AUDIT_QUEUE_TIMEOUT_MS", "5s", "expected a number of milliseconds", NUMBER),
    ("AUDIT_QUEUE_TIMEOUT_MS", "600001", "expected 0 to 600000", Says(|b| b.queue_timeout(Duration::from_millis(600_001)))),
    ("AUDIT_ROTATE_BYTES", "1000", "expected at least 4 times AUDIT_MAX_LINE_BYTES, which is 16384", Says(|b| b.rotate_bytes(1_000))),
    ("AUDIT_ROTATE_BYTES", "1048576", NO_FILE, Says(|b| b.rotate_bytes(1 << 20))),
    ("AUDIT_ROTATE_BYTES", "64MB", SIZE_OR_OFF, NUMBER),
    ("AUDIT_ROTATE_KEEP", "0", "expected off or how many segments to keep, at least 1",
        Differs(|b| b.rotate_keep(0), "expected how many segments to keep, at least 1")),
    ("AUDIT_ROTATE_KEEP", "3", NO_FILE, Says(|b| b.rotate_keep(3))),
    ("AUDIT_JOURNAL_MAX_BYTES", "1", "expected AUDIT_ROTATE_BYTES to be set, for what goes are whole segments", Says(|b| b.journal_max_bytes(1))),
    ("AUDIT_JOURNAL_MAX_BYTES", "true", SIZE_OR_OFF, NUMBER),
    ("AUDIT_CHAIN", "sha256", "chaining is not built yet, expected off", NOTHING),
    ("AUDIT_SERVICE", "a\tb", NAME, Says(|b| b.service("a\tb"))),
    ("AUDIT_ENVIRONMENT", "\u{1b}[2J", NAME, Says(|b| b.environment("\u{1b}[2J"))),
    ("AUDIT_INSTANCE", "\u{7f}x", NAME, Says(|b| b.instance("\u{7f}x"))),
];

#[test]
fn a_bad_value_stops_the_start_and_names_itself() {
    for (setting, value, advice, code) in ROWS {
        let says =
            |advice| [format!("{setting} is \"{}\"; {advice}", value.escape_debug().to_string().replace("\\'", "'"))];
        assert_eq!(refused(builder().env_from(from([(setting, value)]))), says(advice));
        match code {
            Says(code) => assert_eq!(refused(code(builder())), says(advice), "{setting} from code"),
            Differs(code, advice) => assert_eq!(refused(code(builder())), says(advice), "{setting} from code"),
            Keeps(..) => panic!("{setting} is bad, not kept"),
            Never => {}
        }
    }
}

/// Texts that are blank are unset in the environment; code that says so has made a mistake.
#[test]
fn only_code_can_say_these() {
    let line = "expected at least 4 times AUDIT_MAX_LINE_BYTES, which is 16384";
    let mapped = "expected the network ::ffff:10.0.0.0/104 or the address ::ffff:10.0.0.1";
    let rows = [
        (builder().service(""), "AUDIT_SERVICE", "", NAME),
        (builder().environment(" \u{a0}"), "AUDIT_ENVIRONMENT", " \\u{a0}", NAME),
        (builder().instance("\t"), "AUDIT_INSTANCE", "\\t", NAME),
        (builder().proxy_header(""), "AUDIT_PROXY_HEADER", "", HEADER),
        (builder().path_prefix(""), "AUDIT_PATH_PREFIX", "", PREFIX),
        (builder().exclude(""), "AUDIT_EXCLUDE_PATHS", "", PATH),
        (builder().exclude(" /a"), "AUDIT_EXCLUDE_PATHS", " /a", PATH),
        (builder().exclude("/a,/b"), "AUDIT_EXCLUDE_PATHS", "/a,/b", "expected each path by itself"),
        (builder().include(""), "AUDIT_INCLUDE_PATHS", "", PATH),
        (builder().sensitive_fields([""]), "AUDIT_SENSITIVE_FIELDS", "", FIELDS),
        (builder().sensitive_headers([""]), "AUDIT_SENSITIVE_HEADERS", "", HEADERS),
        (builder().sensitive_headers([" x-mine"]), "AUDIT_SENSITIVE_HEADERS", " x-mine", HEADERS),
        (
            builder().trusted_proxies(["::ffff:10.0.0.1/104".parse().expect("that it parses is why it is checked")]),
            "AUDIT_TRUSTED_PROXIES",
            "::ffff:10.0.0.1/104",
            mapped,
        ),
        // In the environment it is `off`; code that wants that does not call it.
        (builder().rotate_bytes(0), "AUDIT_ROTATE_BYTES", "0", line),
        (builder().sensitive_fields(["a,b"]), "AUDIT_SENSITIVE_FIELDS", "a,b", FIELDS),
        (
            builder().queue_timeout(Duration::MAX),
            "AUDIT_QUEUE_TIMEOUT_MS",
            "18446744073709551615999",
            "expected 0 to 600000",
        ),
    ];
    for (builder, setting, value, advice) in rows {
        assert_eq!(refused(builder), [format!("{setting} is \"{value}\"; {advice}")]);
    }
    assert_eq!(refused(builder().sensitive_fields(["mine"; 0]).sensitive_headers(["x-mine"; 0])), [""; 0]);
    // Less than a millisecond more than the most is not told apart from it.
    assert_eq!(refused(builder().queue_timeout(Duration::from_micros(600_000_500))), [""; 0]);
}

/// Whoever does not wait for the journal could not be told that a record is on disk: each request would be refused.
#[test]
fn strict_delivery_leaves_time_to_wait() {
    let folder = tempfile::tempdir().expect("a folder");
    let strict = || builder().output(Output::File(folder.path().join("audit.jsonl"))).delivery(Delivery::Strict);
    let said =
        r#"AUDIT_QUEUE_TIMEOUT_MS is "0"; expected 1 to 600000, for strict delivery waits so long for the journal"#;
    assert_eq!(refused(strict().env_from(from([("AUDIT_QUEUE_TIMEOUT_MS", "0")]))), [said]);
    assert_eq!(refused(strict().queue_timeout(Duration::ZERO)), [said]);
    assert_eq!(refused(strict().queue_timeout(Duration::from_micros(999))), [said], "it says itself in milliseconds");
    assert_eq!(refused(strict().queue_timeout(Duration::from_millis(1))), [""; 0]);
    let buffered = [("AUDIT_QUEUE_TIMEOUT_MS", "0"), ("AUDIT_DELIVERY", "buffered")];
    assert_eq!(refused(strict().env_from(from(buffered))), [""; 0]);
}

/// One segment is written, and one can go.
#[test]
fn a_journal_holds_two_segments_at_least() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = || builder().output(Output::File(folder.path().join("audit.jsonl")));
    let said = r#"AUDIT_JOURNAL_MAX_BYTES is "131071"; expected at least 2 times AUDIT_ROTATE_BYTES, which is 65536"#;
    let env = |max| from([("AUDIT_ROTATE_BYTES", "64KiB"), ("AUDIT_JOURNAL_MAX_BYTES", max)]);
    assert_eq!(refused(file().env_from(env("131071"))), [said]);
    assert_eq!(refused(file().rotate_bytes(65_536).journal_max_bytes(131_071)), [said]);
    assert_eq!(refused(file().journal_max_bytes(131_071).rotate_bytes(65_536)), [said]);
    assert_eq!(refused(file().env_from(env("128KiB"))), [""; 0]);
    assert_eq!(refused(file().rotate_bytes(65_536).journal_max_bytes(131_072)), [""; 0]);
    // Twice the most that there is overflows into nothing.
    let said = format!(
        r#"AUDIT_JOURNAL_MAX_BYTES is "131072"; expected at least 2 times AUDIT_ROTATE_BYTES, which is {}"#,
        u64::MAX
    );
    assert_eq!(refused(file().rotate_bytes(u64::MAX).journal_max_bytes(131_072)), [said]);
}

#[test]
fn names_have_256_characters_at_most() {
    type Named = (&'static str, fn(Builder, String) -> Builder);
    let code: [Named; 3] = [
        ("AUDIT_SERVICE", |builder, name| builder.service(name)),
        ("AUDIT_ENVIRONMENT", |builder, name| builder.environment(name)),
        ("AUDIT_INSTANCE", |builder, name| builder.instance(name)),
    ];
    for (setting, code) in code {
        let said = [format!("{setting} is \"{}…\"; {NAME}", "ä".repeat(80))];
        let (longest, longer) = ("ä".repeat(256), "ä".repeat(257));
        assert_eq!(refused(builder().env_from(from([(setting, &longer)]))), said);
        assert_eq!(refused(code(builder(), longer)), said, "{setting} from code");
        assert_eq!(refused(builder().env_from(from([(setting, &longest)]))), [""; 0]);
        assert_eq!(refused(code(builder(), longest)), [""; 0], "{setting} from code");
    }
}

#[test]
fn a_queue_holds_four_lines_at_least() {
    let env = from([("AUDIT_QUEUE_BYTES", "131071"), ("AUDIT_MAX_LINE_BYTES", "32KiB")]);
    let said = r#"AUDIT_QUEUE_BYTES is "131071"; expected at least 4 times AUDIT_MAX_LINE_BYTES, which is 32768"#;
    assert_eq!(refused(builder().env_from(env)), [said]);
    assert_eq!(refused(builder().queue_bytes(131_071).max_line_bytes(32_768)), [said]);
    assert_eq!(refused(builder().queue_bytes(131_072).max_line_bytes(32_768)), [""; 0]);
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let found = refused(builder().max_line_bytes(1).service("\n").env_from(from([
        ("AUDIT_MODE", "x"),
        ("AUDIT_CHAIN", "on"),
        ("AUDIT_LOG_PATH", "/tmp/{instance}"),
        ("AUDIT_EXCLUDE_PATHS", "/ok,a,b"),
    ])));
    let said = [
        r#"AUDIT_MODE is "x"; expected basic, compact or full"#.to_owned(),
        r#"AUDIT_CHAIN is "on"; chaining is not built yet, expected off"#.to_owned(),
        r#"AUDIT_MAX_LINE_BYTES is "1"; expected 2048 to 262144"#.to_owned(),
        format!(r#"AUDIT_EXCLUDE_PATHS is "/ok,a,b"; {PATH}, not "a""#),
        format!(r#"AUDIT_EXCLUDE_PATHS is "/ok,a,b"; {PATH}, not "b""#),
        format!(r#"AUDIT_SERVICE is "\n"; {NAME}"#),
        r#"AUDIT_LOG_PATH is "/tmp/{instance}"; expected AUDIT_INSTANCE to be set, for {instance} stands for it"#
            .to_owned(),
    ];
    assert_eq!(found, said);
    let error = builder().max_line_bytes(1).queue_bytes(1).build().err().unwrap().to_string();
    assert_eq!(error.lines().count(), 2, "{error}");
}

/// Each row alone names one setting; all of them together name every setting.
#[test]
fn no_bad_value_hides_another() {
    let mut settings = std::collections::BTreeMap::new();
    ROWS.iter().for_each(|(setting, value, ..)| {
        settings.entry(*setting).or_insert(*value);
    });
    let said = refused(builder().env_from(|name: &str| settings.get(name)));
    for setting in settings.keys() {
        assert!(said.iter().any(|said| said.starts_with(&format!("{setting} is "))), "{setting}: {said:#?}");
    }
}

#[test]
fn what_is_wrong_stops_the_start_of_an_auditor_that_is_off_too() {
    // Otherwise the day on which auditing is switched on is the day on which the service does not start.
    let off = builder().enabled(false).env_from(from([("AUDIT_MODE", "x")]));
    assert_eq!(refused(off), [format!(r#"AUDIT_MODE is "x"; {MODE}"#)]);
}

#[test]
fn headers_that_proxies_do_send_are_taken() {
    for header in [
        "X-Forwarded-For",
        "Forwarded",
        "X-Real-IP",
        "True-Client-IP",
        "CF-Connecting-IP",
        "Fastly-Client-IP",
        "X-Client-IP",
        "X-Azure-ClientIP",
        "X-Original-Forwarded-For",
        "X-Envoy-External-Address",
        "X-Cluster-Client-IP",
        "X-Appengine-User-IP",
    ] {
        let name = header.to_ascii_lowercase();
        let headers: &[(&str, &[u8])] = &[(&name, if header == "Forwarded" { b"for=192.0.2.7" } else { b"192.0.2.7" })];
        let env = from([("AUDIT_PROXY_HEADER", header), ("AUDIT_TRUSTED_PROXIES", "10.0.0.1")]);
        let record = record(builder().env_from(env), &super::Request { headers, ..super::JSON });
        assert_eq!(record["ip_address"], "192.0.2.7", "{header}");
    }
}

//! Odd values: blank ones, those with blanks or quotes around them, bytes that are no text, and each setting's own.

use std::ffi::OsString;
use std::time::Duration;

use audit_core::{Builder, Output};
use serde_json::Value;

use super::Code::{Differs, Keeps, Never, Says};
use super::good::{self, Row, names};
use super::{BOOL, Code, NETWORKS, NOTHING, NUMBER, ONE, WORD, builder, from, refused};

/// What comes of an odd value.
pub(crate) enum Is {
    /// It means the same as this one.
    Same(&'static str),
    /// It means that nothing was set.
    Unset,
    /// It stops the start.
    Refused,
}
use Is::{Refused, Same, Unset};

/// Setting, value, what comes of it, and the same from code.
#[rustfmt::skip]
pub(crate) const ROWS: &[(&str, &str, Is, Code)] = &[
    ("AUDIT_ENABLED", "nO", Same("false"), BOOL),
    ("AUDIT_ENABLED", "00", Refused, BOOL),
    ("AUDIT_ENABLED", "-1", Refused, BOOL),
    ("AUDIT_ENABLED", "false,", Refused, BOOL),
    ("AUDIT_MODE", "Full", Refused, WORD),
    ("AUDIT_MODE", "full,basic", Refused, WORD),
    ("AUDIT_MODE", "\u{feff}full", Refused, WORD),
    ("AUDIT_MODE", "\u{a0}full\u{2003}", Same("full"), WORD),
    ("AUDIT_LOG_PATH", "sTdOuT", Same("stdout"), Differs(|b| b.output(Output::File("sTdOuT".into())), "expected Output::Stdout, or ./stdout for a file of that name")),
    ("AUDIT_LOG_PATH", "STDOUT, a.jsonl", Refused, Says(|b| b.output(Output::File("STDOUT, a.jsonl".into())))),
    ("AUDIT_AUTO_DETECT", "FaLsE", Same("false"), BOOL),
    ("AUDIT_AUTO_DETECT", "2", Refused, BOOL),
    ("AUDIT_SENSITIVE_FIELDS", "[]", Unset, Says(|b| b.sensitive_fields(["a"; 0]))),
    ("AUDIT_SENSITIVE_FIELDS", ",, ,", Refused, Says(|b| b.sensitive_fields([",, ,"]))),
    ("AUDIT_SENSITIVE_FIELDS", "MI-CAMPO,otro", Same("mi_campo,otro"), Says(|b| b.sensitive_fields(["MI-CAMPO", "otro"]))),
    ("AUDIT_SENSITIVE_FIELDS", r#"["mi_campo","otro","",]"#, Refused, Says(|b| b.sensitive_fields([r#"["mi_campo","otro","",]"#]))),
    ("AUDIT_SENSITIVE_FIELDS", r#"["mi_campo",null]"#, Refused, Says(|b| b.sensitive_fields([r#"["mi_campo",null]"#]))),
    ("AUDIT_SENSITIVE_FIELDS", r#""mi_campo","otro""#, Refused, Says(|b| b.sensitive_fields([r#""mi_campo","otro""#]))),
    ("AUDIT_SENSITIVE_FIELDS", "mi_campo;otro", Refused, Says(|b| b.sensitive_fields(["mi_campo;otro"]))),
    ("AUDIT_SENSITIVE_FIELDS", "a,123", Refused, Says(|b| b.sensitive_fields(["a", "123"]))),
    ("AUDIT_SENSITIVE_HEADERS", "[ ]", Unset, Says(|b| b.sensitive_headers(["a"; 0]))),
    ("AUDIT_SENSITIVE_HEADERS", ",", Refused, Says(|b| b.sensitive_headers([","]))),
    ("AUDIT_SENSITIVE_HEADERS", "7-7", Refused, Says(|b| b.sensitive_headers(["7-7"]))),
    ("AUDIT_SENSITIVE_HEADERS", "x_mine", Same("x-mine"), Says(|b| b.sensitive_headers(["x_mine"]))),
    ("AUDIT_SENSITIVE_HEADERS", "x-mine:", Refused, Says(|b| b.sensitive_headers(["x-mine:"]))),
    ("AUDIT_SENSITIVE_HEADERS", "x-mine;x-other", Refused, Says(|b| b.sensitive_headers(["x-mine;x-other"]))),
    ("AUDIT_EXCLUDE_PATHS", "[]", Unset, ONE),
    ("AUDIT_EXCLUDE_PATHS", ",", Unset, Differs(|b| b.exclude(","), "expected paths that begin with / and have no empty, . , .. or * segment; a path covers all below it")),
    ("AUDIT_EXCLUDE_PATHS", ",/api,,/api,", Same("/api/x"), Says(|b| b.exclude("/api").exclude("/api"))),
    ("AUDIT_EXCLUDE_PATHS", "/API", Unset, Says(|b| b.exclude("/API"))),
    ("AUDIT_EXCLUDE_PATHS", "/api/", Same("/api/x"), Says(|b| b.exclude("/api/"))),
    ("AUDIT_EXCLUDE_PATHS", "/ap,/api/xy", Unset, Says(|b| b.exclude("/ap").exclude("/api/xy"))),
    ("AUDIT_EXCLUDE_PATHS", "/ok,/", Refused, Says(|b| b.exclude("/ok").exclude("/"))),
    ("AUDIT_EXCLUDE_PATHS", "//", Refused, Says(|b| b.exclude("//"))),
    ("AUDIT_INCLUDE_PATHS", "[]", Unset, ONE),
    ("AUDIT_INCLUDE_PATHS", "/App", Unset, Says(|b| b.include("/App"))),
    ("AUDIT_INCLUDE_PATHS", "/app/,/app", Same("/app"), Says(|b| b.include("/app/").include("/app"))),
    ("AUDIT_INCLUDE_PATHS", r#"["/app"#, Refused, Says(|b| b.include(r#"["/app"#))),
    ("AUDIT_PATH_PREFIX", "//", Refused, Says(|b| b.path_prefix("//"))),
    ("AUDIT_PATH_PREFIX", "app//", Refused, Says(|b| b.path_prefix("app//"))),
    ("AUDIT_PATH_PREFIX", "/app,/other", Refused, Says(|b| b.path_prefix("/app,/other"))),
    ("AUDIT_PATH_PREFIX", "https://example.org/app", Refused, Says(|b| b.path_prefix("https://example.org/app"))),
    ("AUDIT_MAX_LINE_BYTES", "2kIb", Same("2048"), NUMBER),
    ("AUDIT_MAX_LINE_BYTES", "+2048", Refused, NUMBER),
    ("AUDIT_MAX_LINE_BYTES", "2048.0", Refused, NUMBER),
    ("AUDIT_MAX_LINE_BYTES", "2,048", Refused, NUMBER),
    ("AUDIT_MAX_LINE_BYTES", "2_048", Refused, NUMBER),
    ("AUDIT_MAX_LINE_BYTES", "٢٠٤٨", Refused, NUMBER),
    ("AUDIT_MAX_LINE_BYTES", "0", Refused, Says(|b| b.max_line_bytes(0))),
    ("AUDIT_MAX_LINE_BYTES", "18446744073709551615", Refused, Says(|b| b.max_line_bytes(usize::MAX))),
    ("AUDIT_MAX_BODY_BYTES", "0KiB", Same("0"), NUMBER),
    ("AUDIT_MAX_BODY_BYTES", "-0", Refused, NUMBER),
    ("AUDIT_MAX_BODY_BYTES", "18446744073709551615", Refused, Says(|b| b.max_body_bytes(usize::MAX))),
    ("AUDIT_MAX_BODY_BYTES", "99999999999999999999999", Refused, NUMBER),
    ("AUDIT_TRUSTED_PROXIES", "[]", Unset, Says(|b| b.trusted_proxies([]))),
    ("AUDIT_TRUSTED_PROXIES", ",10.0.0.1,", Same("10.0.0.1"), NETWORKS),
    ("AUDIT_TRUSTED_PROXIES", "::ffff:10.0.0.1", Same("10.0.0.1"), Says(|b| b.trusted_proxies([network("::ffff:10.0.0.1/128")]))),
    ("AUDIT_TRUSTED_PROXIES", "0.0.0.0", Unset, Says(|b| b.trusted_proxies([network("0.0.0.0/32")]))),
    ("AUDIT_TRUSTED_PROXIES", "010.0.0.1", Refused, NETWORKS),
    ("AUDIT_TRUSTED_PROXIES", "10.0.0.1:80", Refused, NETWORKS),
    ("AUDIT_TRUSTED_PROXIES", "10.*", Refused, NETWORKS),
    ("AUDIT_TRUSTED_PROXIES", "*", Refused, NETWORKS),
    ("AUDIT_TRUSTED_PROXIES", "localhost", Refused, NETWORKS),
    ("AUDIT_PROXY_HEADER", "X-REAL-IP", Same("x-real-ip"), Says(|b| b.proxy_header("X-REAL-IP"))),
    ("AUDIT_PROXY_HEADER", "x-real-ip,", Refused, Says(|b| b.proxy_header("x-real-ip,"))),
    ("AUDIT_PROXY_HEADER", "x-real-ip, x-forwarded-for", Refused, Says(|b| b.proxy_header("x-real-ip, x-forwarded-for"))),
    ("AUDIT_PROXY_HEADER", "on", Refused, Says(|b| b.proxy_header("on"))),
    ("AUDIT_DELIVERY", "Best_Effort", Refused, WORD),
    ("AUDIT_DELIVERY", "best-effort", Refused, WORD),
    ("AUDIT_QUEUE_BYTES", "64 KiB", Same("65536"), NUMBER),
    ("AUDIT_QUEUE_BYTES", "64K", Refused, NUMBER),
    ("AUDIT_QUEUE_BYTES", "0", Refused, Says(|b| b.queue_bytes(0))),
    ("AUDIT_QUEUE_BYTES", "18446744073709551615", Refused, Says(|b| b.queue_bytes(usize::MAX))),
    ("AUDIT_QUEUE_BYTES", "18446744073709551615KiB", Refused, NUMBER),
    ("AUDIT_QUEUE_TIMEOUT_MS", "000", Same("0"), Says(|b| b.queue_timeout(Duration::from_micros(0)))),
    ("AUDIT_QUEUE_TIMEOUT_MS", "-1", Refused, NUMBER),
    ("AUDIT_QUEUE_TIMEOUT_MS", "18446744073709551616", Refused, Says(|b| b.queue_timeout(Duration::from_millis(u64::MAX) + Duration::from_millis(1)))),
    ("AUDIT_ROTATE_BYTES", "oFF", Same("off"), NUMBER),
    ("AUDIT_ROTATE_BYTES", "0", Same("off"), Differs(|b| b.rotate_bytes(0), "expected at least 4 times AUDIT_MAX_LINE_BYTES, which is 16384")),
    ("AUDIT_ROTATE_BYTES", "-1", Refused, NUMBER),
    ("AUDIT_ROTATE_KEEP", "00", Refused, NUMBER),
    ("AUDIT_ROTATE_KEEP", "0", Refused, Says(|b| b.rotate_keep(0))),
    ("AUDIT_JOURNAL_MAX_BYTES", "unlimited", Refused, NUMBER),
    ("AUDIT_JOURNAL_MAX_BYTES", "0", Same("off"), Differs(|b| b.journal_max_bytes(0), "expected AUDIT_ROTATE_BYTES to be set, for what goes are whole segments")),
    ("AUDIT_CHAIN", "none", Refused, NOTHING),
    ("AUDIT_SERVICE", "\u{a0}geo", Same("geo"), Keeps(|b| b.service("\u{a0}geo"), names, r#"["\u00a0geo",null,null]"#)),
    ("AUDIT_SERVICE", " geo ", Same("geo"), Keeps(|b| b.service(" geo "), names, r#"[" geo ",null,null]"#)),
    ("AUDIT_SERVICE", "geo\0", Refused, Says(|b| b.service("geo\0"))),
    ("AUDIT_ENVIRONMENT", "test\r\n", Same("test"), Differs(|b| b.environment("test\r\n"), "expected 1 to 256 characters, not only blanks and no control characters")),
    ("AUDIT_ENVIRONMENT", "te\nst", Refused, Says(|b| b.environment("te\nst"))),
    ("AUDIT_INSTANCE", "web-1\u{7f}", Refused, Says(|b| b.instance("web-1\u{7f}"))),
    ("AUDIT_INSTANCE", " web-1", Same("web-1"), Keeps(|b| b.instance(" web-1"), names, r#"[null,null," web-1"]"#)),
];

fn network(text: &str) -> ipnet::IpNet {
    text.parse().expect("a network")
}

/// The row of this setting that has this value.
fn good(setting: &str, value: &str) -> &'static Row {
    let has = |row: &&Row| row.setting == setting && row.values.contains(&value);
    good::ROWS.iter().find(has).unwrap_or_else(|| panic!("{setting} has no row with {value}"))
}

fn expected(row: &Row) -> Value {
    serde_json::from_str(row.expected).expect("JSON")
}

#[test]
fn odd_values_mean_what_one_would_think_or_are_refused() {
    for (setting, value, is, code) in ROWS {
        let check = |says: &dyn Fn() -> Builder, whose: &str| match is {
            Same(other) => {
                let row = good(setting, other);
                assert_eq!((row.see)(says()), expected(row), "{setting} is {value:?} {whose}");
            }
            Unset => {
                for row in good::ROWS.iter().filter(|row| row.setting == *setting) {
                    assert_eq!((row.see)(says()), (row.see)(builder()), "{setting} is {value:?} {whose}");
                }
            }
            Refused => stops(setting, value, says(), ""),
        };
        check(&|| builder().env_from(from([(setting, value)])), "in the environment");
        match code {
            Says(code) => check(&|| code(builder()), "in code"),
            Differs(code, advice) => stops(setting, value, code(builder()), advice),
            Keeps(code, see, expected) => {
                let expected: Value = serde_json::from_str(expected).expect("JSON");
                assert_eq!(see(code(builder())), expected, "{setting} is {value:?} in code");
            }
            Never => {}
        }
    }
}

/// It stops the start, with nothing but messages that name it and go on so.
#[track_caller]
fn stops(setting: &str, value: &str, builder: Builder, advice: &str) {
    let said = refused(builder);
    let begins = format!("{setting} is \"{}\"; {advice}", value.escape_debug());
    assert!(!said.is_empty(), "{setting} is {value:?}");
    assert!(said.iter().all(|said| said.starts_with(&begins)), "{begins}: {said:?}");
}

#[test]
fn blank_is_unset_for_every_setting() {
    for row in good::ROWS {
        for blank in ["", " ", "\t \r\n", "\u{a0}"] {
            let kept = row.code.unwrap_or(|builder| builder)(builder()).env_from(from([(row.setting, blank)]));
            assert_eq!((row.see)(kept), expected(row), "what code said of {} stays with {blank:?}", row.setting);
        }
    }
}

#[test]
fn blanks_around_a_value_make_no_difference() {
    for row in good::ROWS {
        let value = format!(" \t{}\r\n", row.values[0]);
        assert_eq!((row.see)(builder().env_from(from([(row.setting, &value)]))), expected(row), "{}", row.setting);
    }
}

#[test]
fn quotes_around_a_value_are_refused() {
    for row in good::ROWS {
        for quote in ["\"", "'", "`"] {
            let value = format!("{quote}{}{quote}", row.values[0]);
            let said =
                format!("{} is \"{}\"; expected no quotes around the value", row.setting, value.replace('"', "\\\""));
            if row.values[0].contains('"') {
                continue;
            }
            assert_eq!(refused(builder().env_from(from([(row.setting, &value)]))), [said]);
        }
    }
}

#[cfg(unix)]
#[test]
fn bytes_that_are_no_text_are_refused() {
    use std::os::unix::ffi::OsStringExt as _;
    for row in good::ROWS {
        let lookup = |name: &str| (name == row.setting).then(|| OsString::from_vec(b"f\xffll".to_vec()));
        let said = format!(r#"{} is "f\xffll"; expected UTF-8 text"#, row.setting);
        assert_eq!(refused(builder().env_from(lookup)), [said]);
    }
}

//! Odd values: blank ones, those with blanks or quotes around them, bytes that are no text, and each setting's own.

use std::ffi::OsString;

use serde_json::Value;

use super::good::{self, Row};
use super::{builder, from, refused};

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

#[rustfmt::skip]
pub(crate) const ROWS: &[(&str, &str, Is)] = &[
    ("AUDIT_ENABLED", "nO", Same("false")),
    ("AUDIT_ENABLED", "00", Refused),
    ("AUDIT_ENABLED", "-1", Refused),
    ("AUDIT_ENABLED", "false,", Refused),
    ("AUDIT_MODE", "Full", Refused),
    ("AUDIT_MODE", "full,basic", Refused),
    ("AUDIT_MODE", "\u{feff}full", Refused),
    ("AUDIT_MODE", "\u{a0}full\u{2003}", Same("full")),
    ("AUDIT_LOG_PATH", "sTdOuT", Same("stdout")),
    ("AUDIT_LOG_PATH", "STDOUT, a.jsonl", Refused),
    ("AUDIT_AUTO_DETECT", "FaLsE", Same("false")),
    ("AUDIT_AUTO_DETECT", "2", Refused),
    ("AUDIT_SENSITIVE_FIELDS", "[]", Unset),
    ("AUDIT_SENSITIVE_FIELDS", ",, ,", Refused),
    ("AUDIT_SENSITIVE_FIELDS", "MI-CAMPO,otro", Same("mi_campo,otro")),
    ("AUDIT_SENSITIVE_FIELDS", r#"["mi_campo","otro","",]"#, Refused),
    ("AUDIT_SENSITIVE_FIELDS", r#"["mi_campo",null]"#, Refused),
    ("AUDIT_SENSITIVE_FIELDS", r#""mi_campo","otro""#, Refused),
    ("AUDIT_SENSITIVE_FIELDS", "mi_campo;otro", Refused),
    ("AUDIT_SENSITIVE_FIELDS", "a,123", Refused),
    ("AUDIT_SENSITIVE_HEADERS", "[ ]", Unset),
    ("AUDIT_SENSITIVE_HEADERS", ",", Refused),
    ("AUDIT_SENSITIVE_HEADERS", "7-7", Refused),
    ("AUDIT_SENSITIVE_HEADERS", "x_mine", Same("x-mine")),
    ("AUDIT_SENSITIVE_HEADERS", "x-mine:", Refused),
    ("AUDIT_SENSITIVE_HEADERS", "x-mine;x-other", Refused),
    ("AUDIT_EXCLUDE_PATHS", "[]", Unset),
    ("AUDIT_EXCLUDE_PATHS", ",", Unset),
    ("AUDIT_EXCLUDE_PATHS", ",/api,,/api,", Same("/api/x")),
    ("AUDIT_EXCLUDE_PATHS", "/API", Unset),
    ("AUDIT_EXCLUDE_PATHS", "/ap,/api/xy", Unset),
    ("AUDIT_EXCLUDE_PATHS", "/ok,/", Refused),
    ("AUDIT_EXCLUDE_PATHS", "//", Refused),
    ("AUDIT_INCLUDE_PATHS", "[]", Unset),
    ("AUDIT_INCLUDE_PATHS", "/App", Unset),
    ("AUDIT_INCLUDE_PATHS", r#"["/app"#, Refused),
    ("AUDIT_PATH_PREFIX", "//", Refused),
    ("AUDIT_PATH_PREFIX", "app//", Refused),
    ("AUDIT_PATH_PREFIX", "/app,/other", Refused),
    ("AUDIT_PATH_PREFIX", "https://example.org/app", Refused),
    ("AUDIT_MAX_LINE_BYTES", "2kIb", Same("2048")),
    ("AUDIT_MAX_LINE_BYTES", "+2048", Refused),
    ("AUDIT_MAX_LINE_BYTES", "2048.0", Refused),
    ("AUDIT_MAX_LINE_BYTES", "2,048", Refused),
    ("AUDIT_MAX_LINE_BYTES", "2_048", Refused),
    ("AUDIT_MAX_LINE_BYTES", "٢٠٤٨", Refused),
    ("AUDIT_MAX_LINE_BYTES", "0", Refused),
    ("AUDIT_MAX_BODY_BYTES", "0KiB", Same("0")),
    ("AUDIT_MAX_BODY_BYTES", "-0", Refused),
    ("AUDIT_MAX_BODY_BYTES", "99999999999999999999999", Refused),
    ("AUDIT_TRUSTED_PROXIES", "[]", Unset),
    ("AUDIT_TRUSTED_PROXIES", ",10.0.0.1,", Same("10.0.0.1")),
    ("AUDIT_TRUSTED_PROXIES", "::ffff:10.0.0.1", Same("10.0.0.1")),
    ("AUDIT_TRUSTED_PROXIES", "0.0.0.0", Unset),
    ("AUDIT_TRUSTED_PROXIES", "010.0.0.1", Refused),
    ("AUDIT_TRUSTED_PROXIES", "10.0.0.1:80", Refused),
    ("AUDIT_TRUSTED_PROXIES", "10.*", Refused),
    ("AUDIT_TRUSTED_PROXIES", "*", Refused),
    ("AUDIT_TRUSTED_PROXIES", "localhost", Refused),
    ("AUDIT_PROXY_HEADER", "X-REAL-IP", Same("x-real-ip")),
    ("AUDIT_PROXY_HEADER", "x-real-ip,", Refused),
    ("AUDIT_PROXY_HEADER", "x-real-ip, x-forwarded-for", Refused),
    ("AUDIT_PROXY_HEADER", "on", Refused),
    ("AUDIT_DELIVERY", "Best_Effort", Refused),
    ("AUDIT_DELIVERY", "best-effort", Refused),
    ("AUDIT_QUEUE_BYTES", "64 KiB", Same("65536")),
    ("AUDIT_QUEUE_BYTES", "64K", Refused),
    ("AUDIT_QUEUE_BYTES", "18446744073709551615KiB", Refused),
    ("AUDIT_QUEUE_TIMEOUT_MS", "000", Same("0")),
    ("AUDIT_QUEUE_TIMEOUT_MS", "-1", Refused),
    ("AUDIT_QUEUE_TIMEOUT_MS", "18446744073709551616", Refused),
    ("AUDIT_ROTATE_BYTES", "oFF", Same("off")),
    ("AUDIT_ROTATE_BYTES", "-1", Refused),
    ("AUDIT_ROTATE_KEEP", "00", Refused),
    ("AUDIT_JOURNAL_MAX_BYTES", "unlimited", Refused),
    ("AUDIT_CHAIN", "none", Refused),
    ("AUDIT_SERVICE", "\u{a0}geo", Same("geo")),
    ("AUDIT_SERVICE", "geo\0", Refused),
    ("AUDIT_ENVIRONMENT", "test\r\n", Same("test")),
    ("AUDIT_ENVIRONMENT", "te\nst", Refused),
    ("AUDIT_INSTANCE", "web-1\u{7f}", Refused),
];

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
    for (setting, value, is) in ROWS {
        let read = || builder().env_from(from([(setting, value)]));
        match is {
            Same(other) => {
                let row = good(setting, other);
                assert_eq!((row.see)(read()), expected(row), "{setting} is {value:?}");
            }
            Unset => {
                for row in good::ROWS.iter().filter(|row| row.setting == *setting) {
                    assert_eq!((row.see)(read()), (row.see)(builder()), "{setting} is {value:?}");
                }
            }
            Refused => {
                let said = refused(read());
                let begins = format!("{setting} is \"{}\"; ", value.escape_debug());
                assert!(!said.is_empty(), "{setting} is {value:?}");
                assert!(said.iter().all(|said| said.starts_with(&begins)), "{begins}: {said:?}");
            }
        }
    }
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

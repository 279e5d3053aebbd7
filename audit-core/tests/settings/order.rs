//! Who has the last word: code sets first, the environment overrides; of what is sensitive both add.

use audit_core::{Builder, Mode};
use serde_json::{Value, json};

use super::{JSON, Request, bad, builder, from, good, record, refused};

#[test]
fn the_environment_overrides_what_code_set_before() {
    for row in good::ROWS {
        let expected: Value = serde_json::from_str(row.expected).expect("JSON");
        // Code says what each other row of the setting says, or all that is bad.
        let others = good::ROWS.iter().filter(|other| other.setting == row.setting).filter_map(|other| other.code);
        let bad =
            bad::ROWS.iter().filter(|bad| bad.0 == row.setting && !adds(row.setting)).filter_map(|bad| bad.3.said());
        for code in others.chain(bad) {
            let read = code(builder()).env_from(from([(row.setting, row.values[0])]));
            assert_eq!((row.see)(read), expected, "{}", row.setting);
        }
    }
}

/// Whether the environment adds to what code said: it can ask for more to be hidden, never for less.
fn adds(setting: &str) -> bool {
    setting.starts_with("AUDIT_SENSITIVE_")
}

#[test]
fn names_of_what_is_sensitive_are_added() {
    let request = Request {
        headers: &[("content-type", b"application/json"), ("x-mine", b"1"), ("x-theirs", b"2"), ("x-no", b"3")],
        body: r#"{"mine":1,"theirs":2,"no":3}"#,
        ..JSON
    };
    let both = || builder().sensitive_fields(["mine"]).sensitive_headers(["x-mine"]);
    let theirs = || from([("AUDIT_SENSITIVE_FIELDS", "theirs"), ("AUDIT_SENSITIVE_HEADERS", "x-theirs")]);
    let hidden = "[FILTERED]";
    for builder in [
        both().env_from(theirs()),
        builder().env_from(theirs()).sensitive_fields(["mine"]).sensitive_headers(["x-mine"]),
    ] {
        let record = record(builder, &request);
        assert_eq!(record["request_body"], json!({"mine": hidden, "theirs": hidden, "no": 3}));
        assert_eq!((&record["headers"]["x-mine"], &record["headers"]["x-theirs"]), (&json!(hidden), &json!(hidden)));
        assert_eq!(record["headers"]["x-no"], "3");
    }
    let emptied = from([("AUDIT_SENSITIVE_FIELDS", "[]"), ("AUDIT_SENSITIVE_HEADERS", "[]")]);
    let record = record(both().env_from(emptied), &request);
    assert_eq!((&record["request_body"]["mine"], &record["headers"]["x-mine"]), (&json!(hidden), &json!(hidden)));
}

#[test]
fn other_lists_are_replaced_and_can_be_emptied() {
    let is_recorded = |builder: Builder| !record(builder, &JSON).is_null();
    let excluded = || builder().exclude("/other").exclude("/api");
    assert!(!is_recorded(excluded()));
    assert!(is_recorded(excluded().env_from(from([("AUDIT_EXCLUDE_PATHS", "/other")]))));
    assert!(is_recorded(excluded().env_from(from([("AUDIT_EXCLUDE_PATHS", "[]")]))));
    assert!(!is_recorded(excluded().env_from(from([("AUDIT_EXCLUDE_PATHS", "")]))));
    let included = || builder().auto_detect(false).include("/api");
    assert!(is_recorded(included()));
    assert!(!is_recorded(included().env_from(from([("AUDIT_INCLUDE_PATHS", "[]")]))));
    let trusted = || builder().trusted_proxies(["10.0.0.1/32".parse().unwrap()]);
    let request = Request { headers: &[("x-forwarded-for", b"192.0.2.7")], ..JSON };
    assert_eq!(record(trusted(), &request)["ip_address"], "192.0.2.7");
    let emptied = trusted().env_from(from([("AUDIT_TRUSTED_PROXIES", "[]")]));
    assert_eq!(record(emptied, &request)["ip_address"], "10.0.0.1");
}

#[test]
fn code_that_comes_later_overrides_but_excuses_nothing() {
    let full = || from([("AUDIT_MODE", "full")]);
    assert_eq!(record(builder().env_from(full()).mode(Mode::Basic), &JSON)["mode"], "basic");
    let bad = builder().env_from(from([("AUDIT_MODE", "x")])).mode(Mode::Basic);
    assert_eq!(refused(bad), [r#"AUDIT_MODE is "x"; expected basic, compact or full"#]);
    // Of two sources the later has the last word, and what was bad in the first stays so.
    let second = builder().env_from(from([("AUDIT_MODE", "basic")])).env_from(full());
    assert_eq!(record(second, &JSON)["mode"], "full");
    let bad = builder().env_from(from([("AUDIT_MODE", "x")])).env_from(full());
    assert_eq!(refused(bad).len(), 1);
}

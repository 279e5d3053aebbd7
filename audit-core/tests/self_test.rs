//! The self-test at the start: a name that is added either hides what stands under it, or stops the start.

mod support;

use audit_core::exchange::RequestHead;
use audit_core::redact::{Hide, Rules};
use audit_core::testing::MemorySink;
use audit_core::{Auditor, Builder, Mode, Output, audited};
use support::{Lines, admit, respond};

/// With names of its own.
#[audited("t.own", route = "POST /own", redact(note, is_pregnant, tokens, has_debts, token_count))]
fn own() {}

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
        "user-agent",
        "x-request-id",
        "x-forwarded-for",
        "sec-websocket-protocol",
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

/// What the record keeps of a body that holds a boolean, a number and a word under a name.
fn shown(builder: Builder, path: &str, name: &str) -> serde_json::Value {
    let sink = MemorySink::new();
    let auditor = builder.mode(Mode::Full).sink(sink.clone()).build().unwrap_or_else(|error| panic!("{name}: {error}"));
    let headers = Lines(&[("content-type", b"application/json")]);
    let mut exchange =
        auditor.begin(&RequestHead::new("test", "POST", path, &headers)).expect("the path is not excluded");
    admit(&mut exchange);
    let body = format!("[{{\"{name}\":true}},{{\"{name}\":4321}},{{\"{name}\":\"word\"}}]");
    exchange.request_tap().push(body.as_bytes());
    exchange.request_tap().complete();
    respond(&mut exchange, 200);
    drop(exchange);
    auditor.shutdown(support::PATIENCE);
    sink.only()["request_body"].take()
}

#[test]
fn what_is_added_is_hidden_whatever_its_words_say_of_it() {
    for name in ["note", "is_pregnant", "tokens", "has_debts", "token_count"] {
        let hidden = serde_json::json!({ name: "[FILTERED]" });
        let hidden = serde_json::json!([hidden, hidden, hidden]);
        let [code, environment] = both(name);
        for builder in [code, environment, builder().redact(Rules::new().names([name]))] {
            assert_eq!(shown(builder, "/api/x", name), hidden, "{name}");
        }
        assert_eq!(shown(builder(), "/own", name), hidden, "{name}");
        assert_ne!(shown(builder(), "/api/x", name), hidden, "{name}");
    }
}

#[test]
fn rules_are_tried_however_they_hide() {
    for hide in [Hide::Marked, Hide::Removed] {
        let rules = Rules::new().names(["mi_campo", "is_ill"]).headers(["x-ref"]).hide(hide);
        builder().redact(rules.clone()).build().expect("they hide");
        builder().redact(rules.keep_only(["id", "is_ill"])).self_test().build().expect("they hide");
    }
}

#[test]
fn patterns_that_can_be_used_start() {
    for pattern in [
        r"(?i)^IBAN",
        r"^X-\d+$",
        r"^\d$",
        "[#%&+;=]a",
        r"\w",
        " ",
        r"\W",
        r"a\\b",
        "^name$",
        "^value$",
        "^key$",
        "^type$",
        "^query$",
        "^variables$",
        "^coordinates$",
        r"a\[b\]",
        "%41",
        "^accept$",
    ] {
        let rules = Rules::new().name_pattern(pattern);
        builder().redact(rules).build().unwrap_or_else(|error| panic!("{pattern}: {error}"));
    }
    for pattern in [
        r"\d",
        r"^CUST-\d{6}$",
        r"\bES\d{20}\b",
        r"\n",
        "[\"{]",
        "FILTERED",
        r"\p{Greek}",
        " ",
        "%.",
        "(?i)a|b",
        r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z",
        r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        r"\d{1,3}(\.\d{1,3}){3}",
        r"\w+@\w+\.\w+",
        r"\+34 ?\d{9}",
        "^(true|false)$",
        r"\[FILTERED\]",
        r"\.\.",
        r"^POINT\(.*\)",
    ] {
        let rules = Rules::new().value_pattern(pattern);
        builder().redact(rules).build().unwrap_or_else(|error| panic!("{pattern}: {error}"));
    }
}

#[test]
fn headers_that_a_record_has_members_of_its_own_for_are_hidden_there_too() {
    const HEADERS: [&str; 4] = ["user-agent", "x-request-id", "x-forwarded-for", "traceparent"];
    let record = |builder: Builder| {
        let sink = MemorySink::new();
        let auditor = builder.mode(Mode::Full).sink(sink.clone()).build().unwrap_or_else(|error| panic!("{error}"));
        let trace = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let values: [&[u8]; 4] = [b"hunterxhunter", b"hunterxhunter", b"hunterxhunter", trace];
        let headers: Vec<(&str, &[u8])> = HEADERS.into_iter().zip(values).collect();
        drop(auditor.begin(&RequestHead::new("test", "POST", "/api/x", &Lines(&headers))));
        auditor.shutdown(support::PATIENCE);
        sink.only()
    };
    let members = ["user_agent", "request_id", "forwarded_for", "trace_id", "span_id"];
    let shown = record(builder());
    assert!(members.iter().all(|member| shown[member].is_string()), "{shown:#}");
    for hidden in
        [record(builder().sensitive_headers(HEADERS)), record(builder().redact(Rules::new().name_pattern(".")))]
    {
        assert!(
            !hidden.to_string().contains("hunterxhunter") && !hidden.to_string().contains("0af7651916cd"),
            "{hidden:#}"
        );
        assert_eq!((&hidden["user_agent"], &hidden["forwarded_for"]), (&"[FILTERED]".into(), &"[FILTERED]".into()));
    }
    let removed = record(builder().redact(Rules::new().headers(HEADERS).hide(Hide::Removed)));
    assert!(members.iter().all(|member| removed.get(member).is_none()), "{removed:#}");
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

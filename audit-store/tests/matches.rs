//! A filter says the same of a record by itself as the store does.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

mod support;

use std::time::{Duration, SystemTime};

use audit_core::Outcome;
use audit_store::Filter;
use proptest::prelude::*;
use proptest::sample::select;
use support::{event_id, jsons, line, put, store};

/// Few values, so that they meet; also such as are written in several ways, or not as they should be.
const TEXTS: [&str; 9] = ["a", "A", "ab", "a/b", "", "ü", "/a", "/a\u{10ffff}", "null"];
const IPS: [&str; 5] = ["127.0.0.1", "::ffff:127.0.0.1", "2001:db8::7", "2001:DB8:0::7", "unix:"];
const WORDS: [&str; 6] = ["success", "denied", "rejected", "failed", "unknown", "else"];
/// Seconds from the epoch to 2026-11-22T10:00:00Z.
const TEN: u64 = 1_795_341_600;

fn text(key: &'static str) -> impl Strategy<Value = Option<String>> {
    proptest::option::of(select(&TEXTS[..]).prop_map(move |text| format!("{}:{}", quoted(key), quoted(text))))
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn one_of(key: &'static str, values: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    proptest::option::of(select(values).prop_map(move |value| format!("{}:{value}", quoted(key))))
}

fn record(number: u64) -> impl Strategy<Value = String> {
    let texts = (
        text("user"),
        text("action"),
        text("method"),
        text("path"),
        text("route"),
        text("target_type"),
        text("target_id"),
    );
    let others = (
        one_of("status_code", &["200", "404", "999", "99999", "2e2", "\"404\"", "null", "-1"]),
        proptest::option::of(select(&IPS[..]).prop_map(|ip| format!(r#""ip_address":"{ip}""#))),
        proptest::option::of(select(&WORDS[..]).prop_map(|word| format!(r#""outcome":"{word}""#))),
        one_of("phase", &["\"intent\"", "\"final\"", "\"end\""]),
        one_of(
            "timestamp",
            &[
                "\"2026-11-22T10:00:00.000000Z\"",
                "\"2026-11-22T10:00:00.000001Z\"",
                "\"2026-11-22T11:00:00.000002+01:00\"",
                "\"1969-12-31T23:59:59.999999Z\"",
                "\"soon\"",
                "7",
            ],
        ),
    );
    (texts, others).prop_map(move |((a, b, c, d, e, f, g), (h, i, j, k, l))| {
        let id = Some(format!(r#""event_id":"{}""#, event_id(number)));
        let members: Vec<String> = [l, id, k, a, b, c, d, e, f, g, h, i, j].into_iter().flatten().collect();
        format!("{{{}}}", members.join(","))
    })
}

fn filter() -> impl Strategy<Value = Filter> {
    let named = prop_oneof![
        (select(&["user", "action", "method", "path", "route", "target"][..]), select(&TEXTS[..]))
            .prop_map(|(name, value)| (name, value.to_owned())),
        select(&["200-", "-404", "404", "4xx", "200-999"][..]).prop_map(|value| ("status", value.to_owned())),
        select(&IPS[..4]).prop_map(|value| ("ip", value.to_owned())),
        select(Outcome::WORDS).prop_map(|value| ("outcome", value.to_owned())),
        (0..4_u64).prop_map(|number| ("event_id", event_id(number))),
    ];
    let time = || proptest::option::weighted(0.1, 0..4_u64);
    (proptest::collection::vec(named, 0..3), time(), time()).prop_map(|(named, since, until)| {
        let at = |micros| SystemTime::UNIX_EPOCH + Duration::from_secs(TEN) + Duration::from_micros(micros);
        let mut filter = Filter::new();
        for (name, value) in named {
            filter = filter.set(name, &value).unwrap();
        }
        if let Some(since) = since {
            filter = filter.since(at(since));
        }
        if let Some(until) = until {
            filter = filter.until(at(until));
        }
        filter
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_filter_and_the_store_agree(
        records in (record(0), record(1), record(2), record(3), record(4), record(5)),
        filters in proptest::collection::vec(filter(), 20),
    ) {
        let (store, _directory) = store();
        let records = <[String; 6]>::from(records);
        put(&store, &records);
        for filter in filters {
            if filter.validate().is_err() {
                continue;
            }
            let mut found = jsons(&store.query(&filter, None, 10).unwrap()).iter().map(|json| (*json).to_owned()).collect::<Vec<_>>();
            let mut passing: Vec<String> = records.iter().filter(|json| filter.matches(&line(json))).cloned().collect();
            found.sort();
            passing.sort();
            prop_assert_eq!(found, passing, "{:?}", filter);
        }
    }
}

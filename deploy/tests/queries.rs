//! The queries that people read, asked of real records: what each finds, and that it finds nothing else.

mod support;

use std::collections::BTreeSet;

use audit_deploy::logql::{Answer, Line, flat, parse};
use audit_deploy::queries::{Named, read};
use audit_deploy::record::Record;
use serde_json::Value;
use support::{COLLECTORS, end, entries, found, named, records, text};

/// Which records a query finds; every other one it must not find.
enum Finds {
    These(&'static str),
    /// Where it depends on how fast this machine is; of the names, at least these.
    Those(fn(&Record) -> bool, &'static str),
}
use Finds::{These, Those};

const TABLE: [(&str, Finds); 31] = [
    ("of-a-user", These("login-admin create-rivers merge delete-rivers")),
    ("slow", Those(|record| record.json["response_time_ms"].as_f64() > Some(1_000.0), "read-slow")),
    (
        "error-statuses",
        These(
            "guess-1 guess-2 guess-3 typo create-broken-json read-secret read-nowhere read-broken delete-refused \
             left-uploading no-such-path status-400 status-409 status-410 status-413 status-415 status-418 status-429 \
             status-502 status-503",
        ),
    ),
    (
        "posts-to-the-api",
        These(
            "login-admin guess-1 guess-2 guess-3 typo create-rivers create-broken-json merge upload-mention upload-long \
             upload-image left-uploading",
        ),
    ),
    ("per-minute", These("all")),
    (
        "not-successful",
        These(
            "guess-1 guess-2 guess-3 typo create-broken-json read-secret read-nowhere read-broken read-panic \
             delete-refused left-uploading left-downloading no-such-path status-400 status-409 status-410 status-413 \
             status-415 status-418 status-429 status-502 status-503 audit.gap",
        ),
    ),
    ("failures-by-action", These("read-broken read-panic status-502 status-503")),
    ("panics", These("read-panic")),
    ("clients-that-left", These("left-uploading left-downloading")),
    ("latency-by-route", These("all but no-such-path job.cleanup audit.gap")),
    (
        "target",
        These(
            "create-rivers update-rivers read-rivers read-rivers-elsewhere read-rivers-anonymous read-rivers-tiles merge \
             delete-refused delete-rivers",
        ),
    ),
    ("target-among-several", These("merge read-lakes read-lakes-too upload-mention")),
    ("changes-of-a-target", These("create-rivers update-rivers merge delete-rivers")),
    ("changed-field", These("update-rivers")),
    ("deletions", These("delete-rivers")),
    ("anonymous", These("read-rivers-anonymous status-202 status-206 status-304")),
    ("history-of-a-user", These("update-rivers read-rivers read-rivers-elsewhere")),
    ("request", These("read-rivers")),
    ("trace", These("read-rivers")),
    ("failed-logins", These("guess-1 guess-2 guess-3")),
    ("failed-logins-for-a-name", These("guess-1 guess-2 guess-3 typo")),
    ("denied-by-user", These("guess-1 guess-2 guess-3 typo read-secret delete-refused")),
    (
        "users-from-several-addresses",
        These("login-admin create-rivers merge delete-rivers update-rivers read-rivers read-rivers-elsewhere"),
    ),
    ("of-a-network", These("guess-1 guess-2 guess-3 read-secret delete-refused read-rivers-elsewhere")),
    ("lost", These("audit.gap")),
    ("lost-count", These("audit.gap")),
    ("truncated", These("upload-long left-uploading")),
    ("withheld", These("create-broken-json upload-image")),
    ("by-service", These("all")),
    ("silent", These("")),
    ("not-a-record", These("stray")),
];

fn queries() -> Vec<Named> {
    read(&text("queries.md")).expect("the file of queries")
}

#[test]
fn every_query_finds_what_it_says_and_nothing_else_whichever_collector_brought_it() {
    let queries = queries();
    let names: Vec<_> = queries.iter().map(|query| query.name.as_str()).collect();
    let expected: BTreeSet<_> = TABLE.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.iter().copied().collect::<BTreeSet<_>>(), expected, "each query of the file is in the table");
    for collector in COLLECTORS {
        let entries = entries(collector);
        for query in &queries {
            let (_, finds) = TABLE.iter().find(|(name, _)| *name == query.name).expect("it is in the table");
            let answer = parse(&query.query).expect("a query").ask(&entries, end()).expect("an answer");
            let expected = match finds {
                These(list) => named(list),
                Those(holds, sure) => {
                    let those: BTreeSet<_> =
                        records().iter().filter(|record| holds(record)).map(Record::name).collect();
                    assert!(named(sure).is_subset(&those) && !those.contains("job.cleanup"), "{}", query.name);
                    those
                }
            };
            assert_eq!(found(&answer), expected, "{} by {collector}", query.name);
        }
    }
}

/// The numbers of those that give numbers: the values of the labels, and the number.
#[test]
fn the_numbers_are_right() {
    let count = records().len();
    let of_service = |service: &str| records().iter().filter(|record| record.json["service"] == service).count();
    #[expect(clippy::cast_precision_loss, reason = "some fifty")]
    let rate = |service| format!("{:.4}", of_service(service) as f64 / 300.0);
    let lost = &records().iter().find(|record| record.name() == "audit.gap").expect("a gap").json["data"]["count"];
    assert!(lost.as_u64() >= Some(3));
    let table: [(&str, Vec<String>); 7] = [
        ("per-minute", vec![format!(" {count}")]),
        ("failures-by-action", vec!["layer.read 2".into(), "status.read 2".into()]),
        ("failed-logins", vec!["127.0.0.66 3".into()]),
        ("failed-logins-for-a-name", vec!["admin 3".into(), "alice 1".into()]),
        ("users-from-several-addresses", vec!["admin 2".into(), "alice 3".into()]),
        ("lost-count", vec![format!("geo-layers {lost}")]),
        (
            "by-service",
            vec![format!("production geo-layers {}", rate("geo-layers")), format!("staging tiles {}", rate("tiles"))],
        ),
    ];
    let entries = entries("alloy/docker.alloy");
    for (name, expected) in table {
        let query = queries().into_iter().find(|query| query.name == name).expect("the query");
        let Ok(Answer::Series(series)) = parse(&query.query).expect("a query").ask(&entries, end()) else {
            panic!("{name} gives numbers");
        };
        let mut found: Vec<_> = series
            .iter()
            .map(|series| {
                let labels = series.labels.values().cloned().collect::<Vec<_>>().join(" ");
                if name == "by-service" {
                    format!("{labels} {:.4}", series.value)
                } else {
                    format!("{labels} {}", series.value)
                }
            })
            .collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{name}");
    }
}

/// Nothing, or 1 under the labels that were asked for.
#[test]
fn a_service_that_says_nothing_is_found() {
    let query = queries().into_iter().find(|query| query.name == "silent").expect("the query").query;
    for collector in COLLECTORS {
        for (service, expected) in [("geo-layers", vec![]), ("gone", vec![1.0])] {
            let query = parse(&query.replace("geo-layers", service)).expect("a query");
            let Ok(Answer::Series(series)) = query.ask(&entries(collector), end()) else { panic!("it gives numbers") };
            assert_eq!(
                series.iter().map(|series| series.value).collect::<Vec<_>>(),
                expected,
                "{service}, {collector}"
            );
        }
    }
}

#[test]
fn what_is_shown_in_place_of_a_record_says_it() {
    let entries = entries("fluent-bit/file.yaml");
    for (name, end_of_line) in [
        ("panics", " queries::support::service::read: as the scenario asks"),
        ("changed-field", " alice rivers: rivers -> streams"),
        ("history-of-a-user", " 127.0.0.1 layer.update layer/rivers success"),
        ("withheld", " layer.upload image/png 2000: content type not understood"),
    ] {
        let query = queries().into_iter().find(|query| query.name == name).expect("the query");
        let Ok(Answer::Lines(lines)) = parse(&query.query).expect("a query").ask(&entries, end()) else {
            panic!("{name} gives lines");
        };
        let is_right = |line: &Line| line.text.starts_with("20") && line.text.ends_with(end_of_line);
        assert!(lines.iter().any(is_right), "{name}: {lines:?}");
    }
}

#[test]
fn every_key_that_a_query_names_is_in_a_record() {
    let keys: BTreeSet<String> =
        records().iter().flat_map(|record| flat("", &record.json)).map(|(name, _)| name).collect();
    for query in queries() {
        for name in parse(&query.query).expect("a query").names().into_iter().filter(|name| name != "__error__") {
            assert!(keys.contains(&name), "{}: no record has {name}", query.name);
        }
    }
    assert!(!keys.contains("message") && !keys.contains("targets"), "arrays are left out: {keys:?}");
    // As the README of the record says, nothing nested has the name of a key at the top.
    for record in records() {
        let mut names: Vec<_> = flat("", &record.json).into_iter().map(|(name, _)| name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{}", record.line);
        assert!(matches!(&record.json, Value::Object(_)));
    }
}

/// A query that looks for something else finds something else, or is no query.
#[test]
fn a_broken_query_is_seen() {
    let entries = entries("alloy/docker.alloy");
    for (name, from, to) in [
        ("slow", "> 1000", "> 1000000"),
        ("error-statuses", ">= 400", "> 400"),
        ("error-statuses", "status_code", "status"),
        ("posts-to-the-api", "/api/.*", "/api/"),
        ("target", "target_id", "target"),
        ("of-a-user", "gvsigol-audit", "gvsigol"),
        ("failed-logins", ">= 3", "> 3"),
        ("clients-that-left", "client_disconnected|", ""),
        ("deletions", "[.]delete", "[.]deleted\" and method=\"POST"),
        ("truncated", "\"true\"", "\"1\""),
        ("target-among-several", "\\{\"type\"", "\\{\"kind\""),
        ("slow", " | __error__=\"\"", ""),
        ("error-statuses", " | __error__=\"\"", ""),
        ("by-service", " | __error__=\"\"", ""),
        ("not-a-record", "!=\"\"", "=\"\""),
        ("of-a-network", "/28", "/32"),
        ("failures-by-action", " | action!=\"audit.gap\"", ""),
        ("users-from-several-addresses", "> 1", "> 3"),
    ] {
        let query = queries().into_iter().find(|query| query.name == name).expect("the query").query;
        assert!(query.contains(from), "{query}");
        let broken = query.replace(from, to);
        let ask = |query: &str| parse(query).ok().and_then(|query| query.ask(&entries, end()).ok());
        let (right, broken) = (ask(&query).expect("an answer"), ask(&broken));
        assert_ne!(broken.map(|answer| found(&answer)), Some(found(&right)), "{name}: {from} -> {to}");
    }
}

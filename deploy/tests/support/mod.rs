//! Records that are really emitted: one audited service, asked over loopback TCP by clients that also leave.
#![allow(dead_code, reason = "each test file is a crate of its own and uses its own part")]

mod gap;
mod scenario;
mod service;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use audit_deploy::collector::Collector;
use audit_deploy::logql::{Answer, Entry};
use audit_deploy::record::Record;
use audit_deploy::{alloy, fluent_bit, promtail, yaml};
use jiff::Timestamp;

/// Every record of the scenario, in the order in which they were written.
///
/// Another source of records, such as an example, is added to what is gathered here.
pub(crate) fn records() -> &'static [Record] {
    static RECORDS: OnceLock<Vec<Record>> = OnceLock::new();
    RECORDS.get_or_init(|| {
        let mut lines = scenario::lines();
        lines.extend(gap::lines());
        lines.into_iter().map(|line| Record::read(&line).expect("a record")).collect()
    })
}

/// A file of `deploy/`.
pub(crate) fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The text of a file of `deploy/`.
pub(crate) fn text(name: &str) -> String {
    std::fs::read_to_string(file(name)).unwrap_or_else(|error| panic!("cannot read {name}: {error}"))
}

/// The files of the collectors.
pub(crate) const COLLECTORS: [&str; 6] = [
    "alloy/docker.alloy",
    "alloy/file.alloy",
    "fluent-bit/docker.yaml",
    "fluent-bit/file.yaml",
    "promtail/docker.yaml",
    "promtail/file.yaml",
];

/// What some other part of the program prints to stdout.
const STRAY: &str = "listening on 127.0.0.1:8080";

/// The records as a collector has brought them to Loki, in the same order, and a line that is none.
pub(crate) fn entries(collector: &str) -> Vec<Entry> {
    let text = text(collector);
    if collector.starts_with("alloy/") {
        let blocks = alloy::parse(&text).expect("a file of Alloy");
        let collector = alloy::follow(&blocks).expect("it reaches Loki");
        return with_stray(records().iter().map(|record| collector.entry(record)), &collector);
    }
    let file = yaml::read(&text).expect("YAML");
    if collector.starts_with("promtail/") {
        let collector = promtail::follow(&file).expect("it reaches Loki");
        return with_stray(records().iter().map(|record| collector.entry(record)), &collector);
    }
    // One for each service: its labels are constants.
    let collected = records().iter().map(|record| {
        let of = |key: &str| record.text(key).unwrap_or_default();
        fluent_bit::follow(&file, &environment(&of("service"), &of("environment")))
            .expect("it reaches Loki")
            .entry(record)
    });
    with_stray(
        collected,
        &fluent_bit::follow(&file, &environment("geo-layers", "production")).expect("it reaches Loki"),
    )
}

fn with_stray(entries: impl Iterator<Item = Entry>, collector: &Collector) -> Vec<Entry> {
    entries.chain([collector.stray(STRAY, end())]).collect()
}

/// What Fluent Bit's process is given.
pub(crate) fn environment(service: &str, environment: &str) -> BTreeMap<String, String> {
    let set = [("SERVICE", service), ("ENVIRONMENT", environment), ("LOKI_HOST", "loki"), ("LOKI_PORT", "3100")];
    set.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The instant at which the scenario is over.
pub(crate) fn end() -> Timestamp {
    records().iter().map(|record| record.at).max().expect("there are records")
}

/// The names of records: those of a list, or all but those; or the line that is none.
pub(crate) fn named(list: &'static str) -> BTreeSet<&'static str> {
    let all: BTreeSet<_> = records().iter().map(Record::name).collect();
    let (list, is_complement) = list.strip_prefix("all but").map_or((list, false), |list| (list, true));
    let words: BTreeSet<_> = list.split_whitespace().filter(|word| *word != "all").collect();
    if list == "stray" {
        return words;
    }
    for word in &words {
        assert!(all.contains(word), "no record is called {word}");
    }
    if list == "all" {
        return all;
    }
    all.into_iter().filter(|name| words.contains(name) != is_complement).collect()
}

/// The names of the records that an answer is made of.
pub(crate) fn found(answer: &Answer) -> BTreeSet<&'static str> {
    answer.entries().into_iter().map(|place| records().get(place).map_or("stray", Record::name)).collect()
}

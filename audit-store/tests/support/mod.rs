//! Stores in temporary directories, and records to put into them.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

use std::collections::HashSet;
use std::fmt::Write as _;

use audit_core::{Line, Sink as _};
use audit_store::{Filter, Page, Record, SCAN_BOUND, Store};
use tempfile::TempDir;

/// A store of its own, and the directory that goes with it.
pub(crate) fn store() -> (Store, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path().join("audit.db")).unwrap();
    (store, directory)
}

/// A UUIDv7 in form, made of a number.
pub(crate) fn event_id(number: u64) -> String {
    format!("0193b3a1-7c5e-7000-8000-{number:012x}")
}

/// An RFC 3339 time so many microseconds after 2026-11-22T10:00:00Z; less than an hour.
pub(crate) fn timestamp(micros: u64) -> String {
    let seconds = micros / 1_000_000;
    format!("2026-11-22T10:{:02}:{:02}.{:06}Z", seconds / 60, seconds % 60, micros % 1_000_000)
}

/// A record with these members after its timestamp and event id.
pub(crate) fn record(number: u64, micros: u64, members: &str) -> String {
    let mut json = format!(r#"{{"timestamp":"{}","event_id":"{}""#, timestamp(micros), event_id(number));
    if !members.is_empty() {
        write!(json, ",{members}").unwrap();
    }
    json.push('}');
    json
}

pub(crate) fn line(json: &str) -> Line {
    Line::parse(json.as_bytes()).unwrap()
}

pub(crate) fn put(store: &Store, records: &[String]) {
    let mut sink = store.sink();
    for batch in records.chunks(500) {
        let lines: Vec<Line> = batch.iter().map(|json| line(json)).collect();
        sink.write(&lines).unwrap();
    }
}

pub(crate) fn jsons(page: &Page) -> Vec<&str> {
    page.records.iter().map(Record::json).collect()
}

/// Every page of a walk, from the first to the one without `next`.
pub(crate) fn walk(store: &Store, filter: &Filter, limit: usize) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    let mut cursors = HashSet::new();
    loop {
        // As a client would: the cursor goes through its text.
        let cursor = pages.last().and_then(|page| page.next.as_ref()).map(|next| next.to_string().parse().unwrap());
        let page = store.query(filter, cursor.as_ref(), limit).unwrap();
        assert!(page.records.len() <= limit);
        let more = page.next.as_ref().map(ToString::to_string);
        pages.push(page);
        match more {
            Some(cursor) => assert!(cursors.insert(cursor), "the walk stands still"),
            None => return pages,
        }
        assert!(pages.len() < 200 + 1_000_000 / SCAN_BOUND.min(limit), "the walk does not end");
    }
}

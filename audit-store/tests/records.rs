//! What is put in comes out: exact bytes, once, in order, with nothing made up.

mod support;

use std::time::{Duration, SystemTime};

use audit_core::Sink as _;
use audit_store::{Filter, Record};
use support::{event_id, jsons, line, put, record, store, timestamp};

#[test]
fn every_byte_comes_back() {
    let (store, _directory) = store();
    let odd = [
        record(1, 9, r#""user":"a\u202e\n\"\\\/é€😀\u0000","data":{"z":1.10,"a":1e2,"n":12345678901234567890123}"#),
        record(2, 8, r#" "path" : "/api\/x" , "data":{"user":"other"} "#),
        record(3, 7, &format!(r#""request_body":"{}""#, "ü".repeat(20_000))),
    ];
    put(&store, &odd);
    let page = store.query(&Filter::new(), None, 10).unwrap();
    assert_eq!(jsons(&page), odd);
    // What was escaped in the line is found by what it means.
    assert_eq!(jsons(&store.query(&Filter::new().path_prefix("/api/x"), None, 10).unwrap()), [&odd[1]]);
    assert_eq!(jsons(&store.query(&Filter::new().user("a\u{202e}\n\"\\/é€😀\0"), None, 10).unwrap()), [&odd[0]]);

    let expected = format!(r#"{{"records":[{}],"next":null}}"#, odd.join(","));
    assert_eq!(serde_json::to_string(&page).unwrap(), expected);
}

#[test]
fn a_page_says_in_json_where_to_go_on() {
    let (store, _directory) = store();
    put(&store, &[record(1, 1, ""), record(2, 2, "")]);
    let page = store.query(&Filter::new(), None, 1).unwrap();
    let next = page.next.as_ref().unwrap();
    assert_eq!(
        serde_json::to_string(&page).unwrap(),
        format!(r#"{{"records":[{}],"next":"{next}"}}"#, record(2, 2, ""))
    );
}

#[test]
fn repeats_are_dropped_by_event_and_phase() {
    let (store, _directory) = store();
    let intent = record(1, 1, r#""phase":"intent""#);
    let last = record(1, 2, r#""phase":"final","status_code":200"#);
    let without = record(1, 3, "");
    put(&store, &[intent.clone(), last.clone(), without.clone()]);
    // Again: within a batch, in another batch, and with other bytes. The first stays.
    put(&store, &[intent.clone(), intent.clone(), record(1, 9, ""), last.clone(), record(2, 4, "")]);
    let expected = [record(2, 4, ""), without, last, intent];
    assert_eq!(jsons(&store.query(&Filter::new(), None, 10).unwrap()), expected);
    assert_eq!(jsons(&store.query(&Filter::new().event_id(event_id(1)), None, 10).unwrap()), expected[1..]);
}

#[test]
fn what_a_record_does_not_say_is_not_made_up() {
    let (store, _directory) = store();
    let no_time = format!(r#"{{"event_id":"{}","user":"ana"}}"#, event_id(1));
    let bad_time = format!(r#"{{"timestamp":"soon","event_id":"{}","user":"ana","status_code":"many"}}"#, event_id(2));
    let no_id = format!(r#"{{"timestamp":"{}","user":"ana"}}"#, timestamp(5));
    let old = r#"{"timestamp":"1969-12-31T23:59:59.999999Z","status_code":200}"#.to_owned();
    put(&store, &[no_time.clone(), bad_time.clone(), no_id.clone(), no_id.clone(), old.clone()]);

    let page = store.query(&Filter::new(), None, 10).unwrap();
    let expected = [&no_id, &no_id, &old, &bad_time, &no_time];
    assert_eq!(jsons(&page), expected, "without a time last; without an id never a repeat");
    let times: Vec<_> = page.records.iter().map(Record::time).collect();
    assert_eq!(times[2], Some(SystemTime::UNIX_EPOCH - Duration::from_micros(1)));
    assert_eq!(times[3..], [None, None]);
    let ids: Vec<i64> = page.records.iter().map(Record::id).collect();
    assert!(ids[0] > ids[1] && ids[3] > ids[4] && ids[4] > 0, "{ids:?}");

    for limit in 1..=5 {
        let pages = support::walk(&store, &Filter::new(), limit);
        assert_eq!(pages.iter().flat_map(jsons).collect::<Vec<_>>(), expected, "{limit} a page");
        let pages = support::walk(&store, &Filter::new().user("ana"), limit);
        assert_eq!(pages.iter().flat_map(jsons).collect::<Vec<_>>(), [&no_id, &no_id, &bad_time, &no_time]);
    }
    assert_eq!(jsons(&store.query(&Filter::new().status(..), None, 10).unwrap()).len(), 5);
    assert_eq!(jsons(&store.query(&Filter::new().status(0..), None, 10).unwrap()), [&old]);
    let since = Filter::new().since(SystemTime::UNIX_EPOCH - Duration::from_secs(1));
    assert_eq!(jsons(&store.query(&since, None, 10).unwrap()), [&no_id, &no_id, &old], "no time is in no range");
}

#[test]
fn records_outlive_the_store() {
    let (store, directory) = store();
    put(&store, &[record(1, 1, "")]);
    drop(store);
    let store = audit_store::Store::open(directory.path().join("audit.db")).unwrap();
    put(&store, &[record(2, 2, "")]);
    assert_eq!(jsons(&store.query(&Filter::new(), None, 10).unwrap()), [record(2, 2, ""), record(1, 1, "")]);
}

#[test]
fn an_empty_batch_is_nothing() {
    let (store, _directory) = store();
    let mut sink = store.sink();
    sink.write(&[]).unwrap();
    sink.write(&[line("{}")]).unwrap();
    sink.flush().unwrap();
    assert_eq!(sink.name(), "store");
    assert_eq!(jsons(&store.query(&Filter::new(), None, 10).unwrap()), ["{}"]);
}

//! What is put in comes out: exact bytes, once, in order, with nothing made up.

mod support;

use std::time::{Duration, SystemTime};

use audit_core::{Outcome, Sink as _};
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
    let without = record(3, 3, "");
    put(&store, &[intent.clone(), last.clone(), without.clone()]);
    // Again: within a batch, in another batch, and with other bytes. The first stays.
    put(&store, &[intent.clone(), intent.clone(), record(3, 9, ""), last.clone(), record(2, 4, "")]);
    put(&store, &[record(1, 9, r#""phase":"intent","user":"eve""#), record(1, 9, r#""phase":"final","user":"eve""#)]);
    let page = store.query(&Filter::new(), None, 10).unwrap();
    assert_eq!(jsons(&page), [record(2, 4, ""), without, last]);
    assert_eq!(page.records[2].earlier(), [intent]);
    assert!(store.query(&Filter::new().user("eve"), None, 10).unwrap().records.is_empty());
}

#[test]
fn the_phases_of_an_event_are_found_as_one() {
    let (store, _directory) = store();
    let intent = |n| record(n, 10 * n, r#""phase":"intent","user":"ana","action":"layer.create","path":"/layers""#);
    let last = |n| record(n, 10 * n + 5, r#""phase":"final","user":"ana","outcome":"success","status_code":201"#);
    let end = |n| record(n, 10 * n + 7, r#""phase":"end","outcome":"failed","completion":"aborted""#);
    put(&store, &[intent(1), intent(2), record(9, 24, ""), last(2), intent(3), last(3), end(3)]);
    let page = store.query(&Filter::new(), None, 10).unwrap();
    // In the place of the intent, which does not change.
    assert_eq!(jsons(&page), [end(3), record(9, 24, ""), last(2), intent(1)]);
    let outcomes: Vec<_> = page.records.iter().map(Record::outcome).collect();
    assert_eq!(outcomes, [Some(Outcome::Failed), None, Some(Outcome::Success), Some(Outcome::Unknown)]);
    assert_eq!(page.records[0].earlier(), [intent(3), last(3)]);
    assert_eq!(page.records[2].earlier(), [intent(2)]);
    assert!(page.records[1].earlier().is_empty() && page.records[3].earlier().is_empty());

    // What is asked for is what the latest phase says, and what it leaves out as an earlier one said.
    for (filter, expected) in [
        (Filter::new().outcome(Outcome::Unknown), vec![intent(1)]),
        (Filter::new().outcome(Outcome::Success), vec![last(2)]),
        (Filter::new().outcome(Outcome::Failed), vec![end(3)]),
        (Filter::new().status(201..=201), vec![end(3), last(2)]),
        (Filter::new().user("ana").path_prefix("/layers"), vec![end(3), last(2), intent(1)]),
        (Filter::new().event_id(event_id(3)), vec![end(3)]),
    ] {
        assert_eq!(jsons(&store.query(&filter, None, 10).unwrap()), expected, "{filter:?}");
        let walked = support::walk(&store, &filter, 1);
        assert_eq!(walked.iter().flat_map(jsons).collect::<Vec<_>>(), expected, "{filter:?}, page by page");
    }
}

#[test]
fn phases_that_come_in_another_order_are_the_same_event() {
    let phases =
        ["intent", "final", "end"].map(|phase| record(1, 1, &format!(r#""phase":"{phase}","user":"{phase}""#)));
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (store, _directory) = store();
        // Each in a batch of its own, and all of it twice.
        order.iter().chain(&order).for_each(|&phase| put(&store, &[phases[phase].clone()]));
        let page = store.query(&Filter::new(), None, 10).unwrap();
        assert_eq!(jsons(&page), [&phases[2]], "{order:?}");
        assert_eq!(page.records[0].earlier(), &phases[..2], "{order:?}");
        assert_eq!(store.query(&Filter::new().user("end"), None, 10).unwrap().records.len(), 1);
    }
}

#[test]
fn a_walk_meets_an_event_once_though_it_goes_on_meanwhile() {
    let (store, _directory) = store();
    let phase = |n, micros, phase: &str| record(n, micros, &format!(r#""phase":"{phase}""#));
    put(&store, &[phase(1, 10, "intent"), phase(2, 20, "intent"), phase(3, 30, "intent")]);
    let first = store.query(&Filter::new(), None, 2).unwrap();
    assert_eq!(jsons(&first), [phase(3, 30, "intent"), phase(2, 20, "intent")]);
    // By their own time, these would be ahead of the walk: met again, or missed.
    put(&store, &[phase(2, 40, "final"), phase(1, 50, "final")]);
    let second = store.query(&Filter::new(), first.next.as_ref(), 10).unwrap();
    assert_eq!(jsons(&second), [phase(1, 50, "final")]);
    assert_eq!(second.next, None);
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

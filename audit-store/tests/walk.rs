//! Walking by cursor: everything once, within bounds, whatever is written meanwhile.

mod support;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use audit_core::Sink as _;
use audit_store::{Cursor, CursorError, Filter, MAX_LIMIT, QueryError, SCAN_BOUND};
use support::{jsons, line, put, record, store, walk};

#[test]
fn a_walk_returns_each_record_once_while_others_are_written() {
    const BEFORE: u64 = 100_000;
    let (store, _directory) = store();
    // A hundred records share each time, and within a thousand arrival does not follow time.
    let micros = |n: u64| 1_000_000 + (n / 1_000 * 1_000 + n * 7 % 1_000) / 100 * 100;
    let records: Vec<String> = (0..BEFORE).map(|n| record(n, micros(n), r#""user":"ana""#)).collect();
    put(&store, &records);

    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut sink = store.sink();
            let mut number = BEFORE;
            while !stop.load(Ordering::Relaxed) {
                // Newer than all, in the middle, and older than all.
                let batch: Vec<_> = [2_000_000, 1_050_000, 500_000]
                    .into_iter()
                    .zip(number..)
                    .map(|(micros, number)| line(&record(number, micros, r#""user":"ana""#)))
                    .collect();
                sink.write(&batch).unwrap();
                number += 3;
            }
            number
        });
        // Whatever happens in here, the writer has to be told, or the test would hang instead of failing.
        let walked = thread::scope(|inner| {
            inner
                .spawn(|| [Filter::new(), Filter::new().user("ana")].map(|filter| walk(&store, &filter, MAX_LIMIT)))
                .join()
        });
        stop.store(true, Ordering::Relaxed);
        let written = writer.join().unwrap();
        assert!(written > BEFORE, "nothing was written meanwhile");

        for pages in walked.unwrap() {
            let all: Vec<&str> = pages.iter().flat_map(jsons).collect();
            let once: HashSet<&str> = all.iter().copied().collect();
            assert_eq!(once.len(), all.len(), "a record came twice");
            let missed = records.iter().filter(|record| !once.contains(record.as_str())).count();
            assert_eq!(missed, 0, "records that were there from the start were missed");
            let order: Vec<_> =
                pages.iter().flat_map(|page| &page.records).map(|record| (record.time(), record.id())).collect();
            assert!(order.is_sorted_by(|a, b| a > b), "not newest first");
        }
    });
}

#[test]
fn what_is_written_behind_the_walk_is_met_and_what_is_ahead_is_not() {
    let (store, _directory) = store();
    put(&store, &[record(1, 10, ""), record(2, 20, ""), record(3, 30, "")]);
    let first = store.query(&Filter::new(), None, 2).unwrap();
    assert_eq!(jsons(&first), [record(3, 30, ""), record(2, 20, "")]);
    // Ahead of the walk, at its very time, and behind.
    put(&store, &[record(4, 25, ""), record(5, 20, ""), record(6, 15, ""), record(7, 5, "")]);
    let second = store.query(&Filter::new(), first.next.as_ref(), 10).unwrap();
    assert_eq!(jsons(&second), [record(6, 15, ""), record(1, 10, ""), record(7, 5, "")]);
    assert_eq!(second.next, None);
}

#[test]
fn a_rare_record_is_found_within_the_bound_of_each_page() {
    const RECORDS: u64 = 50_000;
    let rare = [3, 25_000, 25_001, RECORDS - 1];
    let (store, _directory) = store();
    let records: Vec<String> = (0..RECORDS)
        .map(|n| record(n, n, &format!(r#""user":"ana","status_code":{}"#, if rare.contains(&n) { 418 } else { 200 })))
        .collect();
    put(&store, &records);
    let expected: Vec<&str> = rare.iter().rev().map(|&n| records[usize::try_from(n).unwrap()].as_str()).collect();

    // With the time index leading, and with another: a user with many records bounds nothing.
    for filter in [Filter::new().status(418..=418), Filter::new().user("ana").status(418..=418)] {
        let pages = walk(&store, &filter, 100);
        let lengths: Vec<usize> = pages.iter().map(|page| page.records.len()).collect();
        assert_eq!(lengths, [1, 2, 1], "20,000 and 20,000 and 10,000 looked at");
        assert_eq!(pages.iter().flat_map(jsons).collect::<Vec<_>>(), expected);
    }
    let pages = walk(&store, &Filter::new().status(500..), 100);
    assert_eq!(pages.iter().map(|page| page.records.len()).collect::<Vec<_>>(), [0, 0, 0]);
}

#[test]
fn a_page_that_ends_exactly_at_the_bound_knows_whether_more_is_there() {
    let (store, _directory) = store();
    let bound = u64::try_from(SCAN_BOUND).unwrap();
    put(&store, &(0..bound).map(|n| record(n, n, "")).collect::<Vec<_>>());
    let none = Filter::new().status(500..);
    assert_eq!(store.query(&none, None, 10).unwrap().next, None, "all of them were looked at");
    // One without a time, which stands behind all others and in another stretch of the order.
    put(&store, &[r#"{"status_code":500}"#.to_owned()]);
    let page = store.query(&none, None, 10).unwrap();
    assert_eq!(page.records.len(), 0);
    let page = store.query(&none, page.next.as_ref(), 10).unwrap();
    assert_eq!(jsons(&page), [r#"{"status_code":500}"#]);
    assert_eq!(page.next, None);
}

#[test]
fn a_full_page_at_the_end_has_no_next() {
    let (store, _directory) = store();
    put(&store, &[record(1, 1, ""), record(2, 2, "")]);
    assert!(store.query(&Filter::new(), None, 1).unwrap().next.is_some());
    assert_eq!(store.query(&Filter::new(), None, 2).unwrap().next, None);
}

#[test]
fn a_limit_out_of_bounds_is_refused() {
    let (store, _directory) = store();
    for limit in [0, MAX_LIMIT + 1, usize::MAX] {
        let error = store.query(&Filter::new(), None, limit).unwrap_err();
        assert!(matches!(error, QueryError::Limit { .. }), "{error:?}");
        assert_eq!(error.to_string(), format!("limit is {limit}; expected 1 to 1000"));
    }
    store.query(&Filter::new(), None, MAX_LIMIT).unwrap();
}

#[test]
fn a_cursor_goes_with_its_filter() {
    let (store, _directory) = store();
    put(&store, &[record(1, 1, r#""user":"ana""#), record(2, 2, r#""user":"ana""#)]);
    let ana = Filter::new().user("ana");
    let cursor: Cursor = store.query(&ana, None, 1).unwrap().next.unwrap();
    assert_eq!(store.query(&ana, Some(&cursor), 1).unwrap().records.len(), 1);
    for other in [Filter::new(), Filter::new().user("bo"), Filter::new().user("ana").status(200..)] {
        let error = store.query(&other, Some(&cursor), 1).unwrap_err();
        assert!(matches!(error, QueryError::Cursor(CursorError::OtherFilter)), "{error:?}");
    }
    assert_eq!("not-a-cursor".parse::<Cursor>().unwrap_err().to_string(), "cursor is not one that a query returned");
}

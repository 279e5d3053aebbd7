//! What goes wrong while a store is open: it is said, and what comes later works.

mod support;

use std::error::Error as _;
use std::fs;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use audit_core::Sink as _;
use audit_store::{Filter, Store, StoreError};
use rusqlite::Connection;
use support::{jsons, line, put, record, store};

#[test]
fn a_lock_beyond_the_timeout_fails_the_batch_and_not_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.db");
    let store = Store::builder().busy_timeout(Duration::from_millis(20)).open(&path).unwrap();
    let mut sink = store.sink();
    sink.write(&[line(&record(1, 1, ""))]).unwrap();

    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = sink.write(&[line(&record(2, 2, "")), line(&record(3, 3, ""))]).unwrap_err();
    assert_eq!(error.written, 0);
    let store_error = error.source().and_then(|source| source.downcast_ref::<StoreError>()).unwrap();
    assert!(matches!(store_error, StoreError::Write { records: 2, .. }), "{store_error:?}");
    assert_eq!(store_error.to_string(), format!("cannot store 2 records in {}", path.display()));
    // A writer elsewhere does not keep readers out.
    assert_eq!(store.query(&Filter::new(), None, 10).unwrap().records.len(), 1);

    other.execute_batch("ROLLBACK").unwrap();
    sink.write(&[line(&record(4, 4, ""))]).unwrap();
    assert_eq!(jsons(&store.query(&Filter::new(), None, 10).unwrap()), [record(4, 4, ""), record(1, 1, "")]);
}

#[test]
fn a_record_that_can_never_be_stored_is_rejected_alone() {
    let (store, directory) = store();
    let raw = Connection::open(directory.path().join("audit.db")).unwrap();
    raw.execute_batch(
        "CREATE TRIGGER odd BEFORE INSERT ON record WHEN NEW.user = 'bad' BEGIN SELECT RAISE(FAIL, 'too odd'); END",
    )
    .unwrap();
    let mut sink = store.sink();
    let bad = line(&record(2, 2, r#""user":"bad""#));
    let error = sink.write(&[line(&record(1, 1, "")), bad, line(&record(3, 3, ""))]).unwrap_err();
    assert!(error.is_rejected());
    assert_eq!(error.written, 1);
    let store_error = error.source().and_then(|source| source.downcast_ref::<StoreError>()).unwrap();
    assert!(matches!(store_error, StoreError::Write { records: 1, .. }), "{store_error:?}");
    assert_eq!(jsons(&store.query(&Filter::new(), None, 10).unwrap()), [record(1, 1, "")]);
    sink.write(&[line(&record(4, 4, ""))]).unwrap();
    assert_eq!(jsons(&store.query(&Filter::new(), None, 10).unwrap()), [record(4, 4, ""), record(1, 1, "")]);
}

#[cfg(unix)]
#[test]
fn a_file_that_was_removed_or_replaced_is_noticed() {
    let (store, directory) = store();
    let path = directory.path().join("audit.db");
    let mut sink = store.sink();
    sink.write(&[line(&record(1, 1, ""))]).unwrap();
    let moved = |error: audit_core::WriteError| {
        let source = error.source().and_then(|source| source.downcast_ref::<StoreError>());
        assert!(matches!(source, Some(StoreError::Moved { records: 1, .. })), "{error:?}");
    };
    let aside = directory.path().join("aside");
    fs::rename(&path, &aside).unwrap();
    moved(sink.write(&[line(&record(2, 2, ""))]).unwrap_err());
    fs::write(&path, b"").unwrap();
    moved(sink.write(&[line(&record(3, 3, ""))]).unwrap_err());
    fs::rename(&aside, &path).unwrap();
    sink.write(&[line(&record(4, 4, ""))]).unwrap();
    assert_eq!(store.query(&Filter::new(), None, 10).unwrap().records.len(), 2);
}

#[test]
fn a_query_does_not_wait_for_a_batch_nor_a_batch_for_a_query() {
    let (store, directory) = store();
    put(&store, &[record(1, 1, "")]);
    // A read transaction and a write transaction stand open while the others work.
    let reader = Connection::open(directory.path().join("audit.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM record;").unwrap();
    put(&store, &[record(2, 2, "")]);
    let writer = Connection::open(directory.path().join("audit.db")).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE; DELETE FROM record;").unwrap();
    let (done, finished) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| done.send(store.query(&Filter::new(), None, 10).unwrap().records.len()).unwrap());
        // Less than the busy timeout: an answer that had to wait for the lock would come too late.
        assert_eq!(finished.recv_timeout(Duration::from_secs(3)), Ok(2));
    });
}

#[test]
fn many_may_ask_at_once() {
    let (store, _directory) = store();
    put(&store, &(0..50).map(|n| record(n, n, "")).collect::<Vec<_>>());
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(store.query(&Filter::new(), None, 100).unwrap().records.len(), 50);
                }
            });
        }
    });
}

#[test]
fn shutdown_leaves_everything_in_the_file() {
    let (store, directory) = store();
    let path = directory.path().join("audit.db");
    put(&store, &[record(1, 1, "")]);
    assert!(fs::metadata(path.with_extension("db-wal")).unwrap().len() > 0);
    store.sink().shutdown().unwrap();
    assert_eq!(fs::metadata(path.with_extension("db-wal")).unwrap().len(), 0);
    // The file alone, as a backup would copy it.
    let copy = directory.path().join("copy.db");
    fs::copy(&path, &copy).unwrap();
    assert_eq!(Store::open(&copy).unwrap().query(&Filter::new(), None, 10).unwrap().records.len(), 1);
    // And it can go on.
    put(&store, &[record(2, 2, "")]);
    assert_eq!(store.query(&Filter::new(), None, 10).unwrap().records.len(), 2);
}

//! Opening: what is made, what is refused, and that what is refused is left alone.

mod support;

use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use audit_core::Sink as _;
use audit_store::{Filter, OpenError, Store};
use rusqlite::Connection;
use support::{line, put, record, store};

fn refused(path: &Path) -> OpenError {
    let before = fs::read(path).ok();
    let error = Store::open(path).expect_err("this is not to be opened");
    assert_eq!(fs::read(path).ok(), before, "a refused file was altered");
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    error
}

#[test]
fn an_empty_file_becomes_a_store() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.db");
    fs::write(&path, b"").unwrap();
    put(&Store::open(&path).unwrap(), &[record(1, 1, "")]);
    let raw = Connection::open(&path).unwrap();
    let number = |pragma: &str| raw.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(number("user_version"), 2);
    assert_eq!(number("application_id"), 0x4155_4454);
    let mode: String = raw.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn a_relative_path_is_settled_when_the_store_is_opened() {
    let directory = tempfile::tempdir().unwrap();
    let up = std::env::current_dir().unwrap().components().skip(1).map(|_| "..").collect::<PathBuf>();
    let relative = up.join(directory.path().components().skip(1).collect::<PathBuf>()).join("audit.db");
    assert!(relative.is_relative());
    let store = Store::open(&relative).unwrap();
    assert!(store.path().is_absolute(), "{}", store.path().display());
    assert!(directory.path().join("audit.db").is_file());
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;

    let (store, directory) = store();
    put(&store, &[record(1, 1, "")]);
    for name in ["audit.db", "audit.db-wal", "audit.db-shm"] {
        assert_eq!(mode(&directory.path().join(name)), 0o600, "{name}");
    }
    drop(store);
    // An existing file keeps its mode, so that a group can be let in.
    let path = directory.path().join("audit.db");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let _store = Store::open(&path).unwrap();
    assert_eq!(mode(&path), 0o640);
}

#[test]
fn a_newer_schema_is_refused() {
    let (store, directory) = store();
    let path = directory.path().join("audit.db");
    drop(store);
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 7).unwrap();
    let error = refused(&path);
    assert!(matches!(error, OpenError::Newer { found: 7, known: 2, .. }), "{error:?}");
    assert!(error.to_string().ends_with("has schema version 7; this program knows versions up to 2"), "{error}");
}

#[test]
fn somebody_elses_database_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("it's %41 #1?.db");
    let foreign = Connection::open(&path).unwrap();
    foreign.execute_batch("CREATE TABLE song (title); INSERT INTO song VALUES ('la');").unwrap();
    assert!(matches!(refused(&path), OpenError::Foreign { found: 0, .. }));
    foreign.pragma_update(None, "application_id", 42).unwrap();
    foreign.pragma_update(None, "user_version", 1).unwrap();
    assert!(matches!(refused(&path), OpenError::Foreign { found: 42, .. }));

    // With a write-ahead log that an ordinary connection would check into the file and delete as it closes.
    foreign.pragma_update(None, "journal_mode", "wal").unwrap();
    foreign.execute_batch("INSERT INTO song VALUES ('li');").unwrap();
    let copy = directory.path().join("copy.db");
    let wal = |path: &Path| path.with_extension("db-wal");
    fs::copy(&path, &copy).unwrap();
    fs::copy(wal(&path), wal(&copy)).unwrap();
    let log = fs::read(wal(&copy)).unwrap();
    assert!(!log.is_empty());
    assert!(matches!(refused(&copy), OpenError::Foreign { found: 42, .. }));
    assert_eq!(fs::read(wal(&copy)).unwrap(), log);
}

#[test]
fn an_empty_database_of_somebody_else_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE a (b); DROP TABLE a;").unwrap();
    assert!(matches!(refused(&path), OpenError::Foreign { found: 0, .. }));
}

#[test]
fn what_is_not_a_database_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in [("short", "x".to_owned()), ("log", record(1, 1, "\n").repeat(200))] {
        let path = directory.path().join(name);
        fs::write(&path, content).unwrap();
        let error = refused(&path);
        assert!(matches!(error, OpenError::NotADatabase { .. }), "{name}: {error:?}");
    }
    assert!(matches!(refused(directory.path()), OpenError::NotAFile { .. }));
    let error = refused(&directory.path().join("missing/audit.db"));
    assert!(matches!(error, OpenError::Create { .. }), "{error:?}");
    assert!(error.source().is_some());
    #[cfg(target_os = "linux")]
    {
        assert!(matches!(refused(Path::new("/proc/audit.db")), OpenError::Create { .. }));
        assert!(matches!(refused(Path::new("/dev/null")), OpenError::NotAFile { .. }));
    }
    assert!(Store::open("").is_err());
}

#[test]
fn many_may_open_a_new_store_at_once() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..5 {
        let path = directory.path().join(format!("{round}.db"));
        let start = Barrier::new(8);
        let stores: Vec<Store> = thread::scope(|scope| {
            let openers: Vec<_> = (0..8)
                .map(|number| {
                    let (path, start) = (&path, &start);
                    scope.spawn(move || {
                        start.wait();
                        let store = Store::open(path).unwrap();
                        store.sink().write(&[line(&record(number, number, ""))]).unwrap();
                        store
                    })
                })
                .collect();
            openers.into_iter().map(|opener| opener.join().unwrap()).collect()
        });
        for store in &stores {
            assert_eq!(store.query(&Filter::new(), None, 100).unwrap().records.len(), 8);
        }
    }
}

#[test]
fn a_store_that_is_locked_while_it_is_new_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.db");
    fs::write(&path, b"").unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let error = Store::builder().busy_timeout(Duration::from_millis(20)).open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Database { .. }), "{error:?}");
    other.execute_batch("ROLLBACK").unwrap();
    Store::open(&path).unwrap();
}

#[test]
fn a_machine_that_stopped_during_a_checkpoint_leaves_a_store() {
    let (store, directory) = store();
    let path = directory.path().join("audit.db");
    let records: Vec<String> = (0..500).map(|n| record(n, n, "")).collect();
    put(&store, &records);
    // The file as a checkpoint has it that wrote the first page and no other: the page counts pages (bytes 28 to 31,
    // https://sqlite.org/fileformat.html#in_header_database_size) that only the log has.
    let copy = directory.path().join("copy.db");
    let mut file = fs::read(&path).unwrap();
    file[28..32].copy_from_slice(&1_000_u32.to_be_bytes());
    fs::write(&copy, file).unwrap();
    fs::copy(path.with_extension("db-wal"), copy.with_extension("db-wal")).unwrap();
    let copy = Store::open(&copy).unwrap();
    assert_eq!(copy.query(&Filter::new(), None, 1_000).unwrap().records.len(), records.len());
}

#[cfg(target_os = "linux")]
#[test]
fn opening_a_store_twice_keeps_the_locks_of_the_first() {
    use std::os::unix::fs::MetadataExt;

    let (store, directory) = store();
    put(&store, &[record(1, 1, "")]);
    let path = directory.path().join("audit.db");
    let inode = format!(":{} ", fs::metadata(&path).unwrap().ino());
    let locks = || fs::read_to_string("/proc/locks").unwrap().lines().filter(|lock| lock.contains(&inode)).count();
    assert!(locks() > 0, "a store in use holds its file");
    drop(Store::open(&path).unwrap());
    assert!(locks() > 0, "another process could now take the file from under the first store");
}

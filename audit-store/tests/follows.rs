//! A store that follows a journal has every record of it once, whatever happens to the one or the other.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use audit_core::Sink as _;
use audit_core::testing::FollowedJournal;
use audit_store::{Filter, Store};
use rusqlite::Connection;
use support::{event_id, record, walk};
use tempfile::TempDir;

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn database(&self) -> PathBuf {
        self.0.path().join("audit.db")
    }

    fn journal(&self) -> PathBuf {
        self.0.path().join("audit.jsonl")
    }

    /// With a short patience, so that a lock is an error soon.
    fn store(&self) -> Store {
        Store::builder().busy_timeout(Duration::from_millis(5)).open(self.database()).unwrap()
    }

    fn follow(&self, store: &Store) -> FollowedJournal {
        FollowedJournal::start(self.journal(), store.sink()).unwrap()
    }
}

fn append(journal: &FollowedJournal, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        journal.append(&record(number, number, "")).unwrap();
    }
}

/// What stands in the store, as numbers in order of arrival; each stands there as often as it was stored.
#[track_caller]
fn assert_holds(store: &Store, numbers: impl IntoIterator<Item = u64>) {
    let mut found: Vec<_> = walk(store, &Filter::new(), 1_000).into_iter().flat_map(|page| page.records).collect();
    found.sort_by_key(audit_store::Record::id);
    let found: Vec<_> = found.into_iter().map(audit_store::Record::into_json).collect();
    let expected: Vec<_> = numbers.into_iter().collect();
    assert_eq!(found.len(), expected.len());
    for (json, number) in found.iter().zip(expected) {
        assert!(json.contains(&event_id(number)), "{number}: {json}");
    }
}

fn remove_database(path: &Path) {
    for end in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(end);
        fs::remove_file(file).or_else(|error| if end.is_empty() { Err(error) } else { Ok(()) }).unwrap();
    }
}

#[test]
fn a_database_that_is_locked_for_a_while_has_everything_once_afterwards() {
    let place = Place::new();
    let store = place.store();
    let journal = place.follow(&store);
    append(&journal, 1..=100);
    journal.wait_for(|stats| stats.written == 100);
    let other = Connection::open(place.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    append(&journal, 101..=3_000);
    let stats = journal.wait_for(|stats| stats.last_error.as_ref().is_some_and(|error| error.contains("locked")));
    assert_eq!((stats.written, stats.failed, stats.dropped), (100, 0, 0), "{stats:?}");
    other.execute_batch("ROLLBACK").unwrap();
    let stats = journal.stop();
    assert_eq!((stats.accepted, stats.written, stats.queued), (3_000, 3_000, 0), "{stats:?}");
    assert_holds(&store, 1..=3_000);
}

#[test]
fn a_restart_goes_on_where_the_store_is_and_not_where_the_position_file_says() {
    let place = Place::new();
    let store = place.store();
    let journal = place.follow(&store);
    append(&journal, 1..=10);
    assert_eq!(journal.stop().written, 10);
    store.sink().shutdown().unwrap();
    let backup = place.0.path().join("backup");
    fs::copy(place.database(), &backup).unwrap();

    let journal = place.follow(&store);
    append(&journal, 11..=20);
    let stats = journal.stop();
    assert_eq!((stats.accepted, stats.written), (10, 10), "nothing came twice");
    drop(store);

    // An older state is put back.
    remove_database(&place.database());
    fs::copy(&backup, place.database()).unwrap();
    let store = place.store();
    assert_holds(&store, 1..=10);
    let stats = place.follow(&store).stop();
    assert_eq!((stats.accepted, stats.written), (10, 10));
    assert_holds(&store, 1..=20);
    drop(store);

    // And then none at all.
    remove_database(&place.database());
    let store = place.store();
    assert_eq!(place.follow(&store).stop().written, 20);
    assert_holds(&store, 1..=20);

    // Without its position file, a follower is another: it comes with everything, of which nothing is new.
    fs::remove_file(place.0.path().join("audit.jsonl.store.position")).unwrap();
    assert_eq!(place.follow(&store).stop().written, 20);
    assert_holds(&store, 1..=20);
}

#[cfg(unix)]
#[test]
fn a_database_that_is_deleted_under_the_service_and_made_anew_is_filled_again() {
    let place = Place::new();
    let store = place.store();
    let journal = place.follow(&store);
    append(&journal, 1..=1_500);
    journal.wait_for(|stats| stats.written == 1_500);
    remove_database(&place.database());
    append(&journal, 1_501..=1_600);
    let stats = journal.wait_for(|stats| stats.last_error.as_ref().is_some_and(|error| error.contains("was moved")));
    assert_eq!((stats.failed, stats.dropped, stats.queued), (0, 0, 100), "{stats:?}");
    assert!(!place.database().exists(), "nobody asked for a new one");

    // Somebody rebuilds it, and has come half way when the service notices.
    let rebuilt = place.store();
    let mut sink = rebuilt.sink();
    let mut reader = audit_core::journal::Reader::open(place.journal()).unwrap();
    let half: Vec<_> = std::iter::from_fn(|| reader.read().unwrap()).take(800).map(|entry| entry.line).collect();
    sink.write(&half).unwrap();
    let stats = journal.wait_for(|stats| stats.queued == 0);
    assert_eq!((stats.accepted, stats.written, stats.failed, stats.dropped), (3_100, 3_100, 0, 0), "{stats:?}");
    append(&journal, 1_601..=1_700);
    let stats = journal.stop();
    assert_eq!(stats.queued, 0, "{stats:?}");
    // The store that was opened first is the new file too.
    assert_holds(&store, 1..=1_700);
    assert_holds(&rebuilt, 1..=1_700);
}

#[cfg(unix)]
#[test]
fn what_takes_the_place_of_the_database_and_is_none_is_left_alone() {
    let place = Place::new();
    let store = place.store();
    let journal = place.follow(&store);
    append(&journal, 1..=1);
    journal.wait_for(|stats| stats.written == 1);
    remove_database(&place.database());
    let foreign = "of somebody else\n".repeat(100);
    fs::write(place.database(), &foreign).unwrap();
    append(&journal, 2..=2);
    let stats = journal.wait_for(|stats| stats.last_error.as_ref().is_some_and(|error| error.contains("cannot go on")));
    assert_eq!(stats.queued, 1);
    assert_eq!(fs::read_to_string(place.database()).unwrap(), foreign);
    let left = journal.stop_within(Duration::from_millis(50));
    assert_eq!((left.queued, left.failed, left.dropped), (1, 0, 0));
}

#[test]
fn two_journals_may_feed_one_store() {
    let place = Place::new();
    let store = place.store();
    let one = place.follow(&store);
    let two = FollowedJournal::start(place.0.path().join("other.jsonl"), store.sink()).unwrap();
    append(&one, 1..=50);
    one.wait_for(|stats| stats.queued == 0);
    append(&two, 51..=60);
    assert_eq!((one.stop().written, two.stop().written), (50, 10));
    let two = FollowedJournal::start(place.0.path().join("other.jsonl"), store.sink()).unwrap();
    append(&two, 61..=61);
    assert_eq!(two.stop().accepted, 1);
    assert_holds(&store, 1..=61);
}

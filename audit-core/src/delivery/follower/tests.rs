use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::sync::Mutex;
use std::time::Duration;

use super::*;
use crate::record::Field;
use crate::record::Line;
use crate::sink::WriteError;

/// What a puppet is asked to do, and what it was given.
#[derive(Debug, Default)]
struct Puppet {
    given: Vec<String>,
    calls: usize,
    /// Taken of the next batch before it fails; for ever while `stays` is set.
    fails_after: Option<usize>,
    stays: bool,
    panics: bool,
    flush_fails: bool,
    rejects: BTreeSet<String>,
    resume_after: Option<u64>,
    resume_fails: bool,
    resumed: Vec<String>,
    is_shut_down: bool,
}

#[derive(Debug, Clone, Default)]
struct Strings(Arc<Mutex<Puppet>>);

impl Strings {
    fn pull<R>(&self, change: impl FnOnce(&mut Puppet) -> R) -> R {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn given(&self) -> Vec<String> {
        self.pull(|puppet| puppet.given.clone())
    }
}

impl Sink for Strings {
    fn name(&self) -> &str {
        "puppet"
    }

    fn write(&mut self, batch: &[Line]) -> Result<(), WriteError> {
        self.pull(|puppet| {
            puppet.calls += 1;
            assert!(!puppet.panics, "as asked");
            for (index, line) in batch.iter().enumerate() {
                let user = line.get(Field::User).unwrap().into_owned();
                if puppet.fails_after == Some(index) {
                    if !puppet.stays {
                        puppet.fails_after = None;
                    }
                    return Err(WriteError::new(index, "no room"));
                }
                if puppet.rejects.contains(&user) {
                    return Err(WriteError::rejected(index, "too odd"));
                }
                puppet.given.push(user);
            }
            Ok(())
        })
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        self.pull(
            |puppet| {
                if std::mem::take(&mut puppet.flush_fails) { Err(WriteError::new(0, "no peer")) } else { Ok(()) }
            },
        )
    }

    fn shutdown(&mut self) -> Result<(), WriteError> {
        self.pull(|puppet| puppet.is_shut_down = true);
        Ok(())
    }

    fn resume_after(&mut self, follower: &str) -> Result<Option<u64>, WriteError> {
        self.pull(|puppet| {
            puppet.resumed.push(follower.to_owned());
            if puppet.resume_fails { Err(WriteError::new(0, "locked")) } else { Ok(puppet.resume_after) }
        })
    }
}

/// A journal that is written by hand.
struct Journal {
    folder: tempfile::TempDir,
    head: Arc<Head>,
}

impl Journal {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), head: Arc::default() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("audit.jsonl")
    }

    /// Writes the records up to `seq`, and says so.
    fn write_to(&self, seq: u64) {
        let mut text = String::new();
        for seq in self.head.written() + 1..=seq {
            text.push_str(&format!("{{\"user\":\"u{seq}\",\"seq\":{seq}}}\n"));
        }
        self.append(&text);
        self.head.set_written(seq);
    }

    fn append(&self, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.path()).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn rotate(&self) {
        fs::rename(self.path(), self.folder.path().join(format!("audit.jsonl.{:020}", self.head.written()))).unwrap();
    }

    /// The same journal after a restart of the process.
    fn restarted(self) -> Self {
        let head = Arc::new(Head::default());
        head.set_written(self.head.written());
        Self { folder: self.folder, head }
    }

    fn follow(&self, puppet: &Strings) -> Follower {
        let position = position_of(&self.path(), puppet.name());
        Follower::spawn(Box::new(puppet.clone()), position, self.path(), Arc::clone(&self.head)).unwrap()
    }

    fn end(&self, follower: &Follower) -> SinkStats {
        self.head.close();
        let deadline = Instant::now() + Duration::from_secs(20);
        follower.close(deadline);
        assert!(follower.wait_closed(deadline), "{:?}", follower.stats());
        checked(follower)
    }

    fn position(&self) -> serde_json::Value {
        let text = fs::read_to_string(self.folder.path().join("audit.jsonl.puppet.position")).unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

fn users(seqs: impl IntoIterator<Item = u64>) -> Vec<String> {
    seqs.into_iter().map(|seq| format!("u{seq}")).collect()
}

#[track_caller]
fn checked(follower: &Follower) -> SinkStats {
    let stats = follower.stats();
    assert_eq!(stats.accepted, stats.written + stats.dropped + stats.failed + stats.queued, "{stats:?}");
    stats
}

#[track_caller]
fn until(follower: &Follower, what: impl Fn(&SinkStats) -> bool) -> SinkStats {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let stats = checked(follower);
        if what(&stats) {
            return stats;
        }
        assert!(Instant::now() < deadline, "{stats:?}");
        std::thread::yield_now();
    }
}

/// Accepted, written, dropped, failed, queued.
fn figures(stats: &SinkStats) -> [u64; 5] {
    [stats.accepted, stats.written, stats.dropped, stats.failed, stats.queued]
}

#[test]
fn everything_is_taken_in_order_over_rotation_and_restart() {
    let journal = Journal::new();
    let puppet = Strings::default();
    journal.write_to(3_000);
    let follower = journal.follow(&puppet);
    until(&follower, |stats| stats.written == 3_000);
    journal.write_to(3_010);
    journal.rotate();
    journal.write_to(3_020);
    assert_eq!(figures(&journal.end(&follower)), [3_020, 3_020, 0, 0, 0]);
    assert!(puppet.pull(|puppet| puppet.is_shut_down));
    assert_eq!(journal.position()["seq"], 3_020);
    assert_eq!(position_of(&journal.path(), "puppet").seq(), 3_020);
    assert_eq!(journal.head.needed_from(), Some(3_021));

    let journal = journal.restarted();
    journal.write_to(3_025);
    let follower = journal.follow(&puppet);
    assert_eq!(figures(&journal.end(&follower)), [5, 5, 0, 0, 0]);
    assert_eq!(puppet.given(), users(1..=3_025));
    let asked = puppet.pull(|puppet| puppet.resumed.clone());
    assert_eq!((asked.len(), &asked[0]), (2, &asked[1]), "asked at each start, by one name");
}

#[test]
fn what_is_not_taken_is_offered_again() {
    let journal = Journal::new();
    let puppet = Strings::default();
    puppet.pull(|puppet| puppet.fails_after = Some(2));
    journal.write_to(5);
    let follower = journal.follow(&puppet);
    let stats = until(&follower, |stats| stats.written == 5);
    assert_eq!(stats.last_error.as_deref(), Some("did not take 3 records, which are offered again: no room"));
    puppet.pull(|puppet| puppet.panics = true);
    journal.write_to(6);
    let stats = until(&follower, |stats| stats.last_error.as_ref().is_some_and(|error| error.contains("panicked")));
    assert_eq!(figures(&stats), [6, 5, 0, 0, 1]);
    puppet.pull(|puppet| puppet.panics = false);
    until(&follower, |stats| stats.written == 6);
    assert_eq!(figures(&journal.end(&follower)), [6, 6, 0, 0, 0]);
    assert_eq!(puppet.given(), users(1..=6));
}

#[test]
fn what_is_not_flushed_is_not_taken() {
    let journal = Journal::new();
    let puppet = Strings::default();
    puppet.pull(|puppet| puppet.flush_fails = true);
    journal.write_to(2);
    let follower = journal.follow(&puppet);
    assert_eq!(figures(&journal.end(&follower)), [2, 2, 0, 0, 0]);
    assert_eq!(puppet.given(), ["u1", "u2", "u1", "u2"]);
}

#[test]
fn a_record_that_is_rejected_does_not_hold_up_the_others() {
    let journal = Journal::new();
    let puppet = Strings::default();
    puppet.pull(|puppet| puppet.rejects = ["u1", "u3", "u4", "u6"].map(str::to_owned).into());
    journal.write_to(6);
    let follower = journal.follow(&puppet);
    let stats = journal.end(&follower);
    assert_eq!(figures(&stats), [6, 2, 0, 4, 0]);
    assert_eq!(puppet.given(), ["u2", "u5"]);
    assert_eq!(stats.last_error.as_deref(), Some("will never take a record, which is passed over: too odd"));
    assert_eq!(journal.position()["seq"], 6);
}

#[test]
fn at_the_deadline_the_rest_stays_in_the_journal() {
    let journal = Journal::new();
    let puppet = Strings::default();
    puppet.pull(|puppet| (puppet.fails_after, puppet.stays) = (Some(1), true));
    journal.write_to(3);
    let follower = journal.follow(&puppet);
    until(&follower, |stats| stats.written == 1);
    puppet.pull(|puppet| puppet.fails_after = Some(0));
    journal.head.close();
    let deadline = Instant::now() + Duration::from_millis(100);
    follower.close(deadline);
    assert!(follower.wait_closed(deadline + Duration::from_secs(20)));
    let stats = checked(&follower);
    assert!(stats.queued > 0 && stats.failed + stats.dropped == 0, "{stats:?}");
    puppet.pull(|puppet| puppet.fails_after = None);
    let journal = journal.restarted();
    let follower = journal.follow(&puppet);
    journal.end(&follower);
    assert_eq!(puppet.given(), users(1..=3));
}

#[test]
fn records_that_were_deleted_before_it_took_them_count_as_dropped() {
    let journal = Journal::new();
    let puppet = Strings::default();
    puppet.pull(|puppet| (puppet.fails_after, puppet.stays) = (Some(0), true));
    journal.write_to(4);
    let follower = journal.follow(&puppet);
    until(&follower, |stats| stats.last_error.is_some());
    let journal = {
        follower.close(Instant::now());
        assert!(follower.wait_closed(Instant::now() + Duration::from_secs(20)));
        // The position is saved, though nothing was taken.
        assert_eq!(journal.position()["seq"], 0);
        journal.restarted()
    };
    puppet.pull(|puppet| (puppet.fails_after, puppet.stays, puppet.resume_after) = (None, false, Some(2)));
    journal.rotate();
    journal.write_to(6);
    fs::remove_file(journal.folder.path().join("audit.jsonl.00000000000000000004")).unwrap();
    let follower = journal.follow(&puppet);
    let stats = journal.end(&follower);
    assert_eq!(figures(&stats), [4, 2, 2, 0, 0]);
    assert_eq!(puppet.given(), users(5..=6));
}

#[test]
fn a_new_follower_begins_with_what_there_is() {
    let journal = Journal::new();
    let puppet = Strings::default();
    journal.append("{\"timestamp\":\"2026\",\"user\":\"old\"}\n");
    journal.write_to(2);
    let follower = journal.follow(&puppet);
    assert_eq!(figures(&journal.end(&follower)), [3, 3, 0, 0, 0]);
    assert_eq!(puppet.given(), ["old", "u1", "u2"]);

    // After retention, those that went before are none of its.
    let journal = Journal::new();
    let puppet = Strings::default();
    journal.head.set_written(40);
    journal.write_to(42);
    let follower = journal.follow(&puppet);
    assert_eq!(figures(&journal.end(&follower)), [2, 2, 0, 0, 0]);
}

#[test]
fn lines_that_cannot_be_read_count_as_failed() {
    let journal = Journal::new();
    let puppet = Strings::default();
    journal.write_to(1);
    journal.append("{\"user\":\"broken,\"seq\":2}\n");
    journal.head.set_written(2);
    journal.write_to(3);
    let follower = journal.follow(&puppet);
    assert_eq!(figures(&journal.end(&follower)), [3, 2, 0, 1, 0]);
    assert_eq!(puppet.given(), ["u1", "u3"]);
}

#[test]
fn the_sinks_own_word_wins_over_the_position() {
    let journal = Journal::new();
    let puppet = Strings::default();
    journal.write_to(5);
    let follower = journal.follow(&puppet);
    journal.end(&follower);
    let journal = journal.restarted();
    // It was emptied, and cannot say so at first.
    puppet.pull(|puppet| (puppet.resume_after, puppet.resume_fails) = (Some(0), true));
    let follower = journal.follow(&puppet);
    let error = "does not say where to go on: locked";
    until(&follower, |stats| stats.last_error.as_deref() == Some(error));
    assert_eq!(puppet.given(), users(1..=5));
    puppet.pull(|puppet| puppet.resume_fails = false);
    until(&follower, |stats| stats.written == 5);
    // And once more while it is fed: what it then takes again is accepted again.
    journal.write_to(6);
    until(&follower, |stats| stats.written == 6);
    puppet.pull(|puppet| (puppet.resume_after, puppet.fails_after) = (Some(4), Some(0)));
    journal.write_to(7);
    let stats = until(&follower, |stats| stats.queued == 0);
    assert_eq!(figures(&stats), [9, 9, 0, 0, 0]);
    journal.end(&follower);
    assert_eq!(puppet.given(), users((1..=5).chain(1..=6).chain(5..=7)));
}

#[test]
fn a_position_beyond_the_journal_is_drawn_back_to_its_end() {
    let journal = Journal::new();
    let puppet = Strings::default();
    journal.write_to(5);
    let follower = journal.follow(&puppet);
    journal.end(&follower);
    // The machine lost the end of the journal, and its numbers are given anew.
    fs::remove_file(journal.path()).unwrap();
    let journal = Journal { head: Arc::default(), ..journal };
    journal.write_to(3);
    let follower = journal.follow(&puppet);
    assert_eq!(checked(&follower).queued, 0);
    journal.write_to(4);
    journal.end(&follower);
    assert_eq!(puppet.given().last().unwrap(), "u4");
}

#[test]
fn the_position_is_saved_while_it_goes_on() {
    let journal = Journal::new();
    let puppet = Strings::default();
    journal.write_to(2);
    let follower = journal.follow(&puppet);
    let deadline = Instant::now() + Duration::from_secs(20);
    while journal.head.needed_from() != Some(3) {
        assert!(Instant::now() < deadline, "{:?}", journal.head.needed_from());
        std::thread::yield_now();
    }
    assert_eq!(journal.position()["seq"], 2);
    journal.end(&follower);
}

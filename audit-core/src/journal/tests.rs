//! The journal on real files: what it holds, and what a crash left.

mod others;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::*;
use crate::delivery::{Batch, Writer as _};
use crate::record::{Encoder, Line};
use crate::settings::Settings;

pub(super) fn encoder() -> Arc<Encoder> {
    Arc::new(Encoder::new(&Settings::default()))
}

pub(super) fn line(number: u64) -> Line {
    Line::parse(format!(r#"{{"n":{number}}}"#).as_bytes()).unwrap()
}

fn lines(numbers: std::ops::RangeInclusive<u64>) -> Vec<Line> {
    numbers.map(line).collect()
}

struct Place {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        Self { _folder: folder, path }
    }

    fn beside(&self, end: &str) -> PathBuf {
        names::beside(&self.path, end)
    }

    fn open(&self) -> Journal {
        self.open_with(JournalOptions::default())
    }

    fn open_with(&self, options: JournalOptions) -> Journal {
        Journal::open(&self.path, options, encoder()).unwrap_or_else(|error| panic!("{error:?}"))
    }

    /// The names of all files beside each other, the lock's left out.
    fn files(&self) -> Vec<String> {
        let directory = self.path.parent().unwrap();
        let mut names: Vec<String> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "audit.jsonl.lock")
            .collect();
        names.sort();
        names
    }
}

fn records(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "{text}");
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// What each record is, by seq: a number of ours, or what the journal says of itself.
fn said(path: &Path) -> Vec<(u64, String)> {
    let said = |record: &Value| match (record["n"].as_u64(), record["action"].as_str()) {
        (Some(number), _) => number.to_string(),
        (None, Some("audit.journal_changed")) => record["data"]["change"].as_str().unwrap().to_owned(),
        (None, Some("audit.gap")) => {
            let data = &record["data"];
            format!(
                "gap {} {} {} {}",
                data["sink"].as_str().unwrap(),
                data["count"],
                data["first_seq"],
                data["last_seq"]
            )
        }
        (None, action) => action.unwrap().to_owned(),
    };
    records(path).iter().map(|record| (record["seq"].as_u64().unwrap(), said(record))).collect()
}

#[track_caller]
fn assert_said(path: &Path, expected: &[(u64, &str)]) {
    let said = said(path);
    let said: Vec<(u64, &str)> = said.iter().map(|(seq, text)| (*seq, text.as_str())).collect();
    assert_eq!(said, expected, "{path:?}");
}

#[test]
fn numbers_go_on_over_restarts() {
    let place = Place::new();
    for life in 0..3 {
        let mut journal = place.open();
        assert_eq!(journal.head().written(), life * 3);
        journal.append(Batch::Lines(&[line(1), line(2)]), false).unwrap();
        journal.append(Batch::Lines(&[line(3)]), true).unwrap();
        assert_eq!((journal.head().written(), journal.take_own()), (life * 3 + 3, 0));
    }
    let text = fs::read_to_string(&place.path).unwrap();
    assert!(text.starts_with("{\"n\":1,\"seq\":1}\n{\"n\":2,\"seq\":2}\n"), "{text}");
    assert_eq!(
        records(&place.path).iter().map(|it| it["seq"].as_u64().unwrap()).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5, 6, 7, 8, 9]
    );
    assert_eq!(place.files(), ["audit.jsonl"]);
}

#[test]
fn an_object_without_members_gets_its_number_too() {
    let place = Place::new();
    place.open().append(Batch::Lines(&[Line::parse(b"{}").unwrap()]), false).unwrap();
    assert_eq!(fs::read_to_string(&place.path).unwrap(), "{\"seq\":1}\n");
    assert_eq!(place.open().head().written(), 1);
}

#[test]
fn what_older_versions_wrote_stays_in_front() {
    let place = Place::new();
    fs::write(&place.path, "{\"n\":7}\n{\"torn\":\n{\"n\":8}\n").unwrap();
    place.open().append(Batch::Lines(&[line(1)]), false).unwrap();
    place.open().append(Batch::Lines(&[line(2)]), false).unwrap();
    let text = fs::read_to_string(&place.path).unwrap();
    assert_eq!(text, "{\"n\":7}\n{\"torn\":\n{\"n\":8}\n{\"n\":1,\"seq\":1}\n{\"n\":2,\"seq\":2}\n");
}

#[test]
fn a_file_that_is_no_log_stays_as_it_is() {
    let place = Place::new();
    fs::write(&place.path, "SQLite format 3").unwrap();
    assert!(matches!(Journal::open(&place.path, JournalOptions::default(), encoder()), Err(OpenError::Foreign)));
    assert_eq!(fs::read_to_string(&place.path).unwrap(), "SQLite format 3");
    assert!(!place.beside("lock").exists());
}

#[test]
fn a_second_writer_is_refused() {
    let place = Place::new();
    let first = place.open();
    assert!(matches!(Journal::open(&place.path, JournalOptions::default(), encoder()), Err(OpenError::InUse)));
    drop(first);
    place.open();
}

#[cfg(unix)]
#[test]
fn a_new_file_is_its_owners_alone_and_links_are_not_followed() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    drop(place.open());
    for file in [&place.path, &place.beside("lock")] {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let link = place.beside("link");
    std::os::unix::fs::symlink(&place.path, &link).unwrap();
    let folder = place.path.parent().unwrap();
    for path in [&*link, folder, Path::new("/dev/null")] {
        let opened = Journal::open(path, JournalOptions::default(), encoder());
        assert!(matches!(opened, Err(OpenError::Io(_))), "{path:?}");
    }
}

#[test]
fn a_torn_tail_is_moved_and_told_before_the_next_record() {
    for torn in
        ["{\"n\":3,\"se", "{\"n\":3,\"seq\":3}", "\0\0\0\0\0\0", "{\"n\":\0\0\0,\"seq\":3}\n{\"n\":4,\"seq\":4}\n"]
    {
        let place = Place::new();
        let whole = "{\"n\":1,\"seq\":1}\n{\"n\":2,\"seq\":2}\n";
        fs::write(&place.path, format!("{whole}{torn}")).unwrap();
        let mut journal = place.open();
        assert_eq!(fs::read_to_string(&place.path).unwrap(), whole);
        let moved = place.beside("00000000000000000003.torn");
        assert_eq!(fs::read_to_string(&moved).unwrap(), torn);
        journal.append(Batch::Lines(&[line(9)]), false).unwrap();
        assert_said(&place.path, &[(1, "1"), (2, "2"), (3, "audit.torn_tail"), (4, "9")]);
        let told = &records(&place.path)[2];
        assert_eq!(told["data"]["bytes"], torn.len());
        assert_eq!(told["data"]["file"], moved.to_str().unwrap());
        assert_eq!(told["user"], "audit");
        assert_eq!(journal.take_own(), 1);
    }
}

#[test]
fn torn_tails_do_not_take_each_others_place() {
    let place = Place::new();
    for torn in ["{\"first", "{\"second"] {
        let mut text = fs::read_to_string(&place.path).unwrap_or_default();
        text.push_str(torn);
        fs::write(&place.path, text).unwrap();
        drop(place.open());
    }
    assert_eq!(
        place.files(),
        ["audit.jsonl", "audit.jsonl.00000000000000000001.1.torn", "audit.jsonl.00000000000000000001.torn"]
    );
}

#[test]
fn segments_are_rotated_by_size_and_none_is_longer() {
    let place = Place::new();
    let options = JournalOptions { rotate_bytes: Some(64), ..JournalOptions::default() };
    let mut journal = place.open_with(options);
    journal.append(Batch::Lines(&lines(1..=2)), false).unwrap();
    journal.append(Batch::Lines(&lines(3..=4)), false).unwrap();
    // A batch that no segment has room for goes into several.
    journal.append(Batch::Lines(&lines(5..=13)), true).unwrap();
    drop(journal);
    let mut seqs = Vec::new();
    for name in place.files() {
        let path = place.path.with_file_name(&name);
        assert!(fs::metadata(&path).unwrap().len() <= 64, "{name}");
        let held = records(&path);
        if let Some(first) = name.strip_prefix("audit.jsonl.") {
            assert_eq!(first, format!("{:020}", held[0]["seq"].as_u64().unwrap()));
        }
        seqs.extend(held.iter().map(|it| (it["seq"].as_u64().unwrap(), it["n"].as_u64().unwrap())));
    }
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=13).map(|n| (n, n)).collect::<Vec<_>>());
    assert_eq!(place.open_with(options).head().written(), 13);
}

#[cfg(unix)]
#[test]
fn a_new_segment_lets_in_whom_the_old_one_did() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let place = Place::new();
    let mut journal = place.open();
    journal.append(Batch::Lines(&[line(1)]), false).unwrap();
    fs::set_permissions(&place.path, fs::Permissions::from_mode(0o640)).unwrap();
    let group = fs::metadata(&place.path).unwrap().gid();
    // Only root can give a file to a group that is not its own.
    let group = std::os::unix::fs::chown(&place.path, None, Some(group + 1)).map_or(group, |()| group + 1);
    journal.reopen().unwrap();
    journal.append(Batch::Lines(&[line(2)]), false).unwrap();
    for path in [place.path.clone(), place.beside("00000000000000000001")] {
        let meta = fs::metadata(&path).unwrap();
        assert_eq!((meta.mode() & 0o7777, meta.gid()), (0o640, group), "{path:?}");
    }
    // Cut off between the two renames, the next start begins the new one.
    drop(journal);
    fs::remove_file(&place.path).unwrap();
    drop(place.open());
    assert_eq!(fs::metadata(&place.path).unwrap().mode() & 0o7777, 0o640);
}

/// Each state that a rotation can be cut off in.
#[test]
fn a_rotation_that_was_cut_off_is_put_right() {
    let segment = "{\"n\":1,\"seq\":1}\n{\"n\":2,\"seq\":2}\n";
    let rotated = "00000000000000000001";
    for (state, expected) in [
        (&[("", segment), (".next", "")][..], &[("audit.jsonl", 3)][..]),
        (&[(rotated, segment), (".next", "")], &[("audit.jsonl", 1), (rotated, 2)]),
        (&[(rotated, segment)], &[("audit.jsonl", 1), (rotated, 2)]),
        (&[(rotated, segment), ("", "")], &[("audit.jsonl", 1), (rotated, 2)]),
        // That we never write into; somebody named a segment so.
        (&[("", "{\"n\":3,\"seq\":3}\n"), (".next", segment)], &[("audit.jsonl", 2), (rotated, 2)]),
        (&[("", segment), (".next", "buy milk\n")], &[("audit.jsonl", 4)]),
    ] {
        let place = Place::new();
        let full = |name: &str| match name {
            "" | "audit.jsonl" => place.path.clone(),
            name => place.beside(name.trim_start_matches('.')),
        };
        for (name, text) in state {
            fs::write(full(name), text).unwrap();
        }
        place.open().append(Batch::Lines(&[line(9)]), true).unwrap();
        assert!(!place.beside("next").exists());
        for (name, count) in expected {
            assert_eq!(records(&full(name)).len(), *count, "{state:?} {name}");
        }
        let last = records(&place.path).pop().unwrap();
        let other_records = if *state == [("", "{\"n\":3,\"seq\":3}\n"), (".next", segment)] { 3 } else { 2 };
        let own = u64::from(place.files().iter().any(|name| name.ends_with(".torn")));
        assert_eq!(last["seq"], other_records + own + 1, "{state:?}");
    }
}

#[test]
fn a_rotation_that_cannot_begin_goes_on_in_the_old_file() {
    let place = Place::new();
    let mut journal = place.open_with(JournalOptions { rotate_bytes: Some(40), ..JournalOptions::default() });
    journal.append(Batch::Lines(&lines(1..=2)), false).unwrap();
    fs::create_dir(place.beside("next")).unwrap();
    journal.append(Batch::Lines(&lines(3..=4)), false).unwrap();
    journal.append(Batch::Lines(&lines(5..=6)), true).unwrap();
    assert_eq!(records(&place.path).len(), 6);
    fs::remove_dir(place.beside("next")).unwrap();
    journal.append(Batch::Lines(&lines(7..=8)), false).unwrap();
    assert_said(&place.path, &[(7, "7"), (8, "8")]);
}

#[test]
fn reopen_rotates_what_is_still_there() {
    let place = Place::new();
    let mut journal = place.open();
    journal.reopen().unwrap();
    assert_eq!(place.files(), ["audit.jsonl"], "an empty one is not rotated");
    journal.append(Batch::Lines(&[line(1)]), false).unwrap();
    journal.reopen().unwrap();
    journal.append(Batch::Lines(&[line(2)]), false).unwrap();
    assert_said(&place.beside("00000000000000000001"), &[(1, "1")]);
    assert_said(&place.path, &[(2, "2")]);
}

#[test]
fn so_many_segments_are_kept_but_none_removed_that_is_needed() {
    let place = Place::new();
    let options = JournalOptions { rotate_bytes: Some(20), rotate_keep: Some(2), max_bytes: None };
    let mut journal = place.open_with(options);
    journal.head().set_taken("store", 0);
    journal.append(Batch::Lines(&lines(1..=6)), false).unwrap();
    assert_eq!(place.files().len(), 6, "the follower needs all of them");
    journal.head().set_taken("store", 4);
    journal.append(Batch::Lines(&[line(7)]), false).unwrap();
    let files = ["audit.jsonl", "audit.jsonl.00000000000000000005", "audit.jsonl.00000000000000000006"];
    assert_eq!(place.files(), files);
    journal.append(Batch::Lines(&[line(8)]), false).unwrap();
    assert_eq!(place.files().len(), 4);
    assert_said(&place.path, &[(8, "8")]);
}

#[test]
fn a_segment_that_is_needed_stays_beside_a_copy_of_a_part_of_it() {
    let place = Place::new();
    let mut journal = place.open_with(JournalOptions { rotate_bytes: None, rotate_keep: Some(1), max_bytes: None });
    journal.head().set_taken("store", 3);
    journal.append(Batch::Lines(&lines(1..=6)), false).unwrap();
    fs::write(place.beside("part"), "{\"n\":2,\"seq\":2}\n{\"n\":4,\"seq\":4}\n").unwrap();
    journal.reopen().unwrap();
    let all = ["audit.jsonl", "audit.jsonl.00000000000000000001", "audit.jsonl.part"];
    assert_eq!(place.files(), all, "the follower needs 4 to 6");
    journal.head().set_taken("store", 6);
    journal.append(Batch::Lines(&[line(7)]), false).unwrap();
    journal.reopen().unwrap();
    assert_eq!(place.files(), ["audit.jsonl", "audit.jsonl.00000000000000000007"]);
}

#[test]
fn a_bound_for_all_wins_and_tells_whom_it_cost_what() {
    let place = Place::new();
    let options = JournalOptions { rotate_bytes: Some(4_096), rotate_keep: None, max_bytes: Some(12_288) };
    let mut journal = place.open_with(options);
    journal.head().set_taken("store", 3);
    journal.head().set_taken("other", 100_000);
    for number in 1..=2_000 {
        journal.append(Batch::Lines(&[line(number)]), false).unwrap();
        let bytes: u64 =
            place.files().iter().map(|it| fs::metadata(place.path.with_file_name(it)).unwrap().len()).sum();
        assert!(bytes <= 12_288, "{bytes}");
    }
    let mut all = Vec::new();
    for name in place.files() {
        all.extend(records(&place.path.with_file_name(&name)));
    }
    all.sort_by_key(|record| record["seq"].as_u64());
    let gaps: Vec<&Value> = all.iter().filter(|record| record["action"] == "audit.gap").collect();
    assert!(gaps.iter().all(|gap| gap["data"]["sink"] == "store"));
    let kept = all[0]["seq"].as_u64().unwrap();
    assert_eq!(gaps.last().unwrap()["data"]["last_seq"], kept - 1);
    let pairs: Vec<u64> =
        all.windows(2).map(|two| two[1]["seq"].as_u64().unwrap() - two[0]["seq"].as_u64().unwrap()).collect();
    assert!(pairs.iter().all(|step| *step == 1));
}

#[test]
fn what_rotations_tell_does_not_rotate_for_ever() {
    let place = Place::new();
    // No setting can be so small: each of our own records fills a segment, and each rotation is told by another.
    let options = JournalOptions { rotate_bytes: Some(20), rotate_keep: None, max_bytes: Some(40) };
    let mut journal = place.open_with(options);
    journal.head().set_taken("store", 0);
    for number in 1..=5 {
        journal.append(Batch::Lines(&lines(number..=number)), false).unwrap();
    }
    assert!(records(&place.path).iter().any(|record| record["n"] == 5));
}

#[test]
fn a_set_clock_is_told() {
    let place = Place::new();
    let mut journal = place.open();
    journal.append(Batch::Lines(&[line(1)]), false).unwrap();
    journal.clock.set_by(jiff::SignedDuration::from_hours(-24));
    journal.append(Batch::Lines(&[line(2)]), false).unwrap();
    journal.clock.set_by(jiff::SignedDuration::from_secs(90));
    journal.append(Batch::Lines(&[line(3)]), false).unwrap();
    let expected = [(1, "1"), (2, "audit.clock_step"), (3, "2"), (4, "audit.clock_step"), (5, "3")];
    assert_said(&place.path, &expected);
    let steps = [1, 3].map(|at| records(&place.path)[at]["data"]["step_ms"].as_i64().unwrap());
    let is_about = |step: i64, expected: i64| (step - expected).abs() < 1_000;
    assert!(is_about(steps[0], -86_400_000) && is_about(steps[1], 90_000), "{steps:?}");
}

#[test]
fn what_was_taken_before_is_not_given_again() {
    let place = Place::new();
    let mut journal = place.open();
    journal.append(Batch::Lines(&[line(1)]), false).unwrap();
    journal.continue_after(1);
    journal.continue_after(4);
    journal.append(Batch::Lines(&[line(5)]), false).unwrap();
    assert_said(&place.path, &[(1, "1"), (5, "gap file 3 2 4"), (6, "5")]);
}

#[test]
fn no_line_is_longer_than_the_bound() {
    let settings = Settings { max_line_bytes: 2_048, ..Settings::default() };
    let place = Place::new();
    let encoder = Arc::new(Encoder::new(&settings));
    let mut journal = Journal::open(&place.path, JournalOptions::default(), Arc::clone(&encoder)).ok().unwrap();
    journal.next = u64::MAX - 10;
    let long = "x".repeat(5_000);
    let data = [("long", crate::record::Datum::Text(&long))];
    let line = encoder.own("test.event", crate::Outcome::Success, long.clone(), &data);
    journal.append(Batch::Lines(&[line]), false).unwrap();
    let length = fs::metadata(&place.path).unwrap().len();
    assert!((1_900..=2_048).contains(&length), "{length}");
}

#[test]
fn a_shutdown_syncs_and_closes() {
    let place = Place::new();
    let mut journal = place.open();
    let head = Arc::clone(journal.head());
    journal.write(Batch::Lines(&lines(1..=2)), false).unwrap();
    fs::rename(&place.path, place.beside("1")).unwrap();
    journal.shutdown().unwrap();
    assert_said(&place.path, &[(3, "renamed")]);
    drop(journal);
    assert!(head.is_closed());
}

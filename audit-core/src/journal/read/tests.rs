use std::fs::{self, OpenOptions};
use std::io::Write as _;

use proptest::prelude::*;

use super::*;
use crate::journal::lines::MAX_LINE;

fn numbered(seq: u64) -> String {
    format!("{{\"timestamp\":\"2026-11-26T10:00:00.000000Z\",\"user\":\"u{seq}\",\"seq\":{seq}}}\n")
}

fn many(seqs: impl IntoIterator<Item = u64>) -> String {
    seqs.into_iter().map(numbered).collect()
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("audit.jsonl")
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn append(&self, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.path()).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.0.path().join(from), self.0.path().join(to)).unwrap();
    }

    /// A reader that has no opinion on what is there.
    fn reader(&self, after: u64) -> Reader {
        Reader::new(self.path(), after)
    }
}

/// Everything there is now: the seq, 0 without one.
fn rest(reader: &mut Reader) -> Vec<u64> {
    let mut seqs = Vec::new();
    while let Some(entry) = reader.read().unwrap() {
        seqs.push(entry.seq.unwrap_or(0));
    }
    seqs
}

#[test]
fn records_come_in_order_over_segments_whatever_their_names() {
    let folder = Folder::new();
    folder.put("audit.jsonl", &many(41..=50));
    folder.put("audit.jsonl.1", &many(31..=40));
    folder.put("audit.jsonl.2", &many(11..=30));
    folder.put("audit.jsonl.00000000000000000001", &many(1..=10));
    for after in 0..=50 {
        let mut reader = folder.reader(after);
        assert_eq!(rest(&mut reader), (after + 1..=50).collect::<Vec<_>>(), "after {after}");
        assert_eq!(reader.after(), 50);
    }
    assert_eq!(rest(&mut folder.reader(99)), [0; 0]);
    assert_eq!(folder.reader(0).last_seq().unwrap(), Some(50));
}

#[test]
fn records_without_a_seq_come_first() {
    let folder = Folder::new();
    let old = |minute| format!("{{\"timestamp\":\"2026-11-26T10:{minute}:00.000000Z\",\"user\":\"old\"}}\n");
    folder.put("audit.jsonl.2", &(old(10) + &old(11)));
    folder.put("audit.jsonl.1", &(old(12) + &numbered(1) + &numbered(2)));
    folder.put("audit.jsonl", &many(3..=4));
    let mut reader = folder.reader(0);
    let minutes: Vec<String> = std::iter::from_fn(|| reader.read().unwrap())
        .take(3)
        .map(|entry| entry.line.get(crate::Field::Timestamp).unwrap().into_owned())
        .collect();
    assert!(minutes.is_sorted() && minutes[2].contains("10:12"), "{minutes:?}");
    assert_eq!(rest(&mut reader), [1, 2, 3, 4]);
    assert_eq!(rest(&mut folder.reader(1)), [2, 3, 4]);
    assert_eq!(rest(&mut Reader::open_after(folder.path(), 0).unwrap()), [1, 2, 3, 4]);
    // One that comes later is nobody's.
    folder.append(&(old(13) + &numbered(5)));
    assert_eq!(rest(&mut reader), [5]);
    assert_eq!(reader.skipped(), Skipped { foreign: 1, ..Skipped::default() });
    // The numbers begin within the only file.
    let folder = Folder::new();
    folder.append(&(old(10) + &many(1..=2)));
    folder.put("audit.jsonl.part", &numbered(1));
    assert_eq!(folder.reader(0).last_seq().unwrap(), Some(2));
}

#[test]
fn a_reader_follows_renames_and_new_files() {
    let folder = Folder::new();
    folder.append(&many(1..=3));
    let mut reader = folder.reader(0);
    assert_eq!(rest(&mut reader), [1, 2, 3]);
    // As the writer rotates: by rename.
    folder.append(&numbered(4));
    folder.rename("audit.jsonl", "audit.jsonl.00000000000000000001");
    assert_eq!(rest(&mut reader), [4]);
    folder.append(&numbered(5));
    assert_eq!(rest(&mut reader), [5]);
    // As logrotate does: everything is renamed, and the writer goes on for a while in the renamed file.
    folder.rename("audit.jsonl.00000000000000000001", "audit.jsonl.2");
    folder.rename("audit.jsonl", "audit.jsonl.1");
    let mut renamed = OpenOptions::new().append(true).open(folder.0.path().join("audit.jsonl.1")).unwrap();
    renamed.write_all(numbered(6).as_bytes()).unwrap();
    assert_eq!(rest(&mut reader), [6]);
    renamed.write_all(numbered(7).as_bytes()).unwrap();
    folder.append(&many(8..=9));
    assert_eq!(rest(&mut reader), [7, 8, 9]);
    // A removed file is read to its end.
    folder.append(&numbered(10));
    fs::remove_file(folder.path()).unwrap();
    assert_eq!(rest(&mut reader), [10]);
    folder.append(&numbered(11));
    assert_eq!(rest(&mut reader), [11]);
    assert_eq!(reader.skipped().total(), 0);
}

#[test]
fn a_file_that_is_cut_is_read_anew() {
    let folder = Folder::new();
    folder.append(&many(1..=3));
    let mut reader = folder.reader(0);
    assert_eq!(rest(&mut reader), [1, 2, 3]);
    OpenOptions::new().write(true).open(folder.path()).unwrap().set_len(0).unwrap();
    assert_eq!(rest(&mut reader), [0; 0]);
    folder.append(&many(4..=5));
    assert_eq!(rest(&mut reader), [4, 5]);
}

#[test]
fn a_seq_that_stands_twice_is_given_once() {
    let folder = Folder::new();
    folder.put("audit.jsonl.1", &many(1..=10));
    folder.put("audit.jsonl.2", &many(8..=12));
    folder.put("audit.jsonl", &many(13..=14));
    folder.put("audit.jsonl.bak", &many(1..=6));
    for after in 0..=14 {
        assert_eq!(rest(&mut folder.reader(after)), (after + 1..=14).collect::<Vec<_>>(), "after {after}");
    }
    assert_eq!(folder.reader(0).last_seq().unwrap(), Some(14));
}

/// A record whose user says which segment it stands in.
fn of(segment: &str, seqs: impl IntoIterator<Item = u64>) -> String {
    seqs.into_iter().map(|seq| format!("{{\"user\":\"{segment}{seq}\",\"seq\":{seq}}}\n")).collect()
}

fn users(reader: &mut Reader) -> Vec<String> {
    let user = |entry: Entry| entry.line.get(crate::Field::User).unwrap().into_owned();
    std::iter::from_fn(|| reader.read().unwrap()).map(user).collect()
}

#[test]
fn what_an_abandoned_segment_holds_of_numbers_that_were_given_anew_is_not_given() {
    let folder = Folder::new();
    // Its sync failed behind 7, and a power cut brought back what had been taken back.
    folder.put("audit.jsonl.00000000000000000001", &of("a", 1..=12));
    folder.put("audit.jsonl", &of("b", 8..=9));
    let mut reader = folder.reader(0);
    assert_eq!(users(&mut reader), ["a1", "a2", "a3", "a4", "a5", "a6", "a7", "b8", "b9"]);
    assert_eq!(folder.reader(0).last_seq().unwrap(), Some(9));
    // Nor from a position within it, while the one after it has no more yet.
    for after in 7..=12 {
        let mut late = folder.reader(after);
        assert_eq!(users(&mut late), ["b8", "b9"].get(usize::try_from(after - 7).unwrap()..).unwrap_or_default());
        folder.append(&of("b", 10..=10));
        assert_eq!(users(&mut late), if after < 10 { &["b10"][..] } else { &[] }, "after {after}");
        folder.put("audit.jsonl", &of("b", 8..=9));
    }
    assert_eq!(reader.skipped().total(), 0, "nothing of the journal was passed over");
    // Nor by one that was reading it when it was abandoned.
    let folder = Folder::new();
    folder.append(&of("a", 1..=7));
    let mut reader = folder.reader(6);
    assert_eq!(users(&mut reader), ["a7"]);
    folder.rename("audit.jsonl", "audit.jsonl.1");
    folder.append(&of("b", 8..=8));
    assert_eq!(reader.read().unwrap().unwrap().seq, Some(8));
    folder.put("audit.jsonl.1", &of("a", 1..=9));
    assert_eq!(users(&mut reader), [""; 0]);
    folder.append(&of("b", 9..=10));
    assert_eq!(users(&mut reader), ["b9", "b10"]);
}

#[test]
fn of_segments_that_begin_with_one_seq_the_one_that_was_named_last_counts() {
    for names in [
        ["audit.jsonl.00000000000000000003", "audit.jsonl.00000000000000000003.1", "audit.jsonl"],
        [
            "audit.jsonl.00000000000000000003.9",
            "audit.jsonl.00000000000000000003.10",
            "audit.jsonl.00000000000000000003.11",
        ],
    ] {
        let folder = Folder::new();
        folder.put("audit.jsonl.00000000000000000001", &of("a", 1..=4));
        for (name, segment) in names.into_iter().zip(["b", "c", "d"]) {
            folder.put(name, &of(segment, 3..=if segment == "d" { 4 } else { 6 }));
        }
        for after in 0..=6 {
            let expected = ["a1", "a2", "d3", "d4"].get(usize::try_from(after).unwrap()..).unwrap_or_default();
            assert_eq!(users(&mut folder.reader(after)), expected, "after {after}");
        }
        assert_eq!(folder.reader(0).last_seq().unwrap(), Some(4));
    }
}

#[test]
fn a_copy_of_a_part_hides_nothing_once_the_journal_goes_on() {
    let folder = Folder::new();
    folder.put("audit.jsonl.1", &many(1..=10));
    folder.put("audit.jsonl.part", &many(5..=6));
    folder.put("audit.jsonl", &many(11..=12));
    for after in 0..=12 {
        assert_eq!(rest(&mut folder.reader(after)), (after + 1..=12).collect::<Vec<_>>(), "after {after}");
        let mut reader = folder.reader(after);
        for seq in after + 1..=12 {
            assert_eq!(reader.read_to(seq).unwrap().unwrap().seq, Some(seq), "after {after}");
            reader.forget_ahead();
        }
    }
}

#[test]
fn a_copy_that_stands_beside_it_does_not_lead_astray() {
    let folder = Folder::new();
    folder.append(&many(1..=5));
    folder.put("audit.jsonl.bak", &many(1..=5));
    let mut reader = folder.reader(0);
    assert_eq!(rest(&mut reader), [1, 2, 3, 4, 5]);
    folder.append(&numbered(6));
    folder.rename("audit.jsonl", "audit.jsonl.1");
    // Nothing is at the path for a moment.
    assert_eq!(rest(&mut reader), [6]);
    assert_eq!(rest(&mut reader), [0; 0]);
    folder.append(&numbered(7));
    assert_eq!(rest(&mut reader), [7]);
}

#[test]
fn what_was_read_ahead_and_taken_back_is_not_given() {
    let folder = Folder::new();
    folder.append(&many(1..=2));
    let length = fs::metadata(folder.path()).unwrap().len();
    folder.append("{\"user\":\"taken back\",\"seq\":3}\n");
    let mut reader = folder.reader(0);
    assert_eq!(reader.read_to(2).unwrap().unwrap().seq, Some(1));
    assert_eq!(reader.read_to(2).unwrap().unwrap().seq, Some(2));
    reader.forget_ahead();
    OpenOptions::new().write(true).open(folder.path()).unwrap().set_len(length).unwrap();
    folder.append(&numbered(3));
    let entry = reader.read_to(3).unwrap().unwrap();
    assert_eq!(entry.line.get(crate::Field::User).unwrap(), "u3");
}

#[test]
fn a_journal_that_goes_on_beside_what_took_its_place_is_found() {
    let folder = Folder::new();
    folder.append(&many(1..=3));
    let mut reader = folder.reader(0);
    assert_eq!(rest(&mut reader), [1, 2, 3]);
    // A copy stands at the path, and the writer went aside.
    folder.rename("audit.jsonl", "audit.jsonl.moved");
    folder.append(&many(1..=3));
    let mut late = folder.reader(0);
    assert_eq!(late.read_to(3).unwrap().unwrap().seq, Some(1));
    folder.put("audit.jsonl.00000000000000000004", &many(4..=5));
    assert_eq!(rest(&mut reader), [4, 5]);
    for seq in 2..=5 {
        assert_eq!(late.read_to(5).unwrap().unwrap().seq, Some(seq));
    }
}

/// It could not be synced, and something else stood at the path when a new one was begun.
#[test]
fn a_segment_at_the_path_that_was_abandoned_is_left_at_once() {
    let folder = Folder::new();
    folder.append(&of("a", 1..=5));
    folder.put("audit.jsonl.00000000000000000004", &of("b", 4..=6));
    assert_eq!(users(&mut folder.reader(0)), ["a1", "a2", "a3", "b4", "b5", "b6"]);
}

#[test]
fn what_is_missing_is_passed_and_seen_by_the_seq() {
    let folder = Folder::new();
    folder.put("audit.jsonl.1", &many(5..=6));
    folder.put("audit.jsonl", &many(9..=9));
    assert_eq!(rest(&mut folder.reader(0)), [5, 6, 9]);
    assert_eq!(rest(&mut folder.reader(7)), [9]);
    assert_eq!(folder.reader(0).first_seq().unwrap(), Some(5));
}

#[test]
fn broken_lines_are_passed_over_and_counted() {
    let folder = Folder::new();
    let long = format!("{{\"user\":\"{}\",\"seq\":3}}\n", "x".repeat(MAX_LINE));
    folder.put("audit.jsonl.1", &format!("{}nonsense\n\n{long}{}{{\"user\":\"to", numbered(1), numbered(4)));
    folder.put("audit.jsonl", &format!("{}{{\"user\":\"half", numbered(5)));
    let mut reader = folder.reader(0);
    assert_eq!(rest(&mut reader), [1, 4, 5]);
    assert_eq!(reader.skipped(), Skipped { foreign: 2, too_long: 1, torn: 1 });
    // The last line of the newest segment is only not complete yet.
    folder.append("\",\"seq\":6}\n");
    assert_eq!(rest(&mut reader), [6]);
    assert_eq!(reader.skipped().total(), 4);
}

#[test]
fn nothing_above_the_limit_is_given_and_a_line_that_never_gets_due_is_passed() {
    let folder = Folder::new();
    folder.append(&many(1..=4));
    let mut reader = folder.reader(0);
    let upto = |reader: &mut Reader, limit| {
        std::iter::from_fn(|| reader.read_to(limit).unwrap()).map(|entry| entry.seq.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(upto(&mut reader, 2), [1, 2]);
    assert_eq!(upto(&mut reader, 3), [3]);
    // Somebody else's number.
    folder.append(&numbered(1_000_000));
    assert_eq!(upto(&mut reader, 4), [4]);
    assert_eq!(upto(&mut reader, 4), [0; 0]);
    assert_eq!(reader.skipped().total(), 0, "it may be due yet");
    folder.append(&many(5..=6));
    assert_eq!(upto(&mut reader, 6), [5, 6]);
    assert_eq!(reader.skipped(), Skipped { foreign: 1, ..Skipped::default() });
}

#[test]
fn what_is_no_journal_is_refused() {
    let folder = Folder::new();
    assert!(matches!(Reader::open(folder.path()), Err(ReadError::Missing { .. })));
    folder.put("audit.jsonl", "SQLite format 3\0");
    assert!(matches!(Reader::open(folder.path()), Err(ReadError::NotAJournal { .. })));
    folder.put("audit.jsonl", "{\n  \"rotate\": true\n}\n");
    assert!(matches!(Reader::open(folder.path()), Err(ReadError::NotAJournal { .. })));
    assert!(matches!(Reader::open(folder.0.path()), Err(ReadError::NotAJournal { .. })));
    let missing = folder.0.path().join("no/audit.jsonl");
    assert!(matches!(Reader::open(missing), Err(ReadError::List { .. })));
    folder.put("audit.jsonl", "");
    assert!(Reader::open(folder.path()).unwrap().read().unwrap().is_none());
    // Renamed away, and nothing written since.
    folder.append(&numbered(1));
    folder.rename("audit.jsonl", "audit.jsonl.1");
    assert_eq!(rest(&mut Reader::open(folder.path()).unwrap()), [1]);
}

#[cfg(unix)]
#[test]
fn a_link_leads_to_the_journals_segments() {
    let folder = Folder::new();
    folder.put("audit.jsonl.1", &many(1..=2));
    folder.put("audit.jsonl", &many(3..=3));
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("current");
    std::os::unix::fs::symlink(folder.path(), &link).unwrap();
    assert_eq!(rest(&mut Reader::open(link).unwrap()), [1, 2, 3]);
}

/// `grep ana audit.jsonl > audit.jsonl.ana`
#[test]
fn an_extract_beside_the_journal_hides_nothing() {
    let folder = Folder::new();
    folder.append(&many(1..=20));
    folder.put("audit.jsonl.ana", &many([5, 9, 15]));
    assert_eq!(rest(&mut folder.reader(0)), (1..=20).collect::<Vec<_>>());
}

#[test]
fn an_extract_beside_a_rotated_journal_hides_nothing() {
    let folder = Folder::new();
    folder.put("audit.jsonl.00000000000000000001", &many(1..=20));
    folder.append(&many(21..=30));
    folder.put("audit.jsonl.ana", &many([5, 9, 15]));
    assert_eq!(rest(&mut folder.reader(0)), (1..=30).collect::<Vec<_>>());
}

/// `tail -n 3 audit.jsonl > audit.jsonl.tail`, and the journal goes on.
#[test]
fn a_copy_of_a_part_of_the_active_segment_hides_nothing() {
    let folder = Folder::new();
    folder.append(&many(1..=10));
    folder.put("audit.jsonl.tail", &many(8..=10));
    folder.append(&many(11..=20));
    assert_eq!(rest(&mut folder.reader(0)), (1..=20).collect::<Vec<_>>());
    assert_eq!(folder.reader(0).last_seq().unwrap(), Some(20));
}

#[test]
fn a_follower_takes_all_beside_an_extract() {
    let folder = Folder::new();
    folder.append(&many(1..=20));
    folder.put("audit.jsonl.ana", &many([5, 9, 15]));
    let mut reader = folder.reader(0);
    let mut given = Vec::new();
    for _ in 0..3 {
        while let Some(entry) = reader.read_to(20).unwrap() {
            given.push(entry.seq.unwrap());
            reader.forget_ahead();
        }
    }
    assert_eq!(given, (1..=20).collect::<Vec<_>>());
}

#[test]
fn numbers_go_on_behind_what_a_copy_of_a_part_holds() {
    for part in [vec![5, 9, 15], vec![8, 9, 10]] {
        let folder = Folder::new();
        folder.put("audit.jsonl.1", &many(1..=20));
        folder.put("audit.jsonl.part", &many(part));
        let journal = crate::journal::Journal::open(
            &folder.path(),
            crate::journal::JournalOptions::default(),
            crate::journal::tests::encoder(),
        )
        .unwrap();
        assert_eq!(journal.head().written(), 20);
    }
}

#[test]
fn the_last_seq_is_not_that_of_a_copy_of_a_part() {
    let folder = Folder::new();
    folder.append(&many(1..=20));
    folder.put("audit.jsonl.part", &many(8..=10));
    assert_eq!(folder.reader(0).last_seq().unwrap(), Some(20));
}

#[test]
fn what_is_missing_in_all_that_hold_it_is_passed_however_many_they_are() {
    let folder = Folder::new();
    folder.append(&many([1, 2, 9, 10, 15]));
    folder.put("audit.jsonl.bak", &many([1, 2, 9, 10, 15]));
    folder.put("audit.jsonl.ana", &many([2, 9, 15]));
    for after in 0..=15 {
        let left: Vec<u64> = [1, 2, 9, 10, 15].into_iter().filter(|seq| *seq > after).collect();
        assert_eq!(rest(&mut folder.reader(after)), left, "after {after}");
    }
    let mut reader = folder.reader(0);
    assert_eq!(rest(&mut reader), [1, 2, 9, 10, 15]);
    folder.append(&many(16..=17));
    assert_eq!(rest(&mut reader), [16, 17]);
    assert_eq!(reader.skipped().total(), 0);
}

/// The batch was written anew behind a record that tells why, and a power cut brought it back where it had stood first.
#[test]
fn a_segment_counts_up_to_where_the_one_after_it_says_something_else() {
    for both in 5..=11 {
        let folder = Folder::new();
        folder.put("audit.jsonl.00000000000000000001", &of("a", 1..=12));
        folder.append(&(of("a", 5..=both) + &of("b", both + 1..=14)));
        let expected: Vec<String> =
            (1..=both).map(|seq| format!("a{seq}")).chain((both + 1..=14).map(|seq| format!("b{seq}"))).collect();
        for after in 0..=14 {
            assert_eq!(users(&mut folder.reader(after)), expected[usize::try_from(after).unwrap()..], "{both} {after}");
        }
        assert_eq!(folder.reader(0).last_seq().unwrap(), Some(14));
    }
}

#[derive(Debug, Clone)]
enum Step {
    Append(u8),
    Torn,
    Foreign,
    Rotate,
    Shift,
    Extract(u8, u8),
    Read(u8),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..40_u8).prop_map(Step::Append),
        1 => Just(Step::Torn),
        1 => Just(Step::Foreign),
        2 => Just(Step::Rotate),
        1 => Just(Step::Shift),
        2 => (1..6_u8, 0..6_u8).prop_map(|(every, from)| Step::Extract(every, from)),
        4 => (1..60_u8).prop_map(Step::Read),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever the writer and those who rename do between two reads, every seq comes once and in order.
    #[test]
    fn every_seq_comes_once_and_in_order(steps in proptest::collection::vec(step(), 1..60)) {
        let folder = Folder::new();
        folder.append("");
        let mut reader = folder.reader(0);
        let (mut written, mut given, mut shifts) = (0_u64, 0_u64, 0);
        let mut take = |reader: &mut Reader, count: u64, written: u64| {
            for _ in 0..count {
                let Some(entry) = reader.read().unwrap() else {
                    prop_assert_eq!(given, written);
                    break;
                };
                given += 1;
                prop_assert_eq!(entry.seq, Some(given));
            }
            Ok(())
        };
        for step in steps {
            match step {
                Step::Append(count) => {
                    folder.append(&many(written + 1..=written + u64::from(count)));
                    written += u64::from(count);
                }
                // What a crash leaves, and what recovery does: the tail is moved away.
                Step::Torn => {
                    let length = fs::metadata(folder.path()).map_or(0, |found| found.len());
                    folder.append("{\"user\":\"to");
                    take(&mut reader, 1_000, written)?;
                    OpenOptions::new().write(true).open(folder.path()).unwrap().set_len(length).unwrap();
                }
                Step::Foreign => folder.append("nonsense\n"),
                Step::Rotate if folder.path().exists() => {
                    shifts += 1;
                    folder.rename("audit.jsonl", &format!("audit.jsonl.rotated-{shifts}"));
                }
                Step::Shift => {
                    let names: Vec<_> = fs::read_dir(folder.0.path())
                        .unwrap()
                        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                        .filter(|name| name != "audit.jsonl")
                        .collect();
                    for name in names {
                        shifts += 1;
                        folder.rename(&name, &format!("audit.jsonl.shifted-{shifts}"));
                    }
                }
                Step::Rotate => {}
                // What somebody was looking for, or the file's end, is kept beside it.
                Step::Extract(every, from) => {
                    shifts += 1;
                    let text = fs::read_to_string(folder.path()).unwrap_or_default();
                    let is_wanted = |line: &&str| {
                        let seq = seq_of(line.as_bytes()).unwrap_or(0);
                        if every == 1 { seq + u64::from(from) > written } else { seq.is_multiple_of(u64::from(every)) }
                    };
                    let part: String = text.split_inclusive('\n').filter(is_wanted).collect();
                    folder.put(&format!("audit.jsonl.extract-{shifts}"), &part);
                }
                Step::Read(count) => take(&mut reader, u64::from(count), written)?,
                Step::Restart => reader = folder.reader(reader.after()),
            }
        }
        take(&mut reader, u64::MAX, written)?;
    }

    /// However the records are spread over files, and however often: each that stands in any of them comes once.
    #[test]
    fn what_any_of_many_parts_holds_is_given(
        parts in proptest::collection::vec(proptest::collection::btree_set(1..40_u64, 1..30), 1..6),
        are_named_by_us in any::<bool>(),
        after in 0..40_u64,
    ) {
        let folder = Folder::new();
        for (index, part) in parts.iter().enumerate() {
            let first = part.first().copied().unwrap_or(0);
            let name = if are_named_by_us { format!("{first:020}.{}", index + 1) } else { format!("part-{index}") };
            folder.put(&format!("audit.jsonl.{name}"), &many(part.iter().copied()));
        }
        folder.append(&many(40..=41));
        let held: std::collections::BTreeSet<u64> = parts.into_iter().flatten().chain(40..=41).collect();
        let expected: Vec<u64> = held.into_iter().filter(|seq| *seq > after).collect();
        let mut following = folder.reader(after);
        for seq in &expected {
            prop_assert_eq!(following.read_to(41).unwrap().unwrap().seq, Some(*seq));
            following.forget_ahead();
        }
        prop_assert_eq!(rest(&mut folder.reader(after)), expected);
        prop_assert_eq!(folder.reader(0).last_seq().unwrap(), Some(41));
    }
}

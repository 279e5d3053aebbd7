//! What others do to the journal's files.

use super::*;

#[test]
fn a_renamed_file_is_left_and_a_new_one_begun() {
    let place = Place::new();
    let mut journal = place.open();
    journal.append(Batch::Lines(&lines(1..=2)), false).unwrap();
    fs::rename(&place.path, place.beside("1")).unwrap();
    journal.append(Batch::Lines(&[line(3)]), false).unwrap();
    journal.append(Batch::Lines(&[line(4)]), false).unwrap();
    assert_eq!(records(&place.beside("1")).len(), 2);
    assert_said(&place.path, &[(3, "renamed"), (4, "3"), (5, "4")]);
    let data = &records(&place.path)[0]["data"];
    assert_eq!((&data["first_seq"], &data["last_seq"]), (&1.into(), &2.into()));
}

#[cfg(unix)]
#[test]
fn logrotate_may_make_the_new_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let mut journal = place.open();
    journal.append(Batch::Lines(&lines(1..=2)), false).unwrap();
    for reopens in [true, false] {
        fs::rename(&place.path, place.beside(if reopens { "1" } else { "2" })).unwrap();
        fs::write(&place.path, "").unwrap();
        fs::set_permissions(&place.path, fs::Permissions::from_mode(0o644)).unwrap();
        if reopens {
            journal.reopen().unwrap();
        }
        journal.append(Batch::Lines(&[line(3)]), true).unwrap();
        assert_eq!(fs::metadata(&place.path).unwrap().permissions().mode() & 0o777, 0o644);
    }
    assert_said(&place.beside("1"), &[(1, "1"), (2, "2")]);
    assert_said(&place.beside("2"), &[(3, "renamed"), (4, "3")]);
    assert_said(&place.path, &[(5, "renamed"), (6, "3")]);
    assert_eq!(place.files().len(), 3, "nothing was rotated by us: {:?}", place.files());
}

#[test]
fn logrotate_may_copy_and_truncate() {
    let place = Place::new();
    let mut journal = place.open();
    journal.append(Batch::Lines(&lines(1..=2)), false).unwrap();
    fs::copy(&place.path, place.beside("1")).unwrap();
    fs::OpenOptions::new().write(true).open(&place.path).unwrap().set_len(0).unwrap();
    journal.append(Batch::Lines(&[line(3)]), false).unwrap();
    assert_said(&place.path, &[(3, "truncated"), (4, "3")]);
}

#[test]
fn a_removed_file_is_a_gap() {
    let place = Place::new();
    let mut journal = place.open();
    journal.append(Batch::Lines(&lines(1..=3)), false).unwrap();
    fs::remove_file(&place.path).unwrap();
    journal.append(Batch::Lines(&[line(4)]), true).unwrap();
    assert_said(&place.path, &[(4, "removed"), (5, "gap file 3 1 3"), (6, "4")]);
    assert_eq!(journal.take_own(), 2);
    drop(journal);
    assert_eq!(place.open().head().written(), 6);
}

#[test]
fn of_a_removed_file_what_a_copy_of_a_part_holds_is_not_missing() {
    let place = Place::new();
    let mut journal = place.open();
    journal.append(Batch::Lines(&lines(1..=20)), false).unwrap();
    let part = [5, 9, 10, 15].map(|number| format!("{{\"n\":{number},\"seq\":{number}}}\n")).concat();
    fs::write(place.beside("part"), part).unwrap();
    fs::write(place.beside("other"), "{\"n\":10,\"seq\":10}\n{\"n\":20,\"seq\":20}\n").unwrap();
    fs::remove_file(&place.path).unwrap();
    journal.append(Batch::Lines(&[line(21)]), false).unwrap();
    assert_said(&place.path, &[(21, "removed"), (22, "gap file 15 1 20"), (23, "21")]);
}

#[test]
fn a_removed_folder_fails_until_it_is_back() {
    let place = Place::new();
    let mut journal = place.open();
    journal.append(Batch::Lines(&lines(1..=3)), false).unwrap();
    let folder = place.path.parent().unwrap();
    fs::remove_dir_all(folder).unwrap();
    for sync in [false, true, false] {
        assert_eq!(journal.append(Batch::Lines(&[line(4)]), sync).unwrap_err().written, 0);
    }
    fs::create_dir(folder).unwrap();
    journal.append(Batch::Lines(&[line(5)]), true).unwrap();
    assert_said(&place.path, &[(4, "removed"), (5, "gap file 3 1 3"), (6, "5")]);
}

#[test]
fn an_edited_file_is_gone_on_in_and_what_it_lacks_is_a_gap() {
    let place = Place::new();
    let mut journal = place.open();
    journal.append(Batch::Lines(&lines(1..=4)), false).unwrap();
    let text = fs::read_to_string(&place.path).unwrap();
    let kept: Vec<&str> = text.split_inclusive('\n').take(2).collect();
    fs::write(place.beside("tmp"), kept.concat()).unwrap();
    fs::rename(place.beside("tmp"), &place.path).unwrap();
    journal.append(Batch::Lines(&[line(5)]), false).unwrap();
    assert_said(&place.path, &[(1, "1"), (2, "2"), (5, "removed"), (6, "gap file 2 1 4"), (7, "5")]);
}

#[cfg(unix)]
#[test]
fn a_file_that_is_replaced_is_gone_on_in_beside_it() {
    type Put = fn(&Path);
    let puts: [Put; 5] = [
        |path| fs::create_dir(path).unwrap(),
        |path| std::os::unix::fs::symlink("/etc/passwd", path).unwrap(),
        |path| fs::write(path, "buy milk\n").unwrap(),
        |path| drop(std::os::unix::net::UnixListener::bind(path).unwrap()),
        |path| assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success()),
    ];
    for put in puts {
        let place = Place::new();
        let mut journal = place.open();
        journal.append(Batch::Lines(&lines(1..=2)), true).unwrap();
        fs::rename(&place.path, place.beside("1")).unwrap();
        put(&place.path);
        journal.append(Batch::Lines(&[line(3)]), true).unwrap();
        journal.append(Batch::Lines(&[line(4)]), true).unwrap();
        let aside = place.beside("00000000000000000003");
        let change = &said(&aside)[0].1;
        assert!(change == "replaced" || change == "renamed", "{change}");
        assert_eq!(records(&aside).len(), 3);
        // Once it is free again, it is used again.
        if place.path.is_dir() { fs::remove_dir(&place.path) } else { fs::remove_file(&place.path) }.unwrap();
        journal.append(Batch::Lines(&[line(5)]), true).unwrap();
        assert_said(&place.path, &[(6, "5")]);
        drop(journal);
        assert_eq!(place.open().head().written(), 6);
    }
}

#[test]
fn a_truncated_file_is_a_gap_of_what_it_lost() {
    let place = Place::new();
    let mut journal = place.open();
    journal.append(Batch::Lines(&lines(1..=4)), false).unwrap();
    let one = fs::metadata(&place.path).unwrap().len() / 4;
    // Within the third record.
    fs::OpenOptions::new().write(true).open(&place.path).unwrap().set_len(one * 2 + 5).unwrap();
    journal.append(Batch::Lines(&[line(5)]), false).unwrap();
    let expected = [(1, "1"), (2, "2"), (5, "truncated"), (6, "audit.torn_tail"), (7, "gap file 2 3 4"), (8, "5")];
    assert_said(&place.path, &expected);
    assert_eq!(records(&place.path)[2]["data"]["bytes"], one * 2 - 5);
    drop(journal);
    // The numbers that are missing are no torn tail.
    place.open().append(Batch::Lines(&[line(6)]), false).unwrap();
    assert_eq!(said(&place.path).last().unwrap(), &(9, "6".to_owned()));
}

#[test]
fn what_others_append_stays_and_ours_stand_alone() {
    use std::io::Write as _;
    let place = Place::new();
    let mut journal = place.open();
    journal.append(Batch::Lines(&[line(1)]), false).unwrap();
    let mut other = fs::OpenOptions::new().append(true).open(&place.path).unwrap();
    other.write_all(b"buy milk").unwrap();
    journal.append(Batch::Lines(&[line(2)]), true).unwrap();
    other.write_all(b"and bread\n").unwrap();
    journal.append(Batch::Lines(&[line(3)]), false).unwrap();
    drop(journal);
    let text = fs::read_to_string(&place.path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines.len(), lines[1], lines[4]), (7, "buy milk", "and bread"), "{text}");
    let ours: Vec<Value> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(ours.iter().map(|it| it["seq"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    // It is not taken for a torn tail afterwards.
    assert_eq!(place.open().head().written(), 5);
    assert_eq!(place.files(), ["audit.jsonl"]);
}

/// The writer and its readers tell segments by one rule.
#[test]
fn what_others_wrote_into_or_beside_segments_makes_none_and_hides_none() {
    let place = Place::new();
    fs::write(place.beside("1"), "buy milk\n{\"n\":1,\"seq\":1}\n{\"n\":2,\"seq\":2}\n").unwrap();
    fs::write(place.beside("conf"), "{\"rotate\":true}\n").unwrap();
    let options = JournalOptions { rotate_bytes: Some(20), rotate_keep: Some(1), max_bytes: None };
    let mut journal = place.open_with(options);
    journal.append(Batch::Lines(&[line(3)]), false).unwrap();
    assert_said(&place.path, &[(3, "3")]);
    let mut reader = Reader::open(&place.path).unwrap();
    let seqs: Vec<u64> = std::iter::from_fn(|| reader.read().unwrap()).map(|entry| entry.seq.unwrap()).collect();
    assert_eq!(seqs, [1, 2, 3]);
    // Nor is it removed with the segments that are too many.
    journal.append(Batch::Lines(&lines(4..=5)), false).unwrap();
    assert_eq!(place.files(), ["audit.jsonl", "audit.jsonl.00000000000000000004", "audit.jsonl.conf"]);
}

/// Copies of a segment, whole and in part, show no more than it does.
#[test]
fn numbers_go_on_behind_the_segment_that_holds_most() {
    let place = Place::new();
    place.open().append(Batch::Lines(&lines(1..=4)), false).unwrap();
    let text = fs::read_to_string(&place.path).unwrap();
    fs::rename(&place.path, place.beside("1")).unwrap();
    fs::remove_file(place.beside("lock")).unwrap();
    for (name, lines) in [("bak", 2), ("bal", 3), ("bam", 1)] {
        fs::write(place.beside(name), text.split_inclusive('\n').take(lines).collect::<String>()).unwrap();
    }
    place.open().append(Batch::Lines(&lines(5..=5)), false).unwrap();
    assert_said(&place.path, &[(5, "5")]);
}

/// logrotate with `compress`, before the first record of the new file: no file shows a number any more.
#[test]
fn numbers_go_on_when_every_segment_was_moved_away() {
    let place = Place::new();
    place.open().append(Batch::Lines(&lines(1..=3)), false).unwrap();
    fs::rename(&place.path, place.beside("1.gz")).unwrap();
    place.open().append(Batch::Lines(&lines(4..=4)), false).unwrap();
    assert!(fs::read_to_string(&place.path).unwrap().contains("\"seq\":4}"));
    // An end that was cut off is a gap, and not the same numbers again.
    fs::write(&place.path, "").unwrap();
    place.open().append(Batch::Lines(&lines(5..=5)), false).unwrap();
    assert!(fs::read_to_string(&place.path).unwrap().contains("\"seq\":5}"));
}

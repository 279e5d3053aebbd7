//! The journal on a disk on which any call can fail.

mod memory;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;

use self::memory::{Fault, Memory};
use super::tests::{encoder, line};
use super::{Journal, JournalOptions, Reader, segments};
use crate::delivery::{Batch, Writer as _};
use crate::record::Line;
use crate::sink::WriteError;

const PATH: &str = "/log/audit.jsonl";

/// Everything that a reader finds, by seq.
fn read(memory: &Memory) -> BTreeMap<u64, Value> {
    let mut world = memory.world().clone();
    world.restart();
    let memory = Memory(Arc::new(Mutex::new(world)));
    for segment in segments::find(&memory, Path::new(PATH)).unwrap() {
        let world = memory.world();
        let text = String::from_utf8_lossy(&world.files[world.names[&segment.path]].bytes).into_owned();
        let mut last = Some(0);
        for line in text.split_inclusive('\n') {
            let record = line.strip_suffix('\n').and_then(|line| serde_json::from_str::<Value>(line).ok());
            let seq = record.map(|record| record["seq"].as_u64().unwrap());
            if seq.is_some_and(|seq| segment.until.is_some_and(|until| seq >= until)) {
                break;
            }
            assert!(seq.is_none() || last.is_some(), "a record behind a torn one");
            assert!(seq.is_none() || last < seq, "{}: {text}", segment.path.display());
            last = seq;
        }
    }
    let mut reader = Reader::new_on(Box::new(memory.clone()), PATH.into(), 0);
    let mut records = BTreeMap::new();
    while let Some(entry) = reader.read().unwrap() {
        let record = serde_json::from_slice(entry.line.bytes()).unwrap();
        assert!(records.insert(entry.seq.unwrap(), record).is_none());
    }
    records
}

/// Longer than any pause.
const LONG: Duration = Duration::from_secs(31);

/// What a run promised and was refused.
#[derive(Debug, Default)]
struct Promises {
    acknowledged: Vec<u64>,
    /// Those of them that were to be synced.
    synced: Vec<u64>,
    refused: BTreeSet<u64>,
}

#[track_caller]
fn opened(memory: &Memory, options: JournalOptions) -> Journal {
    Journal::open_on(Box::new(memory.clone()), Path::new(PATH), options, encoder())
        .unwrap_or_else(|it| panic!("{it:?}"))
}

/// Appends numbers in batches of these sizes, each offered once, until all are offered or the process has ended.
fn run(memory: &Memory, options: JournalOptions, batches: &[(u64, bool)], from: u64) -> Promises {
    let mut promises = Promises::default();
    let opened = Journal::open_on(Box::new(memory.clone()), Path::new(PATH), options, encoder());
    let Ok(mut journal) = opened else { return promises };
    let mut number = from;
    for (size, sync) in batches {
        let numbers: Vec<u64> = (number..number + size).collect();
        number += size;
        let lines: Vec<Line> = numbers.iter().map(|number| line(*number)).collect();
        journal.names.wait(LONG);
        let written = match journal.append(Batch::Lines(&lines), *sync) {
            Ok(()) => lines.len(),
            Err(error) => error.written,
        };
        promises.acknowledged.extend(&numbers[..written]);
        promises.synced.extend(if *sync { &numbers[..written] } else { &[] });
        promises.refused.extend(&numbers[written..]);
        if memory.world().ended {
            break;
        }
    }
    promises
}

/// Starts anew and appends without any fault.
#[track_caller]
fn run_well(memory: &Memory, from: u64) -> Vec<u64> {
    let batches = batches(true);
    let promises = run(memory, SMALL, &batches, from);
    assert!(promises.refused.is_empty());
    assert_eq!(promises.acknowledged.len() as u64, batches.iter().map(|(size, _)| size).sum::<u64>());
    promises.acknowledged
}

fn numbers(records: &BTreeMap<u64, Value>) -> Vec<u64> {
    records.values().filter_map(|record| record["n"].as_u64()).collect()
}

/// Nothing acknowledged is missing, out of order or there twice, and no number of the journal's is missing.
#[track_caller]
fn assert_kept(memory: &Memory, acknowledged: &[u64], what: &str) {
    let records = read(memory);
    let last = records.keys().next_back().copied().unwrap_or(0);
    let told: Vec<(u64, u64)> = records
        .values()
        .filter(|it| it["action"] == "audit.sync_failed")
        .filter_map(|it| Some((it["data"]["first_seq"].as_u64()?, it["data"]["last_seq"].as_u64()?)))
        .collect();
    let is_told = |seq: u64| told.iter().any(|(first, last)| (*first..=*last).contains(&seq));
    let gone: Vec<u64> = (1..=last).filter(|seq| !records.contains_key(seq) && !is_told(*seq)).collect();
    assert!(gone.is_empty(), "{what}: nothing tells what became of {gone:?}");
    let numbers = numbers(&records);
    assert!(numbers.is_sorted_by(|one, other| one < other), "{what}: {numbers:?}");
    let held: BTreeSet<u64> = numbers.into_iter().collect();
    let missing: Vec<&u64> = acknowledged.iter().filter(|number| !held.contains(number)).collect();
    assert!(missing.is_empty(), "{what}: missing {missing:?} of {held:?}");
}

const SMALL: JournalOptions = JournalOptions { rotate_bytes: Some(1_000), rotate_keep: None, max_bytes: None };

/// Records in batches of all sizes, some synced, over several segments.
fn batches(sync: bool) -> Vec<(u64, bool)> {
    [1, 2, 60, 1, 3, 1, 70, 2, 1, 1].into_iter().map(|size| (size, sync)).collect()
}

fn calls_of_a_run(sync: bool) -> u32 {
    let memory = Memory::default();
    let promises = run(&memory, SMALL, &batches(sync), 1);
    assert!(promises.refused.is_empty());
    assert!(read(&memory).len() >= 142 && memory.world().names.len() > 2);
    memory.world().calls
}

#[test]
fn any_call_may_fail_once() {
    for sync in [false, true] {
        for at in 1..=calls_of_a_run(sync) {
            let memory = Memory::failing(Some((at, Fault::Once)));
            let mut promises = run(&memory, SMALL, &batches(sync), 1);
            let what = format!("sync {sync}, call {at}");
            assert_kept(&memory, &promises.acknowledged, &what);
            let held: BTreeSet<u64> = numbers(&read(&memory)).into_iter().collect();
            // What was refused left nothing, for its sender may offer it again.
            assert!(promises.refused.is_disjoint(&held), "{what}: {:?}", promises.refused);
            // One fault costs one batch at most.
            assert!(promises.refused.len() <= 70, "{what}");
            memory.world().restart();
            promises.acknowledged.extend(run_well(&memory, 1_000));
            assert_kept(&memory, &promises.acknowledged, &what);
        }
    }
}

#[test]
fn a_full_disk_costs_what_comes_while_it_is_full() {
    for sync in [false, true] {
        for at in 1..=calls_of_a_run(sync) {
            let memory = Memory::failing(Some((at, Fault::Full(20))));
            let promises = run(&memory, SMALL, &batches(sync), 1);
            let what = format!("sync {sync}, call {at}");
            assert_kept(&memory, &promises.acknowledged, &what);
            memory.world().restart();
            let after = run_well(&memory, 1_000);
            assert_kept(&memory, &[promises.acknowledged, after].concat(), &what);
        }
    }
}

#[test]
fn the_process_may_end_at_any_call() {
    for sync in [false, true] {
        for at in 1..=calls_of_a_run(sync) {
            let memory = Memory::failing(Some((at, Fault::End)));
            let promises = run(&memory, SMALL, &batches(sync), 1);
            memory.world().restart();
            let after = run_well(&memory, 1_000);
            let what = format!("sync {sync}, call {at}");
            assert_kept(&memory, &[promises.acknowledged, after].concat(), &what);
        }
    }
}

/// Of what is only written nothing is promised but that it leaves no gap.
#[test]
fn what_is_acknowledged_outlives_a_power_cut_at_any_call() {
    for mixed in [false, true] {
        let some = |(index, (size, _))| (size, !mixed || index % 3 == 2);
        let batches: Vec<(u64, bool)> = batches(true).into_iter().enumerate().map(some).collect();
        for at in 1..=calls_of_a_run(true) {
            for seed in 0..8 {
                let memory = Memory::failing(Some((at, Fault::End)));
                let promises = run(&memory, SMALL, &batches, 1);
                cut(&memory, seed);
                let after = run_well(&memory, 1_000);
                assert_kept(&memory, &[promises.synced, after].concat(), &format!("{mixed}, call {at}, {seed}"));
            }
        }
    }
}

#[test]
fn a_call_that_failed_before_the_power_was_cut_does_no_harm() {
    for at in 1..=calls_of_a_run(true) {
        for seed in 0..6 {
            let memory = Memory::failing(Some((at, Fault::Once)));
            let batches = batches(true);
            let promises = run(&memory, SMALL, &batches[..=draws(seed)(batches.len())], 1);
            cut(&memory, seed);
            let after = run_well(&memory, 1_000);
            assert_kept(&memory, &[promises.acknowledged, after].concat(), &format!("call {at}, {seed}"));
        }
    }
}

/// The directory's first syncs fail, from any of them on. What is acknowledged afterwards has a name all the same.
#[test]
fn a_failed_sync_of_the_directory_is_not_believed_when_it_is_tried_again() {
    let mut refused = 0;
    for batches in [batches(true), [(2, true), (70, false), (70, false), (3, true), (70, false), (1, true)].to_vec()] {
        for skipped in 0..6 {
            for failing in 1..4 {
                for seed in 0..4 {
                    let memory = Memory::default();
                    memory.world().directory_fault = Some((skipped, failing));
                    let promises = run(&memory, SMALL, &batches, 1);
                    let what = format!("{skipped}, {failing}, {seed}");
                    assert_kept(&memory, &promises.acknowledged, &what);
                    // What was refused left nothing, for its sender may offer it again.
                    let held: BTreeSet<u64> = numbers(&read(&memory)).into_iter().collect();
                    assert!(promises.refused.is_disjoint(&held), "{what}: {:?}", promises.refused);
                    refused += promises.refused.len();
                    cut(&memory, seed);
                    let after = run_well(&memory, 1_000);
                    assert_kept(&memory, &[promises.synced, after].concat(), &what);
                }
            }
        }
    }
    assert!(refused > 0);
}

#[test]
fn a_failed_sync_of_the_directory_is_told_and_its_segment_is_left() {
    let memory = Memory::default();
    let mut journal = opened(&memory, JournalOptions::default());
    journal.append(Batch::Lines(&[line(1)]), true).unwrap();
    journal.append(Batch::Lines(&[line(2)]), false).unwrap();
    journal.reopen().unwrap();
    memory.world().directory_fault = Some((0, 2));
    journal.append(Batch::Lines(&[line(3)]), false).unwrap();
    journal.reopen().unwrap();
    let error = journal.append(Batch::Lines(&[line(4)]), true).unwrap_err();
    assert_eq!((error.written, error.source.to_string()), (0, "cannot sync the folder /log: injected".to_owned()));
    journal.names.wait(LONG);
    journal.append(Batch::Lines(&[line(5)]), true).unwrap();
    journal.append(Batch::Lines(&[line(6)]), true).unwrap();
    let said: Vec<String> =
        read(&memory).values().map(|it| it["n"].as_u64().map_or("own".into(), |n| n.to_string())).collect();
    assert_eq!(said, ["1", "2", "3", "own", "5", "6"]);
    assert_eq!(read(&memory)[&4]["data"]["file"], "/log");
    let names: Vec<_> = memory.world().names.keys().map(|path| path.to_str().unwrap().to_owned()).collect();
    let rotated = |first: u64| format!("/log/audit.jsonl.{first:020}");
    assert_eq!(names, ["/log/audit.jsonl".to_owned(), rotated(1), rotated(3)], "each by its own name again");
    cut(&memory, 0);
    assert_eq!(numbers(&read(&memory)), [1, 2, 3, 5, 6]);
}

/// A power cut brings back what was taken back from a segment that was abandoned. Others have its numbers by then.
#[test]
fn what_was_refused_does_not_come_back_in_the_place_of_what_was_acknowledged() {
    let batches = [(1, true), (2, true), (3, true), (20, true), (2, true), (1, true), (2, true)];
    for seed in 0..2_000 {
        let mut draw = draws(seed);
        let at = 10 + u32::try_from(draw(40)).unwrap();
        let calls = (0..1 + draw(4)).fold(1, |calls, _| calls | 1_u64 << draw(16));
        let memory = Memory::failing(Some((at, Fault::Some(calls))));
        let promises = run(&memory, SMALL, &batches[..1 + draw(batches.len())], 1);
        cut(&memory, seed);
        let after = run_well(&memory, 1_000);
        assert_kept(&memory, &[promises.acknowledged, after].concat(), &format!("seed {seed}: {at}, {calls:b}"));
    }
}

/// The sync fails, that of the new segment too, and there nothing can be taken back.
#[test]
fn what_stays_though_it_was_refused_is_told_of() {
    let memory = Memory::default();
    let mut journal = opened(&memory, JournalOptions::default());
    // After two looks and the write.
    let first = memory.world().calls + 4;
    // As many calls as it takes to come to the new segment's own sync.
    let calls_between = {
        let memory = Memory::default();
        let mut journal = opened(&memory, JournalOptions::default());
        let first = memory.world().calls + 4;
        memory.world().fault = Some((first, Fault::Once));
        journal.append(Batch::Lines(&[line(1)]), true).unwrap();
        // The record that tells of it is written and synced, too.
        memory.world().calls - first - 2
    };
    let bits = 1 | 1 << calls_between | 1 << (calls_between + 1);
    memory.world().fault = Some((first, Fault::Some(bits)));
    assert_eq!(journal.append(Batch::Lines(&[line(1)]), true).unwrap_err().written, 0);
    journal.append(Batch::Lines(&[line(2)]), true).unwrap();
    let told: Vec<Value> = read(&memory).into_values().filter(|it| it["action"] == "audit.sync_failed").collect();
    let ranges: Vec<&Value> = told.iter().map(|it| &it["data"]["last_seq"]).collect();
    assert_eq!(ranges, [&Value::Null, &1.into()], "{told:?}");
}

/// A new life syncs what the one before only wrote, before anything stands behind it.
#[test]
fn what_an_earlier_life_wrote_is_synced_before_it_is_left() {
    for at in 1..60 {
        for seed in 0..16 {
            let memory = Memory::default();
            run(&memory, SMALL, &[(20, false), (9, false)], 1);
            {
                let mut world = memory.world();
                world.fault = Some((world.calls + at, Fault::End));
            }
            let promises = run(&memory, SMALL, &[(60, true), (1, true)], 100);
            cut(&memory, seed);
            let after = run_well(&memory, 1_000);
            assert_kept(&memory, &[promises.acknowledged, after].concat(), &format!("call {at}, {seed}"));
        }
    }
}

/// Several calls fail, wherever it hurts: what is refused may stand all the same, and what is acknowledged does.
#[test]
fn any_calls_may_fail_together() {
    let batches = |sync: bool| [(1, sync), (2, !sync), (3, sync), (50, sync), (2, sync), (2, true)];
    for seed in 0..2_500 {
        let mut draw = draws(seed);
        // Opening goes well: what fails there stops the start.
        let at = 10 + u32::try_from(draw(60)).unwrap();
        let calls = (0..2 + draw(4)).fold(1, |calls, _| calls | 1_u64 << draw(16));
        let memory = Memory::failing(Some((at, Fault::Some(calls))));
        let promises = run(&memory, SMALL, &batches(seed % 2 == 0), 1);
        memory.world().restart();
        let after = run_well(&memory, 1_000);
        assert_kept(&memory, &[promises.acknowledged, after].concat(), &format!("seed {seed}: {at}, {calls:b}"));
    }
}

fn kind_of(error: &WriteError) -> io::ErrorKind {
    error.source.downcast_ref::<io::Error>().unwrap().kind()
}

fn cut(memory: &Memory, seed: u64) {
    memory.world().restart_after_cut(draws(seed));
}

/// Numbers below a bound, the same for a seed.
fn draws(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below.max(1)
    }
}

#[test]
fn files_that_may_not_grow_are_followed_by_more_of_them() {
    for sync in [false, true] {
        let memory = Memory::default();
        memory.world().limit = Some(500);
        let promises = run(&memory, JournalOptions::default(), &batches(sync), 1);
        assert!(promises.refused.is_empty(), "{:?}", promises.refused);
        assert_kept(&memory, &promises.acknowledged, "limit");
        assert!(memory.world().names.len() > 5);
        // Not even one record has room.
        memory.world().limit = Some(10);
        assert_eq!(run(&memory, JournalOptions::default(), &[(2, sync), (1, sync)], 1_000).acknowledged, [0; 0]);
        memory.world().limit = None;
        let after = run_well(&memory, 2_000);
        assert_kept(&memory, &[promises.acknowledged, after].concat(), "limit");
    }
}

/// What was written before the file was at its limit is taken back, if that can be done. NUL bytes are what stands there if
/// more is taken back than was written.
#[test]
fn a_file_at_its_limit_that_cannot_be_rotated_holds_whole_records_and_nothing_else() {
    for sync in [false, true] {
        let memory = Memory::default();
        let mut journal = opened(&memory, JournalOptions::default());
        journal.append(Batch::Lines(&[line(1), line(2)]), sync).unwrap();
        let length = memory.world().files[0].bytes.len();
        // Room for one more record and a half.
        memory.world().limit = Some(length + 25);
        memory.world().no_new_files = true;
        let error = journal.append(Batch::Lines(&[line(3), line(4)]), sync).unwrap_err();
        assert_eq!((error.written, kind_of(&error)), (0, io::ErrorKind::FileTooLarge));
        let text = String::from_utf8(memory.world().files[0].bytes.clone()).unwrap();
        assert_eq!(text, "{\"n\":1,\"seq\":1}\n{\"n\":2,\"seq\":2}\n");
        memory.world().no_new_files = false;
        journal.append(Batch::Lines(&[line(5)]), sync).unwrap();
        assert_eq!(numbers(&read(&memory)), [1, 2, 5]);
    }
}

/// A process that can open nothing more has no new segment for what it could not sync.
#[test]
fn without_descriptors_what_cannot_be_synced_is_refused_until_there_are_some() {
    let memory = Memory::default();
    let mut journal = opened(&memory, JournalOptions::default());
    journal.append(Batch::Lines(&[line(1)]), true).unwrap();
    memory.world().no_new_files = true;
    journal.reopen().unwrap_err();
    journal.append(Batch::Lines(&[line(2)]), true).unwrap();
    // The sync is the fourth call of a batch.
    let at = memory.world().calls + 4;
    memory.world().fault = Some((at, Fault::Once));
    for number in 3..5 {
        assert_eq!(journal.append(Batch::Lines(&[line(number)]), true).unwrap_err().written, 0);
    }
    memory.world().no_new_files = false;
    journal.append(Batch::Lines(&[line(5)]), true).unwrap();
    assert_eq!(numbers(&read(&memory)), [1, 2, 5]);
    assert_kept(&memory, &[1, 2, 5], "no descriptors");
}

#[test]
fn short_and_interrupted_writes_are_gone_on_with() {
    for sync in [false, true] {
        let memory = Memory::default();
        memory.world().trickle = Some(7);
        let promises = run(&memory, SMALL, &batches(sync), 1);
        assert!(promises.refused.is_empty());
        assert_kept(&memory, &promises.acknowledged, "trickle");
    }
}

#[test]
fn a_disk_that_turns_read_only_costs_what_comes_meanwhile() {
    for sync in [false, true] {
        let memory = Memory::default();
        let mut journal = opened(&memory, SMALL);
        journal.append(Batch::Lines(&[line(1)]), sync).unwrap();
        memory.world().is_read_only = true;
        for number in 2..5 {
            let error = journal.append(Batch::Lines(&[line(number)]), sync).unwrap_err();
            assert_eq!((error.written, kind_of(&error)), (0, io::ErrorKind::ReadOnlyFilesystem));
        }
        memory.world().is_read_only = false;
        journal.append(Batch::Lines(&[line(5)]), sync).unwrap();
        assert_eq!(numbers(&read(&memory)), [1, 5]);
        assert_kept(&memory, &[1, 5], "read-only");
    }
}

#[test]
fn a_rotation_that_fails_half_way_goes_on_under_the_rotated_name() {
    let memory = Memory::default();
    let mut journal = opened(&memory, JournalOptions::default());
    journal.append(Batch::Lines(&[line(1)]), true).unwrap();
    memory.world().refused_name = Some(PATH.into());
    journal.reopen().unwrap_err();
    let rotated = PathBuf::from("/log/audit.jsonl.00000000000000000001");
    assert_eq!(memory.world().names.keys().collect::<Vec<_>>(), [&rotated]);
    // Nobody else renamed it, and nothing says so.
    journal.append(Batch::Lines(&[line(2)]), true).unwrap();
    assert_eq!(read(&memory).len(), 2);
    assert_eq!(memory.world().names.keys().collect::<Vec<_>>(), [Path::new(PATH), &rotated]);
    // Nor if the process ended before that.
    memory.world().refused_name = Some(PATH.into());
    journal.reopen().unwrap_err();
    drop(journal);
    assert_kept(&memory, &[&[1, 2], &run_well(&memory, 1_000)[..]].concat(), "rotation");
}

/// As above, and the name that it goes on under is in doubt.
#[test]
fn a_name_in_doubt_is_given_anew_wherever_the_active_segment_stands() {
    for seed in 0..8 {
        let memory = Memory::default();
        let mut journal = opened(&memory, JournalOptions::default());
        journal.append(Batch::Lines(&[line(1)]), true).unwrap();
        memory.world().refused_name = Some(PATH.into());
        journal.reopen().unwrap_err();
        memory.world().is_read_only = true;
        journal.append(Batch::Lines(&[line(2)]), true).unwrap_err();
        memory.world().is_read_only = false;
        // Nor can the new file be made at first, which is the fifth call.
        let at = memory.world().calls + 5;
        memory.world().fault = Some((at, Fault::Once));
        journal.append(Batch::Lines(&[line(3)]), true).unwrap();
        cut(&memory, seed);
        assert_kept(&memory, &[&[1, 3], &run_well(&memory, 1_000)[..]].concat(), &format!("seed {seed}"));
    }
}

#[test]
fn a_shutdown_tells_that_it_could_not_sync() {
    let memory = Memory::default();
    let mut journal = opened(&memory, JournalOptions::default());
    journal.append(Batch::Lines(&[line(1)]), false).unwrap();
    // Two looks, then the sync.
    let at = memory.world().calls + 3;
    memory.world().fault = Some((at, Fault::Once));
    let error = journal.shutdown().unwrap_err();
    assert!(error.source.to_string().starts_with("cannot sync /log/audit.jsonl: "), "{}", error.source);
    let records = read(&memory);
    assert_eq!((records.len(), &records[&2]["action"]), (2, &"audit.sync_failed".into()));
}

#[test]
fn a_failed_sync_leaves_its_segment_and_is_told() {
    let memory = Memory::default();
    let mut journal = opened(&memory, JournalOptions::default());
    journal.append(Batch::Lines(&[line(1)]), true).unwrap();
    journal.append(Batch::Lines(&[line(2)]), false).unwrap();
    // The write is the third call of a batch, after two looks; its sync the fourth.
    let at = memory.world().calls + 4;
    memory.world().fault = Some((at, Fault::Once));
    journal.append(Batch::Lines(&[line(3), line(4)]), true).unwrap();
    journal.append(Batch::Lines(&[line(5)]), true).unwrap();
    let records = read(&memory);
    let said: Vec<String> =
        records.values().map(|it| it["n"].as_u64().map_or("own".into(), |n| n.to_string())).collect();
    assert_eq!(said, ["1", "2", "3", "4", "own", "5"]);
    let told = &records[&5];
    assert_eq!((&told["action"], &told["data"]["first_seq"]), (&"audit.sync_failed".into(), &2.into()));
    let left: &Path = Path::new("/log/audit.jsonl.00000000000000000001");
    let world = memory.world();
    let text = String::from_utf8(world.files[world.names[left]].bytes.clone()).unwrap();
    assert_eq!(text, "{\"n\":1,\"seq\":1}\n{\"n\":2,\"seq\":2}\n");
}

/// Nothing is lost and nothing comes twice: a later call goes on from the same place.
#[test]
fn a_reader_goes_on_after_any_call_that_failed() {
    let memory = Memory::default();
    run(&memory, SMALL, &[(70, false), (30, true), (60, false)], 1);
    for at in 1..60 {
        let from = memory.world().calls;
        memory.world().fault = Some((from + at, Fault::Once));
        let mut reader = Reader::new_on(Box::new(memory.clone()), PATH.into(), 0);
        let mut seqs = Vec::new();
        let mut errors = 0;
        loop {
            match reader.read() {
                Ok(Some(entry)) => seqs.push(entry.seq.unwrap()),
                Ok(None) => break,
                Err(_) => errors += 1,
            }
        }
        assert_eq!(seqs, (1..=160).collect::<Vec<_>>(), "call {at}");
        assert!(errors <= 1, "call {at}");
    }
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![Just(Fault::Once), (1..40_u32).prop_map(Fault::Full), Just(Fault::End)]
}

proptest! {
    /// Several lives, each with a fault, and the power cut after each.
    #[test]
    fn lives_with_faults_and_power_cuts(
        lives in prop::collection::vec(
            (prop::collection::vec((1..30_u64, any::<bool>()), 1..12), 1..200_u32, fault(), any::<u64>()),
            1..6,
        ),
        is_cut in any::<bool>(),
    ) {
        let memory = Memory::default();
        let mut acknowledged: Vec<u64> = Vec::new();
        for (life, (batches, at, fault, seed)) in lives.into_iter().enumerate() {
            // What is only written is promised to outlive the process, and not the power.
            let batches: Vec<(u64, bool)> = batches.into_iter().map(|(size, sync)| (size, sync || is_cut)).collect();
            {
                let mut world = memory.world();
                world.fault = Some((world.calls + at, fault));
            }
            acknowledged.extend(run(&memory, SMALL, &batches, life as u64 * 1_000).acknowledged);
            if is_cut { cut(&memory, seed) } else { memory.world().restart() }
        }
        acknowledged.extend(run_well(&memory, 1_000_000));
        assert_kept(&memory, &acknowledged, "lives");
    }
}

/// A folder that can never be synced, as on some network file systems.
#[test]
fn a_folder_that_is_never_synced_does_not_fill_with_segments() {
    let memory = Memory::default();
    memory.world().directory_fault = Some((0, u32::MAX));
    let mut journal = opened(&memory, JournalOptions { rotate_bytes: None, rotate_keep: Some(2), max_bytes: None });
    let mut seen = Vec::new();
    for number in 1..=200_u64 {
        if number.is_multiple_of(20) {
            journal.names.wait(LONG);
        }
        // A strict request: its intent is refused, and the 503 is told.
        journal.append(Batch::Lines(&[line(number)]), true).unwrap_err();
        journal.append(Batch::Lines(&[line(1_000 + number)]), false).unwrap();
        if [10, 50, 100, 200].contains(&number) {
            let world = memory.world();
            seen.push((number, world.calls, world.names.len()));
        }
    }
    let last = seen.last().copied().unwrap();
    assert!(last.2 <= 4, "rotate_keep is 2; after so many requests so many calls of the system, and files: {seen:?}");
    assert!(last.1 < 200 * 20, "{seen:?}");
}

/// The wait is over as soon as the folder can be synced again, and the pause behind it is.
#[test]
fn a_folder_that_was_not_synced_is_tried_again_after_a_pause_that_doubles() {
    let memory = Memory::default();
    let mut journal = opened(&memory, JournalOptions::default());
    journal.append(Batch::Lines(&[line(1)]), true).unwrap();
    journal.reopen().unwrap();
    memory.world().directory_fault = Some((0, u32::MAX));
    journal.append(Batch::Lines(&[line(2)]), false).unwrap();
    journal.reopen().unwrap();
    let milliseconds = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
    for (number, pause) in (10..).zip(milliseconds.map(Duration::from_millis)) {
        // The names are given anew, for nothing.
        let begun = journal.begun;
        let error = journal.append(Batch::Lines(&[line(number)]), true).unwrap_err();
        assert_eq!((error.written, journal.begun), (0, begun + 1));
        journal.names.wait(pause / 2);
        let again = journal.append(Batch::Lines(&[line(number)]), true).unwrap_err();
        assert_eq!((again.written, journal.begun), (0, begun + 1), "not yet");
        assert_eq!(again.source.to_string(), error.source.to_string());
        journal.names.wait(pause / 2);
    }
    memory.world().directory_fault = None;
    journal.append(Batch::Lines(&[line(3)]), true).unwrap();
    assert_eq!(numbers(&read(&memory)), [1, 2, 3]);
    assert_kept(&memory, &[1, 2, 3], "pauses");
}

#[test]
fn a_log_that_is_only_buffered_stays_one_file_where_the_folder_is_never_synced() {
    let memory = Memory::default();
    for life in 0..3 {
        memory.world().directory_fault = Some((0, u32::MAX));
        let mut journal = opened(&memory, JournalOptions::default());
        journal.append(Batch::Lines(&[line(life)]), false).unwrap();
        drop(journal.shutdown());
    }
    let names: Vec<_> = memory.world().names.keys().cloned().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

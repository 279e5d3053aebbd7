//! Rotations under load, and a file that somebody else truncates.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use crate::check::{Found, files};
use crate::process::{Load, Start, wait_until};
use crate::scenarios::{Played, Stage};
use crate::table::Row;

pub(super) fn play(stage: &Stage) -> Played {
    let times = stage.times(100);
    let by_name = |load: &mut Load, journal: &Path, number: u32| {
        std::fs::rename(journal, journal.with_extension(format!("jsonl.{number}")))?;
        load.ask("reopen").map(drop)
    };
    let by_word = |load: &mut Load, _: &Path, _: u32| load.ask("reopen").map(drop);
    let mut rows = vec![
        rotations(stage, "rename and reopen()", times, None, by_name)?,
        rotations(stage, "rename alone", times, None, |_, journal, number| {
            Ok(std::fs::rename(journal, journal.with_extension(format!("jsonl.{number}")))?)
        })?,
        rotations(stage, "reopen()", times, None, by_word)?,
        rotations(stage, "size", times, Some(65_536), |_, _, _| Ok(()))?,
    ];
    rows.push(truncation(stage)?);
    Ok(rows)
}

fn rotations(
    stage: &Stage,
    how: &str,
    times: u32,
    bytes: Option<u64>,
    rotate: impl Fn(&mut Load, &Path, u32) -> Result<(), Box<dyn Error>>,
) -> Result<Row, Box<dyn Error>> {
    let journal = stage.folder(how)?.join("audit.jsonl");
    let mut start = Start::new(&journal, "strict", 32);
    if let Some(bytes) = bytes {
        start = start.set("AUDIT_ROTATE_BYTES", bytes);
    }
    let mut load = start.run()?;
    load.wait_for(1)?;
    for number in 0..times {
        let wanted = number as usize + 2;
        // One that holds nothing yet is not rotated.
        wait_until("a record", || std::fs::metadata(&journal).is_ok_and(|meta| meta.len() > 0))?;
        rotate(&mut load, &journal, number)?;
        wait_until(&format!("a new segment by {how}"), || {
            files(&journal).is_ok_and(|files| files.len() >= wanted) && journal.exists()
        })?;
        std::thread::sleep(stage.moment(1, 30));
    }
    let (report, acknowledged) = load.stop()?;
    let found = Found::read(&journal)?;
    let made = report["counts"]["made"].as_u64().unwrap_or(0);
    let refused = report["counts"]["refused"].as_u64().unwrap_or(0);
    let lost = found.lost(&acknowledged);
    let faults = found.faults().map(|faults| format!("; {faults}")).unwrap_or_default();
    let seen = format!(
        "{} rotations: {lost} of {} acknowledged lost, {} double, {refused} of {made} refused; {} records{faults}",
        found.files - 1,
        acknowledged.len(),
        found.doubles(),
        found.records,
    );
    let is_whole = found.events == 2 * made && found.told_lost() == 0;
    let is_kept = lost == 0 && refused == 0 && is_whole && found.faults().is_none() && found.tails.is_empty();
    Ok(Row::new(format!("rotate: {how}"), "0 lost, 0 double", seen, is_kept))
}

fn truncation(stage: &Stage) -> Result<Row, Box<dyn Error>> {
    let journal = stage.folder("truncation")?.join("audit.jsonl");
    let mut load = Start::new(&journal, "strict", 4).with("pause", 1_000).run()?;
    load.wait_for(200)?;
    // In the middle of a line, as chance has it.
    let length = std::fs::metadata(&journal)?.len() / 2;
    std::fs::OpenOptions::new().write(true).open(&journal)?.set_len(length)?;
    let before = load.count();
    load.wait_for(before + 50)?;
    std::thread::sleep(Duration::from_millis(10));
    let (_, acknowledged) = load.stop()?;
    let found = Found::read(&journal)?;
    let changed = found.own("audit.journal_changed");
    let is_noticed = changed.iter().any(|record| record["data"]["change"] == "truncated");
    let missing = found.missing();
    // The first that was written afterwards tells of it.
    let is_next = changed.first().and_then(|record| record["seq"].as_u64()) == missing.last().map(|last| last + 1);
    let missing = missing.len() as u64;
    let (torn, gone) = (found.own("audit.torn_tail").len(), found.told_gone());
    let seen = format!(
        "noticed: {is_noticed}, by the next batch: {is_next}; {missing} records cut away, {gone} told as missing; {torn} torn ends told; {} of {} \
         acknowledged are gone with them",
        found.lost(&acknowledged),
        acknowledged.len()
    );
    let is_kept = is_noticed && is_next && missing > 0 && missing == gone && found.faults().is_none();
    Ok(Row::new("rotate: truncated by somebody else", "noticed at the next batch and recorded", seen, is_kept))
}

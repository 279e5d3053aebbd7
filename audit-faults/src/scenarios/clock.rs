//! The wall clock steps back a day, by libfaketime.

use crate::check::Found;
use crate::machine::FAKETIME;
use crate::process::Start;
use crate::scenarios::{Played, Stage};
use crate::table::Row;

const DAY: f64 = 86_400_000.0;

pub(super) fn play(stage: &Stage) -> Played {
    let folder = stage.folder("clock")?;
    let (journal, offset) = (folder.join("audit.jsonl"), folder.join("offset"));
    std::fs::write(&offset, "+0d\n")?;
    let start = Start::new(&journal, "strict", 4).set("LD_PRELOAD", FAKETIME).set("FAKETIME_NO_CACHE", 1);
    let start = start.set("FAKETIME_DONT_FAKE_MONOTONIC", 1).set("DONT_FAKE_MONOTONIC", 1);
    let mut load = start.set("FAKETIME_TIMESTAMP_FILE", offset.display()).run()?;
    load.wait_for(200)?;
    std::fs::write(&offset, "-1d\n")?;
    let before = load.count();
    load.wait_for(before + 200)?;
    let (_, acknowledged) = load.stop()?;
    let found = Found::read(&journal)?;
    let steps: Vec<f64> =
        found.own("audit.clock_step").iter().filter_map(|record| record["data"]["step_ms"].as_f64()).collect();
    let (mut longest, mut back) = (0.0_f64, 0);
    let mut are_sane = true;
    let mut latest = String::new();
    let mut records: Vec<serde_json::Value> = Vec::new();
    for line in std::fs::read_to_string(&journal)?.lines() {
        records.push(serde_json::from_str(line)?);
    }
    for record in &records {
        if let Some(took) = record["response_time_ms"].as_f64() {
            are_sane &= (0.0..60_000.0).contains(&took);
            longest = longest.max(took);
        }
        let time = record["timestamp"].as_str().unwrap_or_default();
        back += u32::from(time.get(..10) < latest.get(..10));
        latest = time.to_owned();
    }
    let lost = found.lost(&acknowledged);
    let seen = format!(
        "steps told: {steps:?} ms; {} records by seq, times go back a day {back} times; the longest took {longest:.1} ms; \
         {lost} of {} acknowledged lost",
        found.records,
        acknowledged.len()
    );
    let is_told = matches!(steps.as_slice(), [step] if (step + DAY).abs() < 60_000.0);
    let is_kept = is_told && are_sane && back > 0 && lost == 0 && found.faults().is_none();
    let promised = "an audit.clock_step record; order by seq; durations by the other clock";
    Ok(vec![Row::new("clock: a day back", promised, seen, is_kept)])
}

//! A disk that gets full and is freed again, under load.

use std::error::Error;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::check::Found;
use crate::machine::Mount;
use crate::process::{Load, Start, wait_until};
use crate::scenarios::{Played, Stage};
use crate::table::Row;

pub(super) fn play(stage: &Stage) -> Played {
    ["strict", "buffered", "best_effort"].into_iter().map(|delivery| run(stage, delivery)).collect()
}

/// The log's figures.
pub(super) fn figure(stats: &Value, name: &str) -> u64 {
    stats["sinks"][0][name].as_u64().unwrap_or(0)
}

fn run(stage: &Stage, delivery: &'static str) -> Result<Row, Box<dyn Error>> {
    let mount = Mount::tmpfs(&stage.folder(delivery)?, "64m")?;
    let folder = mount.at.clone();
    let journal = folder.join("audit.jsonl");
    let start = Start::new(&journal, delivery, 4).with("pause", 1_000);
    let mut load = start.set("AUDIT_QUEUE_TIMEOUT_MS", 200).set("AUDIT_QUEUE_BYTES", 200_000).run()?;
    wait_until("the first record", || std::fs::metadata(&journal).is_ok_and(|meta| meta.len() > 0))?;
    let fills = stage.times(50);
    let mut recoveries = Vec::new();
    for _ in 0..fills {
        let before = load.ask("stats")?;
        let filler = folder.join("filler");
        fill(&filler)?;
        // The last page of the journal has room for some more.
        wait_until("the log to fail", || {
            let failed = |stats: &Value| figure(stats, "failed") + figure(stats, "dropped");
            let fails = load.ask("stats").is_ok_and(|stats| failed(&stats) > failed(&before));
            fails || fill(&filler).is_err()
        })?;
        std::thread::sleep(stage.moment(10, 100));
        let length = std::fs::metadata(&journal)?.len();
        let freed = Instant::now();
        std::fs::remove_file(&filler)?;
        wait_until("the log to go on", || std::fs::metadata(&journal).is_ok_and(|meta| meta.len() > length))?;
        recoveries.push(freed.elapsed());
        std::thread::sleep(stage.moment(10, 50));
    }
    told(load, &journal, delivery, fills, &recoveries)
}

fn told(
    mut load: Load,
    journal: &Path,
    delivery: &str,
    fills: u32,
    recoveries: &[Duration],
) -> Result<Row, Box<dyn Error>> {
    let (report, acknowledged) = load.stop()?;
    let found = Found::read(journal)?;
    let longest = recoveries.iter().max().copied().unwrap_or_default();
    let made = report["counts"]["made"].as_u64().unwrap_or(0);
    let [accepted, written, dropped, failed] =
        ["accepted", "written", "dropped", "failed"].map(|name| figure(&report, name));
    let is_counted = written == found.records && dropped + failed == found.told_lost();
    // In strict delivery a request has two records, one refused before its handler one or two.
    let is_true = is_counted && (delivery == "strict" || found.events + found.told_lost() == made);
    // What is acknowledged without being synced may be among what the gaps count.
    let lost = if delivery == "strict" { found.lost(&acknowledged) } else { 0 };
    let faults = found.faults().map(|faults| format!("; {faults}")).unwrap_or_default();
    let seen = format!(
        "{fills} times: recovered after at most {} ms; {made} requests, {} of {} acknowledged lost; {} records and {} told \
         as missing, by the figures {written} and {} of {accepted}{faults}",
        longest.as_millis(),
        if delivery == "strict" { lost.to_string() } else { "-".to_owned() },
        acknowledged.len(),
        found.records,
        found.told_lost(),
        dropped + failed,
    );
    let is_kept =
        is_true && lost == 0 && longest < Duration::from_secs(1) && found.faults().is_none() && found.tails.is_empty();
    let promised = "no torn line before a good one; recovery within a second; counts equal to the truth";
    Ok(Row::new(format!("full: {delivery}"), promised, seen, is_kept))
}

/// Takes all the room there is.
fn fill(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut file = File::options().append(true).create(true).open(path)?;
    for size in [1 << 20, 1 << 12] {
        let piece = vec![0; size];
        loop {
            match file.write(&piece) {
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => break,
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

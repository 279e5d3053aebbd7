//! `kill -9` at random moments under 32 connections, in strict delivery, on each of the adapters.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use crate::check::Found;
use crate::scenarios::echo::{Echo, connection};
use crate::scenarios::{Played, Stage, built};
use crate::table::Row;

const CONNECTIONS: usize = 32;

/// So many kills share a journal: each start puts right what the kill before left.
const SHARED: u32 = 10;

pub(super) fn play(stage: &Stage) -> Played {
    let mut rows = Vec::new();
    let mut total = 0;
    for server in ["echo-axum", "echo-actix", "echo-rocket"] {
        let outcome = kills(stage, server, stage.times(200))?;
        total += outcome.acknowledged;
        rows.push(outcome.row(server));
    }
    let seen = format!("{total} acknowledged");
    let is_enough = stage.scale < 1.0 || total > 100_000;
    rows.push(Row::new("kill: all three", "more than 100,000 acknowledged, or it shows little", seen, is_enough));
    Ok(rows)
}

#[derive(Default)]
struct Outcome {
    kills: u32,
    acknowledged: u64,
    lost: u64,
    records: u64,
    /// Torn ends that were put there, those that were moved away, and the records of them.
    torn: u64,
    moved: u64,
    told: u64,
    faults: Vec<String>,
}

impl Outcome {
    fn row(&self, server: &str) -> Row {
        let Self { kills, acknowledged, lost, records, torn, moved, told, .. } = self;
        let faults = self.faults.first().map(|fault| format!("; {} journals at fault: {fault}", self.faults.len()));
        let seen = format!(
            "{kills} kills: {lost} of {acknowledged} acknowledged lost; {records} records whole and in order; {torn} torn \
             ends put there, {moved} moved away, {told} told{}",
            faults.unwrap_or_default()
        );
        let is_kept = *lost == 0 && self.faults.is_empty() && *acknowledged > 0 && torn == moved;
        Row::new(format!("kill: {server}"), "0 acknowledged lost; the restart closes a torn tail", seen, is_kept)
    }
}

fn kills(stage: &Stage, server: &str, kills: u32) -> Result<Outcome, Box<dyn std::error::Error>> {
    let program = built(server)?;
    let mut outcome = Outcome { kills, ..Outcome::default() };
    let mut done = 0;
    while done < kills {
        let folder = stage.folder(&format!("{server}-{done}"))?;
        let journal = folder.join("audit.jsonl");
        let (data, mut acknowledged) = (folder.to_string_lossy().into_owned(), Vec::new());
        let settings = [("DATA_DIR", &*data), ("AUDIT_DELIVERY", "strict"), ("AUDIT_ROTATE_BYTES", "500000")];
        for _ in 0..SHARED.min(kills - done) {
            let mut echo = Echo::start(&program, &settings, Stdio::null())?;
            let address = echo.address;
            let talking: Vec<_> = (0..CONNECTIONS).map(|_| std::thread::spawn(move || connection(address))).collect();
            std::thread::sleep(stage.moment(50, 800));
            echo.kill()?;
            for talk in talking {
                acknowledged.extend(talk.join().map_err(|_| "a connection panicked")?);
            }
            let found = Found::read(&journal)?;
            outcome.faults.extend(found.faults());
            outcome.torn += u64::from(tear(&journal)?);
            done += 1;
        }
        // The last kill's tail is closed by this start, and a batch writes what it found.
        let mut echo = Echo::start(&program, &settings, Stdio::null())?;
        let address = echo.address;
        let talk = std::thread::spawn(move || connection(address));
        std::thread::sleep(std::time::Duration::from_millis(100));
        echo.kill()?;
        acknowledged.extend(talk.join().map_err(|_| "a connection panicked")?);
        let found = Found::read(&journal)?;
        outcome.faults.extend(found.faults());
        outcome.acknowledged += acknowledged.len() as u64;
        outcome.lost += found.lost(&acknowledged);
        outcome.records += found.records;
        outcome.told += found.own("audit.torn_tail").len() as u64;
        for entry in std::fs::read_dir(&folder)? {
            outcome.moved += u64::from(entry?.file_name().to_string_lossy().ends_with(".torn"));
        }
        std::fs::remove_dir_all(folder)?;
    }
    Ok(outcome)
}

/// Puts half a record behind the others: the kernel itself hardly ever leaves one of a single write. Tells whether it was.
fn tear(journal: &Path) -> std::io::Result<bool> {
    // In the middle of a rotation there is none.
    let Ok(mut file) = OpenOptions::new().append(true).open(journal) else { return Ok(false) };
    file.write_all(br#"{"timestamp":"2026-01-01T00:00:00.000Z","event_id":"0"#)?;
    Ok(true)
}

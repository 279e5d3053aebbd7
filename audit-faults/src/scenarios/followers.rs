//! A store that follows the journal: behind, locked, deleted and rebuilt.

use std::collections::HashSet;
use std::error::Error;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use crate::check::{Found, files};
use crate::machine::sh;
use crate::process::{Start, wait_until};
use crate::scenarios::{Played, Stage, built};
use crate::table::Row;

pub(super) fn play(stage: &Stage) -> Played {
    let folder = stage.folder("followed")?;
    let (journal, store) = (folder.join("audit.jsonl"), folder.join("audit.sqlite"));
    let mut rows = vec![kills(stage, &journal, &store)?, locked(stage, &journal, &store)?];
    let rebuilt = folder.join("rebuilt.sqlite");
    std::fs::remove_file(&store)?;
    let text = |path: &Path| path.to_string_lossy().into_owned();
    sh(&text(&built("audit")?), &["replay", &text(&journal), "--into", &text(&rebuilt)])?;
    let compared = Compared::of(&journal, &rebuilt)?;
    let seen = format!("deleted, and rebuilt by audit replay: {compared}");
    rows.push(Row::new("followers: rebuilt", "0 lost, 0 double", seen, compared.is_equal()));
    rows.push(rotated(stage)?);
    Ok(rows)
}

fn start(journal: &Path, store: &Path) -> Start {
    Start::new(journal, "strict", 8).with("store", store.display()).with("pause", 2_000)
}

fn lock(store: &Path) -> Result<Connection, Box<dyn Error>> {
    let connection = Connection::open(store)?;
    connection.busy_timeout(Duration::from_secs(30))?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    Ok(connection)
}

fn kills(stage: &Stage, journal: &Path, store: &Path) -> Result<Row, Box<dyn Error>> {
    let kills = stage.times(20);
    let (mut acknowledged, mut behind) = (Vec::new(), 0);
    for _ in 0..kills {
        let mut load = start(journal, store).run()?;
        load.wait_for(1)?;
        std::thread::sleep(stage.moment(20, 300));
        // From here on the store falls behind.
        let locked = lock(store)?;
        let count = load.count();
        load.wait_for(count + 50)?;
        std::thread::sleep(stage.moment(10, 300));
        acknowledged.extend(load.kill()?);
        drop(locked);
        behind += Compared::of(journal, store)?.lost;
    }
    let mut load = start(journal, store).run()?;
    caught_up(journal, store)?;
    acknowledged.extend(load.stop()?.1);
    caught_up_after(journal, store)?;
    let (compared, found) = (Compared::of(journal, store)?, Found::read(journal)?);
    let lost = found.lost(&acknowledged);
    let seen = format!(
        "{kills} kills, the store {behind} records behind at them in all; {lost} of {} acknowledged lost; the store: {compared}",
        acknowledged.len()
    );
    let is_kept = lost == 0 && behind > 0 && compared.is_equal() && found.faults().is_none();
    Ok(Row::new("followers: kill -9 while the store lags", "0 lost, 0 double", seen, is_kept))
}

/// Segments are removed as soon as they may be: those that the store still needs are not.
fn rotated(stage: &Stage) -> Result<Row, Box<dyn Error>> {
    let folder = stage.folder("rotated")?;
    let (journal, store) = (folder.join("audit.jsonl"), folder.join("audit.sqlite"));
    let begin = || start(&journal, &store).set("AUDIT_ROTATE_BYTES", 70_000).set("AUDIT_ROTATE_KEEP", 1).run();
    let kills = stage.times(20);
    let (mut acknowledged, mut most) = (Vec::new(), 0);
    for _ in 0..kills {
        let mut load = begin()?;
        load.wait_for(1)?;
        let locked = lock(&store)?;
        let count = load.count();
        // Some segments are full meanwhile.
        load.wait_for(count + 150)?;
        most = most.max(files(&journal)?.len());
        acknowledged.extend(load.kill()?);
        drop(locked);
    }
    let mut load = begin()?;
    let wanted = Found::read(&journal)?.last();
    wait_until("the store to catch up", || {
        let connection = Connection::open(&store);
        let asked = connection.and_then(|asked| asked.query_row("SELECT max(seq) FROM follower", [], |row| row.get(0)));
        asked.is_ok_and(|seq: i64| seq.cast_unsigned() >= wanted)
    })?;
    // Each rotation removes what nobody needs any more; how far the store came is told ten times a second.
    for _ in 0..2 {
        std::thread::sleep(Duration::from_millis(500));
        load.ask("reopen")?;
    }
    let left_over = wait_until("the old segments to go", || {
        load.ask("reopen").is_ok() && files(&journal).is_ok_and(|files| files.len() <= 4)
    });
    load.stop()?;
    let left = files(&journal)?.len();
    let stored = stored(&store)?;
    let distinct: HashSet<&(String, String)> = stored.iter().collect();
    let lost = acknowledged.iter().filter(|id| !distinct.contains(&((*id).clone(), "final".to_owned()))).count();
    let double = stored.len() - distinct.len();
    let seen = format!(
        "{kills} kills: {lost} of {} acknowledged missing in the store, {double} of {} double; up to {most} segments kept \
         for it, {left} left afterwards",
        acknowledged.len(),
        stored.len()
    );
    let is_kept = lost == 0 && double == 0 && most > 4 && left_over.is_ok();
    let promised = "segments that the store needs are kept, others not; 0 lost, 0 double";
    Ok(Row::new("followers: kill -9, and rotation with one segment kept", promised, seen, is_kept))
}

fn locked(stage: &Stage, journal: &Path, store: &Path) -> Result<Row, Box<dyn Error>> {
    let time = Duration::from_secs(u64::from(stage.times(20)));
    let mut load = start(journal, store).run()?;
    load.wait_for(1)?;
    load.ask("stats")?;
    std::thread::sleep(time.min(Duration::from_secs(5)));
    let before = load.ask("stats")?;
    let connection = lock(store)?;
    std::thread::sleep(time);
    let during = load.ask("stats")?;
    drop(connection);
    wait_until("the store to come up", || {
        load.ask("stats").is_ok_and(|stats| stats["sinks"][1]["queued"].as_u64().is_some_and(|queued| queued < 500))
    })?;
    let (report, _) = load.stop()?;
    caught_up_after(journal, store)?;
    let compared = Compared::of(journal, store)?;
    let number = |stats: &serde_json::Value, name: &str| stats["counts"][name].as_u64().unwrap_or(0);
    let made = number(&during, "made") - number(&before, "made");
    let (longest, usual) = (number(&during, "longest_us") / 1_000, number(&before, "longest_us") / 1_000);
    let refused = number(&report, "refused");
    let seen = format!(
        "locked for {} s: {made} requests meanwhile, the longest {longest} ms (before: {usual} ms), {refused} refused; the \
         store: {compared}",
        time.as_secs()
    );
    // On a busy machine a sync takes what it takes; waiting for the lock would take seconds.
    let is_kept = compared.is_equal() && refused == 0 && longest < (time.as_secs() * 500).max(usual * 5);
    Ok(Row::new("followers: the store's file is locked", "0 lost, 0 double, no request waits for it", seen, is_kept))
}

/// Starts the service without requests until the store has all.
fn caught_up_after(journal: &Path, store: &Path) -> Result<(), Box<dyn Error>> {
    let mut load = start(journal, store).with("records", 0).run()?;
    caught_up(journal, store)?;
    load.stop()?;
    Ok(())
}

fn caught_up(journal: &Path, store: &Path) -> Result<(), Box<dyn Error>> {
    let wanted = Found::read(journal)?.records;
    wait_until("the store to catch up", || {
        std::thread::sleep(Duration::from_millis(50));
        stored(store).is_ok_and(|stored| stored.len() as u64 >= wanted)
    })
}

/// Each record that the store holds, by event and phase.
fn stored(store: &Path) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let connection = Connection::open(store)?;
    let mut rows = connection
        .prepare("SELECT coalesce(event_id, ''), phase FROM record UNION ALL SELECT event_id, phase FROM phase")?;
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A store beside the journal that it follows.
struct Compared {
    records: u64,
    lost: u64,
    double: u64,
}

impl Compared {
    fn of(journal: &Path, store: &Path) -> Result<Self, Box<dyn Error>> {
        let (found, stored) = (Found::read(journal)?, stored(store)?);
        let distinct: HashSet<&(String, String)> = stored.iter().collect();
        let lost = found.phases().filter(|phase| !distinct.contains(phase)).count() as u64;
        Ok(Self { records: found.records, lost, double: (stored.len() - distinct.len()) as u64 })
    }

    fn is_equal(&self) -> bool {
        self.lost == 0 && self.double == 0 && self.records > 0
    }
}

impl std::fmt::Display for Compared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {} records missing, {} double", self.lost, self.records, self.double)
    }
}

//! One fault at every instance of every call that touches the journal, by strace.

use std::error::Error;
use std::path::{Path, PathBuf};

use crate::check::Found;
use crate::process::Start;
use crate::scenarios::{Played, Stage};
use crate::table::Row;

/// Calls, under the names that strace has for them; the first is what they are called here.
const CALLS: [&[&str]; 7] = [
    &["openat"],
    &["write"],
    &["fdatasync"],
    &["fsync"],
    &["rename", "renameat", "renameat2"],
    &["ftruncate"],
    &["close"],
];

const RECORDS: usize = 20;

pub(super) fn play(stage: &Stage) -> Played {
    let seed = stage.folder("seed")?;
    sow(&seed)?;
    let mut rows = Vec::new();
    for calls in CALLS {
        let (first, names) = (calls.first().copied().unwrap_or_default(), calls.join(","));
        let folder = copy(stage, &seed, &format!("{first}-count"))?;
        let trace = folder.join("trace");
        let mut load = start(&folder, &trace, &names, "").run()?;
        load.wait_for(RECORDS)?;
        load.stop()?;
        let instances = std::fs::read_to_string(&trace)?.lines().filter(|line| line.contains(" = ")).count();
        let mut outcome = Outcome::default();
        for instance in (1..=instances).step_by(usize::try_from((1.0 / stage.scale).ceil() as u64).unwrap_or(1).max(1))
        {
            for fault in ["error=EIO", "signal=KILL"] {
                let name = format!("{first}-{instance}-{fault}");
                let folder = copy(stage, &seed, &name)?;
                outcome.note(&name, inject(&folder, &names, fault, instance)?);
                std::fs::remove_dir_all(folder)?;
            }
        }
        rows.push(outcome.row(first, instances));
    }
    Ok(rows)
}

#[derive(Default)]
struct Outcome {
    runs: u32,
    hit: u32,
    acknowledged: u64,
    lost: u64,
    /// Torn ends that were left in place, of which a record tells.
    tails: u32,
    faults: Vec<String>,
}

struct Run {
    is_hit: bool,
    acknowledged: u64,
    lost: u64,
    tails: u32,
    faults: Option<String>,
}

impl Outcome {
    fn note(&mut self, name: &str, run: Run) {
        self.runs += 1;
        self.hit += u32::from(run.is_hit);
        self.acknowledged += run.acknowledged;
        self.lost += run.lost;
        self.tails += run.tails;
        let lost = (run.lost > 0).then(|| format!("{} lost", run.lost));
        self.faults.extend(run.faults.or(lost).map(|faults| format!("{name}: {faults}")));
    }

    fn row(&self, call: &str, instances: usize) -> Row {
        let Self { runs, hit, acknowledged, lost, tails, faults } = self;
        let fault = faults.first().map(|fault| format!("; {} at fault: {fault}", faults.len())).unwrap_or_default();
        let seen = format!(
            "{instances} instances, EIO and SIGKILL at each: {runs} runs, {hit} hit; {lost} of {acknowledged} acknowledged \
             lost; {tails} torn ends left in place and told{fault}"
        );
        let is_kept = *lost == 0 && faults.is_empty() && *hit > 0;
        let promised = "after a restart: no torn line, no gap without a word, nothing acknowledged missing";
        Row::new(format!("inject: {call}"), promised, seen, is_kept)
    }
}

/// A journal with some records and a torn end, so that a start has something to put right.
fn sow(folder: &Path) -> Result<(), Box<dyn Error>> {
    let journal = folder.join("audit.jsonl");
    let mut load = Start::new(&journal, "strict", 1).with("records", 3).run()?;
    load.wait_for(3)?;
    load.stop()?;
    let mut bytes = std::fs::read(&journal)?;
    bytes.extend_from_slice(br#"{"timestamp":"2026-01-01T00:"#);
    Ok(std::fs::write(journal, bytes)?)
}

fn copy(stage: &Stage, seed: &Path, name: &str) -> Result<PathBuf, Box<dyn Error>> {
    let folder = stage.folder(name)?;
    for entry in std::fs::read_dir(seed)? {
        let entry = entry?;
        std::fs::copy(entry.path(), folder.join(entry.file_name()))?;
    }
    Ok(folder)
}

/// The load under strace, which looks at the calls on the journal's files, and rotates twice.
fn start(folder: &Path, trace: &Path, calls: &str, inject: &str) -> Start {
    let journal = folder.join("audit.jsonl");
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut by: Vec<String> =
        ["strace", "-f", "-qq", "-o", &text(trace), "-e", &format!("trace={calls}")].map(str::to_owned).into();
    if !inject.is_empty() {
        by.extend(["-e".to_owned(), format!("inject={calls}:{inject}")]);
    }
    let mut paths = vec![text(folder), text(&journal)];
    // The names that segments get: their first seq is known but for the library's own records.
    paths.extend(["next", "lock"].map(|end| format!("{}.{end}", text(&journal))));
    paths.extend((1..=80).map(|seq| format!("{}.{seq:020}", text(&journal))));
    paths.extend((1..=80).map(|seq| format!("{}.{seq:020}.torn", text(&journal))));
    by.extend(paths.into_iter().flat_map(|path| ["-P".to_owned(), path]));
    Start::new(&journal, "strict", 1)
        .with("records", RECORDS)
        .set("AUDIT_MAX_LINE_BYTES", 2_048)
        .set("AUDIT_ROTATE_BYTES", 8_192)
        .by(by)
}

fn inject(folder: &Path, calls: &str, fault: &str, instance: usize) -> Result<Run, Box<dyn Error>> {
    let trace = folder.join("trace");
    let mut load = start(folder, &trace, calls, &format!("{fault}:when={instance}")).run()?;
    load.wait_done()?;
    // It may be gone already: killed, or not started.
    let mut acknowledged = match load.stop() {
        Ok((_, acknowledged)) => acknowledged,
        Err(_) => load.ended()?,
    };
    let traced = std::fs::read_to_string(&trace)?;
    let is_hit = traced.contains("INJECTED") || traced.contains("killed by SIGKILL");
    let journal = folder.join("audit.jsonl");
    let mut again = Start::new(&journal, "strict", 1).with("records", 3).run()?;
    again.wait_for(3)?;
    acknowledged.extend(again.stop()?.1);
    let found = Found::read(&journal)?;
    // One that could not be moved away stays where nothing is written any more, and a record tells of it.
    let untold = found.tails.iter().find(|path| {
        let told = found.own("audit.torn_tail").iter().map(|record| record["data"]["file"].as_str());
        !told.flatten().any(|file| path.file_name() == Path::new(file).file_name() || found.files > 1)
    });
    let (tails, untold) =
        (found.tails.len() as u32, untold.map(|path| format!("a torn end of which nobody tells: {path:?}")));
    let (lost, faults) = (found.lost(&acknowledged), found.faults().or(untold));
    Ok(Run { is_hit, acknowledged: acknowledged.len() as u64, lost, tails, faults })
}

//! A fault at every instance of every call that touches the journal, by strace.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use crate::check::Found;
use crate::process::{Load, Start, wait_until};
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

/// Which of the load's threads makes the calls. strace counts them by thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thread {
    /// The one that opens the journal.
    Main,
    /// The one that writes it.
    Writer,
}

pub(super) fn play(stage: &Stage) -> Played {
    let seed = stage.folder("seed")?;
    sow(&seed)?;
    let step = (1.0 / stage.scale).ceil().max(1.0);
    let mut rows = Vec::new();
    for calls in CALLS {
        let (first, names) = (calls.first().copied().unwrap_or_default(), calls.join(","));
        let mut outcome = Outcome::default();
        for thread in [Thread::Main, Thread::Writer] {
            let folder = copy(stage, &seed, &format!("{first}-{thread:?}"))?;
            let trace = folder.join("trace");
            let (mut load, mut strace) = start(&folder, &trace, &names, "", thread)?;
            load.wait_for(RECORDS)?;
            load.stop()?;
            ended(&mut strace)?;
            let instances = std::fs::read_to_string(&trace)?.lines().filter(|line| line.contains(" = ")).count();
            outcome.instances.push(instances);
            let chosen = (1..=instances).filter(|number| (*number - 1) as f64 % step < 1.0);
            for fault in chosen.flat_map(faults_at) {
                let name = format!("{first}-{thread:?}-{fault}");
                let folder = copy(stage, &seed, &name)?;
                outcome.note(&name, inject(&folder, &names, &fault, thread)?);
                std::fs::remove_dir_all(folder)?;
            }
        }
        rows.push(outcome.row(first));
    }
    Ok(rows)
}

/// At one instance: an error, an interruption, an error of all from there on, and the end.
fn faults_at(instance: usize) -> [String; 4] {
    [("error=EIO", ""), ("error=EINTR", ""), ("error=EIO", "+"), ("signal=KILL", "")]
        .map(|(fault, on)| format!("{fault}:when={instance}{on}"))
}

#[derive(Default)]
struct Outcome {
    /// Of the call, at the start and in the writer.
    instances: Vec<usize>,
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

    fn row(&self, call: &str) -> Row {
        let Self { instances, runs, hit, acknowledged, lost, tails, faults } = self;
        let fault = faults.first().map(|fault| format!("; {} at fault: {fault}", faults.len())).unwrap_or_default();
        let seen = format!(
            "{instances:?} instances at the start and in the writer; EIO, EINTR, EIO from there on, SIGKILL at each: {runs} runs, {hit} hit; {lost} of {acknowledged} acknowledged \
             lost; {tails} torn ends left in place and told{fault}"
        );
        let is_kept = *lost == 0 && faults.is_empty() && *hit == *runs && *hit > 0;
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

/// The load, one thread of it under strace, which looks at the calls on the journal's files. It rotates a few times.
fn start(
    folder: &Path,
    trace: &Path,
    calls: &str,
    inject: &str,
    thread: Thread,
) -> Result<(Load, Option<Child>), Box<dyn Error>> {
    let journal = folder.join("audit.jsonl");
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut by: Vec<String> =
        ["strace", "-qq", "-o", &text(trace), "-e", &format!("trace={calls}")].map(str::to_owned).into();
    if !inject.is_empty() {
        by.extend(["-e".to_owned(), format!("inject={calls}:{inject}")]);
    }
    let mut paths = vec![text(folder), text(&journal)];
    paths.extend(["next", "lock"].map(|end| format!("{}.{end}", text(&journal))));
    // Whichever seq a segment begins with.
    paths.extend((1..=80).map(|seq| format!("{}.{seq:020}", text(&journal))));
    paths.extend((1..=80).map(|seq| format!("{}.{seq:020}.torn", text(&journal))));
    by.extend(paths.into_iter().flat_map(|path| ["-P".to_owned(), path]));
    let start = Start::new(&journal, "strict", 1).with("records", RECORDS);
    let start = start.set("AUDIT_MAX_LINE_BYTES", 2_048).set("AUDIT_ROTATE_BYTES", 8_192);
    if thread == Thread::Main {
        return Ok((start.by(by).run()?, None));
    }
    let mut load = start.with("wait", 1).run()?;
    load.hear()?;
    let id = load.thread("audit-file")?;
    let (program, arguments) = by.split_first().ok_or("it has a name")?;
    let mut strace = Command::new(program).args(arguments).args(["-p", &id.to_string()]).spawn()?;
    let status = format!("/proc/{}/task/{id}/status", load.id());
    let is_traced = || {
        let status = std::fs::read_to_string(&status).unwrap_or_default();
        status.lines().any(|line| line.strip_prefix("TracerPid:").is_some_and(|tracer| tracer.trim() != "0"))
    };
    if let Err(error) = wait_until("strace to watch", is_traced) {
        strace.kill()?;
        strace.wait()?;
        return Err(error);
    }
    load.tell("go")?;
    Ok((load, Some(strace)))
}

/// It ends with what it watches.
fn ended(strace: &mut Option<Child>) -> Result<(), Box<dyn Error>> {
    let Some(strace) = strace else { return Ok(()) };
    wait_until("strace to end", || strace.try_wait().is_ok_and(|ended| ended.is_some()))
}

fn inject(folder: &Path, calls: &str, fault: &str, thread: Thread) -> Result<Run, Box<dyn Error>> {
    let trace = folder.join("trace");
    let (mut load, mut strace) = start(folder, &trace, calls, fault, thread)?;
    load.wait_done()?;
    // It may be gone already: killed, or not started.
    let mut acknowledged = match load.stop() {
        Ok((_, acknowledged)) => acknowledged,
        Err(_) => load.ended()?,
    };
    ended(&mut strace)?;
    let traced = std::fs::read_to_string(&trace)?;
    let is_hit = traced.contains("INJECTED") || traced.contains("killed by SIGKILL");
    let journal = folder.join("audit.jsonl");
    let mut again = Start::new(&journal, "strict", 1).with("records", 3).run()?;
    again.wait_for(3)?;
    acknowledged.extend(again.stop()?.1);
    let found = Found::read(&journal)?;
    // One that could not be moved away stays where nothing is written any more, and a record tells of it.
    let tails = found.tails.len();
    let untold =
        (tails > found.own("audit.torn_tail").len()).then(|| format!("a torn end is not told: {:?}", found.tails));
    let tails = u32::try_from(tails)?;
    let (lost, faults) = (found.lost(&acknowledged), found.faults().or(untold));
    Ok(Run { is_hit, acknowledged: acknowledged.len() as u64, lost, tails, faults })
}

//! What takes a moment each: limits, a disk that turns read-only, and what others do to the file.

use std::error::Error;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::check::Found;
use crate::machine::{Mount, is_root, sh};
use crate::process::{Load, Start, command, wait_until};
use crate::scenarios::full::figure;
use crate::scenarios::{Played, Stage};
use crate::table::Row;

type Small = fn(&Stage) -> Result<Row, Box<dyn Error>>;

pub(super) fn play(stage: &Stage) -> Played {
    let all: [(&str, Small); 10] = [
        ("small: read-only", read_only),
        ("small: a disk that hangs", hanging),
        ("small: RLIMIT_FSIZE", file_size),
        ("small: RLIMIT_NOFILE", descriptors),
        ("small: EPIPE", broken_pipe),
        ("small: closed stdout", closed_stdout),
        ("small: a second process", second),
        ("small: a directory", |stage| replaced(stage, "a directory", |path| Ok(std::fs::create_dir(path)?))),
        ("small: a link", |stage| replaced(stage, "a link", |path| Ok(std::os::unix::fs::symlink("/dev/null", path)?))),
        ("small: a FIFO", |stage| replaced(stage, "a FIFO", |path| sh("mkfifo", &[&path.to_string_lossy()]).map(drop))),
    ];
    Ok(all.into_iter().map(|(name, play)| play(stage).unwrap_or_else(|error| Row::failed(name, &error))).collect())
}

/// Stops a load, and tells whether all is there: nothing lost, torn, double, refused or missing.
fn whole(load: &mut Load, journal: &Path) -> Result<(String, bool, Found), Box<dyn Error>> {
    let (report, acknowledged) = load.stop()?;
    let found = Found::read(journal)?;
    let refused = report["counts"]["refused"].as_u64().unwrap_or(0);
    let lost = found.lost(&acknowledged);
    let faults = found.faults().map(|faults| format!("; {faults}")).unwrap_or_default();
    let seen = format!("{lost} of {} acknowledged lost, {refused} refused{faults}", acknowledged.len());
    Ok((seen, lost == 0 && refused == 0 && found.faults().is_none() && !acknowledged.is_empty(), found))
}

/// An error of the file system makes it read-only, as ext4 does with `errors=remount-ro`.
fn read_only(stage: &Stage) -> Result<Row, Box<dyn Error>> {
    const NAME: &str = "small: the disk turns read-only";
    if !is_root() {
        return Ok(Row::skipped(NAME, "it mounts, for which it would have to be root"));
    }
    let image = stage.folder.join("disk");
    std::fs::File::create(&image)?.set_len(64 << 20)?;
    sh("mkfs.ext4", &["-q", "-e", "remount-ro", &image.to_string_lossy()])?;
    let at = stage.folder("read-only")?;
    let mount = Mount::image(&image, &at)?;
    let device = sh("findmnt", &["-n", "-o", "SOURCE", &at.to_string_lossy()])?;
    let device = device.trim().trim_start_matches("/dev/").to_owned();
    let journal = at.join("audit.jsonl");
    let mut load = Start::new(&journal, "strict", 4).with("pause", 1_000).run()?;
    load.wait_for(50)?;
    std::fs::write(format!("/sys/fs/ext4/{device}/trigger_fs_error"), "1")?;
    wait_until("refusals", || load.ask("stats").is_ok_and(|stats| stats["counts"]["refused"].as_u64() > Some(20)))?;
    let is_failing = load.ask("stats")?["sinks"][0]["failing"] == true;
    let acknowledged = load.kill()?;
    drop(load);
    mount.unmount()?;
    let mount = Mount::image(&image, &at)?;
    let mut again = Start::new(&journal, "strict", 1).with("records", 5).run()?;
    again.wait_for(5)?;
    again.stop()?;
    let found = Found::read(&journal)?;
    let lost = found.lost(&acknowledged);
    let seen = format!(
        "refused, and failing by the figures: {is_failing}; {lost} of {} acknowledged lost",
        acknowledged.len()
    );
    let is_kept = is_failing && lost == 0 && found.faults().is_none();
    mount.unmount()?;
    Ok(Row::new(NAME, "refuses; 0 acknowledged lost", seen, is_kept))
}

/// A file system in which every write waits; dropped, they go on.
struct Frozen<'a>(&'a Path);

impl<'a> Frozen<'a> {
    fn new(at: &'a Path) -> Result<Self, Box<dyn Error>> {
        sh("fsfreeze", &["--freeze", &at.to_string_lossy()])?;
        Ok(Self(at))
    }
}

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        if let Err(error) = sh("fsfreeze", &["--unfreeze", &self.0.to_string_lossy()]) {
            eprintln!("{error}");
        }
    }
}

/// Neither an error nor an answer comes from the disk for a while.
fn hanging(stage: &Stage) -> Result<Row, Box<dyn Error>> {
    const NAME: &str = "small: the disk hangs";
    const TIMEOUT: u64 = 200;
    if !is_root() {
        return Ok(Row::skipped(NAME, "it mounts, for which it would have to be root"));
    }
    let image = stage.folder.join("slow");
    std::fs::File::create(&image)?.set_len(64 << 20)?;
    sh("mkfs.ext4", &["-q", &image.to_string_lossy()])?;
    let mount = Mount::image(&image, &stage.folder("hanging")?)?;
    let journal = mount.at.join("audit.jsonl");
    let start = Start::new(&journal, "strict", 8).with("pause", 1_000);
    let mut load = start.set("AUDIT_QUEUE_TIMEOUT_MS", TIMEOUT).run()?;
    load.wait_for(50)?;
    load.ask("stats")?;
    let frozen = Frozen::new(&mount.at)?;
    std::thread::sleep(Duration::from_secs(3));
    let during = load.ask("stats")?;
    drop(frozen);
    let count = load.count();
    load.wait_for(count + 50)?;
    let (_, acknowledged) = load.stop()?;
    let found = Found::read(&journal)?;
    let lost = found.lost(&acknowledged);
    let number = |name: &str| during["counts"][name].as_u64().unwrap_or(0);
    let (refused, longest) = (number("refused"), number("longest_us") / 1_000);
    let faults = found.faults().map(|faults| format!("; {faults}")).unwrap_or_default();
    let seen = format!(
        "3 s: {refused} refused after at most {longest} ms, {TIMEOUT} allowed for the queue; goes on afterwards; {lost} of {} \
         acknowledged lost{faults}",
        acknowledged.len()
    );
    // Twice, for the handler and for the head; and a machine that is busy.
    let is_kept = refused > 8 && longest < 5 * TIMEOUT && lost == 0 && found.faults().is_none();
    mount.unmount()?;
    Ok(Row::new(NAME, "refuses in time, hangs nobody, goes on by itself; 0 lost", seen, is_kept))
}

fn file_size(stage: &Stage) -> Result<Row, Box<dyn Error>> {
    const LIMIT: u64 = 100_000;
    let journal = stage.folder("fsize")?.join("audit.jsonl");
    let by = vec!["prlimit".to_owned(), format!("--fsize={LIMIT}")];
    let mut load = Start::new(&journal, "strict", 8).by(by).run()?;
    load.wait_for(500)?;
    let (seen, is_whole, found) = whole(&mut load, &journal)?;
    let seen = format!("{} files of at most {LIMIT} bytes; {seen}", found.files);
    let is_kept = is_whole && found.files > 2;
    Ok(Row::new("small: RLIMIT_FSIZE (SIGXFSZ)", "a new file at the limit; nobody is killed, 0 lost", seen, is_kept))
}

fn descriptors(stage: &Stage) -> Result<Row, Box<dyn Error>> {
    let journal = stage.folder("nofile")?.join("audit.jsonl");
    let mut load = Start::new(&journal, "strict", 4).with("pause", 1_000).run()?;
    load.wait_for(20)?;
    let id = load.id().to_string();
    let limits = sh("prlimit", &["--pid", &id, "--nofile", "--noheadings", "--output", "SOFT,HARD"])?;
    let limits = limits.split_whitespace().collect::<Vec<_>>().join(":");
    let hard = limits.rsplit(':').next().unwrap_or("1024").to_owned();
    sh("prlimit", &["--pid", &id, &format!("--nofile=3:{hard}")])?;
    for _ in 0..5 {
        load.ask("reopen")?;
        let count = load.count();
        load.wait_for(count + 10)?;
    }
    let files = Found::read(&journal)?.files;
    sh("prlimit", &["--pid", &id, &format!("--nofile={limits}")])?;
    load.ask("reopen")?;
    let count = load.count();
    load.wait_for(count + 10)?;
    let (seen, is_whole, found) = whole(&mut load, &journal)?;
    let seen = format!("{files} file without descriptors, {} with them; {seen}", found.files);
    let is_kept = is_whole && files == 1 && found.files > 1;
    Ok(Row::new("small: RLIMIT_NOFILE during rotation", "goes on in the old file; 0 lost", seen, is_kept))
}

/// A load that logs to stdout, started by a shell command.
fn on_stdout(stage: &Stage, name: &str, shell: &str, stdout: Stdio) -> Result<(Value, bool), Box<dyn Error>> {
    let path = stage.folder.join(name);
    let mut command = command("sh");
    command.args(["-c", shell, "sh"]).arg(std::env::current_exe()?);
    command.args(["load", "--threads", "2", "--records", "300", "--pause", "1000", "--say"]).arg(&path);
    let mut child = command.env("AUDIT_DELIVERY", "buffered").stdin(Stdio::piped()).stdout(stdout).spawn()?;
    drop(child.stdout.take());
    let mut commands = child.stdin.take().ok_or("it has an input")?;
    std::thread::sleep(Duration::from_secs(1));
    writeln!(commands, "stop")?;
    wait_until("its end", || child.try_wait().is_ok_and(|ended| ended.is_some()))?;
    let is_well = child.wait()?.success();
    let said = std::fs::read_to_string(&path)?;
    let last = said.lines().last().ok_or("it said nothing")?;
    Ok((serde_json::from_str(last)?, is_well))
}

fn counted(scenario: &str, (report, is_well): &(Value, bool)) -> Row {
    let made = report["counts"]["made"].as_u64().unwrap_or(0);
    let [accepted, written, dropped, failed] =
        ["accepted", "written", "dropped", "failed"].map(|name| figure(report, name));
    let seen = format!("lives on: {is_well}; {made} requests: {written} written, {dropped} dropped, {failed} failed");
    let is_kept = *is_well && made > 0 && accepted == made && dropped + failed + written == made;
    Row::new(scenario, "lives on; every loss is counted", seen, is_kept)
}

fn broken_pipe(stage: &Stage) -> Result<Row, Box<dyn Error>> {
    let row = on_stdout(stage, "epipe", r#"exec "$@""#, Stdio::piped())?;
    let is_told = figure(&row.0, "failed") > 0;
    Ok(if is_told { counted("small: EPIPE", &row) } else { Row::failed("small: EPIPE", &"no failure is counted") })
}

/// Rust's runtime opens `/dev/null` in its place before any of a program runs: there it goes, as it would for `>/dev/null`.
fn closed_stdout(stage: &Stage) -> Result<Row, Box<dyn Error>> {
    Ok(counted(
        "small: closed stdout (to Rust, /dev/null)",
        &on_stdout(stage, "closed", r#"exec "$@" >&-"#, Stdio::null())?,
    ))
}

fn second(stage: &Stage) -> Result<Row, Box<dyn Error>> {
    let journal = stage.folder("second")?.join("audit.jsonl");
    let mut load = Start::new(&journal, "strict", 4).with("pause", 1_000).run()?;
    load.wait_for(20)?;
    let mut other = Start::new(&journal, "strict", 1).with("records", 5).run()?;
    let acknowledged = other.ended()?;
    let said = other.said();
    let count = load.count();
    load.wait_for(count + 20)?;
    let (seen, is_whole, _) = whole(&mut load, &journal)?;
    let seen = format!("the second: {:?}; the first: {seen}", said.trim());
    let is_kept = is_whole && acknowledged.is_empty() && said.contains("another process");
    Ok(Row::new("small: a second process on the file", "does not start; the first goes on", seen, is_kept))
}

fn replaced(
    stage: &Stage,
    by: &'static str,
    put: impl Fn(&Path) -> Result<(), Box<dyn Error>>,
) -> Result<Row, Box<dyn Error>> {
    let journal = stage.folder(by)?.join("audit.jsonl");
    let mut load = Start::new(&journal, "strict", 4).with("pause", 1_000).run()?;
    load.wait_for(50)?;
    // In one step, or a new file would stand there first.
    let aside = journal.with_extension("aside");
    put(&aside)?;
    rustix::fs::renameat_with(rustix::fs::CWD, &aside, rustix::fs::CWD, &journal, rustix::fs::RenameFlags::EXCHANGE)?;
    std::fs::rename(&aside, journal.with_extension("jsonl.1"))?;
    let count = load.count();
    load.wait_for(count + 100)?;
    let (seen, is_whole, found) = whole(&mut load, &journal)?;
    let is_told = !found.own("audit.journal_changed").is_empty();
    let seen = format!("{seen}; told: {is_told}");
    Ok(Row::new(format!("small: replaced by {by}"), "recorded; 0 lost", seen, is_whole && is_told))
}

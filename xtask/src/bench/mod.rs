//! What auditing costs a request, in instructions, beside what else is done to requests: `cargo xtask bench`.
//!
//! Each scenario of the crate `audit-bench` runs under valgrind's callgrind twice, with [`WARM_UP`] requests and with
//! [`COUNTED`] more; the difference, divided by [`COUNTED`], is what one request takes. The two processes do the same
//! but for those requests: starting, warming up, writing what is queued and ending cancel out. It is right for work
//! on other threads, which callgrind's own way to count a part of a process (`--toggle-collect`) is not: that switches
//! per thread, so that what a sink's or an appender's thread does for a request would count for nothing.
//!
//! - Instructions do not depend on how fast or how busy the machine is. The allocator's do depend a little on which
//!   thread frees when, and a hash map's on its random keys, so each figure is the mean of [`REPEATS`] such pairs: two
//!   runs then differ by less than one in a hundred of a request's instructions.
//! - They tell nothing of cache misses, and nothing of what the kernel does for a process.
//! - valgrind runs one thread at a time, so that a writer finds more records waiting than it would beside the others.
//! - A scenario that did not write one line a request is an error, not a result.
//!
//! `cargo xtask bench redact` measures redaction by itself, `cargo xtask bench delivery` what comes after the encoder.

mod profile;
mod redact;
mod report;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Requests of which none is counted.
const WARM_UP: u64 = 100;
/// Requests that are counted.
const COUNTED: u64 = 800;
/// How often that is done.
const REPEATS: u64 = 3;

/// What delivery costs: the program `delivery` of the crate `audit-bench`.
fn delivery(arguments: &[String]) -> ExitCode {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--quiet", "--release", "--package", "audit-bench", "--bin", "delivery", "--"]).args(arguments);
    match cargo.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cannot run cargo: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What the command line asks for.
#[derive(Default)]
struct Options {
    json: Option<PathBuf>,
    only: Option<String>,
    profile: Option<String>,
}

/// One scenario on one request.
struct Cell {
    request: String,
    scenario: String,
    /// What it writes for each request.
    lines: u64,
    name: String,
}

/// Instructions, of all threads and of the one that makes the requests.
#[derive(Clone, Copy)]
struct Instructions {
    all: i64,
    request_thread: i64,
}

pub(crate) fn run(arguments: &[String]) -> ExitCode {
    if let Some((part, rest)) = arguments.split_first()
        && part == "redact"
    {
        return redact::run(rest);
    }
    if let Some((part, rest)) = arguments.split_first()
        && part == "delivery"
    {
        return delivery(rest);
    }
    let Some(options) = Options::parse(arguments) else {
        eprintln!(
            "usage: cargo xtask bench [--json FILE] [--only NAME] [--profile NAME] | redact [PART] | delivery [buffered|tasks|threads] [SECONDS [FOLDER]]"
        );
        return ExitCode::from(2);
    };
    if !Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success()) {
        eprintln!("missing: valgrind, which counts the instructions (apt-get install valgrind)");
        return ExitCode::from(2);
    }
    match bench(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

impl Options {
    fn parse(arguments: &[String]) -> Option<Self> {
        let mut options = Self::default();
        let mut rest = arguments.iter();
        while let Some(option) = rest.next() {
            let value = rest.next()?.clone();
            match option.as_str() {
                "--json" => options.json = Some(value.into()),
                "--only" => options.only = Some(value),
                "--profile" => options.profile = Some(value),
                _ => return None,
            }
        }
        Some(options)
    }
}

fn bench(options: &Options) -> Result<(), String> {
    let (program, mut cells) = build()?;
    if let Some(name) = &options.profile {
        let cell = cells.iter().find(|cell| cell.name == *name).ok_or_else(|| unknown(name, &cells))?;
        return profile::print(&program, cell);
    }
    if let Some(name) = &options.only {
        if !cells.iter().any(|cell| cell.name.contains(name)) {
            return Err(unknown(name, &cells));
        }
        cells.retain(|cell| cell.name.contains(name) || report::is_reference(cell));
    }
    let measured = measure_all(&program, &cells)?;
    let figures = report::figures(&cells, &measured);
    report::print(&cells, &measured);
    match &options.json {
        Some(path) => {
            fs::write(path, report::json(&figures)).map_err(|error| format!("cannot write {}: {error}", path.display()))
        }
        None => Ok(()),
    }
}

fn unknown(name: &str, cells: &[Cell]) -> String {
    let names: Vec<&str> = cells.iter().map(|cell| cell.name.as_str()).collect();
    format!("no scenario is called {name}; expected one of {}", names.join(", "))
}

/// Builds the scenarios, and asks them where they are and which.
fn build() -> Result<(PathBuf, Vec<Cell>), String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--quiet", "--profile", "callgrind", "--package", "audit-bench", "--", "list"]);
    let output = cargo
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !output.status.success() {
        return Err("cannot build the scenarios".to_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines();
    let program = lines.next().map(PathBuf::from);
    let cells: Option<Vec<Cell>> = lines.map(Cell::parse).collect();
    program.zip(cells).ok_or_else(|| format!("cannot read the list of scenarios: {text}"))
}

impl Cell {
    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split('\t').collect();
        let [request, scenario, lines, name] = fields[..] else { return None };
        let lines = lines.parse().ok()?;
        Some(Self { request: request.into(), scenario: scenario.into(), lines, name: name.into() })
    }
}

/// Measures every cell, as many at once as there are processors: a count does not depend on who else runs.
fn measure_all(program: &Path, cells: &[Cell]) -> Result<BTreeMap<String, Instructions>, String> {
    let (next, measured) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || -> Result<(), String> {
        while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
            let instructions = measure(program, cell).map_err(|error| format!("{}: {error}", cell.name))?;
            let mut measured = measured.lock().map_err(|_| "another measurement panicked".to_owned())?;
            measured.insert(cell.name.clone(), instructions);
        }
        Ok(())
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        running.into_iter().try_for_each(|one| one.join().map_err(|_| "a measurement panicked".to_owned())?)
    })?;
    measured.into_inner().map_err(|_| "a measurement panicked".to_owned())
}

fn measure(program: &Path, cell: &Cell) -> Result<Instructions, String> {
    let (mut all, mut first) = (0, 0);
    for _ in 0..REPEATS {
        let warm_up = totals(count(program, cell, WARM_UP)?.path())?;
        let counted = totals(count(program, cell, WARM_UP + COUNTED)?.path())?;
        all += counted.0 - warm_up.0;
        first += counted.1 - warm_up.1;
    }
    let requests = (COUNTED * REPEATS).cast_signed();
    let each = |instructions: i64| (instructions + requests / 2).div_euclid(requests);
    Ok(Instructions { all: each(all), request_thread: each(first) })
}

/// Runs so many requests under callgrind; the folder holds one file a thread. Fails unless each request left its line.
fn count(program: &Path, cell: &Cell, requests: u64) -> Result<tempfile::TempDir, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("cannot make a temporary folder: {error}"))?;
    let output = Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind", "--separate-threads=yes"])
        .arg(format!("--callgrind-out-file={}", folder.path().join("callgrind").display()))
        .arg(program)
        .args(["run", &cell.request, &cell.scenario, &requests.to_string()])
        .arg(folder.path())
        // Settings of whoever runs this must not reach what is measured.
        .env_remove("RUST_LOG")
        .output()
        .map_err(|error| format!("cannot run valgrind: {error}"))?;
    if !output.status.success() {
        return Err(format!("void: {}", String::from_utf8_lossy(&output.stderr).trim_end()));
    }
    let log = folder.path().join("log.json");
    let bytes = match fs::read(&log) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(format!("cannot read {}: {error}", log.display())),
    };
    let written = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    let expected = cell.lines * requests;
    if written != expected {
        return Err(format!("void: {written} lines were written of {requests} requests, expected {expected}"));
    }
    Ok(folder)
}

/// The files of the threads, the one that makes the requests first.
fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    // `callgrind` itself is empty when threads are apart: `callgrind-01` is the first thread's.
    files.retain(|path| path.to_string_lossy().contains("/callgrind-"));
    files.sort();
    if files.is_empty() { Err(format!("callgrind left nothing in {}", folder.display())) } else { Ok(files) }
}

/// What all threads took, and what the first did.
fn totals(folder: &Path) -> Result<(i64, i64), String> {
    let (mut all, mut first) = (0, None);
    for file in files(folder)? {
        let text = fs::read_to_string(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        let total = text.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse::<i64>().ok());
        let total = total.ok_or_else(|| format!("no total in {}", file.display()))?;
        first.get_or_insert(total);
        all += total;
    }
    Ok((all, first.unwrap_or(0)))
}

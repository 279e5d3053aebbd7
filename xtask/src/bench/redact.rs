//! What redaction costs by itself: `cargo xtask bench redact`.
//!
//! The program `redaction` of the crate `audit-bench` measures; this builds it and runs its parts. Allocations are
//! counted in a build of their own, for the allocator that counts is slower. Instructions are counted by callgrind, each
//! worst case at [`BYTES`] and at twice that: what is linear takes about twice as many.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::report::{grouped, ratio};
use super::totals;

const USAGE: &str = "\
usage: cargo xtask bench redact [part]

  race [ROUNDS]         ours and others by turns, and which aims are met
  worst [NAME [LINE]]   milliseconds a MiB of inputs that are meant to be slow, in records of LINE bytes
  allocations           what each allocates for a body
  instructions [NAME [PLACE]]
                        of the slow inputs, at twice the length over those at once (needs valgrind; some minutes)

Without a part: the first three.
";

/// More than a record holds, so that what only fills it is the same at both lengths.
const BYTES: u64 = 64 * 1024;
/// The bound of instructions at twice the length over those at once, in hundredths.
const AIM: i64 = 220;
/// The function whose instructions count: everything around it makes the input or tears down.
const COUNTED: &str = "redaction::worst::redact";

pub(super) fn run(arguments: &[String]) -> ExitCode {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        [] => ["race", "worst", "allocations"].into_iter().try_for_each(|part| measure(&[part])),
        ["race"] | ["race", _] | ["worst"] | ["worst", _] | ["worst", _, _] | ["allocations"] => measure(&arguments),
        ["instructions"] => instructions("", ""),
        ["instructions", name] => instructions(name, ""),
        ["instructions", name, place] => instructions(name, place),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn cargo(profile: &str) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--quiet", "--profile", profile, "--package", "audit-bench", "--bin", "redaction"]);
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")));
    cargo
}

fn measure(part: &[&str]) -> Result<(), String> {
    let mut cargo = cargo("release");
    if part == ["allocations"] {
        cargo.args(["--features", "allocations"]);
    }
    println!("redaction {}", part.join(" "));
    let status = cargo.arg("--").args(part).status().map_err(|error| format!("cannot run cargo: {error}"))?;
    println!();
    if status.success() { Ok(()) } else { Err(format!("redaction {} failed", part.join(" "))) }
}

/// One input in one place.
struct Worst {
    place: String,
    case: String,
}

/// Prints how instructions grow, of all worst cases whose name contains `name`, where the place's contains `place`.
fn instructions(name: &str, place: &str) -> Result<(), String> {
    let (program, mut worst) = listed()?;
    worst.retain(|worst| worst.case.contains(name) && worst.place.contains(place));
    if worst.is_empty() {
        return Err(format!("no worst case is called {name} {place}"));
    }
    println!("{:<10} {:<18} {:>12} {:>12} {:>6}", "place", "case", "64 KiB", "128 KiB", "x");
    let (next, missed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || -> Result<(), String> {
        while let Some(worst) = worst.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (once, twice) = (count(&program, worst, BYTES)?, count(&program, worst, 2 * BYTES)?);
            let is_met = twice * 100 < once * AIM;
            missed.fetch_add(usize::from(!is_met), Ordering::Relaxed);
            // Each as it is known, for all of them take minutes.
            println!(
                "{:<10} {:<18} {:>12} {:>12} {:>6}{}",
                worst.place,
                worst.case,
                grouped(once),
                grouped(twice),
                ratio(twice, once),
                if is_met { "" } else { " MISSED" },
            );
        }
        Ok(())
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        running.into_iter().try_for_each(|one| one.join().map_err(|_| "a count panicked".to_owned())?)
    })?;
    println!("{} of {} aims missed (under {} times)", missed.into_inner(), worst.len(), ratio(AIM, 100));
    Ok(())
}

/// The program, built so that callgrind knows its functions, and its worst cases.
fn listed() -> Result<(PathBuf, Vec<Worst>), String> {
    let output = cargo("callgrind")
        .args(["--", "list"])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !output.status.success() {
        return Err("cannot build the program redaction".to_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines();
    let program = lines.next().map(PathBuf::from);
    let worst = |line: &str| {
        let (place, case) = line.split_once('\t')?;
        Some(Worst { place: place.to_owned(), case: case.to_owned() })
    };
    let worst: Option<Vec<Worst>> = lines.map(worst).collect();
    program.zip(worst).ok_or_else(|| format!("cannot read the list of worst cases: {text}"))
}

/// The instructions of [`COUNTED`] and of what it calls. One thread does all, so that callgrind can switch itself on.
fn count(program: &Path, worst: &Worst, bytes: u64) -> Result<i64, String> {
    let what = format!("{} as {}", worst.case, worst.place);
    let folder = tempfile::tempdir().map_err(|error| format!("cannot make a temporary folder: {error}"))?;
    let output = Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind", "--collect-atstart=no", "--separate-threads=yes"])
        .arg(format!("--toggle-collect={COUNTED}*"))
        .arg(format!("--callgrind-out-file={}", folder.path().join("callgrind").display()))
        .arg(program)
        .args(["one", &worst.place, &worst.case, &bytes.to_string()])
        .output()
        .map_err(|error| format!("cannot run valgrind: {error}"))?;
    if !output.status.success() {
        return Err(format!("{what}: {}", String::from_utf8_lossy(&output.stderr).trim_end()));
    }
    match totals(folder.path())?.0 {
        0 => Err(format!("{what}: callgrind did not find {COUNTED}")),
        instructions => Ok(instructions),
    }
}

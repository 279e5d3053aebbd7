//! Steps of a command: cargo runs, one after the other, and what they left to be told at the end.

mod failures;
mod matrix;
mod summary;

use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use failures::Failures;
use matrix::{COLUMNS, Matrix};
use summary::{SKIPS, Summary};
use tempfile::NamedTempFile;

/// How long a command that has ended may still have something to say.
const AFTERWORDS: Duration = Duration::from_secs(1);

/// A step: what it is called, where it runs, the cargo arguments, and what is set in its environment.
pub(crate) struct Step {
    pub(crate) what: &'static str,
    pub(crate) folder: &'static str,
    pub(crate) arguments: &'static [&'static str],
    pub(crate) environment: &'static [(&'static str, &'static str)],
}

pub(crate) const fn step(what: &'static str, arguments: &'static [&'static str]) -> Step {
    Step { what, folder: "", arguments, environment: &[] }
}

/// Runs every step, whatever became of those before it, and tells what they came to.
pub(crate) fn run(steps: &[Step]) -> ExitCode {
    if let Err(missing) = check_tools() {
        eprintln!("{missing}");
        return ExitCode::FAILURE;
    }
    let (summary, matrix) = match walk(steps, &root()) {
        Ok(walked) => walked,
        Err(error) => {
            eprintln!("cannot tell what the tests left in files: {error}");
            return ExitCode::FAILURE;
        }
    };
    if !matrix.is_empty() {
        println!("== conformance of the adapters\n{matrix}");
    }
    println!("{summary}");
    if summary.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The workspace's folder: this crate lies in it.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

/// The files in which tests leave what the run is to tell at its end.
struct Left {
    skips: NamedTempFile,
    columns: NamedTempFile,
}

fn walk(steps: &[Step], root: &Path) -> io::Result<(Summary, Matrix)> {
    let left = Left { skips: NamedTempFile::new()?, columns: NamedTempFile::new()? };
    let failed = steps.iter().filter_map(|step| run_step(step, root, &left).err().map(|told| (step.what, told)));
    let failed = failed.collect();
    let may_skip = summary::may_skip(std::env::var_os("CI").as_deref());
    let skipped = summary::skips(left.skips.path())?;
    let summary = Summary { steps: steps.len(), failed, skipped, may_skip };
    Ok((summary, Matrix::read(left.columns.path())?))
}

/// SQLite and the cryptography are C or need a linker: say so before a wall of compiler output does.
fn check_tools() -> Result<(), &'static str> {
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    match Command::new(compiler).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        _ => Err("missing: a C compiler (cc, or what CC names)"),
    }
}

/// Runs a step; one that fails returns what is to be told of it at the end.
fn run_step(step: &Step, root: &Path, left: &Left) -> Result<(), Vec<String>> {
    println!("== {}: cargo {}", step.what, step.arguments.join(" "));
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(step.arguments).current_dir(root.join(step.folder));
    command.env(SKIPS, left.skips.path()).env(COLUMNS, left.columns.path());
    // Settings of whoever runs this must not reach the services under test.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AUDIT_")) {
        command.env_remove(name);
    }
    command.envs(step.environment.iter().copied());
    // Through a pipe, cargo would take it for a file.
    if io::stdout().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    let mut failures = Failures::default();
    match pass_on(&mut command, &mut failures) {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(failures.told()),
        Err(error) => Err(vec![format!("cannot run cargo: {error}")]),
    }
}

/// Runs the command, and passes on what it says, both outputs in their order.
fn pass_on(command: &mut Command, failures: &mut Failures) -> io::Result<ExitStatus> {
    let (reader, writer) = io::pipe()?;
    let mut child = command.stdout(writer.try_clone()?).stderr(writer).spawn()?;
    // Of the pipe's other end, only the command's own is left.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (lines, said) = mpsc::channel();
    thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        loop {
            let mut line = Vec::new();
            match reader.read_until(b'\n', &mut line) {
                Ok(1..) if lines.send(line).is_ok() => {}
                _ => return,
            }
        }
    });
    let mut ended = None;
    loop {
        match said.recv_timeout(AFTERWORDS) {
            Ok(line) => {
                io::stdout().write_all(&line)?;
                failures.line(String::from_utf8_lossy(&line).trim_end_matches('\n'));
            }
            Err(RecvTimeoutError::Disconnected) => return child.wait(),
            // A process that a test left behind may hold the pipe open for good.
            Err(RecvTimeoutError::Timeout) => match ended {
                Some(status) => return Ok(status),
                None => ended = child.try_wait()?,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (Option<i32>, Vec<String>) {
        let mut failures = Failures::default();
        let status = pass_on(Command::new("sh").args(["-c", script]), &mut failures).unwrap();
        (status.code(), failures.told())
    }

    #[test]
    fn both_outputs_are_heard_in_their_order_and_the_last_line_too() {
        assert_eq!(
            shell("echo a; echo b >&2; printf c; exit 3"),
            (Some(3), ["a", "b", "c"].map(str::to_owned).to_vec())
        );
    }

    #[test]
    fn a_process_that_is_left_behind_holds_up_nothing() {
        // It would be waited for if its end of the pipe were.
        let (code, told) = shell("echo a; sleep 20 & exit 0");
        assert_eq!((code, told), (Some(0), vec!["a".to_owned()]));
    }
}

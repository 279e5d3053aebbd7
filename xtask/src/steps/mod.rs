//! Steps of a command: cargo runs, one after the other, and what they left to be told at the end.

mod matrix;
mod summary;

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use matrix::{COLUMNS, Matrix};
use summary::{SKIPS, Summary};
use tempfile::NamedTempFile;

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
    let failed = steps.iter().filter(|step| !succeeds(step, root, &left)).map(|step| step.what).collect();
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

fn succeeds(step: &Step, root: &Path, left: &Left) -> bool {
    println!("== {}: cargo {}", step.what, step.arguments.join(" "));
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(step.arguments).current_dir(root.join(step.folder));
    command.env(SKIPS, left.skips.path()).env(COLUMNS, left.columns.path());
    // Settings of whoever runs this must not reach the services under test.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AUDIT_")) {
        command.env_remove(name);
    }
    command.envs(step.environment.iter().copied());
    match command.status() {
        Ok(status) => status.success(),
        Err(error) => {
            println!("cannot run cargo: {error}");
            false
        }
    }
}

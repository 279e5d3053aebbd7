//! Everything that must hold before a change lands, in one command.

mod chromium;
mod matrix;
mod summary;

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use matrix::{COLUMNS, Matrix};
use summary::{SKIPS, Summary};
use tempfile::NamedTempFile;

/// A step: what it is called, where it runs, and the cargo arguments.
struct Step {
    what: &'static str,
    folder: &'static str,
    arguments: &'static [&'static str],
    deny_doc_warnings: bool,
}

const fn step(what: &'static str, arguments: &'static [&'static str]) -> Step {
    Step { what, folder: "", arguments, deny_doc_warnings: false }
}

const STEPS: &[Step] = &[
    step("formatting", &["fmt", "--all", "--check"]),
    step("lints", &["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]),
    step("core without its features", &["clippy", "-p", "audit-core", "--no-default-features", "--", "-D", "warnings"]),
    Step { deny_doc_warnings: true, ..step("docs", &["doc", "--workspace", "--no-deps", "--all-features"]) },
    step("tests", &["test", "--workspace", "--all-features", "--no-fail-fast"]),
    Step {
        folder: "audit-axum/tests/no-tracing",
        ..step("tests with tracing switched off at compile time", &["test"])
    },
    Step { folder: "audit-core/tests/linked", ..step("which crates' handlers are linked", &["test"]) },
];

pub(crate) fn run() -> ExitCode {
    let root = root();
    if let Err(missing) = check_tools() {
        eprintln!("{missing}");
        return ExitCode::FAILURE;
    }
    chromium::provide();
    let (summary, matrix) = match walk(&root) {
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

/// The files in which tests leave what the run is to tell at its end.
struct Left {
    skips: NamedTempFile,
    columns: NamedTempFile,
}

fn walk(root: &Path) -> io::Result<(Summary, Matrix)> {
    let left = Left { skips: NamedTempFile::new()?, columns: NamedTempFile::new()? };
    let failed = STEPS.iter().filter(|step| !succeeds(step, root, &left)).map(|step| step.what).collect();
    let may_skip = summary::may_skip(std::env::var_os("CI").as_deref());
    let skipped = summary::skips(left.skips.path())?;
    let summary = Summary { steps: STEPS.len(), failed, skipped, may_skip };
    Ok((summary, Matrix::read(left.columns.path())?))
}

/// The workspace's folder: this crate lies in it.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
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
    if step.deny_doc_warnings {
        command.env("RUSTDOCFLAGS", "-D warnings");
    }
    match command.status() {
        Ok(status) => status.success(),
        Err(error) => {
            println!("cannot run cargo: {error}");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::root;

    /// What the README shows must be what runs.
    #[test]
    fn the_readme_shows_the_quickstart_as_it_is() {
        let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
        let quickstart = std::fs::read_to_string(root().join("examples/quickstart-axum/src/main.rs")).unwrap();
        let (_about, code) = quickstart.split_once("\n\n").unwrap();
        assert!(readme.contains(code.trim_end()), "README.md and examples/quickstart-axum/src/main.rs differ");
    }
}

//! Looks for inputs for which redaction does not hold what it promises: `cargo xtask fuzz`.
//!
//! The targets are in `audit-core/fuzz`; what they check is in `audit-core/tests/fuzz`, whose tests go over the seeds that
//! were kept. Nothing is installed here: without cargo-fuzz it says so and ends. Sanitizers need a nightly toolchain and
//! find nothing in code without `unsafe`, so there are none.

use std::fs;
use std::io;
use std::process::{Command, ExitCode, Stdio};

use crate::steps::root;

const TARGETS: [&str; 4] = ["json", "form", "multipart", "bytes"];

/// How long each target runs, unless somebody says otherwise.
const MINUTES: u64 = 10;

/// Inputs are no longer: what a body is made of is a byte a decision, and a line holds no more of raw ones.
const MAX_LENGTH: usize = 1_024;

/// How many seconds an input may take before it is a finding.
const PATIENCE: u64 = 10;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    minutes: u64,
    targets: Vec<&'static str>,
}

pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let Some(options) = Options::parse(arguments) else {
        eprintln!("usage: cargo xtask fuzz [--minutes N] [{}]", TARGETS.join(" | "));
        return ExitCode::from(2);
    };
    if !cargo(&["fuzz", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success()) {
        eprintln!("missing: cargo-fuzz, which runs the targets (cargo install cargo-fuzz)");
        return ExitCode::from(2);
    }
    let mut failed = Vec::new();
    for target in options.targets {
        println!("== {target}: {} minutes", options.minutes);
        match fuzz(target, options.minutes) {
            Ok(true) => {}
            Ok(false) => failed.push(target),
            Err(error) => {
                eprintln!("cannot fuzz {target}: {error}");
                failed.push(target);
            }
        }
    }
    if failed.is_empty() {
        println!("== nothing was found");
        return ExitCode::SUCCESS;
    }
    println!("== found something: {}; the inputs are in audit-core/fuzz/artifacts", failed.join(", "));
    ExitCode::FAILURE
}

impl Options {
    fn parse(mut arguments: &[String]) -> Option<Self> {
        let mut options = Self { minutes: MINUTES, targets: Vec::new() };
        while let Some((argument, rest)) = arguments.split_first() {
            arguments = rest;
            if argument == "--minutes" {
                let (minutes, rest) = arguments.split_first()?;
                options.minutes = minutes.parse().ok().filter(|minutes| *minutes > 0)?;
                arguments = rest;
            } else {
                options.targets.push(TARGETS.into_iter().find(|target| target == argument)?);
            }
        }
        if options.targets.is_empty() {
            options.targets = TARGETS.to_vec();
        }
        Some(options)
    }
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root().join("audit-core/fuzz"));
    command
}

/// Whether a target ran for so many minutes and found nothing.
fn fuzz(target: &str, minutes: u64) -> io::Result<bool> {
    let (corpus, seeds) = (format!("corpus/{target}"), format!("seeds/{target}"));
    fs::create_dir_all(root().join("audit-core/fuzz").join(&corpus))?;
    let mut command = cargo(&["fuzz", "run", "--sanitizer", "none", target, &corpus, &seeds, "--"]);
    command.arg(format!("-max_total_time={}", minutes * 60));
    command.arg(format!("-max_len={MAX_LENGTH}")).arg(format!("-timeout={PATIENCE}")).arg("-print_final_stats=1");
    Ok(command.status()?.success())
}

#[cfg(test)]
mod tests {
    use super::{MINUTES, Options, TARGETS};
    use crate::steps::root;

    #[test]
    fn the_command_line_says_what_and_how_long() {
        let parse = |line: &str| Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(parse(""), Some(Options { minutes: MINUTES, targets: TARGETS.to_vec() }));
        assert_eq!(parse("form --minutes 3"), Some(Options { minutes: 3, targets: vec!["form"] }));
        for line in ["--minutes", "--minutes 0", "--minutes x", "xml", "--help"] {
            assert_eq!(parse(line), None, "{line}");
        }
    }

    #[test]
    fn every_target_is_there_with_its_seeds() {
        for target in TARGETS {
            assert!(root().join(format!("audit-core/fuzz/fuzz_targets/{target}.rs")).is_file(), "{target}");
            assert!(root().join(format!("audit-core/fuzz/seeds/{target}")).is_dir(), "{target}");
        }
    }
}

//! What is promised when things break, tried on this machine: `cargo xtask faults`. The scenarios are in `audit-faults`.

use std::process::{Command, ExitCode};

use crate::steps::root;

/// What the scenarios run, each built as its users build it, and which of them need it.
const PROGRAMS: [(&[&str], &[&str]); 4] = [
    (&["-p", "audit-axum", "--example", "echo-axum"], &["kill", "stall"]),
    (&["-p", "audit-actix", "--example", "echo-actix"], &["kill"]),
    (&["-p", "audit-rocket", "--example", "echo-rocket"], &["kill"]),
    (&["-p", "audit-cli"], &["followers"]),
];

/// Scenarios that need this program alone.
const OTHERS: [&str; 7] = ["power", "full", "inject", "rotate", "clock", "small", "--list"];

pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let is_named = |name: &&str| arguments.iter().any(|argument| argument == name);
    for (program, scenarios) in PROGRAMS {
        // Without the name of any, all are played.
        let is_needed = scenarios.iter().any(&is_named) || !names().any(|name| is_named(&name));
        if is_needed && !cargo(&["build", "--release", "--quiet"], program) {
            eprintln!("not built: {}", program.join(" "));
            return ExitCode::FAILURE;
        }
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ran = cargo(&["run", "--release", "--quiet", "-p", "audit-faults", "--"], &arguments);
    if ran { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn names() -> impl Iterator<Item = &'static str> {
    PROGRAMS.into_iter().flat_map(|(_, scenarios)| scenarios.iter().copied()).chain(OTHERS)
}

fn cargo(command: &[&str], arguments: &[&str]) -> bool {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(command).args(arguments).current_dir(root()).status();
    status.is_ok_and(|status| status.success())
}

//! What is promised when things break, tried on this machine: `cargo xtask faults`. The scenarios are in `audit-faults`.

use std::process::{Command, ExitCode};

use crate::steps::root;

/// What the scenarios run, each built as its users build it.
const PROGRAMS: [&[&str]; 4] = [
    &["-p", "audit-axum", "--example", "echo-axum"],
    &["-p", "audit-actix", "--example", "echo-actix"],
    &["-p", "audit-rocket", "--example", "echo-rocket"],
    &["-p", "audit-cli"],
];

pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let is_list = arguments.iter().any(|argument| argument == "--list");
    for program in PROGRAMS.iter().filter(|_| !is_list) {
        if !cargo(&["build", "--release", "--quiet"], program) {
            eprintln!("not built: {}", program.join(" "));
            return ExitCode::FAILURE;
        }
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ran = cargo(&["run", "--release", "--quiet", "-p", "audit-faults", "--"], &arguments);
    if ran { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn cargo(command: &[&str], arguments: &[&str]) -> bool {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(command).args(arguments).current_dir(root()).status();
    status.is_ok_and(|status| status.success())
}

//! What is promised when things break, tried on a real machine: `cargo xtask faults`.
//!
//! Each scenario breaks something under load (a process, a disk, a clock) and counts afterwards what the journal holds
//! against what was acknowledged. The load is this program too, with the argument `load`, over the public API; where HTTP
//! matters it is the adapters' echo servers.
//!
//! What is mounted and started stands in namespaces of its own (`unshare`): however this ends, the kernel unmounts and
//! ends all of it.

#[cfg(target_os = "linux")]
mod check;
#[cfg(target_os = "linux")]
mod load;
#[cfg(target_os = "linux")]
mod machine;
#[cfg(target_os = "linux")]
mod options;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod scenarios;
#[cfg(target_os = "linux")]
mod table;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((first, rest)) if first == "load" => load::run(rest),
        _ => scenarios::run(&arguments),
    }
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    println!("skipped: every scenario, for they break things as Linux does (mounts, strace, signals)");
    ExitCode::SUCCESS
}

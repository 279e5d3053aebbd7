//! One scenario in one process, for `cargo xtask bench` to count: a router, called as `axum::serve` calls it, but
//! without a network.
//!
//! - Every request is answered, and its answer's body is read to the end.
//! - Before the process ends, every record and every line is in the file; one that was lost is an error.
//! - What a process does besides its requests does not depend on how many they are.

mod drive;
mod handlers;
mod ours;
mod peers;
mod request;
mod scenario;

use std::path::Path;
use std::process::ExitCode;

use crate::request::Kind;
use crate::scenario::{SCENARIOS, Scenario};

const USAGE: &str = "\
usage: audit-bench <command>

  list                                        this program, then every request, scenario, lines a request and name
  run <request> <scenario> <count> <folder>   makes requests; what is logged goes to <folder>/log.json
  show <request> <scenario> <count> <folder>  the same, and prints the answers
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["list"] => list(),
        [command @ ("run" | "show"), request, scenario, count, folder] => {
            match (Kind::named(request), Scenario::named(scenario), count.parse()) {
                (Some(request), Some(scenario), Ok(count)) => {
                    let load = drive::Load { request, count, show: command == "show" };
                    scenario.run(load, &Path::new(folder).join("log.json"))
                }
                _ => return usage(),
            }
        }
        _ => return usage(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprint!("{USAGE}");
    ExitCode::from(2)
}

fn list() -> Result<(), scenario::Failed> {
    let program =
        std::env::current_exe().map_err(|source| scenario::Failed::Io { what: "find this program", source })?;
    println!("{}", program.display());
    for request in Kind::ALL {
        for scenario in SCENARIOS {
            let lines = u8::from(scenario.writes());
            println!("{}\t{}\t{lines}\t{}", request.name(), scenario.name(), scenario.name_on(request));
        }
    }
    Ok(())
}

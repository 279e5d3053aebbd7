//! What redaction costs by itself, for `cargo xtask bench redact`: ours beside what people use, on the same bodies, and
//! the inputs that are meant to make it slow.
//!
//! - All that is compared runs in one process and by turns, a small batch each, so that a busy machine is busy for all.
//! - Before anything is timed its output is looked at: no secret in it, and what is harmless still there.
//! - The peers only hide values by name and give back all of the body. Ours also looks into values, keeps duplicate
//!   keys apart and ends within the line's bound, which the peers do not.
//! - Nothing fails because it is slow: an aim that is missed is printed as such.

#[cfg(feature = "allocations")]
mod allocations;
mod payload;
mod race;
mod table;
mod ways;
mod worst;

use std::process::ExitCode;

use crate::payload::Sizes;
use crate::ways::LINE;

const USAGE: &str = "\
usage: redaction <command>

  race [ROUNDS]                    ours and others by turns, and which aims are met
  worst [NAME [LINE]]              milliseconds a MiB of inputs that are meant to be slow, in records of LINE bytes
  allocations                      what each allocates for a body (needs the feature `allocations`)
  check                            looks at every output once, on small inputs, and times nothing
  list                             this program, then every worst case: where it stands and its name
  one <place> <case> <bytes>       one worst case, once, for callgrind
  repeat <way> <payload> <count>   one way on one payload, for profiles
";

/// Why figures would be void.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("{way} on {payload}: {source}")]
    Json { way: &'static str, payload: String, source: serde_json::Error },
    #[error("{way} on {payload}: {source}")]
    Sonic { way: &'static str, payload: String, source: sonic_rs::Error },
    #[error("{way} on {payload}: nested too deeply")]
    TooDeep { way: &'static str, payload: String },
    #[error("{way} on {payload}: {what}")]
    Output { way: &'static str, payload: String, what: String },
    #[error("{case} as {place}: {what}")]
    Worst { case: &'static str, place: &'static str, what: String },
    #[error("cannot find this program: {source}")]
    Program { source: std::io::Error },
    #[error("no {what} is called {name}; expected one of {expected}")]
    Unknown { what: &'static str, name: String, expected: String },
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["race"] => race::run(Sizes::Real, race::ROUNDS),
        ["race", rounds] => match rounds.parse() {
            Ok(rounds @ 1..) => race::run(Sizes::Real, rounds),
            _ => return usage(),
        },
        ["worst"] => worst::run("", LINE),
        ["worst", name] => worst::run(name, LINE),
        ["worst", name, line] => match line.parse() {
            Ok(line) => worst::run(name, line),
            Err(_) => return usage(),
        },
        #[cfg(feature = "allocations")]
        ["allocations"] => allocations::run(),
        ["check"] => check(),
        ["list"] => worst::list(),
        ["one", place, case, bytes] => match bytes.parse() {
            Ok(bytes) => worst::one(place, case, bytes),
            Err(_) => return usage(),
        },
        ["repeat", way, payload, count] => match count.parse() {
            Ok(count) => race::repeat(way, payload, count),
            Err(_) => return usage(),
        },
        _ => return usage(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("void: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprint!("{USAGE}");
    ExitCode::from(2)
}

fn check() -> Result<(), Failed> {
    race::check(Sizes::Small)?;
    worst::check()?;
    #[cfg(feature = "allocations")]
    allocations::check()?;
    Ok(())
}

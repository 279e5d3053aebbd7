//! Inputs that are meant to be slow, in every place where a client's text enters.
//!
//! The aim is less than [`AIM`] milliseconds a MiB of what comes in, encoded as its place has it. A case is also run as
//! the whole body that it is, where it is one.

mod cases;
mod place;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use audit_core::redact::Redactor;

use crate::Failed;
use crate::table::least;
use crate::ways::LINE;
use cases::{CASES, Case};
use place::{PLACES, Place, Prepared};

/// Milliseconds a MiB.
const AIM: f64 = 50.0;
const MIB: usize = 1 << 20;
/// How often each is timed, and for how long at most.
const ROUNDS: usize = 5;
const PATIENCE: Duration = Duration::from_secs(2);

/// Times every case whose name contains `name`, in every place that it fits.
pub(crate) fn run(name: &str, line: usize) -> Result<(), Failed> {
    let cases: Vec<&Case> = CASES.iter().filter(|case| case.name.contains(name)).collect();
    if cases.is_empty() {
        let names: Vec<&str> = CASES.iter().map(|case| case.name).collect();
        return Err(Failed::Unknown { what: "case", name: name.to_owned(), expected: names.join(", ") });
    }
    println!("milliseconds a MiB, the least of up to {ROUNDS}; lines of {line} bytes; * {AIM} or more");
    print!("{:<18}", "");
    PLACES.iter().for_each(|place| print!(" {:>9}", place.name()));
    println!();
    let redactor = Arc::new(Redactor::default());
    let (mut timed, mut missed) = (0, Vec::new());
    for case in cases {
        print!("{:<18}", case.name);
        for place in PLACES {
            let Some(input) = place.prepare(case, MIB) else {
                print!(" {:>9}", "-");
                continue;
            };
            let figure = time(&redactor, &input, line);
            timed += 1;
            let mark = if figure < AIM { ' ' } else { '*' };
            if figure >= AIM {
                missed.push(format!("{} as {}: {figure:.1}", case.name, place.name()));
            }
            print!(" {figure:>8.1}{mark}");
        }
        println!();
    }
    println!("\n{} of {timed} aims missed (under {AIM} ms a MiB)", missed.len());
    missed.iter().for_each(|line| println!("  MISSED {line}"));
    Ok(())
}

fn time(redactor: &Arc<Redactor>, input: &Prepared, line: usize) -> f64 {
    let begun = Instant::now();
    let mut rounds = Vec::with_capacity(ROUNDS);
    while rounds.len() < ROUNDS && (rounds.is_empty() || begun.elapsed() < PATIENCE) {
        let started = Instant::now();
        redact(redactor, input, line);
        rounds.push(started.elapsed().as_secs_f64());
    }
    least(&rounds) * 1e3 * MIB as f64 / input.len() as f64
}

/// What callgrind is told to count, by its name.
#[inline(never)]
fn redact(redactor: &Arc<Redactor>, input: &Prepared, line: usize) -> usize {
    black_box(input.redact(redactor, line).len())
}

/// Prints this program, and then place and name of each.
pub(crate) fn list() -> Result<(), Failed> {
    let program = std::env::current_exe().map_err(|source| Failed::Program { source })?;
    println!("{}", program.display());
    for case in CASES {
        for place in PLACES.iter().filter(|place| place.prepare(case, 64).is_some()) {
            println!("{}\t{}", place.name(), case.name);
        }
    }
    Ok(())
}

/// One of them, once.
pub(crate) fn one(place: &str, case: &str, bytes: usize) -> Result<(), Failed> {
    let found = PLACES.iter().find_map(|found| {
        let case = CASES.iter().find(|known| known.name == case)?;
        (found.name() == place).then(|| found.prepare(case, bytes))?
    });
    let input = found.ok_or_else(|| Failed::Unknown {
        what: "worst case",
        name: format!("{place} {case}"),
        expected: "what `list` prints".to_owned(),
    })?;
    redact(&Arc::new(Redactor::default()), &input, LINE);
    Ok(())
}

/// Looks at every output for a few kilobytes.
pub(crate) fn check() -> Result<(), Failed> {
    let redactor = Arc::new(Redactor::default());
    for case in CASES {
        for place in PLACES {
            let Some(input) = place.prepare(case, 4096) else { continue };
            let failed = |what| Failed::Worst { case: case.name, place: place.name(), what };
            look_at(*place, &input.redact(&redactor, LINE)).map_err(failed)?;
        }
    }
    Ok(())
}

fn look_at(place: Place, shown: &[u8]) -> Result<(), String> {
    if shown.is_empty() {
        return Err("nothing came out".to_owned());
    }
    if place.shows_json() {
        serde_json::from_slice::<serde_json::Value>(shown).map_err(|error| format!("not JSON: {error}"))?;
    }
    Ok(())
}

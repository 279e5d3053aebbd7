//! The project's own commands. `cargo xtask` lists them.

mod bench;
mod faults;
mod fuzz;
mod soak;
mod steps;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command>

  test    formatting, lints, docs and every test, the ones outside the workspace too
  soak    ten times the tests' load on each framework, bodies of a gigabyte, and which handlers survive fat link-time
          optimisation
  fuzz    inputs for which redaction does not hold: [--minutes N] [TARGET] (needs cargo-fuzz)
  faults  what is promised when things break, on Linux as root: [--list] [--scale N] [--seed N] [SCENARIO ..]
  bench   instructions a request, ours and others': [--json FILE] [--only NAME] [--profile NAME] (needs valgrind)
          redact: time and memory that redaction takes, beside what people use, and on the worst inputs
          delivery: what the log file costs a record, and strict commits a second, beside bare files
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((command, [])) if command == "test" => test::run(),
        Some((command, [])) if command == "soak" => soak::run(),
        Some((command, rest)) if command == "fuzz" => fuzz::run(rest),
        Some((command, rest)) if command == "faults" => faults::run(rest),
        Some((command, rest)) if command == "bench" => bench::run(rest),
        _ => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

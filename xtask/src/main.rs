//! The project's own commands. `cargo xtask` lists them.

mod test;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command>

  test    formatting, lints, docs and every test, the ones outside the workspace too
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("test"), None) => test::run(),
        _ => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

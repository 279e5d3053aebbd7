//! The conformance table, run against the source of the example `echo-rocket`.

#[path = "../examples/echo-rocket.rs"]
mod echo;

use std::process::ExitCode;

fn main() -> ExitCode {
    if audit_conformance::is_to_serve() {
        return audit_conformance::served(echo::main());
    }
    #[cfg(unix)]
    return audit_conformance::run(audit_conformance::Framework::Rocket);
    #[cfg(not(unix))]
    {
        println!("skipped: the table needs the signals and sockets of Unix");
        ExitCode::SUCCESS
    }
}

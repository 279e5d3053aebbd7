//! Builds an auditor that expects what the arguments say (`--endpoints N`, `--module PATH`), and prints the actions that
//! are linked, or why it cannot be built.

use std::process::ExitCode;

use audit_core::{Auditor, Output, audited};
use named as _;

#[audited("app.run")]
fn run(auditor: &Auditor) {
    for endpoint in auditor.endpoints().endpoints {
        println!("{}", endpoint.action);
    }
}

fn main() -> ExitCode {
    let mut builder = Auditor::builder().output(Output::None);
    let mut arguments = std::env::args().skip(1);
    while let (Some(option), Some(value)) = (arguments.next(), arguments.next()) {
        builder = match (option.as_str(), value.parse()) {
            ("--endpoints", Ok(count)) => builder.expect_endpoints(count),
            ("--module", _) => builder.expect_modules([value]),
            _ => panic!("no such option: {option} {value}"),
        };
    }
    match builder.build() {
        Ok(auditor) => {
            run(&auditor);
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

//! `audit`: the command beside the libraries.
//!
//! - Stdout carries what was asked for and nothing else; what is meant for people goes to stderr.
//! - Exit code 0; 1 when something cannot be read or written or a setting is wrong, which the message names; 2 when the
//!   arguments are wrong. A reader that closes stdout early, such as `head`, is no error.

mod pretty;
mod redact;

use std::error::Error;
use std::fmt;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Audit trails for Rust web services, from the command line.
#[derive(Debug, Parser)]
#[command(name = "audit", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Redact(redact::Arguments),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Redact(arguments) => redact::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say_error(&error);
            ExitCode::FAILURE
        }
    }
}

/// Says an error and its causes; one line for each line that it has, as wrong settings are told together.
fn say_error(error: &dyn Error) {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        message = format!("{message}: {error}");
        cause = error.source();
    }
    message.lines().for_each(|line| say(format_args!("audit: {line}")));
}

/// Says one line on stderr. A closed stderr costs the line and nothing else (`eprintln!` would panic).
fn say(message: fmt::Arguments<'_>) {
    // Nobody is left to tell that nobody could be told.
    std::io::stderr().lock().write_fmt(format_args!("{message}\n")).unwrap_or(());
}

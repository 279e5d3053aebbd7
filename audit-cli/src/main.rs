//! `audit`: the command beside the libraries.
//!
//! - Stdout carries what was asked for and nothing else; what is meant for people goes to stderr.
//! - Exit code 0; 1 when something cannot be read or written or a setting is wrong, which the message names; 2 when the
//!   arguments are wrong. A reader that closes stdout early, such as `head`, is no error.

mod filters;
mod journal;
mod output;
mod pretty;
mod query;
mod redact;
mod replay;
mod tail;

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
    Tail(tail::Arguments),
    Query(query::Arguments),
    Replay(replay::Arguments),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Redact(arguments) => redact::run(&arguments).map_err(Failure::from),
        Command::Tail(arguments) => tail::run(&arguments).map_err(Failure::from),
        Command::Query(arguments) => query::run(&arguments).map_err(Failure::from),
        Command::Replay(arguments) => replay::run(&arguments).map_err(Failure::from),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say_error(&*failure.error);
            ExitCode::from(failure.code)
        }
    }
}

/// How a command ends that could not do what it was asked for.
struct Failure {
    error: Box<dyn Error>,
    code: u8,
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let error: Box<dyn Error> = Box::new(error);
        // clap says 2 for arguments that it cannot read; a filter is one that it cannot judge.
        let is_filter = error.is::<audit_store::FilterError>()
            || error.downcast_ref::<journal::AskError>().is_some_and(journal::AskError::is_filter);
        Self { error, code: if is_filter { 2 } else { 1 } }
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

//! One table of cases that every adapter is held against, over real connections.
//!
//! A case says what a client does and which records that must leave; each adapter runs the same table, against its
//! echo server ([`echo`]) as a process of its own. Of each case three things are checked:
//!
//! - **The records.** Each request carries an `x-request-id` of its own, by which its record is found: as many as are
//!   expected, with the members that are expected. When the server has been stopped, the log is counted: none is
//!   missing, none is double, none is of an unknown request, and no secret of the table is in it.
//! - **What the client was told.** A record's `status_code` is the status that the client read, and an `audit-id` is
//!   the identifier of the request's record. Where an answer begins and a record comes, there is one. A record that says
//!   `completed` counts as many bytes as the whole answer has, also where the client left.
//! - **The observer changes nothing.** The same talk with the same server without the layer (`BARE=1`) is the same byte
//!   for byte, but for the header `audit-id`, the value of `date` and the order of header lines of different names.
//!   Where bytes are a matter of chance, as of a client that does not read, their number is compared as an order of
//!   magnitude. Panics are the same, too: as many on stderr as the case has, each with the same place and message.
//!
//! Where a framework cannot do as the others do, the case says so beside what it expects, with the reason. A
//! case that fails in a way that nobody has stated is a failure, however small.
//!
//! # How an adapter runs it
//! A test without harness, whose program is also its own server:
//!
//! ```text
//! #[path = "../examples/echo-axum.rs"]
//! mod echo;
//!
//! fn main() -> std::process::ExitCode {
//!     if audit_conformance::is_to_serve() {
//!         return audit_conformance::served(echo::main());
//!     }
//!     audit_conformance::run(audit_conformance::Framework::Axum)
//! }
//! ```
//!
//! # The client
//! [`Client`], [`Request`], [`Answer`] and [`normal`] serve an adapter's own tests as well.
//!
//! Signals, resets and limits of descriptors are those of Unix; elsewhere there is only [`echo`].
//!
//! `cargo test -p audit-axum --test conformance` runs all, `-- WORD` the cases whose names hold the word, `-- THEME.`
//! those of a theme, `-- --list` names them. `CONFORMANCE_SCALE=N` makes the load N times as heavy;
//! `CONFORMANCE_BULK=N` gives the bodies of which there is much N MiB (16); `CONFORMANCE_KILLS=N` kills the server N
//! times (10); `CONFORMANCE_DELIVERY=strict` runs all with strict delivery, where the records of an event are taken
//! together; `CONFORMANCE_FILE` names a file to which the framework's column of the matrix is appended.

pub mod echo;

#[cfg(unix)]
mod answer;
#[cfg(unix)]
mod arguments;
#[cfg(unix)]
mod ask;
#[cfg(unix)]
mod case;
#[cfg(unix)]
mod client;
#[cfg(unix)]
mod expect;
#[cfg(unix)]
mod http2;
#[cfg(unix)]
mod journal;
#[cfg(unix)]
mod kills;
#[cfg(unix)]
mod log;
#[cfg(unix)]
mod matrix;
#[cfg(unix)]
mod request;
#[cfg(unix)]
mod run;
#[cfg(unix)]
mod server;
#[cfg(unix)]
pub mod strict;
#[cfg(unix)]
mod table;
#[cfg(unix)]
mod talk;

use std::error::Error;
use std::process::ExitCode;

#[cfg(unix)]
pub use answer::{Answer, normal};
#[cfg(unix)]
pub use ask::{Asked, ask};
#[cfg(unix)]
pub use case::Framework;
#[cfg(unix)]
pub use client::{Client, Leave, Tape};
#[cfg(unix)]
pub use journal::Journal;
#[cfg(unix)]
pub use request::Request;
#[cfg(unix)]
pub use run::run;

/// The argument that makes the test's program a server, and the variable that says that it is no word to select cases.
const SERVE: &str = "serve";
const SERVER: &str = "CONFORMANCE_SERVER";

/// Whether this process was started by `run` to be the server.
#[must_use]
pub fn is_to_serve() -> bool {
    std::env::var_os(SERVER).is_some() && std::env::args().nth(1).is_some_and(|argument| argument == SERVE)
}

/// What a server's own `main` came to, as the process's exit code. The error goes to stderr.
pub fn served(result: Result<(), Box<dyn Error>>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut cause: Option<&dyn Error> = Some(&*error);
            while let Some(error) = cause {
                eprintln!("{error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

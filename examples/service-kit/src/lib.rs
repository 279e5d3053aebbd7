//! What the example services have in common, and what none of them is about.
//!
//! - [`files`]: files for their owner only, written as a whole, and random text for secrets.
//! - [`passwords`]: Argon2id hashes, and a type for passwords that cannot be printed.
//! - [`database`]: one SQLite file that is brought up to date at each start.
//! - [`users`]: who may log in, by which password, in which role.
//! - [`signals`]: what asks a service to stop.
//! - [`say`]: a line for people, on stderr, which may be full or gone.
//! - [`workers`]: work that would hold up the executor, a bounded number at a time.
//! - [`settings`]: what the environment says; what is wrong is told all at once.

use std::error::Error;

pub mod database;
pub mod files;
pub mod passwords;
pub mod settings;
pub mod signals;
#[cfg(all(feature = "testing", unix))]
pub mod testing;
pub mod users;
pub mod workers;

/// Says something to people, on stderr. That it cannot be said is no reason to end: `eprintln!` would panic.
pub fn say(line: std::fmt::Arguments<'_>) {
    use std::io::Write as _;
    // Nobody is left to tell.
    drop(writeln!(std::io::stderr(), "{line}"));
}

/// An error and what caused it, on one line.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

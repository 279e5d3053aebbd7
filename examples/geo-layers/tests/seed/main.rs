//! What gvSIG Online's document on auditing says, tried on the running program, theme by theme.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

mod detection;
mod disconnects;
mod filtering;
mod format;
mod layers;
mod log_path;
mod logins;
mod modes;
mod settings;
mod size;
#[path = "../support/mod.rs"]
mod support;

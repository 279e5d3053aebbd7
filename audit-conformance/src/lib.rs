//! One table of cases that every adapter is held against.
#![cfg(unix)]

pub mod echo;

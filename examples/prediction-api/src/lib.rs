//! An API that predicts handwritten digits, with users, tokens and an audit trail that can be asked for.
//!
//! - **Who.** Passwords are kept as Argon2id hashes; what a user may do is read from the database at each request, so
//!   that a role that was taken away is gone at once, whatever a token says.
//! - **Once.** Each request leaves one record, but for `/health`; no password and no token is in it.
//! - **Bounded.** Bodies, and the work that hashing, predicting and reading do at a time.
//! - **Private.** Everything under `DATA_DIR` is for its owner only.
//! - **stdout** carries records, if anything; all that is meant for people goes to stderr.

mod app;
mod caller;
mod cors;
mod database;
mod error;
mod feedback;
mod json_body;
mod limits;
mod models;
mod openapi;
mod remote;
mod retraining;
mod routes;
mod server;
mod settings;
mod tokens;
mod upload;

pub use server::{StartError, run};

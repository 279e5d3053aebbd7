//! The core of a map server, in the manner of gvSIG Online: users, sessions, pages, and whatever plugins are linked into it.
//!
//! - **Plugins** ([`Plugin`]) bring routes, a database and what is to be audited by being linked; nothing here names them.
//! - **Auditing is off** unless `AUDIT_ENABLED` says otherwise, and a line on stderr says so.
//! - **Once.** Each audited request leaves one record; no password and no session's key is in it.
//! - **Private.** Everything under `DATA_DIR` is for its owner only.
//! - **stdout** carries records, if anything; all that is meant for people goes to stderr.

mod audit;
mod error;
mod identity;
mod plugin;
mod server;
mod service;
mod sessions;
mod settings;
mod views;

pub use error::ApiError;
pub use identity::{Admin, Caller, Visitor};
pub use inventory;
pub use plugin::{Plugin, PluginError};
pub use server::{StartError, run};
pub use service::Service;
pub use views::page;

//! A handler that is not linked: the program does not name its crate.

use audit_core::audited;

#[audited("unnamed.create")]
pub fn create() {}

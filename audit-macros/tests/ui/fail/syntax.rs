//! Arguments that are not arguments: the rest is read all the same.

use audit_core::audited;

#[audited("layer.create" mode = "none")]
fn no_comma() {}

#[audited(mode = "full" + 1, delivery = "none")]
fn expression() {}

#[audited(?name, , mode = "none")]
fn sigil() {}

#[audited(crate = 1 + 1, mode = "none")]
fn root() {}

fn main() {}

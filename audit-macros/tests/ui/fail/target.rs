//! Targets that name no argument, or are not templates.

use audit_core::audited;

#[audited("a", target = "layer/{layer_id}")]
fn no_such_argument(id: u8, (first, _): (u8, u8)) {}

#[audited("a", target = "layer/{id}/{other}")]
fn no_arguments() {}

#[audited("a", target = "layer/{self.id}")]
fn no_self(id: u8) {}

#[audited("a", target = "layer/{id")]
fn not_closed(id: u8) {}

#[audited("a", target = "layer/id}")]
fn not_opened(id: u8) {}

#[audited("a", target = "layer/{{id}}")]
fn nested(id: u8) {}

#[audited("a", target = "layer/{id:?}")]
fn format(id: u8) {}

#[audited("a", target = "layer/{}")]
fn positional(id: u8) {}

#[audited("a", target = "")]
fn empty(id: u8) {}

#[audited("a", target = "/{id}")]
fn no_type(id: u8) {}

#[audited("a", target = "layer/")]
fn no_id(id: u8) {}

fn main() {}

//! Actions outside the vocabulary.

use audit_core::audited;

#[audited("")]
fn empty() {}

#[audited("Layer.create")]
fn upper() {}

#[audited("layer create")]
fn space() {}

#[audited("layer\u{7}")]
fn control() {}

#[audited("layer..create")]
fn dots() {}

#[audited(action = "audit.gap")]
fn gap() {}

#[audited(action = "audit.clock_step", mode = "basik")]
fn clock_step() {}

fn main() {}

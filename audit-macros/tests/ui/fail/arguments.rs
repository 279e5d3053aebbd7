//! Arguments that are unknown, repeated or of the wrong form: every one is reported, each at its place.

use audit_core::audited;

#[audited(acton = "layer.create", target = "layer/x", level = "full")]
fn unknown() {}

#[audited("layer.create", mode = "verbose", delivery = "best-effort")]
fn words() {}

#[audited("layer.create", action = "layer.create", mode = "full", mode = "full")]
fn repeated() {}

#[audited(mode = full, target, crate = "audit_core", action(x))]
fn forms() {}

#[audited(mode = "full", "layer.create", 7)]
fn order() {}

#[audited(%name, mode = "full" delivery = "strict", mode = "none")]
fn syntax() {}

fn main() {
    unknown();
    words();
    repeated();
    forms();
    order();
    syntax();
}

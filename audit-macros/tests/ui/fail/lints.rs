//! Lints still see the function and its body.

#![deny(warnings)]

use audit_core::audited;

#[audited("a.b")]
#[must_use]
fn important() -> u8 {
    let unused = 1;
    2
}

#[audited("a.b")]
async fn waits(argument: u8, mut changed: u8) -> u8 {
    return changed;
    1
}

#[deprecated]
#[audited("a.b")]
fn old() {}

fn main() {
    important();
    waits(1, 2);
    old();
}

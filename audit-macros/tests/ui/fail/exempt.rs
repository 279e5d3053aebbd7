//! An exemption without a reason, or with arguments that are not its own.

use audit_core::audit_exempt;

#[audit_exempt]
fn bare() {}

#[audit_exempt()]
fn empty() {}

#[audit_exempt(reason = "")]
fn empty_reason() {}

#[audit_exempt(reason = " \n")]
fn blank_reason() {}

#[audit_exempt("a probe")]
fn bare_string() {}

#[audit_exempt(reson = "a probe")]
fn misspelt() {}

#[audit_exempt(reason = "a probe", action = "a.b")]
fn action() {}

#[audit_exempt(reason = 7)]
fn number() {}

#[audit_exempt(reason = "a probe", reason = "another")]
fn twice() {}

fn main() {}

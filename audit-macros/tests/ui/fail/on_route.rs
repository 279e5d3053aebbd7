//! Words and routes that are refused, at the literal, with the nearest word where there is one.

use audit_core::{audit_exempt, audited};

#[audited("a.b", on = "errors")]
fn near() {}

#[audited("a.b", on = "never", delivery = "strict ", mode = "Full")]
fn far() {}

#[audited("a.b", on = error, route = 7, actor)]
fn forms() {}

#[audited("a.b", actor = , mode = "ful")]
fn no_actor() {}

#[audited("a.b", actor = user., mode = "ful")]
fn half_an_actor() {}

#[audited("a.b", actor = user.)]
fn half_an_actor_at_the_end() {}

#[audited("a.b", actor =)]
fn no_actor_at_the_end() {}

#[audited("a.b", route = "/layers")]
fn no_method() {}

#[audited("a.b", route = "post /layers")]
fn lower_case() {}

#[audited("a.b", route = "POST  /layers")]
fn two_spaces() {}

#[audited("a.b", route = "POST /layers?all")]
fn query() {}

#[audited("a.b", route = "POST /layers/{id")]
fn open() {}

#[audited("a.b", route = "POST /layers/{id}x/{}")]
fn after() {}

#[audited("a.b", route = "POST /{*rest}/x", rute = "GET /")]
fn not_last() {}

#[audited("a.b", route = "GET /:id")]
fn colon() {}

#[audited("a.b", route = "GET /a/*rest")]
fn star() {}

#[audited("a.b", route = "GET /<id>")]
fn angles() {}

#[audit_exempt(reason = "a probe", route = "GET", on = "error")]
fn exempt() {}

fn main() {}

//! What only the compiler can know of a captured value or of an actor is reported at its token.

use audit_core::audited;

struct Plain {
    title: String,
}

#[audited("a.b", capture(plain))]
fn not_readable(plain: Plain) {}

#[audited("a.b", capture(%plain))]
fn not_displayed(plain: Plain) {}

#[audited("a.b", capture(?plain))]
fn not_debugged(plain: Plain) {}

#[audited("a.b", capture(free))]
fn unbounded<T>(free: T) {}

#[audited("a.b", capture(plain.titel, plan.title))]
async fn no_such_field(plain: Plain) {}

#[audited("a.b", capture(x = title.parse::<u8>()?, z = title.len()))]
async fn no_way_out(title: String) {}

#[audited("a.b", actor = plain)]
fn not_an_actor(plain: Plain) {}

#[audited("a.b", actor = plain.id)]
fn no_such_actor(plain: Plain) {}

#[audited("a.b", actor = 7)]
fn a_number_is_no_actor() {}

#[audited("a.b", actor = Some(Plain { title: String::new() }))]
fn a_composite_is_no_actor() {}

#[audited("a.b", capture(sum = title.len() + "x"))]
fn no_sum(title: String) {}

fn main() {}

//! A captured value is only read: capturing can neither take an argument nor change it.

use audit_core::{Actor, audited};

fn taking(title: String) -> String {
    title
}

fn changing(title: &mut String) -> usize {
    title.clear();
    title.len()
}

#[audited("a.b", capture(n = changing(&mut title)))]
fn changed(mut title: String) {
    drop(title);
}

#[audited("a.b", capture(n = taking(title)))]
async fn taken(title: String) {
    drop(title);
}

#[audited("a.b", actor = Actor::user(taking(title)))]
fn taken_for_actor(title: String) {
    drop(title);
}

fn main() {}

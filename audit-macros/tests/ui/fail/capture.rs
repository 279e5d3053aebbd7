//! Fields that are not fields: each is reported at its token, several at once.

use audit_core::{audit_exempt, audited};

#[audited("a.b", capture())]
fn empty() {}

#[audited("a.b", capture)]
fn bare() {}

#[audited("a.b", capture = name)]
fn assigned(name: u8) {}

#[audited("a.b", capture(items.len(), items, items = 1, "text", mode = "full" + ), mode = "ful")]
fn unnamed(items: Vec<u8>) {}

#[audited("a.b", capture(id, n = 1, id, "n" = 2, r#id), capture(id))]
fn twice(id: u8) {}

#[audited("a.b", capture(n =, %, ?, "" = id, id id, %id.to_string()))]
fn broken(id: u8) {}

#[audited("a.b", capture(%name = id, ?other = id, ok = %id))]
fn sign_before_the_key(id: u8) {}

#[audited("a.b", skip(id))]
fn skipped(id: u8) {}

#[audited("a.b", captur(id), skpi(id))]
fn misspelt(id: u8) {}

#[audit_exempt(reason = "a probe", capture(id))]
fn exempt(id: u8) {}

fn main() {
    empty();
    bare();
    assigned(1);
    unnamed(Vec::new());
    twice(1);
    broken(1);
    sign_before_the_key(1);
    skipped(1);
    misspelt(1);
    exempt(1);
}

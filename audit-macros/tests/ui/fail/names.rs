//! Names that are no names, or named twice: each is reported at its token, several at once.

use audit_core::{audit_exempt, audited};

#[audited("a.b", redact(), keep())]
fn empty() {}

#[audited("a.b", redact, keep = "id")]
fn bare() {}

#[audited("a.b", redact("", "__", "a,b", "x*", ok), keep(7, body.title, n = 1, %id, ok))]
fn no_names() {}

#[audited("a.b", redact(iban, "iban", r#iban), keep(id name, id), redact(other))]
fn twice() {}

#[audited("a.b", redcat(iban), keeps(id))]
fn misspelt() {}

#[audit_exempt(reason = "a probe", redact(iban))]
fn exempt() {}

fn main() {
    empty();
    bare();
    no_names();
    twice();
    misspelt();
    exempt();
}

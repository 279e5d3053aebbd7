//! What only the compiler can know of a target is reported at the target.

use audit_core::audited;

struct Plain {
    title: String,
}

#[audited("a", target = "plain/{plain}")]
fn not_displayed(plain: Plain) {}

#[audited("a", target = "plain/{plain.titel}")]
async fn no_such_field(plain: Plain) {}

fn main() {}

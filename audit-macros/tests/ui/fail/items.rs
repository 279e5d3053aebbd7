//! What cannot carry the attribute, and what may carry it only once.

use audit_core::{audit_exempt, audited};

#[audited("a.b")]
struct Layer;

#[audit_exempt(reason = "none")]
mod inner {}

trait Create {
    #[audited("a.b")]
    fn create(&self);
}

#[audited("a.b")]
impl Create for Layer {
    fn create(&self) {}
}

#[audited("a.b")]
const fn constant() -> u8 {
    1
}

#[audited("a.b", mode = "ful")]
extern "C" fn foreign() {}

#[audited("a.b")]
#[audited("a.c")]
fn twice() {}

#[audit_exempt(reason = "none")]
#[audit_core::audited("a.c")]
fn both() {}

const ONE: u8 = constant();

fn main() {
    Layer.create();
    foreign();
    twice();
    both();
    let _ = ONE;
}

//! What else stands on a function, its arguments and its statements stays in force.

#![deny(warnings, missing_docs)]
#![forbid(unsafe_code)]
//! A documented crate.

use audit_core::{audit_exempt, audited};

/// Documented.
#[must_use = "look at it"]
#[inline]
#[audited("kept.must_use")]
pub fn must_use() -> u8 {
    1
}

#[audited("kept.deprecated")]
/// Documented.
#[deprecated = "old"]
#[doc(alias = "older")]
pub fn deprecated() {}

/// Documented.
#[audited("kept.cfg")]
pub async fn statements(#[allow(unused_variables)] unused: u8, #[cfg(any())] gone: Missing) -> u8 {
    #![allow(unused_mut)]
    #[cfg(any())]
    return missing();
    #[cfg(not(any()))]
    let mut value = 1;
    #[allow(clippy::identity_op)]
    let other = value + 0;
    #[cfg(all())]
    {
        other
    }
}

#[cfg(any())]
#[audited("kept.gone")]
fn gone() -> Missing {}

#[cfg_attr(all(), audited("kept.cfg_attr"))]
fn conditional() {}

#[allow(dead_code, unused_variables)]
#[audit_exempt(reason = "a probe")]
fn allowed(unused: u8) {}

#[track_caller]
#[cold]
#[audited("kept.track")]
fn track() -> u8 {
    2
}

/// Items within a body, and a body that is one macro.
#[audited("kept.items")]
fn items() -> u8 {
    const ONE: u8 = 1;
    #[audited("kept.inner")]
    fn inner() -> u8 {
        ONE
    }
    struct Local(u8);
    Local(inner()).0
}

#[audited("kept.macro_body")]
fn macro_body() -> String {
    format!("{}", 1)
}

fn main() {
    #[allow(deprecated)]
    deprecated();
    let _ = statements(1);
    conditional();
    allowed(1);
    assert_eq!(must_use() + track() + items(), 4);
    assert_eq!(macro_body(), "1");
}

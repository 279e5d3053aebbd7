//! Unsafe functions stay unsafe, and their bodies know it.

#![deny(warnings)]

use audit_core::audited;

#[audited("unsafe.sync")]
unsafe fn sync(pointer: *const u8) -> u8 {
    // SAFETY: the caller says so.
    unsafe { *pointer }
}

#[audited("unsafe.wait")]
pub(crate) async unsafe fn wait() {}

fn main() {
    let value = 3;
    // SAFETY: the pointer is a reference.
    assert_eq!(unsafe { sync(&value) }, 3);
    // SAFETY: it does nothing.
    drop(unsafe { wait() });
}

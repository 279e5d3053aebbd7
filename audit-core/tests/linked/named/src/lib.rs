//! Handlers that nothing in the program calls. That the program names the crate is enough.

use audit_core::{audit_exempt, audited};

#[audited("named.create")]
pub fn create() {}

#[audit_exempt(reason = "a probe")]
pub fn probe() {}

/// Nothing outside can name what is in here.
mod inner {
    use audit_core::audited;

    #[audited("named.read")]
    async fn read() {}

    #[audited("named.update")]
    fn update<T: Send>(_: T) {}
}

//! The user's own errors point into the user's own code.

use audit_core::audited;

#[audited("a.b")]
async fn mismatched() -> u32 {
    "text"
}

#[audited("a.b")]
fn mismatched_sync() -> Result<u32, String> {
    if true {
        return Err(1);
    }
    Ok(1)
}

#[audited("a.b", target = "layer/{name}")]
async fn unknown_name(name: String) {
    drop(nam);
}

#[audited("a.b")]
async fn not_send() -> u8 {
    let local = std::rc::Rc::new(1);
    std::future::ready(()).await;
    *local
}

fn is_send<T: Send>(_: T) {}

fn main() {
    is_send(not_send());
}

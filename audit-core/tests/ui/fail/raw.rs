//! A value that is not redacted yet goes nowhere by itself: neither into JSON nor into a text, nor by deref to its own
//! methods.

use audit_core::__private::Raw;

fn main() {
    let raw = Raw::new("hunter2".to_owned());
    let _ = serde_json::to_string(&raw);
    let _ = raw.to_string();
    let _: &str = &raw;
    let _ = raw.0;
    let _ = raw.unredacted();
    audit_core::data("held", raw);
}

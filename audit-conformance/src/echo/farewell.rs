//! Something that a handler leaves behind.

use audit_core::data;

/// Adds `data("farewell", its name)` when it is dropped: what a destructor adds still belongs to the record, however
/// the handler or the stream that held it ended.
#[derive(Debug)]
pub struct Farewell(pub &'static str);

impl Drop for Farewell {
    fn drop(&mut self) {
        data("farewell", self.0);
    }
}

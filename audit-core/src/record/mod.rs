//! The record: an event as it is written.
//!
//! One encoder turns an event's facts, already redacted, into one line of JSON within `AUDIT_MAX_LINE_BYTES`.

mod encode;
pub(crate) mod json;
mod line;
mod section;
mod stamp;
mod written;

pub(crate) use encode::{Datum, Encoder, Ending, rfc3339};
pub use line::{Field, Line};
pub(crate) use written::{HELD, Written};

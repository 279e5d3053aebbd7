//! What holds for every input of a fuzz target.
//!
//! Three targets build bodies from the input, with canaries under sensitive names and keepers under harmless ones;
//! [`bytes`] takes it as it is. Each check panics if something does not hold.

mod documents;
mod draw;
mod forms;
mod parts;
mod raw;
mod scan;
mod texts;

pub(crate) use documents::json;
pub(crate) use forms::form;
pub(crate) use parts::multipart;
pub(crate) use raw::bytes;

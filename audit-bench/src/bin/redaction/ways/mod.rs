//! The ways to take the secrets out of a body: ours, and what people use.
//!
//! Each peer writes into a buffer that it keeps, so that none pays for its growth. They parse numbers as `f64` and so
//! lose digits; ours keeps them. sonic-rs is compiled as users have it, without `target-cpu=native`.

mod copy;
mod filter;
mod ours;
mod secret_names;
mod sonic;
mod value;

use audit_core::redact::Fragment;

use crate::Failed;
use crate::payload::Payload;

/// The bound of a record's line unless `AUDIT_MAX_LINE_BYTES` says otherwise.
pub(crate) const LINE: usize = 16_384;
/// How much comes at once, about what a server reads.
pub(crate) const CHUNK: usize = 16 * 1024;

const FILTERED: &str = "[FILTERED]";
const GEOMETRY_FILTERED: &str = "[GEOMETRY_FILTERED]";

/// What a way made of a body.
pub(crate) enum Shown<'o> {
    Ours(Fragment),
    Peer(&'o [u8]),
}

impl Shown<'_> {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Ours(fragment) => &fragment.json[..],
            Self::Peer(bytes) => bytes,
        }
    }
}

/// Takes the secrets out of one body after the other.
pub(crate) trait Way {
    fn name(&self) -> &'static str;

    /// Whether it hides anything, and gives back JSON.
    fn redacts(&self) -> bool {
        true
    }

    fn redact(&mut self, payload: &Payload) -> Result<Shown<'_>, Failed>;
}

/// All of them, ours first, then `Value` as fast as its users may write it.
pub(crate) fn all() -> Vec<Box<dyn Way>> {
    vec![
        Box::new(ours::Ours::default()),
        Box::new(value::ByValue::with_a_set()),
        Box::new(value::ByValue::with_a_list()),
        Box::new(filter::Filter::default()),
        Box::new(sonic::Sonic::bounded()),
        Box::new(sonic::Sonic::unbounded()),
        Box::new(copy::Copy::default()),
    ]
}

//! What comes of a call into a sink, which is others' code.

use crate::caught::caught;
use crate::sink::WriteError;

/// Why a batch was not taken as a whole.
pub(super) struct Trouble {
    /// How many lines from its start were.
    pub(super) taken: usize,
    pub(super) is_rejected: bool,
    pub(super) error: String,
}

impl Trouble {
    /// Runs a call of the sink; a panic of it is an error like any other, after which nothing of the batch counts as taken.
    /// `text` puts an error into words.
    pub(super) fn guard(
        text: impl FnOnce(&WriteError) -> String,
        call: impl FnOnce() -> Result<(), WriteError>,
    ) -> Result<(), Self> {
        match caught(call) {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => {
                Err(Self { taken: error.written, is_rejected: error.is_rejected(), error: text(&error) })
            }
            None => Err(Self { taken: 0, is_rejected: false, error: "the sink panicked".to_owned() }),
        }
    }
}

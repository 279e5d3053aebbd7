//! The journal: a configured file, append-only, in segments, with one writer. What it holds is the truth that
//! followers are fed from, and [`Reader`] reads.
//!
//! - **On disk.** The active segment is the configured file; those that were rotated away stand beside it, under its
//!   name and a dot. They are told by what they hold, so another program may rename them as it likes (`audit.jsonl.1`, not
//!   `audit.jsonl-20261126`). Compressed ones (`.gz`, `.zst`) are not read.
//! - **Numbered.** Each line ends in `"seq":N`: from 1, without a gap over rotation and restart. What could not be written
//!   has none. Lines of older versions have none either and stand before all others. Only `seq` orders; times do not.
//! - A batch is one write. What failed leaves no bytes: no record ever stands behind a torn one.
//! - What was synced is never synced again as if nothing had been: after an error the segment is over, and the batch
//!   goes into a new one, with the same numbers. The folder that holds the names is treated alike.
//! - What an abandoned segment holds of numbers that the one after it gives anew is nobody's: neither is it read, nor counted.
//!   A copy beside the journal, or one of a part as `grep` makes it, says the same as the segment it was made from, byte for
//!   byte, and changes nothing.
//! - A rotation can be cut off between any two of its steps and nothing is lost by it.
//! - What somebody else does to the files is seen at the next batch, and recorded: renamed, removed, replaced,
//!   truncated, appended to.

mod append;
mod clock;
mod disk;
mod error;
mod folder;
mod head;
mod lines;
mod lock;
mod names;
mod open;
mod own;
mod position;
mod read;
mod recover;
mod retain;
mod rotate;
mod seek;
mod segment;
mod segments;
mod seq;
mod signal;
mod tail;
mod watch;
mod writer;

#[cfg(test)]
mod faults;
#[cfg(test)]
mod tests;

pub(crate) use error::OpenError;
pub use error::ReadError;
pub(crate) use head::Head;
pub(crate) use position::Position;
pub use read::{Entry, Reader, Skipped};
pub use seq::seq_of;
pub(crate) use signal::block_file_size_signal;
pub(crate) use writer::{Journal, JournalOptions};

//! What the commands do with a journal alike.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use audit_core::Line;
use audit_core::journal::{ReadError, Reader};
use audit_store::{Filter, FilterError, OpenError, QueryError};

use crate::say;

/// How many records are looked at, from the end, before it is known how many of them pass.
const FIRST_LOOK: u64 = 1_000;

/// Why records cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error(transparent)]
    Filter(#[from] FilterError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error("cannot open {path}")]
    Examine { path: PathBuf, source: io::Error },
    #[error("cannot write to stdout")]
    Write(#[source] io::Error),
}

impl AskError {
    /// Whether an argument is wrong.
    pub(crate) fn is_filter(&self) -> bool {
        matches!(self, Self::Filter(_))
    }
}

/// The last records of a journal that pass, at most so many, oldest first; and a reader that goes on behind them. Reads
/// from the end, ever more, until there are enough.
pub(crate) fn last(path: &Path, count: usize, filter: &Filter) -> Result<(VecDeque<Line>, Reader), ReadError> {
    let end = Reader::open(path)?.last_seq()?.unwrap_or(0);
    let mut look = FIRST_LOOK.max(u64::try_from(count).unwrap_or(u64::MAX));
    if count == 0 {
        look = 0;
    }
    loop {
        let start = end.saturating_sub(look);
        // From the start, records of older versions, which have no seq, are among them.
        let mut reader = if start == 0 { Reader::open(path)? } else { Reader::open_after(path, start)? };
        let mut found = VecDeque::new();
        while let Some(entry) = reader.read()? {
            if count > 0 && filter.matches(&entry.line) {
                if found.len() == count {
                    found.pop_front();
                }
                found.push_back(entry.line);
            }
            // Whoever writes meanwhile is not waited for.
            if entry.seq.is_some_and(|seq| seq >= end) {
                break;
            }
        }
        if found.len() == count || start == 0 {
            return Ok((found, reader));
        }
        look = look.saturating_mul(4);
    }
}

/// Says what a reader passed over, beyond what was told.
pub(crate) fn say_skipped(reader: &Reader, told: &mut u64) {
    let total = reader.skipped().total();
    if total > *told {
        say(format_args!("audit: passed over {} lines that are no records of the journal", total - *told));
        *told = total;
    }
}

//! `audit replay`: puts a journal's records into a store.

use std::path::PathBuf;

use audit_core::journal::{ReadError, Reader};
use audit_core::{Line, Sink as _, WriteError};
use audit_store::{OpenError, Store, StoreSink};
use clap::Args;

use crate::{journal, say};

/// At most so many records are stored at once.
const BATCH: usize = 1_000;

/// Put a journal's records into a store
///
/// The store is made if it is missing. A record that it has already, by event and phase, is passed over: a replay may be
/// broken off and repeated, and run while a service writes to the same journal and the same store.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The journal's file; its rotated segments are found beside it
    journal: PathBuf,
    /// The store's SQLite file
    #[arg(long, value_name = "STORE")]
    into: PathBuf,
    /// Begin with this seq; by default with all that the journal holds
    #[arg(long, value_name = "SEQ", value_parser = clap::value_parser!(u64).range(1..))]
    from: Option<u64>,
}

/// Why records cannot be put into a store.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplayError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("stopped behind record {after}: go on with --from {next}", next = after + 1)]
    Write { after: u64, source: WriteError },
    #[error("{rejected} of {records} records cannot be stored, whenever they are tried")]
    Rejected { rejected: u64, records: u64 },
    #[error("cannot finish the store")]
    Finish(#[source] WriteError),
}

/// Replays the journal that the arguments name.
pub(crate) fn run(arguments: &Arguments) -> Result<(), ReplayError> {
    let mut reader = match arguments.from {
        Some(seq) => Reader::open_after(&arguments.journal, seq - 1)?,
        None => Reader::open(&arguments.journal)?,
    };
    let mut sink = Store::open(&arguments.into)?.sink();
    let mut stored = Stored { after: reader.after(), ..Stored::default() };
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let entry = reader.read()?;
        let is_last = entry.is_none();
        batch.extend(entry.map(|entry| entry.line));
        if batch.len() == BATCH || is_last {
            stored.put(&mut sink, &batch)?;
            stored.after = reader.after();
            batch.clear();
        }
        if is_last {
            break;
        }
    }
    sink.shutdown().map_err(ReplayError::Finish)?;
    journal::say_skipped(&reader, &mut 0);
    let (records, rejected) = (stored.records, stored.rejected);
    if rejected > 0 {
        return Err(ReplayError::Rejected { rejected, records });
    }
    say(format_args!("audit: {records} records replayed, up to seq {}", stored.after));
    Ok(())
}

#[derive(Debug, Default)]
struct Stored {
    records: u64,
    rejected: u64,
    /// Everything up to this seq is stored.
    after: u64,
}

impl Stored {
    fn put(&mut self, sink: &mut StoreSink, mut batch: &[Line]) -> Result<(), ReplayError> {
        self.records += batch.len() as u64;
        while let Err(error) = sink.write(batch) {
            if !error.is_rejected() {
                return Err(ReplayError::Write { after: self.after, source: error });
            }
            self.rejected += 1;
            say(format_args!("audit: a record is passed over: {}", error.source));
            batch = batch.get(error.written + 1..).unwrap_or_default();
        }
        Ok(())
    }
}

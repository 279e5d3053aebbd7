//! The side of a store that takes records.

use std::sync::Arc;

use audit_core::{Line, Sink, WriteError};
use rusqlite::{Connection, ErrorCode, OptionalExtension as _};

use crate::error::StoreError;
use crate::insert::{Inserted, insert};
use crate::store::Inner;

/// How often a batch is tried, each time for the busy timeout, while the database is locked.
const TRIES: u32 = 6;

/// Puts records into a [`Store`](crate::Store); its name is `store`.
///
/// - A batch is one transaction: it is stored as a whole, or, after an error, not at all (`written` is 0), and later
///   batches are tried anew. A record that the database refuses for what it is (too big, a broken constraint) is
///   [rejected](WriteError::rejected), and those before it in the batch are stored.
/// - As the follower of a journal, it keeps how far it came in that same transaction (`resume_after`), for each follower's
///   id: several journals may feed one store.
/// - Once `write` returned, a crash of the process loses nothing of the batch. A crash of the machine may lose the
///   batches since the last checkpoint (every thousand pages or so of four kilobytes), the latest ones first, and
///   leaves the database intact; after `shutdown` returned, nothing.
/// - A record whose `event_id` and `phase` are stored already is dropped as a repeat, and counts as written: the one
///   that came first stays. One without an `event_id` is kept each time it comes.
/// - No record is refused for what its fields say. A `timestamp` or `status_code` that is missing or cannot be read is not
///   made up: the record is kept, sorts after all others or has no status, and its line says what it said.
/// - While another process holds the write lock, `write` waits for six times the busy timeout (30 s by default), then
///   fails.
#[derive(Debug)]
pub struct StoreSink {
    store: Arc<Inner>,
    /// As which follower of a journal it is fed, if it is.
    follower: Option<String>,
}

impl StoreSink {
    pub(crate) fn new(store: Arc<Inner>) -> Self {
        Self { store, follower: None }
    }
}

impl Sink for StoreSink {
    fn name(&self) -> &str {
        "store"
    }

    fn write(&mut self, batch: &[Line]) -> Result<(), WriteError> {
        let (path, records) = (self.store.path().to_path_buf(), batch.len());
        if self.store.was_moved() {
            return Err(WriteError::new(0, StoreError::Moved { path, records }));
        }
        let inserted = insert_patiently(&mut self.store.writer(), batch, self.follower.as_deref());
        let failed = |records, source: rusqlite::Error| StoreError::Write { path, records, source: source.into() };
        match inserted {
            Ok(Inserted::All) => Ok(()),
            Ok(Inserted::Rejected(stored, source)) => Err(WriteError::rejected(stored, failed(1, source))),
            Err(source) => Err(WriteError::new(0, failed(records, source))),
        }
    }

    /// Does nothing: a batch is with the operating system when `write` returns.
    fn flush(&mut self) -> Result<(), WriteError> {
        Ok(())
    }

    /// Moves the write-ahead log into the database file, synced, and empties it. What a reader of another process
    /// still holds back stays in the log, where the next opening finds it.
    fn shutdown(&mut self) -> Result<(), WriteError> {
        self.store.writer().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(|source| {
            let path = self.store.path().to_path_buf();
            WriteError::new(0, StoreError::Checkpoint { path, source: source.into() })
        })
    }

    /// What the database says of this follower; 0 if it does not know it, as after the file was replaced. A file that was
    /// put in the place of the one that was opened is opened here, if it is a store.
    fn resume_after(&mut self, follower: &str) -> Result<Option<u64>, WriteError> {
        self.follower = Some(follower.to_owned());
        let path = || self.store.path().to_path_buf();
        if self.store.was_moved() {
            self.store.reopen().map_err(|source| match source {
                None => WriteError::new(0, StoreError::Moved { path: path(), records: 0 }),
                Some(source) => WriteError::new(0, StoreError::Reopen { path: path(), source: source.into() }),
            })?;
        }
        let seq: Option<i64> = self
            .store
            .writer()
            .query_row("SELECT seq FROM follower WHERE id = ?", [follower], |row| row.get(0))
            .optional()
            .map_err(|source| WriteError::new(0, StoreError::Resume { path: path(), source: source.into() }))?;
        Ok(Some(seq.unwrap_or(0).cast_unsigned()))
    }
}

/// Tries again while another process holds the lock: records wait in the sink's queue meanwhile, which is better than
/// losing them while it has room.
fn insert_patiently(connection: &mut Connection, batch: &[Line], follower: Option<&str>) -> rusqlite::Result<Inserted> {
    for _ in 1..TRIES {
        match insert(connection, batch, follower) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
            done => return done,
        }
    }
    insert(connection, batch, follower)
}

//! The side of a store that takes records.

use std::net::IpAddr;
use std::sync::Arc;

use audit_core::{Field, Line, Sink, WriteError};
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior, params};

use crate::error::StoreError;
use crate::store::Inner;

/// How often a batch is tried, each time for the busy timeout, while the database is locked.
const TRIES: u32 = 6;

/// Puts records into a [`Store`](crate::Store); its name is `store`.
///
/// - A batch is one transaction: it is stored as a whole, or, after an error, not at all (`written` is 0), and later
///   batches are tried anew.
/// - Once `write` returned, a crash of the process loses nothing of the batch. A crash of the machine may lose the
///   batches since the last checkpoint (every thousand pages or so of four kilobytes), the latest ones first, and
///   leaves the database intact; after `shutdown` returned, nothing.
/// - A record whose `event_id` and `phase` are stored already is dropped as a repeat, and counts as written: the one
///   that came first stays. One without an `event_id` is kept each time it comes.
/// - No record is refused for what it says. A `timestamp` or `status_code` that is missing or cannot be read is not
///   made up: the record is kept, sorts after all others or has no status, and its line says what it said.
/// - While another process holds the write lock, `write` waits for six times the busy timeout (30 s by default), then
///   fails.
#[derive(Debug)]
pub struct StoreSink(Arc<Inner>);

impl StoreSink {
    pub(crate) fn new(inner: Arc<Inner>) -> Self {
        Self(inner)
    }
}

impl Sink for StoreSink {
    fn name(&self) -> &str {
        "store"
    }

    fn write(&mut self, batch: &[Line]) -> Result<(), WriteError> {
        let (path, records) = (self.0.path().to_path_buf(), batch.len());
        if self.0.was_moved() {
            return Err(WriteError::new(0, StoreError::Moved { path, records }));
        }
        insert_patiently(&mut self.0.writer(), batch)
            .map_err(|source| WriteError::new(0, StoreError::Write { path, records, source: source.into() }))
    }

    /// Does nothing: a batch is with the operating system when `write` returns.
    fn flush(&mut self) -> Result<(), WriteError> {
        Ok(())
    }

    /// Moves the write-ahead log into the database file, synced, and empties it. What a reader of another process
    /// still holds back stays in the log, where the next opening finds it.
    fn shutdown(&mut self) -> Result<(), WriteError> {
        self.0.writer().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(|source| {
            let path = self.0.path().to_path_buf();
            WriteError::new(0, StoreError::Checkpoint { path, source: source.into() })
        })
    }
}

/// Tries again while another process holds the lock: records wait in the sink's queue meanwhile, which is better than
/// losing them while it has room.
fn insert_patiently(connection: &mut Connection, batch: &[Line]) -> rusqlite::Result<()> {
    for _ in 1..TRIES {
        match insert(connection, batch) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
            done => return done,
        }
    }
    insert(connection, batch)
}

fn insert(connection: &mut Connection, batch: &[Line]) -> rusqlite::Result<()> {
    // Immediate: a lock that cannot be had is known before the first row, and waited for.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    insert_rows(&transaction, batch)?;
    transaction.commit()
}

fn insert_rows(transaction: &Transaction<'_>, batch: &[Line]) -> rusqlite::Result<()> {
    // The conflict is named: `OR IGNORE` would also swallow every other broken constraint.
    let mut statement = transaction.prepare_cached(
        "INSERT INTO record (time, event_id, phase, user, action, outcome, status, method, path, route, ip,
                             target_type, target_id, line)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (event_id, phase) DO NOTHING",
    )?;
    for line in batch {
        statement.execute(params![
            time(line),
            line.get(Field::EventId),
            line.get(Field::Phase).unwrap_or_default(),
            line.get(Field::User),
            line.get(Field::Action),
            line.get(Field::Outcome),
            status(line),
            line.get(Field::Method),
            line.get(Field::Path),
            line.get(Field::Route),
            ip(line),
            line.get(Field::TargetType),
            line.get(Field::TargetId),
            line.json(),
        ])?;
    }
    Ok(())
}

fn time(line: &Line) -> Option<i64> {
    let time: jiff::Timestamp = line.get(Field::Timestamp)?.parse().ok()?;
    Some(time.as_microsecond())
}

fn status(line: &Line) -> Option<u16> {
    line.get(Field::StatusCode)?.parse().ok()
}

/// One address has many texts; the column has the one that a filter compares with.
fn ip(line: &Line) -> Option<String> {
    let text = line.get(Field::IpAddress)?;
    Some(text.parse::<IpAddr>().map_or_else(|_| text.into_owned(), |ip| ip.to_canonical().to_string()))
}

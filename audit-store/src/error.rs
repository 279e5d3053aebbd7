//! What can go wrong when a store is opened, written or asked.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use crate::cursor::CursorError;
use crate::filter::FilterError;

/// The cause of a failure, as the database or the operating system tells it.
pub(crate) type Cause = Box<dyn Error + Send + Sync>;

/// Why a store could not be opened. Nothing of a file that is not ours has been altered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file does not exist and could not be created, or could not be examined.
    #[error("cannot create audit store {path}")]
    Create {
        /// The store's file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A directory, a device or a pipe stands at the path.
    #[error("cannot open audit store {path}: it is not a regular file")]
    NotAFile {
        /// The store's file.
        path: PathBuf,
    },
    /// The file may be read but not written.
    #[error("cannot open audit store {path} for writing")]
    ReadOnly {
        /// The store's file.
        path: PathBuf,
    },
    /// The file is not a SQLite database.
    #[error("cannot open audit store {path}: it is not a SQLite database")]
    NotADatabase {
        /// The store's file.
        path: PathBuf,
    },
    /// The file is a SQLite database that this crate did not make.
    #[error(
        "cannot open audit store {path}: the database belongs to another application (application_id {found:#010x})"
    )]
    Foreign {
        /// The store's file.
        path: PathBuf,
        /// The database's `application_id`; 0 when it has none.
        found: i32,
    },
    /// A later version of this crate made the store.
    #[error("audit store {path} has schema version {found}; this program knows versions up to {known}")]
    Newer {
        /// The store's file.
        path: PathBuf,
        /// The version that the file says it has.
        found: i64,
        /// The latest version that this program knows.
        known: usize,
    },
    /// The database refuses write-ahead logging, as on file systems without shared memory.
    #[error("cannot switch audit store {path} to write-ahead logging: its journal mode stays {mode}")]
    NoWal {
        /// The store's file.
        path: PathBuf,
        /// The journal mode that the database kept.
        mode: String,
    },
    /// Anything else that SQLite reports, a lock held by somebody for longer than the busy timeout among it.
    #[error("cannot open audit store {path}")]
    Database {
        /// The store's file.
        path: PathBuf,
        /// What SQLite said.
        source: Cause,
    },
}

/// Why a query was not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The limit is not from 1 to [`MAX_LIMIT`](crate::MAX_LIMIT).
    #[error("limit is {limit}; expected 1 to {max}", max = crate::MAX_LIMIT)]
    Limit {
        /// What was asked for.
        limit: usize,
    },
    /// The filter holds a value that no record can have.
    #[error(transparent)]
    Filter(FilterError),
    /// The cursor comes from a walk with another filter.
    #[error(transparent)]
    Cursor(CursorError),
    /// The path leads to another file than the one that was opened, or to none: what is there is not this trail.
    #[error("cannot query audit store {path}: it was moved, removed or replaced since it was opened")]
    Moved {
        /// The store's file.
        path: PathBuf,
    },
    /// The database could not be read.
    #[error("cannot query audit store {path}")]
    Database {
        /// The store's file.
        path: PathBuf,
        /// What SQLite said.
        source: Cause,
    },
}

/// Why a batch was not stored; the source of a [`WriteError`](audit_core::WriteError).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The path leads to another file than the one that was opened, or to none.
    #[error("cannot store {records} records: {path} was moved, removed or replaced since it was opened")]
    Moved {
        /// The store's file.
        path: PathBuf,
        /// How many records the batch holds.
        records: usize,
    },
    /// The database did not take the batch: it is full, locked for longer than the busy timeout, or damaged. Or, where it is
    /// [rejected](audit_core::WriteError::is_rejected), it never takes that one record.
    #[error("cannot store {records} records in {path}")]
    Write {
        /// The store's file.
        path: PathBuf,
        /// How many records the batch holds.
        records: usize,
        /// What SQLite said.
        source: Cause,
    },
    /// Another file stands at the path than the one that was opened, and cannot be used in its place.
    #[error("cannot go on with the file that replaced {path}")]
    Reopen {
        /// The store's file.
        path: PathBuf,
        /// Why it could not be opened.
        source: Cause,
    },
    /// The database could not be asked how far a journal was followed.
    #[error("cannot read from {path} how far the journal was followed")]
    Resume {
        /// The store's file.
        path: PathBuf,
        /// What SQLite said.
        source: Cause,
    },
    /// The write-ahead log could not be moved into the database file at shutdown.
    #[error("cannot checkpoint audit store {path}")]
    Checkpoint {
        /// The store's file.
        path: PathBuf,
        /// What SQLite said.
        source: Cause,
    },
}

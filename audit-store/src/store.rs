//! The store: one SQLite file that takes records and can be asked.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use crate::connection;
use crate::cursor::Cursor;
use crate::error::{OpenError, QueryError};
use crate::filter::Filter;
use crate::page::Page;
use crate::query;
use crate::sink::StoreSink;

/// How many connections for queries are kept open while nobody asks.
const IDLE_READERS: usize = 4;

/// Audit records in a SQLite file. Cheap to clone; all clones are one store.
///
/// # Examples
/// ```
/// use audit_core::{Line, Sink as _};
/// use audit_store::{Filter, Store};
///
/// # let directory = tempfile::tempdir()?;
/// let store = Store::open(directory.path().join("audit.db"))?;
/// let mut sink = store.sink();
/// sink.write(&[Line::parse(br#"{"timestamp":"2026-11-22T10:00:00.000000Z","user":"ana"}"#)?])?;
///
/// let page = store.query(&Filter::new().user("ana"), None, 100)?;
/// assert_eq!(page.records[0].json(), r#"{"timestamp":"2026-11-22T10:00:00.000000Z","user":"ana"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Store(Arc<Inner>);

/// How a store is opened; see [`Store::builder`].
#[derive(Debug, Clone)]
#[non_exhaustive]
#[must_use]
pub struct StoreBuilder {
    busy_timeout: Duration,
}

impl Default for StoreBuilder {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(5) }
    }
}

impl StoreBuilder {
    /// How long opening, writing and asking wait for a lock that another process holds: 5 seconds unless set.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Opens the store, and creates it if it is missing.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open(self, path: impl AsRef<Path>) -> Result<Store, OpenError> {
        let path = path.as_ref();
        // Absolute, so that `:memory:` is a file like any other and a change of directory changes nothing.
        let path =
            std::path::absolute(path).map_err(|source| OpenError::Create { path: path.to_path_buf(), source })?;
        let writer = connection::open_writer(&path, self.busy_timeout)?;
        let identity = identity(&path);
        Ok(Store(Arc::new(Inner {
            readers: Mutex::new(Vec::new()),
            writer: Mutex::new(writer),
            identity: Mutex::new(identity),
            busy_timeout: self.busy_timeout,
            path,
        })))
    }
}

impl Store {
    /// Opens the store at `path`: creates the file, for its owner only, if it is missing; brings an older one to the
    /// current schema, all or nothing. Several processes may do so at once.
    ///
    /// # Errors
    /// When the file cannot be created or written, is no SQLite database, is another application's, or was made by a
    /// later version of this crate. Such a file is left as it was.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::builder().open(path)
    }

    /// Opens a store with other settings than the usual ones.
    pub fn builder() -> StoreBuilder {
        StoreBuilder::default()
    }

    /// The store's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The side that takes records, to be given to an auditor. Sinks of one store take turns.
    #[must_use]
    pub fn sink(&self) -> StoreSink {
        StoreSink::new(Arc::clone(&self.0))
    }

    /// Returns records that pass `filter`, newest first: by `timestamp`, equal ones by arrival, those without a
    /// readable time last. An event with several phases is one, in the place of its first and with what its latest says. `cursor` is the `next` of the page before, from a query with the same filter; `limit` is
    /// from 1 to [`MAX_LIMIT`](crate::MAX_LIMIT).
    ///
    /// - One call looks at no more than [`SCAN_BOUND`](crate::SCAN_BOUND) records, so that a filter without an index
    ///   costs a bounded time. A page may then be short, even empty, while `next` is there; `next` is `None` only at
    ///   the true end.
    /// - Walking from page to page returns every record that was stored when the walk began exactly once, and none
    ///   twice, whatever is written meanwhile. A record stored during the walk is returned if its time lies before
    ///   the point that the walk has come to, and is missed if it lies after: start again for what is newer.
    /// - It neither waits for a sink that writes nor makes one wait.
    ///
    /// **It blocks** on the disk: an async service calls it from a blocking task.
    ///
    /// # Errors
    /// When the limit, the filter or the cursor is refused, or the database cannot be read.
    pub fn query(&self, filter: &Filter, cursor: Option<&Cursor>, limit: usize) -> Result<Page, QueryError> {
        let request = query::Request::new(filter, cursor, limit)?;
        let failed =
            |source: rusqlite::Error| QueryError::Database { path: self.path().to_path_buf(), source: source.into() };
        if self.0.was_moved() {
            return Err(QueryError::Moved { path: self.path().to_path_buf() });
        }
        let identity = self.0.identity();
        let reader = self.0.reader().map_err(failed)?;
        let page = request.run(&reader).map_err(failed)?;
        // After an error the connection is closed instead: whatever was wrong with it goes with it.
        self.0.give_back(reader, identity);
        Ok(page)
    }
}

#[derive(Debug)]
pub(crate) struct Inner {
    // Before the writer, so that the writer is the last to be closed and leaves no write-ahead log behind.
    readers: Mutex<Vec<Connection>>,
    writer: Mutex<Connection>,
    identity: Mutex<Option<(u64, u64)>>,
    busy_timeout: Duration,
    path: PathBuf,
}

impl Inner {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The connection that writes. A panic while it was held rolled its transaction back.
    pub(crate) fn writer(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the path no longer leads to the file that was opened: what is written to a file that was removed or
    /// replaced is lost without an error.
    pub(crate) fn was_moved(&self) -> bool {
        identity(&self.path) != self.identity()
    }

    /// Goes on with the file that now stands at the path. Without an error inside when there is none yet that could be a
    /// store: whoever is about to put one there is left alone.
    pub(crate) fn reopen(&self) -> Result<(), Option<OpenError>> {
        if !std::fs::metadata(&self.path).is_ok_and(|found| found.len() > 0) {
            return Err(None);
        }
        let found = identity(&self.path);
        let writer = connection::open_writer(&self.path, self.busy_timeout).map_err(Some)?;
        // In this order: whoever sees the new identity gets connections to the new file.
        *self.writer() = writer;
        let mut idle = self.readers();
        idle.clear();
        *self.identity.lock().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(())
    }

    fn identity(&self) -> Option<(u64, u64)> {
        *self.identity.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reader(&self) -> rusqlite::Result<Connection> {
        let idle = self.readers().pop();
        idle.map_or_else(|| connection::open_reader(&self.path, self.busy_timeout), Ok)
    }

    /// Keeps a connection that was taken while the store was the file that it still is.
    fn give_back(&self, reader: Connection, identity: Option<(u64, u64)>) {
        let mut idle = self.readers();
        if idle.len() < IDLE_READERS && identity == self.identity() {
            idle.push(reader);
        }
    }

    fn readers(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Device and inode of a file; `None` when there is none.
#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Elsewhere an open file cannot be removed or replaced.
#[cfg(not(unix))]
fn identity(_path: &Path) -> Option<(u64, u64)> {
    None
}

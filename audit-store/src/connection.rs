//! How connections to the store's file are opened.
//!
//! A new file is created 0600, and SQLite gives `-wal` and `-shm` the mode of the file; an existing file keeps its own.
//! The file is only ever opened by SQLite, never with `std::fs`: closing a second descriptor would drop the locks that
//! other connections of this process hold (<https://sqlite.org/howtocorrupt.html>, section 2.2).

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::OpenError;
use crate::schema::{self, MIGRATIONS};

/// How much of a write-ahead log stays on disk once it has been checkpointed.
const WAL_KEPT_BYTES: i64 = 16 * 1024 * 1024;

/// Opens the file for writing: created if it is missing, refused if it is not ours, brought to the current schema.
pub(crate) fn open_writer(path: &Path, busy_timeout: Duration) -> Result<Connection, OpenError> {
    let failed = |source| database_error(path, source);
    match create(path)? {
        0 => {}
        // SQLite takes what is shorter than its shortest page for an empty database, and would write over it.
        1..512 => return Err(OpenError::NotADatabase { path: path.to_path_buf() }),
        _ => refuse_foreign(path)?,
    }
    let mut connection = connect(path, busy_timeout).map_err(failed)?;
    if connection.is_readonly("main").map_err(failed)? {
        return Err(OpenError::ReadOnly { path: path.to_path_buf() });
    }
    // Before the switch to a write-ahead log, so that the file's own first page carries our application_id from its
    // first commit on, whatever happens next.
    schema::migrate(&mut connection, path, MIGRATIONS)?;
    let mode = switch_to_wal(&connection, busy_timeout).map_err(failed)?;
    if mode != "wal" {
        return Err(OpenError::NoWal { path: path.to_path_buf(), mode });
    }
    connection.pragma_update(None, "synchronous", "NORMAL").map_err(failed)?;
    connection.pragma_update(None, "journal_size_limit", WAL_KEPT_BYTES).map_err(failed)?;
    Ok(connection)
}

/// Opens one more connection, for queries only, to a file that `open_writer` has opened.
pub(crate) fn open_reader(path: &Path, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    let connection = connect(path, busy_timeout)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// The error for whatever SQLite said while `path` was being opened.
pub(crate) fn database_error(path: &Path, source: rusqlite::Error) -> OpenError {
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::NotADatabase { path: path.to_path_buf() },
        _ => OpenError::Database { path: path.to_path_buf(), source: source.into() },
    }
}

fn connect(path: &Path, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    // Neither CREATE, for the file's mode is ours to choose, nor URI, for a path is a path.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(busy_timeout)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

/// Creates the file unless it exists; returns its length.
fn create(path: &Path) -> Result<u64, OpenError> {
    let failed = |source| OpenError::Create { path: path.to_path_buf(), source };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        // Nobody can hold a lock yet on a file that was not there: this descriptor may be closed.
        Ok(_) => return Ok(0),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(error)),
    }
    let metadata = fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(OpenError::NotAFile { path: path.to_path_buf() });
    }
    Ok(metadata.len())
}

/// Refuses somebody else's database by its first page alone. An ordinary connection, by merely reading it, could
/// already run a checkpoint or a recovery on it; `immutable` takes no lock and touches nothing.
#[cfg(unix)]
fn refuse_foreign(path: &Path) -> Result<(), OpenError> {
    use std::os::unix::ffi::OsStrExt;

    let mut uri = String::from("file:");
    for &byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?mode=ro&immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let found = Connection::open_with_flags(uri, flags)
        .and_then(|connection| connection.pragma_query_value(None, "application_id", |row| row.get::<_, i32>(0)));
    match found {
        Ok(schema::APPLICATION_ID) => Ok(()),
        Ok(found) => Err(OpenError::Foreign { path: path.to_path_buf(), found }),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => Err(database_error(path, error)),
        // A file alone may look damaged when its write-ahead log mends it, as after a crash during a checkpoint. The
        // migration's own check, with the log in view, decides.
        Err(_) => Ok(()),
    }
}

/// Elsewhere the check inside the migration has to do.
#[cfg(not(unix))]
fn refuse_foreign(_path: &Path) -> Result<(), OpenError> {
    Ok(())
}

/// Returns the journal mode that the database has afterwards.
fn switch_to_wal(connection: &Connection, busy_timeout: Duration) -> rusqlite::Result<String> {
    let deadline = Instant::now() + busy_timeout;
    loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)) {
            // SQLite does not wait by itself here, for the switch upgrades a lock that it already holds.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(5));
            }
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_as_promised() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.db");
        let writer = open_writer(&path, Duration::from_secs(5)).unwrap();
        let synchronous: i64 = writer.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
        assert_eq!(synchronous, 1, "NORMAL");
        let reader = open_reader(&path, Duration::from_secs(5)).unwrap();
        let error = reader.execute("INSERT INTO record (line) VALUES ('{}')", []).unwrap_err();
        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::ReadOnly));
    }
}

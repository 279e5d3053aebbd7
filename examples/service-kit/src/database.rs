//! One SQLite file that is brought up to date when it is opened.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, TransactionBehavior};

use crate::files::{FileError, make_private_file};

/// The open file. Every call blocks on the disk: an async caller uses a blocking task.
pub struct Database {
    connection: Mutex<Connection>,
    path: PathBuf,
}

/// Why the database could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The file could not be created.
    #[error("cannot open the database")]
    File(#[from] FileError),
    /// A later version of this program made the database.
    #[error("cannot open {}: it has schema version {found}, this program knows {known}", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// The version it says it has.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// What SQLite reports.
    #[error("cannot {attempted} in {}", path.display())]
    Sqlite {
        /// What was attempted.
        attempted: &'static str,
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

impl Database {
    /// Opens the file; creates it, for its owner only, if it is missing; brings an older one up to date.
    ///
    /// `migrations` are the steps that make a database of each version from one of the version before, beginning with an
    /// empty file. A step that was released is never changed: another one is added.
    ///
    /// # Errors
    /// When the file cannot be opened or a step fails, and when a later program with more steps has made it.
    pub fn open(path: &Path, migrations: &[&str]) -> Result<Self, DatabaseError> {
        make_private_file(path)?;
        let failed = |source| DatabaseError::Sqlite { attempted: "open the tables", path: path.to_owned(), source };
        let mut connection = Connection::open(path).map_err(failed)?;
        // All steps or none: a crash between two leaves the version that was there, and who opens it at the same time waits.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let found: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
        let known = u32::try_from(migrations.len()).expect("they are few");
        let Some(missing) = usize::try_from(found).ok().and_then(|found| migrations.get(found..)) else {
            return Err(DatabaseError::Newer { path: path.to_owned(), found, known });
        };
        for step in missing {
            transaction.execute_batch(step).map_err(failed)?;
        }
        transaction.pragma_update(None, "user_version", known).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok(Self { connection: Mutex::new(connection), path: path.to_owned() })
    }

    /// The connection, for this thread alone until it is dropped.
    pub fn connection(&self) -> MutexGuard<'_, Connection> {
        // Nothing here panics between two statements that belong together; an open transaction is rolled back.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What makes SQLite's errors tell what was attempted.
    pub fn failed(&self, attempted: &'static str) -> impl Fn(rusqlite::Error) -> DatabaseError {
        move |source| DatabaseError::Sqlite { attempted, path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIGRATIONS: &[&str] =
        &["CREATE TABLE user (name TEXT NOT NULL) STRICT;", "CREATE TABLE feedback (comment TEXT NOT NULL) STRICT;"];

    #[test]
    fn an_older_database_is_brought_up_to_date_and_keeps_its_rows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(MIGRATIONS[0]).unwrap();
        old.execute_batch("INSERT INTO user (name) VALUES ('ana')").unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        drop(old);

        for _ in 0..2 {
            let database = Database::open(&path, MIGRATIONS).unwrap();
            let count = |table: &str| {
                let count = format!("SELECT count(*) FROM {table}");
                database.connection().query_row(&count, [], |row| row.get::<_, i64>(0)).unwrap()
            };
            assert_eq!((count("user"), count("feedback")), (1, 0));
        }
    }

    #[test]
    fn the_database_of_a_later_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.db");
        drop(Database::open(&path, MIGRATIONS).unwrap());
        let later = u32::try_from(MIGRATIONS.len()).unwrap() + 1;
        Connection::open(&path).unwrap().pragma_update(None, "user_version", later).unwrap();
        assert!(matches!(Database::open(&path, MIGRATIONS), Err(DatabaseError::Newer { found, .. }) if found == later));
    }
}

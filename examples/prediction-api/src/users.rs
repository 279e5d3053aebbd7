//! Users and their roles, in `DATA_DIR/app.db`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use audit_axum::Actor;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use crate::files::{FileError, make_private_file};
use crate::passwords::{HashError, Password};

/// The role that may read the audit trail.
pub(crate) const ADMIN: &str = "admin";

/// The version of the schema below, as `PRAGMA user_version` tells it.
const SCHEMA_VERSION: i64 = 1;
const SCHEMA: &str = "
    CREATE TABLE user (
        id            INTEGER PRIMARY KEY AUTOINCREMENT,
        name          TEXT NOT NULL UNIQUE,
        password_hash TEXT NOT NULL,
        role          TEXT NOT NULL
    ) STRICT;
    PRAGMA user_version = 1;
";

/// A user as the database knows it.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) password_hash: String,
}

/// A user as somebody wants it to be.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct NewUser {
    pub(crate) name: String,
    pub(crate) password: Password,
    pub(crate) role: String,
}

/// All users. Every call blocks on the disk: an async caller uses a blocking task.
pub(crate) struct Users {
    connection: Mutex<Connection>,
    path: PathBuf,
}

/// Why users could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// The file could not be created.
    #[error("cannot open the users' database")]
    File(#[from] FileError),
    /// A later version of this program made the database.
    #[error("cannot open {}: it has schema version {found}, this program knows {SCHEMA_VERSION}", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// The version it says it has.
        found: i64,
    },
    /// What SQLite reports.
    #[error("cannot {attempted} in {}", path.display())]
    Database {
        /// What was attempted.
        attempted: &'static str,
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A password could not be hashed.
    #[error("cannot add a user")]
    Hash(#[from] HashError),
}

impl User {
    /// The user as records name it.
    pub(crate) fn actor(&self) -> Actor {
        Actor::user(&self.name).id(self.id).role(&self.role)
    }

    pub(crate) fn is_admin(&self) -> bool {
        self.role == ADMIN
    }
}

impl fmt::Debug for NewUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewUser").field("name", &self.name).field("role", &self.role).finish_non_exhaustive()
    }
}

impl Users {
    /// Opens the database; creates it, for its owner only, if it is missing.
    pub(crate) fn open(path: &Path) -> Result<Self, UsersError> {
        make_private_file(path)?;
        let failed = database_error("open the users", path);
        let connection = Connection::open(path).map_err(&failed)?;
        match connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(&failed)? {
            0 => connection.execute_batch(&format!("BEGIN; {SCHEMA} COMMIT;")).map_err(&failed)?,
            SCHEMA_VERSION => {}
            found => return Err(UsersError::Newer { path: path.to_owned(), found }),
        }
        Ok(Self { connection: Mutex::new(connection), path: path.to_owned() })
    }

    /// The user of this name, if there is one.
    pub(crate) fn find(&self, name: &str) -> Result<Option<User>, UsersError> {
        find(&self.connection(), name).map_err(database_error("look for a user", &self.path))
    }

    /// Whether there is no user at all.
    pub(crate) fn is_empty(&self) -> Result<bool, UsersError> {
        let count = self.connection().query_row("SELECT count(*) FROM user", [], |row| row.get::<_, i64>(0));
        count.map(|count| count == 0).map_err(database_error("count the users", &self.path))
    }

    /// Adds users, and gives those that exist the password and the role they are listed with; all of them or none.
    /// Who is not listed stays as they are.
    pub(crate) fn put(&self, users: &[NewUser]) -> Result<(), UsersError> {
        let failed = database_error("add users", &self.path);
        let mut connection = self.connection();
        let transaction = connection.transaction().map_err(&failed)?;
        for user in users {
            let known = find(&transaction, &user.name).map_err(&failed)?;
            let as_listed = match &known {
                Some(known) => known.role == user.role && user.password.matches(&known.password_hash)?,
                None => false,
            };
            if !as_listed {
                let hash = user.password.hash()?;
                upsert(&transaction, user, &hash).map_err(&failed)?;
            }
        }
        transaction.commit().map_err(failed)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // Nothing here panics between two statements that belong together; an open transaction is rolled back.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn find(connection: &Connection, name: &str) -> rusqlite::Result<Option<User>> {
    let mut statement = connection.prepare_cached("SELECT id, name, role, password_hash FROM user WHERE name = ?")?;
    let user = statement.query_row([name], |row| {
        Ok(User { id: row.get(0)?, name: row.get(1)?, role: row.get(2)?, password_hash: row.get(3)? })
    });
    user.optional()
}

fn upsert(transaction: &Transaction<'_>, user: &NewUser, hash: &str) -> rusqlite::Result<()> {
    let statement = "INSERT INTO user (name, password_hash, role) VALUES (?, ?, ?)
                     ON CONFLICT (name) DO UPDATE SET password_hash = excluded.password_hash, role = excluded.role";
    transaction.execute(statement, params![user.name, hash, user.role]).map(drop)
}

fn database_error(attempted: &'static str, path: &Path) -> impl Fn(rusqlite::Error) -> UsersError {
    move |source| UsersError::Database { attempted, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str, password: &str, role: &str) -> NewUser {
        NewUser { name: name.to_owned(), password: Password::new(password), role: role.to_owned() }
    }

    #[test]
    fn who_is_listed_again_is_updated_and_keeps_the_id() {
        let folder = tempfile::tempdir().unwrap();
        let users = Users::open(&folder.path().join("app.db")).unwrap();
        assert!(users.is_empty().unwrap());
        users.put(&[user("ana", "one", "user"), user("eva", "one", "user")]).unwrap();
        let before = users.find("ana").unwrap().unwrap();
        let eva = users.find("eva").unwrap().unwrap();

        users.put(&[user("ana", "one", "user")]).unwrap();
        assert_eq!(users.find("ana").unwrap().unwrap().password_hash, before.password_hash);

        users.put(&[user("ana", "two", ADMIN)]).unwrap();
        let after = users.find("ana").unwrap().unwrap();
        assert_eq!((after.id, after.role.as_str()), (before.id, ADMIN));
        assert!(Password::new("two").matches(&after.password_hash).unwrap());
        assert!(!Password::new("one").matches(&after.password_hash).unwrap());
        assert_eq!(users.find("eva").unwrap().unwrap().password_hash, eva.password_hash);
        assert!(users.find("Ana").unwrap().is_none());
    }

    #[test]
    fn the_database_of_a_later_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.db");
        drop(Users::open(&path).unwrap());
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 2).unwrap();
        assert!(matches!(Users::open(&path), Err(UsersError::Newer { found: 2, .. })));
    }
}

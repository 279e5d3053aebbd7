//! Users and their roles.

use std::fmt;
use std::sync::Arc;

use audit_axum::Actor;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use crate::database::{Database, DatabaseError};
use crate::passwords::{HashError, Password};

/// The role that may read the audit trail.
pub(crate) const ADMIN: &str = "admin";

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
pub(crate) struct Users(Arc<Database>);

/// Why users could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// The database they are in.
    #[error(transparent)]
    Database(#[from] DatabaseError),
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
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self(database)
    }

    /// The user of this name, if there is one.
    pub(crate) fn find(&self, name: &str) -> Result<Option<User>, UsersError> {
        Ok(find(&self.0.connection(), name).map_err(self.0.failed("look for a user"))?)
    }

    /// Whether there is no user at all.
    pub(crate) fn is_empty(&self) -> Result<bool, UsersError> {
        let count = self.0.connection().query_row("SELECT count(*) FROM user", [], |row| row.get::<_, i64>(0));
        Ok(count.map(|count| count == 0).map_err(self.0.failed("count the users"))?)
    }

    /// Adds users, and gives those that exist the password and the role they are listed with; all of them or none.
    /// Who is not listed stays as they are.
    pub(crate) fn put(&self, users: &[NewUser]) -> Result<(), UsersError> {
        let failed = self.0.failed("add users");
        let mut connection = self.0.connection();
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
        Ok(transaction.commit().map_err(failed)?)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str, password: &str, role: &str) -> NewUser {
        NewUser { name: name.to_owned(), password: Password::new(password), role: role.to_owned() }
    }

    #[test]
    fn who_is_listed_again_is_updated_and_keeps_the_id() {
        let folder = tempfile::tempdir().unwrap();
        let users = Users::new(Arc::new(Database::open(&folder.path().join("app.db")).unwrap()));
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
}

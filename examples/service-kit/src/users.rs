//! Users, their passwords and their roles.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use audit_core::Actor;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use crate::database::{Database, DatabaseError};
use crate::files::{FileError, write_private_file};
use crate::passwords::{HashError, Password};
use crate::say;

/// The table that users are in, as a step of [`Database::open`].
pub const TABLE: &str = "CREATE TABLE user (
        id            INTEGER PRIMARY KEY AUTOINCREMENT,
        name          TEXT NOT NULL UNIQUE,
        password_hash TEXT NOT NULL,
        role          TEXT NOT NULL
    ) STRICT;";

/// How long a user's name may be, in characters.
pub const NAME_CHARS: usize = 80;

/// Where the first users' passwords are told.
const PASSWORDS_FILE: &str = "initial-passwords";

/// The role that may do everything.
pub const ADMIN: &str = "admin";

/// A user as the database knows it.
#[derive(Clone)]
pub struct User {
    /// Never given again.
    pub id: i64,
    /// Unique.
    pub name: String,
    /// A word in lower case.
    pub role: String,
    /// In PHC form.
    pub password_hash: String,
}

/// A user as somebody wants it to be.
#[derive(Clone, PartialEq, Eq)]
pub struct NewUser {
    /// At most [`NAME_CHARS`].
    pub name: String,
    /// Kept as a hash.
    pub password: Password,
    /// A word in lower case; [`ADMIN`] or another.
    pub role: String,
}

/// All users. Every call blocks on the disk: an async caller uses a blocking task.
pub struct Users {
    database: Arc<Database>,
    /// A hash that no password matches but one that nobody knows, for names that nobody has.
    nobodys_hash: String,
}

/// Whether somebody is who they say.
pub enum Verdict {
    /// They are.
    Right(User),
    /// Nobody has that name.
    NoSuchUser,
    /// Somebody has that name and another password.
    WrongPassword,
}

/// Why users could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// The database they are in.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A password could not be hashed or compared.
    #[error("cannot hash or compare a password")]
    Hash(#[from] HashError),
    /// The first users' passwords could not be told.
    #[error("cannot tell the first users' passwords")]
    File(#[from] FileError),
}

impl User {
    /// The user as records name it.
    pub fn actor(&self) -> Actor {
        Actor::user(&self.name).id(self.id).role(&self.role)
    }

    /// Whether the role is [`ADMIN`].
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.role == ADMIN
    }
}

impl fmt::Debug for NewUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewUser").field("name", &self.name).field("role", &self.role).finish_non_exhaustive()
    }
}

impl Users {
    /// The users in this database, which has [`TABLE`].
    ///
    /// # Errors
    /// When the system gives no random salt.
    pub fn new(database: Arc<Database>) -> Result<Self, HashError> {
        Ok(Self { database, nobodys_hash: Password::random().hash()? })
    }

    /// Compares a password. **It takes its time**, and as long for a name that nobody has as for one that somebody has:
    /// the answer's time tells nothing.
    ///
    /// # Errors
    /// When the user cannot be looked for, or the password not be compared.
    pub fn check(&self, name: &str, password: &Password) -> Result<Verdict, UsersError> {
        let user = self.find(name)?;
        let hash = user.as_ref().map_or(&self.nobodys_hash, |user| &user.password_hash);
        let matches = password.matches(hash)?;
        Ok(match user {
            Some(user) if matches => Verdict::Right(user),
            Some(_) => Verdict::WrongPassword,
            None => Verdict::NoSuchUser,
        })
    }

    /// The user of this name, if there is one.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn find(&self, name: &str) -> Result<Option<User>, UsersError> {
        Ok(find(&self.database.connection(), name).map_err(self.database.failed("look for a user"))?)
    }

    /// Whether there is no user at all.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn is_empty(&self) -> Result<bool, UsersError> {
        let count = self.database.connection().query_row("SELECT count(*) FROM user", [], |row| row.get::<_, i64>(0));
        Ok(count.map(|count| count == 0).map_err(self.database.failed("count the users"))?)
    }

    /// Adds users, and gives those that exist the password and the role they are listed with; all of them or none.
    /// Who is not listed stays as they are.
    ///
    /// # Errors
    /// When the database cannot be written, or a password not be hashed.
    pub fn put(&self, users: &[NewUser]) -> Result<(), UsersError> {
        let failed = self.database.failed("add users");
        let mut connection = self.database.connection();
        let transaction = connection.transaction().map_err(&failed)?;
        for user in users {
            let known = find(&transaction, &user.name).map_err(&failed)?;
            // The same password keeps its hash, by which a session knows what opened it.
            let kept = match known {
                Some(known) if user.password.matches(&known.password_hash)? => Some((known.password_hash, known.role)),
                _ => None,
            };
            match kept {
                Some((_, role)) if role == user.role => {}
                Some((hash, _)) => upsert(&transaction, user, &hash).map_err(&failed)?,
                None => upsert(&transaction, user, &user.password.hash()?).map_err(&failed)?,
            }
        }
        Ok(transaction.commit().map_err(failed)?)
    }
}

/// Opens the users: those that are listed are added or updated; without a list, and without any user, an administrator
/// `admin` and a user `demo` are made, and their passwords told in a file in `data_dir`.
///
/// # Errors
/// When the database or the file cannot be written.
pub fn open(data_dir: &Path, database: Arc<Database>, listed: Option<&[NewUser]>) -> Result<Users, UsersError> {
    let users = Users::new(database)?;
    if let Some(listed) = listed {
        users.put(listed)?;
    } else if users.is_empty()? {
        let initial = [("admin", ADMIN), ("demo", "user")].map(|(name, role)| NewUser {
            name: name.to_owned(),
            password: Password::random(),
            role: role.to_owned(),
        });
        let lines: String = initial.iter().map(|user| format!("{}:{}\n", user.name, user.password.reveal())).collect();
        let path = data_dir.join(PASSWORDS_FILE);
        // First: users whose passwords nobody was told would lock everybody out.
        write_private_file(&path, lines.as_bytes())?;
        users.put(&initial)?;
        say(format_args!("users admin and demo were created; their passwords are in {}", path.display()));
    }
    Ok(users)
}

/// Users that are listed as `name:password:role`, separated by commas.
///
/// # Errors
/// What is wrong with the list, without what may be secret in it.
pub fn parse_users(value: &str) -> Result<Vec<NewUser>, String> {
    let mut users: Vec<NewUser> = Vec::new();
    let entries = value.split(',').map(str::trim).enumerate();
    for (index, entry) in entries.filter(|(_, entry)| !entry.is_empty()) {
        let place = index + 1;
        let user = parse_user(entry).map_err(|problem| format!("has {problem} in entry {place}"))?;
        if users.iter().any(|known| known.name == user.name) {
            return Err(format!("has a name for the second time in entry {place}"));
        }
        users.push(user);
    }
    if users.is_empty() { Err("has no entry".to_owned()) } else { Ok(users) }
}

/// The name ends at the first colon, the role begins after the last: a password may have colons.
fn parse_user(entry: &str) -> Result<NewUser, &'static str> {
    let (name, rest) = entry.split_once(':').ok_or("no colon")?;
    let (password, role) = rest.rsplit_once(':').ok_or("only one colon")?;
    let (name, role) = (name.trim(), role.trim());
    let is_name = (1..=NAME_CHARS).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if !is_name {
        return Err("a name that is empty or too long");
    }
    // Records give these names to those who were not identified.
    if ["anonymous", "unknown"].contains(&name) {
        return Err("a name that stands for nobody");
    }
    if password.is_empty() {
        return Err("an empty password");
    }
    let is_role = (1..=32).contains(&role.len()) && role.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'_' | b'-'));
    if !is_role {
        return Err("a role that is not a word in lower case");
    }
    Ok(NewUser { name: name.to_owned(), password: Password::new(password), role: role.to_owned() })
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
        let users = Users::new(Arc::new(Database::open(&folder.path().join("app.db"), &[TABLE]).unwrap())).unwrap();
        assert!(users.is_empty().unwrap());
        users.put(&[user("ana", "one", "user"), user("eva", "one", "user")]).unwrap();
        let before = users.find("ana").unwrap().unwrap();
        let eva = users.find("eva").unwrap().unwrap();

        users.put(&[user("ana", "one", "user")]).unwrap();
        assert_eq!(users.find("ana").unwrap().unwrap().password_hash, before.password_hash);

        users.put(&[user("ana", "one", ADMIN)]).unwrap();
        let promoted = users.find("ana").unwrap().unwrap();
        assert_eq!((promoted.role.as_str(), promoted.password_hash), (ADMIN, before.password_hash));

        users.put(&[user("ana", "two", ADMIN)]).unwrap();
        let after = users.find("ana").unwrap().unwrap();
        assert_eq!((after.id, after.role.as_str()), (before.id, ADMIN));
        assert!(Password::new("two").matches(&after.password_hash).unwrap());
        assert!(!Password::new("one").matches(&after.password_hash).unwrap());
        assert_eq!(users.find("eva").unwrap().unwrap().password_hash, eva.password_hash);
        assert!(users.find("Ana").unwrap().is_none());
    }
}

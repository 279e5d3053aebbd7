//! Sessions, kept in the database: one that is logged out or has run out is gone, whoever has its cookie.

use std::collections::HashMap;
use std::sync::Arc;

use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_web::cookie::time::{Duration, OffsetDateTime};
use anyhow::Error;
use rusqlite::{OptionalExtension as _, params};
use service_kit::database::Database;
use service_kit::files::random_text;
use service_kit::workers::Workers;

/// The table that they are in.
pub(crate) const TABLE: &str = "CREATE TABLE session (
        key     TEXT PRIMARY KEY,
        state   TEXT NOT NULL,
        expires INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;";

/// How long a login is good.
pub(crate) const LIFETIME: Duration = Duration::hours(8);

/// Letters and digits of a key: 380 bits, and no more than a cookie may hold.
const KEY_LETTERS: usize = 64;

/// A row for each session; its key is what the cookie holds.
#[derive(Clone)]
pub(crate) struct Sessions {
    database: Arc<Database>,
    workers: Arc<Workers>,
}

type State = HashMap<String, String>;

impl Sessions {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database, workers: Arc::new(Workers::new()) }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let database = Arc::clone(&self.database);
        let done = self.workers.run(move || work(&database.connection()).map_err(database.failed("keep a session")));
        Ok(done.await??)
    }

    /// Writes a session, and forgets those that have run out.
    async fn put(&self, key: &SessionKey, state: &State, ttl: &Duration) -> Result<(), Error> {
        let (key, state) = (key.as_ref().to_owned(), serde_json::to_string(state)?);
        let (now, expires) = (now(), now().saturating_add(ttl.whole_seconds()));
        self.run(move |connection| {
            connection.prepare_cached("DELETE FROM session WHERE expires <= ?")?.execute([now])?;
            let mut insert = connection.prepare_cached("INSERT OR REPLACE INTO session VALUES (?, ?, ?)")?;
            insert.execute(params![key, state, expires]).map(drop)
        })
        .await
    }
}

impl SessionStore for Sessions {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let (key, now) = (key.as_ref().to_owned(), now());
        let found = self.run(move |connection| {
            let mut select = connection.prepare_cached("SELECT state FROM session WHERE key = ? AND expires > ?")?;
            select.query_row(params![key, now], |row| row.get::<_, String>(0)).optional()
        });
        let state = found.await.map_err(LoadError::Other)?;
        state
            .map(|state| serde_json::from_str(&state))
            .transpose()
            .map_err(|error| LoadError::Deserialization(error.into()))
    }

    async fn save(&self, state: State, ttl: &Duration) -> Result<SessionKey, SaveError> {
        let key = SessionKey::try_from(random_text(KEY_LETTERS)).map_err(|error| SaveError::Other(error.into()))?;
        self.put(&key, &state, ttl).await.map_err(SaveError::Other)?;
        Ok(key)
    }

    async fn update(&self, key: SessionKey, state: State, ttl: &Duration) -> Result<SessionKey, UpdateError> {
        self.put(&key, &state, ttl).await.map_err(UpdateError::Other)?;
        Ok(key)
    }

    async fn update_ttl(&self, key: &SessionKey, ttl: &Duration) -> Result<(), Error> {
        let (key, expires) = (key.as_ref().to_owned(), now().saturating_add(ttl.whole_seconds()));
        self.run(move |connection| {
            let mut update = connection.prepare_cached("UPDATE session SET expires = ? WHERE key = ?")?;
            update.execute(params![expires, key]).map(drop)
        })
        .await
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), Error> {
        let key = key.as_ref().to_owned();
        self.run(move |connection| {
            connection.prepare_cached("DELETE FROM session WHERE key = ?")?.execute([key]).map(drop)
        })
        .await
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_session_is_there_until_it_is_deleted_or_runs_out() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = Sessions::new(Arc::new(Database::open(&folder.path().join("core.db"), &[TABLE]).unwrap()));
        let state = State::from([("user".to_owned(), "\"ana\"".to_owned())]);
        let key = sessions.save(state.clone(), &LIFETIME).await.unwrap();
        assert_eq!(sessions.load(&key).await.unwrap(), Some(state.clone()));
        sessions.update_ttl(&key, &Duration::ZERO).await.unwrap();
        assert_eq!(sessions.load(&key).await.unwrap(), None);

        let key = sessions.update(key, state.clone(), &LIFETIME).await.unwrap();
        assert_eq!(sessions.load(&key).await.unwrap(), Some(state.clone()));
        sessions.delete(&key).await.unwrap();
        assert_eq!(sessions.load(&key).await.unwrap(), None);

        // What has run out does not stay in the file.
        sessions.save(state.clone(), &Duration::ZERO).await.unwrap();
        sessions.save(state, &LIFETIME).await.unwrap();
        let count = "SELECT count(*) FROM session";
        let count: i64 = sessions.database.connection().query_row(count, [], |row| row.get(0)).unwrap();
        assert_eq!(count, 1);
    }
}

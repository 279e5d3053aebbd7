//! The tables, their versions, and how an older file becomes a current one.
//!
//! - A file's version is its `user_version`: how many of [`MIGRATIONS`] it has been through. An empty file has 0.
//! - All missing migrations, the version and the `application_id` are one transaction: a crash, a full disk or a
//!   failing migration leaves the file as it was. Two processes that open one file at once take turns, and the second
//!   looks again before it does anything.
//! - A migration that has been released is never edited; a change is a new one at the end.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::connection::database_error;
use crate::error::OpenError;

/// "AUDT": what tells our files from any other application's (<https://sqlite.org/fileformat.html#application_id>).
pub(crate) const APPLICATION_ID: i32 = 0x4155_4454;

/// The SQL that leads from each version to the next.
pub(crate) const MIGRATIONS: &[&str] = &[V1, V2];

/// `id` is the order of arrival, never reused (AUTOINCREMENT) even once retention deletes rows. All columns but
/// `line` are copies of what the line says, there to be searched; what the line does not say is NULL.
///
/// `line` stands last, so that looking at a row's other columns does not read a long line's overflow pages. An index
/// ends in the row id by itself (<https://sqlite.org/queryplanner.html>): `(user, time)` is in effect
/// `(user, time, id)`. The partial ones cost records nothing that have no such value. `record_event` is what drops
/// repeats; a NULL `event_id` equals no other, so a record without one is never taken for a repeat.
const V1: &str = "
    CREATE TABLE record (
        id          INTEGER PRIMARY KEY AUTOINCREMENT,
        time        INTEGER,                   -- microseconds since 1970-01-01T00:00:00Z
        event_id    TEXT,
        phase       TEXT NOT NULL DEFAULT '',  -- '' when the record has none
        user        TEXT,
        action      TEXT,
        outcome     TEXT,
        status      INTEGER,
        method      TEXT,
        path        TEXT,
        route       TEXT,
        ip          TEXT,
        target_type TEXT,
        target_id   TEXT,
        line        TEXT NOT NULL              -- the record's exact bytes, without the newline
    ) STRICT;
    CREATE UNIQUE INDEX record_event ON record (event_id, phase);
    CREATE INDEX record_time ON record (time);
    CREATE INDEX record_user ON record (user, time) WHERE user IS NOT NULL;
    CREATE INDEX record_action ON record (action, time) WHERE action IS NOT NULL;
    CREATE INDEX record_target_type ON record (target_type, time) WHERE target_type IS NOT NULL;
    CREATE INDEX record_target ON record (target_type, target_id, time) WHERE target_id IS NOT NULL;
";

/// One row for each event, in the place of its first record and with what its latest phase says; the lines of the other
/// phases go into `phase`. `follower` says how far each journal was followed, by the id in its position file.
const V2: &str = "
    CREATE TABLE phase (
        event_id    TEXT NOT NULL,
        phase       TEXT NOT NULL,
        line        TEXT NOT NULL,             -- the record's exact bytes, without the newline
        PRIMARY KEY (event_id, phase)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE follower (
        id          TEXT PRIMARY KEY,
        seq         INTEGER NOT NULL           -- everything up to it is stored
    ) STRICT, WITHOUT ROWID;
    CREATE TEMP TABLE folded AS
        SELECT id, event_id, phase, min(id) OVER event AS first,
               row_number() OVER (event ORDER BY CASE phase WHEN 'intent' THEN 0 WHEN 'final' THEN 2 WHEN 'end' THEN 3 ELSE 1 END DESC, id) AS rank
        FROM record
        WHERE event_id IN (SELECT event_id FROM record GROUP BY event_id HAVING count(*) > 1)
        WINDOW event AS (PARTITION BY event_id);
    INSERT INTO phase (event_id, phase, line)
        SELECT event_id, phase, line FROM record WHERE id IN (SELECT id FROM folded WHERE rank > 1);
    DROP INDEX record_event;
    UPDATE record
        SET (phase, user, action, outcome, status, method, path, route, ip, target_type, target_id, line) = (
            SELECT latest.phase, latest.user, latest.action, latest.outcome, latest.status, latest.method, latest.path,
                   latest.route, latest.ip, latest.target_type, latest.target_id, latest.line
            FROM folded JOIN record AS latest ON latest.id = folded.id
            WHERE folded.first = record.id AND folded.rank = 1)
        WHERE id IN (SELECT first FROM folded);
    DELETE FROM record WHERE id IN (SELECT id FROM folded WHERE id <> first);
    UPDATE record SET outcome = 'unknown' WHERE phase = 'intent';
    CREATE UNIQUE INDEX record_event ON record (event_id);
    DROP TABLE folded;
";

/// Brings the database to the version that `steps` lead to.
///
/// # Errors
/// When the database is not ours, is newer than `steps`, or cannot be written.
pub(crate) fn migrate(connection: &mut Connection, path: &Path, steps: &[&str]) -> Result<(), OpenError> {
    let failed = |source| database_error(path, source);
    // A look without the write lock, in a transaction for one consistent view: opening a store that is current must
    // not wait for whoever is writing to it.
    let seen = connection.transaction().and_then(|view| State::read(&view)).map_err(failed)?;
    if seen.version(path, steps.len())? == steps.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let seen = State::read(&transaction).map_err(failed)?;
    for step in steps.iter().skip(seen.version(path, steps.len())?) {
        transaction.execute_batch(step).map_err(failed)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
    let version = u32::try_from(steps.len()).expect("nobody writes four billion migrations");
    transaction.pragma_update(None, "user_version", version).map_err(failed)?;
    transaction.commit().map_err(failed)
}

/// What a database says about itself.
struct State {
    application_id: i32,
    user_version: i64,
    objects: i64,
}

impl State {
    fn read(connection: &Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            application_id: connection.pragma_query_value(None, "application_id", |row| row.get(0))?,
            user_version: connection.pragma_query_value(None, "user_version", |row| row.get(0))?,
            objects: connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?,
        })
    }

    /// How many migrations the database has been through.
    fn version(&self, path: &Path, known: usize) -> Result<usize, OpenError> {
        let path = path.to_path_buf();
        match (self.application_id, usize::try_from(self.user_version)) {
            (APPLICATION_ID, Ok(version)) if version <= known => Ok(version),
            (APPLICATION_ID, Ok(_)) => Err(OpenError::Newer { path, found: self.user_version, known }),
            (0, Ok(0)) if self.objects == 0 => Ok(0),
            (found, _) => Err(OpenError::Foreign { path, found }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEXT: &str = "ALTER TABLE record ADD COLUMN tenant TEXT; UPDATE record SET tenant = 'none';";

    fn open(path: &Path) -> Connection {
        Connection::open(path).unwrap()
    }

    fn state(connection: &Connection) -> (i32, i64, i64) {
        let state = State::read(connection).unwrap();
        (state.application_id, state.user_version, state.objects)
    }

    #[test]
    fn an_older_version_is_brought_forward_with_its_rows() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let mut connection = open(&path);
        migrate(&mut connection, &path, &[V1]).unwrap();
        connection.execute("INSERT INTO record (line) VALUES ('{}')", []).unwrap();

        migrate(&mut connection, &path, &[V1, NEXT]).unwrap();
        assert_eq!(
            connection.query_row("SELECT tenant FROM record", [], |row| row.get::<_, String>(0)).unwrap(),
            "none"
        );
        // A third time there is nothing to do; NEXT again would fail on its column.
        migrate(&mut connection, &path, &[V1, NEXT]).unwrap();
        assert_eq!(state(&connection).1, 2);
    }

    #[test]
    fn phases_that_were_rows_become_one() {
        let path = Path::new("memory");
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, path, &[V1]).unwrap();
        connection
            .execute_batch(
                "INSERT INTO record (time, event_id, phase, user, outcome, line) VALUES
                    (1, 'a', 'intent', 'ana', NULL, 'a-intent'),
                    (2, 'b', '', 'bo', 'denied', 'b'),
                    (3, 'a', 'end', 'ana', 'failed', 'a-end'),
                    (4, 'a', 'final', 'ana', 'success', 'a-final'),
                    (5, 'c', 'intent', 'cy', NULL, 'c-intent'),
                    (6, NULL, '', NULL, NULL, 'x'), (7, NULL, '', NULL, NULL, 'y');",
            )
            .unwrap();
        migrate(&mut connection, path, MIGRATIONS).unwrap();
        let texts = |sql: &str| {
            let mut statement = connection.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
            rows.collect::<Result<Vec<_>, _>>().unwrap()
        };
        assert_eq!(
            texts("SELECT concat_ws(' ', id, time, phase, user, outcome, line) FROM record ORDER BY id"),
            ["1 1 end ana failed a-end", "2 2  bo denied b", "5 5 intent cy unknown c-intent", "6 6  x", "7 7  y"]
        );
        assert_eq!(texts("SELECT line FROM phase ORDER BY phase"), ["a-final", "a-intent"]);
        assert!(texts("SELECT name FROM temp.sqlite_schema").is_empty());
    }

    #[test]
    fn a_migration_that_fails_half_way_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let mut connection = open(&path);
        let broken = "CREATE TABLE half (a); INSERT INTO no_such_table VALUES (1);";
        let error = migrate(&mut connection, &path, &[V1, broken]).unwrap_err();
        assert!(matches!(error, OpenError::Database { .. }), "{error:?}");
        assert_eq!(state(&connection), (0, 0, 0), "from nothing");

        migrate(&mut connection, &path, &[V1]).unwrap();
        let before = state(&connection);
        migrate(&mut connection, &path, &[V1, broken]).unwrap_err();
        assert_eq!(state(&connection), before, "from version 1");
    }

    #[test]
    fn a_database_that_became_somebody_elses_meanwhile_is_refused() {
        for sql in ["CREATE TABLE song (title)", "PRAGMA user_version = 1", "PRAGMA application_id = 42"] {
            let mut connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(sql).unwrap();
            let before = state(&connection);
            let error = migrate(&mut connection, Path::new("memory"), &[V1]).unwrap_err();
            assert!(matches!(error, OpenError::Foreign { .. }), "{sql}: {error:?}");
            assert_eq!(state(&connection), before, "{sql}");
        }
    }

    #[test]
    fn a_current_store_opens_while_somebody_writes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let mut connection = open(&path);
        migrate(&mut connection, &path, &[V1]).unwrap();
        let mut writer = open(&path);
        let _held = writer.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        connection.busy_timeout(std::time::Duration::ZERO).unwrap();
        migrate(&mut connection, &path, &[V1]).unwrap();
    }
}

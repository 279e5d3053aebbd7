//! How records become rows.
//!
//! An event is one row. Its place, time and id, is that of the record that came first and never changes, so that a walk
//! meets it once whatever comes meanwhile; its columns and its line are those of the latest phase that came. The lines
//! of the other phases stand in a table of their own.

use audit_core::{Line, journal};
use rusqlite::{Connection, Error, ErrorCode, Transaction, TransactionBehavior, params};

use crate::columns::Columns;

/// What became of a batch.
pub(crate) enum Inserted {
    /// All of it is stored.
    All,
    /// The record behind the first so many, which are stored, can never be.
    Rejected(usize, Error),
}

/// Stores a batch, and with it how far the follower came whose batch it is.
pub(crate) fn insert(
    connection: &mut Connection,
    batch: &[Line],
    follower: Option<&str>,
) -> rusqlite::Result<Inserted> {
    let rejected = match transact(connection, batch, follower)? {
        Ok(()) => return Ok(Inserted::All),
        Err(rejected) => rejected,
    };
    let (index, error) = rejected;
    // The whole transaction was rolled back: what stands before the record is stored without it.
    match transact(connection, batch.get(..index).unwrap_or_default(), follower)? {
        Ok(()) => Ok(Inserted::Rejected(index, error)),
        Err((_, error)) => Err(error),
    }
}

/// One transaction; inside, the record that cannot be stored and why.
fn transact(
    connection: &mut Connection,
    batch: &[Line],
    follower: Option<&str>,
) -> rusqlite::Result<Result<(), (usize, Error)>> {
    // Immediate: a lock that cannot be had is known before the first row, and waited for.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (index, line) in batch.iter().enumerate() {
        match insert_line(&transaction, line) {
            Ok(()) => {}
            Err(error) if is_about_the_record(&error) => return Ok(Err((index, error))),
            Err(error) => return Err(error),
        }
    }
    // The last, not the greatest: where the end of a journal was lost, its numbers are given anew.
    if let (Some(follower), Some(seq)) = (follower, batch.iter().rev().find_map(|line| journal::seq_of(line.bytes()))) {
        transaction
            .prepare_cached(
                "INSERT INTO follower (id, seq) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET seq = excluded.seq",
            )?
            .execute(params![follower, seq.cast_signed()])?;
    }
    transaction.commit().map(Ok)
}

/// Whether this record is what is wrong, whenever it comes, and not the database or the moment.
fn is_about_the_record(error: &Error) -> bool {
    matches!(error, Error::ToSqlConversionFailure(_))
        || matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::TooBig | ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch)
        )
}

fn insert_line(transaction: &Transaction<'_>, line: &Line) -> rusqlite::Result<()> {
    let columns = Columns::of(line);
    // The conflict is named: `OR IGNORE` would also swallow every other broken constraint.
    let mut insert = transaction.prepare_cached(
        "INSERT INTO record (time, event_id, phase, user, action, outcome, status, method, path, route, ip,
                             target_type, target_id, line)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (event_id) DO NOTHING",
    )?;
    let Columns {
        time,
        event_id,
        phase,
        user,
        action,
        outcome,
        status,
        method,
        path,
        route,
        ip,
        target_type,
        target_id,
    } = &columns;
    let inserted = insert.execute(params![
        time,
        event_id,
        phase,
        user,
        action,
        outcome,
        status,
        method,
        path,
        route,
        ip,
        target_type,
        target_id,
        line.json()
    ])?;
    match event_id {
        Some(event_id) if inserted == 0 => fold(transaction, event_id, &columns, line),
        _ => Ok(()),
    }
}

/// Adds a record of an event that has a row: another phase of it, or a repeat.
fn fold(transaction: &Transaction<'_>, event_id: &str, columns: &Columns, line: &Line) -> rusqlite::Result<()> {
    let phase = &columns.phase;
    let mut select = transaction.prepare_cached("SELECT phase FROM record WHERE event_id = ?")?;
    let latest: String = select.query_row([event_id], |row| row.get(0))?;
    let mut select = transaction.prepare_cached("SELECT 1 FROM phase WHERE event_id = ? AND phase = ?")?;
    if latest == *phase || select.exists([event_id, phase.as_str()])? {
        return Ok(());
    }
    if rank(phase) <= rank(&latest) {
        let mut keep = transaction.prepare_cached("INSERT INTO phase (event_id, phase, line) VALUES (?, ?, ?)")?;
        return keep.execute(params![event_id, phase, line.json()]).map(drop);
    }
    let mut keep = transaction.prepare_cached(
        "INSERT INTO phase (event_id, phase, line) SELECT event_id, phase, line FROM record WHERE event_id = ?",
    )?;
    keep.execute([event_id])?;
    // What a later phase leaves out is as an earlier one said.
    let mut update = transaction.prepare_cached(
        "UPDATE record SET phase = ?, user = coalesce(?, user), action = coalesce(?, action),
                outcome = coalesce(?, outcome), status = coalesce(?, status), method = coalesce(?, method),
                path = coalesce(?, path), route = coalesce(?, route), ip = coalesce(?, ip),
                target_type = coalesce(?, target_type), target_id = coalesce(?, target_id), line = ?
         WHERE event_id = ?",
    )?;
    let Columns { user, action, outcome, status, method, path, route, ip, target_type, target_id, .. } = columns;
    update
        .execute(params![
            phase,
            user,
            action,
            outcome,
            status,
            method,
            path,
            route,
            ip,
            target_type,
            target_id,
            line.json(),
            event_id
        ])
        .map(drop)
}

/// The order of an event's phases; the migrations have it too.
fn rank(phase: &str) -> u8 {
    match phase {
        "intent" => 0,
        "final" => 2,
        "end" => 3,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rusqlite::limits::Limit;

    use super::*;
    use crate::schema::{self, MIGRATIONS};

    fn connection() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection, Path::new("memory"), MIGRATIONS).unwrap();
        connection
    }

    fn line(seq: u64, length: usize) -> Line {
        let text = "x".repeat(length);
        Line::parse(format!(r#"{{"event_id":"{seq}","data":"{text}","seq":{seq}}}"#).as_bytes()).unwrap()
    }

    fn stored(connection: &Connection) -> (i64, i64) {
        let sql = "SELECT (SELECT count(*) FROM record), coalesce((SELECT seq FROM follower), 0)";
        connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    }

    #[test]
    fn a_batch_that_fails_in_its_middle_is_not_stored_at_all() {
        let mut connection = connection();
        let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        // The database is full before the batch's end, as a disk may be: of no record is this the fault.
        connection.query_row(&format!("PRAGMA max_page_count = {}", pages + 20), [], |_| Ok(())).unwrap();
        let batch: Vec<Line> = (1..200).map(|seq| line(seq, 2_000)).collect();
        let error = insert(&mut connection, &batch, Some("me")).err().unwrap();
        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::DiskFull));
        assert_eq!(stored(&connection), (0, 0));
        assert!(matches!(insert(&mut connection, &[line(1, 10)], Some("me")), Ok(Inserted::All)));
        assert_eq!(stored(&connection), (1, 1));
    }

    #[test]
    fn a_record_that_is_too_big_is_rejected_and_what_stands_before_it_stored() {
        let mut connection = connection();
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, 10_000).unwrap();
        let batch = [line(1, 10), line(2, 10), line(3, 20_000), line(4, 10)];
        let inserted = insert(&mut connection, &batch, Some("me")).unwrap();
        assert!(
            matches!(inserted, Inserted::Rejected(2, error) if error.sqlite_error_code() == Some(ErrorCode::TooBig))
        );
        assert_eq!(stored(&connection), (2, 2));
    }

    #[test]
    fn the_place_in_the_journal_is_that_of_the_last_record() {
        let mut connection = connection();
        let mut put = |batch: &[Line], follower| {
            assert!(matches!(insert(&mut connection, batch, follower), Ok(Inserted::All)));
            stored(&connection)
        };
        let unnumbered = Line::parse(br#"{"event_id":"old"}"#).unwrap();
        assert_eq!(put(&[line(7, 1), line(8, 1), unnumbered.clone()], Some("me")), (3, 8));
        assert_eq!(put(&[unnumbered], Some("me")), (3, 8));
        assert_eq!(put(&[], Some("me")), (3, 8));
        assert_eq!(put(&[line(9, 1)], None), (4, 8));
        // The journal lost its end.
        assert_eq!(put(&[line(5, 1)], Some("me")), (5, 5));
    }
}

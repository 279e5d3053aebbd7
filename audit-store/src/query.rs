//! How a query is answered.
//!
//! One index leads through the records in order, the best that the filter has; everything else the filter says is
//! checked row by row on the way. The rows that are looked at are counted, not those that pass, and the cursor names
//! the last one looked at: that is what bounds a call and loses nothing.

use audit_core::Outcome;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::cursor::{Cursor, CursorError, Position};
use crate::error::QueryError;
use crate::filter::Filter;
use crate::page::{Page, Record};

/// The largest limit of a query.
pub const MAX_LIMIT: usize = 1_000;

/// How many records one query looks at, at most.
pub const SCAN_BOUND: usize = 20_000;

/// A query that has been checked.
pub(crate) struct Request {
    plan: Plan,
    stretches: Vec<Stretch>,
    fingerprint: u64,
    limit: usize,
}

impl Request {
    pub(crate) fn new(filter: &Filter, cursor: Option<&Cursor>, limit: usize) -> Result<Self, QueryError> {
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(QueryError::Limit { limit });
        }
        filter.validate().map_err(QueryError::Filter)?;
        let fingerprint = filter.fingerprint();
        if cursor.is_some_and(|cursor| cursor.filter != fingerprint) {
            return Err(QueryError::Cursor(CursorError::OtherFilter));
        }
        let stretches = stretches(filter, cursor.map(|cursor| cursor.position));
        Ok(Self { plan: Plan::new(filter), stretches, fingerprint, limit })
    }

    pub(crate) fn run(&self, connection: &Connection) -> rusqlite::Result<Page> {
        // One view of the database for all of it: no phase moves between two looks.
        let view = connection.unchecked_transaction()?;
        let page = self.walk(&view)?;
        view.finish()?;
        Ok(page)
    }

    fn walk(&self, connection: &Connection) -> rusqlite::Result<Page> {
        let mut records = Vec::new();
        let mut last = None;
        let mut scanned = 0;
        for stretch in &self.stretches {
            let mut statement = connection.prepare_cached(&self.plan.sql(stretch))?;
            // One more than may be looked at: that it is there is what tells a full page from the end.
            let rows_wanted = SCAN_BOUND - scanned + 1;
            let mut rows = statement.query(params_from_iter(self.plan.values(stretch, rows_wanted)))?;
            while let Some(row) = rows.next()? {
                if records.len() == self.limit || scanned == SCAN_BOUND {
                    let next = last.map(|position| Cursor { position, filter: self.fingerprint });
                    return Ok(Page { records, next });
                }
                scanned += 1;
                let position = Position { id: row.get(0)?, time: row.get(1)? };
                last = Some(position);
                if let Some(json) = row.get(2)? {
                    let outcome: Option<String> = row.get(3)?;
                    let outcome = outcome.and_then(|outcome| Outcome::from_word(&outcome));
                    let mut record = Record::new(position.id, position.time, outcome, json);
                    if let Some(event_id) = row.get::<_, Option<String>>(4)? {
                        record.set_earlier(earlier(connection, &event_id)?);
                    }
                    records.push(record);
                }
            }
        }
        Ok(Page { records, next: None })
    }
}

/// The lines of an event's phases but the latest.
fn earlier(connection: &Connection, event_id: &str) -> rusqlite::Result<Vec<String>> {
    // By name, `final` would stand before `intent`.
    let mut statement =
        connection.prepare_cached("SELECT line FROM phase WHERE event_id = ? ORDER BY phase <> 'intent', phase")?;
    statement.query_map([event_id], |row| row.get(0))?.collect()
}

/// A run of the order `(time, id)` descending that one index lookup can serve. A comparison of the pair
/// `(time, id) < (?, ?)` would not do: SQLite bounds only `time` with it, and reads all equal times before the cursor
/// again for every page.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stretch {
    /// Records of one time, or of none, that arrived before `id`.
    Same { time: Option<i64>, id: i64 },
    /// Records from `since`, included, to `until`, excluded.
    Range { since: i64, until: i64 },
}

/// What is left of the order from `start` on.
fn stretches(filter: &Filter, start: Option<Position>) -> Vec<Stretch> {
    let since = filter.since.unwrap_or(i64::MIN);
    let mut until = filter.until.unwrap_or(i64::MAX);
    let mut stretches = Vec::new();
    match start {
        Some(Position { time: None, id }) => return vec![Stretch::Same { time: None, id }],
        Some(Position { time: Some(time), id }) => {
            if (since..until).contains(&time) {
                stretches.push(Stretch::Same { time: Some(time), id });
            }
            until = until.min(time);
        }
        None => {}
    }
    stretches.push(Stretch::Range { since, until });
    if filter.since.is_none() && filter.until.is_none() {
        stretches.push(Stretch::Same { time: None, id: i64::MAX });
    }
    stretches
}

/// A condition and the values of its placeholders.
type Condition = (&'static str, Vec<Value>);

/// The index that leads, and the conditions that it serves and that it does not.
struct Plan {
    index: &'static str,
    served: Vec<Condition>,
    checked: Vec<Condition>,
}

impl Plan {
    fn new(filter: &Filter) -> Self {
        // Each with the index that serves it, the most selective first.
        let mut indexed: Vec<(&'static str, Condition)> = Vec::new();
        if let Some(event_id) = &filter.event_id {
            indexed.push(("record_event", ("event_id = ?", vec![text(event_id)])));
        }
        let target = filter.target_parts();
        if let Some((kind, Some(id))) = target {
            indexed.push(("record_target", ("target_type = ? AND target_id = ?", vec![text(kind), text(id)])));
        }
        if let Some(user) = &filter.user {
            indexed.push(("record_user", ("user = ?", vec![text(user)])));
        }
        if let Some(action) = &filter.action {
            indexed.push(("record_action", ("action = ?", vec![text(action)])));
        }
        if let Some((kind, None)) = target {
            indexed.push(("record_target_type", ("target_type = ?", vec![text(kind)])));
        }
        let mut indexed = indexed.into_iter();
        let (index, served) = match indexed.next() {
            Some((index, condition)) => (index, vec![condition]),
            None => ("record_time", Vec::new()),
        };
        let checked = indexed.map(|(_, condition)| condition).chain(unindexed(filter)).collect();
        Self { index, served, checked }
    }

    /// Rows in order: id, time, the line if the row passes, outcome, and the event if it has phases. `INDEXED BY` makes the plan the same whatever
    /// statistics the file has, and an error, not a scan of everything, if it were impossible.
    fn sql(&self, stretch: &Stretch) -> String {
        let line = match self.checked.as_slice() {
            [] => String::from("line"),
            checked => format!("CASE WHEN {} THEN line END", joined(checked)),
        };
        let stretch = match stretch {
            Stretch::Same { .. } => "time IS ? AND id < ?",
            Stretch::Range { .. } => "time >= ? AND time < ?",
        };
        let served = match self.served.as_slice() {
            [] => String::new(),
            served => format!("{} AND ", joined(served)),
        };
        let index = self.index;
        format!(
            "SELECT id, time, {line}, outcome, CASE WHEN phase NOT IN ('', 'intent') THEN event_id END
             FROM record INDEXED BY {index} WHERE {served}{stretch} ORDER BY time DESC, id DESC LIMIT ?"
        )
    }

    /// The values of the placeholders of [`sql`](Self::sql), in order.
    fn values(&self, stretch: &Stretch, limit: usize) -> impl Iterator<Item = Value> {
        let (first, second) = match *stretch {
            Stretch::Same { time, id } => (time.map_or(Value::Null, Value::Integer), id),
            Stretch::Range { since, until } => (Value::Integer(since), until),
        };
        let limit = i64::try_from(limit).expect("it is at most SCAN_BOUND + 1");
        let conditions = self.checked.iter().chain(&self.served).flat_map(|(_, values)| values.clone());
        conditions.chain([first, Value::Integer(second), Value::Integer(limit)])
    }
}

/// What no index serves.
fn unindexed(filter: &Filter) -> Vec<Condition> {
    let mut conditions: Vec<Condition> = Vec::new();
    let mut equal =
        |condition, value: Option<&str>| conditions.extend(value.map(|value| (condition, vec![text(value)])));
    equal("outcome = ?", filter.outcome.map(|outcome| outcome.as_str()));
    equal("method = ?", filter.method.as_deref());
    equal("route = ?", filter.route.as_deref());
    equal("ip = ?", filter.ip.map(|ip| ip.to_string()).as_deref());
    if let Some(min) = filter.status.0 {
        conditions.push(("status >= ?", vec![Value::from(min)]));
    }
    if let Some(max) = filter.status.1 {
        conditions.push(("status <= ?", vec![Value::from(max)]));
    }
    if let Some(prefix) = &filter.path_prefix {
        conditions.push(("path >= ?", vec![text(prefix)]));
        if let Some(after) = after_prefix(prefix) {
            conditions.push(("path < ?", vec![text(&after)]));
        }
    }
    conditions
}

/// The least text above every text that begins with `prefix`; `None` when there is none. SQLite compares the bytes of
/// UTF-8, whose order is that of the characters.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        // A range of characters steps over the surrogates.
        if let Some(next) = (last..=char::MAX).nth(1) {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

fn joined(conditions: &[Condition]) -> String {
    conditions.iter().map(|(condition, _)| *condition).collect::<Vec<_>>().join(" AND ")
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::schema::{self, MIGRATIONS};

    /// What SQLite says it would do for a filter: one line for each stretch of the order.
    fn explained(filter: &Filter, start: Option<Position>) -> Vec<String> {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection, Path::new("memory"), MIGRATIONS).unwrap();
        let plan = Plan::new(filter);
        let explain = |stretch: &Stretch| {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", plan.sql(stretch))).unwrap();
            let values = params_from_iter(plan.values(stretch, 10));
            let steps = statement.query_map(values, |row| row.get::<_, String>(3)).unwrap();
            steps.collect::<Result<Vec<_>, _>>().unwrap().join("; ")
        };
        stretches(filter, start).iter().map(explain).collect()
    }

    #[test]
    fn an_index_leads_in_order_through_every_stretch() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
        let start = Some(Position { time: Some(3_000_000), id: 3 });
        for (filter, index, by) in [
            (Filter::new(), "record_time", ""),
            (Filter::new().status(400..).path_prefix("/api"), "record_time", ""),
            (Filter::new().user("a"), "record_user", "user=? AND "),
            (Filter::new().user("a").action("b").target("c"), "record_user", "user=? AND "),
            (Filter::new().action("a"), "record_action", "action=? AND "),
            (Filter::new().action("a").target("b"), "record_action", "action=? AND "),
            (Filter::new().target("a"), "record_target_type", "target_type=? AND "),
            (Filter::new().target("a/b").user("c"), "record_target", "target_type=? AND target_id=? AND "),
        ] {
            let search = format!("SEARCH record USING INDEX {index} ({by}time");
            // No step but the search: nothing is sorted.
            let (same, range) = (format!("{search}=? AND rowid<?)"), format!("{search}>? AND time<?)"));
            assert_eq!(explained(&filter, None), [range.as_str(), &same]);
            assert_eq!(explained(&filter, start), [same.as_str(), &range, &same]);
            assert_eq!(explained(&filter.since(at), start), [same.as_str(), &range]);
        }
        let steps = explained(&Filter::new().event_id("a").user("b"), None).join("; ");
        assert!(steps.starts_with("SEARCH record USING INDEX record_event (event_id=?)"), "{steps}");
    }

    #[test]
    fn a_cursor_outside_the_time_range_widens_nothing() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let filter = Filter::new().since(at(1)).until(at(2));
        let position = |time| Some(Position { time: Some(time), id: 9 });
        assert_eq!(stretches(&filter, position(5_000_000)), [Stretch::Range { since: 1_000_000, until: 2_000_000 }]);
        assert_eq!(stretches(&filter, position(500_000)), [Stretch::Range { since: 1_000_000, until: 500_000 }]);
    }

    #[test]
    fn the_end_of_a_prefix_is_the_next_text() {
        for (prefix, after) in [
            ("/api", Some("/apj")),
            ("é", Some("ê")),
            ("a\u{7f}", Some("a\u{80}")),
            ("\u{d7ff}", Some("\u{e000}")),
            ("a\u{10ffff}\u{10ffff}", Some("b")),
            ("\u{10ffff}", None),
        ] {
            assert_eq!(after_prefix(prefix).as_deref(), after, "{prefix:?}");
        }
    }
}

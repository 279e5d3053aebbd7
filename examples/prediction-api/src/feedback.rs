//! What users say of predictions.

use std::sync::Arc;

use rusqlite::params;
use serde::{Deserialize, Serialize};
use service_kit::database::{Database, DatabaseError};

/// The digits that a prediction can be.
const DIGITS: usize = 10;
/// How long a comment may be, in characters.
pub(crate) const COMMENT_CHARS: usize = 2000;

/// Whether a prediction was right, as a user sees it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
pub(crate) struct NewFeedback {
    /// The digit that was predicted.
    #[schema(minimum = 0, maximum = 9)]
    pub(crate) prediction: u8,
    /// Whether it was the right one.
    pub(crate) correct: bool,
    /// What the user has to say about it.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub(crate) comment: Option<String>,
}

/// Feedback that is kept. The keys are those of the Flask application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct Feedback {
    pub(crate) id: i64,
    pub(crate) username: String,
    pub(crate) prediction: u8,
    pub(crate) correct: bool,
    pub(crate) comment: Option<String>,
    /// RFC 3339, UTC, milliseconds.
    pub(crate) timestamp: String,
}

/// How much feedback there is on predictions of one digit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) total: u32,
    pub(crate) correct: u32,
}

/// All feedback. Every call blocks on the disk: an async caller uses a blocking task.
pub(crate) struct FeedbackTable(Arc<Database>);

impl NewFeedback {
    /// What is wrong with it, if anything is.
    pub(crate) fn problem(&self) -> Option<String> {
        let comment = self.comment.as_deref().unwrap_or_default();
        if usize::from(self.prediction) >= DIGITS {
            Some(format!("prediction is {}; expected a digit from 0 to 9", self.prediction))
        } else if comment.chars().nth(COMMENT_CHARS).is_some() {
            Some(format!("comment has more than {COMMENT_CHARS} characters"))
        } else {
            None
        }
    }
}

impl FeedbackTable {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self(database)
    }

    /// Keeps what a user said.
    pub(crate) fn add(&self, username: String, new: NewFeedback) -> Result<Feedback, DatabaseError> {
        let statement = "INSERT INTO feedback (username, prediction, correct, comment, timestamp)
                         VALUES (?, ?, ?, ?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) RETURNING id, timestamp";
        let values = params![username, new.prediction, new.correct, new.comment];
        let connection = self.0.connection();
        let added = connection.query_row(statement, values, |row| Ok((row.get(0)?, row.get(1)?)));
        let (id, timestamp) = added.map_err(self.0.failed("add feedback"))?;
        let NewFeedback { prediction, correct, comment } = new;
        Ok(Feedback { id, username, prediction, correct, comment, timestamp })
    }

    /// How much there is, by the digit that was predicted.
    pub(crate) fn tallies(&self) -> Result<[Tally; DIGITS], DatabaseError> {
        let failed = self.0.failed("count feedback");
        let connection = self.0.connection();
        let statement = "SELECT prediction, count(*), sum(correct) FROM feedback GROUP BY prediction";
        let mut statement = connection.prepare_cached(statement).map_err(&failed)?;
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, u8>(0)?, Tally { total: row.get(1)?, correct: row.get(2)? })));
        let mut tallies = [Tally::default(); DIGITS];
        for row in rows.map_err(&failed)? {
            let (digit, tally) = row.map_err(&failed)?;
            if let Some(slot) = tallies.get_mut(usize::from(digit)) {
                *slot = tally;
            }
        }
        Ok(tallies)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database;

    #[test]
    fn what_is_said_is_kept_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        let table = FeedbackTable::new(Arc::new(database::open(folder.path()).unwrap()));
        assert_eq!(table.tallies().unwrap(), [Tally::default(); DIGITS]);
        let new = |prediction, correct| NewFeedback { prediction, correct, comment: Some("sí".to_owned()) };
        let kept = table.add("ana".to_owned(), new(7, true)).unwrap();
        let expected = Feedback {
            id: 1,
            username: "ana".to_owned(),
            prediction: 7,
            correct: true,
            comment: Some("sí".to_owned()),
            timestamp: kept.timestamp.clone(),
        };
        assert_eq!(kept, expected);
        assert!(kept.timestamp.len() == 24 && kept.timestamp.ends_with('Z'), "{}", kept.timestamp);
        table.add("bo".to_owned(), new(7, false)).unwrap();
        table.add("bo".to_owned(), new(0, false)).unwrap();
        let tallies = table.tallies().unwrap();
        assert_eq!(tallies[7], Tally { total: 2, correct: 1 });
        assert_eq!(tallies[0], Tally { total: 1, correct: 0 });
    }

    #[test]
    fn what_is_wrong_is_named() {
        let new = |prediction, comment: usize| {
            NewFeedback { prediction, correct: true, comment: Some("ñ".repeat(comment)) }.problem()
        };
        assert_eq!(new(9, COMMENT_CHARS), None);
        assert_eq!(new(10, 0).unwrap(), "prediction is 10; expected a digit from 0 to 9");
        assert_eq!(new(0, COMMENT_CHARS + 1).unwrap(), "comment has more than 2000 characters");
    }
}

//! `DATA_DIR/app.db`: users, and what they say of predictions.

use service_kit::database::{Database, DatabaseError};
use service_kit::users;
use std::path::Path;

/// What makes a database of each version from one of the version before.
const MIGRATIONS: &[&str] = &[
    users::TABLE,
    "CREATE TABLE feedback (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        username   TEXT NOT NULL,
        prediction INTEGER NOT NULL CHECK (prediction BETWEEN 0 AND 9),
        correct    INTEGER NOT NULL CHECK (correct IN (0, 1)),
        comment    TEXT,
        timestamp  TEXT NOT NULL
    ) STRICT;",
];

pub(crate) fn open(data_dir: &Path) -> Result<Database, DatabaseError> {
    Database::open(&data_dir.join("app.db"), MIGRATIONS)
}

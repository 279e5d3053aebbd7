//! The layers that are kept.

use std::fmt::Write as _;

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Serialize;
use service_kit::database::{Database, DatabaseError};

use crate::draft::{Draft, NewLayer};

/// What makes a database of each version from one of the version before.
pub(crate) const MIGRATIONS: &[&str] = &[
    // AUTOINCREMENT: no layer gets the id of one that was deleted, whose records stay.
    "CREATE TABLE layer (
        id    INTEGER PRIMARY KEY AUTOINCREMENT,
        name  TEXT NOT NULL UNIQUE,
        title TEXT,
        owner TEXT NOT NULL
    ) STRICT;
    CREATE TABLE feature (
        id    INTEGER PRIMARY KEY,
        layer INTEGER NOT NULL REFERENCES layer (id),
        text  TEXT NOT NULL
    ) STRICT;
    CREATE INDEX feature_layer ON feature (layer);",
];

/// A layer without its features.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Layer {
    pub(crate) id: i64,
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    /// How many it has.
    pub(crate) features: u32,
    pub(crate) owner: String,
}

/// What became of a change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    Done {
        old: Layer,
        new: Layer,
    },
    /// There is no such layer.
    Gone,
    /// Another layer has this name.
    Taken(String),
}

/// All layers. Every call blocks on the disk: an async caller uses a blocking task.
pub(crate) struct Layers<'a>(pub(crate) &'a Database);

impl Layers<'_> {
    /// Keeps a layer; `None` when another has its name.
    pub(crate) fn add(&self, new: &NewLayer, owner: &str) -> Result<Option<Layer>, DatabaseError> {
        self.within("add a layer", |connection| {
            let insert = "INSERT INTO layer (name, title, owner) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING id";
            let mut insert = connection.prepare_cached(insert)?;
            let id = insert.query_row(params![new.name, new.title, owner], |row| row.get(0)).optional()?;
            let Some(id) = id else { return Ok(None) };
            add_features(connection, id, &new.features)?;
            find(connection, id)
        })
    }

    /// All of them, by name.
    pub(crate) fn list(&self) -> Result<Vec<Layer>, DatabaseError> {
        self.within("list the layers", |connection| {
            let mut select = connection.prepare_cached(&select("ORDER BY name"))?;
            select.query_map([], layer)?.collect()
        })
    }

    pub(crate) fn find(&self, id: i64) -> Result<Option<Layer>, DatabaseError> {
        self.within("look for a layer", |connection| find(connection, id))
    }

    /// A layer and its features, as a FeatureCollection.
    pub(crate) fn read(&self, id: i64) -> Result<Option<(Layer, String)>, DatabaseError> {
        self.within("read a layer", |connection| {
            let Some(layer) = find(connection, id)? else { return Ok(None) };
            let mut select = connection.prepare_cached("SELECT text FROM feature WHERE layer = ? ORDER BY id")?;
            let mut rows = select.query([id])?;
            let mut text = String::from(r#"{"type":"FeatureCollection","name":"#);
            push_json(&mut text, &layer.name);
            if let Some(title) = &layer.title {
                text.push_str(r#","title":"#);
                push_json(&mut text, title);
            }
            text.push_str(r#","features":["#);
            let mut separator = "\n";
            while let Some(row) = rows.next()? {
                text.push_str(separator);
                text.push_str(row.get_ref(0)?.as_str()?);
                separator = ",\n";
            }
            text.push_str("\n]}\n");
            Ok(Some((layer, text)))
        })
    }

    /// Changes what the draft says, and leaves the rest.
    pub(crate) fn change(&self, id: i64, draft: &Draft) -> Result<Changed, DatabaseError> {
        self.within("change a layer", |connection| {
            let Some(old) = find(connection, id)? else { return Ok(Changed::Gone) };
            if let Some(name) = &draft.name {
                let mut others = connection.prepare_cached("SELECT id FROM layer WHERE name = ? AND id <> ?")?;
                if others.exists(params![name, id])? {
                    return Ok(Changed::Taken(name.clone()));
                }
            }
            let update = "UPDATE layer SET name = ifnull(?, name), title = ifnull(?, title) WHERE id = ?";
            connection.prepare_cached(update)?.execute(params![draft.name, draft.title, id])?;
            if let Some(features) = &draft.features {
                delete_features(connection, id)?;
                add_features(connection, id, features)?;
            }
            Ok(find(connection, id)?.map_or(Changed::Gone, |new| Changed::Done { old, new }))
        })
    }

    /// Deletes a layer and gives what it was.
    pub(crate) fn delete(&self, id: i64) -> Result<Option<Layer>, DatabaseError> {
        self.within("delete a layer", |connection| {
            let deleted = find(connection, id)?;
            delete_features(connection, id)?;
            connection.prepare_cached("DELETE FROM layer WHERE id = ?")?.execute([id])?;
            Ok(deleted)
        })
    }

    /// All of it or nothing.
    fn within<T>(
        &self,
        attempted: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, DatabaseError> {
        let mut connection = self.0.connection();
        let done = connection.transaction().and_then(|transaction| {
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        });
        done.map_err(self.0.failed(attempted))
    }
}

fn select(rest: &str) -> String {
    let count = "SELECT count(*) FROM feature WHERE layer = layer.id";
    format!("SELECT id, name, title, ({count}), owner FROM layer {rest}")
}

fn layer(row: &Row<'_>) -> rusqlite::Result<Layer> {
    Ok(Layer { id: row.get(0)?, name: row.get(1)?, title: row.get(2)?, features: row.get(3)?, owner: row.get(4)? })
}

fn find(connection: &Connection, id: i64) -> rusqlite::Result<Option<Layer>> {
    connection.prepare_cached(&select("WHERE id = ?"))?.query_row([id], layer).optional()
}

fn add_features(connection: &Connection, id: i64, features: &[String]) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached("INSERT INTO feature (layer, text) VALUES (?, ?)")?;
    features.iter().try_for_each(|feature| insert.execute(params![id, feature]).map(drop))
}

fn delete_features(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM feature WHERE layer = ?")?.execute([id]).map(drop)
}

fn push_json(text: &mut String, value: &str) {
    write!(text, "{}", serde_json::Value::from(value)).expect("a String takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Store {
        database: Database,
        _folder: tempfile::TempDir,
    }

    fn store() -> Store {
        let folder = tempfile::tempdir().unwrap();
        Store { database: Database::open(&folder.path().join("layers.db"), MIGRATIONS).unwrap(), _folder: folder }
    }

    fn point(properties: &str) -> String {
        let geometry = r#"{"type":"Point","coordinates":[1.50,-0.0,1e2]}"#;
        format!(r#"{{"type":"Feature","geometry":{geometry},"properties":{properties}}}"#)
    }

    fn new(name: &str, features: &[&str]) -> NewLayer {
        let features = features.iter().map(|properties| point(properties)).collect();
        NewLayer { name: name.to_owned(), title: None, features }
    }

    fn draft(body: &str) -> Draft {
        Draft::parse(body.as_bytes()).unwrap()
    }

    #[test]
    fn what_is_read_is_what_was_written_to_the_digit() {
        let Store { database, _folder } = store();
        let layers = Layers(&database);
        let added = layers.add(&new(r#"a "b""#, &[r#"{"n":1.0}"#, "null"]), "ana").unwrap().unwrap();
        let expected = Layer { id: 1, name: r#"a "b""#.to_owned(), title: None, features: 2, owner: "ana".to_owned() };
        assert_eq!(added, expected);
        let (read, text) = layers.read(1).unwrap().unwrap();
        assert_eq!(read, expected);
        let features = [point(r#"{"n":1.0}"#), point("null")].join(",\n");
        assert_eq!(
            text,
            format!("{{\"type\":\"FeatureCollection\",\"name\":\"a \\\"b\\\"\",\"features\":[\n{features}\n]}}\n")
        );

        // What is read can be written.
        let again = draft(&text).into_new().unwrap();
        assert_eq!(again.features, [point(r#"{"n":1.0}"#), point("null")]);
        assert_eq!(layers.read(2).unwrap(), None);
    }

    #[test]
    fn no_name_is_given_twice() {
        let Store { database, _folder } = store();
        let layers = Layers(&database);
        layers.add(&new("b", &["{}"]), "ana").unwrap().unwrap();
        assert_eq!(layers.add(&new("b", &[]), "bo").unwrap(), None);
        let other = layers.add(&new("a", &["{}", "{}"]), "bo").unwrap().unwrap();
        let taken = layers.change(other.id, &draft(r#"{"name":"b","geometry":null}"#)).unwrap();
        assert_eq!(taken, Changed::Taken("b".to_owned()));
        let listed: Vec<_> = layers.list().unwrap().into_iter().map(|layer| (layer.name, layer.features)).collect();
        assert_eq!(listed, [("a".to_owned(), 2), ("b".to_owned(), 1)]);
    }

    #[test]
    fn a_change_leaves_what_it_does_not_name() {
        let Store { database, _folder } = store();
        let layers = Layers(&database);
        let first = layers.add(&new("a", &["{}", "{}"]), "ana").unwrap().unwrap();
        let other = layers.add(&new("other", &["{}"]), "ana").unwrap().unwrap();
        let change = |body: &str| layers.change(first.id, &draft(body)).unwrap();

        let second = Layer { name: "b".to_owned(), title: Some("B".to_owned()), ..first.clone() };
        let done = change(r#"{"name":"b","title":"B"}"#);
        assert_eq!(done, Changed::Done { old: first.clone(), new: second.clone() });
        let third = Layer { features: 1, ..second.clone() };
        assert_eq!(change(r#"{"geometry":null}"#), Changed::Done { old: second, new: third.clone() });
        // Its own name is not taken.
        assert_eq!(change(r#"{"name":"b"}"#), Changed::Done { old: third.clone(), new: third });
        assert_eq!(layers.find(other.id).unwrap(), Some(other));
        assert_eq!(layers.change(9, &draft(r#"{"name":"c"}"#)).unwrap(), Changed::Gone);
    }

    #[test]
    fn what_is_deleted_is_gone_and_its_id_too() {
        let Store { database, _folder } = store();
        let layers = Layers(&database);
        let layer = layers.add(&new("a", &["{}"]), "ana").unwrap().unwrap();
        assert_eq!(layers.delete(layer.id).unwrap(), Some(layer.clone()));
        assert_eq!(layers.delete(layer.id).unwrap(), None);
        assert_eq!(layers.find(layer.id).unwrap(), None);
        let left = "SELECT count(*) FROM feature";
        assert_eq!(database.connection().query_row(left, [], |row| row.get::<_, u32>(0)).unwrap(), 0);
        assert_eq!(layers.add(&new("a", &[]), "ana").unwrap().unwrap().id, layer.id + 1);
    }
}

//! The server's log file, read while it grows.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::PATIENCE;

/// What a log holds so far.
pub(crate) struct Log {
    path: PathBuf,
    read: u64,
    partial: Vec<u8>,
    by_request: HashMap<String, Vec<Value>>,
    /// Records of no request that says who it is.
    pub(crate) nameless: Vec<Value>,
    /// Lines that are no records.
    pub(crate) broken: Vec<String>,
    text: String,
}

impl Log {
    pub(crate) fn new(path: PathBuf) -> Self {
        let (by_request, nameless, broken) = (HashMap::new(), Vec::new(), Vec::new());
        Self { path, read: 0, partial: Vec::new(), by_request, nameless, broken, text: String::new() }
    }

    /// Reads what was added.
    pub(crate) fn refresh(&mut self) {
        // Until the first record there may be no file.
        let Ok(mut file) = File::open(&self.path) else { return };
        let mut added = Vec::new();
        file.seek(SeekFrom::Start(self.read)).expect("a file can be sought");
        self.read += file.read_to_end(&mut added).expect("the log can be read") as u64;
        self.partial.extend(added);
        while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.partial.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line).into_owned();
            self.text.push_str(&line);
            match serde_json::from_str::<Value>(&line) {
                Ok(record) => match record["request_id"].as_str() {
                    Some(id) => self.by_request.entry(id.to_owned()).or_default().push(record),
                    None => self.nameless.push(record),
                },
                Err(error) => self.broken.push(format!("{error}: {line}")),
            }
        }
    }

    /// What a request left: the records of one event are told as one.
    pub(crate) fn of(&self, id: &str) -> Vec<Value> {
        let mut events: Vec<Vec<&Value>> = Vec::new();
        for record in self.by_request.get(id).into_iter().flatten() {
            let same = |event: &&mut Vec<&Value>| event[0]["event_id"] == record["event_id"];
            match events.iter_mut().find(same).filter(|_| !record["phase"].is_null()) {
                Some(event) => event.push(record),
                None => events.push(vec![record]),
            }
        }
        events.iter().map(|event| folded(event)).collect()
    }

    pub(crate) fn requests(&self) -> impl Iterator<Item = (&str, usize)> {
        self.by_request.keys().map(|id| (id.as_str(), self.of(id).len()))
    }

    /// The first line that holds a text.
    pub(crate) fn line_with(&self, text: &str) -> Option<&str> {
        self.text.lines().find(|line| line.contains(text))
    }

    /// Waits for a request's record. Of one that comes in phases the last one may be due yet: it waits until it `is_right`
    /// as well, if it ever is.
    pub(crate) fn wait_for(&mut self, id: &str, is_right: impl Fn(&Value) -> bool) -> Option<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.refresh();
            let record = self.of(id).into_iter().next();
            let settled = |record: &Value| record["phase"].is_null() || is_right(record);
            if record.as_ref().is_some_and(settled) || Instant::now() > deadline {
                return record;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// One record of the records of an event: its `final`, to which an `end` adds and of which it knows better; `phases` says
/// which there were. A `final` without an `end` is completed.
fn folded(records: &[&Value]) -> Value {
    let phases: Vec<&Value> = records.iter().map(|record| &record["phase"]).collect();
    let Some(last) = records.iter().rev().find(|record| record["phase"] != "intent") else {
        return with_phases(records[0].clone(), &phases);
    };
    let told = records.iter().find(|record| record["phase"] == "final").unwrap_or(last);
    let mut record = (*told).clone();
    for (name, value) in last.as_object().into_iter().flatten().filter(|_| last["phase"] == "end") {
        record[name] = value.clone();
    }
    if last["phase"] == "final" {
        // Of an answer's body a `final` knows nothing yet.
        let Some(members) = record.as_object_mut() else { return record };
        members.remove("response_bytes");
        members.entry("completion").or_insert("completed".into());
    }
    with_phases(record, &phases)
}

fn with_phases(mut record: Value, phases: &[&Value]) -> Value {
    if phases != [&Value::Null] {
        record["phases"] = phases.iter().copied().cloned().collect();
    }
    record
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::folded;

    #[test]
    fn the_phases_of_an_event_are_told_as_one() {
        let intent = json!({"phase": "intent", "outcome": "unknown"});
        let told = json!({"phase": "final", "outcome": "success", "response_bytes": 0, "data": 1});
        let end = json!({"phase": "end", "outcome": "success", "response_bytes": 6, "completion": "aborted"});
        assert_eq!(folded(&[&json!({"a": 1})]), json!({"a": 1}));
        assert_eq!(folded(&[&intent])["phases"], json!(["intent"]));
        let good = folded(&[&intent, &told]);
        assert_eq!(good["phases"], json!(["intent", "final"]));
        assert_eq!(
            (&good["completion"], &good["data"], &good["response_bytes"]),
            (&json!("completed"), &json!(1), &json!(null))
        );
        let cut = folded(&[&intent, &told, &end]);
        assert_eq!(cut["phases"], json!(["intent", "final", "end"]));
        assert_eq!(
            (&cut["completion"], &cut["data"], &cut["response_bytes"]),
            (&json!("aborted"), &json!(1), &json!(6))
        );
    }
}

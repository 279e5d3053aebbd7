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

    pub(crate) fn of(&self, id: &str) -> &[Value] {
        self.by_request.get(id).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn requests(&self) -> impl Iterator<Item = (&str, usize)> {
        self.by_request.iter().map(|(id, records)| (id.as_str(), records.len()))
    }

    /// The first line that holds a text.
    pub(crate) fn line_with(&self, text: &str) -> Option<&str> {
        self.text.lines().find(|line| line.contains(text))
    }

    /// Waits for a request's record.
    pub(crate) fn wait_for(&mut self, id: &str) -> Option<&Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.refresh();
            if !self.of(id).is_empty() {
                return self.of(id).first();
            }
            if Instant::now() > deadline {
                return None;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

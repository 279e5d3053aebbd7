//! That a secret is nowhere in what was written.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::leak::{Form, Needles};
use crate::record::Line;
use crate::testing::MemorySink;

/// A shorter secret is found in any text by chance, above all as base64.
const SHORTEST: usize = 4;

/// Asserts that a secret is in no record that `sink` took: neither as it is, in any case of ASCII letters, nor escaped as JSON,
/// percent-encoded, as base64 in either alphabet or as hexadecimal digits, and neither in a value nor in a key.
///
/// Every sink of an auditor is offered the same lines, so that one [`MemorySink`] stands for them all, for as long as none
/// of them writes something of its own; of what lies in files, [`assert_no_leak_in`] tells. There is no form that needs
/// the secret alone: what it would have to look at is whatever the whole process wrote, and tests that run beside each
/// other would answer for each other's records.
///
/// A secret of which only a part was written, or that was compressed, encrypted or written backwards, is not found.
///
/// ```
/// use audit_core::testing::{MemorySink, assert_no_leak};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sink = MemorySink::new();
/// let auditor = audit_core::Auditor::builder().output(audit_core::Output::None).sink(sink.clone()).build()?;
/// auditor.event("user.create").data("password", "hunter2").record();
/// auditor.shutdown(std::time::Duration::from_secs(5));
/// assert_no_leak(&sink, "hunter2");
/// # Ok(()) }
/// ```
///
/// # Panics
/// When it is in a record: the message names the record, the key and the form, and shows neither the secret nor the value.
/// When there is no record, for then nothing is shown by finding nothing. When the secret is shorter than 4 bytes.
#[track_caller]
pub fn assert_no_leak(sink: &MemorySink, secret: &str) {
    let needles = needles(secret);
    let lines = sink.lines();
    assert!(!lines.is_empty(), "the sink has no record yet: shut the auditor down first, or wait for its records");
    for (index, line) in lines.iter().enumerate() {
        if let Some(found) = in_record(&needles, line) {
            panic!("the secret is in record {} of {}: {found}", index + 1, lines.len());
        }
    }
}

/// As [`assert_no_leak`], in a file: the log, a store's database, or a folder with whatever is in it. Of a log the message
/// names line and key, of another file the byte.
///
/// What a database keeps compressed, or cut over its pages, is not found; what it keeps as text is.
///
/// # Panics
/// As [`assert_no_leak`], where a file without a byte stands for no record; when a file cannot be read.
#[track_caller]
pub fn assert_no_leak_in(path: impl AsRef<Path>, secret: &str) {
    let needles = needles(secret);
    let mut files = Vec::new();
    collect(path.as_ref(), &mut files);
    let mut read = 0;
    for file in files {
        let content = std::fs::read(&file).unwrap_or_else(|error| panic!("cannot read {}: {error}", file.display()));
        // The number in a journal's lock is no record.
        if file.extension().is_none_or(|extension| extension != "lock") {
            read += content.len();
        }
        if let Some(found) = in_content(&needles, &content) {
            panic!("the secret is in {}, {found}", file.display());
        }
    }
    assert!(read > 0, "nothing is written in {}: shut the auditor down first", path.as_ref().display());
}

#[track_caller]
fn needles(secret: &str) -> Needles {
    let length = secret.len();
    assert!(
        length >= SHORTEST,
        "a secret of {length} bytes is in any text by chance: look for one of {SHORTEST} or more"
    );
    Needles::of(secret.as_bytes())
}

/// The file, or every file in the folder and in those within it, sorted.
#[track_caller]
fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if !path.is_dir() {
        files.push(path.to_owned());
        return;
    }
    let unreadable = |error| -> ! { panic!("cannot read {}: {error}", path.display()) };
    let entries = std::fs::read_dir(path).unwrap_or_else(|error| unreadable(error));
    let mut within: Vec<PathBuf> =
        entries.map(|entry| entry.unwrap_or_else(|error| unreadable(error)).path()).collect();
    within.sort();
    within.iter().for_each(|path| collect(path, files));
}

/// Where a file holds the secret.
fn in_content(needles: &Needles, content: &[u8]) -> Option<String> {
    for (index, line) in content.split(|byte| *byte == b'\n').enumerate() {
        if let Ok(line) = Line::parse(line)
            && let Some(found) = in_record(needles, &line)
        {
            return Some(format!("line {}: {found}", index + 1));
        }
    }
    let form = needles.form_in(content)?;
    // The shortest beginning that holds it ends where it does.
    let (mut without, mut with) = (0, content.len());
    while without + 1 < with {
        let middle = without.midpoint(with);
        match content.get(..middle).and_then(|beginning| needles.form_in(beginning)) {
            Some(_) => with = middle,
            None => without = middle,
        }
    }
    Some(format!("before byte {with}, {}", form.as_str()))
}

/// Where a record holds the secret, in words that do not show it.
fn in_record(needles: &Needles, line: &Line) -> Option<String> {
    let found = match serde_json::from_str(line.json()) {
        Ok(record) => in_value(needles, &record, &mut String::new()),
        Err(_) => None,
    };
    // A number has more digits in the line than it has once it is read.
    let found = found.or_else(|| Some(("no key of its own".to_owned(), needles.form_in(line.bytes())?)));
    let (place, form) = found?;
    let id = line.get(crate::Field::EventId);
    let id = id.filter(|id| needles.form_in(id.as_bytes()).is_none());
    Some(format!("{place}, {} (event_id {})", form.as_str(), id.as_deref().unwrap_or("unknown")))
}

/// Looks at the keys before what stands under them, so that a path that is told is free of the secret.
fn in_value(needles: &Needles, value: &Value, path: &mut String) -> Option<(String, Form)> {
    let length = path.len();
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                if let Some(form) = needles.form_in(key.as_bytes()) {
                    let of = if path.is_empty() { "the record" } else { path };
                    return Some((format!("a key of {of}"), form));
                }
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
                if let Some(found) = in_value(needles, value, path) {
                    return Some(found);
                }
                path.truncate(length);
            }
            None
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                write!(path, "[{index}]").expect("a String takes everything");
                if let Some(found) = in_value(needles, item, path) {
                    return Some(found);
                }
                path.truncate(length);
            }
            None
        }
        Value::String(text) => needles.form_in(text.as_bytes()).map(|form| (format!("key {path}"), form)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            needles.form_in(value.to_string().as_bytes()).map(|form| (format!("key {path}"), form))
        }
    }
}

//! What a journal holds, read without the library: every line by `serde_json`, every file beside the journal.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::error::Error;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Ends of names that hold no records of the journal.
const NO_SEGMENTS: [&str; 5] = [".lock", ".torn", ".position", ".next", ".tmp"];

/// An `audit.gap` record.
#[derive(Debug)]
pub(crate) struct Gap {
    pub(crate) count: u64,
    /// The seqs that it explains, where it is about records that had one.
    seqs: Option<(u64, u64)>,
}

/// Everything that a journal's files hold.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Lines with a seq.
    pub(crate) records: u64,
    /// Those of them that are about requests.
    pub(crate) events: u64,
    /// How often each event and phase stands there.
    phases: HashMap<(String, String), u32>,
    /// By action: records of the library's own.
    pub(crate) own: BTreeMap<String, Vec<Value>>,
    pub(crate) gaps: Vec<Gap>,
    seqs: Vec<u64>,
    /// Lines that are no records and stand before one.
    pub(crate) torn: Vec<String>,
    /// Files that end within a line.
    pub(crate) tails: Vec<PathBuf>,
    pub(crate) files: u64,
    /// Files in which the seqs do not ascend.
    disordered: Vec<PathBuf>,
}

/// The files that may hold records.
pub(crate) fn files(journal: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let own = journal.file_name().ok_or("a journal has a name")?.to_string_lossy().into_owned();
    let folder = journal.parent().ok_or("a journal has a folder")?;
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_segment = name == own
            || name.strip_prefix(&own).is_some_and(|rest| rest.starts_with('.'))
                && !NO_SEGMENTS.iter().any(|end| name.ends_with(end));
        if is_segment && entry.file_type()?.is_file() {
            files.push(entry.path());
        }
    }
    Ok(files)
}

impl Found {
    pub(crate) fn read(journal: &Path) -> Result<Self, Box<dyn Error>> {
        let mut found = Self::default();
        for path in files(journal)? {
            found.files += 1;
            found.read_file(&path)?;
        }
        found.seqs.sort_unstable();
        Ok(found)
    }

    fn read_file(&mut self, path: &Path) -> Result<(), Box<dyn Error>> {
        let bytes = std::fs::read(path)?;
        if bytes.last().is_some_and(|last| *last != b'\n') {
            self.tails.push(path.to_owned());
        }
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let mut before = 0;
        for line in bytes.get(..whole).unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
            let Ok(record) = serde_json::from_slice::<Value>(line) else {
                self.torn.push(format!("{}: {}", path.display(), String::from_utf8_lossy(line).trim_end()));
                continue;
            };
            let Some(seq) = record["seq"].as_u64() else { continue };
            if seq <= before {
                self.disordered.push(path.to_owned());
            }
            before = seq;
            self.note(seq, record);
        }
        Ok(())
    }

    fn note(&mut self, seq: u64, record: Value) {
        self.records += 1;
        self.seqs.push(seq);
        let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
        let action = text("action");
        *self.phases.entry((text("event_id"), text("phase"))).or_default() += 1;
        if !action.starts_with("audit.") {
            self.events += 1;
            return;
        }
        if action == "audit.gap" {
            let number = |name: &str| record["data"][name].as_u64();
            let seqs = number("first_seq").zip(number("last_seq"));
            self.gaps.push(Gap { count: number("count").unwrap_or(0), seqs });
        }
        self.own.entry(action).or_default().push(record);
    }

    /// The highest seq.
    pub(crate) fn last(&self) -> u64 {
        self.seqs.last().copied().unwrap_or(0)
    }

    pub(crate) fn own(&self, action: &str) -> &[Value] {
        self.own.get(action).map_or(&[], Vec::as_slice)
    }

    /// How many records the gaps say are missing that never had a seq.
    pub(crate) fn told_lost(&self) -> u64 {
        self.gaps.iter().filter(|gap| gap.seqs.is_none()).map(|gap| gap.count).sum()
    }

    /// How many records the gaps say are missing that stood in the journal once.
    pub(crate) fn told_gone(&self) -> u64 {
        self.gaps.iter().filter(|gap| gap.seqs.is_some()).map(|gap| gap.count).sum()
    }

    /// How many seqs are missing between 1 and the last.
    pub(crate) fn missing(&self) -> Vec<u64> {
        let there: HashSet<u64> = self.seqs.iter().copied().collect();
        (1..=self.last()).filter(|seq| !there.contains(seq)).collect()
    }

    /// Missing seqs that no gap record explains.
    pub(crate) fn unexplained(&self) -> usize {
        let explains =
            |seq: u64| self.gaps.iter().filter_map(|gap| gap.seqs).any(|(from, to)| (from..=to).contains(&seq));
        self.missing().into_iter().filter(|seq| !explains(*seq)).count()
    }

    /// Records that stand there more than once: by seq, or by event and phase.
    pub(crate) fn doubles(&self) -> usize {
        let seqs = self.seqs.windows(2).filter(|pair| pair.first() == pair.get(1)).count();
        seqs + self.phases.values().filter(|count| **count > 1).count()
    }

    /// Those of the acknowledged events whose record is not there: the final one in strict delivery, or the only one.
    pub(crate) fn lost<'a>(&self, acknowledged: impl IntoIterator<Item = &'a String>) -> u64 {
        let has = |id: &str, phase: &str| self.phases.contains_key(&(id.to_owned(), phase.to_owned()));
        acknowledged.into_iter().filter(|id| !has(id, "final") && !has(id, "")).count() as u64
    }

    pub(crate) fn phases(&self) -> impl Iterator<Item = &(String, String)> {
        self.phases.keys()
    }

    /// What is wrong with the files themselves, torn ends left aside.
    pub(crate) fn faults(&self) -> Option<String> {
        let (unexplained, doubles) = (self.unexplained(), self.doubles());
        let mut wrong = Vec::new();
        if let Some(torn) = self.torn.first() {
            wrong.push(format!("{} torn lines before good ones ({torn:.200})", self.torn.len()));
        }
        if unexplained > 0 {
            wrong.push(format!("{unexplained} seqs missing without a word"));
        }
        if doubles > 0 {
            wrong.push(format!("{doubles} records double"));
        }
        if let Some(path) = self.disordered.first() {
            wrong.push(format!("seqs do not ascend in {}", path.display()));
        }
        (!wrong.is_empty()).then(|| wrong.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Found {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("it is written");
        }
        Found::read(&folder.path().join("a.jsonl")).expect("it is read")
    }

    fn line(seq: u64, id: &str, phase: &str) -> String {
        format!("{{\"event_id\":\"{id}\",\"action\":\"http.request\",\"phase\":\"{phase}\",\"seq\":{seq}}}\n")
    }

    #[test]
    fn a_whole_journal_has_no_faults_over_its_files() {
        let rotated = line(1, "a", "intent") + &line(2, "a", "final");
        let other = ("b.jsonl", "no segment");
        let found = found(&[("a.jsonl.1", &rotated), ("a.jsonl", &line(3, "b", "")), ("a.jsonl.7.torn", "{"), other]);
        assert_eq!((found.faults(), found.records, found.events, found.files), (None, 3, 3, 2));
        let ids = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(found.lost(&ids), 1);
    }

    #[test]
    fn what_is_wrong_is_seen() {
        let intent = line(1, "a", "intent");
        assert_eq!(found(&[("a.jsonl", &intent)]).lost(&["a".to_owned()]), 1, "an intent alone is no word kept");
        for (text, fault) in [
            (format!("{{\"half\n{intent}"), "1 torn lines"),
            (line(1, "a", "") + &line(3, "b", ""), "1 seqs missing"),
            (line(1, "a", "") + &line(2, "a", ""), "1 records double"),
            (line(2, "a", "") + &line(1, "b", ""), "seqs do not ascend"),
        ] {
            let faults = found(&[("a.jsonl", &text)]).faults().unwrap_or_default();
            assert!(faults.starts_with(fault), "{text}: {faults}");
        }
        let torn = found(&[("a.jsonl", &format!("{intent}{{\"half"))]);
        assert_eq!((torn.faults(), torn.tails.len()), (None, 1), "a torn end is for the caller to judge");
    }

    #[test]
    fn a_gap_record_explains_the_seqs_that_it_names() {
        let gap = r#"{"action":"audit.gap","event_id":"g","data":{"count":2,"first_seq":2,"last_seq":3},"seq":4}"#;
        let lost = r#"{"action":"audit.gap","event_id":"h","data":{"count":5},"seq":5}"#;
        let found = found(&[("a.jsonl", &format!("{}{gap}\n{lost}\n", line(1, "a", "")))]);
        assert_eq!((found.faults(), found.missing().len(), found.told_gone(), found.told_lost()), (None, 2, 2, 5));
    }
}

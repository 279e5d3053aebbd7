//! What a collector makes of a line: its labels, its structured metadata and its instant.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use regex::Regex;

use crate::logql::{Entry, Labels, Query, parse};
use crate::record::Record;

/// How many values a label may have among the records of the tests, which have more users, paths, addresses and statuses
/// than this. Each combination of values is a stream of its own, with chunks of its own:
/// <https://grafana.com/docs/loki/latest/get-started/labels/bp-labels/>
pub const FEW: usize = 8;

/// The labels that may be: of each, a service has few values. Not even `action` is among them; and `trace_id` or
/// `session_id` are not, however few the records that a test sees.
pub const LABELS: [&str; 4] = ["job", "service", "environment", "level"];

/// Loki refuses a stream with more labels.
pub const MOST_LABELS: usize = 15;

/// Which of a container's streams a line is of: `stdout` or `stderr`.
const STREAM: &str = "__meta_docker_container_log_stream";

/// Where a label's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// It is always this.
    Constant(String),
    /// A key of the record.
    Key(String),
    /// What the collector knows of where the line came from.
    Meta(String),
}

/// What a collector does, read out of its file.
#[derive(Debug, Clone, Default)]
pub struct Collector {
    /// The labels of a line's stream.
    pub labels: BTreeMap<String, Source>,
    /// Its structured metadata.
    pub metadata: BTreeMap<String, Source>,
    /// Keys of the record that are read, by what they are called from then on.
    pub extracted: BTreeMap<String, String>,
    /// What takes the line and its time apart without reading JSON.
    pub regex: Option<Regex>,
    /// The key of the record that is its time; with a regular expression, the name of the part.
    pub time: Option<String>,
    /// Whether the lines are those of containers.
    pub is_of_containers: bool,
    /// Whether of the containers only those labelled `audit=true` are taken.
    pub is_chosen: bool,
    /// Whether what containers say on stderr is left out.
    pub is_stdout_only: bool,
    /// What is wrong already.
    pub problems: Vec<String>,
}

impl Collector {
    /// Labels of a stage: names, and of which extracted value; an empty one means the same name.
    pub fn label<'a>(&mut self, values: impl IntoIterator<Item = (&'a str, &'a str)>) {
        for (name, source) in values {
            if let Some(source) = self.extracted_as("label", name, source) {
                self.labels.insert(name.to_owned(), source);
            }
        }
    }

    /// Structured metadata of a stage, in the same way.
    pub fn metadata<'a>(&mut self, values: impl IntoIterator<Item = (&'a str, &'a str)>) {
        for (name, source) in values {
            if let Some(source) = self.extracted_as("structured metadata", name, source) {
                self.metadata.insert(name.to_owned(), source);
            }
        }
    }

    fn extracted_as(&mut self, what: &str, name: &str, source: &str) -> Option<Source> {
        let source = if source.is_empty() { name } else { source };
        let key = self.extracted.get(source).cloned();
        if key.is_none() {
            self.problems.push(format!("{what} {name}: nothing of the name {source} was taken out of the line yet"));
        }
        key.map(Source::Key)
    }

    /// The time is read of an extracted value.
    pub fn time(&mut self, source: &str, format: &str) {
        if format != "RFC3339Nano" {
            self.problems.push(format!("the timestamp is RFC 3339 with a fraction, not {format}"));
        }
        match self.extracted.get(source) {
            Some(key) => self.time = Some(key.clone()),
            None => self.problems.push(format!("the time: nothing of the name {source} was taken out of the line yet")),
        }
    }

    /// A label is taken off again.
    pub fn drop_label(&mut self, name: &str) {
        if self.labels.remove(name).is_none() {
            self.problems.push(format!("there is no label {name} to drop"));
        }
    }

    /// Lines of some streams are dropped: those of stderr, which are for people.
    pub fn drop_matching(&mut self, selector: &str) {
        let drops = match parse(selector) {
            Err(error) => Err(error.to_string()),
            Ok(query) => match (&query, query.pipeline().selector.as_slice()) {
                (Query::Lines(pipeline), [matcher]) if pipeline.stages.is_empty() => {
                    let of_stream = self.labels.get(&matcher.name) == Some(&Source::Meta(STREAM.into()));
                    let drops = of_stream && matcher.test.holds("stderr") && !matcher.test.holds("stdout");
                    Ok(drops)
                }
                _ => Err("one label is expected here".into()),
            },
        };
        match drops {
            Ok(true) => self.is_stdout_only = true,
            Ok(false) => self.problems.push(format!("{selector} does not drop what is on stderr, and that alone")),
            Err(error) => self.problems.push(format!("{selector}: {error}")),
        }
    }

    /// The lines are those of containers.
    pub fn of_containers(&mut self, filters: &[(&str, Vec<&str>)]) {
        self.is_of_containers = true;
        self.is_chosen = filters == [("label", vec!["audit=true"])];
    }

    /// What Loki gets of a record.
    #[must_use]
    pub fn entry(&self, record: &Record) -> Entry {
        let values = |of: &BTreeMap<String, Source>| -> Labels {
            let value = |source: &Source| match source {
                Source::Constant(value) => Some(value.clone()),
                Source::Key(key) => record.text(key),
                Source::Meta(_) => None,
            };
            of.iter().filter_map(|(name, source)| Some((name.clone(), value(source)?))).collect()
        };
        let line = match &self.regex {
            None => record.line.clone(),
            Some(regex) => regex
                .captures(&self.read(record))
                .and_then(|found| found.name("line"))
                .map_or_else(String::new, |line| line.as_str().to_owned()),
        };
        let at = self.instant(record).unwrap_or(Timestamp::UNIX_EPOCH);
        Entry { at, line, labels: values(&self.labels), metadata: values(&self.metadata) }
    }

    /// What Loki gets of a line that is no record, at the instant at which it was read: what comes from a record is not
    /// there.
    #[must_use]
    pub fn stray(&self, line: &str, at: Timestamp) -> Entry {
        let constant = |(name, source): (&String, &Source)| match source {
            Source::Constant(value) => Some((name.clone(), value.clone())),
            Source::Key(_) | Source::Meta(_) => None,
        };
        let labels = self.labels.iter().filter_map(constant).collect();
        // With a regular expression, what it does not fit is sent as the collector has read it.
        let line = format!("{line}{}", if self.is_of_containers && self.regex.is_some() { "\n" } else { "" });
        Entry { at, line, labels, metadata: Labels::new() }
    }

    /// What a regular expression reads: Docker keeps the newline.
    fn read(&self, record: &Record) -> String {
        format!("{}{}", record.line, if self.is_of_containers { "\n" } else { "" })
    }

    fn instant(&self, record: &Record) -> Option<Timestamp> {
        let name = self.time.as_ref()?;
        match &self.regex {
            Some(regex) => regex.captures(&self.read(record))?.name(name)?.as_str().parse().ok(),
            None => record.text(name)?.parse().ok(),
        }
    }

    /// What is wrong with it, held against records.
    #[must_use]
    pub fn check(&self, records: &[Record]) -> Vec<String> {
        let mut problems = self.problems.clone();
        if self.is_of_containers && !self.is_chosen {
            problems.push("every container's stdout would be taken for records".into());
        }
        if self.is_of_containers && !self.is_stdout_only {
            problems.push("what containers say on stderr would be taken for records".into());
        }
        for key in self.extracted.values() {
            if records.iter().all(|record| record.text(key).is_none()) {
                problems.push(format!("no record has the key {key}"));
            }
        }
        for (name, source) in &self.labels {
            let count = match source {
                Source::Constant(_) => 1,
                Source::Key(key) => records.iter().filter_map(|record| record.text(key)).collect::<BTreeSet<_>>().len(),
                Source::Meta(meta) if meta == STREAM => 2,
                Source::Meta(_) => usize::MAX,
            };
            let is_few = |name: &str| LABELS.contains(&name);
            if !is_few(name) || matches!(source, Source::Key(key) if !is_few(key)) {
                problems.push(format!("{name} is none of the labels that have few values"));
            }
            if count > FEW {
                problems.push(format!("the label {name} has too many values ({count}, at most {FEW})"));
            }
        }
        if self.labels.len() > MOST_LABELS {
            problems.push(format!("{} labels, at most {MOST_LABELS}", self.labels.len()));
        }
        if self.labels.get("job") != Some(&Source::Constant("gvsigol-audit".into())) {
            problems.push("the queries ask for the label job=\"gvsigol-audit\"".into());
        }
        if let Some(record) = records.iter().find(|record| self.entry(record).line != record.line) {
            problems.push(format!("the line does not arrive as it was written: {}", record.line));
        }
        if let Some(record) = records.iter().find(|record| self.instant(record) != Some(record.at)) {
            problems.push(format!("the time is not that of the record: {}", record.line));
        }
        problems
    }
}

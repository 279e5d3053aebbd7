//! What an event of Fluent Bit holds at each step, in their order: of a line that is a record, and of one that is none.

use std::collections::BTreeSet;

use serde_json::Value;

use super::read_record;
use crate::collector::Collector;
use crate::yaml::{list, text};

/// The keys of two events.
pub(super) struct Event<'a> {
    record: BTreeSet<&'a str>,
    stray: BTreeSet<&'a str>,
}

/// What `tail` calls a line that no parser has taken apart:
/// <https://docs.fluentbit.io/manual/data-pipeline/inputs/tail> (`key`).
const LINE: &str = "log";

/// Docker's line around each line, without its time: <https://docs.docker.com/engine/logging/drivers/json-file/>.
const DOCKER: [&str; 3] = [LINE, "stream", "attrs"];

impl<'a> Event<'a> {
    /// As the input makes it.
    pub(super) fn read(input: &'a Value, file: &'a Value, collector: &mut Collector) -> Self {
        let line = BTreeSet::from([LINE]);
        let mut event = Self { record: line.clone(), stray: line };
        let name = text(&input["parser"]);
        if name.is_empty() {
            return event;
        }
        let Some(parser) = parser(name, file, collector) else { return event };
        if collector.is_of_containers {
            if parser["format"] != "json" || parser["time_keep"] != "off" {
                collector.problems.push(format!("the parser {name} does not take Docker's lines apart"));
            }
            event.record = DOCKER.into();
            event.stray = DOCKER.into();
        } else {
            read_record(parser, collector);
            event.record = ["line"].into();
        }
        event
    }

    /// Through a filter.
    pub(super) fn pass(&mut self, filter: &'a Value, file: &'a Value, collector: &mut Collector) {
        match text(&filter["name"]) {
            "grep" => self.grep(text(&filter["regex"]), collector),
            "parser" => self.parse(filter, file, collector),
            "record_modifier" => {
                let kept: BTreeSet<_> = list(&filter["allowlist_key"]).map(text).collect();
                self.record.retain(|key| kept.contains(key));
                self.stray.retain(|key| kept.contains(key));
            }
            other => collector.problems.push(format!("the filter {other} is not followed")),
        }
    }

    fn grep(&self, rule: &str, collector: &mut Collector) {
        let key = rule.trim_start_matches('$').split(['[', ' ']).next().unwrap_or_default();
        if !self.record.contains(key) || !self.stray.contains(key) {
            collector.problems.push(format!("{rule} drops everything: no line has {key} there"));
        }
        match rule {
            "$stream ^stdout$" => collector.is_stdout_only = true,
            "$attrs['audit'] ^true$" => collector.is_chosen = true,
            _ => collector.problems.push(format!("{rule} is no rule that is followed")),
        }
    }

    fn parse(&mut self, filter: &'a Value, file: &'a Value, collector: &mut Collector) {
        let key = text(&filter["key_name"]);
        if !self.record.contains(key) {
            collector.problems.push(format!("no line has {key:?} to be parsed there"));
        }
        // So is all else of the event gone, if the parser fits; if it does not, the event stays as it was.
        if filter["reserve_data"] != "off" || filter["preserve_key"] != "off" {
            collector.problems.push("what is beside the line would be sent with it".into());
        }
        if let Some(parser) = parser(text(&filter["parser"]), file, collector) {
            read_record(parser, collector);
            self.record = ["line"].into();
        }
    }

    /// To the output: `drop_single_key` sends the value of the only key.
    pub(super) fn leave(&self, collector: &mut Collector) {
        if self.record.iter().ne(&["line"]) {
            collector.problems.push(format!("a record leaves as {:?}, not as its line", self.record));
        }
        if self.stray.iter().ne(&[LINE]) {
            collector.problems.push(format!("what is no record leaves as JSON, with {:?}", self.stray));
        }
    }
}

fn parser<'a>(name: &str, file: &'a Value, collector: &mut Collector) -> Option<&'a Value> {
    let found = list(&file["parsers"]).find(|parser| parser["name"] == name);
    if found.is_none() {
        collector.problems.push(format!("there is no parser {name:?}"));
    }
    found
}

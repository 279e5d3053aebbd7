//! What a line becomes on its way through a pipeline.

use std::net::IpAddr;

use serde_json::Value;

use super::syntax::{Filter, Part, Pipeline, Stage};
use super::{Entry, Labels};

/// A line that passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Which entry it was.
    pub entry: usize,
    /// What it reads now.
    pub text: String,
    /// Its labels: of its stream, its structured metadata, and what was taken out of it.
    pub labels: Labels,
}

/// Set when a step could not do its work; the value says which.
pub(super) const ERROR: &str = "__error__";

impl Pipeline {
    /// Those that pass.
    #[must_use]
    pub fn lines(&self, entries: &[Entry]) -> Vec<Line> {
        entries.iter().enumerate().filter_map(|(place, entry)| self.line(place, entry)).collect()
    }

    fn line(&self, place: usize, entry: &Entry) -> Option<Line> {
        let value = |name: &str| entry.labels.get(name).map_or("", String::as_str);
        if !self.selector.iter().all(|matcher| matcher.test.holds(value(&matcher.name))) {
            return None;
        }
        let mut labels = entry.metadata.clone();
        labels.extend(entry.labels.clone());
        let mut line = Line { entry: place, text: entry.line.clone(), labels };
        self.stages.iter().all(|stage| pass(stage, &mut line, entry)).then_some(line)
    }
}

fn pass(stage: &Stage, line: &mut Line, entry: &Entry) -> bool {
    match stage {
        Stage::Has(text) => return line.text.contains(text),
        Stage::HasNot(text) => return !line.text.contains(text),
        Stage::Fits(regex) => return regex.is_match(&line.text),
        Stage::FitsNot(regex) => return !regex.is_match(&line.text),
        Stage::Filter(filter) => return holds(filter, &mut line.labels),
        Stage::Json => match serde_json::from_str(&line.text) {
            Ok(Value::Object(members)) => {
                // Those that the line had from its stream, or still has as structured metadata, keep their value; of two
                // members with one name the first counts.
                let before = line.labels.clone();
                for (name, value) in flat("", &Value::Object(members)) {
                    let is_metadata = entry.metadata.contains_key(&name) && before.contains_key(&name);
                    let is_taken = entry.labels.contains_key(&name) || is_metadata;
                    let name = if is_taken { format!("{name}_extracted") } else { name };
                    line.labels.entry(name).or_insert(value);
                }
            }
            _ => drop(line.labels.insert(ERROR.into(), "JSONParserErr".into())),
        },
        Stage::Keep(names) => line.labels.retain(|name, _| names.contains(name)),
        Stage::Drop(names) => line.labels.retain(|name, _| !names.contains(name)),
        Stage::LineFormat(parts) => {
            line.text = parts
                .iter()
                .map(|part| match part {
                    Part::Text(text) => text.as_str(),
                    Part::Label(name) => line.labels.get(name).map_or("", String::as_str),
                })
                .collect();
        }
    }
    true
}

fn holds(filter: &Filter, labels: &mut Labels) -> bool {
    match filter {
        Filter::Text(matcher) => matcher.test.holds(labels.get(&matcher.name).map_or("", String::as_str)),
        Filter::Number { name, compare, with } => {
            if labels.contains_key(ERROR) {
                return true;
            }
            let Some(value) = labels.get(name) else { return false };
            match value.parse::<f64>() {
                Ok(value) => compare.holds(value, *with),
                Err(_) => {
                    labels.insert(ERROR.into(), "LabelFilterErr".into());
                    true
                }
            }
        }
        Filter::Address { name, is_in, network } => {
            if labels.contains_key(ERROR) {
                return true;
            }
            let Some(value) = labels.get(name) else { return false };
            value.parse::<IpAddr>().is_ok_and(|address| network.contains(&address)) == *is_in
        }
        Filter::And(left, right) => holds(left, labels) && holds(right, labels),
        Filter::Or(left, right) => holds(left, labels) || holds(right, labels),
    }
}

/// The labels that `| json` takes out of a value: members of members joined by `_`, arrays and nulls left out.
#[must_use]
pub fn flat(prefix: &str, value: &Value) -> Vec<(String, String)> {
    let text = match value {
        Value::Object(members) => {
            let name = |key: &str| match prefix {
                "" => sanitised(key),
                prefix => format!("{prefix}_{}", key.chars().map(allowed).collect::<String>()),
            };
            return members.iter().flat_map(|(key, value)| flat(&name(key), value)).collect();
        }
        Value::Array(_) | Value::Null => return Vec::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    };
    vec![(prefix.to_owned(), text)]
}

fn allowed(c: char) -> char {
    if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }
}

/// A label's name begins with no digit.
fn sanitised(key: &str) -> String {
    let name: String = key.chars().map(allowed).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn entry(line: &str) -> Entry {
        let labels = [("job", "j"), ("level", "info")].map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let metadata = [("user".to_owned(), "ada".to_owned())].into();
        Entry { at: jiff::Timestamp::UNIX_EPOCH, line: line.to_owned(), labels, metadata }
    }

    fn found(query: &str, line: &str) -> Vec<Line> {
        parse(query).unwrap().pipeline().lines(&[entry(line)])
    }

    #[test]
    fn json_is_flattened_and_steps_aside_for_labels_and_metadata() {
        let line = r#"{"level":"warn","a.b":{"c":"d"},"2":true,"list":[1],"none":null,"n":1.5,"user":"eve"}"#;
        let found = found("{job=\"j\"} | json", line);
        let labels: Vec<_> = found[0].labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let expected = ["_2=true", "a_b_c=d", "job=j", "level=info", "level_extracted=warn", "n=1.5"];
        assert_eq!(labels, [expected.as_slice(), &["user=ada", "user_extracted=eve"]].concat());
        let labels = &super::tests::found("{job=\"j\"} | drop user, level | json", line)[0].labels;
        assert_eq!((labels["user"].as_str(), labels["level_extracted"].as_str()), ("eve", "warn"), "as Loki does it");
    }

    #[test]
    fn a_filter_finds_what_the_reference_says() {
        let line = r#"{"status":200,"ms":"fast","path":"/api/x","from":"127.0.0.66"}"#;
        for (filter, passes) in [
            ("status = 200", true),
            ("status == 200 and path = \"/api/x\"", true),
            ("status > 200", false),
            ("status >= 200, status <= 200", true),
            ("status < 200 or path =~ \"/api/.*\"", true),
            ("path =~ \"api\"", false), // it stands for the whole value
            ("path !~ \"api\"", true),
            ("gone = \"\"", true),
            ("gone != \"x\"", true),
            ("gone =~ \".*\"", true),
            ("gone =~ \".+\"", false),
            ("gone > 1", false),
            ("gone != 1", false),
            ("from = ip(\"127.0.0.0/24\")", true),
            ("from = ip(\"127.0.0.66\")", true),
            ("from = ip(\"127.0.0.6\")", false),
            ("from != ip(\"127.0.1.0/24\")", true),
            ("path = ip(\"0.0.0.0/0\")", false),
            ("gone = ip(\"0.0.0.0/0\")", false),
            ("gone != ip(\"10.0.0.0/8\")", false),
            ("path =~ `\\Q/api/x\\E`", true),
            ("path =~ `\\Q/api/.\\E`", false),
            ("path =~ `\\Q/api/\\E.|y`", true),
            ("ms > 1", true), // no number: an error, which lets it pass
            ("(status = 1 or status = 200) and path != \"\"", true),
        ] {
            assert_eq!(!found(&format!("{{job=\"j\"}} | json | {filter}"), line).is_empty(), passes, "{filter}");
        }
        for (query, passes) in [
            ("{job=\"j\"} |= \"api\"", true),
            ("{job=\"j\"} != \"api\"", false),
            ("{job=\"j\"} |~ \"api/[a-z]\"", true),
            ("{job=\"j\"} !~ \"api\"", false),
            ("{job=~\"j|k\", level!=\"warn\"}", true),
            ("{job=\"J\"}", false),
            ("{gone=\"\"}", true),
            ("{job=\"j\"} | user = \"ada\"", true), // structured metadata needs no parser
        ] {
            assert_eq!(!found(query, line).is_empty(), passes, "{query}");
        }
    }

    #[test]
    fn a_line_that_is_no_json_is_kept_with_an_error() {
        assert_eq!(found("{job=\"j\"} | json", "no")[0].labels[ERROR], "JSONParserErr");
        assert!(found("{job=\"j\"} | json | __error__ = \"\"", "no").is_empty());
    }

    #[test]
    fn lines_and_labels_are_formatted() {
        let found = found("{job=\"j\"} | json | keep a | line_format \"<{{.a}}> {{ .gone }}\"", r#"{"a":1,"b":2}"#);
        assert_eq!((found[0].text.as_str(), found[0].labels.len()), ("<1> ", 1));
        let found = super::tests::found("{job=\"j\"} | json | drop a", r#"{"a":1,"b":2}"#);
        assert!(!found[0].labels.contains_key("a") && found[0].labels.contains_key("b"));
    }
}

//! Files of Fluent Bit, in YAML
//! (<https://docs.fluentbit.io/manual/administration/configuring-fluent-bit/yaml/configuration-file>).

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

use crate::collector::{Collector, Source};
use crate::yaml::{list, members, text};

/// A line of ours, and more: `AUDIT_MAX_LINE_BYTES` by default.
const LONGEST_LINE: u64 = 16 * 1024;

/// The keys of the plugins that we use: `pipeline/inputs/tail`, `pipeline/filters/{grep,parser}`,
/// `pipeline/outputs/loki`, `administration/…/yaml/{service,parsers}-section`.
const KEYS: [(&str, &[&str]); 5] = [
    (
        "tail",
        &[
            "name",
            "tag",
            "path",
            "read_from_head",
            "db",
            "buffer_chunk_size",
            "buffer_max_size",
            "skip_long_lines",
            "storage.type",
            "parser",
        ],
    ),
    ("grep", &["name", "match", "regex"]),
    ("parser", &["name", "match", "key_name", "parser", "reserve_data", "preserve_key"]),
    (
        "loki",
        &[
            "name",
            "match",
            "host",
            "port",
            "labels",
            "line_format",
            "drop_single_key",
            "storage.total_limit_size",
            "retry_limit",
        ],
    ),
    ("parsers", &["name", "format", "regex", "time_key", "time_format", "time_keep"]),
];

/// Follows the one input to the one output. `environment` goes before what the file says in `env`.
///
/// # Errors
/// When it does not have one of each.
pub fn follow(file: &Value, environment: &BTreeMap<String, String>) -> Result<Collector, String> {
    let mut collector = Collector::default();
    let pipeline = &file["pipeline"];
    let one = |section: &str| match pipeline[section].as_array().map(Vec::as_slice) {
        Some([one]) => Ok(one),
        _ => Err(format!("expected one of {section}")),
    };
    let (input, output) = (one("inputs")?, one("outputs")?);
    let plugins = [input, output].into_iter().chain(list(&pipeline["filters"]));
    plugins.for_each(|plugin| known(text(&plugin["name"]), plugin, &mut collector));
    list(&file["parsers"]).for_each(|parser| known("parsers", parser, &mut collector));

    check_input(input, file, &mut collector);
    let mut parser = text(&input["parser"]);
    for filter in list(&pipeline["filters"]) {
        if filter["match"] != input["tag"] {
            collector.problems.push(format!("a filter is for {}, the lines are {}", filter["match"], input["tag"]));
        }
        if filter["name"] == "parser" {
            parser = text(&filter["parser"]);
            if filter["reserve_data"] != "off" || filter["preserve_key"] != "off" {
                collector.problems.push("what is beside the line would be sent with it".into());
            }
        }
    }
    let grep = |rule: &str| list(&pipeline["filters"]).any(|one| one["name"] == "grep" && one["regex"] == rule);
    if text(&input["path"]).contains("/containers/") {
        collector.is_of_containers = true;
        collector.is_stdout_only = grep("$stream ^stdout$");
        if !grep("$attrs['audit'] ^true$") {
            collector.problems.push("every container's stdout would be taken for records".into());
        }
    }
    check_output(output, input, &mut collector);
    let expand = |value: &str| {
        let mut value = value.to_owned();
        for (name, default) in members(&file["env"]) {
            let default = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
            value = value.replace(&format!("${{{name}}}"), environment.get(name).unwrap_or(&default));
        }
        value
    };
    for label in text(&output["labels"]).split(',') {
        match label.trim().split_once('=') {
            Some((name, value)) if !value.starts_with('$') || value.starts_with("${") => {
                let value = expand(value);
                if value.contains("${") {
                    collector.problems.push(format!("nothing says what {value} is"));
                }
                collector.labels.insert(name.into(), Source::Constant(value));
            }
            // A record accessor: the key would vanish from the record, which is not parsed at all.
            _ => collector.problems.push(format!("the label {label} is of a record that is not taken apart")),
        }
    }
    read_parser(parser, file, &mut collector);
    Ok(collector)
}

fn known(plugin: &str, settings: &Value, collector: &mut Collector) {
    let Some((_, keys)) = KEYS.iter().find(|(name, _)| *name == plugin) else {
        collector.problems.push(format!("{plugin} is no plugin that is known"));
        return;
    };
    for (key, _) in members(settings) {
        if !keys.contains(&key) {
            collector.problems.push(format!("{plugin} has no setting {key}"));
        }
    }
}

fn check_input(input: &Value, file: &Value, collector: &mut Collector) {
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            collector.problems.push(what.into());
        }
    };
    expect(text(&input["path"]).starts_with('/'), "the path needs to be absolute");
    expect(input["skip_long_lines"] == "on", "one line that is too long would end the reading of the file");
    expect(input["storage.type"] == "filesystem", "what is not sent yet would not survive a restart");
    expect(
        text(&file["service"]["storage.path"]).starts_with('/') && text(&input["db"]).starts_with('/'),
        "what was read, and what is to be sent, need a place",
    );
    let size = text(&input["buffer_max_size"]).strip_suffix('k').and_then(|size| size.parse::<u64>().ok());
    // Docker writes some characters as six.
    expect(size.is_some_and(|size| size * 1024 > 6 * LONGEST_LINE), "the buffer is smaller than a line may be");
}

fn check_output(output: &Value, input: &Value, collector: &mut Collector) {
    if output["name"] != "loki" || output["match"] != input["tag"] {
        collector.problems.push("the lines do not go to Loki".into());
    }
    if output["drop_single_key"] != "raw" {
        collector.problems.push("the line would arrive inside a JSON string".into());
    }
}

/// The parser that cuts the line and its time out.
fn read_parser(name: &str, file: &Value, collector: &mut Collector) {
    let Some(parser) = list(&file["parsers"]).find(|parser| parser["name"] == name) else {
        collector.problems.push(format!("there is no parser {name:?}"));
        return;
    };
    if parser["format"] != "regex" || parser["time_keep"] != "off" {
        collector.problems.push("the parser would write the line anew, or leave more than the line".into());
    }
    if parser["time_format"] != "%Y-%m-%dT%H:%M:%S.%L%z" {
        collector.problems.push("the time is not read with its microseconds and its zone".into());
    }
    match Regex::new(text(&parser["regex"])) {
        Err(error) => collector.problems.push(error.to_string()),
        Ok(regex) => {
            let mut names: Vec<_> = regex.capture_names().flatten().collect();
            names.sort_unstable();
            let mut expected = ["line", text(&parser["time_key"])];
            expected.sort_unstable();
            if names != expected {
                collector.problems.push(format!("the parser takes out {names:?}, not the line and its time"));
            }
            collector.regex = Some(regex);
        }
    }
    collector.time = Some(text(&parser["time_key"]).to_owned());
}

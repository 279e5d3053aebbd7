//! Files of Fluent Bit, in YAML
//! (<https://docs.fluentbit.io/manual/administration/configuring-fluent-bit/yaml/configuration-file>).

mod event;
mod settings;

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

use self::event::Event;
use crate::collector::{Collector, Source};
use crate::yaml::{list, text};

/// A line of ours, and more: `AUDIT_MAX_LINE_BYTES` by default.
const LONGEST_LINE: u64 = 16 * 1024;

/// Follows the one input to the one output. `environment` is that of the process.
///
/// # Errors
/// When it does not have one of each, or uses a variable that is not set: Fluent Bit would go on with an empty text
/// (<https://github.com/fluent/fluent-bit/issues/5517>).
pub fn follow(file: &Value, environment: &BTreeMap<String, String>) -> Result<Collector, String> {
    let mut collector = Collector { problems: settings::problems(file), ..Collector::default() };
    let pipeline = &file["pipeline"];
    let one = |section: &str| match pipeline[section].as_array().map(Vec::as_slice) {
        Some([one]) => Ok(one),
        _ => Err(format!("expected one of {section}")),
    };
    let (input, output) = (one("inputs")?, one("outputs")?);
    check_input(input, file, &mut collector);
    collector.is_of_containers = text(&input["path"]).contains("/containers/");

    let mut event = Event::read(input, file, &mut collector);
    for filter in list(&pipeline["filters"]) {
        if filter["match"] != input["tag"] {
            collector.problems.push(format!("a filter is for {}, the lines are {}", filter["match"], input["tag"]));
        }
        event.pass(filter, file, &mut collector);
    }
    event.leave(&mut collector);

    check_output(output, input, &mut collector);
    for setting in ["host", "port"] {
        expand(text(&output[setting]), environment)?;
    }
    for label in text(&output["labels"]).split(',') {
        match label.trim().split_once('=') {
            Some((name, value)) if !value.starts_with('$') || value.starts_with("${") => {
                collector.labels.insert(name.into(), Source::Constant(expand(value, environment)?));
            }
            // A record accessor: the key would vanish from the record, which is not parsed at all.
            _ => collector.problems.push(format!("the label {label} is of a record that is not taken apart")),
        }
    }
    Ok(collector)
}

/// With the variables of the environment put in.
fn expand(value: &str, environment: &BTreeMap<String, String>) -> Result<String, String> {
    let mut parts = value.split("${");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').ok_or_else(|| format!("{value} has a variable without an end"))?;
        let set = environment.get(name).filter(|set| !set.is_empty());
        out.push_str(set.ok_or_else(|| format!("the environment variable {name} is not set"))?);
        out.push_str(rest);
    }
    Ok(out)
}

fn check_input(input: &Value, file: &Value, collector: &mut Collector) {
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            collector.problems.push(what.into());
        }
    };
    let path = text(&input["path"]);
    // Docker's files have a folder for each container, and names that nothing that was moved aside has.
    let is_one = !path.contains('*') || path == "/var/lib/docker/containers/*/*-json.log";
    expect(path.starts_with('/') && is_one, "the path is no absolute path of one file");
    expect(input["read_from_head"] == "on", "what was written before the file is found would be left out");
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
    let mut expect = |holds: bool, what: &str| {
        if !holds {
            collector.problems.push(what.into());
        }
    };
    expect(output["name"] == "loki" && output["match"] == input["tag"], "the lines do not go to Loki");
    expect(
        output["drop_single_key"] == "raw" && output["line_format"] == "json",
        "the line would arrive inside a JSON string",
    );
    expect(output["retry_limit"] == "no_limits", "what Loki has not taken after some tries would be given up");
}

/// The parser that cuts the line and its time out.
fn read_record(parser: &Value, collector: &mut Collector) {
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

//! The way of a line through a file's components, as far as labels, metadata and time go.

use super::check::resolve;
use super::syntax::{Block, Value};
use crate::collector::{Collector, Source};

/// Follows the one source of lines to Loki.
///
/// # Errors
/// When there is not exactly one source, or its lines do not reach a `loki.write`.
pub fn follow(blocks: &[Block]) -> Result<Collector, String> {
    let sources: Vec<_> = blocks.iter().filter(|block| block.name.starts_with("loki.source.")).collect();
    let [source] = sources.as_slice() else {
        return Err(format!("{} sources of lines, expected one", sources.len()));
    };
    let mut collector = Collector::default();
    source_labels(source, blocks, &mut collector);
    let mut at = *source;
    for _ in 0..blocks.len() {
        if at.name == "loki.write" {
            return Ok(collector);
        }
        let next = match at.get("forward_to") {
            Some(Value::List(list)) => match list.as_slice() {
                [Value::Reference(reference)] => resolve(reference, blocks),
                _ => None,
            },
            _ => None,
        };
        at = next.ok_or_else(|| format!("line {}: the lines go nowhere", at.line))?;
        at.blocks.iter().for_each(|stage| pass(stage, &mut collector));
    }
    Err("the lines go round and round".into())
}

fn source_labels(source: &Block, blocks: &[Block], collector: &mut Collector) {
    let constants = |value: Option<&Value>| match value {
        Some(Value::Map(members)) => members.clone(),
        _ => Vec::new(),
    };
    let mut labels = constants(source.get("labels"));
    if let Some(Value::Reference(reference)) = source.get("targets")
        && let Some(Value::List(targets)) = resolve(reference, blocks).and_then(|block| block.get("path_targets"))
    {
        labels.extend(targets.iter().flat_map(|target| constants(Some(target))));
        collector.labels.insert("filename".into(), Source::Meta("__path__".into())); // the reader adds it
    }
    if let Some(Value::Reference(reference)) = source.get("targets")
        && source.name == "loki.source.docker"
    {
        let filters = resolve(reference, blocks).into_iter().flat_map(|block| &block.blocks).map(|filter| {
            let name = filter.get("name").map_or("", Value::text);
            let values = match filter.get("values") {
                Some(Value::List(values)) => values.iter().map(Value::text).collect(),
                _ => Vec::new(),
            };
            (name, values)
        });
        collector.of_containers(&filters.collect::<Vec<_>>());
    }
    for (name, value) in labels {
        match value {
            Value::Text(text) if name == "__path__" => {
                if !text.starts_with('/') || text.contains('*') {
                    collector.problems.push(format!("{text} is no absolute path of one file"));
                }
            }
            Value::Text(text) => drop(collector.labels.insert(name, Source::Constant(text))),
            _ => collector.problems.push(format!("the label {name} is no text")),
        }
    }
    if let Some(Value::Reference(reference)) = source.get("relabel_rules") {
        for rule in resolve(reference, blocks).iter().flat_map(|block| &block.blocks) {
            match (rule.get("source_labels"), rule.get("target_label")) {
                (Some(Value::List(from)), Some(Value::Text(target))) => match from.as_slice() {
                    [Value::Text(meta)] => drop(collector.labels.insert(target.clone(), Source::Meta(meta.clone()))),
                    _ => collector.problems.push(format!("line {}: one source label is expected", rule.line)),
                },
                _ => collector.problems.push(format!("line {}: a rule without a target", rule.line)),
            }
        }
    }
}

fn pass(stage: &Block, collector: &mut Collector) {
    let texts = |name: &str| match stage.get(name) {
        Some(Value::Map(members)) => {
            let text = |value: &Value| if let Value::Text(text) = value { text.clone() } else { String::from("?") };
            members.iter().map(|(name, value)| (name.clone(), text(value))).collect::<Vec<_>>()
        }
        _ => Vec::new(),
    };
    let text = |name: &str| stage.get(name).map_or("", Value::text);
    match stage.name.as_str() {
        "stage.json" => {
            for (name, expression) in texts("expressions") {
                let key = if expression.is_empty() { name.clone() } else { expression };
                collector.extracted.insert(name, key);
            }
        }
        "stage.timestamp" => collector.time(text("source"), text("format")),
        "stage.labels" => {
            let values = texts("values");
            collector.label(values.iter().map(|(name, source)| (name.as_str(), source.as_str())));
        }
        "stage.structured_metadata" => {
            let values = texts("values");
            collector.metadata(values.iter().map(|(name, source)| (name.as_str(), source.as_str())));
        }
        "stage.label_drop" => {
            if let Some(Value::List(values)) = stage.get("values") {
                for value in values {
                    if let Value::Text(name) = value {
                        collector.drop_label(name);
                    }
                }
            }
        }
        "stage.match" => {
            if text("action") == "drop" {
                collector.drop_matching(text("selector"));
            } else {
                collector.problems.push(format!("line {}: a match that does not drop", stage.line));
            }
        }
        "endpoint" => {}
        other => collector.problems.push(format!("line {}: {other} is not followed", stage.line)),
    }
}

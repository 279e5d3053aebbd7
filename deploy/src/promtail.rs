//! Files of Promtail (<https://grafana.com/docs/loki/v3.6.x/send-data/promtail/configuration/>).

use serde_json::Value;

use crate::collector::{Collector, Source};
use crate::keys::{Table, unknown};
use crate::yaml::{at, is_duration, list, members, text};

/// The keys that are followed below, by the page above and those of its stages, `…/stages/json/` and so on. One that would
/// change what happens and is not followed, such as `external_labels`, or `action: labelmap` and `regex` of a rule, is
/// none of them.
const KEYS: &Table<'_> = &[
    ("", &["server", "positions", "clients", "scrape_configs"]),
    ("server", &["http_listen_port", "grpc_listen_port"]),
    ("positions", &["filename"]),
    ("clients", &["url", "backoff_config"]),
    ("clients/backoff_config", &["min_period", "max_period", "max_retries"]),
    ("scrape_configs", &["job_name", "static_configs", "docker_sd_configs", "relabel_configs", "pipeline_stages"]),
    ("scrape_configs/static_configs", &["targets", "labels"]),
    ("scrape_configs/static_configs/labels", &["*"]),
    ("scrape_configs/docker_sd_configs", &["host", "refresh_interval", "filters"]),
    ("scrape_configs/docker_sd_configs/filters", &["name", "values"]),
    ("scrape_configs/relabel_configs", &["source_labels", "target_label", "replacement"]),
    ("scrape_configs/pipeline_stages", &["*"]),
    ("scrape_configs/pipeline_stages/*", &["*"]), // by the stage, below
    ("scrape_configs/pipeline_stages/*/*", &["*"]),
];

/// Those of each stage; of others, any: they name labels.
const STAGES: [(&str, &[&str]); 4] = [
    ("json", &["expressions"]),
    ("timestamp", &["source", "format"]),
    ("match", &["selector", "action"]),
    ("output", &["source"]),
];

/// Follows the one scrape of a file.
///
/// # Errors
/// When there is not exactly one, or it has no client to send to.
pub fn follow(file: &Value) -> Result<Collector, String> {
    let mut collector = Collector::default();
    collector.problems.extend(unknown(file, KEYS));
    for interval in list(&file["scrape_configs"]).flat_map(|scrape| list(&scrape["docker_sd_configs"])) {
        if !is_duration(text(&interval["refresh_interval"])) {
            collector.problems.push(format!("{} is no duration", interval["refresh_interval"]));
        }
    }
    if list(&file["clients"]).all(|client| !text(&client["url"]).ends_with("/loki/api/v1/push")) {
        return Err("there is no client that pushes to Loki".into());
    }
    if !text(at(file, &["positions", "filename"])).starts_with('/') {
        collector.problems.push("the file of positions needs an absolute path".into());
    }
    let Some([scrape]) = file["scrape_configs"].as_array().map(Vec::as_slice) else {
        return Err("expected one scrape".into());
    };
    for (name, value) in list(&scrape["static_configs"]).flat_map(|config| members(&config["labels"])) {
        let value = text(value);
        if name == "__path__" {
            if !value.starts_with('/') || value.contains('*') {
                collector.problems.push(format!("{value} is no absolute path of one file"));
            }
            collector.labels.insert("filename".into(), Source::Meta("__path__".into())); // the reader adds it
        } else {
            collector.labels.insert(name.into(), Source::Constant(value.into()));
        }
    }
    for discovery in list(&scrape["docker_sd_configs"]) {
        let filters = list(&discovery["filters"]);
        let filters = filters.map(|filter| (text(&filter["name"]), list(&filter["values"]).map(text).collect()));
        collector.of_containers(&filters.collect::<Vec<_>>());
    }
    for rule in list(&scrape["relabel_configs"]) {
        let target = text(&rule["target_label"]).to_owned();
        let source = match rule["source_labels"].as_array().map(Vec::as_slice) {
            None => Source::Constant(text(&rule["replacement"]).into()),
            // Then it would be always this, whatever the source.
            Some(_) if !rule["replacement"].is_null() => {
                return Err(format!("{target} has a source and a replacement"));
            }
            Some([meta]) => Source::Meta(text(meta).into()),
            Some(_) => return Err(format!("one source label is expected for {target}")),
        };
        collector.labels.insert(target, source);
    }
    for stage in list(&scrape["pipeline_stages"]) {
        for (name, stage) in members(stage) {
            pass(name, stage, &mut collector);
        }
    }
    Ok(collector)
}

fn pass(name: &str, stage: &Value, collector: &mut Collector) {
    let known = STAGES.iter().find(|(stage, _)| *stage == name).map(|(_, keys)| *keys);
    for (key, _) in members(stage).filter(|(key, _)| known.is_some_and(|known| !known.contains(key))) {
        collector.problems.push(format!("{key} of the stage {name} is not followed"));
    }
    match name {
        "json" => {
            for (name, expression) in members(&stage["expressions"]) {
                let key = if text(expression).is_empty() { name } else { text(expression) };
                collector.extracted.insert(name.into(), key.into());
            }
        }
        "timestamp" => collector.time(text(&stage["source"]), text(&stage["format"])),
        "labels" => collector.label(members(stage).map(|(name, source)| (name, text(source)))),
        "structured_metadata" => collector.metadata(members(stage).map(|(name, source)| (name, text(source)))),
        "labeldrop" => list(stage).for_each(|name| collector.drop_label(text(name))),
        "match" if stage["action"] == "drop" => collector.drop_matching(text(&stage["selector"])),
        "output" => collector.problems.push(format!("the line is replaced by {}", stage["source"])),
        other => collector.problems.push(format!("the stage {other} is not followed")),
    }
}

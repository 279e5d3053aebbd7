//! The files of the collectors, held against real records.

mod support;

use std::collections::BTreeMap;

use audit_deploy::collector::Collector;
use audit_deploy::{alloy, fluent_bit, promtail, yaml};
use support::{records, text};

/// What is wrong with a file, and with what it makes of the records.
fn problems(name: &str, text: &str) -> Vec<String> {
    match read(name, text) {
        Err(error) => vec![error],
        Ok((mut problems, collector)) => {
            problems.extend(collector.check(records()));
            problems
        }
    }
}

fn read(name: &str, text: &str) -> Result<(Vec<String>, Collector), String> {
    if name.starts_with("alloy/") {
        let blocks = alloy::parse(text).map_err(|error| error.to_string())?;
        let problems = alloy::check(&blocks);
        let collector = alloy::follow(&blocks).map_err(|error| format!("{error}, {}", problems.join(", ")))?;
        return Ok((problems, collector));
    }
    let file = yaml::read(text).map_err(|error| error.to_string())?;
    let collector = match name.split_once('/') {
        Some(("promtail", _)) => promtail::follow(&file)?,
        _ => fluent_bit::follow(&file, &BTreeMap::new())?,
    };
    Ok((Vec::new(), collector))
}

#[test]
fn every_collector_makes_of_the_records_what_the_queries_need() {
    for name in support::COLLECTORS {
        assert_eq!(problems(name, &text(name)), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn a_label_of_many_values_is_refused() {
    for key in ["user", "path", "ip_address", "status_code", "action", "event_id", "request_id", "target_id"] {
        for name in ["alloy/docker.alloy", "alloy/file.alloy"] {
            let mut file =
                text(name).replace("\t\t\tenvironment = \"\",\n\t\t}", &format!("\t\t\t{key} = \"\",\n\t\t}}"));
            file = file
                .replace("\t\t\ttimestamp   = \"\",", &format!("\t\t\ttimestamp = \"\",\n\t\t\tx{key} = \"{key}\","));
            file = file.replace(&format!("\t\t\t{key} = \"\",\n\t\t}}"), &format!("\t\t\t{key} = \"x{key}\",\n\t\t}}"));
            let found = problems(name, &file);
            assert!(
                found.iter().any(|problem| problem.starts_with(&format!("the label {key} has too many values"))),
                "{name} {key}: {found:?}"
            );
        }
        for name in ["promtail/docker.yaml", "promtail/file.yaml"] {
            let file = text(name)
                .replace(
                    "            timestamp: timestamp\n",
                    &format!("            timestamp: timestamp\n            x: {key}\n"),
                )
                .replace("          environment:\n", &format!("          {key}: x\n"));
            let found = problems(name, &file);
            assert!(
                found.iter().any(|problem| problem.starts_with(&format!("the label {key} has too many values"))),
                "{name} {key}: {found:?}"
            );
        }
    }
}

/// The labels of the module that this one follows: two of them have a value for each user and status.
#[test]
fn the_labels_of_the_seed_are_refused() {
    let file = "clients: [{url: http://loki/loki/api/v1/push}]\npositions: {filename: /p}\nscrape_configs:\n  - job_name: gvsigol\n    \
        static_configs: [{targets: [localhost], labels: {job: gvsigol-audit, __path__: /a}}]\n    pipeline_stages:\n      \
        - labeldrop: [filename]\n      - json: {expressions: {timestamp: timestamp, level: level, method: method, user: user, status_code: status_code}}\n      \
        - timestamp: {source: timestamp, format: RFC3339Nano}\n      - labels: {level: , method: , user: , status_code: }\n";
    let found = problems("promtail/seed.yaml", file);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("status_code") && found[1].contains("user"), "{found:?}");
    let output = format!("{file}      - output: {{source: message}}\n");
    assert!(problems("promtail/seed.yaml", &output).iter().any(|problem| problem.contains("replaced by")));
}

#[test]
fn what_is_broken_in_a_file_is_told() {
    for (name, from, to, problem) in [
        ("alloy/docker.alloy", "level       = \"\"", "lvl = \"\"", "no record has the key lvl"),
        ("alloy/docker.alloy", "source = \"timestamp\"", "source = \"time\"", "the time is not that"),
        ("alloy/docker.alloy", "RFC3339Nano", "Unix", "RFC 3339"),
        (
            "alloy/docker.alloy",
            "loki.write.loki.receiver",
            "loki.write.default.receiver",
            "loki.write.default.receiver",
        ),
        ("alloy/docker.alloy", "stage.label_drop", "stage.labeldrop", "stage.labeldrop"),
        ("alloy/docker.alloy", "values = [\"stream\"]", "values = [\"steam\"]", "no label steam"),
        ("alloy/docker.alloy", "__meta_docker_container_log_stream", "__meta_docker_container_id", "stderr"),
        ("alloy/docker.alloy", "{stream=", "{streams=", "does not drop"),
        ("alloy/docker.alloy", "\\\"stderr", "\\\"stdout", "stderr"),
        ("alloy/docker.alloy", "[\"audit=true", "[\"audit=false", "every container"),
        ("promtail/docker.yaml", "audit=true", "audit=false", "every container"),
        ("promtail/docker.yaml", "action: drop", "action: keep", "not followed"),
        ("fluent-bit/docker.yaml", "$stream ^stdout$", "$stream ^std", "stderr"),
        ("fluent-bit/docker.yaml", "$attrs['audit']", "$attrs['audits']", "every container"),
        ("alloy/file.alloy", "\"/var/log", "\"var/log", "no absolute path"),
        ("alloy/file.alloy", "audit.jsonl", "audit*.jsonl", "no absolute path of one file"),
        ("alloy/file.alloy", "gvsigol-audit", "audit", "job="),
        ("promtail/docker.yaml", "          level:\n", "          lvl:\n", "nothing of the name lvl"),
        ("promtail/docker.yaml", "action: action", "action: acton", "no record has the key acton"),
        ("promtail/docker.yaml", "pipeline_stages", "pipeline", "pipeline is no part"),
        ("promtail/file.yaml", "- labeldrop:", "- label_drop:", "label_drop is not followed"),
        ("promtail/file.yaml", "clients:\n", "clients: []\nclient:\n", "no client"),
        ("fluent-bit/file.yaml", "drop_single_key: raw", "drop_single_key: on", "JSON string"),
        ("fluent-bit/file.yaml", "environment=${ENVIRONMENT}", "level=$level", "not taken apart"),
        ("fluent-bit/file.yaml", "\"timestamp\":\"", "\"time\":\"", "as it was written"),
        ("fluent-bit/file.yaml", "format: regex", "format: json", "write the line anew"),
        ("fluent-bit/file.yaml", ".%L%z", "%z", "microseconds"),
        ("fluent-bit/file.yaml", "buffer_max_size: 256k", "buffer_max_size: 32k", "smaller than a line"),
        ("fluent-bit/file.yaml", "skip_long_lines: on", "skip_long_lines: off", "too long"),
        ("fluent-bit/file.yaml", "storage.type", "storage_type", "no setting storage_type"),
        ("fluent-bit/file.yaml", "match: audit", "match: other", "do not go to Loki"),
        ("fluent-bit/docker.yaml", "\\})\\n?$", "\\})$", "as it was written"),
        ("fluent-bit/docker.yaml", "reserve_data: off", "reserve_data: on", "beside the line"),
        ("fluent-bit/docker.yaml", "match: audit", "match: other", "a filter is for"),
    ] {
        let file = text(name);
        assert!(file.contains(from), "{name} has no {from}");
        let found = problems(name, &file.replacen(from, to, 1));
        assert!(found.iter().any(|found| found.contains(problem)), "{name}, {from} -> {to}: {found:?}");
    }
}

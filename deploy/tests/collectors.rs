//! The files of the collectors, held against real records.

mod support;

use audit_deploy::collector::Collector;
use audit_deploy::{alloy, fluent_bit, promtail, yaml};
use support::{environment, records, text};

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
        _ => fluent_bit::follow(&file, &environment("geo-layers", "production"))?,
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
    for key in
        ["user", "path", "ip_address", "status_code", "action", "event_id", "request_id", "trace_id", "target_id"]
    {
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
    for (key, problem) in [("method", "none of"), ("user", "none of"), ("user", "many"), ("status_code", "many")] {
        let is_told = |found: &String| found.contains(key) && found.contains(problem);
        assert!(found.iter().any(is_told), "{key}: {found:?}");
    }
    assert_eq!(found.len(), 5, "{found:?}");
    let output = format!("{file}      - output: {{source: message}}\n");
    assert!(problems("promtail/seed.yaml", &output).iter().any(|problem| problem.contains("replaced by")));
}

#[test]
fn what_is_broken_in_a_file_is_told() {
    for (name, from, to, problem) in [
        ("alloy/docker.alloy", "level       = \"\"", "lvl = \"\"", "no record has the key lvl"),
        ("alloy/docker.alloy", "source = \"timestamp\"", "source = \"time\"", "the time: nothing of the name time"),
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
        ("promtail/docker.yaml", "pipeline_stages", "pipeline", "pipeline is no key"),
        ("promtail/file.yaml", "- labeldrop:", "- label_drop:", "label_drop is not followed"),
        ("promtail/file.yaml", "clients:\n", "clients: []\nclient:\n", "no client"),
        ("fluent-bit/file.yaml", "drop_single_key: raw", "drop_single_key: on", "JSON string"),
        ("fluent-bit/file.yaml", "environment=${ENVIRONMENT}", "level=$level", "not taken apart"),
        ("fluent-bit/file.yaml", "\"timestamp\":\"", "\"time\":\"", "as it was written"),
        ("fluent-bit/file.yaml", "format: regex", "format: json", "write the line anew"),
        ("fluent-bit/file.yaml", ".%L%z", "%z", "microseconds"),
        ("fluent-bit/file.yaml", "buffer_max_size: 256k", "buffer_max_size: 32k", "smaller than a line"),
        ("fluent-bit/file.yaml", "skip_long_lines: on", "skip_long_lines: off", "too long"),
        ("fluent-bit/file.yaml", "storage.type", "storage_type", "storage_type is no key"),
        ("fluent-bit/file.yaml", "match: audit", "match: other", "do not go to Loki"),
        ("fluent-bit/docker.yaml", "\\})\\n?$", "\\})$", "as it was written"),
        ("fluent-bit/docker.yaml", "reserve_data: off", "reserve_data: on", "beside the line"),
        ("fluent-bit/docker.yaml", "match: audit", "match: other", "a filter is for"),
        (
            "alloy/docker.alloy",
            "target_label  = ",
            "replacement = \"stdout\"\n\t\ttarget_label  = ",
            "no argument replacement",
        ),
        ("alloy/docker.alloy", "target_label  = ", "action = \"labelmap\"\n\t\ttarget_label  = ", "no argument action"),
        ("alloy/docker.alloy", "target_label  = ", "separator = \"x\"\n\t\ttarget_label  = ", "no argument separator"),
        ("alloy/docker.alloy", "expressions = {", "source = \"level\"\n\t\texpressions = {", "no argument source"),
        ("alloy/docker.alloy", "refresh_interval = \"5s\"", "refresh_interval = 5", "is no duration"),
        ("alloy/docker.alloy", "refresh_interval = \"5s\"", "refresh_interval = \"5\"", "is no duration"),
        ("alloy/docker.alloy", "\tendpoint {", "\texternal_labels = {}\n\tendpoint {", "no argument external_labels"),
        ("alloy/docker.alloy", "action              = \"drop\"", "action = \"keep\"", "does not drop"),
        (
            "alloy/file.alloy",
            "\t\t\tenvironment = \"\",\n\t\t}",
            "\t\t\tuser = \"\",\n\t\t}",
            "user is none of the labels",
        ),
        ("alloy/file.alloy", "trace_id    = \"\",", "session_id = \"\",", "nothing of the name trace_id"),
        (
            "promtail/docker.yaml",
            "target_label: stream",
            "target_label: stream\n        action: labelmap",
            "action is no key",
        ),
        ("promtail/docker.yaml", "target_label: stream", "target_label: stream\n        regex: x", "regex is no key"),
        (
            "promtail/docker.yaml",
            "target_label: stream",
            "target_label: stream\n        separator: x",
            "separator is no key",
        ),
        (
            "promtail/docker.yaml",
            "target_label: stream",
            "target_label: stream\n        replacement: x",
            "a replacement",
        ),
        ("promtail/docker.yaml", "- host:", "- hots:", "hots is no key"),
        (
            "promtail/file.yaml",
            "          environment:\n",
            "          session_id: level\n",
            "session_id is none of the labels",
        ),
        ("promtail/docker.yaml", "max_retries", "max_retrys", "max_retrys is no key"),
        ("promtail/docker.yaml", "refresh_interval: 5s", "refresh_interval: 5", "no duration"),
        (
            "promtail/docker.yaml",
            "    backoff_config:",
            "    external_labels: {a: b}\n    backoff_config:",
            "external_labels is no",
        ),
        (
            "promtail/docker.yaml",
            "      - json:\n",
            "      - json:\n          source: level\n",
            "source of the stage json",
        ),
        ("promtail/file.yaml", "http_listen_port", "http_port", "http_port is no key"),
        ("fluent-bit/docker.yaml", "      parser: container\n", "", "drops everything"),
        ("fluent-bit/docker.yaml", "      parser: container\n", "      parser: contaner\n", "no parser \"contaner\""),
        ("fluent-bit/docker.yaml", "format: json", "format: logfmt", "does not take Docker's lines apart"),
        (
            "fluent-bit/docker.yaml",
            "allowlist_key: [line, log]",
            "allowlist_key: [line, log, stream]",
            "what is no record",
        ),
        ("fluent-bit/docker.yaml", "allowlist_key: [line, log]", "allowlist_key: [log]", "a record leaves as"),
        ("fluent-bit/docker.yaml", "key_name: log", "key_name: message", "no line has \"message\""),
        ("fluent-bit/docker.yaml", "retry_limit: no_limits", "retry_limit: 1", "given up"),
        ("fluent-bit/file.yaml", "read_from_head: on", "read_from_head: off", "would be left out"),
        ("fluent-bit/file.yaml", "      parser: record\n", "", "a record leaves as"),
        ("fluent-bit/file.yaml", "audit.jsonl", "audit*.jsonl", "no absolute path of one file"),
        ("fluent-bit/file.yaml", "service:\n", "env:\n  SERVICE: x\nservice:\n", "env is no key"),
        ("fluent-bit/file.yaml", "service=${SERVICE}", "service=${SERVICES}", "SERVICES is not set"),
        ("fluent-bit/file.yaml", "${LOKI_PORT}", "${PORT}", "PORT is not set"),
        ("fluent-bit/file.yaml", "log_level: info", "log_levle: info", "log_levle is no key"),
    ] {
        let file = text(name);
        assert!(file.contains(from), "{name} has no {from}");
        let found = problems(name, &file.replacen(from, to, 1));
        assert!(found.iter().any(|found| found.contains(problem)), "{name}, {from} -> {to}: {found:?}");
    }
}

/// What stands between `from` and `to` goes before `place`.
fn moved(file: &str, from: &str, to: &str, place: &str) -> String {
    let (before, rest) = file.split_once(from).unwrap_or_else(|| panic!("there is no {from}"));
    let (block, after) = rest.split_once(to).unwrap_or_else(|| panic!("there is no {to} after {from}"));
    let rest = format!("{before}{to}{after}");
    assert!(rest.contains(place), "there is no {place}");
    rest.replacen(place, &format!("{from}{block}{place}"), 1)
}

#[test]
fn the_order_of_steps_counts() {
    for (name, from, to, place, problem) in [
        ("alloy/docker.alloy", "\tstage.timestamp", "\tstage.labels", "\tstage.json", "the time: nothing"),
        ("alloy/file.alloy", "\tstage.labels", "\tstage.structured", "\tstage.json", "label level: nothing"),
        ("alloy/docker.alloy", "\tstage.label_drop", "\t// An", "\t// stderr", "does not drop"),
        ("promtail/docker.yaml", "      - timestamp:", "      - labels:", "      - json:", "the time: nothing"),
        (
            "promtail/file.yaml",
            "      - structured",
            "          trace_id:\n",
            "      - json:",
            "metadata event_id: nothing",
        ),
        (
            "fluent-bit/docker.yaml",
            "    - name: grep\n      match: audit\n      regex: $stream",
            "    # Leaves",
            "  outputs:",
            "drops everything: no line has stream",
        ),
        ("fluent-bit/docker.yaml", "    - name: record_modifier", "  outputs:", "    - name: grep", "drops everything"),
    ] {
        let found = problems(name, &moved(&text(name), from, to, place));
        assert!(found.iter().any(|found| found.contains(problem)), "{name}, {from} before {place}: {found:?}");
    }
}

#[test]
fn a_variable_that_is_not_set_is_an_error() {
    for name in ["fluent-bit/docker.yaml", "fluent-bit/file.yaml"] {
        let file = yaml::read(&text(name)).expect("YAML");
        for variable in ["SERVICE", "ENVIRONMENT", "LOKI_HOST", "LOKI_PORT"] {
            let mut set = environment("geo-layers", "production");
            assert!(fluent_bit::follow(&file, &set).is_ok());
            set.insert(variable.into(), String::new());
            let error = format!("the environment variable {variable} is not set");
            assert_eq!(fluent_bit::follow(&file, &set).err().as_ref(), Some(&error), "{name}");
            set.remove(variable);
            assert_eq!(fluent_bit::follow(&file, &set).err(), Some(error), "{name}");
        }
    }
}

/// So that it is found, and counted nowhere.
#[test]
fn a_line_that_is_no_record_arrives_as_it_is() {
    for name in support::COLLECTORS {
        let entries = support::entries(name);
        let stray = entries.last().expect("the stray line");
        assert_eq!(entries.len(), records().len() + 1);
        assert_eq!(stray.line.trim_end(), "listening on 127.0.0.1:8080", "{name}");
        assert_eq!(stray.labels.get("job").map(String::as_str), Some("gvsigol-audit"), "{name}");
    }
}

//! `compose.yaml` (<https://docs.docker.com/reference/compose-file/>): whether what it names is there.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::keys::{Table, unknown};
use crate::yaml::{at, list, members, text};

/// The keys that we use, of <https://docs.docker.com/reference/compose-file/>.
const KEYS: &Table<'_> = &[
    ("", &["name", "x-logging", "services", "volumes"]),
    ("x-logging", &["driver", "options"]),
    ("x-logging/options", &["*"]),
    ("services", &["*"]),
    (
        "services/*",
        &[
            "image",
            "build",
            "command",
            "environment",
            "labels",
            "logging",
            "ports",
            "volumes",
            "healthcheck",
            "depends_on",
            "stop_grace_period",
            "restart",
        ],
    ),
    ("services/*/build", &["context", "dockerfile"]),
    ("services/*/environment", &["*"]),
    ("services/*/labels", &["*"]),
    ("services/*/logging", &["driver", "options"]),
    ("services/*/logging/options", &["max-size", "max-file", "labels"]),
    ("services/*/healthcheck", &["test", "interval", "timeout", "retries", "start_period"]),
    ("services/*/depends_on", &["*"]),
    ("services/*/depends_on/*", &["condition"]),
    ("volumes", &["*"]),
];

/// Docker splits a longer line: <https://docs.docker.com/engine/logging/>.
const LONGEST_LINE: u64 = 16 * 1024;

/// How each image is asked whether it is well: the first that fits. `PORT` is one that it publishes.
/// <https://grafana.com/docs/grafana/latest/developer-resources/api-reference/http-api/other/#health-api>
const HEALTH: [(&str, &[&str]); 3] = [
    ("grafana/loki:", &["CMD", "/usr/bin/loki", "-health"]),
    ("grafana/grafana:", &["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:PORT/api/health"]),
    ("", &["CMD", "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/PORT"]),
];

/// What is wrong with a file that stands in `folder`.
#[must_use]
pub fn check(file: &Value, folder: &Path) -> Vec<String> {
    let mut problems = unknown(file, KEYS);
    let mut ports = BTreeSet::new();
    for (name, service) in members(&file["services"]) {
        let mut expect = |holds: bool, what: &str| {
            if !holds {
                problems.push(format!("{name}: {what}"));
            }
        };
        for (other, _) in members(&service["depends_on"]) {
            let service = &file["services"][other];
            expect(service.is_object() && service["healthcheck"].is_object(), &format!("{other} is not there"));
        }
        for volume in list(&service["volumes"]).map(text) {
            let source = volume.split(':').next().unwrap_or_default();
            let is_there = match source.strip_prefix("./") {
                Some(path) => folder.join(path).is_file() && volume.ends_with(":ro"),
                None if source.starts_with('/') => source == "/var/run/docker.sock" && volume.ends_with(":ro"),
                None => file["volumes"].get(source).is_some(),
            };
            expect(is_there, &format!("{source} is not there, or may be written"));
        }
        match service.get("build") {
            Some(build) => {
                let dockerfile = folder.join(text(&build["context"])).join(text(&build["dockerfile"]));
                expect(dockerfile.is_file(), &format!("{} is not there", dockerfile.display()));
            }
            None => {
                let tag = text(&service["image"]).rsplit_once(':').map_or("", |(_, tag)| tag);
                let parts = tag.trim_start_matches('v').split('.');
                let is_pinned = parts.clone().count() == 3 && parts.into_iter().all(|part| part.parse::<u32>().is_ok());
                expect(is_pinned, "the version of the image is not pinned");
            }
        }
        for port in list(&service["ports"]).map(text) {
            let parts: Vec<_> = port.split(':').collect();
            let is_right = matches!(parts.as_slice(), ["127.0.0.1", host, inner]
                if [host, inner].iter().all(|port| port.parse::<u16>().is_ok()));
            expect(is_right, &format!("{port} is not published to this machine alone"));
            expect(ports.insert(port.to_owned()), &format!("{port} is taken"));
        }
        for (key, value) in members(&service["environment"]) {
            let is_asked_for = text(value).starts_with("${") && text(value).contains(":?");
            expect(!key.contains("PASSWORD") || is_asked_for, &format!("{key} is not asked for"));
        }
        let published: Vec<_> = list(&service["ports"]).filter_map(|port| text(port).rsplit(':').next()).collect();
        let asked = HEALTH.iter().find(|(image, _)| text(&service["image"]).starts_with(image));
        let is_asked = |port: &str| {
            let words = asked.iter().flat_map(|(_, words)| words.iter()).map(|word| word.replace("PORT", port));
            list(at(service, &["healthcheck", "test"])).map(text).eq(words)
        };
        expect(published.iter().any(|port| is_asked(port)), "nobody sees if it is well, where it listens");
        let line = &service["environment"]["AUDIT_MAX_LINE_BYTES"];
        let is_whole = text(line).parse::<u64>().is_ok_and(|bytes| bytes <= LONGEST_LINE);
        expect(line.is_null() || is_whole, "Docker would split its lines");
        for problem in alloy(service, folder, &published) {
            expect(false, &problem);
        }
        let logging = &service["logging"];
        let (size, files) = (at(logging, &["options", "max-size"]), at(logging, &["options", "max-file"]));
        let rotates = logging["driver"] == "json-file" && size.is_string() && files.is_string();
        expect(rotates, "what it says would fill the disk");
        let is_labelled = service["labels"]["audit"] == "true";
        expect(!is_labelled || logging["options"]["labels"] == "audit", "its label is not beside its lines");
    }
    if members(&file["services"]).filter(|(_, service)| service["labels"]["audit"] == "true").count() != 1 {
        problems.push("one service is to be labelled audit=true".into());
    }
    problems
}

/// What is wrong with a service that runs a file of Alloy
/// (<https://grafana.com/docs/alloy/latest/reference/cli/run/>).
fn alloy(service: &Value, folder: &Path, published: &[&str]) -> Vec<String> {
    let mut problems = Vec::new();
    let volumes = || list(&service["volumes"]).map(text);
    for file in volumes().filter_map(|volume| volume.split(':').next()).filter(|file| file.ends_with(".alloy")) {
        let read = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        let sockets = read.split("\"unix://").skip(1).filter_map(|rest| rest.split('"').next());
        for socket in sockets {
            if !volumes().any(|volume| volume.starts_with(&format!("{socket}:{socket}"))) {
                problems.push(format!("{file} reads {socket}, which is not mounted"));
            }
        }
        let listens = list(&service["command"]).find_map(|word| text(word).strip_prefix("--server.http.listen-addr="));
        let port = listens.and_then(|address| address.strip_prefix("0.0.0.0:"));
        if !port.is_some_and(|port| published.contains(&port)) {
            problems.push(format!("{listens:?} is not the port that is published"));
        }
    }
    problems
}

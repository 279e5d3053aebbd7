//! `compose.yaml` (<https://docs.docker.com/reference/compose-file/>): whether what it names is there.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::yaml::{at, list, members, text};

/// What is wrong with a file that stands in `folder`.
#[must_use]
pub fn check(file: &Value, folder: &Path) -> Vec<String> {
    let mut problems = Vec::new();
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
        expect(list(at(service, &["healthcheck", "test"])).next() == Some(&"CMD".into()), "nobody sees if it is well");
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

//! The service with the settings of `deploy/compose.yaml`, and what the collectors of `deploy/` make of its stdout.

#![expect(clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use audit_deploy::logql::{Entry, parse};
use audit_deploy::record::Record;
use audit_deploy::{alloy, fluent_bit, promtail, queries, yaml};
use reqwest::Method;
use support::{Server, answer};

/// The example of <https://www.w3.org/TR/trace-context/>.
const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn text(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// The `AUDIT_*` variables that the compose file sets for the service.
fn settings() -> Vec<(String, String)> {
    let compose = yaml::read(&text("compose.yaml")).unwrap();
    let environment = yaml::members(&compose["services"]["geo-layers"]["environment"]);
    let settings: Vec<_> = environment.map(|(name, value)| (name.to_owned(), yaml::text(value).to_owned())).collect();
    assert!(settings.iter().any(|(name, value)| name == "AUDIT_LOG_PATH" && value == "stdout"));
    settings
}

/// What the service writes while users do this and that, in the order in which it was written.
async fn records() -> Vec<Record> {
    let settings = settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (&**name, &**value)).collect();
    let server = Server::start(&settings);
    let (visitor, ana, bo) = (server.visitor(), server.user("ana").await, server.user("bo").await);
    visitor.log_in("ana", "guess").await;
    // As behind a proxy that numbers and traces requests: collectors keep both.
    let create = ana.request(Method::POST, "/api/v1/layers/").header("content-type", "application/json");
    let create = create.header("x-request-id", "r-1").header("traceparent", TRACE);
    let created = answer(create.body(r#"{"name":"rivers","geometry":null}"#)).await;
    assert_eq!(created.status, 201, "{}", created.body);
    visitor.get("/api/v1/layers/1/").await;
    visitor.get("/gvsigonline/layers/").await;
    let refused = answer(bo.request(Method::DELETE, "/api/v1/layers/1/")).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    let stdout = server.stop().stdout;
    stdout.lines().map(|line| Record::read(line).unwrap()).collect()
}

/// The records in Loki, by way of each collector that reads stdout.
fn brought(records: &[Record]) -> Vec<(&'static str, Vec<Entry>)> {
    let alloy = alloy::follow(&alloy::parse(&text("alloy/docker.alloy")).unwrap()).unwrap();
    let promtail = promtail::follow(&yaml::read(&text("promtail/docker.yaml")).unwrap()).unwrap();
    let named = [("SERVICE", "geo-layers"), ("ENVIRONMENT", "demo"), ("LOKI_HOST", "loki"), ("LOKI_PORT", "3100")];
    let named: BTreeMap<_, _> = named.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let fluent_bit = fluent_bit::follow(&yaml::read(&text("fluent-bit/docker.yaml")).unwrap(), &named).unwrap();
    let collectors = [("alloy", alloy), ("promtail", promtail), ("fluent-bit", fluent_bit)];
    let bring = |(name, collector): (_, audit_deploy::collector::Collector)| {
        assert_eq!(collector.check(records), [""; 0], "{name}");
        (name, records.iter().map(|record| collector.entry(record)).collect())
    };
    collectors.into_iter().map(bring).collect()
}

#[tokio::test]
async fn the_documents_queries_find_what_users_did() {
    let records = records().await;
    let actions: Vec<_> = records.iter().map(|record| record.text("action").unwrap()).collect();
    let expected =
        ["auth.login", "auth.login", "auth.login", "layer.create", "layer.read", "http.request", "layer.delete"];
    assert_eq!(actions, expected);
    let now = records.iter().map(|record| record.at).max().unwrap();
    let named = queries::read(&text("queries.md")).unwrap();
    let everything: Vec<usize> = (0..records.len()).collect();
    for (collector, entries) in brought(&records) {
        for (name, from, to, expected) in [
            ("of-a-user", "admin", "ana", vec![0, 3]),
            ("error-statuses", "", "", vec![2, 6]),
            ("posts-to-the-api", "", "", vec![3]),
            ("per-minute", "", "", everything.clone()),
            ("target", "rivers", "1", vec![3, 4, 6]),
        ] {
            let query = named.iter().find(|known| known.name == name).unwrap().query.replace(from, to);
            let answer = parse(&query).unwrap().ask(&entries, now).unwrap();
            assert_eq!(answer.entries(), expected, "{collector}: {query}");
        }
    }
}

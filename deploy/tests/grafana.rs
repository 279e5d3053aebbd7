//! The dashboard and what is provisioned with it, held against real records.

mod support;

use std::collections::BTreeSet;

use audit_deploy::dashboard::{check, follow, targets};
use audit_deploy::logql::flat;
use audit_deploy::provisioning::{check_provider, check_source};
use audit_deploy::record::Record;
use audit_deploy::yaml;
use regex::Regex;
use serde_json::Value;
use support::{COLLECTORS, end, entries, found as found_names, named, records, text};

/// What each panel is made of, when nothing is chosen. Every other record is not in it.
const TABLE: [(&str, &str); 16] = [
    ("Records", "all"),
    ("Failed", "read-broken read-panic status-502 status-503"),
    ("Denied", "guess-1 guess-2 guess-3 typo read-secret delete-refused"),
    ("Cut off", "left-uploading left-downloading"),
    ("Truncated", "upload-long left-uploading"),
    ("Lost", "audit.gap"),
    ("Requests per second", "all but job.cleanup audit.gap"),
    ("Requests", "all but job.cleanup audit.gap"),
    ("Latency", "all but job.cleanup audit.gap"),
    ("Not completed", "read-panic left-uploading left-downloading"),
    ("By action", "all"),
    ("By user", "all"),
    ("Slowest routes", "all but no-such-path job.cleanup audit.gap"),
    ("Refusals", "guess-1 guess-2 guess-3 typo read-secret delete-refused"),
    ("Failures", "read-broken read-panic status-502 status-503"),
    ("The records", "all"),
];

fn dashboard() -> Value {
    serde_json::from_str(&text("grafana/audit.json")).expect("JSON")
}

fn datasource() -> Value {
    yaml::read(&text("grafana/datasource.yaml")).expect("YAML")["datasources"][0].take()
}

#[test]
fn its_parts_fit_each_other() {
    let source = datasource();
    assert_eq!(check(&dashboard(), source["uid"].as_str().expect("a uid")), Vec::<String>::new());
}

/// With every choice that a variable offers: what is chosen, and of which records that holds.
#[test]
fn every_panel_is_made_of_the_records_that_it_says() {
    type Choice = (&'static [(&'static str, &'static str)], fn(&Record) -> bool);
    let choices: [Choice; 5] = [
        (&[], |_| true),
        (&[("service", "tiles")], |record| record.json["service"] == "tiles"),
        (&[("environment", "production|other")], |record| record.json["environment"] == "production"),
        (&[("user", "alice|bob")], |record| record.json["user"] == "alice" || record.json["user"] == "bob"),
        (&[("action", "layer[.].*")], |record| record.json["action"].as_str().is_some_and(|a| a.starts_with("layer."))),
    ];
    for collector in COLLECTORS {
        let entries = entries(collector);
        for (chosen, holds) in choices {
            let chosen_records: BTreeSet<_> =
                records().iter().filter(|record| holds(record)).map(Record::name).collect();
            let targets = targets(&dashboard(), chosen).expect("queries");
            let panels: BTreeSet<_> = targets.iter().map(|target| target.panel.as_str()).collect();
            assert_eq!(panels, TABLE.iter().map(|(panel, _)| *panel).collect(), "each panel is in the table");
            for target in &targets {
                let (panel, expected) = TABLE.iter().find(|(panel, _)| *panel == target.panel).expect("in the table");
                let answer = target.query.ask(&entries, end()).expect("an answer");
                let mut expected = named(expected);
                // Losses are the trail's, whoever is asked for.
                if *panel != "Lost"
                    || chosen.first().is_some_and(|(name, _)| matches!(*name, "service" | "environment"))
                {
                    expected.retain(|name| chosen_records.contains(name));
                }
                assert_eq!(found_names(&answer), expected, "{panel} by {collector} for {chosen:?}");
            }
        }
    }
}

#[test]
fn one_record_can_be_shown_alone() {
    let entries = entries("alloy/docker.alloy");
    let record = records().iter().find(|record| record.name() == "merge").expect("it was recorded");
    let id = record.text("event_id").expect("each has one");
    let targets = targets(&dashboard(), &[("event", &id)]).expect("queries");
    let target = targets.iter().find(|target| target.panel == "The records").expect("the panel");
    let answer = target.query.ask(&entries, end()).expect("an answer");
    assert_eq!(found_names(&answer), named("merge"));

    let field = &datasource()["jsonData"]["derivedFields"][0];
    let regex = Regex::new(field["matcherRegex"].as_str().expect("an expression")).expect("an expression");
    for record in records() {
        let found = regex.captures(&record.line).map(|found| found[1].to_owned());
        assert_eq!(found, record.text("event_id"), "{}", record.line);
    }
    let provisioned = yaml::read(&text("grafana/datasource.yaml")).expect("YAML");
    assert_eq!(check_source(&provisioned, "audit-trail"), Vec::<String>::new());
    assert_eq!(dashboard()["uid"], "audit-trail");
}

/// As whoever follows it sees it: of a user, an action or a service, its own records and no others.
#[test]
fn a_link_shows_what_it_names_alone() {
    let (dashboard, entries) = (dashboard(), entries("alloy/docker.alloy"));
    let file = text("grafana/audit.json");
    let urls: BTreeSet<_> =
        file.lines().filter_map(|line| line.trim().strip_prefix("\"url\": \"")?.strip_suffix('"')).collect();
    for key in ["user", "action", "service"] {
        let values: BTreeSet<_> = records().iter().filter_map(|record| record.text(key)).collect();
        assert!(key != "user" || values.contains("a+b"));
        let urls: Vec<_> = urls.iter().filter(|url| url.contains(&format!("var-{key}="))).collect();
        assert!(!urls.is_empty(), "no link shows a {key}");
        for (url, value) in urls.iter().flat_map(|url| values.iter().map(move |value| (url, value))) {
            let chosen = follow(url, &[(key, value)]);
            let chosen: Vec<_> = chosen.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let targets = targets(&dashboard, &chosen).expect("queries");
            let target = targets.iter().find(|target| target.panel == "The records").expect("the panel");
            let answer = target.query.ask(&entries, end()).expect("an answer");
            let its = records().iter().filter(|record| record.text(key).as_ref() == Some(value));
            assert_eq!(found_names(&answer), its.map(Record::name).collect(), "{key} {value} by {chosen:?}");
        }
    }
}

#[test]
fn every_key_that_a_panel_names_is_in_a_record() {
    let keys: BTreeSet<String> =
        records().iter().flat_map(|record| flat("", &record.json)).map(|(name, _)| name).collect();
    for target in targets(&dashboard(), &[]).expect("queries") {
        for name in target.query.names().into_iter().filter(|name| name != "__error__") {
            assert!(keys.contains(&name), "{}: no record has {name}", target.panel);
        }
    }
    // A choice is offered of a label that each collector gives, of the streams that the queries ask for.
    for variable in yaml::list(&dashboard()["templating"]["list"]).filter(|variable| variable["type"] == "query") {
        let name = variable["query"]["label"].as_str().expect("a label");
        assert_eq!(variable["query"]["stream"], "{job=\"gvsigol-audit\"}");
        for collector in COLLECTORS {
            let entries = entries(collector);
            assert!(
                entries.iter().take(records().len()).all(|entry| entry.labels.contains_key(name)),
                "{name} by {collector}"
            );
        }
    }
}

#[test]
fn what_is_broken_in_the_dashboard_is_told() {
    let source = datasource();
    let uid = source["uid"].as_str().expect("a uid");
    let file = text("grafana/audit.json");
    for (from, to, problem) in [
        ("audit-loki", "loki", "no source of data"),
        ("\"id\": 2,", "\"id\": 1,", "two panels"),
        ("\"x\": 4,", "\"x\": 2,", "lies upon"),
        ("\"w\": 24,", "\"w\": 25,", "24 columns"),
        ("{{outcome}}", "{{outcom}}", "names outcom"),
        ("$service", "$services", "no variables"),
        ("${user:raw}", "${user}", "no variables"),
        ("${user:raw}", "${users:raw}", "no variables"),
        ("$__range", "$__rnge", "no variables"),
        ("__data.fields.user", "__data.fields.usr", "reads __data.fields.usr"),
        ("__field.labels.service", "__field.labels.host", "reads __field.labels.host"),
        ("\"url\": \"/d/audit-trail\"", "\"url\": \"/d/audit-log\"", "link of the dashboard leads to /d/audit-log"),
        ("var-user", "var-who", "no variable"),
        ("=%5CQ${__data.fields.user:percentencode}%5CE", "=${__data.fields.user:percentencode}", "to an expression"),
        ("fields.user:percentencode", "fields.user", "to no value"),
        ("${__url_time_range}", "${__url_timerange}", "__url_timerange on, which is no variable"),
        ("\"Only ${__field.labels", "\"Only ${__field.lables", "reads __field.lables"),
        ("=${__field.labels", "=${__field.lables", "reads __field.lables"),
        ("[$__range]", "[1m]", "not over [$__range]"),
        ("[$__auto]", "[1m]", "not over [$__auto]"),
        ("byName", "byNmae", "byNmae\" is no matcher"),
        ("\"organize\"", "\"organise\"", "organise\" is no transformation"),
        ("excludeByName", "exclude", "exclude is no key"),
        ("\"Time\": true", "\"Tiem\": true", "Tiem is no key"),
        ("\"id\": \"displayName\"", "\"id\": \"display\"", "display\" is no property"),
        ("\"links\": [\n            {", "\"linkz\": [\n            {", "linkz is no key"),
        ("\"fieldConfig\"", "\"fieldConf\"", "fieldConf is no key"),
        ("\"sortOrder\"", "\"sort\"", "has no option sort"),
        ("${environment:queryparam}", "${env:queryparam}", "no variable"),
        ("/d/audit-trail?", "/d/audit?", "leads to"),
        ("\"options\": \"action\"", "\"options\": \"actions\"", "no field actions"),
        ("\"queryType\": \"instant\"", "\"queryType\": \"range\"", "not for such a panel"),
        ("| json |", "| jsn |", "expected a comparison"),
    ] {
        assert!(file.contains(from), "{from}");
        let broken: Value = serde_json::from_str(&file.replacen(from, to, 1)).expect("JSON");
        let found = check(&broken, uid);
        assert!(found.iter().any(|found| found.contains(problem)), "{from} -> {to}: {found:?}");
    }
}

#[test]
fn what_is_broken_in_what_grafana_is_given_is_told() {
    let provider = |text: &str| check_provider(&yaml::read(text).expect("YAML"));
    let source = |text: &str| check_source(&yaml::read(text).expect("YAML"), "audit-trail");
    assert_eq!(provider(&text("grafana/dashboards.yaml")), Vec::<String>::new());
    for (name, from, to, problem) in [
        ("datasource", "type: loki", "type: lokki", "of the type loki"),
        ("datasource", "&from=now-1y&to=now", "", "however old"),
        ("datasource", "$${__value.raw}", "${__value.raw}", "however old"),
        ("datasource", "matcherRegex", "matcherRegexp", "matcherRegexp is no key"),
        ("datasource", "([^\"]+)", "[^\"]+", "one part"),
        ("datasource", "apiVersion: 1", "apiVersion: 2", "version"),
        ("dashboards", "type: file", "type: fil", "by files"),
        ("dashboards", "      path:", "      paht:", "paht is no key"),
    ] {
        let right = text(&format!("grafana/{name}.yaml"));
        assert!(right.contains(from), "{name} has no {from}");
        let broken = right.replacen(from, to, 1);
        let found = if name == "datasource" { source(&broken) } else { provider(&broken) };
        assert!(found.iter().any(|found| found.contains(problem)), "{name}, {from} -> {to}: {found:?}");
    }
}

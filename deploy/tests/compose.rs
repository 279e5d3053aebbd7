//! What is started together: that each part is there, fits the others, and is set as the service understands.

mod support;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use audit_actix::{Auditor, Output};
use audit_deploy::compose::check;
use audit_deploy::yaml::{at, list, members, read};
use audit_deploy::{alloy, yaml};
use serde_json::Value;
use support::{file, text};

fn compose() -> Value {
    read(&text("compose.yaml")).expect("YAML")
}

/// Where a file of this folder is seen in a service.
fn mounted(service: &str, source: &str) -> String {
    let compose = compose();
    let volumes = &compose["services"][service]["volumes"];
    let found = list(volumes).map(yaml::text).find_map(|volume| volume.strip_prefix(source)?.strip_prefix(':'));
    let target = found.unwrap_or_else(|| panic!("{source} is not mounted in {service}"));
    target.trim_end_matches(":ro").to_owned()
}

#[test]
fn everything_that_it_names_is_there() {
    assert_eq!(check(&compose(), &file("")), Vec::<String>::new());
}

#[test]
fn what_is_broken_in_it_is_told() {
    let right = text("compose.yaml");
    for (from, to, problem) in [
        ("      loki:\n        condition", "      lokki:\n        condition", "lokki is not there"),
        ("./loki/config.yaml", "./loki/conf.yaml", "./loki/conf.yaml is not there"),
        ("./alloy/docker.alloy:/etc/alloy/config.alloy:ro", "./alloy/docker.alloy:/etc/alloy/config.alloy", "written"),
        ("- loki:/loki", "- lokki:/loki", "lokki is not there"),
        ("deploy/geo-layers/Dockerfile", "deploy/Dockerfile", "is not there"),
        ("grafana/loki:3.7.6", "grafana/loki:latest", "not pinned"),
        ("grafana/loki:3.7.6", "grafana/loki:3.7", "not pinned"),
        ("127.0.0.1:3100:3100", "3100:3100", "this machine alone"),
        ("'127.0.0.1:3000:3000'", "'127.0.0.1:3100:3100'", "is taken"),
        ("${GRAFANA_PASSWORD:?choose a password for Grafana's user admin}", "admin", "not asked for"),
        ("test: [CMD, wget", "tests: [CMD, wget", "if it is well"),
        ("max-size: 10m", "max_size: 10m", "fill the disk"),
        ("labels: audit", "labels: audits", "beside its lines"),
        ("      audit: 'true'", "      audits: 'true'", "labelled audit=true"),
    ] {
        assert!(right.contains(from), "{from}");
        let broken = read(&right.replacen(from, to, 1)).expect("YAML");
        let found = check(&broken, &file(""));
        assert!(found.iter().any(|found| found.contains(problem)), "{from} -> {to}: {found:?}");
    }
}

#[test]
fn the_service_understands_every_setting_that_it_gets() {
    let compose = compose();
    let environment = &compose["services"]["geo-layers"]["environment"];
    let asked = RefCell::new(BTreeSet::new());
    let lookup = |name: &str| {
        asked.borrow_mut().insert(name.to_owned());
        environment.get(name).and_then(Value::as_str)
    };
    // What it writes to is not tried here: the settings name the log, the code has the last word on it.
    let auditor = Auditor::builder().env_from(lookup).output(Output::None).build().expect("the settings are good");
    assert!(auditor.is_enabled());
    for (name, value) in members(environment) {
        assert!(asked.borrow().contains(name), "{name} is no setting");
        assert!(value.is_string(), "{name} is no text");
    }
    assert_eq!(environment["AUDIT_LOG_PATH"], "stdout");
}

#[test]
fn each_program_finds_its_file_and_the_others() {
    let compose = compose();
    let service = |name: &str| &compose["services"][name];

    let command: Vec<_> = list(&service("alloy")["command"]).map(yaml::text).collect();
    assert_eq!(command.last(), Some(&mounted("alloy", "./alloy/docker.alloy").as_str()));
    let storage = command.iter().find_map(|word| word.strip_prefix("--storage.path="));
    assert_eq!(storage, Some(mounted("alloy", "alloy").as_str()), "what was read is known after a restart");

    let config = format!("-config.file={}", mounted("loki", "./loki/config.yaml"));
    assert_eq!(service("loki")["command"][0], config.as_str());
    let loki = read(&text("loki/config.yaml")).expect("YAML");
    let port = loki["server"]["http_listen_port"].to_string();
    let url = format!("http://loki:{port}");
    assert_eq!(at(&loki, &["common", "path_prefix"]), mounted("loki", "loki").as_str());

    let push = format!("{url}/loki/api/v1/push");
    assert_eq!(service("alloy")["environment"]["LOKI_URL"], push.as_str());
    for name in ["alloy/docker.alloy", "alloy/file.alloy"] {
        let blocks = alloy::parse(&text(name)).expect("a file of Alloy");
        assert_eq!(alloy::environment(&blocks), ["LOKI_URL"]);
        assert!(text(name).contains(&format!("\"{push}\"")), "{name}");
    }
    for name in ["promtail/docker.yaml", "promtail/file.yaml"] {
        assert_eq!(read(&text(name)).expect("YAML")["clients"][0]["url"], push.as_str());
    }
    for name in ["fluent-bit/docker.yaml", "fluent-bit/file.yaml"] {
        let file = read(&text(name)).expect("YAML");
        assert_eq!(
            (file["env"]["LOKI_HOST"].clone(), file["env"]["LOKI_PORT"].to_string()),
            ("loki".into(), port.clone())
        );
    }

    let source = read(&text("grafana/datasource.yaml")).expect("YAML");
    assert_eq!(source["datasources"][0]["url"], url.as_str());
    let provider = read(&text("grafana/dashboards.yaml")).expect("YAML");
    let dashboard = mounted("grafana", "./grafana/audit.json");
    let folder = Path::new(&dashboard).parent().and_then(Path::to_str).expect("a folder");
    assert_eq!(at(&provider["providers"][0], &["options", "path"]), folder);
    assert_eq!(service("grafana")["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"], dashboard.as_str());
    for (place, source) in [("datasources", "./grafana/datasource.yaml"), ("dashboards", "./grafana/dashboards.yaml")] {
        assert!(mounted("grafana", source).starts_with(&format!("/etc/grafana/provisioning/{place}/")));
    }
}

#[test]
fn the_image_of_the_service_serves_where_it_is_looked_for_and_as_nobody_who_matters() {
    let dockerfile = text("geo-layers/Dockerfile");
    let line = |start: &str| {
        let found: Vec<_> = dockerfile.lines().filter(|line| line.starts_with(start)).collect();
        *found.last().unwrap_or_else(|| panic!("no line begins with {start}"))
    };
    let environment = line("ENV ");
    assert!(environment.contains("HOST=0.0.0.0") && environment.contains("PORT=8080"));
    assert!(environment.contains(&format!("DATA_DIR={}", mounted("geo-layers", "geo-layers"))));
    assert_eq!(compose()["services"]["geo-layers"]["ports"][0], "127.0.0.1:8080:8080");
    assert!(dockerfile.contains("\nRUN cargo build --release --locked -p geo-layers\n"));
    let package = std::fs::read_to_string(file("../examples/geo-layers/Cargo.toml")).expect("it is there");
    assert!(package.starts_with("[package]\nname = \"geo-layers\"\n"), "{package}");
    assert!(file("../examples/geo-layers/src/main.rs").is_file());
    let (user, start) = (dockerfile.find("\nUSER geo-layers"), dockerfile.find("\nENTRYPOINT"));
    assert!(user.is_some() && user < start, "it does not run as root");
    for image in dockerfile.lines().filter_map(|line| line.strip_prefix("FROM ")) {
        assert!(image.contains(':') && !image.contains("latest"), "{image} is not pinned");
    }
    let ignored = std::fs::read_to_string(file("../.dockerignore")).expect("it is there");
    for kept_out in [".git", "**/target", "**/data"] {
        assert!(ignored.lines().any(|line| line == kept_out), "{kept_out}");
    }
}

/// As <https://grafana.com/docs/loki/latest/operations/storage/retention/> asks for.
#[test]
fn loki_keeps_records_for_a_time_and_takes_the_longest() {
    let loki = read(&text("loki/config.yaml")).expect("YAML");
    let compactor = &loki["compactor"];
    assert_eq!(compactor["retention_enabled"], true);
    let store = &loki["schema_config"]["configs"][0];
    assert_eq!(compactor["delete_request_store"], store["object_store"]);
    assert_eq!(store["index"]["period"], "24h", "retention needs an index of a day");
    assert_eq!((store["store"].clone(), store["schema"].clone()), ("tsdb".into(), "v13".into()), "structured metadata");
    let limits = &loki["limits_config"];
    let hours = |key: &str| limits[key].as_str().and_then(|text| text.strip_suffix('h')?.parse::<u32>().ok());
    assert!(hours("retention_period") > Some(24) && hours("max_query_length") > hours("retention_period"));
    let longest = support::records().iter().map(|record| record.line.len()).max().expect("records");
    let bound = limits["max_line_size"].as_str().and_then(|text| text.strip_suffix("KB")?.parse::<usize>().ok());
    assert!(longest > 15_000 && longest < 16_384 && bound.expect("a size") * 1024 > 16_384);
    assert_eq!(
        (limits["max_line_size_truncate"].clone(), limits["allow_structured_metadata"].clone()),
        (false.into(), true.into())
    );
}

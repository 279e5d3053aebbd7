//! What is started together: that each part is there, fits the others, and is set as the service understands.

mod support;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use audit_actix::{Auditor, Output};
use audit_deploy::compose::check;
use audit_deploy::yaml::{at, list, members, read};
use audit_deploy::{alloy, loki, yaml};
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
        (
            "      - /var/run/docker.sock:/var/run/docker.sock:ro\n",
            "",
            "reads /var/run/docker.sock, which is not mounted",
        ),
        ("listen-addr=0.0.0.0:12345", "listen-addr=0.0.0.0:1234", "not the port that is published"),
        ("listen-addr=0.0.0.0:12345", "listen-addr=127.0.0.1:12345", "not the port that is published"),
        ("/dev/tcp/127.0.0.1/12345", "/dev/tcp/127.0.0.1/1234", "if it is well"),
        ("/usr/bin/loki, -health", "wget, -q", "if it is well"),
        ("/api/health", "/health", "if it is well"),
        ("restart: unless-stopped", "restrat: unless-stopped", "restrat is no key"),
        ("condition: service_healthy", "conditions: service_healthy", "conditions is no key"),
        ("start_period: 10s", "start_periods: 10s", "start_periods is no key"),
        ("AUDIT_MODE: compact", "AUDIT_MAX_LINE_BYTES: '100000'", "Docker would split"),
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
        let output = &read(&text(name)).expect("YAML")["pipeline"]["outputs"][0];
        assert_eq!((&output["host"], &output["port"]), (&"${LOKI_HOST}".into(), &"${LOKI_PORT}".into()));
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

#[test]
fn loki_keeps_records_for_a_time_and_takes_the_longest() {
    let right = text("loki/config.yaml");
    let longest = support::records().iter().map(|record| record.line.len()).max().expect("records");
    assert!(longest > 15_000 && longest < 16_384);
    let check = |file: &str| loki::check(&read(file).expect("YAML"), 16_384);
    assert_eq!(check(&right), Vec::<String>::new());
    for (from, to, problem) in [
        ("retention_enabled: true", "retention_enabled: false", "ever deleted"),
        ("delete_request_store: filesystem", "delete_request_store: s3", "another store"),
        ("period: 24h", "period: 168h", "index of a day"),
        ("retention_period: 8760h", "retention_period: 8h", "less than a day"),
        ("max_query_length: 8784h", "max_query_length: 720h", "cannot span"),
        ("schema: v13", "schema: v12", "structured metadata"),
        ("allow_structured_metadata: true", "allow_structured_metadata: false", "structured metadata"),
        ("max_line_size: 256KB", "max_line_size: 16KB", "longer than it takes"),
        ("max_line_size_truncate: false", "max_line_size_truncate: true", "cut"),
        ("reject_old_samples_max_age: 168h", "reject_old_samples_max_age: 1h", "less than a week"),
        ("max_query_series: 20000", "max_query_series: 500", "when there are many"),
        ("  max_query_series: 20000\n", "", "when there are many"),
        ("retention_delete_delay", "retention_delay", "retention_delay is no key"),
        ("limits_config:", "limits:", "limits is no key"),
    ] {
        assert!(right.contains(from), "{from}");
        let found = check(&right.replacen(from, to, 1));
        assert!(found.iter().any(|found| found.contains(problem)), "{from} -> {to}: {found:?}");
    }
}

/// `${GRAFANA_PASSWORD:?…}` is asked for by each subcommand, `logs` and `exec` too.
#[test]
fn the_commands_that_are_told_find_their_file_and_the_password() {
    let readme = text("README.md");
    let (before, after) =
        readme.split_once("\nexport GRAFANA_PASSWORD=").expect("it is set once, for all that follows");
    assert!(!before.contains("docker compose"));
    let commands: Vec<_> = after.split("docker compose ").skip(1).collect();
    assert!(commands.len() >= 3, "{commands:?}");
    for command in commands.iter().filter(|command| !command.starts_with("stop`")) {
        assert!(command.starts_with("-f deploy/compose.yaml "), "docker compose {command:.60}");
    }
    assert!(text("compose.yaml").contains("#   GRAFANA_PASSWORD=… docker compose -f deploy/compose.yaml up --build\n"));
}

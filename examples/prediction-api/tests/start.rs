//! What a start needs, makes and refuses.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

mod support;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use service_kit::testing::mode;
use support::{PATIENCE, Service, refused};

fn password_of(name: &str, data_dir: &Path) -> String {
    let text = fs::read_to_string(data_dir.join("initial-passwords")).unwrap();
    let password = text.lines().find_map(|line| line.strip_prefix(&format!("{name}:")));
    password.unwrap_or_else(|| panic!("no {name} in {text}")).to_owned()
}

fn stop(service: Service) -> support::Ended {
    service.signal("TERM");
    service.ends()
}

#[tokio::test]
async fn a_first_start_makes_users_a_key_and_private_files() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("some/data");
    let service = Service::start(&data_dir, &[]);
    assert_eq!(mode(&data_dir), 0o700);
    let passwords = data_dir.join("initial-passwords");
    for file in ["initial-passwords", "jwt-secret-key", "app.db", "audit.db", "audit.jsonl"] {
        assert_eq!(mode(&data_dir.join(file)), 0o600, "{file}");
    }
    let said = service.said().join("\n");
    assert!(said.contains(&format!("their passwords are in {}", passwords.display())), "{said}");
    for line in ["predictor v1: ", "predictor v2: ", "audited endpoints: 9", "exempt: GET /health ("] {
        assert!(said.contains(line), "{line} in {said}");
    }
    for (method, path, action) in [
        ("POST", "/login", "auth.login"),
        ("POST", "/api/v1/predict", "prediction.v1"),
        ("POST", "/api/v2/predict", "prediction.v2"),
        ("POST", "/api/ab/predict", "prediction.ab"),
        ("POST", "/feedback", "feedback.create"),
        ("GET", "/admin/report", "report.generate"),
        ("POST", "/admin/retrain_mlflow", "model.retrain"),
        ("POST", "/admin/slack_alert", "alert.slack"),
        ("GET", "/admin/audit_logs", "audit.read"),
    ] {
        let row = [method, path, action, "compact", "buffered"];
        assert!(service.said().iter().any(|line| line.split_whitespace().eq(row)), "{row:?} in {said}");
    }
    let (admin, demo) = (password_of("admin", &data_dir), password_of("demo", &data_dir));
    assert!(!said.contains(&admin) && !said.contains(&demo));
    let token = service.token("admin", &admin).await;
    assert_eq!(service.audit_logs(&token, "").await.status, 200);
    assert_eq!(service.audit_logs(&service.token("demo", &demo).await, "").await.status, 403);
    assert_eq!(stop(service).stdout, "");

    // The next start makes nothing anew.
    let service = Service::start(&data_dir, &[]);
    assert_eq!(service.audit_logs(&token, "").await.status, 200);
    assert_eq!(password_of("admin", &data_dir), admin);
    assert!(!service.said().iter().any(|line| line.contains("initial-passwords")));
    stop(service);

    // Users that are listed are added or updated; the others stay.
    let service = Service::start(&data_dir, &[("PREDICTION_API_USERS", "demo:another:admin,ana:hers:user")]);
    assert_eq!(service.login("demo", &demo).await.status, 401);
    assert_eq!(service.audit_logs(&service.token("demo", "another").await, "").await.status, 200);
    assert_eq!(service.login("ana", "hers").await.status, 200);
    assert_eq!(service.login("admin", &admin).await.status, 200);
}

#[test]
fn a_bad_setting_stops_the_start_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (name, value) in [
        ("PORT", "http"),
        ("HOST", "no host"),
        ("JWT_SECRET_KEY", "hush-hush"),
        ("PREDICTION_API_USERS", "ana:hush-hush"),
        ("RUST_LOG", "a=b=c"),
        ("AUDIT_MODE", "verbose"),
        ("AUDIT_MAX_LINE_BYTES", "12"),
        ("AUDIT_CHAIN", "sha256"),
        ("AUDIT_DELIVERY", "fast"),
    ] {
        let ended = refused(folder.path(), &[(name, value)]);
        let said = ended.stderr.join("\n");
        assert_eq!((ended.status.code(), ended.stdout.as_str()), (Some(1), ""), "{name}: {said}");
        assert!(said.contains(name), "{name}: {said}");
        assert!(!said.contains("hush"), "{name}: {said}");
        assert!(!said.contains("listening"), "{name}: {said}");
    }
    let both = refused(folder.path(), &[("PORT", "http"), ("JWT_SECRET_KEY", "short")]).stderr.join("\n");
    assert!(both.contains("PORT") && both.contains("JWT_SECRET_KEY"), "{both}");
}

#[test]
fn a_data_directory_has_one_service() {
    let folder = tempfile::tempdir().unwrap();
    let first = Service::start(folder.path(), &[]);
    let second = refused(folder.path(), &[]);
    assert_eq!(second.status.code(), Some(1));
    assert!(second.stderr.join("\n").contains("audit.jsonl"), "{:?}", second.stderr);
    drop(first);
}

#[tokio::test]
async fn stdout_carries_records_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("AUDIT_LOG_PATH", "stdout"), ("PREDICTION_API_USERS", "ana:hers:admin"), ("RUST_LOG", "trace")];
    let service = Service::start(folder.path(), &variables);
    let answer = service.login("ana", "hers").await;
    let id = answer.audit_id().unwrap();
    let ended = stop(service);
    let record: serde_json::Value = serde_json::from_str(ended.stdout.strip_suffix('\n').unwrap()).unwrap();
    assert_eq!(record["event_id"], *id);
    assert!(!folder.path().join("audit.jsonl").exists());
}

#[tokio::test]
async fn a_hangup_begins_a_new_log_file() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &[("PREDICTION_API_USERS", "ana:hers:admin")]);
    let log = folder.path().join("audit.jsonl");
    let first = service.login("ana", "hers").await.audit_id().unwrap();
    let begins_anew = || fs::read_to_string(&log).is_ok_and(|text| !text.contains(&first));
    let deadline = Instant::now() + PATIENCE;
    // The record may still be on its way.
    while fs::read_to_string(&log).is_ok_and(|text| !text.contains(&first)) {
        assert!(Instant::now() < deadline, "the record never came");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    service.signal("HUP");
    while !begins_anew() {
        assert!(Instant::now() < deadline, "the file was never rotated");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let second = service.login("ana", "hers").await.audit_id().unwrap();
    assert!(stop(service).status.success());
    let rotated = fs::read_to_string(folder.path().join("audit.jsonl.00000000000000000001")).unwrap();
    assert!(rotated.contains(&first));
    let records: Vec<serde_json::Value> =
        fs::read_to_string(&log).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&records[0]["event_id"], &records[0]["seq"]), (&second.into(), &2.into()));
}

#[tokio::test]
async fn auditing_is_off_when_the_environment_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("AUDIT_ENABLED", "false"), ("PREDICTION_API_USERS", "ana:hers:admin")];
    let mut service = Service::start(folder.path(), &variables);
    assert!(service.said().iter().any(|line| line.contains("AUDIT_ENABLED")), "{:?}", service.said());
    let token = service.token("ana", "hers").await;
    let answer = service.audit_logs(&token, "").await;
    assert_eq!(answer.body, serde_json::json!({"records": [], "next": null}));
    assert_eq!(answer.audit_id(), None);
    assert!(!folder.path().join("audit.jsonl").exists());
    service.signal("INT");
    service.hears("audit: nothing to write", PATIENCE);
    assert!(service.ends().status.success());
}

#[test]
fn the_services_own_files_are_no_logs() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path();
    for file in ["app.db", "audit.db", "jwt-secret-key", "initial-passwords"] {
        let path = data_dir.join(file);
        // The first time around the file is made, later it exists: neither may become a log.
        let said = refused(data_dir, &[("AUDIT_LOG_PATH", path.to_str().unwrap())]).stderr.join("\n");
        assert!(said.contains("AUDIT_LOG_PATH is") && said.contains(file), "{said}");
    }
    let key = data_dir.join("jwt-secret-key");
    assert_eq!(fs::read_to_string(&key).unwrap().len(), 64);

    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let said = refused(data_dir, &[]).stderr.join("\n");
    assert!(said.contains("jwt-secret-key") && said.contains("0600"), "{said}");
}

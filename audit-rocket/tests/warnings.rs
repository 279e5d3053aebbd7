//! What stderr says as a rocket ignites. Each is a process of its own, for there is one logger to a process.

use std::process::Command;

use audit_core::testing::MemorySink;
use audit_rocket::{AuditFairing, AuditedRoutes as _, Auditor, Output, audit_exempt, audited};
use rocket::config::LogLevel;
use rocket::{Config, get, routes};

#[audited(action = "wrapped.read")]
#[get("/wrapped")]
fn wrapped() {}

#[audited(action = "bare.read")]
#[get("/bare/<id>")]
fn bare(id: u8) -> String {
    id.to_string()
}

#[get("/turned")]
#[audited(action = "turned.read")]
fn turned() {}

#[audit_exempt(reason = "asked every second")]
#[get("/exempt")]
fn exempt() {}

#[get("/plain")]
fn plain() {}

/// Somebody's logger: of no size, as Rocket's, and it takes everything.
struct Own;

impl rocket::log::private::Log for Own {
    fn enabled(&self, _: &rocket::log::private::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, _: &rocket::log::private::Record<'_>) {}

    fn flush(&self) {}
}

const SCENE: &str = "AUDIT_ROCKET_TEST_SCENE";

/// Not a test of its own: what the others start.
#[test]
fn ignites() {
    let Ok(scene) = std::env::var(SCENE) else { return };
    if scene == "own" || scene == "own_info" {
        rocket::log::private::set_logger(&Own).expect("no logger is set");
    }
    if scene == "own_info" {
        rocket::log::private::set_max_level(rocket::log::private::LevelFilter::Info);
    }
    let output = if scene == "elsewhere" { Output::None } else { Output::Stdout };
    let auditor = Auditor::builder().output(output).sink(MemorySink::new()).build().expect("the settings are right");
    let log_level = if scene == "off" { LogLevel::Off } else { LogLevel::Critical };
    let rocket = rocket::custom(Config { log_level, ..Config::default() })
        .mount("/v1", routes![wrapped, exempt, plain].audited())
        .mount("/v1", routes![bare, turned])
        .mount("/v2", routes![exempt, plain])
        .attach(AuditFairing::new(auditor));
    let ignited = tokio::runtime::Runtime::new().expect("threads").block_on(rocket.ignite());
    ignited.expect("it ignites");
}

fn said(scene: &str) -> String {
    let program = std::env::current_exe().expect("this is one");
    let arguments = ["ignites", "--exact", "--nocapture", "--test-threads=1"];
    let output = Command::new(program).args(arguments).env(SCENE, scene).output().expect("it can be started");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn what_looks_audited_and_is_not_is_named() {
    let said = said("off");
    let named: Vec<&str> = said.lines().filter(|line| line.contains("as it is")).collect();
    assert_eq!(named.len(), 2, "{said}");
    for (handler, place) in [("warnings::bare (", "GET /v1/bare/{id}"), ("warnings::turned (", "GET /v1/turned")] {
        assert!(named.iter().any(|line| line.contains(handler) && line.contains(place)), "{handler}: {said}");
    }
}

#[test]
fn records_and_rockets_log_in_one_stream_are_warned_of() {
    for (scene, warned) in [("shared", true), ("off", false), ("own", false), ("own_info", false), ("elsewhere", false)]
    {
        let said = said(scene);
        assert_eq!(said.contains("share standard output"), warned, "{scene}: {said}");
    }
}

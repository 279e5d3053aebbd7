//! The listing: Rocket tells all its routes, so that it is complete before the first request.

use audit_rocket::{AuditFairing, AuditedRoutes, Auditor, Output, audit_exempt, audited};
use rocket::fairing::AdHoc;
use rocket::{get, post};
use serde_json::{Value, json};

#[audited(action = "layer.read", target = "layer/{name}")]
#[get("/layers/<name>?<format>")]
fn read(name: &str, format: Option<&str>) -> String {
    format!("{name} {format:?}")
}

#[post("/layers")]
#[audited(action = "layer.create", mode = "full")]
fn create() {}

#[audited(action = "file.read")]
#[get("/files/<path..>")]
fn file(path: std::path::PathBuf) -> String {
    path.display().to_string()
}

#[audited(action = "report.read")]
#[get("/report")]
fn report() {}

#[audited(action = "layer.forget")]
#[get("/forgotten")]
fn forgotten() {}

#[audited(action = "job.run")]
fn job() {}

#[audit_exempt(reason = "a probe")]
#[get("/health")]
fn health() {}

#[get("/plain")]
fn plain() {}

#[rocket::async_test]
async fn every_route_is_known_before_the_first_request() {
    let builder = Auditor::builder().output(Output::None).exclude("/internal");
    let auditor = builder.build().expect("the settings are good");
    let before = auditor.endpoints();
    assert!(!before.complete);
    let config = rocket::Config { log_level: rocket::config::LogLevel::Off, ..rocket::Config::default() };
    let rocket = rocket::custom(config)
        .attach(AuditFairing::new(auditor.clone()))
        .mount("/api/v1", rocket::routes![read, health].audited())
        .mount("/api/v2", rocket::routes![read].audited())
        .mount("/api/v1", audit_rocket::routes![create])
        .mount("/internal", rocket::routes![file].audited())
        .mount("/", rocket::routes![plain])
        .attach(AdHoc::on_ignite("late", |rocket| async { rocket.mount("/late", rocket::routes![report].audited()) }))
        .ignite()
        .await;
    rocket.expect("it ignites");
    let listing = auditor.endpoints();
    assert!(listing.complete);
    let expected = "\
audited endpoints: 5
  METHOD  PATH                    ACTION        MODE     DELIVERY
  POST    /api/v1/layers          layer.create  full     buffered
  GET     /api/v1/layers/{name}   layer.read    compact  buffered
  GET     /api/v2/layers/{name}   layer.read    compact  buffered
  GET     /internal/files/{*path}  file.read     compact  buffered
  GET     /late/report            report.read   compact  buffered
";
    let text = listing.to_string();
    let (table, rest) = split_table(&text);
    assert_eq!(squeezed(&table), squeezed(expected));
    assert_eq!(
        rest,
        [
            "  exempt: GET /api/v1/health (a probe)",
            "  warning: file.read at /internal/files/{*path} is annotated, but its path is excluded",
            "  never mounted: job.run, listing::job",
            "  never mounted: layer.forget, listing::forgotten",
            "  mounted, not annotated: GET /plain (plain)",
            "  never mounted: no route leads to it; it is a job, a part of a handler, or forgotten",
        ]
    );
    let json: Value = serde_json::from_str(&listing.to_json()).expect("it is JSON");
    let of = |action: &str| -> Vec<Value> {
        let all = json["endpoints"].as_array().expect("a list").iter();
        all.filter(|it| it["action"] == action).map(|it| json!([it["mount"], it["method"], it["path"]])).collect()
    };
    assert_eq!(of("layer.create"), [json!(["mounted", "POST", "/api/v1/layers"])]);
    assert_eq!(of("layer.forget"), [json!(["never", null, null])]);
    assert_eq!(of("layer.read").len(), 2);
}

/// The table, and the lines below it without the places of handlers.
fn split_table(listing: &str) -> (String, Vec<&str>) {
    let table: Vec<&str> = listing.lines().take_while(|line| !line.starts_with("  exempt")).collect();
    let rest = listing.lines().skip(table.len()).filter(|line| !line.is_empty());
    (table.join("\n"), rest.map(|line| line.split(" (audit-rocket/").next().unwrap_or(line)).collect())
}

/// However wide the columns are.
fn squeezed(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split_whitespace().collect()).collect()
}

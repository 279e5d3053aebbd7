//! The smallest audited Rocket service: `cargo run -p quickstart-rocket`, then
//! `curl -H 'content-type: application/json' -d '{"name":"rivers"}' http://127.0.0.1:8080/api/v1/layers`.

use std::time::Duration;

use audit_rocket::{Actor, AuditFairing, AuditedRoutes, Auditor, Captured, audited, set_actor};
use rocket::serde::json::Json;
use rocket::{Config, config::LogLevel, get, http::Status, post, routes};
use serde::{Deserialize, Serialize};
use tracing_subscriber::{filter::LevelFilter, fmt, prelude::*};

#[derive(Deserialize, Serialize)]
struct Layer {
    name: String,
}

#[audited(action = "layer.create")] // on top of the other attributes
#[post("/layers", data = "<layer>")]
async fn create_layer(layer: Captured<Json<Layer>>) -> (Status, Json<Layer>) {
    set_actor(Actor::user("admin").id(1)); // from your authentication
    (Status::Created, layer.into_inner())
}

#[audited(action = "layer.read", target = "layer/{name}")]
#[get("/layers/<name>")]
async fn read_layer(name: String) -> Json<Layer> {
    tracing::info!(target: "audit", cache = "miss"); // becomes part of the record
    Json(Layer { name })
}

#[rocket::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let auditor = Auditor::builder().env().build()?; // on; AUDIT_* may say otherwise
    tracing_subscriber::registry()
        .with(auditor.json_layer()) // tracing events of target "audit" become records too
        .with(fmt::layer().with_writer(std::io::stderr).with_filter(LevelFilter::WARN)) // Rocket's INFO shows whole URIs
        .init();
    let port = std::env::var("PORT").map_or(Ok(8080), |port| port.parse())?;
    let config = Config { port, log_level: LogLevel::Off, ..Config::default() }; // stdout is for records
    let rocket = rocket::custom(config)
        .mount("/api/v1", routes![create_layer, read_layer].audited())
        .attach(AuditFairing::new(auditor.clone())) // records: one JSON object a line, on stdout or in a file
        .ignite()
        .await?;
    eprintln!("{}", auditor.endpoints()); // what is audited, before the first request
    rocket.launch().await?;
    eprintln!("{}", auditor.shutdown(Duration::from_secs(10)));
    Ok(())
}

//! The smallest audited actix-web service: `cargo run -p quickstart-actix`, then
//! `curl -H 'content-type: application/json' -d '{"name":"rivers"}' http://127.0.0.1:8080/api/v1/layers`.

use std::time::Duration;

use actix_web::web::{Json, Path};
use actix_web::{App, HttpResponse, HttpServer, get};
use audit_actix::{Actor, AuditMiddleware, AuditedRoutes, Auditor, audited, set_actor, web};
use serde::{Deserialize, Serialize};
use tracing_subscriber::{filter::LevelFilter, fmt, prelude::*};

#[derive(Deserialize, Serialize)]
struct Layer {
    name: String,
}

#[audited(action = "layer.create")]
async fn create_layer(layer: Json<Layer>) -> HttpResponse {
    set_actor(Actor::user("admin").id(1)); // from your authentication
    HttpResponse::Created().json(layer)
}

#[audited(action = "layer.read", target = "layer/{name}")] // on top of the other attributes
#[get("/api/v1/layers/{name}")]
async fn read_layer(name: Path<String>) -> Json<Layer> {
    tracing::info!(target: "audit", cache = "miss"); // becomes part of the record
    Json(Layer { name: name.into_inner() })
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let auditor = Auditor::builder().env().build()?; // on; AUDIT_* may say otherwise
    tracing_subscriber::registry()
        .with(auditor.json_layer()) // tracing events of target "audit" become records too
        .with(fmt::layer().with_writer(std::io::stderr).with_filter(LevelFilter::INFO)) // the application's own log
        .init();
    let audit = auditor.clone();
    let app = move || {
        App::new()
            .audited_route("/api/v1/layers", web::post().to(create_layer))
            .service(read_layer)
            .wrap(AuditMiddleware::new(audit.clone())) // records: one JSON object a line, on stdout or in a file
    };
    drop(app()); // a worker makes its own, later; the listing knows its routes now
    eprintln!("{}", auditor.endpoints()); // what is audited, before the first request
    let port = std::env::var("PORT").map_or(Ok(8080), |port| port.parse())?;
    HttpServer::new(app).bind(("127.0.0.1", port))?.run().await?;
    eprintln!("{}", auditor.shutdown(Duration::from_secs(10)));
    Ok(())
}

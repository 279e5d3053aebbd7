//! The smallest audited axum service: `cargo run -p quickstart-axum`, then
//! `curl -H 'content-type: application/json' -d '{"name":"rivers"}' http://127.0.0.1:8080/api/v1/layers`.

use std::net::SocketAddr;
use std::time::Duration;

use audit_axum::{Actor, AuditLayer, Auditor, RouterExt, audited, routing::post, set_actor};
use axum::{Json, Router, extract::Path, http::StatusCode, routing::get};
use serde::{Deserialize, Serialize};
use tracing_subscriber::{fmt, prelude::*};

#[derive(Deserialize, Serialize)]
struct Layer {
    name: String,
}

#[audited(action = "layer.create")]
async fn create_layer(Json(layer): Json<Layer>) -> (StatusCode, Json<Layer>) {
    set_actor(Actor::user("admin").id(1)); // from your authentication
    (StatusCode::CREATED, Json(layer))
}

#[audited(action = "layer.read", target = "layer/{name}")]
async fn read_layer(Path(name): Path<String>) -> Json<Layer> {
    tracing::info!(target: "audit", cache = "miss"); // becomes part of the record
    Json(Layer { name })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let auditor = Auditor::builder().env().build()?; // on; AUDIT_* may say otherwise
    tracing_subscriber::registry()
        .with(auditor.json_layer()) // tracing events of target "audit" become records too
        .with(fmt::layer().with_writer(std::io::stderr)) // the application's own log
        .init();
    let app = Router::new()
        .audited_route("/api/v1/layers", post(create_layer))
        .route("/api/v1/layers/{name}", get(read_layer))
        .layer(AuditLayer::new(auditor.clone())); // records: one JSON object a line, on stdout or in a file
    eprintln!("{}", auditor.endpoints()); // what is audited, before the first request
    let port = std::env::var("PORT").map_or(Ok(8080), |port| port.parse())?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) })
        .await?;
    eprintln!("{}", auditor.shutdown(Duration::from_secs(10)));
    Ok(())
}

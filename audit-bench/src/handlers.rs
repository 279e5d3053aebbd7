//! The service: the same work in every scenario, with and without an annotation.

use audit_axum::{RouterExt, audited, routing as audited_routing};
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct NewLayer {
    name: String,
    title: String,
    crs: String,
    visible: bool,
    opacity: f64,
    connection: Connection,
    bbox: [f64; 4],
    tags: Vec<String>,
}

#[derive(Deserialize)]
struct Connection {
    host: String,
    port: u16,
    user: String,
    password: String,
}

#[derive(Serialize)]
struct Layer {
    id: u32,
    name: String,
    visible: bool,
}

fn read(name: String) -> Json<Layer> {
    Json(Layer { id: 42, name, visible: true })
}

fn create(layer: NewLayer) -> (StatusCode, Json<Layer>) {
    // As if it were stored: nothing of what was parsed may be optimised away.
    let layer = std::hint::black_box(layer);
    let NewLayer { name, title, crs, visible, opacity, connection, bbox, tags } = layer;
    let Connection { host, port, user, password } = connection;
    std::hint::black_box((title, crs, opacity, host, port, user, password, bbox, tags));
    (StatusCode::CREATED, Json(Layer { id: 42, name, visible }))
}

async fn read_layer(Path(name): Path<String>) -> Json<Layer> {
    read(name)
}

async fn create_layer(Json(layer): Json<NewLayer>) -> (StatusCode, Json<Layer>) {
    create(layer)
}

#[audited(action = "layer.read", target = "layer/{name}")]
async fn read_layer_audited(Path(name): Path<String>) -> Json<Layer> {
    read(name)
}

#[audited(action = "layer.create")]
async fn create_layer_audited(Json(layer): Json<NewLayer>) -> (StatusCode, Json<Layer>) {
    create(layer)
}

/// The service as one has it before anything is added.
pub(crate) fn bare() -> Router {
    Router::new().route("/api/v1/layers", post(create_layer)).route("/api/v1/layers/{name}", get(read_layer))
}

/// The same service with annotated handlers on wired routes.
pub(crate) fn annotated() -> Router {
    Router::new()
        .audited_route("/api/v1/layers", audited_routing::post(create_layer_audited))
        .audited_route("/api/v1/layers/{name}", audited_routing::get(read_layer_audited))
}

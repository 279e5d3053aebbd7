//! Answers that need nothing but the request's head, and JSON.

use audit_axum::{audit_exempt, audited, data};
use axum::Json;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

#[audited(action = "status.read", target = "status/{code}")]
pub(crate) async fn status(Path(code): Path<u16>) -> Response {
    of_status(code)
}

#[audited(action = "on_error.read", on = "error")]
pub(crate) async fn on_error(Path(code): Path<u16>) -> Response {
    of_status(code)
}

fn of_status(code: u16) -> Response {
    match StatusCode::from_u16(code) {
        Ok(status) => (status, format!("{code}\n")).into_response(),
        Err(_) => (StatusCode::BAD_REQUEST, "not a status\n").into_response(),
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Layer {
    name: String,
}

#[audited(action = "layer.create", target = "layer/{layer.name}")]
pub(crate) async fn json(Json(layer): Json<Layer>) -> (StatusCode, Json<Layer>) {
    data("length", layer.name.len());
    (StatusCode::CREATED, Json(layer))
}

#[audited(action = "item.read", target = "item/{id}")]
pub(crate) async fn item(Path(id): Path<u32>) -> String {
    format!("item {id}\n")
}

#[audited(action = "redirect.read")]
pub(crate) async fn redirect() -> (StatusCode, [(header::HeaderName, &'static str); 1]) {
    (StatusCode::SEE_OTHER, [(header::LOCATION, "/status/200")])
}

#[audited(action = "empty.read")]
pub(crate) async fn empty() -> StatusCode {
    StatusCode::NO_CONTENT
}

#[audited(action = "basic.read", mode = "basic")]
pub(crate) async fn basic() -> &'static str {
    "basic\n"
}

#[audit_exempt(reason = "asked every second by the load balancer")]
pub(crate) async fn health() -> &'static str {
    "ok\n"
}

pub(crate) async fn plain() -> &'static str {
    "plain\n"
}

//! Answers that need nothing but the request's head, and JSON.

use actix_web::http::{StatusCode, header};
use actix_web::web::{Json, Path};
use actix_web::{HttpResponse, get, post};
use audit_actix::{audit_exempt, audited, data};
use serde::{Deserialize, Serialize};

#[audited(action = "status.read", target = "status/{code}")]
pub(crate) async fn status(code: Path<u16>) -> HttpResponse {
    of_status(*code)
}

#[audited(action = "on_error.read", on = "error")]
pub(crate) async fn on_error(code: Path<u16>) -> HttpResponse {
    of_status(*code)
}

fn of_status(code: u16) -> HttpResponse {
    match StatusCode::from_u16(code) {
        Ok(status) => HttpResponse::build(status).content_type("text/plain").body(format!("{code}\n")),
        Err(_) => HttpResponse::BadRequest().content_type("text/plain").body("not a status\n"),
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Layer {
    name: String,
}

#[audited(action = "layer.create", target = "layer/{layer.name}")]
#[post("/json")]
pub(crate) async fn json(layer: Json<Layer>) -> HttpResponse {
    data("length", layer.name.len());
    HttpResponse::Created().json(layer)
}

#[audited(action = "item.read", target = "item/{id}")]
#[get("/items/{id}")]
pub(crate) async fn item(id: Path<u32>) -> String {
    format!("item {id}\n")
}

#[audited(action = "redirect.read")]
#[get("/redirect")]
pub(crate) async fn redirect() -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, "/status/200")).finish()
}

#[audited(action = "empty.read")]
pub(crate) async fn empty() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

#[audited(action = "basic.read", mode = "basic")]
pub(crate) async fn basic() -> &'static str {
    "basic\n"
}

#[audit_exempt(reason = "asked every second by the load balancer")]
#[get("/health")]
pub(crate) async fn health() -> &'static str {
    "ok\n"
}

pub(crate) async fn plain() -> &'static str {
    "plain\n"
}

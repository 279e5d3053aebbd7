//! Answers that need nothing but the request's head, and JSON.

use audit_rocket::{Captured, audit_exempt, audited, data};
use rocket::http::Status;
use rocket::response::Redirect;
use rocket::response::status::NoContent;
use rocket::serde::json::Json;
use rocket::{Route, get, post, routes};
use serde::{Deserialize, Serialize};

#[audited(action = "status.read", target = "status/{code}")]
#[get("/status/<code>")]
pub(crate) async fn status(code: u16) -> (Status, String) {
    of_status(code)
}

#[audited(action = "on_error.read", on = "error")]
#[get("/on-error/<code>")]
pub(crate) async fn on_error(code: u16) -> (Status, String) {
    of_status(code)
}

fn of_status(code: u16) -> (Status, String) {
    if (100..1000).contains(&code) {
        (Status::new(code), format!("{code}\n"))
    } else {
        (Status::BadRequest, "not a status\n".to_owned())
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Layer {
    name: String,
}

#[audited(action = "layer.create", target = "layer/{layer.name}")]
#[post("/json", data = "<layer>")]
pub(crate) async fn json(layer: Captured<Json<Layer>>) -> (Status, Json<Layer>) {
    data("length", layer.name.len());
    (Status::Created, layer.into_inner())
}

// The other way round, for `audit_rocket::routes!` knows it by its type.
#[get("/items/<id>")]
#[audited(action = "item.read", target = "item/{id}")]
pub(crate) async fn item(id: u32) -> String {
    format!("item {id}\n")
}

#[audited(action = "redirect.read")]
#[get("/redirect")]
pub(crate) async fn redirect() -> Redirect {
    Redirect::to("/status/200")
}

#[audited(action = "empty.read")]
#[get("/empty")]
pub(crate) async fn empty() -> NoContent {
    NoContent
}

#[audited(action = "basic.read", mode = "basic")]
#[get("/basic")]
pub(crate) async fn basic() -> &'static str {
    "basic\n"
}

#[audit_exempt(reason = "asked every second by the load balancer")]
#[get("/health")]
pub(crate) async fn health() -> &'static str {
    "ok\n"
}

/// Routes that nobody annotated.
pub(crate) fn plain() -> Vec<Route> {
    routes![below_plain, below_api, below_app, below_static]
}

#[get("/plain/<_>")]
async fn below_plain() -> &'static str {
    "plain\n"
}

#[get("/api/plain")]
async fn below_api() -> &'static str {
    "plain\n"
}

#[get("/app/<_>")]
async fn below_app() -> &'static str {
    "plain\n"
}

#[get("/app/static/<_>")]
async fn below_static() -> &'static str {
    "plain\n"
}

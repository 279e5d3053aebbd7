//! Above and below the attributes that handlers carry most.

#![deny(warnings)]
#![forbid(unsafe_code)]

use audit_core::{audit_exempt, audited};
use axum::debug_handler;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use tracing::instrument;

#[audited("stack.handler_below", target = "layer/{name}")]
#[debug_handler]
async fn handler_below(Path(name): Path<String>) -> Result<String, StatusCode> {
    if name.is_empty() {
        return Err(StatusCode::NOT_FOUND);
    }
    Ok(name)
}

#[debug_handler]
#[audited("stack.handler_above", target = "layer/{name}")]
async fn handler_above(Path(name): Path<String>) -> Result<impl IntoResponse, (StatusCode, String)> {
    if name.is_empty() {
        return Err((StatusCode::NOT_FOUND, name));
    }
    Ok(name)
}

#[debug_handler]
#[audit_exempt(reason = "a probe")]
async fn exempt() -> impl IntoResponse {
    StatusCode::NO_CONTENT
}

#[audited("stack.instrument_below", target = "layer/{name}")]
#[instrument(skip(name), err)]
async fn instrument_below(name: String) -> Result<String, std::fmt::Error> {
    Ok(name)
}

#[instrument(ret)]
#[audited("stack.instrument_above", target = "layer/{name}")]
async fn instrument_above(name: String) -> Result<String, std::fmt::Error> {
    Ok(name)
}

#[instrument]
#[audited("stack.instrument_sync", target = "layer/{name}")]
fn instrument_sync(name: &str) -> &str {
    name
}

#[audited("stack.all", target = "layer/{name}")]
#[instrument]
#[debug_handler]
async fn all(Path(name): Path<String>) -> impl IntoResponse {
    name
}

fn is_handler<H: axum::handler::Handler<T, ()>, T>(_: H) {}

fn main() {
    is_handler(handler_below);
    is_handler(handler_above);
    is_handler(exempt);
    is_handler(all);
    assert_eq!(instrument_sync("a"), "a");
    drop((instrument_below(String::new()), instrument_above(String::new())));
}

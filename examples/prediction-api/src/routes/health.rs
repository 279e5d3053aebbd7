//! Whether the service answers.

use audit_axum::audit_exempt;
use axum::Json;
use serde_json::{Value, json};

/// Tells that the service answers
#[audit_exempt(reason = "asked every few seconds by whoever watches the service; tells and changes nothing")]
#[utoipa::path(
    get, path = "/health", tag = "Health",
    responses((status = 200, description = "It does.", body = Object, example = json!({"status": "ok"}))),
)]
pub(crate) async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

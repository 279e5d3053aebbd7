//! Whether the service answers.

use audit_axum::audit_exempt;
use axum::Json;
use serde_json::{Value, json};

#[audit_exempt(reason = "asked every few seconds by whoever watches the service; tells and changes nothing")]
pub(crate) async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

//! A JSON object as a body, or a refusal that says what is wrong with it.
//!
//! An object and nothing else: a list of the right length would do for a struct, too, but its values have no names by
//! which a record could tell a password from anything else.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::app::App;
use crate::error::ApiError;

/// How much is told of what is wrong, in characters.
const TOLD_CHARS: usize = 200;

/// A body that is an object, and a `T`.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        read_object(request, app).await.map(Self).map_err(ApiError::before_handler)
    }
}

/// Reads the body; what is wrong with it is not in the record yet.
pub(crate) async fn read_object<T: DeserializeOwned>(request: Request, app: &App) -> Result<T, ApiError> {
    let raw = Json::<Box<RawValue>>::from_request(request, app).await;
    let Json(raw) = raw.map_err(|rejection| refusal(&rejection))?;
    if !raw.get().starts_with('{') {
        return Err(ApiError::Body("expected an object".to_owned()));
    }
    let Json(body) = Json::from_bytes(raw.get().as_bytes()).map_err(|rejection| refusal(&rejection))?;
    Ok(body)
}

fn refusal(rejection: &JsonRejection) -> ApiError {
    match rejection {
        rejection if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge,
        JsonRejection::MissingJsonContentType(_) => {
            ApiError::Body("expected content-type: application/json".to_owned())
        }
        // It may repeat what was sent.
        rejection => ApiError::Body(rejection.body_text().chars().take(TOLD_CHARS).collect()),
    }
}

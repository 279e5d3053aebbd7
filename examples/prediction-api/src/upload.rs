//! An uploaded file: the field `file` of a multipart form (RFC 7578).

use axum::body::Bytes;
use axum::extract::multipart::{Multipart, MultipartError};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;

use crate::app::App;
use crate::error::ApiError;

/// The field that carries the file.
const FIELD: &str = "file";

/// The bytes of the file: at least one, and no more than the route's bound on bodies lets through.
pub(crate) struct Upload(pub(crate) Bytes);

/// The form, as the API's description has it.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "a schema; the form is read as it streams")]
pub(crate) struct Image {
    /// PNG or JPEG, 4 MiB with the form.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

impl FromRequest<App> for Upload {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        read(request, app).await.map_err(ApiError::before_handler)
    }
}

/// Reads the whole form, so that the connection can be used again; of several files the first counts.
async fn read(request: Request, app: &App) -> Result<Upload, ApiError> {
    // Not a form: no file in it, as the Flask application says.
    let mut form = Multipart::from_request(request, app).await.map_err(|_| ApiError::NoFile)?;
    let mut found = None;
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        // A field without a file name is a text, whatever it is called.
        let file_name = (field.name() == Some(FIELD)).then(|| field.file_name().map(str::to_owned)).flatten();
        let bytes = field.bytes().await.map_err(unreadable)?;
        if let (Some(name), None) = (file_name, &found) {
            found = Some((name, bytes));
        }
    }
    match found {
        None => Err(ApiError::NoFile),
        Some((name, bytes)) if name.is_empty() || bytes.is_empty() => Err(ApiError::EmptyFile),
        Some((_, bytes)) => Ok(Upload(bytes)),
    }
}

fn unreadable(error: MultipartError) -> ApiError {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge,
        _ => ApiError::UnreadableForm,
    }
}

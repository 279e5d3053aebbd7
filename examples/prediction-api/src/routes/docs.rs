//! The API's description, for machines and for people: `/openapi.json` and `/docs/`.

use std::sync::Arc;

use audit_axum::audit_exempt;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use utoipa_swagger_ui::Config;

use crate::app::App;
use crate::error::ApiError;

/// What the page may load: its own files, styles that its scripts write, and the pictures that are in its styles.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                                       frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

#[audit_exempt(reason = "the same description for everybody")]
pub(crate) async fn openapi(State(app): State<App>) -> ([(HeaderName, &'static str); 1], String) {
    ([(header::CONTENT_TYPE, "application/json")], app.description().to_owned())
}

#[audit_exempt(reason = "a page that is the same for everybody")]
pub(crate) async fn docs() -> Redirect {
    // The page names its files relative to itself.
    Redirect::permanent("/docs/")
}

#[audit_exempt(reason = "a page that is the same for everybody")]
pub(crate) async fn docs_page() -> Result<Response, ApiError> {
    asset("index.html")
}

#[audit_exempt(reason = "a file of a page that is the same for everybody")]
pub(crate) async fn docs_file(file: Result<Path<String>, PathRejection>) -> Result<Response, ApiError> {
    let Path(file) = file.map_err(|_| ApiError::NoSuchPath)?;
    asset(&file)
}

fn asset(file: &str) -> Result<Response, ApiError> {
    let config = Config::from("/openapi.json").show_extensions(true).try_it_out_enabled(true).validator_url("none");
    let found = utoipa_swagger_ui::serve(file, Arc::new(config)).map_err(|error| ApiError::Page(error.to_string()))?;
    let found = found.ok_or(ApiError::NoSuchPath)?;
    let kind = HeaderValue::from_str(&found.content_type).map_err(|error| ApiError::Page(error.to_string()))?;
    let policy = HeaderValue::from_static(CONTENT_SECURITY_POLICY);
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, policy)];
    Ok((headers, found.bytes.into_owned()).into_response())
}

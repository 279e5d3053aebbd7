//! What is done with a request's body.

use audit_axum::audited;
use audit_conformance::echo::Digest;
use audit_conformance::echo::gates::gate;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request};
use axum::http::{StatusCode, header};
use axum::response::Response;
use http_body_util::BodyExt as _;

#[audited(action = "echo.send")]
pub(crate) async fn echo(request: Request) -> Response {
    let kind = request.headers().get(header::CONTENT_TYPE).cloned();
    let mut response = Response::new(request.into_body());
    if let Some(kind) = kind {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}

#[audited(action = "sink.send")]
pub(crate) async fn sink(request: Request) -> Result<String, (StatusCode, String)> {
    let length = rest_of(&mut request.into_body()).await;
    length.map(|length| length.to_string()).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))
}

#[audited(action = "digest.send")]
pub(crate) async fn digest(request: Request) -> Result<String, (StatusCode, &'static str)> {
    let mut body = request.into_body();
    let mut digest = Digest::default();
    while let Some(chunk) = chunk_of(&mut body).await.map_err(|_| (StatusCode::BAD_REQUEST, "cut\n"))? {
        digest.add(&chunk);
    }
    Ok(digest.to_string())
}

#[audited(action = "slow_read.send")]
pub(crate) async fn slow_read(
    Path(name): Path<String>,
    request: Request,
) -> Result<String, (StatusCode, &'static str)> {
    let mut body = request.into_body();
    let cut = |_| (StatusCode::BAD_REQUEST, "cut\n");
    let first = chunk_of(&mut body).await.map_err(cut)?;
    gate(&name).pass().await;
    let rest = rest_of(&mut body).await.map_err(cut)?;
    Ok(format!("{}\n", first.map_or(0, |chunk| chunk.len() as u64) + rest))
}

#[audited(action = "unread.send")]
pub(crate) async fn unread() -> &'static str {
    "unread\n"
}

#[audited(action = "basic.send", mode = "basic")]
pub(crate) async fn basic(_: Bytes) -> &'static str {
    "basic\n"
}

#[audited(action = "full.send", mode = "full")]
pub(crate) async fn full(_: Bytes) -> &'static str {
    "full\n"
}

/// The next chunk of data, if any comes.
pub(crate) async fn chunk_of(body: &mut Body) -> Result<Option<Bytes>, axum::Error> {
    while let Some(frame) = body.frame().await {
        if let Ok(chunk) = frame?.into_data() {
            return Ok(Some(chunk));
        }
    }
    Ok(None)
}

/// Reads what is left and gives its length.
pub(crate) async fn rest_of(body: &mut Body) -> Result<u64, axum::Error> {
    let mut length = 0;
    while let Some(chunk) = chunk_of(body).await? {
        length += chunk.len() as u64;
    }
    Ok(length)
}

//! What is done with a request's body.

use actix_web::error::{ErrorBadRequest, PayloadError};
use actix_web::http::header;
use actix_web::web::{Bytes, Path, Payload};
use actix_web::{Error, HttpRequest, HttpResponse, post};
use audit_actix::audited;
use audit_conformance::echo::Digest;
use audit_conformance::echo::gates::gate;
use tokio_stream::StreamExt as _;

#[audited(action = "echo.send")]
pub(crate) async fn echo(request: HttpRequest, body: Payload) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    if let Some(kind) = request.headers().get(header::CONTENT_TYPE) {
        response.insert_header((header::CONTENT_TYPE, kind));
    }
    response.streaming(body)
}

#[audited(action = "sink.send")]
pub(crate) async fn sink(mut body: Payload) -> Result<String, Error> {
    let length = rest_of(&mut body).await.map_err(ErrorBadRequest)?;
    Ok(length.to_string())
}

#[audited(action = "digest.send")]
pub(crate) async fn digest(mut body: Payload) -> Result<String, Error> {
    let mut digest = Digest::default();
    while let Some(chunk) = body.next().await {
        digest.add(&chunk.map_err(|_| ErrorBadRequest("cut\n"))?);
    }
    Ok(digest.to_string())
}

#[audited(action = "slow_read.send")]
pub(crate) async fn slow_read(name: Path<String>, mut body: Payload) -> Result<String, Error> {
    let cut = |_| ErrorBadRequest("cut\n");
    let first = body.next().await.transpose().map_err(cut)?;
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
#[post("/full")]
pub(crate) async fn full(_: Bytes) -> &'static str {
    "full\n"
}

/// Reads what is left and gives its length.
pub(crate) async fn rest_of(body: &mut Payload) -> Result<u64, PayloadError> {
    let mut length = 0;
    while let Some(chunk) = body.next().await {
        length += chunk?.len() as u64;
    }
    Ok(length)
}

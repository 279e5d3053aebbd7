//! Panics and errors.

use std::convert::Infallible;
use std::future::Ready;
use std::io;

use audit_axum::audited;
use audit_conformance::echo::{BROKEN, blocking};
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use tokio_stream::StreamExt as _;

use super::bodies::{chunk_of, rest_of};

#[audited(action = "panic.trigger")]
pub(crate) async fn panic() -> StatusCode {
    panic!("this route panics on purpose")
}

#[audited(action = "on_error.panic", on = "error")]
pub(crate) async fn on_error_panic() -> StatusCode {
    panic!("this route panics on purpose")
}

/// Panics where it is called, before there is a future.
#[audited(action = "panic.at_once")]
pub(crate) fn panic_at_once() -> Ready<StatusCode> {
    panic!("this function panics on purpose")
}

#[audited(action = "panic.body")]
pub(crate) async fn panic_when(Path(when): Path<String>, request: Request) -> StatusCode {
    if !read(&when, request).await {
        return StatusCode::NOT_FOUND;
    }
    panic!("panic {when} reading")
}

#[audited(action = "panic.blocking_body")]
pub(crate) async fn panic_blocking_when(Path(when): Path<String>, request: Request) -> StatusCode {
    if read(&when, request).await {
        blocking::panics_when(&when).await;
    }
    StatusCode::NOT_FOUND
}

/// Reads as much of the body as this word says, if it says it.
async fn read(when: &str, request: Request) -> bool {
    let mut body = request.into_body();
    // What the body says is of no matter to somebody who panics anyway.
    match when {
        "before" => {}
        "during" => drop(chunk_of(&mut body).await),
        "after" => drop(rest_of(&mut body).await),
        _ => return false,
    }
    true
}

#[audited(action = "panic.blocking")]
pub(crate) async fn panic_blocking() {
    blocking::panics().await;
}

#[audited(action = "panic.stream")]
pub(crate) async fn panic_stream() -> Body {
    Body::from_stream(tokio_stream::iter([true, false]).map(|fine| {
        assert!(fine, "the stream panics on purpose");
        Ok::<_, Infallible>("first\n")
    }))
}

#[audited(action = "broken.stream")]
pub(crate) async fn broken_stream() -> Body {
    Body::from_stream(tokio_stream::iter([Ok("first\n"), Err(io::Error::other(BROKEN))]))
}

//! Panics and errors.

use std::convert::Infallible;
use std::future::Ready;
use std::io;

use actix_web::web::{Bytes, Path, Payload};
use actix_web::{HttpResponse, post};
use audit_actix::audited;
use audit_conformance::echo::{BROKEN, blocking};
use tokio_stream::StreamExt as _;

use super::bodies::rest_of;

#[audited(action = "panic.trigger")]
pub(crate) async fn panic() -> HttpResponse {
    panic!("this route panics on purpose")
}

#[audited(action = "on_error.panic", on = "error")]
pub(crate) async fn on_error_panic() -> HttpResponse {
    panic!("this route panics on purpose")
}

/// Panics where it is called, before there is a future.
#[audited(action = "panic.at_once")]
pub(crate) fn panic_at_once() -> Ready<HttpResponse> {
    panic!("this function panics on purpose")
}

#[audited(action = "panic.body")]
#[post("/panic/{when}")]
pub(crate) async fn panic_when(when: Path<String>, body: Payload) -> HttpResponse {
    if !read(&when, body).await {
        return HttpResponse::NotFound().finish();
    }
    panic!("panic {when} reading")
}

#[audited(action = "panic.blocking_body")]
pub(crate) async fn panic_blocking_when(when: Path<String>, body: Payload) -> HttpResponse {
    if read(&when, body).await {
        blocking::panics_when(&when).await;
    }
    HttpResponse::NotFound().finish()
}

/// Reads as much of the body as this word says, if it says it.
async fn read(when: &str, mut body: Payload) -> bool {
    // What the body says is of no matter to somebody who panics anyway.
    match when {
        "before" => {}
        "during" => drop(body.next().await),
        "after" => drop(rest_of(&mut body).await),
        _ => return false,
    }
    true
}

#[audited(action = "panic.blocking")]
pub(crate) async fn panic_blocking() -> HttpResponse {
    blocking::panics().await;
    HttpResponse::Ok().finish()
}

#[audited(action = "panic.stream")]
pub(crate) async fn panic_stream() -> HttpResponse {
    HttpResponse::Ok().streaming(tokio_stream::iter([true, false]).map(|fine| {
        assert!(fine, "the stream panics on purpose");
        Ok::<_, Infallible>(Bytes::from_static(b"first\n"))
    }))
}

#[audited(action = "broken.stream")]
pub(crate) async fn broken_stream() -> HttpResponse {
    let pieces = [Ok(Bytes::from_static(b"first\n")), Err(io::Error::other(BROKEN))];
    HttpResponse::Ok().streaming(tokio_stream::iter(pieces))
}

//! Panics and errors.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use audit_conformance::echo::{BROKEN, blocking};
use audit_rocket::{CapturedData, audited};
use rocket::http::Status;
use rocket::response::Responder;
use rocket::response::stream::TextStream;
use rocket::tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};
use rocket::{Request, Response, get, post, response};

use super::bodies::{piece_of, rest_of, whole};

#[audited(action = "panic.trigger")]
#[get("/panic")]
pub(crate) async fn panic() -> Status {
    panic!("this route panics on purpose")
}

#[audited(action = "on_error.panic", on = "error")]
#[get("/on-error-panic")]
pub(crate) async fn on_error_panic() -> Status {
    panic!("this route panics on purpose")
}

/// Panics where it is called, before there is a future.
#[audited(action = "panic.at_once")]
#[get("/panic-at-once")]
pub(crate) fn panic_at_once() -> Status {
    panic!("this function panics on purpose")
}

#[audited(action = "panic.body")]
#[post("/panic/<when>", data = "<body>")]
pub(crate) async fn panic_when(when: &str, body: CapturedData<'_>) -> Status {
    if !read(when, body).await {
        return Status::NotFound;
    }
    panic!("panic {when} reading")
}

#[audited(action = "panic.blocking_body")]
#[post("/panic-blocking/<when>", data = "<body>")]
pub(crate) async fn panic_blocking_when(when: &str, body: CapturedData<'_>) -> Status {
    if read(when, body).await {
        blocking::panics_when(when).await;
    }
    Status::NotFound
}

/// Reads as much of the body as this word says, if it says it.
async fn read(when: &str, body: CapturedData<'_>) -> bool {
    let mut body = whole(body);
    // What the body says is of no matter to somebody who panics anyway.
    match when {
        "before" => {}
        "during" => drop(piece_of(&mut body).await),
        "after" => drop(rest_of(&mut body).await),
        _ => return false,
    }
    true
}

#[audited(action = "panic.blocking")]
#[get("/panic-blocking")]
pub(crate) async fn panic_blocking() {
    blocking::panics().await;
}

#[audited(action = "panic.stream")]
#[get("/panic-stream")]
pub(crate) async fn panic_stream() -> TextStream![&'static str] {
    TextStream! {
        for fine in [true, false] {
            assert!(fine, "the stream panics on purpose");
            yield "first\n";
        }
    }
}

#[audited(action = "broken.stream")]
#[get("/broken-stream")]
pub(crate) async fn broken_stream() -> Broken {
    Broken
}

/// A body that breaks, or one that begins well.
pub(crate) struct Broken;

impl AsyncRead for Broken {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::Error::other(BROKEN)))
    }
}

impl<'r> Responder<'r, 'static> for Broken {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Response::build().streamed_body(b"first\n".chain(self)).ok()
    }
}

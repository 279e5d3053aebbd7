//! An answer's body, observed as Rocket reads it: never consumed, delayed or held.

use std::io::{Error, ErrorKind, Result, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use audit_core::exchange::Watch;
use rocket::response::Body;
use rocket::tokio::io::{AsyncRead, AsyncSeek, ReadBuf};

/// A body with the exchange whose record is written when Rocket has asked for its end, or drops it before.
pub(crate) struct Watched<'r> {
    body: Option<Body<'r>>,
    watch: Watch,
}

impl<'r> Watched<'r> {
    pub(crate) fn new(body: Body<'r>, watch: Watch) -> Self {
        Self { body: Some(body), watch }
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        let body = &mut self.body;
        self.watch.end(|| *body = None);
    }
}

impl AsyncRead for Watched<'_> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let Self { body, watch } = &mut *self;
        let Some(body) = body else { return Poll::Ready(Ok(())) };
        let before = buffer.filled().len();
        let is_asked = buffer.remaining() > 0;
        let result = ready!(watch.enter(|| Pin::new(body).poll_read(cx, buffer)));
        if let Some(exchange) = watch.exchange() {
            match (&result, buffer.filled().get(before..)) {
                (Err(error), _) => exchange.note_error(error),
                (Ok(()), Some(piece)) if !piece.is_empty() => exchange.sent(piece),
                // Rocket asks for more only after it has handed on what it had: this is the end, and it took it.
                (Ok(()), _) if is_asked => exchange.complete(),
                (Ok(()), _) => {}
            }
        }
        Poll::Ready(result)
    }
}

/// Rocket seeks in a body only to learn its size, which this one's is told.
impl AsyncSeek for Watched<'_> {
    fn start_seek(self: Pin<&mut Self>, _: SeekFrom) -> Result<()> {
        Err(Error::new(ErrorKind::Unsupported, "an observed body is read from its beginning to its end"))
    }

    fn poll_complete(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<u64>> {
        Poll::Ready(Ok(0))
    }
}

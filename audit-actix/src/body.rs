//! Bodies that are observed as they pass: never consumed, delayed or held.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use audit_core::exchange::{BodyTap, Watch, client_left};
use bytes::Bytes;
use futures_core::Stream;
use pin_project_lite::pin_project;

pin_project! {
    /// An answer's body, with the exchange whose record is written when the last byte was taken or the body is
    /// dropped before.
    pub struct AuditBody<B> {
        #[pin]
        inner: Option<B>,
        watch: Watch,
    }

    impl<B> PinnedDrop for AuditBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.watch.end(|| this.inner.set(None));
        }
    }
}

impl<B> AuditBody<B> {
    pub(crate) fn new(inner: B, watch: Watch) -> Self {
        Self { inner: Some(inner), watch }
    }

    /// The body of an answer that is a head alone.
    pub(crate) fn empty(watch: Watch) -> Self {
        Self { inner: None, watch }
    }
}

impl<B: MessageBody> MessageBody for AuditBody<B> {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.inner.as_ref().map_or(BodySize::None, MessageBody::size)
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else { return Poll::Ready(None) };
        let piece = ready!(this.watch.enter(|| inner.poll_next(cx))).map(|piece| piece.map_err(Into::into));
        let Some(exchange) = this.watch.exchange() else { return Poll::Ready(piece) };
        match &piece {
            Some(Ok(chunk)) => exchange.sent(chunk),
            Some(Err(error)) => exchange.note_error(error),
            // The record is written when the framework lets go of the body: its destructors may still add to it.
            None => exchange.complete(),
        }
        Poll::Ready(piece)
    }

    fn try_into_bytes(mut self) -> Result<Bytes, Self> {
        let Some(inner) = self.inner.take() else { return Err(self) };
        match inner.try_into_bytes() {
            Ok(bytes) => {
                if let Some(exchange) = self.watch.exchange() {
                    exchange.sent(&bytes);
                    exchange.complete();
                }
                Ok(bytes)
            }
            Err(inner) => {
                self.inner = Some(inner);
                Err(self)
            }
        }
    }
}

pin_project! {
    /// A request's body, observed as the handler reads it.
    pub(crate) struct TapPayload {
        #[pin]
        inner: Payload,
        tap: BodyTap,
    }
}

impl TapPayload {
    pub(crate) fn around(inner: Payload, tap: BodyTap) -> Payload {
        Payload::Stream { payload: Box::pin(Self { inner, tap }) }
    }
}

impl Stream for TapPayload {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let piece = ready!(this.inner.poll_next(cx));
        match &piece {
            Some(Ok(chunk)) => this.tap.push(chunk),
            Some(Err(error)) if client_left(error, is_cut) => this.tap.client_gone(),
            Some(Err(_)) => {}
            None => this.tap.complete(),
        }
        Poll::Ready(piece)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}

/// How actix says that a connection ended inside a message, or that the client reset its stream.
fn is_cut(error: &(dyn Error + 'static)) -> bool {
    match error.downcast_ref() {
        Some(PayloadError::Incomplete(_)) => true,
        #[cfg(feature = "http2")]
        Some(PayloadError::Http2Payload(error)) => error.is_io() || error.is_remote(),
        _ => false,
    }
}

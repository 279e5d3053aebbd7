//! Bodies that are observed as they pass: never consumed, delayed or held.

use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use audit_core::exchange::{BodyTap, Watch, client_left};
use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
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

impl<B> HttpBody for AuditBody<B>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Display,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        let Some(mut inner) = this.inner.as_pin_mut() else { return Poll::Ready(None) };
        let frame = ready!(this.watch.enter(|| inner.as_mut().poll_frame(cx)));
        let Some(exchange) = this.watch.exchange() else { return Poll::Ready(frame) };
        match &frame {
            Some(Ok(frame)) => {
                if let Some(chunk) = frame.data_ref() {
                    exchange.sent(chunk);
                }
                if inner.is_end_stream() {
                    exchange.complete();
                }
            }
            Some(Err(error)) => exchange.note_error(error),
            // The record is written when the framework lets go of the body: its destructors may still add to it.
            None => exchange.complete(),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

/// A request's body, observed as the handler reads it.
pub(crate) struct TapBody {
    inner: Body,
    tap: BodyTap,
}

impl TapBody {
    pub(crate) fn around(inner: Body, tap: BodyTap) -> Body {
        Body::new(Self { inner, tap })
    }
}

impl HttpBody for TapBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(chunk) = frame.data_ref() {
                    self.tap.push(chunk);
                }
                if self.inner.is_end_stream() {
                    self.tap.complete();
                }
            }
            Some(Err(error)) if client_left(error, is_cut) => self.tap.client_gone(),
            Some(Err(_)) => {}
            // When its connection is dropped, hyper ends a body before its declared length as if it were whole.
            None if self.inner.size_hint().lower() > 0 => {}
            None => self.tap.complete(),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// How hyper says that a connection ended inside a message.
fn is_cut(error: &(dyn std::error::Error + 'static)) -> bool {
    let hyper = error.downcast_ref::<hyper::Error>();
    hyper.is_some_and(|error| error.is_incomplete_message() || error.is_canceled()) || is_reset(error)
}

/// How HTTP/2 says that the client gave its stream or its connection up.
#[cfg(feature = "http2")]
fn is_reset(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<h2::Error>().is_some_and(|error| error.is_remote() || error.is_io())
}

#[cfg(not(feature = "http2"))]
fn is_reset(_: &(dyn std::error::Error + 'static)) -> bool {
    false
}

//! The service that [`AuditLayer`](crate::AuditLayer) makes, and its future.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use audit_core::exchange::{self, AuditedCall, Exchange, Refusal, ResponseHead, Start, Watch};
use audit_core::{Auditor, Scope};
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::body::{AuditBody, TapBody};
use crate::head::{Map, describe};
use crate::layer::{Resolver, actor_in};

const AUDIT_ID: HeaderName = HeaderName::from_static(exchange::AUDIT_ID);

/// A service whose requests are audited.
#[derive(Clone)]
pub struct AuditService<S> {
    pub(crate) inner: S,
    pub(crate) auditor: Auditor,
    pub(crate) resolver: Resolver,
}

/// In a request's extensions: a layer records it.
#[derive(Clone)]
pub(crate) struct Covered {
    pub(crate) resolver: Resolver,
    /// The handler may run in a task that something between spawned, where no exchange is the current one.
    pub(crate) scope: Scope,
}

/// In a request's extensions: a layer saw it and does not record it, because auditing is off or the path is excluded.
/// Empty, so that it takes no memory of its own.
#[derive(Clone)]
pub(crate) struct PassedOver;

impl<S, B> Service<Request<Body>> for AuditService<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone,
    B: HttpBody<Data = Bytes>,
    B::Error: Display,
{
    type Response = Response<AuditBody<B>>;
    type Error = S::Error;
    type Future = AuditFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> AuditFuture<S, B> {
        let extensions = request.extensions();
        let resolver = self.resolver.clone();
        if extensions.get::<Covered>().is_some() || extensions.get::<PassedOver>().is_some() {
            return AuditFuture::new(AuditedCall::passing(self.inner.call(request)), resolver);
        }
        match begin(&self.auditor, &self.resolver, &mut request) {
            None => {
                request.extensions_mut().insert(PassedOver);
                AuditFuture::new(AuditedCall::unrecorded(|| self.inner.call(request)), resolver)
            }
            Some(exchange) => {
                let covered = Covered { resolver: self.resolver.clone(), scope: exchange.scope() };
                request.extensions_mut().insert(covered);
                // The service that was polled ready is the one to call; a clone takes its place.
                let clone = self.inner.clone();
                let service = std::mem::replace(&mut self.inner, clone);
                AuditFuture::new(AuditedCall::watching(exchange, InnerCall { service, request }), resolver)
            }
        }
    }
}

/// Begins an exchange for a request and observes its body.
pub(crate) fn begin(auditor: &Auditor, resolver: &Resolver, request: &mut Request<Body>) -> Option<Exchange> {
    // Before anything is looked up.
    if !auditor.is_enabled() {
        return None;
    }
    let exchange = {
        let headers = Map(request.headers());
        auditor.begin(&describe(request, &headers))?
    };
    if let Some(actor) = actor_in(request.extensions(), resolver) {
        exchange.scope().resolve_actor(actor);
    }
    if !request.body().is_end_stream() {
        let body = std::mem::take(request.body_mut());
        *request.body_mut() = TapBody::around(body, exchange.request_tap());
    }
    Some(exchange)
}

/// Notes the answer's head, if an exchange watches it.
fn note_head<B: HttpBody<Data = Bytes>>(watch: &mut Watch, resolver: &Resolver, response: &mut Response<B>) {
    let Some(exchange) = watch.exchange() else { return };
    if let Some(actor) = actor_in(response.extensions(), resolver) {
        exchange.scope().set_actor(actor);
    }
    let id = {
        let headers = Map(response.headers());
        let mut head = ResponseHead::new(response.status().as_u16(), &headers);
        head.exact_length = response.body().size_hint().exact();
        head.ended = response.body().is_end_stream();
        exchange.respond(&head)
    };
    if let Some(id) = id.and_then(|id| HeaderValue::try_from(id).ok()) {
        response.headers_mut().insert(AUDIT_ID, id);
    }
}

/// What the inner service gave, which waits until it may leave.
pub(crate) enum Leaving<B, E> {
    Answer(Response<AuditBody<B>>),
    Error(E, Watch),
}

impl<B: HttpBody<Data = Bytes>, E> Leaving<B, E> {
    /// Notes the answer's head, and moves the watch into its body; or notes that there is none.
    pub(crate) fn new(mut watch: Watch, resolver: &Resolver, result: Result<Response<B>, E>) -> Self {
        match result {
            Ok(mut response) => {
                note_head(&mut watch, resolver, &mut response);
                Self::Answer(response.map(|body| AuditBody::new(body, watch)))
            }
            Err(error) => {
                if let Some(exchange) = watch.exchange() {
                    exchange.give_up();
                }
                Self::Error(error, watch)
            }
        }
    }

    /// Waits for what it waits for, and stands aside meanwhile: few have to, and a future has room for all.
    pub(crate) fn poll(
        mut self,
        aside: &mut Option<Box<Self>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<AuditBody<B>>, E>> {
        let watch = match &mut self {
            Self::Answer(response) => response.body_mut().watch(),
            Self::Error(_, watch) => watch,
        };
        let Poll::Ready(verdict) = watch.poll_commit(cx) else {
            *aside = Some(Box::new(self));
            return Poll::Pending;
        };
        Poll::Ready(match (self, verdict) {
            (Self::Answer(mut response), Ok(())) => {
                response.body_mut().watch().head_leaves();
                Ok(response)
            }
            (Self::Error(error, _), Ok(())) => Err(error),
            (Self::Answer(response), Err(refusal)) => Ok(refused(refusal, response.into_body().emptied())),
            (Self::Error(error, watch), Err(refusal)) => {
                watch.enter(|| drop(error));
                Ok(refused(refusal, AuditBody::empty(watch)))
            }
        })
    }
}

/// The answer in the place of one that cannot be on record: a status and nothing else.
pub(crate) fn refused<B>(refusal: Refusal, body: AuditBody<B>) -> Response<AuditBody<B>> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    response
}

/// A call of the inner service that begins once it is admitted.
pub(crate) struct InnerCall<S> {
    service: S,
    request: Request<Body>,
}

impl<S: Service<Request<Body>>> Start for InnerCall<S> {
    type Future = S::Future;

    fn start(mut self) -> S::Future {
        self.service.call(self.request)
    }
}

pin_project! {
    /// The future of an audited service.
    pub struct AuditFuture<S: Service<Request<Body>>, B> {
        #[pin]
        call: AuditedCall<InnerCall<S>>,
        resolver: Resolver,
        leaving: Option<Box<Leaving<B, S::Error>>>,
    }
}

impl<S: Service<Request<Body>>, B> AuditFuture<S, B> {
    fn new(call: AuditedCall<InnerCall<S>>, resolver: Resolver) -> Self {
        Self { call, resolver, leaving: None }
    }
}

impl<S, B> Future for AuditFuture<S, B>
where
    S: Service<Request<Body>, Response = Response<B>>,
    B: HttpBody<Data = Bytes>,
{
    type Output = Result<Response<AuditBody<B>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let leaving = match this.leaving.take() {
            Some(leaving) => *leaving,
            None => {
                let result = ready!(this.call.as_mut().poll(cx));
                let watch = this.call.take_watch();
                match result {
                    Ok(result) => Leaving::new(watch, this.resolver, result),
                    Err(refusal) => return Poll::Ready(Ok(refused(refusal, AuditBody::empty(watch)))),
                }
            }
        };
        leaving.poll(this.leaving, cx)
    }
}

#[cfg(test)]
mod tests {
    use std::mem::size_of;

    use axum::Router;

    use super::*;

    /// They are moved at each layer, of requests that nobody records too, and boxed: beyond 1 KiB, an allocator is slower.
    #[test]
    fn futures_are_small() {
        assert!(size_of::<AuditFuture<Router, Body>>() <= 512);
        assert!(size_of::<AuditBody<Body>>() <= 160);
    }
}

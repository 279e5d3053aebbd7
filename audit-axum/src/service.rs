//! The service that [`AuditLayer`](crate::AuditLayer) makes, and its future.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use audit_core::exchange::{self, AuditedCall, Exchange, Left, Refusal, ResponseHead, Start, Watch};
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
    type Future = AuditFuture<S>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> AuditFuture<S> {
        let extensions = request.extensions();
        let resolver = self.resolver.clone();
        if extensions.get::<Covered>().is_some() || extensions.get::<PassedOver>().is_some() {
            return AuditFuture { call: AuditedCall::passing(self.inner.call(request)), resolver };
        }
        match begin(&self.auditor, &self.resolver, &mut request) {
            None => {
                request.extensions_mut().insert(PassedOver);
                AuditFuture { call: AuditedCall::unrecorded(|| self.inner.call(request)), resolver }
            }
            Some(exchange) => {
                let covered = Covered { resolver: self.resolver.clone(), scope: exchange.scope() };
                request.extensions_mut().insert(covered);
                // The service that was polled ready is the one to call; a clone takes its place.
                let clone = self.inner.clone();
                let service = std::mem::replace(&mut self.inner, clone);
                AuditFuture { call: AuditedCall::watching(exchange, InnerCall { service, request }), resolver }
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

/// Notes what the inner service gave: an answer's head, or that there is none.
fn note<B, E>(exchange: &mut Exchange, resolver: &Resolver, result: &mut Result<Response<B>, E>)
where
    B: HttpBody<Data = Bytes>,
{
    match result {
        Ok(response) => note_head(exchange, resolver, response),
        Err(_) => exchange.give_up(),
    }
}

/// Notes the answer's head.
pub(crate) fn note_head<B>(exchange: &mut Exchange, resolver: &Resolver, response: &mut Response<B>)
where
    B: HttpBody<Data = Bytes>,
{
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

/// The answer in the place of what cannot be on record: a status and nothing else.
pub(crate) fn refused<T, B>(refusal: Refusal, given: Option<T>, watch: Watch) -> Response<AuditBody<B>> {
    watch.enter(|| drop(given));
    let mut response = Response::new(AuditBody::empty(watch));
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
    pub struct AuditFuture<S: Service<Request<Body>>> {
        #[pin]
        call: AuditedCall<InnerCall<S>>,
        resolver: Resolver,
    }
}

impl<S, B> Future for AuditFuture<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    B: HttpBody<Data = Bytes>,
{
    type Output = Result<Response<AuditBody<B>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let left = this.call.poll_leave(cx, |exchange, result| note(exchange, this.resolver, result));
        Poll::Ready(match ready!(left) {
            Left::Given(result, watch) => result.map(|response| response.map(|body| AuditBody::new(body, watch))),
            Left::Refused(refusal, given, watch) => Ok(refused(refusal, given, watch)),
        })
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
        assert!(size_of::<AuditFuture<Router>>() <= 512);
        assert!(size_of::<AuditBody<Body>>() <= 160);
    }
}

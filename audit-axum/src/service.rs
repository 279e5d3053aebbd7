//! The service that [`AuditLayer`](crate::AuditLayer) makes, and its future.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use audit_core::exchange::{Exchange, Handling, ResponseHead, Start, unrecorded};
use audit_core::{Auditor, Scope, Scoped};
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body::Body as HttpBody;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::body::{AuditBody, TapBody};
use crate::head::{Map, describe};
use crate::layer::Resolver;

/// The answer's header that names its record.
const AUDIT_ID: HeaderName = HeaderName::from_static("audit-id");

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
        if extensions.get::<Covered>().is_some() || extensions.get::<PassedOver>().is_some() {
            return AuditFuture::passing(self.inner.call(request));
        }
        match begin(&self.auditor, &self.resolver, &mut request) {
            None => {
                request.extensions_mut().insert(PassedOver);
                AuditFuture::unrecorded(unrecorded(|| self.inner.call(request)))
            }
            Some(exchange) => {
                let covered = Covered { resolver: self.resolver.clone(), scope: exchange.scope() };
                request.extensions_mut().insert(covered);
                // The service that was polled ready is the one to call; a clone takes its place.
                let clone = self.inner.clone();
                let service = std::mem::replace(&mut self.inner, clone);
                AuditFuture::watching(exchange, InnerCall { service, request }, self.resolver.clone())
            }
        }
    }
}

/// Begins an exchange for a request and observes its body.
pub(crate) fn begin(auditor: &Auditor, resolver: &Resolver, request: &mut Request<Body>) -> Option<Exchange> {
    let exchange = {
        let headers = Map(request.headers());
        auditor.begin(&describe(request, &headers))?
    };
    if let Some(actor) = resolver.resolve(request.extensions()) {
        exchange.scope().resolve_actor(actor);
    }
    if !request.body().is_end_stream() {
        let body = std::mem::take(request.body_mut());
        *request.body_mut() = TapBody::around(body, exchange.request_tap());
    }
    Some(exchange)
}

/// Notes the answer's head and moves the exchange into its body.
pub(crate) fn finish<B: HttpBody<Data = Bytes>>(
    mut exchange: Exchange,
    resolver: &Resolver,
    response: Response<B>,
) -> Response<AuditBody<B>> {
    if let Some(actor) = resolver.resolve(response.extensions()) {
        exchange.scope().set_actor(actor);
    }
    let id = {
        let headers = Map(response.headers());
        let mut head = ResponseHead::new(response.status().as_u16(), &headers);
        head.exact_length = response.body().size_hint().exact();
        head.ended = response.body().is_end_stream();
        exchange.respond(&head)
    };
    let (mut parts, body) = response.into_parts();
    if let Some(id) = id.and_then(|id| HeaderValue::try_from(id).ok()) {
        parts.headers.insert(AUDIT_ID, id);
    }
    Response::from_parts(parts, AuditBody::watched(body, exchange))
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
        kind: Kind<S>,
    }
}

pin_project! {
    #[project = KindProjection]
    enum Kind<S: Service<Request<Body>>> {
        Passing { #[pin] future: S::Future },
        Unrecorded { #[pin] future: Scoped<S::Future> },
        Watching { #[pin] handling: Handling<InnerCall<S>>, resolver: Resolver },
    }
}

impl<S: Service<Request<Body>>> AuditFuture<S> {
    fn passing(future: S::Future) -> Self {
        Self { kind: Kind::Passing { future } }
    }

    fn unrecorded(future: S::Future) -> Self {
        Self { kind: Kind::Unrecorded { future: Scoped::unrecorded(future) } }
    }

    fn watching(exchange: Exchange, call: InnerCall<S>, resolver: Resolver) -> Self {
        Self { kind: Kind::Watching { handling: Handling::new(exchange, call), resolver } }
    }
}

impl<S, B> Future for AuditFuture<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    B: HttpBody<Data = Bytes>,
{
    type Output = Result<Response<AuditBody<B>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProjection::Passing { future } => {
                let response = ready!(future.poll(cx))?;
                Poll::Ready(Ok(response.map(AuditBody::watched_elsewhere)))
            }
            KindProjection::Unrecorded { future } => {
                let response = ready!(future.poll(cx))?;
                Poll::Ready(Ok(response.map(AuditBody::of_unrecorded)))
            }
            KindProjection::Watching { handling, resolver } => {
                let (result, exchange) = ready!(handling.poll(cx));
                Poll::Ready(result.map(|response| finish(exchange, resolver, response)))
            }
        }
    }
}

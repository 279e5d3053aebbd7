//! A handler whose route is known to lead to it, so that what it asks for is known before its extractors run.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use audit_core::exchange::{Handling, Start, WiredHandling, unrecorded};
use audit_core::{Endpoint, Scope, Scoped};
use axum::body::Body;
use axum::extract::Request;
use axum::handler::Handler;
use axum::response::Response;
use pin_project_lite::pin_project;

use crate::__private::installed_auditor;
use crate::head::{Map, describe};
use crate::layer::Resolver;
use crate::service::{Covered, PassedOver, begin, finish};

/// A handler and its endpoint.
#[derive(Clone)]
pub(crate) struct Wired<H> {
    pub(crate) handler: H,
    pub(crate) endpoint: &'static Endpoint,
}

impl<H, T, S> Handler<T, S> for Wired<H>
where
    H: Handler<T, S>,
    T: 'static,
    S: Send + 'static,
{
    type Future = WiredFuture<H, T, S>;

    fn call(self, request: Request, state: S) -> Self::Future {
        match request.extensions().get::<Covered>().cloned() {
            Some(Covered { resolver, scope }) => {
                wire(&scope, self.endpoint, &resolver, &request);
                let call = HandlerCall::new(self.handler, request, state);
                WiredFuture::Covered { handling: WiredHandling::new(scope, self.endpoint, call) }
            }
            None if request.extensions().get::<PassedOver>().is_some() => {
                WiredFuture::unrecorded(|| self.handler.call(request, state))
            }
            None => self.call_uncovered(request, state),
        }
    }
}

impl<H> Wired<H> {
    /// Without a layer, the handler has an exchange of its own, if there is an auditor.
    fn call_uncovered<T, S>(self, mut request: Request, state: S) -> WiredFuture<H, T, S>
    where
        H: Handler<T, S>,
    {
        if self.endpoint.exemption().is_some() {
            return WiredFuture::unrecorded(|| self.handler.call(request, state));
        }
        let resolver = Resolver::default();
        let Some(auditor) = uncovered(self.endpoint) else {
            // The attribute counts it as an event that had nowhere to go.
            return WiredFuture::Unknown { future: self.handler.call(request, state) };
        };
        match begin(auditor, &resolver, &mut request) {
            Some(exchange) => {
                wire(&exchange.scope(), self.endpoint, &resolver, &request);
                WiredFuture::Alone { handling: Handling::new(exchange, HandlerCall::new(self.handler, request, state)) }
            }
            None => WiredFuture::unrecorded(|| self.handler.call(request, state)),
        }
    }
}

/// Tells the exchange what the route's handler asks for, and who it is as far as layers inside the audit layer know.
fn wire(scope: &Scope, endpoint: &'static Endpoint, resolver: &Resolver, request: &Request) {
    let headers = Map(request.headers());
    scope.wire(endpoint, &describe(request, &headers));
    if let Some(actor) = resolver.resolve(request.extensions()) {
        scope.resolve_actor(actor);
    }
}

/// The auditor for a wired handler that no layer covers, with one warning.
fn uncovered(endpoint: &'static Endpoint) -> Option<&'static audit_core::Auditor> {
    static WARNED: AtomicBool = AtomicBool::new(false);
    if !WARNED.swap(true, Ordering::Relaxed) {
        audit_core::__private::say(format_args!(
            "no AuditLayer covers the route of {}: in axum, `.layer(…)` covers only the routes added before it; {}",
            endpoint.handler(),
            if installed_auditor().is_some() {
                "the installed auditor records it"
            } else {
                "nothing records it (Auditor::install_global)"
            }
        ));
    }
    installed_auditor()
}

/// A handler's call that begins once it is admitted.
pub(crate) struct HandlerCall<H, T, S> {
    handler: H,
    request: Request,
    state: S,
    arguments: std::marker::PhantomData<fn() -> T>,
}

impl<H, T, S> HandlerCall<H, T, S> {
    fn new(handler: H, request: Request, state: S) -> Self {
        Self { handler, request, state, arguments: std::marker::PhantomData }
    }
}

impl<H: Handler<T, S>, T, S> Start for HandlerCall<H, T, S> {
    type Future = H::Future;

    fn start(self) -> H::Future {
        self.handler.call(self.request, self.state)
    }
}

pin_project! {
    /// The future of a wired handler.
    #[project = WiredProjection]
    pub(crate) enum WiredFuture<H, T, S>
    where
        H: Handler<T, S>,
    {
        /// Part of the exchange of the layer around it.
        Covered { #[pin] handling: WiredHandling<HandlerCall<H, T, S>> },
        /// Part of a request of which nothing is recorded.
        Unrecorded { #[pin] future: Scoped<H::Future> },
        /// Part of a request that nobody can record.
        Unknown { #[pin] future: H::Future },
        /// An exchange of its own.
        Alone { #[pin] handling: Handling<HandlerCall<H, T, S>> },
    }
}

impl<H: Handler<T, S>, T, S> WiredFuture<H, T, S> {
    fn unrecorded(call: impl FnOnce() -> H::Future) -> Self {
        Self::Unrecorded { future: Scoped::unrecorded(unrecorded(call)) }
    }
}

impl<H: Handler<T, S>, T, S> Future for WiredFuture<H, T, S> {
    type Output = Response;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        match self.project() {
            WiredProjection::Covered { handling } => handling.poll(cx),
            WiredProjection::Unrecorded { future } => future.poll(cx),
            WiredProjection::Unknown { future } => future.poll(cx),
            WiredProjection::Alone { handling } => {
                let (response, exchange) = ready!(handling.poll(cx));
                Poll::Ready(finish(exchange, &Resolver::default(), response).map(Body::new))
            }
        }
    }
}

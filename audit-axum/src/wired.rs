//! A handler whose route is known to lead to it, so that what it asks for is known before its extractors run.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use audit_core::exchange::{Exchange, Handling, Start};
use audit_core::{Endpoint, Scope, current};
use axum::body::Body;
use axum::extract::Request;
use axum::handler::Handler;
use axum::response::Response;
use pin_project_lite::pin_project;

use crate::__private::installed_auditor;
use crate::head::{Map, describe};
use crate::layer::Resolver;
use crate::service::{Covered, begin, finish};

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

    fn call(self, mut request: Request, state: S) -> Self::Future {
        let covered = request.extensions().get::<Covered>().cloned();
        let scope = current().filter(|_| covered.is_some());
        if let Some(scope) = scope {
            let resolver = covered.map(|covered| covered.resolver).unwrap_or_default();
            wire(&scope, self.endpoint, &resolver, &request);
            return WiredFuture::Covered { future: self.handler.call(request, state), unfinished: Some(scope) };
        }
        // A layer saw it and does not record it: auditing is off, or the path is excluded.
        let auditor = if covered.is_none() { uncovered(self.endpoint) } else { None };
        let resolver = Resolver::default();
        let exchange = auditor.and_then(|auditor| begin(auditor, &resolver, &mut request));
        match exchange {
            Some(exchange) => {
                wire(&exchange.scope(), self.endpoint, &resolver, &request);
                WiredFuture::alone(exchange, HandlerCall::new(self.handler, request, state))
            }
            None => WiredFuture::Covered { future: self.handler.call(request, state), unfinished: None },
        }
    }
}

/// Tells the exchange what the route's handler asks for, and who it is as far as layers inside the audit layer know.
fn wire(scope: &Scope, endpoint: &'static Endpoint, resolver: &Resolver, request: &Request) {
    let headers = Map(request.headers());
    scope.wire(endpoint, &describe(request, &headers));
    if let Some(actor) = resolver.resolve(request.extensions()) {
        scope.set_actor_if_unknown(actor);
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
        /// Part of the exchange of the layer around it, if there is one.
        Covered { #[pin] future: H::Future, unfinished: Option<Scope> },
        /// An exchange of its own.
        Alone { #[pin] handling: Handling<HandlerCall<H, T, S>> },
    }

    impl<H, T, S> PinnedDrop for WiredFuture<H, T, S>
    where
        H: Handler<T, S>,
    {
        fn drop(this: Pin<&mut Self>) {
            if let WiredProjection::Covered { unfinished, .. } = this.project()
                && let Some(scope) = unfinished.take()
            {
                scope.handler_dropped();
            }
        }
    }
}

impl<H: Handler<T, S>, T, S> WiredFuture<H, T, S> {
    fn alone(exchange: Exchange, call: HandlerCall<H, T, S>) -> Self {
        Self::Alone { handling: Handling::new(exchange, call) }
    }
}

impl<H: Handler<T, S>, T, S> Future for WiredFuture<H, T, S> {
    type Output = Response;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        match self.project() {
            WiredProjection::Covered { future, unfinished } => {
                let response = ready!(future.poll(cx));
                *unfinished = None;
                Poll::Ready(response)
            }
            WiredProjection::Alone { handling } => {
                let (response, exchange) = ready!(handling.poll(cx));
                Poll::Ready(finish(exchange, &Resolver::default(), response).map(Body::new))
            }
        }
    }
}

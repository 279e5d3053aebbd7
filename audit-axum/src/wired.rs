//! A handler whose route is known to lead to it, so that what it asks for is known before its extractors run.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use audit_core::exchange::{AuditedCall, Start, Watch, WiredHandling};
use audit_core::{Endpoint, Scope};
use axum::body::Body;
use axum::extract::Request;
use axum::handler::Handler;
use axum::response::Response;
use pin_project_lite::pin_project;

use crate::__private::installed_for_uncovered;
use crate::body::AuditBody;
use crate::head::{Map, describe};
use crate::layer::{Resolver, actor_in};
use crate::service::{Covered, Leaving, PassedOver, begin, refused};

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
        let call = match request.extensions().get::<Covered>().cloned() {
            Some(Covered { resolver, scope }) => {
                wire(&scope, self.endpoint, &resolver, &request);
                let call = HandlerCall::new(self.handler, request, state);
                AuditedCall::wired(WiredHandling::new(scope, call))
            }
            None if request.extensions().get::<PassedOver>().is_some() => {
                AuditedCall::unrecorded(|| self.handler.call(request, state))
            }
            None => self.call_uncovered(request, state),
        };
        WiredFuture { call, leaving: None }
    }
}

impl<H> Wired<H> {
    /// Without a layer, the handler has an exchange of its own, if there is an auditor.
    fn call_uncovered<T, S>(self, mut request: Request, state: S) -> AuditedCall<HandlerCall<H, T, S>>
    where
        H: Handler<T, S>,
    {
        if self.endpoint.exemption().is_some() {
            return AuditedCall::unrecorded(|| self.handler.call(request, state));
        }
        let resolver = Resolver::default();
        let reason = "in axum, `.layer(…)` covers only the routes added before it";
        let Some(auditor) = installed_for_uncovered(self.endpoint, "AuditLayer", reason) else {
            // The attribute counts it as an event that had nowhere to go.
            return AuditedCall::passing(self.handler.call(request, state));
        };
        match begin(auditor, &resolver, &mut request) {
            Some(mut exchange) => {
                exchange.wire(self.endpoint, &describe(&request, &Map(request.headers())));
                resolve(&exchange.scope(), &resolver, &request);
                AuditedCall::watching(exchange, HandlerCall::new(self.handler, request, state))
            }
            None => AuditedCall::unrecorded(|| self.handler.call(request, state)),
        }
    }
}

/// Tells the exchange what the route's handler asks for, and who it is as far as layers inside the audit layer know.
fn wire(scope: &Scope, endpoint: &'static Endpoint, resolver: &Resolver, request: &Request) {
    let headers = Map(request.headers());
    scope.wire(endpoint, &describe(request, &headers));
    resolve(scope, resolver, request);
}

fn resolve(scope: &Scope, resolver: &Resolver, request: &Request) {
    if let Some(actor) = actor_in(request.extensions(), resolver) {
        scope.resolve_actor(actor);
    }
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
    pub(crate) struct WiredFuture<H, T, S>
    where
        H: Handler<T, S>,
    {
        #[pin]
        call: AuditedCall<HandlerCall<H, T, S>>,
        leaving: Option<Box<Leaving<Body, Infallible>>>,
    }
}

impl<H: Handler<T, S>, T, S> Future for WiredFuture<H, T, S> {
    type Output = Response;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        let mut this = self.project();
        let leaving = match this.leaving.take() {
            Some(leaving) => *leaving,
            None => {
                let result = ready!(this.call.as_mut().poll(cx));
                match (result, this.call.take_watch()) {
                    (Ok(response), watch @ Watch::Recorded(_)) => {
                        Leaving::new(watch, &Resolver::default(), Ok(response))
                    }
                    // The layer around it watches, or nobody does.
                    (Ok(response), Watch::Unrecorded | Watch::Elsewhere) => return Poll::Ready(response),
                    (Err(refusal), watch) => {
                        return Poll::Ready(refused::<Body>(refusal, AuditBody::empty(watch)).map(Body::new));
                    }
                }
            }
        };
        let Ok(response) = ready!(leaving.poll(this.leaving, cx));
        Poll::Ready(response.map(Body::new))
    }
}

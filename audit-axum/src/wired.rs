//! A handler whose route is known to lead to it, so that what it asks for is known before its extractors run.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use audit_core::exchange::{AuditedCall, Cover, Exchange, Left, RequestHead, Start, Watch, WiredCall};
use audit_core::{Actor, Auditor, Endpoint};
use axum::body::Body;
use axum::extract::Request;
use axum::handler::Handler;
use axum::response::Response;
use pin_project_lite::pin_project;

use crate::body::AuditBody;
use crate::head::{Map, describe};
use crate::layer::{Resolver, actor_in};
use crate::service::{Covered, PassedOver, begin, note_head, refused};

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
        let call = HandlerCall { handler: self.handler, request, state, arguments: PhantomData };
        WiredFuture { call: AuditedCall::wired(call, self.endpoint) }
    }
}

/// A handler's call that begins once it is admitted.
pub(crate) struct HandlerCall<H, T, S> {
    handler: H,
    request: Request,
    state: S,
    arguments: PhantomData<fn() -> T>,
}

impl<H: Handler<T, S>, T, S> Start for HandlerCall<H, T, S> {
    type Future = H::Future;

    fn start(self) -> H::Future {
        self.handler.call(self.request, self.state)
    }
}

impl<H: Handler<T, S>, T, S> WiredCall for HandlerCall<H, T, S> {
    const LAYER: &'static str = "AuditLayer";
    const REACH: &'static str = "in axum, `.layer(…)` covers only the routes added before it";

    fn cover(&mut self) -> Cover {
        let extensions = self.request.extensions();
        match extensions.get::<Covered>() {
            Some(covered) => Cover::Recorded(covered.scope.clone()),
            None if extensions.get::<PassedOver>().is_some() => Cover::PassedOver,
            None => Cover::Missing,
        }
    }

    fn begin(&mut self, auditor: &Auditor) -> Option<Exchange> {
        begin(auditor, &Resolver::default(), &mut self.request)
    }

    fn with_head<R>(&self, ask: impl FnOnce(&RequestHead<'_>) -> R) -> R {
        ask(&describe(&self.request, &Map(self.request.headers())))
    }

    fn actor(&self) -> Option<Actor> {
        let extensions = self.request.extensions();
        match extensions.get::<Covered>() {
            Some(covered) => actor_in(extensions, &covered.resolver),
            None => actor_in(extensions, &Resolver::default()),
        }
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
    }
}

impl<H: Handler<T, S>, T, S> Future for WiredFuture<H, T, S> {
    type Output = Response;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response> {
        let note =
            |exchange: &mut Exchange, response: &mut Response| note_head(exchange, &Resolver::default(), response);
        Poll::Ready(match ready!(self.project().call.poll_leave(cx, note)) {
            Left::Given(response, watch @ Watch::Recorded(_)) => {
                response.map(|body| Body::new(AuditBody::new(body, watch)))
            }
            // The layer around it watches, or nobody does.
            Left::Given(response, Watch::Unrecorded | Watch::Elsewhere) => response,
            Left::Refused(refusal, given, watch) => refused::<_, Body>(refusal, given, watch).map(Body::new),
        })
    }
}

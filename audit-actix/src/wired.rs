//! A handler whose route is known to lead to it, so that what it asks for is known before its extractors run.

use std::future::{Ready, ready};
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::BoxBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::{Error, HttpMessage as _};
use audit_core::exchange::{AuditedCall, Cover, Exchange, RequestHead, RouteMatch, WiredCall};
use audit_core::{Actor, Auditor, Endpoint};

use crate::body::AuditBody;
use crate::head::{is_without_body, with_head};
use crate::middleware::{Resolver, actor_in};
use crate::service::{AuditFuture, Covered, PassedOver, ServiceCall, begin};

/// Around a route's handler, outside its extractors.
pub(crate) struct Wired(pub(crate) &'static Endpoint);

/// The handler's service.
pub(crate) struct WiredService<S> {
    inner: Rc<S>,
    endpoint: &'static Endpoint,
}

impl<S> Transform<S, ServiceRequest> for Wired
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error>,
{
    type Response = ServiceResponse<AuditBody<BoxBody>>;
    type Error = Error;
    type Transform = WiredService<S>;
    type InitError = ();
    type Future = Ready<Result<WiredService<S>, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(WiredService { inner: Rc::new(inner), endpoint: self.0 }))
    }
}

impl<S> Service<ServiceRequest> for WiredService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error>,
{
    type Response = ServiceResponse<AuditBody<BoxBody>>;
    type Error = Error;
    type Future = AuditFuture<S>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> AuditFuture<S> {
        let call = ServiceCall { service: Rc::clone(&self.inner), request };
        AuditFuture { call: AuditedCall::wired(call, self.endpoint), resolver: Resolver::default() }
    }
}

impl<S: Service<ServiceRequest>> WiredCall for ServiceCall<S> {
    const LAYER: &'static str = "AuditMiddleware";
    const REACH: &'static str = "in actix-web, `.wrap(…)` covers only the App or Scope that it is called on";

    fn cover(&mut self) -> Cover {
        let mut extensions = self.request.extensions_mut();
        if let Some(covered) = extensions.get_mut::<Covered>() {
            covered.told_for = Some(self.request.uri().clone());
            return Cover::Recorded(covered.scope.clone());
        }
        if extensions.contains::<PassedOver>() { Cover::PassedOver } else { Cover::Missing }
    }

    fn begin(&mut self, auditor: &Auditor) -> Option<Exchange> {
        begin(auditor, &Resolver::default(), &mut self.request).map(|(exchange, _)| exchange)
    }

    fn with_head<R>(&self, ask: impl FnOnce(&RequestHead<'_>) -> R) -> R {
        with_head(self.request.request(), is_without_body(&self.request), RouteMatch::None, ask)
    }

    fn actor(&self) -> Option<Actor> {
        let extensions = self.request.extensions();
        match extensions.get::<Covered>() {
            Some(covered) => actor_in(&extensions, &covered.resolver),
            None => actor_in(&extensions, &Resolver::default()),
        }
    }
}

//! A handler whose route is known to lead to it, so that what it asks for is known before its extractors run.

use std::future::{Ready, ready};
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::BoxBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::{Error, HttpMessage as _};
use audit_core::exchange::{AuditedCall, RequestHead, RouteMatch, WiredHandling};
use audit_core::{Endpoint, Scope};

use crate::__private::installed_for_uncovered;
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
    type Future = AuditFuture<S, BoxBody>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> AuditFuture<S, BoxBody> {
        let covered = request.extensions_mut().get_mut::<Covered>().map(|covered| {
            covered.told_for = Some(request.uri().clone());
            covered.clone()
        });
        let call = match covered {
            Some(Covered { resolver, scope, .. }) => {
                wire(&scope, self.endpoint, &resolver, &request);
                let call = ServiceCall { service: Rc::clone(&self.inner), request };
                AuditedCall::wired(WiredHandling::new(scope, call))
            }
            None if request.extensions().contains::<PassedOver>() => {
                AuditedCall::unrecorded(|| self.inner.call(request))
            }
            None => self.call_uncovered(request),
        };
        AuditFuture::new(call, Resolver::default())
    }
}

impl<S> WiredService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse, Error = Error>,
{
    /// Without a middleware, the handler has an exchange of its own, if there is an auditor.
    fn call_uncovered(&self, mut request: ServiceRequest) -> AuditedCall<ServiceCall<S>> {
        if self.endpoint.exemption().is_some() {
            return AuditedCall::unrecorded(|| self.inner.call(request));
        }
        let resolver = Resolver::default();
        let reason = "in actix-web, `.wrap(…)` covers only the App or Scope that it is called on";
        let Some(auditor) = installed_for_uncovered(self.endpoint, "AuditMiddleware", reason) else {
            // The attribute counts it as an event that had nowhere to go.
            return AuditedCall::passing(self.inner.call(request));
        };
        match begin(auditor, &resolver, &mut request) {
            Some((mut exchange, _)) => {
                let without_body = is_without_body(&request);
                let wire = |head: &RequestHead<'_>| exchange.wire(self.endpoint, head);
                with_head(request.request(), without_body, RouteMatch::None, wire);
                resolve(&exchange.scope(), &resolver, &request);
                AuditedCall::watching(exchange, ServiceCall { service: Rc::clone(&self.inner), request })
            }
            None => AuditedCall::unrecorded(|| self.inner.call(request)),
        }
    }
}

/// Tells the exchange what the route's handler asks for, and who it is as far as middleware inside the audit middleware
/// knows.
fn wire(scope: &Scope, endpoint: &'static Endpoint, resolver: &Resolver, request: &ServiceRequest) {
    let without_body = is_without_body(request);
    with_head(request.request(), without_body, RouteMatch::None, |head| scope.wire(endpoint, head));
    resolve(scope, resolver, request);
}

fn resolve(scope: &Scope, resolver: &Resolver, request: &ServiceRequest) {
    if let Some(actor) = actor_in(&request.extensions(), resolver) {
        scope.resolve_actor(actor);
    }
}

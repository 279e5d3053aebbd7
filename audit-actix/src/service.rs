//! The service that [`AuditMiddleware`](crate::AuditMiddleware) makes, and its future.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{StatusCode, Uri};
use actix_web::{Error, HttpMessage as _, HttpResponse};
use audit_core::exchange::{self, AuditedCall, Exchange, Left, Refusal, ResponseHead, RouteMatch, Start};
use audit_core::{Auditor, Scope};
use pin_project_lite::pin_project;

use crate::body::{AuditBody, TapPayload};
use crate::head::{Map, is_without_body, with_head};
use crate::middleware::{Resolver, actor_in};

const AUDIT_ID: HeaderName = HeaderName::from_static(exchange::AUDIT_ID);

/// A service whose requests are audited.
pub struct AuditService<S> {
    pub(crate) inner: Rc<S>,
    pub(crate) auditor: Auditor,
    pub(crate) resolver: Resolver,
}

/// In a request's extensions: a middleware records it.
#[derive(Clone)]
pub(crate) struct Covered {
    pub(crate) resolver: Resolver,
    pub(crate) scope: Scope,
    /// For which path its route was told, if it was: a middleware inside may give it another one.
    pub(crate) told_for: Option<Uri>,
}

/// In a request's extensions: a middleware saw it and does not record it, because auditing is off or the path is
/// excluded.
pub(crate) struct PassedOver;

impl<S, B> Service<ServiceRequest> for AuditService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<AuditBody<B>>;
    type Error = Error;
    type Future = AuditFuture<S>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&self, mut request: ServiceRequest) -> AuditFuture<S> {
        let resolver = self.resolver.clone();
        let seen = {
            let extensions = request.extensions();
            extensions.contains::<Covered>() || extensions.contains::<PassedOver>()
        };
        if seen {
            return AuditFuture { call: AuditedCall::passing(self.inner.call(request)), resolver };
        }
        match begin(&self.auditor, &self.resolver, &mut request) {
            None => {
                request.extensions_mut().insert(PassedOver);
                AuditFuture { call: AuditedCall::unrecorded(|| self.inner.call(request)), resolver }
            }
            Some((exchange, told_for)) => {
                let covered = Covered { resolver: self.resolver.clone(), scope: exchange.scope(), told_for };
                request.extensions_mut().insert(covered);
                let call = ServiceCall { service: Rc::clone(&self.inner), request };
                AuditFuture { call: AuditedCall::watching(exchange, call), resolver }
            }
        }
    }
}

/// Begins an exchange for a request and observes its body. Gives the path too, if a route was told for it.
pub(crate) fn begin(
    auditor: &Auditor,
    resolver: &Resolver,
    request: &mut ServiceRequest,
) -> Option<(Exchange, Option<Uri>)> {
    // Before the route is looked up.
    if !auditor.is_enabled() {
        return None;
    }
    let without_body = is_without_body(request);
    let (exchange, is_told) = with_head(request.request(), without_body, RouteMatch::NotKnownYet, |head| {
        let is_told = matches!(head.route, RouteMatch::Template(_));
        auditor.begin(head).map(|exchange| (exchange, is_told))
    })?;
    if let Some(actor) = actor_in(&request.extensions(), resolver) {
        exchange.scope().resolve_actor(actor);
    }
    let payload = request.take_payload();
    if !without_body {
        request.set_payload(TapPayload::around(payload, exchange.request_tap()));
    }
    let told_for = is_told.then(|| request.uri().clone());
    Some((exchange, told_for))
}

/// Notes what the inner service gave.
fn note<B: MessageBody>(exchange: &mut Exchange, resolver: &Resolver, result: &mut Result<ServiceResponse<B>, Error>) {
    match result {
        Ok(response) => note_head(exchange, resolver, response),
        Err(error) => {
            // What it becomes, nobody shows to this middleware; its status is all there is to know. Its answer must not
            // be asked for: `InternalError::from_response` gives it once, to whoever asks first.
            exchange.note_error(error);
            respond(exchange, &HttpResponse::new(error.as_response_error().status_code()), true);
        }
    }
}

/// The answer in the place of one that cannot be on record.
fn refused(refusal: Refusal) -> Error {
    InternalError::new("the request cannot be recorded", status_of(refusal)).into()
}

fn status_of(refusal: Refusal) -> StatusCode {
    StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
}

/// Notes an answer's head, and who it was, as far as the answer and its request tell.
fn note_head<B: MessageBody>(exchange: &mut Exchange, resolver: &Resolver, response: &mut ServiceResponse<B>) {
    let scope = exchange.scope();
    {
        let extensions = response.request().extensions();
        let path = response.request().uri().path();
        let told = |covered: &Covered| covered.told_for.as_ref().is_some_and(|told| told.path() == path);
        if extensions.get::<Covered>().is_some_and(|covered| !told(covered)) {
            with_head(response.request(), false, RouteMatch::None, |head| scope.came_elsewhere(head));
        }
        if let Some(actor) = actor_in(&extensions, resolver) {
            scope.resolve_actor(actor);
        }
    }
    if let Some(actor) = actor_in(&response.response().extensions(), resolver) {
        scope.set_actor(actor);
    }
    let id = respond(exchange, response.response(), false);
    if let Some(id) = id.and_then(|id| HeaderValue::try_from(id).ok()) {
        response.headers_mut().insert(AUDIT_ID, id);
    }
}

/// Notes an answer's head; `ended` if nobody will see its body.
fn respond<B: MessageBody>(exchange: &mut Exchange, response: &HttpResponse<B>, ended: bool) -> Option<String> {
    let headers = Map(response.headers());
    let mut head = ResponseHead::new(response.status().as_u16(), &headers);
    head.exact_length = match response.body().size() {
        BodySize::Sized(length) => Some(length),
        BodySize::None => Some(0),
        BodySize::Stream => None,
    };
    head.ended = ended;
    exchange.respond(&head)
}

/// A call of a service that begins once it is admitted.
pub(crate) struct ServiceCall<S> {
    pub(crate) service: Rc<S>,
    pub(crate) request: ServiceRequest,
}

impl<S: Service<ServiceRequest>> Start for ServiceCall<S> {
    type Future = S::Future;

    fn start(self) -> S::Future {
        self.service.call(self.request)
    }
}

pin_project! {
    /// The future of an audited service.
    pub struct AuditFuture<S: Service<ServiceRequest>> {
        #[pin]
        pub(crate) call: AuditedCall<ServiceCall<S>>,
        pub(crate) resolver: Resolver,
    }
}

impl<S, B> Future for AuditFuture<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Output = Result<ServiceResponse<AuditBody<B>>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let left = this.call.poll_leave(cx, |exchange, result| note(exchange, this.resolver, result));
        Poll::Ready(match ready!(left) {
            Left::Given(result, watch) => {
                result.map(|response| response.map_body(|_, body| AuditBody::new(body, watch)))
            }
            Left::Refused(refusal, Some(Ok(response)), watch) => {
                let request = response.request().clone();
                watch.enter(|| drop(response));
                let answer = HttpResponse::with_body(status_of(refusal), AuditBody::empty(watch));
                Ok(ServiceResponse::new(request, answer))
            }
            Left::Refused(refusal, given, watch) => {
                watch.enter(|| drop(given));
                Err(refused(refusal))
            }
        })
    }
}

//! Who it is, and whether they may.

use std::future::{Ready, ready};

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::{StatusCode, header::HeaderMap};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest, get};
use audit_actix::{Actor, audited, set_actor};
use audit_conformance::echo::KEY;

fn named(headers: &HeaderMap, header: &str) -> Option<Actor> {
    headers.get(header).and_then(|name| name.to_str().ok()).map(Actor::user)
}

/// Names an actor before the handler and after it, as an authentication middleware does.
pub(crate) async fn name<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    if let Some(actor) = named(request.headers(), "x-actor") {
        request.extensions_mut().insert(actor);
    }
    let after = named(request.headers(), "x-actor-after");
    let mut response = next.call(request).await?;
    if let Some(actor) = after {
        response.response_mut().extensions_mut().insert(actor);
    }
    Ok(response)
}

#[audited(action = "actor.read")]
pub(crate) async fn actor(request: HttpRequest) -> &'static str {
    if let Some(actor) = named(request.headers(), "x-actor-in") {
        set_actor(actor);
    }
    "actor\n"
}

/// An extractor that lets pass who has the key.
pub(crate) struct Key;

impl FromRequest for Key {
    type Error = InternalError<&'static str>;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match request.headers().get("x-key").and_then(|key| key.to_str().ok()) {
            None => Err(InternalError::new("no key\n", StatusCode::UNAUTHORIZED)),
            Some(KEY) => Ok(Self),
            Some(key) => {
                set_actor(Actor::user(key));
                Err(InternalError::new("not this key\n", StatusCode::FORBIDDEN))
            }
        })
    }
}

#[audited(action = "guarded.read")]
#[get("/guarded")]
pub(crate) async fn guarded(_: Key) -> &'static str {
    "guarded\n"
}

//! Who it is, and whether they may.

use audit_axum::{Actor, audited, set_actor};
use audit_conformance::echo::KEY;
use axum::extract::{FromRequestParts, Request};
use axum::http::{HeaderMap, StatusCode, request::Parts};
use axum::middleware::Next;
use axum::response::Response;

fn named(headers: &HeaderMap, header: &str) -> Option<Actor> {
    headers.get(header).and_then(|name| name.to_str().ok()).map(Actor::user)
}

/// Names an actor before the handler and after it, as an authentication layer does.
pub(crate) async fn name(mut request: Request, next: Next) -> Response {
    if let Some(actor) = named(request.headers(), "x-actor") {
        request.extensions_mut().insert(actor);
    }
    let after = named(request.headers(), "x-actor-after");
    let mut response = next.run(request).await;
    if let Some(actor) = after {
        response.extensions_mut().insert(actor);
    }
    response
}

#[audited(action = "actor.read")]
pub(crate) async fn actor(headers: HeaderMap) -> &'static str {
    if let Some(actor) = named(&headers, "x-actor-in") {
        set_actor(actor);
    }
    "actor\n"
}

/// An extractor that lets pass who has the key.
pub(crate) struct Key;

impl<S: Sync> FromRequestParts<S> for Key {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        match parts.headers.get("x-key").and_then(|key| key.to_str().ok()) {
            None => Err((StatusCode::UNAUTHORIZED, "no key\n")),
            Some(KEY) => Ok(Self),
            Some(key) => {
                set_actor(Actor::user(key));
                Err((StatusCode::FORBIDDEN, "not this key\n"))
            }
        }
    }
}

#[audited(action = "guarded.read")]
pub(crate) async fn guarded(_: Key) -> &'static str {
    "guarded\n"
}

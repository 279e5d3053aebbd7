//! Who it is, and whether they may.

use audit_conformance::echo::KEY;
use audit_rocket::{Actor, audited, remember_actor, set_actor};
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::{HeaderMap, Status};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{Data, Response, async_trait, catch, get};

fn named(headers: &HeaderMap<'_>, header: &str) -> Option<Actor> {
    headers.get_one(header).map(Actor::user)
}

/// Names an actor before the handler and after it, as an authentication fairing does.
pub(crate) struct Names;

#[async_trait]
impl Fairing for Names {
    fn info(&self) -> Info {
        Info { name: "names", kind: Kind::Request | Kind::Response }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        if let Some(actor) = named(request.headers(), "x-actor") {
            remember_actor(request, actor);
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, _: &mut Response<'r>) {
        if let Some(actor) = named(request.headers(), "x-actor-after") {
            remember_actor(request, actor);
        }
    }
}

/// A request's headers.
pub(crate) struct Headers<'r>(&'r HeaderMap<'r>);

#[async_trait]
impl<'r> FromRequest<'r> for Headers<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        Outcome::Success(Self(request.headers()))
    }
}

#[audited(action = "actor.read")]
#[get("/actor")]
pub(crate) async fn actor(headers: Headers<'_>) -> &'static str {
    if let Some(actor) = named(headers.0, "x-actor-in") {
        set_actor(actor);
    }
    "actor\n"
}

/// A guard that lets pass who has the key.
pub(crate) struct Key;

#[async_trait]
impl<'r> FromRequest<'r> for Key {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.headers().get_one("x-key") {
            None => Outcome::Error((Status::Unauthorized, ())),
            Some(KEY) => Outcome::Success(Self),
            Some(key) => {
                set_actor(Actor::user(key));
                Outcome::Error((Status::Forbidden, ()))
            }
        }
    }
}

#[audited(action = "guarded.read")]
#[get("/guarded")]
pub(crate) async fn guarded(_key: Key) -> &'static str {
    "guarded\n"
}

#[catch(401)]
pub(crate) fn no_key() -> &'static str {
    "no key\n"
}

#[catch(403)]
pub(crate) fn wrong_key() -> &'static str {
    "not this key\n"
}

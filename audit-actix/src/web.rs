//! Routes whose handlers are known: the counterparts of `actix_web::web::{get, post, …}`.

use actix_web::guard::Guard;
use actix_web::http::Method;
use actix_web::{FromRequest, Handler, Responder, Route};
use audit_core::Endpoint;

use crate::__private::handler_to_wire;
use crate::wired::Wired;

/// A route that has no handler yet.
#[must_use = "a route needs a handler"]
pub struct Unhandled {
    method: &'static str,
    route: Route,
}

/// A route to an annotated handler, for [`audited_route`](crate::AuditedRoutes::audited_route). It is also a plain
/// [`Route`] (`.into()`), for a `Resource`: then the listing cannot tell its path before a request does.
pub struct AuditedRoute {
    pub(crate) method: &'static str,
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) route: Route,
}

impl Unhandled {
    /// Adds a guard, as [`Route::guard`] does.
    pub fn guard(self, guard: impl Guard + 'static) -> Self {
        Self { route: self.route.guard(guard), ..self }
    }

    /// Sets the handler.
    ///
    /// # Panics
    /// When it carries neither `#[audited]` nor `#[audit_exempt]`: a route that only looks audited must not start.
    #[track_caller]
    pub fn to<F, Args>(self, handler: F) -> AuditedRoute
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let endpoint = handler_to_wire::<F>();
        AuditedRoute { method: self.method, endpoint, route: self.route.to(handler).wrap(Wired(endpoint)) }
    }
}

impl From<AuditedRoute> for Route {
    fn from(audited: AuditedRoute) -> Self {
        audited.route
    }
}

macro_rules! methods {
    ($($name:ident $word:literal $method:ident,)+) => {$(
        #[doc = concat!("A route for ", $word, " requests.")]
        pub fn $name() -> Unhandled {
            Unhandled { method: $word, route: Route::new().method(Method::$method) }
        }
    )+};
}

methods! {
    get "GET" GET,
    post "POST" POST,
    put "PUT" PUT,
    patch "PATCH" PATCH,
    delete "DELETE" DELETE,
    head "HEAD" HEAD,
    options "OPTIONS" OPTIONS,
}

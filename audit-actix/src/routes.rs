//! Routes whose handlers are known.

use actix_web::dev::{ServiceFactory, ServiceRequest};
use actix_web::web::ServiceConfig;
use actix_web::{App, Error, Scope};
use audit_core::registry::template;

use crate::__private::wire;
use crate::web::AuditedRoute;

/// Adds audited routes to an `App` or a `Scope`; [`AuditedConfig`] does to a `ServiceConfig`.
pub trait AuditedRoutes: Sized {
    /// Adds a route to an annotated handler. What it asks for is known before its extractors run, a request that an
    /// extractor refuses is recorded under its action, and the listing tells the route.
    ///
    /// # Panics
    /// As [`App::route`].
    fn audited_route(self, path: &str, route: AuditedRoute) -> Self;
}

/// Tells the listing, and gives the route to mount.
fn wired(path: &str, audited: AuditedRoute) -> actix_web::Route {
    wire(audited.endpoint, audited.method, &template(path));
    audited.route
}

impl<T> AuditedRoutes for App<T>
where
    T: ServiceFactory<ServiceRequest, Config = (), Error = Error, InitError = ()>,
{
    fn audited_route(self, path: &str, route: AuditedRoute) -> Self {
        self.route(path, wired(path, route))
    }
}

impl<T> AuditedRoutes for Scope<T>
where
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = actix_web::dev::ServiceResponse,
            Error = Error,
            InitError = (),
        >,
{
    fn audited_route(self, path: &str, route: AuditedRoute) -> Self {
        self.route(path, wired(path, route))
    }
}

/// Adds audited routes to a [`ServiceConfig`], which hands itself on by reference.
pub trait AuditedConfig {
    /// As [`AuditedRoutes::audited_route`].
    ///
    /// # Panics
    /// As [`ServiceConfig::route`].
    fn audited_route(&mut self, path: &str, route: AuditedRoute) -> &mut Self;
}

impl AuditedConfig for ServiceConfig {
    fn audited_route(&mut self, path: &str, route: AuditedRoute) -> &mut Self {
        self.route(path, wired(path, route))
    }
}

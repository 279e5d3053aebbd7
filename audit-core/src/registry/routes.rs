//! Which routes there are, as far as frameworks and applications said so while they were set up.
//!
//! This feeds the listing only; a request is attributed by the route's own wrapper. It is the whole program's, for so is
//! the registry of endpoints: a handler that one of two applications mounts is mounted.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::registry::{Endpoint, Mount};

/// A route that somebody told of.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) mount: Mount,
    pub(crate) method: &'static str,
    pub(crate) path: Box<str>,
    pub(crate) handler: Handler,
}

/// What stands behind a route.
#[derive(Debug, Clone)]
pub(crate) enum Handler {
    Annotated(&'static Endpoint),
    /// It carries no attribute; its name, where the framework has one.
    Plain(Option<Box<str>>),
}

/// What was told so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    pub(crate) routes: Vec<Route>,
    in_use: Vec<&'static str>,
    all_told: Vec<&'static str>,
}

static TOLD: Mutex<Told> = Mutex::new(Told { routes: Vec::new(), in_use: Vec::new(), all_told: Vec::new() });

/// Notes that the application wired a route to an endpoint: `path` is the template as it was given, without the prefixes
/// of routers around it, and the router may never be served. For adapters, while routes are being set up.
pub fn wire(endpoint: &'static Endpoint, method: &'static str, path: &str) {
    told().note(Mount::Wired, method, path, Handler::Annotated(endpoint));
}

/// Notes that the framework itself mounted a route that leads to an endpoint: `path` is the whole template, in the form
/// in which requests will name it. For adapters whose framework tells its routes.
pub fn mounted(endpoint: &'static Endpoint, method: &'static str, path: &str) {
    told().note(Mount::Mounted, method, path, Handler::Annotated(endpoint));
}

/// Notes that the framework itself mounted a route whose handler carries neither attribute; `handler` is the framework's
/// name for it, if it has one. For adapters whose framework tells its routes.
pub fn unannotated(method: &'static str, path: &str, handler: Option<&str>) {
    told().note(Mount::Mounted, method, path, Handler::Plain(handler.map(Into::into)));
}

/// Notes that the program uses this framework. For adapters, as soon as the application makes their layer, middleware or
/// fairing: as long as one framework in use has not [told all its routes](all_routes_told), nothing is called "never
/// mounted".
pub fn in_use(framework: &'static str) {
    let mut told = told();
    if !told.in_use.contains(&framework) {
        told.in_use.push(framework);
    }
}

/// Notes that each route of this framework has been told by [`mounted`] or [`unannotated`], so that an annotated handler
/// which is not among them is never mounted. For adapters, after the last of them.
pub fn all_routes_told(framework: &'static str) {
    let mut told = told();
    if !told.all_told.contains(&framework) {
        told.all_told.push(framework);
    }
}

/// What was told so far.
pub(crate) fn snapshot() -> Told {
    told().clone()
}

fn told() -> MutexGuard<'static, Told> {
    TOLD.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Told {
    /// A route that is set up again, as by each test of a program, is one route.
    fn note(&mut self, mount: Mount, method: &'static str, path: &str, handler: Handler) {
        let is_known = self.routes.iter().any(|route| {
            route.mount == mount && route.method == method && *route.path == *path && route.handler == handler
        });
        if !is_known {
            self.routes.push(Route { mount, method, path: path.into(), handler });
        }
    }

    /// Whether nothing is mounted but what was told: each framework in use told all its routes. Whoever wires routes
    /// uses one that does not.
    pub(crate) fn is_complete(&self) -> bool {
        let wires = self.routes.iter().any(|route| route.mount == Mount::Wired);
        !self.all_told.is_empty() && !wires && self.in_use.iter().all(|framework| self.all_told.contains(framework))
    }
}

impl PartialEq for Handler {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Annotated(one), Self::Annotated(other)) => one.same_as(other),
            (Self::Plain(one), Self::Plain(other)) => one == other,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_that_is_told_again_is_one_route() {
        let mut told = Told::default();
        for _ in 0..2 {
            told.note(Mount::Mounted, "GET", "/a", Handler::Plain(Some("a".into())));
            told.note(Mount::Mounted, "PUT", "/a", Handler::Plain(Some("a".into())));
        }
        assert_eq!(told.routes.len(), 2);
    }

    #[test]
    fn one_framework_that_does_not_tell_leaves_open_what_is_mounted() {
        let told = |in_use: &[&'static str], all_told: &[&'static str]| Told {
            routes: Vec::new(),
            in_use: in_use.to_vec(),
            all_told: all_told.to_vec(),
        };
        assert!(!told(&[], &[]).is_complete());
        assert!(!told(&["axum"], &[]).is_complete());
        assert!(told(&["rocket"], &["rocket"]).is_complete());
        assert!(!told(&["axum", "rocket"], &["rocket"]).is_complete());
        let mut wired = told(&[], &["rocket"]);
        assert!(wired.is_complete());
        wired.note(Mount::Wired, "GET", "/a", Handler::Plain(None));
        assert!(!wired.is_complete());
    }
}

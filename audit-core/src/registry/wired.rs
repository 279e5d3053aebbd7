//! Which endpoint stands behind which route, as far as the application said so.
//!
//! This feeds the listing only; a request is attributed by the route's own wrapper.

use std::sync::{Mutex, PoisonError};

use crate::registry::Endpoint;

/// A route whose handler is known.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct WiredRoute {
    /// The handler.
    pub endpoint: &'static Endpoint,
    /// The method.
    pub method: &'static str,
    /// The template as it was given, without the prefixes of routers around it.
    pub path: &'static str,
}

static WIRED: Mutex<Vec<WiredRoute>> = Mutex::new(Vec::new());

/// Notes that a route leads to an endpoint. For adapters, while routes are being set up.
pub fn wire(endpoint: &'static Endpoint, method: &'static str, path: &str) {
    let mut wired = WIRED.lock().unwrap_or_else(PoisonError::into_inner);
    let known =
        wired.iter().any(|route| route.endpoint.same_as(endpoint) && route.method == method && route.path == path);
    if !known {
        // Routes live as long as the program; setting one up again does not come here.
        wired.push(WiredRoute { endpoint, method, path: String::leak(path.to_owned()) });
    }
}

pub(crate) fn wired() -> Vec<WiredRoute> {
    WIRED.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

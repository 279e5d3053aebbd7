//! Routes whose handlers are known.

use axum::Router;

use crate::__private::wire;
use crate::routing::AuditedMethodRouter;

/// Adds audited routes to a router.
pub trait RouterExt<S> {
    /// Adds a route to annotated handlers. What they ask for is known before their extractors run, a request that an
    /// extractor refuses is recorded under their action, and the listing tells the route.
    ///
    /// # Panics
    /// As [`Router::route`].
    #[must_use]
    #[track_caller]
    fn audited_route(self, path: &str, handlers: AuditedMethodRouter<S>) -> Self;
}

impl<S> RouterExt<S> for Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    #[track_caller]
    fn audited_route(self, path: &str, handlers: AuditedMethodRouter<S>) -> Self {
        for (method, endpoint) in &handlers.endpoints {
            wire(endpoint, method, path);
        }
        self.route(path, handlers.router)
    }
}

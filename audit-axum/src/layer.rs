//! The tower layer.

use std::fmt;

use audit_core::exchange::ActorResolver;
use audit_core::{Actor, Auditor};
use http::Extensions;
use tower_layer::Layer;

use crate::__private::in_use;
use crate::service::AuditService;

/// Audits every request that passes it. Applied twice, the inner one does nothing.
#[derive(Clone)]
pub struct AuditLayer {
    auditor: Auditor,
    resolver: Resolver,
}

/// Finds the actor in extensions.
pub(crate) type Resolver = ActorResolver<Extensions>;

/// Whom the rule finds in extensions, or the [`Actor`] in them.
pub(crate) fn actor_in(extensions: &Extensions, resolver: &Resolver) -> Option<Actor> {
    resolver.resolve(extensions, |extensions| extensions.get::<Actor>().cloned())
}

impl fmt::Debug for AuditLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditLayer").field("enabled", &self.auditor.is_enabled()).finish_non_exhaustive()
    }
}

impl AuditLayer {
    /// A layer that records through `auditor`.
    #[must_use]
    pub fn new(auditor: Auditor) -> Self {
        in_use("axum");
        Self { auditor, resolver: Resolver::default() }
    }

    /// Gives the rule that finds the actor in extensions: those of the request as they are at this layer and at the
    /// wired handler, and those of the answer. Without it, an [`Actor`] in the extensions is taken.
    ///
    /// ```
    /// # use audit_axum::{Actor, AuditLayer, Auditor, Output};
    /// # #[derive(Clone)] struct Claims { subject: String }
    /// # let auditor = Auditor::builder().output(Output::None).build().unwrap();
    /// let layer = AuditLayer::new(auditor)
    ///     .actor_from(|extensions| extensions.get::<Claims>().map(|claims| Actor::user(&claims.subject)));
    /// ```
    #[must_use]
    pub fn actor_from(mut self, resolve: impl Fn(&Extensions) -> Option<Actor> + Send + Sync + 'static) -> Self {
        self.resolver = Resolver::new(resolve);
        self
    }
}

impl<S> Layer<S> for AuditLayer {
    type Service = AuditService<S>;

    fn layer(&self, inner: S) -> AuditService<S> {
        AuditService { inner, auditor: self.auditor.clone(), resolver: self.resolver.clone() }
    }
}

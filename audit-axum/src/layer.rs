//! The tower layer.

use std::fmt;
use std::sync::Arc;

use audit_core::{Actor, Auditor};
use http::Extensions;
use tower_layer::Layer;

use crate::service::AuditService;

type ResolveActor = Arc<dyn Fn(&Extensions) -> Option<Actor> + Send + Sync>;

/// Audits every request that passes it. Applied twice, the inner one does nothing.
#[derive(Clone)]
pub struct AuditLayer {
    auditor: Auditor,
    resolver: Resolver,
}

/// Finds the actor in extensions.
#[derive(Clone, Default)]
pub(crate) struct Resolver(Option<ResolveActor>);

impl Resolver {
    pub(crate) fn resolve(&self, extensions: &Extensions) -> Option<Actor> {
        let given = self.0.as_ref().and_then(|resolve| resolve(extensions));
        given.or_else(|| extensions.get::<Actor>().cloned())
    }
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
        self.resolver = Resolver(Some(Arc::new(resolve)));
        self
    }
}

impl<S> Layer<S> for AuditLayer {
    type Service = AuditService<S>;

    fn layer(&self, inner: S) -> AuditService<S> {
        AuditService { inner, auditor: self.auditor.clone(), resolver: self.resolver.clone() }
    }
}

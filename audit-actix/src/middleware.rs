//! The middleware.

use std::fmt;
use std::future::{Ready, ready};
use std::rc::Rc;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{Extensions, Service, ServiceRequest, ServiceResponse, Transform};
use audit_core::exchange::ActorResolver;
use audit_core::{Actor, Auditor};

use crate::__private::in_use;
use crate::body::AuditBody;
use crate::service::AuditService;

/// Audits every request that passes it. Applied twice, the inner one does nothing.
#[derive(Clone)]
pub struct AuditMiddleware {
    auditor: Auditor,
    resolver: Resolver,
}

/// Finds the actor in extensions.
pub(crate) type Resolver = ActorResolver<Extensions>;

/// Whom the rule finds in extensions, or the [`Actor`] in them.
pub(crate) fn actor_in(extensions: &Extensions, resolver: &Resolver) -> Option<Actor> {
    resolver.resolve(extensions, |extensions| extensions.get::<Actor>().cloned())
}

impl fmt::Debug for AuditMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditMiddleware").field("enabled", &self.auditor.is_enabled()).finish_non_exhaustive()
    }
}

impl AuditMiddleware {
    /// A middleware that records through `auditor`.
    #[must_use]
    pub fn new(auditor: Auditor) -> Self {
        in_use("actix");
        Self { auditor, resolver: Resolver::default() }
    }

    /// Gives the rule that finds the actor in extensions: the request's as they are at this middleware, at the wired
    /// handler and when the answer comes back, and the answer's. Without it, or where it finds nobody, an [`Actor`] in the
    /// extensions is taken. The extensions are borrowed while it runs: it must not reach for them by another way.
    ///
    /// ```
    /// # use audit_actix::{Actor, AuditMiddleware, Auditor, Output};
    /// # struct Claims { subject: String }
    /// # let auditor = Auditor::builder().output(Output::None).build().unwrap();
    /// let middleware = AuditMiddleware::new(auditor)
    ///     .actor_from(|extensions| extensions.get::<Claims>().map(|claims| Actor::user(&claims.subject)));
    /// ```
    #[must_use]
    pub fn actor_from(mut self, resolve: impl Fn(&Extensions) -> Option<Actor> + Send + Sync + 'static) -> Self {
        self.resolver = Resolver::new(resolve);
        self
    }
}

impl<S, B> Transform<S, ServiceRequest> for AuditMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<AuditBody<B>>;
    type Error = Error;
    type Transform = AuditService<S>;
    type InitError = ();
    type Future = Ready<Result<AuditService<S>, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(AuditService {
            inner: Rc::new(inner),
            auditor: self.auditor.clone(),
            resolver: self.resolver.clone(),
        }))
    }
}

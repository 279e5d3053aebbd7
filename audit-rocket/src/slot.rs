//! What the fairing and the wrapped handlers keep with a request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use audit_core::exchange::{Exchange, Refusal};
use audit_core::{Actor, Auditor, Scope, current};
use rocket::{Request, Route};

/// The application's rule that finds the actor.
pub(crate) type FindActor = Arc<dyn Fn(&Request<'_>) -> Option<Actor> + Send + Sync>;

/// In Rocket's managed state: the fairing is attached, and this is what it works with.
#[derive(Clone)]
pub(crate) struct Attached {
    pub(crate) auditor: Auditor,
    pub(crate) find_actor: Option<FindActor>,
}

impl Attached {
    fn find_actor(&self, request: &Request<'_>) -> Option<Actor> {
        self.find_actor.as_ref().and_then(|find| find(request))
    }
}

/// In a request's cache: what becomes of it. Dropped with the request, which Rocket keeps until the answer was sent.
#[derive(Default)]
pub(crate) struct Slot(Mutex<Slotted>);

#[derive(Default)]
pub(crate) struct Slotted {
    /// The exchange, until it moves into the answer's body.
    pub(crate) exchange: Option<Exchange>,
    /// For handlers; there is none if nothing is recorded.
    pub(crate) scope: Option<Scope>,
    /// Which route the exchange was told of last. Rocket may go on to another one.
    pub(crate) route: Option<RouteMark>,
    /// It cannot be on record: its handler does not run, and this is its answer.
    pub(crate) refusal: Option<Refusal>,
    /// The request has a body.
    pub(crate) has_body: bool,
    /// The body broke off while Rocket read its beginning, which Rocket keeps to itself.
    pub(crate) broken_off: bool,
    /// The body has been looked at, or read for the record.
    pub(crate) body_seen: bool,
    /// How much of the body was looked at before the handler.
    pub(crate) looked_at: usize,
}

/// Which of the running rocket's routes; they stay where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RouteMark(usize);

impl RouteMark {
    pub(crate) fn of(route: &Route) -> Self {
        Self(std::ptr::from_ref(route).addr())
    }
}

impl Slot {
    pub(crate) fn of<'r>(request: &'r Request<'_>) -> &'r Self {
        request.local_cache(Self::default)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Slotted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn scope(&self) -> Option<Scope> {
        self.lock().scope.clone()
    }
}

/// In a request's cache: who it is, as long as no exchange has been told.
#[derive(Default)]
struct Remembered(Mutex<Option<Actor>>);

impl Remembered {
    fn lock<'r>(request: &'r Request<'_>) -> MutexGuard<'r, Option<Actor>> {
        request.local_cache(Self::default).0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leaves an actor with the request, for a fairing or a guard. One that is left before the handler counts unless the
/// handler names another one; one that a fairing leaves with the answer has the last word.
pub fn remember_actor(request: &Request<'_>, actor: Actor) {
    match current() {
        Some(scope) => scope.resolve_actor(actor),
        None => *Remembered::lock(request) = Some(actor),
    }
}

/// Tells the exchange whom the application's rule finds, or who was left with the request.
pub(crate) fn resolve_actor(request: &Request<'_>, attached: &Attached, scope: &Scope) {
    let left = Remembered::lock(request).take();
    if let Some(actor) = left.or_else(|| attached.find_actor(request)) {
        scope.resolve_actor(actor);
    }
}

/// The same once the answer is there: who was left with it since has the last word.
pub(crate) fn settle_actor(request: &Request<'_>, attached: &Attached, scope: &Scope) {
    if let Some(actor) = attached.find_actor(request) {
        scope.resolve_actor(actor);
    }
    if let Some(actor) = Remembered::lock(request).take() {
        scope.set_actor(actor);
    }
}

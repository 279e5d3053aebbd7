//! The part of an exchange that its guard, its scope and its taps share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::auditor::{InForce, Inner};
use crate::exchange::facts::Facts;
use crate::registry::Endpoint;
use crate::vocabulary::Completion;

/// One open event. Its facts are taken out exactly once, by whoever ends it first.
pub(crate) struct Shared {
    auditor: Arc<Inner>,
    /// A promise could not be kept: the handler does not run, or not on.
    refused: AtomicBool,
    /// Its `intent` was handed over. Known even when the facts are gone.
    strict: AtomicBool,
    facts: Mutex<Option<Box<Facts>>>,
}

impl Shared {
    pub(crate) fn open(auditor: Arc<Inner>, facts: Facts) -> Arc<Self> {
        Arc::new(Self {
            auditor,
            refused: AtomicBool::new(false),
            strict: AtomicBool::new(false),
            facts: Mutex::new(Some(Box::new(facts))),
        })
    }

    pub(crate) fn auditor(&self) -> &Arc<Inner> {
        &self.auditor
    }

    /// Notes that the adapter is to answer in the handler's place.
    pub(crate) fn note_refused(&self) {
        self.refused.store(true, Ordering::Relaxed);
    }

    /// Notes that its `intent` was handed over: the answer's head waits for the `final`.
    pub(crate) fn note_strict(&self) {
        self.strict.store(true, Ordering::Relaxed);
    }

    /// Whether its `intent` was handed over.
    pub(crate) fn is_strict(&self) -> bool {
        self.strict.load(Ordering::Relaxed)
    }

    /// Whether the adapter is to answer in the handler's place.
    pub(crate) fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// The rules of redaction that hold for what is added now: those of the endpoint, as far as it is known, and of the
    /// nested function that runs.
    pub(crate) fn rules(&self, nested: Option<&'static Endpoint>) -> InForce<'_> {
        let redactors = self.auditor.redactors();
        if redactors.are_common() {
            return self.auditor.common_rules();
        }
        let endpoint = self.with(|facts| facts.endpoint()).flatten();
        let nested = nested.filter(|nested| nested.has_rules()).map(|nested| &**redactors.of(Some(nested)));
        InForce::new(redactors.of(endpoint), nested)
    }

    /// The facts are only data: whatever panicked while holding them left them readable.
    fn lock(&self) -> MutexGuard<'_, Option<Box<Facts>>> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads or adds facts of the open event. `None` when it has ended.
    ///
    /// `with` must not call back into this event, nor run code of the application.
    pub(crate) fn with<R>(&self, with: impl FnOnce(&mut Facts) -> R) -> Option<R> {
        self.lock().as_deref_mut().map(with)
    }

    /// Adds facts on somebody's wish; those that come after the end are counted as late.
    pub(crate) fn add(&self, add: impl FnOnce(&mut Facts)) {
        if self.with(add).is_none() {
            self.auditor.count_late();
        }
    }

    /// Ends the event, unless it has ended, and hands its record over. Never waits, never panics.
    pub(crate) fn end(&self, how: impl FnOnce(&mut Facts) -> End) {
        let Some(mut facts) = self.lock().take() else { return };
        let end = how(&mut facts);
        self.auditor.finish(facts, end);
    }
}

/// How an event ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    pub(crate) completion: Completion,
    /// Whether the record may exceed the queue's bound, by its own line.
    pub(crate) may_overdraw: bool,
}

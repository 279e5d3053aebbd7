//! One run of an annotated function: what `#[audited]` expands to.

mod values;

use std::cell::Cell;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::auditor::{InForce, global};
use crate::exchange::{Attribution, Exchange, Facts, HandlerEnd, Shared, Source, noting_panics};
use crate::registry::{Endpoint, Returned};
use crate::scope::{self, Current, Scope, Scoped};
use crate::vocabulary::{Delivery, Outcome};

/// A guard of one run. Dropped before [`finish`](Self::finish), the run panicked or was cancelled.
pub struct Call {
    place: Place,
    /// The body watches for panics of its own.
    running: Cell<bool>,
    finished: bool,
}

/// Where a panic of the body is noted.
enum Watched {
    Handler(Arc<Shared>),
    Nested(Arc<Shared>, usize, &'static Endpoint),
    Alone(Arc<Shared>),
    Refused,
}

enum Place {
    /// The handler of the exchange.
    Handler(Arc<Shared>),
    /// Called by the handler: its number among the exchange's calls.
    Nested(Arc<Shared>, usize, &'static Endpoint),
    /// Outside any exchange: an event of its own.
    Alone(Exchange),
    /// A handler that must not run: it asks for a promise that nobody can keep any more.
    Refused,
    /// Nothing to record into.
    Nowhere,
}

impl Call {
    /// Begins a run: in the current exchange, or as an event of its own.
    #[must_use]
    pub fn enter(endpoint: &'static Endpoint) -> Self {
        let place = match scope::place() {
            Current::Exchange(scope) => Self::enter_exchange(Arc::clone(scope.shared()), endpoint),
            Current::Unrecorded => Place::Nowhere,
            Current::Outside if endpoint.exemption().is_some() => Place::Nowhere,
            Current::Outside => match global::installed_for(endpoint) {
                Some(auditor) => auditor.begin_call(endpoint).map_or(Place::Nowhere, Place::Alone),
                None => Place::Nowhere,
            },
        };
        Self { place, running: Cell::new(false), finished: false }
    }

    fn enter_exchange(shared: Arc<Shared>, endpoint: &'static Endpoint) -> Place {
        let number = shared.with(|facts| {
            if !facts.entered {
                facts.entered = true;
                match facts.attribution {
                    None => {
                        facts.attribution = Some(Attribution { endpoint, source: Source::Entered });
                        return Some(None);
                    }
                    Some(attribution) if attribution.endpoint.same_as(endpoint) => return Some(None),
                    // Something audited runs before the handler does that is known already, such as an extractor.
                    Some(_) => facts.entered = false,
                }
            }
            facts.begin_nested(endpoint).map(Some)
        });
        match number {
            Some(Some(None)) if shared.refuses_late(endpoint) => Place::Refused,
            // One that is called by another, or by what stands before the handler, asks for no less.
            Some(_) if endpoint.delivery() == Some(Delivery::Strict) && shared.refuses_late(endpoint) => Place::Refused,
            Some(Some(None)) => Place::Handler(shared),
            Some(Some(Some(number))) => Place::Nested(shared, number, endpoint),
            Some(None) => Place::Nowhere,
            None => {
                shared.auditor().count_late();
                Place::Nowhere
            }
        }
    }

    fn shared(&self) -> Option<&Arc<Shared>> {
        match &self.place {
            Place::Handler(shared) | Place::Nested(shared, ..) => Some(shared),
            Place::Alone(exchange) => Some(exchange.shared()),
            Place::Refused | Place::Nowhere => None,
        }
    }

    /// The rules of redaction that hold for what the run tells of itself.
    fn rules<'a>(&self, shared: &'a Shared) -> InForce<'a> {
        match self.place {
            Place::Nested(_, _, endpoint) => shared.rules(Some(endpoint)),
            _ => shared.rules(None),
        }
    }

    /// Whether anybody will read what is added.
    #[must_use]
    pub fn is_live(&self) -> bool {
        !matches!(self.place, Place::Refused | Place::Nowhere)
    }

    /// Runs an `async` body so that the event is the current one wherever the body is polled.
    pub fn wrap<F: Future>(&self, body: F) -> Running<F> {
        let body = match &self.place {
            Place::Alone(exchange) => exchange.scope().wrap(body),
            _ => Scoped::anywhere(body),
        };
        Running { body, watched: self.watch() }
    }

    /// Runs a body that is not `async`.
    pub fn in_scope<R>(&self, body: impl FnOnce() -> R) -> R {
        let watched = self.watch();
        match &self.place {
            Place::Alone(exchange) => watching(watched.as_ref(), || exchange.scope().in_scope(body)),
            _ => watching(watched.as_ref(), body),
        }
    }

    fn watch(&self) -> Option<Watched> {
        self.running.set(true);
        match &self.place {
            Place::Handler(shared) => Some(Watched::Handler(Arc::clone(shared))),
            Place::Nested(shared, number, endpoint) => Some(Watched::Nested(Arc::clone(shared), *number, endpoint)),
            Place::Alone(exchange) => Some(Watched::Alone(Arc::clone(exchange.shared()))),
            Place::Refused => Some(Watched::Refused),
            Place::Nowhere => None,
        }
    }

    /// Counts the end of a nested run of which no record can tell any more.
    fn count_late_unless(&self, noted: Option<bool>) {
        if let Place::Nested(shared, ..) = &self.place
            && noted != Some(true)
        {
            shared.auditor().count_late();
        }
    }

    /// Notes how the body returned.
    pub fn finish(mut self, returned: Returned) {
        self.finished = true;
        let Some(shared) = self.shared() else { return };
        let error = match &returned {
            Returned::Error(Some(text)) => Some(self.rules(shared).text(text.unredacted())),
            _ => None,
        };
        let (error, redacted) = error.map_or((None, 0), |(text, redacted)| (Some(text), redacted));
        let noted = shared.with(|facts| {
            match &self.place {
                Place::Handler(_) => {
                    facts.handler_end = Some(HandlerEnd::Returned);
                    if facts.error.is_none() {
                        facts.error = error;
                    }
                }
                Place::Alone(_) => {
                    facts.handler_end = Some(HandlerEnd::Returned);
                    let came_to = match returned {
                        Returned::Error(_) => Outcome::Failed,
                        _ => Outcome::Success,
                    };
                    facts.outcome.get_or_insert(came_to);
                    if facts.error.is_none() {
                        facts.error = error;
                    }
                }
                Place::Nested(_, number, _) => {
                    let Some(call) = facts.nested(*number) else { return false };
                    call.duration = Some(call.started.elapsed());
                    call.error = error;
                    call.outcome = match returned {
                        Returned::Ok => Outcome::Success,
                        Returned::Error(_) => Outcome::Failed,
                        // It may be an answer that refuses; only its own status would tell.
                        Returned::Value => Outcome::Unknown,
                    };
                }
                Place::Refused | Place::Nowhere => {}
            }
            facts.redacted += redacted;
            true
        });
        self.count_late_unless(noted);
        if let Place::Alone(exchange) = &mut self.place {
            exchange.complete();
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        // Once the body runs, it tells of its own panics: this thread may also be unwinding from somewhere else, and
        // then the run was only cancelled.
        let panicking = !self.running.get() && std::thread::panicking();
        match &self.place {
            Place::Handler(shared) => {
                shared.with(|facts| {
                    if panicking {
                        facts.note_handler_panic(None);
                    }
                    facts.handler_end.get_or_insert(HandlerEnd::DroppedUnfinished);
                });
            }
            Place::Nested(shared, number, _) => {
                let noted = shared.with(|facts| {
                    let Some(call) = facts.nested(*number) else { return false };
                    call.duration = Some(call.started.elapsed());
                    if panicking {
                        call.outcome = Outcome::Failed;
                    }
                    true
                });
                self.count_late_unless(noted);
            }
            Place::Alone(exchange) if panicking => {
                exchange.shared().with(|facts| facts.note_panic(None));
            }
            Place::Alone(_) | Place::Refused | Place::Nowhere => {}
        }
    }
}

pin_project! {
    /// An annotated function's `async` body.
    #[must_use = "futures do nothing unless polled"]
    pub struct Running<F> {
        #[pin]
        body: Scoped<F>,
        watched: Option<Watched>,
    }
}

impl<F: Future> Future for Running<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        // Whoever polls the handler looks next whether it may go on, and drops it.
        if matches!(this.watched, Some(Watched::Refused)) && scope::is_refusable(cx) {
            return Poll::Pending;
        }
        watching(this.watched.as_ref(), || this.body.poll(cx))
    }
}

/// Runs a part of a body; a panic that comes out of it is noted as the run's own, and goes on.
fn watching<R>(watched: Option<&Watched>, run: impl FnOnce() -> R) -> R {
    match watched {
        None => run(),
        // In a task of its own, or not `async`: there is no other way not to run. Whoever polls the handler catches it, if
        // it gets there.
        Some(Watched::Refused) => resume_unwind(Box::new("not run: it could not be recorded")),
        Some(Watched::Handler(shared)) => noting_panics(shared, None, run, Facts::note_handler_panic),
        Some(Watched::Alone(shared)) => noting_panics(shared, None, run, Facts::note_panic),
        Some(Watched::Nested(shared, number, endpoint)) => {
            let nested = Some(*endpoint).filter(|endpoint| endpoint.has_rules());
            noting_panics(
                shared,
                nested,
                || scope::within_nested(nested, run),
                |facts, message| {
                    if let Some(call) = facts.nested(*number) {
                        call.outcome = Outcome::Failed;
                        call.error = message;
                    }
                },
            )
        }
    }
}

impl Scope {
    /// The identifier that the record of this exchange will carry.
    #[must_use]
    pub fn event_id(&self) -> Option<String> {
        self.shared().with(|facts| facts.event_id.to_string())
    }
}

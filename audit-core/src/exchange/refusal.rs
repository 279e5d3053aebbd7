//! Where strict delivery cannot be: the adapter is told to answer 503 in the handler's place, or 500 in its answer's. An
//! endpoint that turns out to ask for it only as it begins to run does not run.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use crate::caught::caught;
use crate::exchange::{Facts, Shared, Strict};
use crate::notice;
use crate::registry::Endpoint;
use crate::scope;
use crate::vocabulary::Delivery;

/// The adapter is to answer with this status, for a promise could not be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    status: u16,
}

impl Refusal {
    /// The handler did not run.
    pub(super) const BEFORE: Self = Self { status: 503 };
    /// It ran, and its answer does not leave.
    pub(super) const AFTER: Self = Self { status: 500 };

    /// 503 before the handler ran, 500 after it.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.status
    }
}

/// Polls a handler's call; ready with a refusal if it turns out that the handler must not go on, whatever it gave or
/// however it unwound.
pub(crate) fn poll_call<T>(
    shared: &Shared,
    cx: &mut Context<'_>,
    poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
) -> Poll<Result<T, Refusal>> {
    let polled = catch_unwind(AssertUnwindSafe(|| scope::refusable(cx, poll)));
    if let Some(refusal) = shared.refused_late() {
        caught(|| drop(polled));
        return Poll::Ready(Err(refusal));
    }
    polled.unwrap_or_else(|panic| resume_unwind(panic)).map(Ok)
}

impl Shared {
    /// Notes that the handler does not run.
    pub(crate) fn refuse(&self, reason: &str) {
        self.with(|facts| {
            facts.promised = true;
            facts.reason = Some(reason.to_owned());
        });
        self.note_refused();
    }

    /// Whether the handler that began must not go on.
    #[inline]
    fn refused_late(&self) -> Option<Refusal> {
        self.is_refused().then_some(Refusal::BEFORE)
    }

    /// Whether a handler that has begun asks for a promise that nobody can keep any more. Then it must not go on.
    pub(crate) fn refuses_late(&self, endpoint: &'static Endpoint) -> bool {
        let setting = self.auditor().settings().delivery;
        let asks = endpoint.delivery().unwrap_or(setting) == Delivery::Strict && endpoint.exemption().is_none();
        // Of an excluded route nothing is recorded, whatever its handler asks for.
        let is_watched = |facts: &Facts| facts.http.as_ref().is_some_and(|http| !http.excluded);
        let is_late = asks && self.with(|facts| facts.strict.is_unrecorded() && is_watched(facts)) == Some(true);
        if is_late {
            self.with(|facts| {
                if facts.strict == Strict::No {
                    facts.strict = Strict::Owed;
                }
            });
            self.refuse("asks for strict delivery, but was not known before it ran");
            tell_late(endpoint);
        }
        is_late
    }
}

/// Says, once for each handler, that it has to be known before it runs.
fn tell_late(endpoint: &'static Endpoint) {
    static TOLD: Mutex<Vec<&'static Endpoint>> = Mutex::new(Vec::new());
    let is_new = {
        let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = told.iter().all(|known| !known.same_as(endpoint));
        if is_new {
            told.push(endpoint);
        }
        is_new
    };
    // Unlocked: stderr may be stuck.
    if is_new {
        notice::say(format_args!(
            "{} asks for strict delivery, but is not known before it runs: its requests are refused with 503. Wire its \
             route (`audited_route`, or `routes![…].audited()`), write #[audited] above the framework's attribute, or \
             declare `route = \"…\"`",
            endpoint.place()
        ));
    }
}

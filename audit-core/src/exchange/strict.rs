//! Strict delivery: an `intent` on disk before the handler runs, a `final` on disk before the answer's head leaves.
//!
//! Where that cannot be, the adapter is told to answer 503 in the handler's place, or 500 in its answer's. An endpoint
//! that turns out to ask for strict delivery only as it begins to run does not run.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use crate::auditor::Inner;
use crate::caught::caught;
use crate::delivery::{Admission, Receipt, Unrecorded};
use crate::exchange::{Facts, Http, NestedCall, Shared};
use crate::notice;
use crate::policy::ContentHints;
use crate::raw::Raw;
use crate::record::Line;
use crate::redact::FILTERED;
use crate::registry::Endpoint;
use crate::scope;
use crate::vocabulary::{Completion, Delivery, Mode};

use super::facts::Strict;

/// The adapter is to answer with this status, for a promise could not be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    status: u16,
}

impl Refusal {
    /// The handler did not run.
    const BEFORE: Self = Self { status: 503 };
    /// It ran, and its answer does not leave.
    const AFTER: Self = Self { status: 500 };

    /// 503 before the handler ran, 500 after it.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.status
    }
}

/// What a call waits for before it begins: room in the queue, and its `intent` on disk.
pub(crate) struct Entry {
    admission: Admission,
    intent: Intent,
}

enum Intent {
    NotAsked,
    Owed,
    Waiting(Receipt),
}

impl Entry {
    /// Nothing is waited for.
    pub(crate) fn free() -> Self {
        Self { admission: Admission::not_asked(), intent: Intent::NotAsked }
    }

    /// What a request has to wait for, by what is known of it now, that it does not wait for yet. Asked as it begins, and again
    /// once it is known which handler it comes to: who owes an intent is decided here alone.
    pub(crate) fn due(auditor: &Arc<Inner>, facts: &mut Facts) -> Option<Self> {
        let asks = facts.endpoint().and_then(Endpoint::delivery).unwrap_or(auditor.settings().delivery);
        // One of which no record will come leaves no intent.
        let owes_intent = asks == Delivery::Strict && facts.strict == Strict::No && auditor.keeps(facts);
        let has_to_wait = facts.asked.is_none_or(|asked| asked == Delivery::BestEffort && asks == Delivery::Buffered);
        if !owes_intent && !has_to_wait {
            return None;
        }
        facts.asked = Some(asks);
        let intent = if owes_intent {
            facts.strict = Strict::Owed;
            Intent::Owed
        } else {
            Intent::NotAsked
        };
        Some(Self { admission: auditor.admission(asks), intent })
    }

    /// Whether there was room: then the record may exceed the queue's bound, by its own line.
    pub(crate) fn may_overdraw(&self) -> bool {
        self.admission.may_overdraw()
    }

    /// Ready when the call may begin, or may not.
    pub(crate) fn poll(&mut self, shared: &Shared, cx: &mut Context<'_>) -> Poll<Result<(), Refusal>> {
        ready!(self.admission.poll(cx));
        if let Intent::Owed = self.intent {
            if !self.admission.may_overdraw() {
                return Poll::Ready(Err(self.refuse(shared, "not recorded before the handler: no room in the queue")));
            }
            match shared.submit_intent() {
                Some(receipt) => self.intent = Intent::Waiting(receipt),
                // A shutdown has ended it.
                None => return Poll::Ready(Err(self.refuse(shared, ""))),
            }
        }
        let Intent::Waiting(receipt) = &mut self.intent else { return Poll::Ready(Ok(())) };
        let reason = match ready!(receipt.poll(cx)) {
            Ok(()) => {
                self.intent = Intent::NotAsked;
                return Poll::Ready(Ok(()));
            }
            Err(Unrecorded::Refused) => "not recorded before the handler: the journal could not write",
            Err(Unrecorded::TimedOut) => "not recorded before the handler: the journal did not answer in time",
        };
        Poll::Ready(Err(self.refuse(shared, reason)))
    }

    fn refuse(&mut self, shared: &Shared, reason: &str) -> Refusal {
        self.intent = Intent::NotAsked;
        shared.refuse(reason);
        Refusal::BEFORE
    }
}

/// What the answer's head waits for: its `final` on disk.
#[derive(Default)]
pub(crate) enum Commit {
    /// Nothing, or no longer.
    #[default]
    NotAsked,
    /// The completion, where that of the whole exchange is certain already.
    Owed(Option<Completion>),
    /// For word of this line.
    Waiting(Receipt, Line),
}

impl Commit {
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self, Self::NotAsked)
    }

    /// Ready when the head may leave, or may not.
    pub(crate) fn poll(&mut self, shared: &Shared, cx: &mut Context<'_>) -> Poll<Result<(), Refusal>> {
        if let Self::Owed(completion) = *self {
            match shared.submit_final(completion) {
                Some((receipt, line)) => *self = Self::Waiting(receipt, line),
                // A shutdown has ended it: nobody can say that this answer is on record.
                None => {
                    *self = Self::NotAsked;
                    return Poll::Ready(Err(Refusal::AFTER));
                }
            }
        }
        let Self::Waiting(receipt, line) = self else { return Poll::Ready(Ok(())) };
        let said = ready!(receipt.poll(cx));
        let line = line.clone();
        *self = Self::NotAsked;
        let Err(unrecorded) = said else { return Poll::Ready(Ok(())) };
        if unrecorded == Unrecorded::Refused {
            // What the handler did is not to be lost with its answer: perhaps it can be written now. Readers drop repeats.
            shared.auditor().submit_again(&line);
        }
        let reason = match unrecorded {
            Unrecorded::Refused => "the answer was not recorded and did not leave: the journal could not write",
            Unrecorded::TimedOut => "the answer was not recorded in time and did not leave",
        };
        shared.with(|facts| {
            facts.outcome = None;
            facts.reason = Some(reason.to_owned());
            // It may be there all the same, or come: an `end` says what the client was told.
            facts.strict = Strict::Told(None);
        });
        Poll::Ready(Err(Refusal::AFTER))
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
    /// What is to be waited for now that more is known; see [`Entry::due`].
    pub(crate) fn entry_due(&self) -> Option<Entry> {
        self.with(|facts| Entry::due(self.auditor(), facts)).flatten()
    }

    fn submit_intent(&self) -> Option<Receipt> {
        let auditor = self.auditor();
        self.note_strict();
        self.with(|facts| {
            facts.strict = Strict::Intended;
            // An intent asks for its end.
            facts.promised = true;
            auditor.submit_intent(facts)
        })
    }

    /// Hands over what is known now; what is left tells of the answer's body alone.
    fn submit_final(&self, completion: Option<Completion>) -> Option<(Receipt, Line)> {
        let facts = self.with(|facts| {
            // Whose request it was is the same in all that is told of it.
            facts.settle();
            let certain = completion.or_else(|| facts.certain_completion());
            let mut rest = facts.rest(certain);
            std::mem::swap(facts, &mut rest);
            (rest, certain)
        });
        let (facts, completion) = facts?;
        Some(self.auditor().submit_final(facts, completion))
    }

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
        let is_late = asks && self.with(|facts| facts.strict == Strict::No && is_watched(facts)) == Some(true);
        if is_late {
            self.with(|facts| facts.strict = Strict::Owed);
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

impl Http {
    /// Whether more of the request's body may be seen.
    fn is_read_on(&self) -> bool {
        !(self.request_complete || self.request_unobserved)
    }
}

impl Facts {
    /// What stands on disk is not taken back: looks at the facts without what a template or an endpoint that is not known
    /// yet may hide. The `final` has it.
    pub(crate) fn without_what_may_be_secret<R>(
        &mut self,
        hides_header: impl Fn(&str) -> bool,
        forwarding: &str,
        look: impl FnOnce(&Self) -> R,
    ) -> R {
        let redacted = self.redacted;
        let Some(http) = &mut self.http else { return look(self) };
        let request_id = http.request_id.take_if(|_| hides_header("x-request-id"));
        let forwarded_for = http.forwarded_for.take_if(|_| hides_header(forwarding));
        // Which segment of a path is a secret, its template tells.
        let is_placed = http.route.is_some() || http.unmatched;
        let path = (!is_placed).then(|| {
            let path = std::mem::replace(&mut http.path, Raw::new(FILTERED.into()));
            (path, std::mem::replace(&mut http.path_bytes, FILTERED.len()))
        });
        self.redacted += u64::from(path.is_some());
        let looked = look(self);
        self.redacted = redacted;
        if let Some(http) = &mut self.http {
            http.request_id = http.request_id.take().or(request_id);
            http.forwarded_for = http.forwarded_for.take().or(forwarded_for);
            if let Some((path, bytes)) = path {
                (http.path, http.path_bytes) = (path, bytes);
            }
        }
        looked
    }

    /// How the exchange will have ended whatever happens to the answer's body.
    fn certain_completion(&self) -> Option<Completion> {
        self.panicked.then_some(Completion::Panicked)
    }

    /// What is left to tell once the `final` has been: the same event, of which nothing has been added yet. A request that is
    /// still being read, as by the stream of its answer, is told of by what comes then.
    fn rest(&mut self, told: Option<Completion>) -> Self {
        let http = self.http.as_mut().map(|http| (http.is_read_on(), http));
        let http = http.map(|(is_read_on, http)| Http {
            framework: http.framework,
            method: http.method.clone(),
            path: Raw::new(http.path.unredacted().clone()),
            path_bytes: http.path_bytes,
            route: http.route.clone(),
            hints: ContentHints::default(),
            forwarded_for: None,
            user_agent: None,
            request_id: http.request_id.clone(),
            taken_as: if is_read_on { http.taken_as } else { Mode::Basic },
            query: None,
            headers: None,
            request_scanner: if is_read_on { http.request_scanner.take() } else { None },
            request_bytes_told: http.request_bytes,
            response_headers: http.response_headers.take(),
            response_scanner: http.response_scanner.take(),
            ..*http
        });
        Self {
            event_id: self.event_id,
            started_at: self.started_at,
            started: self.started,
            http,
            attribution: self.attribution,
            entered: self.entered,
            instead: self.instead,
            asked: self.asked,
            strict: Strict::Told(told),
            handler_end: self.handler_end,
            admitted: self.admitted,
            panicked: self.panicked,
            promised: true,
            actor: self.actor.clone(),
            actor_named: self.actor_named,
            actor_unreadable: self.actor_unreadable,
            outcome: self.outcome,
            calls: self.calls.iter().filter_map(NestedCall::rest).collect(),
            calls_begun: self.calls_begun,
            trace_id: self.trace_id.clone(),
            span_id: self.span_id.clone(),
            ..Self::new(self.action.clone())
        }
    }

    /// An `end` keeps content only if it tells of the request's body, and nested functions only if they have something new.
    pub(crate) fn settle_end(&mut self) {
        self.calls.retain(|call| !call.told);
        if let Some(http) = self.http.as_mut().filter(|http| http.request_bytes == 0) {
            http.taken_as = Mode::Basic;
        }
    }

    /// Whether a `final` leaves something to tell.
    pub(crate) fn has_more_than_final(&self, completion: Completion) -> bool {
        let Strict::Told(told) = self.strict else { return true };
        let http = self.http.as_ref();
        let was_added = self.reason.is_some()
            || self.error.is_some()
            || !(self.targets.is_empty() && self.data.is_empty() && self.changes.is_empty())
            || !(self.steps.is_empty() && self.calls.iter().all(|call| call.told))
            || http.is_some_and(|http| http.response_scanner.is_some() || http.response_headers.is_some());
        let was_read = http.is_some_and(|http| {
            let has_scanned = http.request_scanner.is_some() && http.request_bytes > 0;
            has_scanned || http.request_bytes > http.request_bytes_told
        });
        was_added || was_read || told.map_or(completion != Completion::Completed, |told| told != completion)
    }
}

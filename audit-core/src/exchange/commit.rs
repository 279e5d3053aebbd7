//! What an answer's head waits for with strict delivery: its `final` on disk. What is left then tells of the answer's body alone,
//! and makes an `end` if that adds something.

use std::task::{Context, Poll, ready};

use crate::delivery::{Receipt, Unrecorded};
use crate::exchange::{Facts, Http, NestedCall, Refusal, Shared, Strict};
use crate::policy::ContentHints;
use crate::raw::Raw;
use crate::record::Line;
use crate::vocabulary::{Completion, Mode};

/// What one answer's head waits for.
#[derive(Default)]
pub(crate) enum Commit {
    /// Nothing, or no longer.
    #[default]
    NotAsked,
    /// The completion, where that of the whole exchange is certain already.
    Owed(Option<Completion>),
    /// For word of this line.
    Waiting(Box<(Receipt, Line)>),
}

impl Commit {
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self, Self::NotAsked)
    }

    /// Ready when the head may leave, or may not.
    pub(crate) fn poll(&mut self, shared: &Shared, cx: &mut Context<'_>) -> Poll<Result<(), Refusal>> {
        if let Self::Owed(completion) = *self {
            match shared.submit_final(completion) {
                Some(waiting) => *self = Self::Waiting(Box::new(waiting)),
                // A shutdown has ended it: nobody can say that this answer is on record.
                None => {
                    *self = Self::NotAsked;
                    return Poll::Ready(Err(Refusal::AFTER));
                }
            }
        }
        let Self::Waiting(waiting) = self else { return Poll::Ready(Ok(())) };
        let (receipt, line) = &mut **waiting;
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

impl Shared {
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
}

impl Http {
    /// Whether more of the request's body may be seen.
    fn is_read_on(&self) -> bool {
        !(self.request_complete || self.request_unobserved)
    }
}

impl Facts {
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
            ..Self::begun(self.action.clone(), self.event_id, self.started_at, self.started)
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

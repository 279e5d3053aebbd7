//! One request and its answer being watched, free of any framework's types.
//!
//! An adapter begins an [`Exchange`] by [`Auditor::begin`](crate::Auditor::begin), waits for its admission, polls the
//! handler inside it and moves it into the answer's body. **Dropping it emits**: an answer, an error, a panic, a
//! client that left, a stream that was cut and a timeout each leave exactly one terminal record. Drop never waits
//! and never panics.

mod again;
mod audited;
mod commit;
mod entry;
mod evidence;
mod facts;
mod guess;
mod handling;
mod head;
mod intent;
mod leaving;
mod lines;
mod open;
mod refusal;
mod shared;
mod stage;
mod take;
#[cfg(test)]
mod tests;
mod watch;
mod wired;

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

pub use audited::{AuditedCall, Cover, WiredCall};
pub(crate) use commit::Commit;
pub(crate) use entry::Entry;
pub use evidence::client_left;
pub(crate) use facts::{Attribution, Facts, HandlerEnd, Http, NestedCall, Source, Step, Strict, Target};
pub use handling::{Handling, Start};
pub use head::{Headers, RequestHead, ResponseHead, RouteMatch};
pub use leaving::Left;
pub(crate) use open::{OpenExchanges, Ticket};
pub use refusal::Refusal;
pub(crate) use refusal::poll_call;
pub(crate) use shared::{End, Shared};
pub(crate) use take::{cut_at_char, take_http, take_in_full, take_wired};
pub use watch::Watch;
pub use wired::WiredHandling;

pub use crate::actor::ActorResolver;
pub use crate::scope::unrecorded;

use crate::caught;
use crate::registry::Endpoint;
use crate::scope::{self, Scope};
use crate::vocabulary::{Completion, Delivery, Outcome, RecordOn};

/// The answer's header that names its record.
pub const AUDIT_ID: &str = "audit-id";

/// A unique guard of one request and its answer. Dropping it writes the record.
pub struct Exchange {
    shared: Arc<Shared>,
    ticket: Ticket,
    entry: Entry,
    commit: Commit,
    /// The last byte of the answer was taken.
    finished: bool,
    expected: Option<u64>,
    /// The answer ends with its head, whatever body a handler gave it.
    ends_with_head: bool,
    /// The framework asks a body for its end even if it knows the length.
    asks_for_end: bool,
    /// The answer hands the connection over.
    upgrade: bool,
    sent: u64,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("event_id", &self.scope().event_id()).finish_non_exhaustive()
    }
}

impl Exchange {
    pub(crate) fn new(shared: Arc<Shared>, ticket: Ticket, entry: Entry) -> Self {
        Self {
            shared,
            ticket,
            entry,
            commit: Commit::default(),
            finished: false,
            expected: None,
            ends_with_head: false,
            asks_for_end: false,
            upgrade: false,
            sent: 0,
        }
    }

    /// Waits until the record's delivery lets the handler run: with `buffered` delivery for room in the queue, with
    /// `strict` also until its `intent` is on disk; for each at most `AUDIT_QUEUE_TIMEOUT_MS`. Needs no executor's timer.
    ///
    /// # Errors
    /// With `strict` delivery, when that could not be: the handler must not run, and the answer has the refusal's
    /// status. The answer is then watched as any other.
    pub fn poll_admission(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Refusal>> {
        let verdict = ready!(self.entry.poll(&self.shared, cx));
        if let Err(refusal) = verdict {
            self.note_refusal(refusal);
        }
        Poll::Ready(verdict)
    }

    /// Waits, after [`respond`](Self::respond) or [`give_up`](Self::give_up), until the answer's head may leave: with
    /// `strict` delivery until its `final` is on disk, at most `AUDIT_QUEUE_TIMEOUT_MS`; otherwise it may at once.
    ///
    /// # Errors
    /// When that could not be: in the answer's place one of the refusal's status leaves, without a body.
    #[inline]
    pub fn poll_commit(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Refusal>> {
        if !self.commit.is_open() {
            return Poll::Ready(Ok(()));
        }
        let verdict = ready!(self.commit.poll(&self.shared, cx));
        if let Err(refusal) = verdict {
            self.note_refusal(refusal);
        }
        Poll::Ready(verdict)
    }

    /// As [`Scope::wire`], before admission, which then waits for what the endpoint asks for.
    pub fn wire(&mut self, endpoint: &'static Endpoint, head: &RequestHead<'_>) {
        self.scope().wire(endpoint, head);
        if let Some(entry) = self.shared.entry_due() {
            self.entry = entry;
        }
    }

    /// Notes that an answer of the refusal's status leaves, and nothing else.
    pub fn note_refusal(&mut self, refusal: Refusal) {
        self.shared.with(|facts| {
            if let Some(http) = &mut facts.http {
                http.status = Some(refusal.status());
            }
        });
        self.ends_with_head = true;
        self.finished = true;
    }

    /// What `#[audited]` and the free functions find while the handler runs.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope::new(Arc::clone(&self.shared))
    }

    /// Runs one poll of the handler, or its drop, with this exchange as the current one. A panic is noted and goes on.
    pub fn enter<R>(&self, run: impl FnOnce() -> R) -> R {
        noting_panics(&self.shared, None, || scope::with_current(&self.shared, run), Facts::note_panic)
    }

    /// An observer of the request's body, for the adapter to put around it.
    #[must_use]
    pub fn request_tap(&self) -> BodyTap {
        BodyTap { shared: Arc::clone(&self.shared) }
    }

    /// Notes the answer's head. Gives the value for the `audit-id` header when it is certain that a record will come.
    pub fn respond(&mut self, head: &ResponseHead<'_>) -> Option<String> {
        let without_body = matches!(head.status, 100..=199 | 204 | 304);
        // A stream with a declared length ends for the framework with that many bytes; nobody asks it for its end.
        self.expected = head.exact_length.or_else(|| declared_length(head));
        self.asks_for_end = head.asks_for_end;
        self.upgrade = head.status == 101;
        let is_strict = self.owes_final();
        if is_strict {
            self.commit = Commit::Owed(None);
        }
        let auditor = Arc::clone(self.shared.auditor());
        let (is_head, id) = self.shared.with(|facts| {
            take::take_response(&auditor, facts, head);
            let is_head = facts.http.as_ref().is_some_and(|http| &*http.method == "HEAD");
            let is_kept = || auditor.keeps(facts) && facts.is_certain_at_head();
            let certain = is_strict || self.may_overdraw(facts) && is_kept() && !self.shared.is_refused();
            facts.promised |= certain;
            (is_head, certain.then(|| facts.event_id.to_string()))
        })?;
        self.ends_with_head = without_body || is_head;
        self.finished = head.ended || self.ends_with_head || head.exact_length == Some(0);
        id
    }

    /// Whether what the call gave waits for its `final`.
    fn owes_final(&self) -> bool {
        self.shared.is_strict() && !self.shared.is_refused()
    }

    /// Notes that the call gave an error and no answer: what becomes of it, nobody shows to the adapter.
    pub fn give_up(&mut self) {
        if self.owes_final() {
            self.commit = Commit::Owed(self.shared.with(|facts| self.completion(facts)));
        }
    }

    /// Notes that the framework took a piece of the answer's body. Of an answer that has none, such as one to `HEAD`,
    /// some frameworks take pieces all the same, and send nothing.
    pub fn sent(&mut self, chunk: &[u8]) {
        if self.ends_with_head {
            return;
        }
        self.sent = self.sent.saturating_add(chunk.len() as u64);
        if !self.asks_for_end && self.expected.is_some_and(|expected| self.sent >= expected) {
            self.finished = true;
        }
        let sent = self.sent;
        self.shared.with(|facts| {
            if let Some(http) = &mut facts.http {
                http.response_bytes = sent;
                if let Some(scanner) = &mut http.response_scanner {
                    scanner.push(chunk);
                }
            }
        });
    }

    /// Notes that the framework took the end of the answer's body. An end before the length that the head declared is
    /// none: the answer was cut.
    pub fn complete(&mut self) {
        self.finished |= self.expected.is_none_or(|expected| self.sent >= expected);
    }

    /// Notes the error that ended the answer's body; one whose text cannot be written is left out.
    pub fn note_error(&self, error: &dyn fmt::Display) {
        let Some(text) = caught::text(error) else { return };
        let (text, redacted) = self.shared.rules(None).text(&text);
        self.shared.with(|facts| {
            facts.redacted += redacted;
            facts.error.get_or_insert(text);
        });
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) fn is_upgrade(&self) -> bool {
        self.upgrade
    }

    /// Whether the record is certain to be queued: it was admitted, and its endpoint does not ask for less.
    fn may_overdraw(&self, facts: &Facts) -> bool {
        let asks_for_less = facts.deciding_endpoint().and_then(Endpoint::delivery) == Some(Delivery::BestEffort);
        !asks_for_less && (facts.admitted || self.entry.may_overdraw())
    }

    /// How this exchange would end if it were dropped now.
    fn completion(&self, facts: &Facts) -> Completion {
        let http = facts.http.as_ref();
        let status = http.and_then(|http| http.status);
        if facts.panicked {
            Completion::Panicked
        } else if http.is_some_and(|http| http.client_gone) {
            Completion::ClientDisconnected
        } else if self.finished && !self.commit.is_open() {
            let cut_short = facts.handler_end == Some(HandlerEnd::DroppedUnfinished);
            if cut_short && matches!(status, Some(408 | 503 | 504)) {
                Completion::TimedOut
            } else {
                Completion::Completed
            }
        } else if self.shared.auditor().is_closing() {
            Completion::Shutdown
        } else {
            Completion::Aborted
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.shared.end(|facts| {
            if let Some(http) = &mut facts.http {
                http.response_complete = self.finished;
            }
            End { completion: self.completion(facts), may_overdraw: self.may_overdraw(facts) }
        });
        // Only now, so that at every moment it is open or its record is counted.
        self.shared.auditor().open_exchanges().remove(self.ticket);
    }
}

/// The `content-length` of an answer. A value that is no number declares nothing.
fn declared_length(head: &ResponseHead<'_>) -> Option<u64> {
    std::str::from_utf8(head.headers.get("content-length")?).ok()?.parse().ok()
}

/// Runs `run`; a panic in it is noted with its message, as `note` says, and then goes on as if nobody had looked. `nested`
/// is the nested function that it is a part of, if it is.
pub(crate) fn noting_panics<R>(
    shared: &Shared,
    nested: Option<&'static Endpoint>,
    run: impl FnOnce() -> R,
    note: impl FnOnce(&mut Facts, Option<String>),
) -> R {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        // What must not go on is no panic of the application, whatever becomes of it on its way out.
        if shared.is_refused() {
            resume_unwind(panic);
        }
        let message = message_of(&*panic).map(|message| shared.rules(nested).text(message));
        shared.with(|facts| {
            let message = message.map(|(text, redacted)| {
                facts.redacted += redacted;
                text
            });
            note(facts, message);
        });
        resume_unwind(panic)
    })
}

fn message_of(panic: &(dyn Any + Send)) -> Option<&str> {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str))
}

impl Facts {
    /// Whether the endpoint's `on` lets a record come, whatever happens after the head.
    fn is_certain_at_head(&self) -> bool {
        match self.on() {
            RecordOn::Always => true,
            // Not unless it is an error already: a body may still break off.
            RecordOn::Error => self.outcome() == Outcome::Failed,
            // A body may still panic.
            RecordOn::Success => false,
        }
    }

    /// Notes that the application panicked, with its message where it is known.
    pub(crate) fn note_panic(&mut self, message: Option<String>) {
        self.panicked = true;
        if message.is_some() {
            self.error = message;
        }
    }

    /// Notes that the handler itself panicked.
    pub(crate) fn note_handler_panic(&mut self, message: Option<String>) {
        self.handler_end = Some(HandlerEnd::Panicked);
        self.note_panic(message);
    }
}

impl Scope {
    /// An observer of the request's body. For adapters.
    #[must_use]
    pub fn request_tap(&self) -> BodyTap {
        BodyTap { shared: Arc::clone(self.shared()) }
    }
}

/// Observes a request's body as the handler reads it.
#[derive(Clone)]
pub struct BodyTap {
    shared: Arc<Shared>,
}

impl fmt::Debug for BodyTap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyTap").finish_non_exhaustive()
    }
}

impl BodyTap {
    /// Notes that the framework lets nobody see the body: nothing is known of it, unless a piece follows after all.
    pub fn unobserved(&self) {
        self.with_http(|http| http.request_unobserved = true);
    }

    /// Notes a piece that the handler got.
    pub fn push(&self, chunk: &[u8]) {
        self.shared.with(|facts| {
            if let Some(http) = &mut facts.http {
                http.request_unobserved = false;
                http.request_bytes = http.request_bytes.saturating_add(chunk.len() as u64);
                if let Some(scanner) = &mut http.request_scanner {
                    scanner.push(chunk);
                }
            }
        });
    }

    /// Notes that the handler got the whole body.
    pub fn complete(&self) {
        self.with_http(|http| http.request_complete = true);
    }

    /// Notes the transport's evidence that the client left before its request was whole.
    pub fn client_gone(&self) {
        self.with_http(|http| http.client_gone = true);
    }

    fn with_http(&self, with: impl FnOnce(&mut Http)) {
        self.shared.with(|facts| facts.http.as_mut().map(with));
    }
}

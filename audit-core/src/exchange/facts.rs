//! Everything known about one event while it is still open. Nothing in here is secret but the path until its template is
//! certain, which is [`Raw`], and bodies that are being scanned, of which a scanner shows figures alone.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use uuid::Uuid;

use crate::actor::Actor;
use crate::event_id;
use crate::policy::ContentHints;
use crate::raw::Raw;
use crate::redact::{BodyScanner, Fragment};
use crate::registry::Endpoint;
use crate::vocabulary::{Completion, Delivery, Mode, Outcome};

/// How many targets, steps and calls one event keeps; more are counted as truncated.
pub(crate) const LIST_LIMIT: usize = 64;

/// What was acted on.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) kind: String,
    pub(crate) id: Option<String>,
}

/// A timed mark that a handler set.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) at: Duration,
}

/// One nested audited function.
#[derive(Debug)]
pub(crate) struct NestedCall {
    /// The how-manieth of the event it is, of all that began: what stands before it in the list may go.
    pub(crate) number: usize,
    /// The `final` told of it, and nothing has come to it since.
    pub(crate) told: bool,
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) started: Instant,
    pub(crate) duration: Option<Duration>,
    pub(crate) outcome: Outcome,
    pub(crate) error: Option<String>,
    pub(crate) target: Option<Target>,
    /// What it captured: its own, and within the bound on the whole event's fields.
    pub(crate) data: Vec<(String, Vec<u8>)>,
}

impl NestedCall {
    fn new(number: usize, endpoint: &'static Endpoint, started: Instant) -> Self {
        Self {
            number,
            told: false,
            endpoint,
            started,
            duration: None,
            outcome: Outcome::Unknown,
            error: None,
            target: None,
            data: Vec::new(),
        }
    }

    /// What is left to tell of a call that the `final` told of, if it still runs: how it ends. Its target says which it is.
    pub(crate) fn rest(&self) -> Option<Self> {
        let rest =
            Self { told: true, target: self.target.clone(), ..Self::new(self.number, self.endpoint, self.started) };
        self.duration.is_none().then_some(rest)
    }
}

/// How the annotated handler of the exchange ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandlerEnd {
    Returned,
    Panicked,
    DroppedUnfinished,
}

/// The annotated handler of the exchange, once it is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attribution {
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) source: Source,
}

/// How the handler became known. Each but the last is known before the handler's extractors run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The route itself, or whatever else calls the handler, knows it.
    Wired,
    /// Its attribute's `route` fits the request.
    Declared,
    /// It began to run.
    Entered,
}

/// What only a request has.
#[derive(Debug)]
pub(crate) struct Http {
    pub(crate) framework: &'static str,
    pub(crate) method: Box<str>,
    /// As received, capped; filtered when the template is known.
    pub(crate) path: Raw<Box<str>>,
    /// How long the path was.
    pub(crate) path_bytes: usize,
    /// Its template; see [`Facts::route`] for the one that the record names.
    pub(crate) route: Option<Box<str>>,
    /// The template is a declared one that fits the path; the framework had not looked for one yet.
    pub(crate) route_guessed: bool,
    /// The framework looked for a route and found none.
    pub(crate) unmatched: bool,
    /// The route that it came to, which was not known as it began, is excluded.
    pub(crate) excluded: bool,
    pub(crate) hints: ContentHints,
    pub(crate) ip: Option<IpAddr>,
    pub(crate) peer: Option<IpAddr>,
    pub(crate) forwarded_for: Option<Box<str>>,
    pub(crate) user_agent: Option<Box<str>>,
    pub(crate) request_id: Option<Box<str>>,
    /// Under which mode the content was taken from the request.
    pub(crate) taken_as: Mode,
    /// By whose rules of redaction it was taken, if an endpoint that has any was known.
    pub(crate) taken_for: Option<&'static Endpoint>,
    pub(crate) query: Option<Fragment>,
    pub(crate) headers: Option<Fragment>,
    pub(crate) without_body: bool,
    pub(crate) request_bytes: u64,
    pub(crate) request_scanner: Option<BodyScanner>,
    /// How much of them the `final` told of.
    pub(crate) request_bytes_told: u64,
    pub(crate) request_complete: bool,
    /// The framework lets nobody see the body as the handler reads it.
    pub(crate) request_unobserved: bool,
    pub(crate) status: Option<u16>,
    pub(crate) response_bytes: u64,
    pub(crate) response_headers: Option<Fragment>,
    pub(crate) response_scanner: Option<BodyScanner>,
    pub(crate) response_complete: bool,
    /// By whose rules of redaction the answer was taken.
    pub(crate) response_taken_for: Option<&'static Endpoint>,
    pub(crate) client_gone: bool,
}

/// How far the records of a strict exchange are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strict {
    /// It is none.
    No,
    /// It owes its `intent`.
    Owed,
    /// Its `intent` was handed over.
    Intended,
    /// Its `intent` is on disk: the handler may run.
    Recorded,
    /// Its `final` was handed over, with this completion, if one was certain.
    Told(Option<Completion>),
}

impl Strict {
    /// Whether no word has come that its `intent` is on disk.
    pub(crate) fn is_unrecorded(self) -> bool {
        matches!(self, Self::No | Self::Owed | Self::Intended)
    }
}

/// Everything known about one event.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) event_id: Uuid,
    pub(crate) started_at: Timestamp,
    pub(crate) started: Instant,
    pub(crate) http: Option<Http>,
    /// The action, where no annotated handler names it.
    pub(crate) action: Cow<'static, str>,
    pub(crate) attribution: Option<Attribution>,
    /// Whether an annotated function of the exchange has been entered.
    pub(crate) entered: bool,
    /// The endpoint that stands for the record in the place of the declared one, once the record is settled.
    pub(crate) instead: Option<&'static Endpoint>,
    /// For which delivery the exchange waited as it began.
    pub(crate) asked: Option<Delivery>,
    pub(crate) strict: Strict,
    pub(crate) handler_end: Option<HandlerEnd>,
    /// The wired handler's own request for room was granted.
    pub(crate) admitted: bool,
    pub(crate) panicked: bool,
    /// The answer's head has named the record: it comes, whatever happens now.
    pub(crate) promised: bool,
    pub(crate) actor: Option<Actor>,
    /// The application named the actor itself; what extensions tell does not count any more.
    pub(crate) actor_named: bool,
    /// Whoever it was, reading it panicked.
    pub(crate) actor_unreadable: bool,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) reason: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) targets: Vec<Target>,
    pub(crate) data: Vec<(String, Vec<u8>)>,
    pub(crate) data_bytes: usize,
    pub(crate) changes: Vec<(String, Vec<u8>)>,
    pub(crate) steps: Vec<Step>,
    pub(crate) calls: Vec<NestedCall>,
    /// How many nested functions began that have a place in the list.
    pub(crate) calls_begun: usize,
    pub(crate) trace_id: Option<Box<str>>,
    pub(crate) span_id: Option<Box<str>>,
    /// How many values were hidden so far.
    pub(crate) redacted: u64,
    /// Whether something was cut so far, and how many bytes it had.
    pub(crate) truncated: bool,
    pub(crate) cut_bytes: u64,
}

impl Facts {
    pub(crate) fn new(action: Cow<'static, str>) -> Self {
        let started_at = Timestamp::now();
        Self::begun(action, event_id::of(started_at), started_at, Instant::now())
    }

    /// Those of an event that has begun, of which nothing more is known.
    pub(crate) fn begun(action: Cow<'static, str>, event_id: Uuid, started_at: Timestamp, started: Instant) -> Self {
        Self {
            event_id,
            started_at,
            started,
            http: None,
            action,
            attribution: None,
            entered: false,
            instead: None,
            asked: None,
            strict: Strict::No,
            handler_end: None,
            admitted: false,
            panicked: false,
            promised: false,
            actor: None,
            actor_named: false,
            actor_unreadable: false,
            outcome: None,
            reason: None,
            error: None,
            targets: Vec::new(),
            data: Vec::new(),
            data_bytes: 0,
            changes: Vec::new(),
            steps: Vec::new(),
            calls: Vec::new(),
            calls_begun: 0,
            trace_id: None,
            span_id: None,
            redacted: 0,
            truncated: false,
            cut_bytes: 0,
        }
    }

    pub(crate) fn endpoint(&self) -> Option<&'static Endpoint> {
        self.attribution.map(|attribution| attribution.endpoint)
    }

    /// Whether the exchange was cut off before its handler could name anyone. A status alone does not tell: a timeout
    /// inside the adapter's layer, or a caught panic, answers in the handler's place.
    pub(crate) fn cut_off(&self) -> bool {
        let without_status = self.http.as_ref().is_some_and(|http| http.status.is_none());
        without_status || matches!(self.handler_end, Some(HandlerEnd::Panicked | HandlerEnd::DroppedUnfinished))
    }

    /// Lists a nested function that begins, and gives its number, if there is room.
    pub(crate) fn begin_nested(&mut self, endpoint: &'static Endpoint) -> Option<usize> {
        if !self.has_room(self.calls.len(), endpoint.action().len()) {
            return None;
        }
        let number = self.calls_begun;
        self.calls_begun += 1;
        self.calls.push(NestedCall::new(number, endpoint, Instant::now()));
        Some(number)
    }

    /// The nested function of this number, for something to be added; none of which a record can tell no more.
    pub(crate) fn nested(&mut self, number: usize) -> Option<&mut NestedCall> {
        let call = self.calls.iter_mut().rfind(|call| call.number == number)?;
        call.told = false;
        Some(call)
    }

    /// The action that the record will carry.
    pub(crate) fn action(&self) -> &str {
        self.deciding_endpoint().map_or(&*self.action, |endpoint| endpoint.action())
    }

    /// Notes what was done to a value, and gives it.
    pub(crate) fn note(&mut self, value: Fragment) -> Vec<u8> {
        self.redacted += u64::from(value.redacted);
        if value.truncated {
            self.truncated = true;
            self.cut_bytes = self.cut_bytes.saturating_add(value.original_bytes);
        }
        value.json.into_vec()
    }

    /// Notes that `bytes` bytes of something were not kept whole.
    pub(crate) fn note_cut(&mut self, bytes: usize) {
        self.truncated = true;
        self.cut_bytes = self.cut_bytes.saturating_add(bytes as u64);
    }

    /// Adds an entry of so many bytes to a list that keeps at most [`LIST_LIMIT`]; tells whether there was room.
    pub(crate) fn has_room(&mut self, length: usize, bytes: usize) -> bool {
        if length >= LIST_LIMIT {
            self.note_cut(bytes);
            return false;
        }
        true
    }

    /// How much of the exchange its record keeps: what the annotated handler asks for, else the setting; never more
    /// than was taken from the request before the handler was known; `basic` when no route matched.
    pub(crate) fn mode(&self, setting: Mode) -> Mode {
        let Some(http) = &self.http else { return setting };
        let asked = match self.attribution {
            Some(_) if self.declared_in_vain().is_some() => self.mode_in_vain(setting),
            Some(attribution) => {
                let asked = attribution.endpoint.mode().unwrap_or(setting);
                if attribution.source == Source::Entered { asked.stricter(setting) } else { asked }
            }
            None if http.unmatched || (http.route.is_none() && http.status == Some(404)) => Mode::Basic,
            None => setting,
        };
        asked.stricter(http.taken_as)
    }

    /// What the exchange came to. A handler's own word counts, but makes no success of a status of 400 or more, nor
    /// anything but a failure of a panic.
    pub(crate) fn outcome(&self) -> Outcome {
        let by_status = self.http.as_ref().and_then(|http| http.status).map(Outcome::of_status);
        match (self.outcome, by_status) {
            _ if self.panicked => Outcome::Failed,
            (Some(Outcome::Success), Some(by_status)) => by_status,
            (Some(said), _) => said,
            (None, Some(by_status)) => by_status,
            (None, None) => Outcome::Unknown,
        }
    }
}

//! The handle an application holds.

mod build_error;
mod builder;
mod expect;
pub(crate) mod global;
mod redactors;
mod running;
mod self_test;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;

pub use build_error::BuildError;
pub use builder::Builder;
pub use global::InstallError;
pub(crate) use redactors::{InForce, OfRecord, Redactors, SafeField};
pub(crate) use running::Running;

use crate::client_address::TrustedProxies;
use crate::delivery::{Admission, Health, Receipt, ShutdownReport, Stats};
use crate::event::EventBuilder;
use crate::exchange::{
    Attribution, End, Entry, Exchange, Facts, OpenExchanges, RequestHead, RouteMatch, Shared, Source, Strict, take_http,
};
use crate::notice;
use crate::policy::Policy;
use crate::record::{Encoder, Ending, Line};
use crate::registry::{DeclaredRoutes, Endpoint, Learned, Listing};
use crate::settings::{Output, Settings};
use crate::vocabulary::{Completion, Delivery as DeliveryKind, Outcome, Phase};

/// Decides what is recorded, and records it. Cheap to clone; all clones are one auditor.
///
/// Nothing fails after [`Builder::build`]: from then on every loss is counted in [`stats`](Self::stats) and told by
/// an `audit.gap` record. Whether auditing is on is decided at `build` and never changes.
#[derive(Clone)]
pub struct Auditor {
    /// `None` when auditing is off.
    inner: Option<Arc<Inner>>,
    /// Known even when auditing is off, for the listing.
    settings: Arc<Settings>,
}

/// What all clones of an auditor share.
pub(crate) struct Inner {
    settings: Arc<Settings>,
    policy: Policy,
    declared: Option<DeclaredRoutes>,
    learned: Learned,
    proxies: TrustedProxies,
    redactors: Redactors,
    encoder: Arc<Encoder>,
    running: Arc<Running>,
    next_shard: AtomicUsize,
    response: ResponseCapture,
}

/// What is kept of answers besides their status and length.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ResponseCapture {
    pub(crate) headers: bool,
    pub(crate) body: bool,
}

impl fmt::Debug for Auditor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auditor").field("enabled", &self.is_enabled()).finish_non_exhaustive()
    }
}

impl Auditor {
    /// Begins to describe an auditor. Auditing is on unless the settings say otherwise.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// An auditor described by `AUDIT_*` variables alone. Auditing is off unless `AUDIT_ENABLED` is set.
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn from_env() -> Result<Self, BuildError> {
        Builder::new().enabled(false).env().build()
    }

    /// Whether auditing is on.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.inner.is_some()
    }

    /// Whether records go to standard output, as set or because the log file could not be opened.
    #[must_use]
    pub fn writes_to_stdout(&self) -> bool {
        let inner = self.inner.as_ref();
        inner.is_some_and(|inner| inner.running.fell_back || matches!(inner.settings.output, Output::Stdout))
    }

    /// Whether the endpoint's requests are to have strict delivery. For adapters, which refuse to start when its route
    /// cannot have it.
    #[must_use]
    pub fn is_strict(&self, endpoint: &Endpoint) -> bool {
        let asks = endpoint.delivery().unwrap_or(self.settings.delivery) == DeliveryKind::Strict;
        asks && self.is_enabled() && endpoint.exemption().is_none()
    }

    /// Begins to watch a request. `None` when nothing will be recorded: auditing is off, or the path is excluded.
    ///
    /// For adapters. The exchange must be admitted ([`Exchange::poll_admission`]) before the handler runs.
    #[must_use]
    pub fn begin(&self, head: &RequestHead<'_>) -> Option<Exchange> {
        let inner = self.inner.as_ref()?;
        // A template that is only declared has no say: neither may it exclude, nor undo that the path is excluded.
        if inner.excludes(head) {
            return None;
        }
        let declared = inner.declared_for(head);
        let declared_template = declared.and_then(Endpoint::route).map(|(_, template)| template);
        let mut facts = Facts::new("http.request".into());
        facts.attribution = declared.map(|endpoint| Attribution { endpoint, source: Source::Declared });
        let route = declared_template.map_or(head.route, RouteMatch::Template);
        take_http(inner, &mut facts, &RequestHead { route, ..*head });
        if let Some(http) = &mut facts.http {
            http.route_guessed = declared.is_some() && head.route.template().is_none();
        }
        let entry = Entry::due(inner, &mut facts).unwrap_or_else(Entry::free);
        Some(inner.open(facts, entry))
    }

    /// Describes an event outside any request; nothing is written before [`EventBuilder::record`].
    pub fn event(&self, action: impl Into<String>) -> EventBuilder {
        EventBuilder::new(self.inner.clone(), &action.into())
    }

    /// What is audited: every annotated endpoint of the program, as a table for people (`Display`) or as JSON
    /// ([`Listing::to_json`]), with the routes that are known by now.
    #[must_use]
    pub fn endpoints(&self) -> Listing {
        let policy = self.inner.as_ref().map(|inner| &inner.policy);
        let learned = self.inner.as_ref().map(|inner| inner.learned.routes()).unwrap_or_default();
        Listing::new(&self.settings, policy, &learned)
    }

    /// A consistent snapshot of what became of the records.
    #[must_use]
    pub fn stats(&self) -> Stats {
        match &self.inner {
            Some(inner) => inner.running.stats(),
            None => {
                Stats { sinks: Vec::new(), open: 0, late: 0, nowhere: notice::nowhere(), fell_back_to_stdout: false }
            }
        }
    }

    /// Whether every promise is kept now, and what is wrong: for a health check. Healthy when auditing is off.
    ///
    /// ```
    /// use audit_core::{Auditor, Output};
    ///
    /// let auditor = Auditor::builder().output(Output::None).build()?;
    /// assert!(auditor.health().is_healthy());
    /// assert_eq!(auditor.health().to_string(), "healthy");
    /// # Ok::<(), audit_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn health(&self) -> Health {
        self.inner
            .as_ref()
            .map_or(Health { problems: Vec::new() }, |inner| inner.running.health(&inner.running.stats()))
    }

    /// Makes this the auditor of everything that runs outside an exchange: annotated jobs, wired routes that no layer
    /// covers.
    ///
    /// # Errors
    /// When another auditor was installed before.
    pub fn install_global(&self) -> Result<(), InstallError> {
        global::install(self.clone())
    }

    /// Takes up the file that now stands at `AUDIT_LOG_PATH`: after somebody renamed the old one, or in order to begin a
    /// new one. Returns at once; what is queued may still go to the old one. The library installs no signal handler: call
    /// this from your own for `SIGHUP`, where logs are rotated by such means. Does nothing if the log is no file.
    pub fn reopen(&self) {
        if let Some(inner) = &self.inner {
            inner.running.delivery.reopen();
        }
    }

    /// Ends every open exchange with completion `shutdown`, writes what is queued and closes the sinks; blocks at
    /// most for `deadline`. Call it after the server has drained. Calling it again reports the final figures again.
    ///
    /// Records made later are counted as dropped.
    pub fn shutdown(&self, deadline: Duration) -> ShutdownReport {
        match &self.inner {
            Some(inner) => inner.shutdown(after(deadline)),
            None => ShutdownReport::new(Vec::new(), true),
        }
    }

    #[cfg(any(test, feature = "tracing"))]
    pub(crate) fn inner(&self) -> Option<&Arc<Inner>> {
        self.inner.as_ref()
    }

    /// An event for an annotated function that runs outside any exchange.
    pub(crate) fn begin_call(&self, endpoint: &'static Endpoint) -> Option<Exchange> {
        let inner = self.inner.as_ref()?;
        let mut facts = Facts::new("".into());
        facts.attribution = Some(Attribution { endpoint, source: Source::Wired });
        facts.entered = true;
        Some(inner.open(facts, Entry::free()))
    }
}

/// The instant after `pause`; with a pause beyond what the clock can tell (`Duration::MAX`), one that never comes.
fn after(pause: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    Instant::now() + pause.min(CENTURY)
}

impl Inner {
    fn open(self: &Arc<Self>, facts: Facts, entry: Entry) -> Exchange {
        let shared = Shared::open(Arc::clone(self), facts);
        let shard = self.next_shard.fetch_add(1, Ordering::Relaxed);
        let ticket = self.running.open.insert(shard, Arc::downgrade(&shared));
        Exchange::new(shared, ticket, entry)
    }

    /// What a request that asks for `delivery` has to wait for.
    pub(crate) fn admission(&self, delivery: DeliveryKind) -> Admission {
        self.running.delivery.admission(delivery)
    }

    /// The endpoint that declares the request's route.
    pub(crate) fn declared_for(&self, head: &RequestHead<'_>) -> Option<&'static Endpoint> {
        self.declared.as_ref().and_then(|declared| declared.find(head))
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn redactors(&self) -> &Redactors {
        &self.redactors
    }

    /// The rules for what belongs to no endpoint.
    pub(crate) fn common_rules(&self) -> InForce<'_> {
        InForce::new(self.redactors.common(), None)
    }

    pub(crate) fn open_exchanges(&self) -> &OpenExchanges {
        &self.running.open
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.running.closing.load(Ordering::Relaxed)
    }

    pub(crate) fn count_late(&self) {
        self.running.late.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn records_response_headers(&self) -> bool {
        self.response.headers
    }

    pub(crate) fn records_response_body(&self) -> bool {
        self.response.body
    }

    pub(crate) fn proxies(&self) -> &TrustedProxies {
        &self.proxies
    }

    /// Whether nothing is recorded of such a request, by what the framework knows of its route.
    pub(crate) fn excludes(&self, head: &RequestHead<'_>) -> bool {
        self.policy.excluded(head.path, head.route.template())
    }

    /// Whether an event is kept, as far as its facts tell by now.
    pub(crate) fn keeps(&self, facts: &Facts) -> bool {
        if facts.http.as_ref().is_some_and(|http| http.excluded) {
            return false;
        }
        match (facts.deciding_endpoint(), &facts.http) {
            (Some(endpoint), _) => endpoint.exemption().is_none(),
            (None, Some(http)) => self.policy.keeps_unannotated(http.path.unredacted(), facts.route(), http.hints),
            (None, None) => true,
        }
    }

    /// Whether the endpoint wants a record of such an end.
    fn keeps_end(&self, facts: &Facts, completion: Completion) -> bool {
        facts.on().keeps(facts.outcome(), completion)
    }

    /// Says that a declared handler did not run although its request succeeded.
    fn tell_in_vain(&self, facts: &Facts) {
        let status = facts.http.as_ref().and_then(|http| http.status);
        if let (Some(declared), Some(endpoint), Some(status)) = (&self.declared, facts.declared_in_vain(), status)
            && Outcome::of_status(status) == Outcome::Success
        {
            declared.tell_in_vain(endpoint, status);
        }
    }

    /// Says that a handler with a declared route ran for a request of another one.
    fn tell_elsewhere(&self, facts: &Facts) {
        let entered = facts.attribution.filter(|attribution| attribution.source == Source::Entered);
        let handler = entered.map(|attribution| attribution.endpoint).or_else(|| facts.ran_instead());
        if let (Some(declared), Some(endpoint), Some(http)) = (&self.declared, handler, &facts.http) {
            declared.tell_elsewhere(endpoint, &http.method, http.path.unredacted());
        }
    }

    /// Notes for the listing which handler a route turned out to have, or that it has none that is annotated.
    fn learn(&self, facts: &Facts) {
        let Some(http) = facts.http.as_ref().filter(|http| !http.route_guessed) else { return };
        let Some(template) = http.route.as_deref() else { return };
        let succeeded = || http.status.is_some_and(|status| Outcome::of_status(status) == Outcome::Success);
        match facts.attribution {
            Some(Attribution { endpoint, source }) if facts.entered && source != Source::Wired => {
                // A `HEAD` that falls to the declaration of `GET` shows that route.
                let declared = endpoint.route().filter(|_| source == Source::Declared);
                let method = declared.map_or(&*http.method, |(method, _)| method);
                self.learned.note(method, template, Some(endpoint));
            }
            // The route itself tells.
            Some(_) => {}
            // Preflights are answered by what stands before a route.
            None if succeeded() && *http.method != *"OPTIONS" => self.learned.note(&http.method, template, None),
            None => {}
        }
    }

    /// Decides about an event that has ended, encodes it and hands it over. Never waits.
    pub(crate) fn finish(self: &Arc<Self>, mut facts: Box<Facts>, end: End) {
        self.tell_in_vain(&facts);
        self.tell_elsewhere(&facts);
        self.learn(&facts);
        // One that the answer's head has named comes in any case.
        let is_wanted = facts.promised || self.keeps(&facts) && self.keeps_end(&facts, end.completion);
        if !is_wanted {
            return;
        }
        let phase = match facts.strict {
            Strict::No => None,
            Strict::Owed | Strict::Intended | Strict::Recorded => Some(Phase::Final),
            Strict::Told(_) if !facts.has_more_than_final(end.completion) => return,
            Strict::Told(_) => {
                facts.settle_end();
                Some(Phase::End)
            }
        };
        let line = self.encode(facts, Some(end.completion), phase);
        self.running.delivery.submit(&line, end.may_overdraw);
    }

    /// Hands over that an event is about to happen, and asks for word of it.
    pub(crate) fn submit_intent(&self, facts: &mut Facts) -> Receipt {
        let redactors = self.redactors.of_intent(facts);
        let line = facts.without_what_may_be_secret(
            |name| redactors.iter().any(|redactor| redactor.is_sensitive_header(name)),
            self.proxies.header(),
            |facts| self.encoder.encode_intent(facts, &redactors),
        );
        self.running.delivery.submit_strictly(&line)
    }

    /// Hands over what an exchange came to, before its answer's head leaves, and asks for word of it.
    pub(crate) fn submit_final(&self, facts: Facts, completion: Option<Completion>) -> (Receipt, Line) {
        let line = self.encode(Box::new(facts), completion, Some(Phase::Final));
        (self.running.delivery.submit_strictly(&line), line)
    }

    /// Hands over a record that could not be written, once more, and waits for nothing.
    pub(crate) fn submit_again(&self, line: &Line) {
        self.running.delivery.submit(line, true);
    }

    fn encode(&self, mut facts: Box<Facts>, completion: Option<Completion>, phase: Option<Phase>) -> Line {
        facts.settle();
        let ending = Ending { completion, phase, at: Timestamp::now(), elapsed: Some(facts.started.elapsed()) };
        let redactors = self.redactors.of_record(&facts);
        if facts.endpoints_with_rules().next().is_some() {
            // Some may have come in before the endpoint was known.
            let forwarding = self.proxies.header();
            redactors.iter().for_each(|redactor| facts.redact_again(InForce::new(redactor, None), forwarding));
        }
        self.encoder.encode(*facts, ending, &redactors)
    }

    fn shutdown(self: &Arc<Self>, deadline: Instant) -> ShutdownReport {
        self.running.closing.store(true, Ordering::SeqCst);
        self.running.delivery.stop_admission();
        self.running.open.for_each(|exchange| {
            exchange.end(|facts| {
                let completion = if facts.panicked { Completion::Panicked } else { Completion::Shutdown };
                End { completion, may_overdraw: true }
            });
        });
        let report = self.running.delivery.shutdown(deadline);
        #[cfg(feature = "metrics")]
        crate::delivery::metrics::hand_on(&self.running);
        report
    }
}

impl Drop for Inner {
    /// An auditor that nobody shut down still writes what it has, if that takes a moment only.
    fn drop(&mut self) {
        const GRACE: Duration = Duration::from_secs(2);
        if self.is_closing() {
            // A shutdown has had its time, and has told what came of it.
            return;
        }
        let report = self.running.delivery.shutdown(Instant::now() + GRACE);
        if !report.in_time {
            notice::say(format_args!("dropped without a shutdown: {report}"));
        }
    }
}

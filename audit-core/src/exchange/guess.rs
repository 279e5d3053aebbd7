//! What becomes of a declared endpoint that does not run.
//!
//! A declaration is sometimes only a guess: where no router has looked yet, a route that is not declared may be more
//! specific, and a `HEAD` falls to the declaration of `GET`. Until the declared endpoint is entered, it may therefore
//! name a record, but neither keep it back nor widen what it holds; and once another audited function has run and the
//! request succeeded, the declaration is known to be false, and the record is that function's.

use crate::exchange::{Facts, NestedCall, Source};
use crate::registry::Endpoint;
use crate::vocabulary::{Mode, Outcome, RecordOn};

impl Facts {
    /// The endpoint that was taken for this request's handler because its attribute declares the route, and that has
    /// not run.
    pub(crate) fn declared_in_vain(&self) -> Option<&'static Endpoint> {
        let attribution = self.attribution?;
        (attribution.source == Source::Declared && !self.entered).then_some(attribution.endpoint)
    }

    /// The endpoint that ran instead of the declared one: the first that was entered, if the request succeeded. One
    /// that failed tells nothing: it may be an extractor that refused for the declared handler. An exemption that did
    /// not run claims no request at all.
    pub(crate) fn ran_instead(&self) -> Option<&'static Endpoint> {
        let declared = self.declared_in_vain()?;
        let status = self.http.as_ref().and_then(|http| http.status);
        let is_false = status.is_some_and(|status| Outcome::of_status(status) == Outcome::Success);
        let ran = self.instead.or_else(|| self.calls.first().map(|call| call.endpoint));
        ran.filter(|_| is_false || declared.exemption().is_some())
    }

    /// The endpoint whose attribute decides about the record. An exemption that is only declared for the route counts
    /// once its handler has run: a `route` that is wrong must not silence another handler.
    pub(crate) fn deciding_endpoint(&self) -> Option<&'static Endpoint> {
        let attribution = self.attribution?;
        if self.declared_in_vain().is_none() {
            return Some(attribution.endpoint);
        }
        let declared = || attribution.endpoint.exemption().is_none().then_some(attribution.endpoint);
        self.ran_instead().or_else(declared)
    }

    /// Of which ends there is to be a record. Of every one where an audited function ran that is not the declared one
    /// and it is open whose request it was.
    pub(crate) fn on(&self) -> RecordOn {
        let is_open = self.declared_in_vain().is_some() && self.ran_instead().is_none() && !self.calls.is_empty();
        if is_open { RecordOn::Always } else { self.deciding_endpoint().map_or(RecordOn::Always, Endpoint::on) }
    }

    /// The template of the request's route, unless it is only a declared one that turned out not to be.
    pub(crate) fn route(&self) -> Option<&str> {
        let http = self.http.as_ref()?;
        let is_false = http.route_guessed && (self.ran_instead().is_some() || self.not_found_in_vain());
        http.route.as_deref().filter(|_| !is_false)
    }

    /// Nothing stands where a declared endpoint was presumed.
    fn not_found_in_vain(&self) -> bool {
        let http = self.http.as_ref();
        self.declared_in_vain().is_some() && http.is_some_and(|http| http.route_guessed && http.status == Some(404))
    }

    /// The framework itself matched the declared template, nothing else that is audited ran, and the request was refused
    /// or failed: most likely by what stands before the declared handler, such as an extractor.
    fn refused_before(&self) -> bool {
        let Some(http) = &self.http else { return false };
        let nothing_ran = self.calls.is_empty() && self.instead.is_none();
        let refused = http.status.is_some_and(|status| Outcome::of_status(status) != Outcome::Success);
        !http.route_guessed && nothing_ran && refused
    }

    /// How much is asked for of a request whose declared endpoint has not run: the least that anybody asks for, unless
    /// it was refused before that endpoint could.
    pub(crate) fn mode_in_vain(&self, setting: Mode) -> Mode {
        if self.not_found_in_vain() {
            return Mode::Basic;
        }
        if self.refused_before() {
            return self.declared_in_vain().and_then(Endpoint::mode).unwrap_or(setting);
        }
        let entered = self.calls.iter().map(|call| call.endpoint).chain(self.instead);
        entered.chain(self.declared_in_vain()).filter_map(Endpoint::mode).fold(setting, Mode::stricter)
    }

    /// Whether an endpoint with rules of redaction of its own, other than `taken_for`, has a say in the record: what was
    /// taken by the rules of `taken_for` then may show what it hides.
    ///
    /// Until it is settled whose request it is, each that was entered has a say, and so has the declared one.
    pub(crate) fn has_other_rules(&self, taken_for: Option<&'static Endpoint>) -> bool {
        self.endpoints_with_rules().any(|endpoint| taken_for != Some(endpoint))
    }

    /// The endpoints with rules of redaction of their own that have a say in the record.
    pub(crate) fn endpoints_with_rules(&self) -> impl Iterator<Item = &'static Endpoint> {
        let entered = self.declared_in_vain().map(|_| self.calls.iter().map(|call| call.endpoint).chain(self.instead));
        self.endpoint().into_iter().chain(entered.into_iter().flatten()).filter(|endpoint| endpoint.has_rules())
    }

    /// Makes the function that ran instead of the declared one the handler of the record. Asked once, at its end.
    pub(crate) fn settle(&mut self) {
        if self.instead.is_some() || self.ran_instead().is_none() || self.calls.is_empty() {
            return;
        }
        let NestedCall { endpoint, error, target, data, .. } = self.calls.remove(0);
        self.instead = Some(endpoint);
        if self.error.is_none() {
            self.error = error;
        }
        if let Some(target) = target {
            // A handler's target comes before what its body adds.
            self.targets.insert(0, target);
        }
        for (key, json) in data {
            // What the body said of the same key came later, and counts. It is within the bound already.
            if self.data.iter().all(|(known, _)| *known != key) {
                self.data.push((key, json));
            }
        }
    }
}

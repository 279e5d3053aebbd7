//! The redactors of an auditor: one for everything, and one for each endpoint that has rules of its own.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use crate::exchange::Facts;
use crate::record::{HELD, Written};
use crate::redact::{Compiled, FILTERED, Fragment, Redactor};
use crate::registry::Endpoint;
use crate::vocabulary::Mode;

/// Made once, with the auditor.
#[derive(Debug)]
pub(crate) struct Redactors {
    common: Arc<Redactor>,
    own: HashMap<&'static Endpoint, Arc<Redactor>>,
}

impl Redactors {
    pub(crate) fn new(rules: &Compiled, endpoints: &[&'static Endpoint]) -> Self {
        let common = rules.redactor();
        let own = endpoints
            .iter()
            .filter(|endpoint| endpoint.has_rules())
            .map(|endpoint| (*endpoint, Arc::new(rules.narrowed(&common, endpoint.redact(), endpoint.keep()))))
            .collect();
        Self { common: Arc::new(common), own }
    }

    pub(crate) fn common(&self) -> &Arc<Redactor> {
        &self.common
    }

    /// Whether no endpoint has rules of its own.
    pub(crate) fn are_common(&self) -> bool {
        self.own.is_empty()
    }

    /// Those that hold for a record as a whole: the one of the endpoint that it is attributed to, and others where it is not
    /// settled whose it is.
    pub(crate) fn of_record(&self, facts: &Facts) -> OfRecord {
        let deciding = facts.deciding_endpoint();
        let others = facts.endpoints_with_rules().filter(|endpoint| Some(*endpoint) != deciding);
        OfRecord {
            deciding: Arc::clone(self.of(deciding)),
            others: others.map(|endpoint| Arc::clone(self.of(Some(endpoint)))).collect(),
        }
    }

    /// Those that hold for an `intent`: as long as the endpoint is not known, those of every endpoint, for one of them may
    /// hide what the common one shows, and what stands on disk is not taken back.
    pub(crate) fn of_intent(&self, facts: &Facts) -> OfRecord {
        if facts.endpoint().is_some() {
            return self.of_record(facts);
        }
        OfRecord { deciding: Arc::clone(&self.common), others: self.own.values().map(Arc::clone).collect() }
    }

    /// The one that holds for this endpoint: the common one but for an endpoint with rules.
    pub(crate) fn of(&self, endpoint: Option<&'static Endpoint>) -> &Arc<Redactor> {
        let own = endpoint.filter(|endpoint| endpoint.has_rules()).and_then(|endpoint| self.own.get(endpoint));
        own.unwrap_or(&self.common)
    }
}

/// The redactors that hold for a record as a whole.
#[derive(Debug, Default)]
pub(crate) struct OfRecord {
    deciding: Arc<Redactor>,
    others: Vec<Arc<Redactor>>,
}

impl OfRecord {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Redactor> {
        std::iter::once(&self.deciding).chain(&self.others).map(|redactor| &**redactor)
    }
}

/// A field of a record's `data`, made safe.
#[derive(Debug)]
pub(crate) struct SafeField {
    pub(crate) key: String,
    pub(crate) value: Fragment,
    /// It is hidden by its name, and so that its key goes too.
    pub(crate) is_removed: bool,
}

/// The rules that hold for what is added here and now: the endpoint's, and those of the nested function that runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InForce<'a> {
    redactor: &'a Redactor,
    nested: Option<&'a Redactor>,
}

impl<'a> InForce<'a> {
    pub(crate) fn new(redactor: &'a Redactor, nested: Option<&'a Redactor>) -> Self {
        Self { redactor, nested }
    }

    fn each(self) -> impl Iterator<Item = &'a Redactor> {
        self.nested.into_iter().chain([self.redactor])
    }

    pub(crate) fn is_sensitive_name(self, name: &str) -> bool {
        self.each().any(|redactor| redactor.is_sensitive_name(name))
    }

    /// A text that may hold secrets by their shape, made safe.
    pub(crate) fn text(self, text: &str) -> (String, u64) {
        let (safe, mut redacted) = self.redactor.text(text);
        let mut safe = safe.into_owned();
        if let Some(nested) = self.nested {
            let (again, more) = nested.text(&safe);
            redacted = redacted.saturating_add(more);
            safe = again.into_owned();
        }
        (safe, redacted.into())
    }

    /// What stands in a header that has a key of its own in the record, made safe; `None` if it goes with its key.
    pub(crate) fn header(self, name: &str, text: &str) -> (Option<String>, u64) {
        if self.each().any(|redactor| redactor.is_sensitive_header(name)) {
            let shown = (!self.redactor.removes()).then(|| FILTERED.to_owned());
            return (shown, u64::from(text != FILTERED));
        }
        let (text, redacted) = self.text(text);
        (Some(text), redacted)
    }

    /// A text under a name, made safe.
    pub(crate) fn named(self, name: &str, text: &str) -> (String, u64) {
        if self.is_sensitive_name(name) { (FILTERED.to_owned(), 1) } else { self.text(text) }
    }

    /// A field that the application adds. Its key may hold what has the shape of a secret, too.
    pub(crate) fn field(self, key: String, value: &impl Serialize) -> SafeField {
        let value = self.value(&key, value, Mode::Full);
        let mut field = self.safe_field(key, "", value);
        if !field.is_removed {
            let (key, redacted) = self.text(&field.key);
            field.key = key;
            field.value.redacted = field.value.redacted.saturating_add(u32::try_from(redacted).unwrap_or(u32::MAX));
        }
        field
    }

    fn safe_field(self, key: String, source: &str, value: Fragment) -> SafeField {
        let is_named = || self.is_sensitive_name(&key) || self.is_sensitive_name(source);
        let is_removed = self.redactor.removes() && value.is_filtered() && is_named();
        SafeField { key, value, is_removed }
    }

    /// A value of the application under a name, as JSON that is safe to write.
    pub(crate) fn value(self, name: &str, value: &impl Serialize, mode: Mode) -> Fragment {
        self.written(name, &Written::serialised(value), mode)
    }

    /// The same of a value that is written already.
    fn written(self, name: &str, value: &Written, mode: Mode) -> Fragment {
        /// More than any line holds: cutting it to the line is the encoder's part. With its key it can be held.
        const LIMIT: usize = HELD - 1024;
        let safe = self.redactor.value_or_beginning(name, value.json.unredacted(), value.cut, mode, LIMIT);
        match self.nested {
            Some(nested) => nested.again(name, safe, LIMIT),
            None => safe,
        }
    }

    /// A field that was made safe by other rules, made safe by these too.
    pub(crate) fn field_again(self, key: String, json: Vec<u8>) -> SafeField {
        let value = self.value_again(&key, json);
        let mut field = self.safe_field(key, "", value);
        let (key, redacted) = self.text(&field.key);
        field.key = key;
        field.value.redacted = field.value.redacted.saturating_add(u32::try_from(redacted).unwrap_or(u32::MAX));
        field
    }

    /// A value that was made safe by other rules, made safe by these too.
    pub(crate) fn value_again(self, name: &str, json: Vec<u8>) -> Fragment {
        let original_bytes = json.len() as u64;
        let safe = Fragment { json: json.into(), redacted: 0, truncated: false, original_bytes };
        self.each().fold(safe, |safe, redactor| redactor.again(name, safe, HELD - 1024))
    }

    /// A field of a value that stands under two names: its key, and that of what it was read from. It goes if either is
    /// secret.
    pub(crate) fn captured(self, key: &str, source: &str, value: &Written) -> SafeField {
        let under = |name| self.written(name, value, Mode::Full);
        let of_source = (key != source && self.is_sensitive_name(source)).then(|| under(source));
        let value = of_source.filter(Fragment::is_filtered).unwrap_or_else(|| under(key));
        self.safe_field(key.to_owned(), source, value)
    }
}

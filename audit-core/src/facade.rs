//! Free functions beside [`current`](crate::current): they add facts to the record of the exchange that is being
//! handled here. Outside an exchange they do nothing. Values are redacted when they are added.

use serde::Serialize;

use crate::actor::Actor;
use crate::auditor::{InForce, SafeField};
use crate::exchange::{Facts, Step, Target};
use crate::record::HELD;
use crate::redact::{FILTERED, Fragment};
use crate::scope::{Scope, current};
use crate::vocabulary::{Mode, Outcome};

/// Names who it is. The last word counts.
pub fn set_actor(actor: Actor) {
    if let Some(scope) = current() {
        scope.set_actor(actor);
    }
}

/// Adds something that is acted on, by its kind and identifier.
pub fn add_target(kind: impl Into<String>, id: impl Into<String>) {
    if let Some(scope) = current() {
        scope.add_target(kind, id);
    }
}

/// Adds a field to the record's `data`. A key that is given again replaces its value.
pub fn data(key: impl Into<String>, value: impl Serialize) {
    if let Some(scope) = current() {
        scope.data(key, value);
    }
}

/// Records that a field of the target changed: `{"field": {"old": …, "new": …}}`.
pub fn change(field: impl Into<String>, old: impl Serialize, new: impl Serialize) {
    if let Some(scope) = current() {
        scope.change(field, old, new);
    }
}

/// Sets a timed mark: its name, and the milliseconds since the exchange began.
pub fn step(name: impl Into<String>) {
    if let Some(scope) = current() {
        scope.step(name);
    }
}

/// Says what the action came to, and why. A status of 400 or more, and a panic, stay failures.
pub fn set_outcome(outcome: Outcome, reason: impl Into<String>) {
    if let Some(scope) = current() {
        scope.set_outcome(outcome, reason);
    }
}

/// Gives a reason, and leaves the outcome to the status.
pub fn set_reason(reason: impl Into<String>) {
    if let Some(scope) = current() {
        scope.set_reason(reason);
    }
}

impl Scope {
    /// Names who it is. The last word counts.
    pub fn set_actor(&self, actor: Actor) {
        let (actor, redacted) = actor.redacted(self.rules());
        self.shared().add(|facts| {
            facts.redacted += redacted;
            facts.actor = Some(actor);
            facts.actor_named = true;
        });
    }

    /// Names who it is as a request's extensions tell, unless [`set_actor`](Self::set_actor) was called. The last word
    /// counts. For adapters.
    pub fn resolve_actor(&self, actor: Actor) {
        let (actor, redacted) = actor.redacted(self.rules());
        self.shared().add(|facts| {
            if !facts.actor_named {
                facts.redacted += redacted;
                facts.actor = Some(actor);
            }
        });
    }

    /// Adds something that is acted on, by its kind and identifier.
    pub fn add_target(&self, kind: impl Into<String>, id: impl Into<String>) {
        let (target, redacted) = Target::redacted(self.rules(), &kind.into(), &id.into());
        self.shared().add(|facts| {
            facts.redacted += redacted;
            facts.push_target(target);
        });
    }

    /// Adds a field to the record's `data`. A key that is given again replaces its value.
    pub fn data(&self, key: impl Into<String>, value: impl Serialize) {
        let field = self.rules().field(key.into(), &value);
        self.shared().add(|facts| facts.put_field(field));
    }

    /// Records that a field of the target changed: `{"field": {"old": …, "new": …}}`.
    pub fn change(&self, field: impl Into<String>, old: impl Serialize, new: impl Serialize) {
        let field = field.into();
        let rules = self.rules();
        let old = rules.value(&field, &old, Mode::Full);
        let new = rules.value(&field, &new, Mode::Full);
        self.shared().add(|facts| facts.note_change(rules, &field, old, new));
    }

    /// Sets a timed mark: its name, and the milliseconds since the exchange began.
    pub fn step(&self, name: impl Into<String>) {
        let (name, redacted) = self.rules().text(&name.into());
        self.shared().add(|facts| {
            facts.redacted += redacted;
            let at = facts.started.elapsed();
            if facts.has_room(facts.steps.len(), name.len()) {
                facts.steps.push(Step { name, at });
            }
        });
    }

    /// Says what the action came to, and why. A status of 400 or more, and a panic, stay failures.
    pub fn set_outcome(&self, outcome: Outcome, reason: impl Into<String>) {
        self.shared().add(|facts| facts.outcome = Some(outcome));
        self.set_reason(reason);
    }

    /// Gives a reason, and leaves the outcome to the status.
    pub fn set_reason(&self, reason: impl Into<String>) {
        let (reason, redacted) = self.rules().text(&reason.into());
        self.shared().add(|facts| {
            facts.redacted += redacted;
            facts.reason = Some(reason);
        });
    }
}

impl Target {
    /// A target of this kind and identifier, which stands under the kind as under its name; how much was hidden.
    pub(crate) fn redacted(rules: InForce<'_>, kind: &str, id: &str) -> (Self, u64) {
        let (id, hidden) = rules.named(kind, id);
        let (kind, more) = rules.text(kind);
        (Self { kind, id: Some(id) }, hidden + more)
    }

    /// The same without its identifier, if the kind is the name of a secret; how much was hidden.
    pub(crate) fn under_its_kind(mut self, rules: InForce<'_>) -> (Self, u64) {
        match &mut self.id {
            Some(id) if id != FILTERED && rules.is_sensitive_name(&self.kind) => {
                FILTERED.clone_into(id);
                (self, 1)
            }
            _ => (self, 0),
        }
    }

    /// Reads `kind/id`: before the first `/` the kind, the rest the identifier.
    pub(crate) fn parse(text: &str) -> Self {
        match text.split_once('/') {
            Some((kind, id)) => Self { kind: kind.to_owned(), id: Some(id.to_owned()) },
            None => Self { kind: text.to_owned(), id: None },
        }
    }
}

impl Facts {
    pub(crate) fn push_target(&mut self, target: Target) {
        let bytes = target.kind.len() + target.id.as_ref().map_or(0, String::len);
        if self.has_room(self.targets.len(), bytes) {
            self.targets.push(target);
        }
    }

    /// Adds a field of JSON that is safe already, within a bound on all fields together.
    fn put_data(&mut self, key: String, json: Vec<u8>) {
        let mut fields = std::mem::take(&mut self.data);
        self.put_within(&mut fields, key, json);
        self.data = fields;
    }

    /// Adds a field that is redacted already to a nested call's own, within the bound on the event's fields.
    pub(crate) fn put_call_field(&mut self, number: usize, field: SafeField) {
        let SafeField { key, value, is_removed } = field;
        let json = self.note(value);
        if is_removed {
            return;
        }
        let Some(mut fields) = self.nested(number).map(|call| std::mem::take(&mut call.data)) else { return };
        self.put_within(&mut fields, key, json);
        if let Some(call) = self.nested(number) {
            call.data = fields;
        }
    }

    /// Adds a field that is redacted already.
    pub(crate) fn put_field(&mut self, field: SafeField) {
        let json = self.note(field.value);
        if !field.is_removed {
            self.put_data(field.key, json);
        }
    }

    /// Adds what a field was and is, both safe.
    pub(crate) fn note_change(&mut self, rules: InForce<'_>, field: &str, old: Fragment, new: Fragment) {
        let (field, redacted) = rules.text(field);
        self.redacted += redacted;
        let (old, new) = (self.note(old), self.note(new));
        let json = [b"{\"old\":", old.as_slice(), b",\"new\":", &new, b"}"].concat();
        self.put_change(field, json);
    }

    fn put_change(&mut self, field: String, json: Vec<u8>) {
        let mut fields = std::mem::take(&mut self.changes);
        self.put_within(&mut fields, field, json);
        self.changes = fields;
    }

    fn put_within(&mut self, fields: &mut Vec<(String, Vec<u8>)>, key: String, json: Vec<u8>) {
        let size = key.len() + json.len();
        if let Some(old) = fields.iter().position(|(known, _)| *known == key) {
            let (key, json) = fields.remove(old);
            self.data_bytes -= key.len() + json.len();
        }
        if self.data_bytes.saturating_add(size) > HELD {
            self.note_cut(size);
            return;
        }
        self.data_bytes += size;
        fields.push((key, json));
    }
}

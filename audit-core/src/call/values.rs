//! What a run reads of its function's arguments before the body runs: target, captured fields, actor.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::{Call, Place};
use crate::actor::Actor;
use crate::exchange::{Facts, Target};
use crate::registry::{Captured, Endpoint};
use crate::scope::Scope;
use crate::vocabulary::Mode;

impl Call {
    /// Fills the placeholders of the endpoint's `target` with the arguments' values.
    pub fn target(&self, values: &[(&str, &dyn Display)]) {
        let Some(shared) = self.shared() else { return };
        let endpoint = match &self.place {
            Place::Nested(_, index) => shared.with(|facts| facts.calls.get(*index).map(|call| call.endpoint)).flatten(),
            _ => shared.with(|facts| facts.endpoint()).flatten(),
        };
        let Some(template) = endpoint.and_then(Endpoint::target) else { return };
        let (text, redacted) = fill(template, |name| {
            let value = values.iter().find(|(known, _)| *known == name).map(|(_, value)| value)?;
            Some(shared.auditor().redact_named(name, &value.to_string()))
        });
        let target = Target::parse(&text);
        shared.add(|facts| {
            facts.redacted += redacted;
            self.place.put_target(facts, target);
        });
    }

    /// Adds a captured value under its key: to the record's `data`, or to this call's own where it is a nested one. It
    /// is read only if the call is live; a panic while it is read is told in its place and goes no further.
    pub fn capture(&self, key: &str, read: &dyn Fn() -> Captured) {
        let Some(shared) = self.shared() else { return };
        let captured =
            catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Captured::unreadable("reading it panicked"));
        let value = shared.auditor().redact_json(key, captured.json(), Mode::Full);
        shared.add(|facts| {
            let json = facts.note(value);
            match &self.place {
                Place::Nested(_, index) => facts.put_call_data(*index, key.to_owned(), json),
                _ => facts.put_data(key.to_owned(), json),
            }
        });
    }

    /// Names who it is, for the whole exchange, if the value tells. Read as [`capture`](Self::capture) reads.
    pub fn actor(&self, read: &dyn Fn() -> Option<Actor>) {
        let Some(shared) = self.shared() else { return };
        if let Ok(Some(actor)) = catch_unwind(AssertUnwindSafe(read)) {
            Scope::new(Arc::clone(shared)).set_actor(actor);
        }
    }
}

impl Place {
    fn put_target(&self, facts: &mut Facts, target: Target) {
        match self {
            Self::Nested(_, index) => {
                if let Some(call) = facts.calls.get_mut(*index) {
                    call.target = Some(target);
                }
            }
            _ => facts.push_target(target),
        }
    }
}

/// Replaces each `{name}` of a template by what `value` gives for it, and counts what was hidden.
fn fill(template: &str, mut value: impl FnMut(&str) -> Option<(String, u64)>) -> (String, u64) {
    let mut filled = String::with_capacity(template.len() + 16);
    let mut hidden = 0;
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            rest = after;
            break;
        };
        if let Some((text, redacted)) = value(name) {
            filled.push_str(&text);
            hidden += redacted;
        }
        rest = after;
    }
    filled.push_str(rest);
    (filled, hidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_once() {
        let value = |name: &str| Some((format!("<{name}>{{x}}"), 0));
        assert_eq!(fill("layer/{a}/{b.c}", value).0, "layer/<a>{x}/<b.c>{x}");
        assert_eq!(fill("report", value).0, "report");
        assert_eq!(fill("layer/{missing}", |_| None).0, "layer/");
    }
}

//! What a run reads of its function's arguments before the body runs: target, captured fields, actor.

use std::fmt::{Display, Write as _};
use std::sync::Arc;

use super::{Call, Place};
use crate::actor::Actor;
use crate::caught::caught;
use crate::exchange::{Facts, Shared, Target};
use crate::notice::Once;
use crate::registry::{Captured, Endpoint, PANICKED, UNWRITABLE, not_readable};
use crate::scope::Scope;

impl Call {
    /// Fills the placeholders of the endpoint's `target` with the arguments' values.
    pub fn target(&self, values: &[(&str, &dyn Display)]) {
        let Some(shared) = self.shared() else { return };
        let Some(template) = self.endpoint(shared).and_then(Endpoint::target) else { return };
        let (text, redacted) = fill(template, |name| {
            let value = values.iter().find(|(known, _)| *known == name).map(|(_, value)| value)?;
            Some(self.rules(shared).named(name, &self.text(value)))
        });
        let (target, more) = Target::parse(&text).under_its_kind(self.rules(shared));
        shared.add(|facts| {
            facts.redacted += redacted + more;
            self.place.put_target(facts, target);
        });
    }

    /// A value as it displays; one that refuses, or panics, is told in its place.
    fn text(&self, value: &dyn Display) -> String {
        let written = self.read(|| {
            let mut text = String::new();
            write!(text, "{value}").map(|()| text)
        });
        match written {
            Some(written) => written.unwrap_or_else(|_| not_readable(UNWRITABLE)),
            None => not_readable(PANICKED),
        }
    }

    /// Reads a value of the application's, `None` if that panics. Whatever is audited in the reading is part of this
    /// event, never one of its own.
    fn read<R>(&self, read: impl FnOnce() -> R) -> Option<R> {
        caught(|| match &self.place {
            Place::Alone(exchange) => exchange.scope().in_scope(read),
            _ => read(),
        })
    }

    /// Adds a captured value under its key: to the record's `data`, or to this call's own where it is a nested one. It
    /// is read only if the call is live; a panic while it is read is told in its place and goes no further. `source` is
    /// the name of what it is read from, if that has one: it hides the value as the key does.
    pub fn capture(&self, key: &str, source: &str, read: &dyn Fn() -> Captured) {
        let Some(shared) = self.shared() else { return };
        let captured = self.read(read).unwrap_or_else(|| Captured::unreadable(PANICKED));
        let field = self.rules(shared).captured(key, source, captured.written());
        shared.add(|facts| match &self.place {
            Place::Nested(_, number, _) => facts.put_call_field(*number, field),
            _ => facts.put_field(field),
        });
    }

    /// Names who it is, for the whole exchange, if the value tells. Read as [`capture`](Self::capture) reads; one that
    /// panics leaves it unknown, unless somebody else tells.
    pub fn actor(&self, read: &dyn Fn() -> Option<Actor>) {
        let Some(shared) = self.shared() else { return };
        match self.read(read) {
            Some(Some(actor)) => Scope::new(Arc::clone(shared)).set_actor(actor),
            Some(None) => {}
            None => {
                shared.add(|facts| facts.actor_unreadable = true);
                self.tell_unreadable_actor(shared);
            }
        }
    }

    fn tell_unreadable_actor(&self, shared: &Shared) {
        static TOLD: Once = Once::new();
        if let Some(endpoint) = self.endpoint(shared) {
            let (handler, location) = (endpoint.handler(), endpoint.location());
            TOLD.say(format_args!("the `actor` of {handler} ({location}) panicked: who it was is recorded as unknown"));
        }
    }

    fn endpoint(&self, shared: &Shared) -> Option<&'static Endpoint> {
        shared
            .with(|facts| match &self.place {
                Place::Nested(_, _, endpoint) => Some(*endpoint),
                _ => facts.endpoint(),
            })
            .flatten()
    }
}

impl Place {
    fn put_target(&self, facts: &mut Facts, target: Target) {
        match self {
            Self::Nested(_, number, _) => {
                if let Some(call) = facts.nested(*number) {
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

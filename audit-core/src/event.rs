//! Events outside any request: jobs, commands, start-up.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::actor::Actor;
use crate::auditor::Inner;
#[cfg(feature = "tracing")]
use crate::auditor::SafeField;
use crate::exchange::{End, Facts, Target};
use crate::vocabulary::{Completion, Outcome};

/// An event being described; [`record`](Self::record) hands it over.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let auditor = audit_core::Auditor::builder().output(audit_core::Output::None).build()?;
/// use audit_core::Actor;
/// auditor.event("job.cleanup").actor(Actor::system("scheduler")).details("removed 3 stale layers").record();
/// # Ok(()) }
/// ```
#[must_use = "an event is recorded by `record()`"]
pub struct EventBuilder {
    auditor: Option<Arc<Inner>>,
    facts: Facts,
}

impl fmt::Debug for EventBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBuilder").field("action", &self.facts.action).finish_non_exhaustive()
    }
}

impl EventBuilder {
    pub(crate) fn new(auditor: Option<Arc<Inner>>, action: &str) -> Self {
        let (action, redacted) = match &auditor {
            Some(auditor) => auditor.common_rules().text(action),
            None => (String::new(), 0),
        };
        let mut facts = Facts::new(action.into());
        facts.redacted += redacted;
        Self { auditor, facts }
    }

    /// Names who it is.
    pub fn actor(mut self, actor: Actor) -> Self {
        if let Some(auditor) = &self.auditor {
            let (actor, redacted) = actor.redacted(auditor.common_rules());
            self.facts.redacted += redacted;
            self.facts.actor = Some(actor);
        }
        self
    }

    /// Adds something that was acted on, by its kind and identifier.
    pub fn target(mut self, kind: impl Into<String>, id: impl Into<String>) -> Self {
        if let Some(auditor) = &self.auditor {
            let (target, redacted) = Target::redacted(auditor.common_rules(), &kind.into(), &id.into());
            self.facts.redacted += redacted;
            self.facts.push_target(target);
        }
        self
    }

    /// Adds `details` to the record's `data`: a sentence or a structure.
    pub fn details(self, details: impl Serialize) -> Self {
        self.data("details", details)
    }

    /// Adds a field to the record's `data`.
    pub fn data(mut self, key: impl Into<String>, value: impl Serialize) -> Self {
        if let Some(auditor) = &self.auditor {
            let field = auditor.common_rules().field(key.into(), &value);
            self.facts.put_field(field);
        }
        self
    }

    /// Adds fields that are redacted already.
    #[cfg(feature = "tracing")]
    pub(crate) fn safe_data(mut self, fields: Vec<SafeField>) -> Self {
        fields.into_iter().for_each(|field| self.facts.put_field(field));
        self
    }

    /// Says what it came to. Without it the outcome is `success`: the event is told by the code that did it.
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.facts.outcome = Some(outcome);
        self
    }

    /// Says why.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        if let Some(auditor) = &self.auditor {
            let (reason, redacted) = auditor.common_rules().text(&reason.into());
            self.facts.redacted += redacted;
            self.facts.reason = Some(reason);
        }
        self
    }

    /// Hands the record over. Never waits; a full queue drops and counts it.
    pub fn record(mut self) {
        if let Some(auditor) = self.auditor {
            self.facts.outcome.get_or_insert(Outcome::Success);
            auditor.finish(Box::new(self.facts), End { completion: Completion::Completed, may_overdraw: false });
        }
    }
}

//! An endpoint's rules of redaction over what was taken or added before the endpoint was known: by the common rules, or by
//! another's.
//!
//! What is hidden already stays as it is and is not counted twice. Query, headers and bodies are seen to where they are
//! written, and so is the path.

use serde::de::IgnoredAny;

use crate::auditor::InForce;
use crate::exchange::{Facts, Target};
use crate::redact::FILTERED;

impl Facts {
    /// Makes all that was added, and what is held of the client's own words, safe by these rules too.
    /// `forwarding` is the header that tells of proxies.
    pub(crate) fn redact_again(&mut self, rules: InForce<'_>, forwarding: &str) {
        let mut hidden = 0;
        if let Some(http) = &mut self.http {
            for (name, held) in [
                ("user-agent", &mut http.user_agent),
                (forwarding, &mut http.forwarded_for),
                ("x-request-id", &mut http.request_id),
            ] {
                if let Some(text) = held.take() {
                    let (safe, redacted) = rules.header(name, &text);
                    *held = safe.map(Into::into).filter(|_| redacted == 0 || name != "x-request-id");
                    hidden += redacted;
                }
            }
        }
        let texts =
            self.reason.iter_mut().chain(&mut self.error).chain(self.steps.iter_mut().map(|step| &mut step.name));
        for text in texts.chain(self.calls.iter_mut().filter_map(|call| call.error.as_mut())) {
            hidden += text_again(rules, text);
        }
        for target in self.targets.iter_mut().chain(self.calls.iter_mut().filter_map(|call| call.target.as_mut())) {
            hidden += target_again(rules, target);
        }
        if let Some(actor) = self.actor.take() {
            let (actor, redacted) = actor.redacted(rules);
            self.actor = Some(actor);
            hidden += redacted;
        }
        self.redacted += hidden;
        for (key, json) in std::mem::take(&mut self.data) {
            self.data_bytes = self.data_bytes.saturating_sub(key.len() + json.len());
            self.put_field(rules.field_again(key, json));
        }
        for (field, json) in std::mem::take(&mut self.changes) {
            self.data_bytes = self.data_bytes.saturating_sub(field.len() + json.len());
            self.change_again(rules, field, &json);
        }
        for index in 0..self.calls.len() {
            let call = &mut self.calls[index];
            let (number, data) = (call.number, std::mem::take(&mut call.data));
            for (key, json) in data {
                self.data_bytes = self.data_bytes.saturating_sub(key.len() + json.len());
                self.put_call_field(number, rules.field_again(key, json));
            }
        }
    }

    fn change_again(&mut self, rules: InForce<'_>, field: String, json: &[u8]) {
        let (old, new) = old_and_new(json).unwrap_or((b"null", b"null"));
        let (old, new) = (rules.value_again(&field, old.to_vec()), rules.value_again(&field, new.to_vec()));
        self.note_change(rules, &field, old, new);
    }
}

fn text_again(rules: InForce<'_>, text: &mut String) -> u64 {
    let (safe, redacted) = rules.text(text);
    if redacted > 0 {
        *text = safe;
    }
    redacted
}

fn target_again(rules: InForce<'_>, target: &mut Target) -> u64 {
    let mut hidden = 0;
    if let Some(id) = target.id.as_mut().filter(|id| *id != FILTERED) {
        let (safe, redacted) = rules.named(&target.kind, id);
        if redacted > 0 {
            *id = safe;
            hidden += redacted;
        }
    }
    hidden + text_again(rules, &mut target.kind)
}

/// The two values of `{"old":…,"new":…}`, as it is written here; `None` of anything else.
fn old_and_new(json: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = json.strip_prefix(b"{\"old\":")?.strip_suffix(b"}")?;
    let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    let (old, new) = rest.split_at_checked(values.byte_offset())?;
    Some((old, new.strip_prefix(b",\"new\":")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_has_two_values() {
        let pair = |json: &'static str| {
            let (old, new) = old_and_new(json.as_bytes())?;
            Some((std::str::from_utf8(old).ok()?, std::str::from_utf8(new).ok()?))
        };
        assert_eq!(pair(r#"{"old":1.50,"new":null}"#), Some(("1.50", "null")));
        assert_eq!(pair(r#"{"old":{"a":",\"new\":"},"new":[1]}"#), Some((r#"{"a":",\"new\":"}"#, "[1]")));
        assert_eq!(pair(r#"{"old":"a","new":"b"}"#), Some((r#""a""#, r#""b""#)));
        for other in ["", "{}", r#""[FILTERED]""#, r#"{"old":1}"#, r#"{"new":1,"old":2}"#] {
            assert_eq!(pair(other), None, "{other}");
        }
    }
}

//! The `intent` of a strict exchange: what is known of a request before its handler runs, and may be shown by then.

use crate::delivery::Receipt;
use crate::exchange::{Facts, Shared, Strict};
use crate::raw::Raw;
use crate::redact::FILTERED;

impl Shared {
    /// Hands the intent over; `None` if a shutdown has ended the exchange.
    pub(super) fn submit_intent(&self) -> Option<Receipt> {
        let auditor = self.auditor();
        self.note_strict();
        self.with(|facts| {
            facts.strict = Strict::Intended;
            // An intent asks for its end.
            facts.promised = true;
            auditor.submit_intent(facts)
        })
    }
}

impl Facts {
    /// What stands on disk is not taken back: looks at the facts without what a template or an endpoint that is not known
    /// yet may hide. The `final` has it.
    pub(crate) fn without_what_may_be_secret<R>(
        &mut self,
        hides_header: impl Fn(&str) -> bool,
        forwarding: &str,
        look: impl FnOnce(&Self) -> R,
    ) -> R {
        let redacted = self.redacted;
        let Some(http) = &mut self.http else { return look(self) };
        let request_id = http.request_id.take_if(|_| hides_header("x-request-id"));
        let forwarded_for = http.forwarded_for.take_if(|_| hides_header(forwarding));
        // Which segment of a path is a secret, its template tells.
        let is_placed = http.route.is_some() || http.unmatched;
        let path = (!is_placed).then(|| {
            let path = std::mem::replace(&mut http.path, Raw::new(FILTERED.into()));
            (path, std::mem::replace(&mut http.path_bytes, FILTERED.len()))
        });
        self.redacted += u64::from(path.is_some());
        let looked = look(self);
        self.redacted = redacted;
        if let Some(http) = &mut self.http {
            http.request_id = http.request_id.take().or(request_id);
            http.forwarded_for = http.forwarded_for.take().or(forwarded_for);
            if let Some((path, bytes)) = path {
                (http.path, http.path_bytes) = (path, bytes);
            }
        }
        looked
    }
}

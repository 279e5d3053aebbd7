//! What a call waits for before it begins: room in the queue and, with strict delivery, its `intent` on disk.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::auditor::Inner;
use crate::delivery::{Admission, Receipt, Unrecorded};
use crate::exchange::{Facts, Refusal, Shared, Strict};
use crate::registry::Endpoint;
use crate::vocabulary::Delivery;

/// What one call waits for.
pub(crate) struct Entry {
    admission: Admission,
    intent: Intent,
}

enum Intent {
    NotAsked,
    Owed,
    Waiting(Box<Receipt>),
}

impl Entry {
    /// Nothing is waited for.
    pub(crate) fn free() -> Self {
        Self { admission: Admission::not_asked(), intent: Intent::NotAsked }
    }

    /// What a request has to wait for, by what is known of it now, that it does not wait for yet. Asked as it begins, and again
    /// once it is known which handler it comes to: who owes an intent is decided here alone.
    pub(crate) fn due(auditor: &Arc<Inner>, facts: &mut Facts) -> Option<Self> {
        let asks = facts.endpoint().and_then(Endpoint::delivery).unwrap_or(auditor.settings().delivery);
        // One of which no record will come leaves no intent.
        let owes_intent = asks == Delivery::Strict && facts.strict.is_unrecorded() && auditor.keeps(facts);
        let has_to_wait = facts.asked.is_none_or(|asked| asked == Delivery::BestEffort && asks == Delivery::Buffered);
        if !owes_intent && !has_to_wait {
            return None;
        }
        facts.asked = Some(asks);
        let intent = if owes_intent {
            facts.strict = Strict::Owed;
            Intent::Owed
        } else {
            Intent::NotAsked
        };
        Some(Self { admission: auditor.admission(asks), intent })
    }

    /// Whether there was room: then the record may exceed the queue's bound, by its own line.
    pub(crate) fn may_overdraw(&self) -> bool {
        self.admission.may_overdraw()
    }

    /// Ready when the call may begin, or may not.
    pub(crate) fn poll(&mut self, shared: &Shared, cx: &mut Context<'_>) -> Poll<Result<(), Refusal>> {
        // Another call of the same request was.
        if shared.is_refused() {
            return Poll::Ready(Err(Refusal::BEFORE));
        }
        ready!(self.admission.poll(cx));
        if let Intent::Owed = self.intent {
            if !self.admission.may_overdraw() {
                let is_closing = shared.auditor().is_closing();
                let why = if is_closing { "the auditor is shut down" } else { "no room in the queue" };
                return Poll::Ready(Err(self.refuse(shared, &format!("not recorded before the handler: {why}"))));
            }
            match shared.submit_intent() {
                Some(receipt) => self.intent = Intent::Waiting(Box::new(receipt)),
                // A shutdown has ended it.
                None => return Poll::Ready(Err(self.refuse(shared, ""))),
            }
        }
        let Intent::Waiting(receipt) = &mut self.intent else { return Poll::Ready(Ok(())) };
        let reason = match ready!(receipt.poll(cx)) {
            Ok(()) => {
                self.intent = Intent::NotAsked;
                shared.with(|facts| {
                    if facts.strict.is_unrecorded() {
                        facts.strict = Strict::Recorded;
                    }
                });
                return Poll::Ready(Ok(()));
            }
            Err(Unrecorded::Refused) => "not recorded before the handler: the journal could not write",
            Err(Unrecorded::TimedOut) => "not recorded before the handler: the journal did not answer in time",
        };
        Poll::Ready(Err(self.refuse(shared, reason)))
    }

    fn refuse(&mut self, shared: &Shared, reason: &str) -> Refusal {
        self.intent = Intent::NotAsked;
        shared.refuse(reason);
        Refusal::BEFORE
    }
}

impl Shared {
    /// What is to be waited for now that more is known; see [`Entry::due`].
    pub(crate) fn entry_due(&self) -> Option<Entry> {
        self.with(|facts| Entry::due(self.auditor(), facts)).flatten()
    }
}

//! What becomes of an answer's body, whichever framework polls it.

use crate::exchange::{Exchange, unrecorded};

/// Who sees to the record of an answer while its body is sent.
pub enum Watch {
    /// This exchange: its record is written when the watch ends.
    Recorded(Exchange),
    /// Nobody: nothing is recorded of the request.
    Unrecorded,
    /// Somebody else: a layer around this one, or there is nothing left to watch.
    Elsewhere,
}

impl Watch {
    /// Runs one poll of the body as part of its request.
    #[inline]
    pub fn enter<R>(&self, run: impl FnOnce() -> R) -> R {
        match self {
            Self::Recorded(exchange) => exchange.enter(run),
            Self::Unrecorded => unrecorded(run),
            Self::Elsewhere => run(),
        }
    }

    /// The exchange to tell of what the poll gave.
    #[inline]
    pub fn exchange(&mut self) -> Option<&mut Exchange> {
        match self {
            Self::Recorded(exchange) => Some(exchange),
            Self::Unrecorded | Self::Elsewhere => None,
        }
    }

    /// Drops the body as part of its request, for what a stream's destructors add still belongs to the record; then
    /// writes the record.
    #[inline]
    pub fn end(&mut self, drop_body: impl FnOnce()) {
        let watch = std::mem::replace(self, Self::Elsewhere);
        watch.enter(drop_body);
    }
}

impl From<Exchange> for Watch {
    /// An answer that hands the connection over (101) has no body: what passes from then on is no part of it, and its
    /// record is written now.
    #[inline]
    fn from(exchange: Exchange) -> Self {
        if exchange.is_upgrade() { Self::Elsewhere } else { Self::Recorded(exchange) }
    }
}

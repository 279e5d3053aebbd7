//! What becomes of an answer's body, whichever framework polls it.

use std::task::{Context, Poll};

use crate::exchange::{Exchange, Refusal, unrecorded};

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

    /// Waits until the answer's head may leave; see [`Exchange::poll_commit`].
    ///
    /// # Errors
    /// When it may not, because it is not on record.
    #[inline]
    pub fn poll_commit(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Refusal>> {
        match self {
            Self::Recorded(exchange) => exchange.poll_commit(cx),
            Self::Unrecorded | Self::Elsewhere => Poll::Ready(Ok(())),
        }
    }

    /// The answer's head leaves now. One that hands the connection over (101) has no body: what passes from then on is no
    /// part of it, and its record is written.
    #[inline]
    pub fn head_leaves(&mut self) {
        if matches!(self, Self::Recorded(exchange) if exchange.is_upgrade()) {
            *self = Self::Elsewhere;
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

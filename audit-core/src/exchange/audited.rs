//! A framework's call, polled as its place demands: what every tower-like adapter gives back as its future.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::exchange::{Exchange, Handling, Refusal, Start, Watch, WiredHandling};
use crate::scope::{self, Scoped};

pin_project! {
    /// Gives a call's answer, and then who watches its body.
    #[must_use = "futures do nothing unless polled"]
    pub struct AuditedCall<S: Start> {
        #[pin]
        place: Place<S>,
    }
}

pin_project! {
    #[project = PlaceProjection]
    enum Place<S: Start> {
        Passing { #[pin] future: S::Future },
        Unrecorded { #[pin] future: Scoped<S::Future> },
        Watching { #[pin] handling: Handling<S> },
        Wired { #[pin] handling: WiredHandling<S> },
    }
}

impl<S: Start> AuditedCall<S> {
    /// A call that somebody else watches.
    pub fn passing(future: S::Future) -> Self {
        Self { place: Place::Passing { future } }
    }

    /// A call of whose request nothing is recorded.
    pub fn unrecorded(call: impl FnOnce() -> S::Future) -> Self {
        Self { place: Place::Unrecorded { future: Scoped::unrecorded(scope::unrecorded(call)) } }
    }

    /// A call with an exchange of its own.
    pub fn watching(exchange: Exchange, call: S) -> Self {
        Self { place: Place::Watching { handling: Handling::new(exchange, call) } }
    }

    /// A wired handler's call, inside the exchange of the layer around it.
    pub fn wired(handling: WiredHandling<S>) -> Self {
        Self { place: Place::Wired { handling } }
    }
}

impl<S: Start> AuditedCall<S> {
    /// Who watches the answer's body, once the answer is there.
    #[inline]
    pub fn take_watch(self: Pin<&mut Self>) -> Watch {
        match self.project().place.project() {
            PlaceProjection::Passing { .. } | PlaceProjection::Wired { .. } => Watch::Elsewhere,
            PlaceProjection::Unrecorded { .. } => Watch::Unrecorded,
            PlaceProjection::Watching { handling } => {
                handling.take_exchange().map_or(Watch::Elsewhere, Watch::Recorded)
            }
        }
    }
}

impl<S: Start> Future for AuditedCall<S> {
    /// The answer, or that the adapter is to answer in its place.
    type Output = Result<<S::Future as Future>::Output, Refusal>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().place.project() {
            PlaceProjection::Passing { future } => future.poll(cx).map(Ok),
            PlaceProjection::Unrecorded { future } => future.poll(cx).map(Ok),
            PlaceProjection::Watching { handling } => handling.poll(cx),
            PlaceProjection::Wired { handling } => handling.poll(cx),
        }
    }
}

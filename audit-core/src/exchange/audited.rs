//! A framework's call, polled as its place demands: what every tower-like adapter gives back as its future.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::exchange::{Exchange, Handling, Start, Watch, WiredHandling};
use crate::scope::{self, Scoped};

pin_project! {
    /// Gives a call's answer, and who watches the answer's body.
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

impl<S: Start> Future for AuditedCall<S> {
    type Output = (<S::Future as Future>::Output, Watch);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = match self.project().place.project() {
            PlaceProjection::Passing { future } => (ready!(future.poll(cx)), Watch::Elsewhere),
            PlaceProjection::Unrecorded { future } => (ready!(future.poll(cx)), Watch::Unrecorded),
            PlaceProjection::Watching { handling } => {
                let (answer, exchange) = ready!(handling.poll(cx));
                (answer, Watch::Recorded(exchange))
            }
            PlaceProjection::Wired { handling } => (ready!(handling.poll(cx)), Watch::Elsewhere),
        };
        Poll::Ready(answer)
    }
}

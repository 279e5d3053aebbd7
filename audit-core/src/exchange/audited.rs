//! A framework's call, polled as its place demands: what every tower-like adapter gives back as its future.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::actor::Actor;
use crate::auditor::Auditor;
use crate::auditor::global::installed_for_uncovered;
use crate::exchange::leaving::Leaving;
use crate::exchange::{Exchange, Handling, Left, RequestHead, Start, Watch, WiredHandling};
use crate::registry::Endpoint;
use crate::scope::{self, Scope, Scoped};

pin_project! {
    /// A call, and then what it gave until that may leave.
    #[must_use = "nothing happens unless it is polled"]
    pub struct AuditedCall<S: Start> {
        #[pin]
        place: Place<S>,
        // Few have to wait, and a future has room for all.
        aside: Option<Box<Leaving<<S::Future as Future>::Output>>>,
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

/// What the layer around a wired handler left with its request.
pub enum Cover {
    /// It records the request, in the exchange of this scope.
    Recorded(Scope),
    /// It passed the request over: auditing is off, or the path is excluded.
    PassedOver,
    /// Nothing: there is no such layer.
    Missing,
}

/// A wired handler's call, as its adapter knows it before it begins.
pub trait WiredCall: Start {
    /// The adapter's layer, by the name that people know it by.
    const LAYER: &'static str;
    /// Why such a layer may cover a route and not another one, for people.
    const REACH: &'static str;

    /// What the layer left. Asked once; that the request came to a wired route may be noted there.
    fn cover(&mut self) -> Cover;

    /// Begins an exchange for the request, and observes its body.
    fn begin(&mut self, auditor: &Auditor) -> Option<Exchange>;

    /// Describes the request, whose route is known by now.
    fn with_head<R>(&self, ask: impl FnOnce(&RequestHead<'_>) -> R) -> R;

    /// Who it is, as far as what stands between the layer and the handler knows.
    fn actor(&self) -> Option<Actor>;
}

impl<S: Start> AuditedCall<S> {
    fn at(place: Place<S>) -> Self {
        Self { place, aside: None }
    }

    /// A call that somebody else watches.
    pub fn passing(future: S::Future) -> Self {
        Self::at(Place::Passing { future })
    }

    /// A call of whose request nothing is recorded.
    pub fn unrecorded(call: impl FnOnce() -> S::Future) -> Self {
        Self::at(Place::Unrecorded { future: Scoped::unrecorded(scope::unrecorded(call)) })
    }

    /// A call with an exchange of its own.
    pub fn watching(exchange: Exchange, call: S) -> Self {
        Self::at(Place::Watching { handling: Handling::new(exchange, call) })
    }

    /// A wired handler's call: inside the exchange of the layer around it, whose endpoint and actor it tells. Without a
    /// layer it has an exchange of its own, if an auditor is installed.
    pub fn wired(mut call: S, endpoint: &'static Endpoint) -> Self
    where
        S: WiredCall,
    {
        match call.cover() {
            Cover::Recorded(scope) => {
                call.with_head(|head| scope.wire(endpoint, head));
                resolve_actor(&scope, &call);
                Self::at(Place::Wired { handling: WiredHandling::new(scope, call) })
            }
            Cover::PassedOver => Self::unrecorded(|| call.start()),
            Cover::Missing => Self::uncovered(call, endpoint),
        }
    }

    fn uncovered(mut call: S, endpoint: &'static Endpoint) -> Self
    where
        S: WiredCall,
    {
        if endpoint.exemption().is_some() {
            return Self::unrecorded(|| call.start());
        }
        let Some(auditor) = installed_for_uncovered(endpoint, S::LAYER, S::REACH) else {
            // The attribute counts it as an event that had nowhere to go.
            return Self::passing(call.start());
        };
        match call.begin(auditor) {
            Some(mut exchange) => {
                call.with_head(|head| exchange.wire(endpoint, head));
                resolve_actor(&exchange.scope(), &call);
                Self::watching(exchange, call)
            }
            None => Self::unrecorded(|| call.start()),
        }
    }

    /// Polls the call, lets `note` tell its exchange what it gave, and waits until that may leave ([`Watch::poll_commit`]).
    #[inline]
    pub fn poll_leave(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        note: impl FnOnce(&mut Exchange, &mut <S::Future as Future>::Output),
    ) -> Poll<Left<<S::Future as Future>::Output>> {
        let mut this = self.project();
        if let Some(leaving) = this.aside {
            let verdict = ready!(leaving.watch.poll_commit(cx));
            let leaving = this.aside.take().expect("it stands there");
            return Poll::Ready(leaving.leave(verdict));
        }
        let answered = match this.place.as_mut().project() {
            PlaceProjection::Passing { future } => future.poll(cx).map(Ok),
            PlaceProjection::Unrecorded { future } => future.poll(cx).map(Ok),
            PlaceProjection::Watching { handling } => handling.poll(cx),
            PlaceProjection::Wired { handling } => handling.poll(cx),
        };
        let answered = ready!(answered);
        let mut watch = this.place.take_watch();
        let mut given = match answered {
            Ok(given) => given,
            Err(refusal) => return Poll::Ready(Left::Refused(refusal, None, watch)),
        };
        if let Some(exchange) = watch.exchange() {
            note(exchange, &mut given);
        }
        match watch.poll_commit(cx) {
            Poll::Ready(verdict) => Poll::Ready(Left::new(given, watch, verdict)),
            Poll::Pending => {
                *this.aside = Some(Box::new(Leaving { given: Some(given), watch }));
                Poll::Pending
            }
        }
    }
}

fn resolve_actor(scope: &Scope, call: &impl WiredCall) {
    if let Some(actor) = call.actor() {
        scope.resolve_actor(actor);
    }
}

impl<S: Start> Place<S> {
    /// Who watches the answer's body, once the answer is there.
    #[inline]
    fn take_watch(self: Pin<&mut Self>) -> Watch {
        match self.project() {
            PlaceProjection::Passing { .. } | PlaceProjection::Wired { .. } => Watch::Elsewhere,
            PlaceProjection::Unrecorded { .. } => Watch::Unrecorded,
            PlaceProjection::Watching { handling } => {
                handling.take_exchange().map_or(Watch::Elsewhere, Watch::Recorded)
            }
        }
    }
}

//! The call of a handler whose route is wired: its endpoint is known before its extractors run.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::caught::caught;
use crate::exchange::stage::Stage;
use crate::exchange::{
    Attribution, Entry, Facts, HandlerEnd, Refusal, RequestHead, RouteMatch, Source, Start, noting_panics, poll_call,
    take_wired,
};
use crate::registry::Endpoint;
use crate::scope::{Scope, Scoped};

impl Scope {
    /// Attributes the exchange to the endpoint of a wired route, before its extractors run, and takes from the head
    /// what the endpoint's mode asks for. For adapters.
    ///
    /// Where a framework goes on to another route, the last one that is wired counts, whatever ran before.
    pub fn wire(&self, endpoint: &'static Endpoint, head: &RequestHead<'_>) {
        let auditor = self.shared().auditor();
        self.shared().with(|facts| {
            if facts.endpoint().is_some_and(|before| !before.same_as(endpoint)) {
                facts.entered = false;
                facts.handler_end = None;
            }
            take_wired(auditor, facts, endpoint, head);
        });
    }

    /// Corrects which route the request came to, where a framework tries several and the last one it tried is not the
    /// wired one: what another route's handler asks for does not count, unless that handler ran. For adapters.
    pub fn came_elsewhere(&self, head: &RequestHead<'_>) {
        let declared = self.shared().auditor().declared_for(head);
        let excluded = self.shared().auditor().excludes(head);
        self.shared().with(|facts| {
            if !facts.entered {
                facts.attribution = declared.map(|endpoint| Attribution { endpoint, source: Source::Declared });
            }
            if let Some(http) = &mut facts.http {
                http.route_guessed = false;
                http.excluded = excluded;
                http.unmatched = matches!(head.route, RouteMatch::None);
                http.route = match head.route {
                    RouteMatch::Template(template) => Some(template.into()),
                    RouteMatch::None | RouteMatch::NotKnownYet => None,
                };
            }
        });
    }

    /// Notes that the wired handler was dropped before it gave an answer. For adapters that poll it themselves.
    pub fn handler_dropped(&self) {
        self.shared().with(|facts| {
            facts.handler_end.get_or_insert(HandlerEnd::DroppedUnfinished);
        });
    }
}

pin_project! {
    /// Polls a wired handler's call inside the exchange of the layer around it.
    ///
    /// An endpoint that asks for `buffered` or `strict` delivery waits for it where the exchange did not as it began. A panic is
    /// noted as the handler's own, for something between it and the layer may catch it; dropped before it answered,
    /// the handler is noted as unfinished.
    #[must_use = "futures do nothing unless polled"]
    pub struct WiredHandling<S: Start> {
        #[pin]
        stage: Stage<S, Scoped<S::Future>>,
        // Until it answered.
        scope: Option<Scope>,
        entry: Entry,
    }

    impl<S: Start> PinnedDrop for WiredHandling<S> {
        fn drop(this: Pin<&mut Self>) {
            if let Some(scope) = this.project().scope.take() {
                scope.handler_dropped();
            }
        }
    }
}

impl<S: Start> WiredHandling<S> {
    /// A call of the exchange's handler, whose endpoint was told ([`Scope::wire`]) if it is known. Nothing happens before
    /// the first poll.
    pub fn new(scope: Scope, call: S) -> Self {
        let entry = scope.shared().entry_due().unwrap_or_else(Entry::free);
        Self { stage: Stage::Waiting { call }, entry, scope: Some(scope) }
    }
}

impl<S: Start> Future for WiredHandling<S> {
    /// The answer, or that the adapter is to answer in its place.
    type Output = Result<<S::Future as Future>::Output, Refusal>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let scope = this.scope.as_ref().expect("not polled again after it is ready");
        if this.stage.is_waiting()
            && let Err(refusal) = ready!(this.entry.poll(scope.shared(), cx))
        {
            this.stage.end();
            *this.scope = None;
            return Poll::Ready(Err(refusal));
        }
        let polled = poll_call(scope.shared(), cx, |cx| {
            noting_panics(
                scope.shared(),
                None,
                || {
                    this.stage.as_mut().run(cx, |call| {
                        let admitted = this.entry.may_overdraw();
                        scope.shared().with(|facts| facts.admitted |= admitted);
                        scope.wrap(scope.in_scope(|| call.start()))
                    })
                },
                Facts::note_handler_panic,
            )
        });
        match &polled {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Ok(_)) => this.stage.end(),
            // What its destructors do concerns nobody any more.
            Poll::Ready(Err(_)) => drop(caught(|| this.stage.end())),
        }
        *this.scope = None;
        polled
    }
}

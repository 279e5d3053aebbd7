//! The handler's future as part of its exchange: what every adapter polls.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::caught::caught;
use crate::exchange::stage::Stage;
use crate::exchange::{Exchange, Refusal, poll_call};

/// A framework's call that has not begun: it begins only once its exchange is admitted.
pub trait Start {
    /// What answers.
    type Future: Future;

    /// Begins the call.
    fn start(self) -> Self::Future;
}

pin_project! {
    /// Waits for admission, then polls the call inside its exchange. Gives the answer, and then the exchange
    /// ([`take_exchange`](Self::take_exchange)).
    ///
    /// When it is dropped before that, the call is dropped inside the exchange, and then the exchange, which writes
    /// its record.
    #[must_use = "futures do nothing unless polled"]
    pub struct Handling<S: Start> {
        #[pin]
        stage: Stage<S, S::Future>,
        exchange: Option<Exchange>,
    }

    impl<S: Start> PinnedDrop for Handling<S> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(exchange) = this.exchange {
                exchange.enter(|| this.stage.end());
            }
        }
    }
}

impl<S: Start> Handling<S> {
    /// Nothing happens before the first poll.
    pub fn new(exchange: Exchange, call: S) -> Self {
        Self { stage: Stage::Waiting { call }, exchange: Some(exchange) }
    }

    /// The exchange, for when the answer is there.
    pub fn take_exchange(self: Pin<&mut Self>) -> Option<Exchange> {
        self.project().exchange.take()
    }
}

impl<S: Start> Future for Handling<S> {
    /// The answer, or that the adapter is to answer in its place.
    type Output = Result<<S::Future as Future>::Output, Refusal>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let exchange = this.exchange.as_mut().expect("not polled again after it is ready");
        if this.stage.is_waiting()
            && let Err(refusal) = ready!(exchange.poll_admission(cx))
        {
            this.stage.end();
            return Poll::Ready(Err(refusal));
        }
        let answered = ready!(poll_call(exchange.shared(), cx, |cx| {
            exchange.enter(|| {
                let output = ready!(this.stage.as_mut().run(cx, S::start));
                this.stage.as_mut().end();
                Poll::Ready(output)
            })
        }));
        if let Err(refusal) = answered {
            // What its destructors do concerns nobody any more.
            caught(|| exchange.enter(|| this.stage.end()));
            exchange.note_refusal(refusal);
        }
        Poll::Ready(answered)
    }
}

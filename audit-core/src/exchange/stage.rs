//! A call that waits, runs and has ended, in the room of the largest of the three: futures are moved, also where nobody
//! records anything.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

pin_project! {
    /// A call, and then its future.
    #[project = StageProjection]
    #[project_replace = StageReplaced]
    pub(super) enum Stage<C, F> {
        Waiting { call: C },
        Running { #[pin] future: F },
        Ended,
    }
}

impl<C, F: Future> Stage<C, F> {
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self, Self::Waiting { .. })
    }

    /// Begins the call, if it has not begun, and polls it.
    pub(super) fn run(mut self: Pin<&mut Self>, cx: &mut Context<'_>, start: impl FnOnce(C) -> F) -> Poll<F::Output> {
        if self.is_waiting()
            && let StageReplaced::Waiting { call } = self.as_mut().project_replace(Self::Ended)
        {
            self.set(Self::Running { future: start(call) });
        }
        match self.project() {
            StageProjection::Running { future } => future.poll(cx),
            StageProjection::Waiting { .. } | StageProjection::Ended => {
                unreachable!("not polled again after it is ready")
            }
        }
    }

    /// Drops the call, or its future.
    pub(super) fn end(mut self: Pin<&mut Self>) {
        self.set(Self::Ended);
    }
}

//! What a strict exchange waits for: word from the journal that a record is on disk.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::delivery::deadlines::{Deadlines, Key, wake};

/// Why a record is not known to be on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unrecorded {
    /// It is not there and will not be.
    Refused,
    /// Nobody knows: the journal has not answered in time.
    TimedOut,
}

/// The writer's end: says once what became of a record. Dropped unsaid, it says that the record was refused.
pub(crate) struct Confirm(Arc<Shared>);

/// The exchange's end.
pub(crate) struct Receipt {
    shared: Arc<Shared>,
    deadlines: Arc<Deadlines>,
    deadline: Option<Instant>,
    key: Option<Key>,
}

#[derive(Default)]
struct Shared(Mutex<State>);

#[derive(Default)]
struct State {
    said: Option<Result<(), Unrecorded>>,
    waker: Option<Waker>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, result: Result<(), Unrecorded>) {
        let waker = {
            let mut state = self.lock();
            state.said.get_or_insert(result);
            state.waker.take()
        };
        if let Some(waker) = waker {
            wake(waker);
        }
    }
}

impl Confirm {
    /// The record is on disk.
    pub(crate) fn recorded(self) {
        self.0.say(Ok(()));
    }
}

impl Drop for Confirm {
    fn drop(&mut self) {
        self.0.say(Err(Unrecorded::Refused));
    }
}

impl Receipt {
    /// Both ends; the exchange waits at most so long. Not to wait at all is not to hear the answer, even if it is there.
    pub(crate) fn new(deadlines: &Arc<Deadlines>, timeout: Duration) -> (Confirm, Self) {
        let deadline = (!timeout.is_zero()).then(|| Instant::now() + timeout);
        let shared = Arc::new(Shared::default());
        let confirm = Confirm(Arc::clone(&shared));
        (confirm, Self { shared, deadlines: Arc::clone(deadlines), deadline, key: None })
    }

    /// Ready when the journal has answered, or when the time is up.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Unrecorded>> {
        let Some(deadline) = self.deadline else { return Poll::Ready(Err(Unrecorded::TimedOut)) };
        let said = self.shared.lock().said;
        if let Some(said) = said {
            self.forget();
            return Poll::Ready(said);
        }
        if Instant::now() >= deadline {
            self.forget();
            return Poll::Ready(Err(Unrecorded::TimedOut));
        }
        // Cloned before the lock: cloning is the executor's code.
        let waker = cx.waker().clone();
        let (said, before) = {
            let mut state = self.shared.lock();
            (state.said, state.waker.replace(waker))
        };
        drop(before);
        if let Some(said) = said {
            self.forget();
            return Poll::Ready(said);
        }
        self.forget();
        match self.deadlines.wait_unless(cx.waker(), deadline, || None::<()>) {
            Err(Ok(key)) => {
                self.key = Some(key);
                Poll::Pending
            }
            // Without a timer nobody would end the wait: rather do without it.
            _ => Poll::Ready(Err(Unrecorded::TimedOut)),
        }
    }

    fn forget(&mut self) {
        if let Some(key) = self.key.take() {
            self.deadlines.forget(key);
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        self.forget();
    }
}

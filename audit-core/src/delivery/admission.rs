//! Room in the queue, waited for before the handler runs. Waiting blocks no thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::delivery::deadlines::{Deadlines, Key};

/// What the gate of the first sink knows: how much is queued, and who waits.
pub(crate) struct Gate {
    limit: usize,
    queued: AtomicUsize,
    closed: AtomicBool,
    waiters: Arc<Deadlines>,
}

impl Gate {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, queued: AtomicUsize::new(0), closed: AtomicBool::new(false), waiters: Deadlines::new() })
    }

    fn has_room(&self) -> bool {
        self.queued.load(Ordering::SeqCst) < self.limit
    }

    /// Counts bytes that were queued.
    pub(crate) fn add(&self, bytes: usize) {
        self.queued.fetch_add(bytes, Ordering::SeqCst);
    }

    /// Counts bytes that left the queue, and wakes everybody who waits once there is room.
    pub(crate) fn remove(&self, bytes: usize) {
        self.queued.fetch_sub(bytes, Ordering::SeqCst);
        if self.has_room() {
            self.waiters.wake_all();
        }
    }

    /// Nothing is taken any more: whoever waits goes on, and nobody waits from here on.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.waiters.wake_all();
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }
}

/// One request's place before the gate.
pub(crate) struct Admission {
    state: State,
}

enum State {
    /// This delivery waits for nothing, and may not overdraw.
    NotAsked,
    Asking {
        gate: Arc<Gate>,
        deadline: Instant,
        key: Option<Key>,
    },
    Admitted,
    TimedOut,
}

impl Admission {
    pub(crate) fn not_asked() -> Self {
        Self { state: State::NotAsked }
    }

    pub(crate) fn ask(gate: &Arc<Gate>, timeout: Duration) -> Self {
        if gate.is_closed() {
            return Self::not_asked();
        }
        if gate.has_room() {
            return Self { state: State::Admitted };
        }
        Self { state: State::Asking { gate: Arc::clone(gate), deadline: Instant::now() + timeout, key: None } }
    }

    /// Ready when there was room, or when the time was up.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let State::Asking { gate, deadline, key } = &mut self.state else { return Poll::Ready(()) };
        if let Some(key) = key.take() {
            gate.waiters.forget(key);
        }
        let decided = gate.waiters.wait_unless(cx.waker(), *deadline, || {
            if gate.is_closed() {
                Some(State::NotAsked)
            } else if gate.has_room() {
                Some(State::Admitted)
            } else {
                (Instant::now() >= *deadline).then_some(State::TimedOut)
            }
        });
        self.state = match decided {
            Ok(decided) => decided,
            // Without a timer nobody would end the wait: rather do without it.
            Err(Err(_)) => State::TimedOut,
            Err(Ok(number)) => {
                *key = Some(number);
                return Poll::Pending;
            }
        };
        Poll::Ready(())
    }

    /// Whether there was room: then the record may exceed the queue's bound, by its own line.
    pub(crate) fn may_overdraw(&self) -> bool {
        matches!(self.state, State::Admitted)
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if let State::Asking { gate, key: Some(key), .. } = &self.state {
            gate.waiters.forget(*key);
        }
    }
}

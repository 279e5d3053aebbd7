//! Room in the queue, waited for before the handler runs.
//!
//! Waiting blocks no thread and needs no executor's timer: a waiter leaves its waker, the sink's worker wakes it when
//! there is room, and one thread of the gate wakes it when its time is up.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// What the gate of the first sink knows: how much is queued, and who waits.
pub(crate) struct Gate {
    limit: usize,
    queued: AtomicUsize,
    closed: AtomicBool,
    waiters: Mutex<Waiters>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiters {
    /// By number, and numbers are never used again: a waiter that was woken may still ask for its own removal.
    waiting: BTreeMap<u64, (Waker, Instant)>,
    next: u64,
    timer_runs: bool,
}

impl Gate {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            queued: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            waiters: Mutex::new(Waiters::default()),
            changed: Condvar::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Waiters> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
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
            self.wake_all();
        }
    }

    /// Nothing is taken any more: whoever waits goes on, and nobody waits from here on.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.wake_all();
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    fn wake_all(&self) {
        let woken = std::mem::take(&mut self.lock().waiting);
        woken.into_values().for_each(|(waker, _)| waker.wake());
    }

    /// Forgets a waiter. Its waker is dropped only when the lock is free: it may be the last of a task that waits too.
    fn forget(&self, key: u64) {
        let waker = self.lock().waiting.remove(&key);
        drop(waker);
    }

    /// Wakes each waiter at its deadline; ends when nobody waits any more or the gate is gone.
    fn run_timer(gate: &Weak<Self>) {
        while let Some(gate) = gate.upgrade() {
            let mut waiters = gate.lock();
            let now = Instant::now();
            let mut due = Vec::new();
            waiters.waiting.retain(|_, (waker, deadline)| {
                let waits_on = *deadline > now;
                if !waits_on {
                    due.push(waker.clone());
                }
                waits_on
            });
            if !due.is_empty() {
                drop(waiters);
                due.into_iter().for_each(Waker::wake);
                continue;
            }
            let Some(next) = waiters.waiting.values().map(|(_, deadline)| *deadline).min() else {
                waiters.timer_runs = false;
                return;
            };
            // Rather a short look too many than a gate kept alive for long.
            let pause = next.saturating_duration_since(now).min(Duration::from_secs(1));
            drop(gate.changed.wait_timeout(waiters, pause));
        }
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
        key: Option<u64>,
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
            gate.forget(key);
        }
        let waker = cx.waker().clone();
        let mut waiters = gate.lock();
        // Under the lock that a worker takes after it has made room, so that no wake-up is missed.
        let decided = if gate.is_closed() {
            State::NotAsked
        } else if gate.has_room() {
            State::Admitted
        } else if Instant::now() >= *deadline {
            State::TimedOut
        } else {
            let number = waiters.next;
            waiters.next += 1;
            waiters.waiting.insert(number, (waker, *deadline));
            *key = Some(number);
            if std::mem::replace(&mut waiters.timer_runs, true) {
                gate.changed.notify_one();
            } else {
                let weak = Arc::downgrade(gate);
                let timer = std::thread::Builder::new().name("audit-admission".into());
                if timer.spawn(move || Gate::run_timer(&weak)).is_err() {
                    // Without a timer nobody would end the wait: rather do without it.
                    waiters.timer_runs = false;
                    drop(waiters);
                    self.state = State::TimedOut;
                    return Poll::Ready(());
                }
            }
            return Poll::Pending;
        };
        drop(waiters);
        self.state = decided;
        Poll::Ready(())
    }

    /// Whether the record may exceed the queue's bound, by its own line.
    pub(crate) fn may_overdraw(&self) -> bool {
        matches!(self.state, State::Admitted)
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if let State::Asking { gate, key: Some(key), .. } = &self.state {
            gate.forget(*key);
        }
    }
}

//! Tasks that wait until something happens or their time is up, without an executor's timer: each leaves its waker, and
//! one thread wakes it at its deadline.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;
use std::time::{Duration, Instant};

use slab::Slab;

use crate::caught::caught;

/// Who waits, and until when.
pub(crate) struct Deadlines {
    waiters: Mutex<Waiters>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiters {
    waiting: Slab<Waiter>,
    /// How many have come.
    count: u64,
    timer_runs: bool,
    /// When the timer looks next; a deadline before that has to be told to it.
    next_look: Option<Instant>,
}

struct Waiter {
    waker: Waker,
    deadline: Instant,
    number: u64,
}

/// A waiter's place. Its number is never used again: one that was woken may still ask for its own removal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    index: usize,
    number: u64,
}

/// Wakes one; a waker that panics costs nobody else's.
pub(super) fn wake(waker: Waker) {
    caught(|| waker.wake()).unwrap_or(());
}

/// The system gave no thread: nobody would end the wait.
#[derive(Debug)]
pub(crate) struct NoTimer;

impl Waiters {
    fn remove(&mut self, Key { index, number }: Key) -> Option<Waiter> {
        let is_there = self.waiting.get(index).is_some_and(|waiter| waiter.number == number);
        is_there.then(|| self.waiting.remove(index))
    }
}

impl Deadlines {
    /// How long the timer stays when nobody waits: starting a thread costs more than a short wait.
    const IDLE: Duration = Duration::from_secs(10);

    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { waiters: Mutex::new(Waiters::default()), changed: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, Waiters> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves a waker, unless `decided`, which is asked under the lock that [`wake_all`](Self::wake_all) takes, so that
    /// no wake-up is missed, gives what was waited for.
    pub(crate) fn wait_unless<R>(
        self: &Arc<Self>,
        waker: &Waker,
        deadline: Instant,
        decided: impl FnOnce() -> Option<R>,
    ) -> Result<R, Result<Key, NoTimer>> {
        // Cloned before the lock: cloning is the executor's code.
        let waker = waker.clone();
        let mut waiters = self.lock();
        if let Some(decided) = decided() {
            return Ok(decided);
        }
        let number = waiters.count;
        waiters.count += 1;
        let key = Key { index: waiters.waiting.insert(Waiter { waker, deadline, number }), number };
        if waiters.timer_runs {
            if waiters.next_look.is_none_or(|look| deadline < look) {
                self.changed.notify_one();
            }
            return Err(Ok(key));
        }
        let weak = Arc::downgrade(self);
        let timer = std::thread::Builder::new().name("audit-deadlines".into());
        match timer.spawn(move || Self::run_timer(&weak)) {
            Ok(_) => {
                waiters.timer_runs = true;
                Err(Ok(key))
            }
            Err(_) => {
                let waiter = waiters.remove(key);
                drop(waiters);
                drop(waiter);
                Err(Err(NoTimer))
            }
        }
    }

    /// Forgets a waiter. Its waker is dropped only when the lock is free: it may be the last of a task that waits too.
    pub(crate) fn forget(&self, key: Key) {
        let waiter = self.lock().remove(key);
        drop(waiter);
    }

    /// Wakes everybody who waits.
    pub(crate) fn wake_all(&self) {
        let woken = std::mem::take(&mut self.lock().waiting);
        woken.into_iter().for_each(|(_, waiter)| wake(waiter.waker));
    }

    /// Wakes each waiter at its deadline; ends when nobody has waited for a while, or nobody can any more.
    fn run_timer(deadlines: &Weak<Self>) {
        let mut idle_since = Instant::now();
        while let Some(deadlines) = deadlines.upgrade() {
            let mut waiters = deadlines.lock();
            let now = Instant::now();
            let mut due = Vec::new();
            waiters.waiting.retain(|_, waiter| {
                let waits_on = waiter.deadline > now;
                if !waits_on {
                    due.push(waiter.waker.clone());
                }
                waits_on
            });
            if !due.is_empty() {
                drop(waiters);
                due.into_iter().for_each(wake);
                continue;
            }
            let next = waiters.waiting.iter().map(|(_, waiter)| waiter.deadline).min();
            match next {
                Some(_) => idle_since = now,
                None if now.duration_since(idle_since) >= Self::IDLE => {
                    waiters.timer_runs = false;
                    return;
                }
                None => {}
            }
            // Rather a short look too many than an auditor kept alive for long.
            let pause = next.map_or(Duration::from_secs(1), |next| next.saturating_duration_since(now));
            let pause = pause.min(Duration::from_secs(1));
            waiters.next_look = Some(now + pause);
            drop(deadlines.changed.wait_timeout(waiters, pause));
        }
    }
}

//! Tasks that wait until something happens or their time is up, without an executor's timer: each leaves its waker, and
//! one thread wakes it at its deadline.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::caught::caught;

/// Who waits, and until when.
pub(crate) struct Deadlines {
    waiters: Mutex<Waiters>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiters {
    /// By number, and numbers are never used again: a waiter that was woken may still ask for its own removal.
    waiting: BTreeMap<u64, (Waker, Instant)>,
    next: u64,
    timer_runs: bool,
    /// When the timer looks next; a deadline before that has to be told to it.
    next_look: Option<Instant>,
}

/// Wakes one; a waker that panics costs nobody else's.
pub(super) fn wake(waker: Waker) {
    caught(|| waker.wake()).unwrap_or(());
}

/// The system gave no thread: nobody would end the wait.
#[derive(Debug)]
pub(crate) struct NoTimer;

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
    ) -> Result<R, Result<u64, NoTimer>> {
        // Cloned before the lock: cloning is the executor's code.
        let waker = waker.clone();
        let mut waiters = self.lock();
        if let Some(decided) = decided() {
            return Ok(decided);
        }
        let key = waiters.next;
        waiters.next += 1;
        waiters.waiting.insert(key, (waker, deadline));
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
                let waker = waiters.waiting.remove(&key);
                drop(waiters);
                drop(waker);
                Err(Err(NoTimer))
            }
        }
    }

    /// Forgets a waiter. Its waker is dropped only when the lock is free: it may be the last of a task that waits too.
    pub(crate) fn forget(&self, key: u64) {
        let waker = self.lock().waiting.remove(&key);
        drop(waker);
    }

    /// Wakes everybody who waits.
    pub(crate) fn wake_all(&self) {
        let woken = std::mem::take(&mut self.lock().waiting);
        woken.into_values().for_each(|(waker, _)| wake(waker));
    }

    /// Wakes each waiter at its deadline; ends when nobody has waited for a while, or nobody can any more.
    fn run_timer(deadlines: &Weak<Self>) {
        let mut idle_since = Instant::now();
        while let Some(deadlines) = deadlines.upgrade() {
            let mut waiters = deadlines.lock();
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
                due.into_iter().for_each(wake);
                continue;
            }
            let next = waiters.waiting.values().map(|(_, deadline)| *deadline).min();
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

//! What a follower and its thread share: how far it came, and its figures.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::delivery::SinkStats;
use crate::delivery::stats::lag_ms;
use crate::journal::Head;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) name: String,
    pub(super) head: Arc<Head>,
    pub(super) state: Mutex<State>,
    pub(super) changed: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// The seq behind which it began.
    pub(super) start: u64,
    /// Everything up to this seq is accounted for.
    pub(super) taken: u64,
    /// Records that are accounted for beside those from `start` to `taken`: without a seq, or offered a second time.
    pub(super) beside: u64,
    pub(super) written: u64,
    pub(super) failed: u64,
    pub(super) dropped: u64,
    /// Bytes of the batch that is being written.
    pub(super) in_hand: usize,
    pub(super) last_error: Option<String>,
    /// Since when it has something to take.
    pub(super) behind_since: Option<Instant>,
    /// What was tried last failed.
    pub(super) failing: bool,
    pub(super) deadline: Option<Instant>,
    pub(super) closed: bool,
}

impl State {
    /// Goes on behind `seq`, which is what the sink says it has.
    pub(super) fn reposition(&mut self, seq: u64) {
        self.written += seq.saturating_sub(self.taken);
        self.beside += self.taken.saturating_sub(seq);
        self.taken = seq;
    }

    pub(super) fn has_expired(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

impl Shared {
    pub(super) fn new(name: String, head: Arc<Head>, start: u64) -> Self {
        let state = State { start, taken: start, ..State::default() };
        Self { name, head, state: Mutex::new(state), changed: Condvar::new() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stats(&self) -> SinkStats {
        let state = self.lock();
        // Under the lock, so that `taken` does not pass it.
        let head = self.head.written().max(state.taken);
        SinkStats {
            name: self.name.clone(),
            accepted: head - state.start + state.beside,
            written: state.written,
            dropped: state.dropped,
            failed: state.failed,
            queued: head - state.taken,
            queued_bytes: state.in_hand as u64,
            lag_ms: lag_ms(state.behind_since),
            follows_journal: true,
            restarts: 0,
            failing: state.failing,
            gap_owed: 0,
            last_sync: None,
            last_error: state.last_error.clone(),
        }
    }

    /// Notes whether there is nothing to take.
    pub(super) fn note_progress(&self, is_caught_up: bool) {
        let mut state = self.lock();
        match (is_caught_up, state.behind_since) {
            (true, _) => state.behind_since = None,
            (false, None) => state.behind_since = Some(Instant::now()),
            (false, Some(_)) => {}
        }
    }

    pub(super) fn note(&self, error: String) {
        let mut state = self.lock();
        state.failing = true;
        state.last_error = Some(error);
    }

    /// Waits so long, or until the end is announced; `false` once the deadline has passed.
    pub(super) fn pause(&self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        let mut state = self.lock();
        let announced = state.deadline;
        loop {
            if state.has_expired() {
                return false;
            }
            let until = state.deadline.map_or(until, |deadline| until.min(deadline));
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || state.deadline != announced {
                return !state.has_expired();
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

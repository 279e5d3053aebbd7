//! What the writer and the followers of a journal tell each other.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The end of the journal, and how far its followers came.
#[derive(Debug, Default)]
pub(crate) struct Head {
    state: Mutex<State>,
    grown: Condvar,
}

#[derive(Debug, Default)]
struct State {
    written: u64,
    /// By follower: the last seq that it has taken.
    taken: BTreeMap<String, u64>,
    closed: bool,
}

impl Head {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last seq that stands in the journal; 0 when it is empty.
    pub(crate) fn written(&self) -> u64 {
        self.lock().written
    }

    /// The journal holds everything up to `seq`.
    pub(crate) fn set_written(&self, seq: u64) {
        self.lock().written = seq;
        self.grown.notify_all();
    }

    /// Waits until the journal holds more than `seq`, is closed, or the time is up; gives the last seq written.
    pub(crate) fn wait_beyond(&self, seq: u64, timeout: Duration) -> u64 {
        let deadline = Instant::now() + timeout;
        let mut state = self.lock();
        while state.written <= seq && !state.closed {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.grown.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.written
    }

    /// Nothing follows any more.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.grown.notify_all();
    }

    /// Whether nothing follows any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// A follower has taken everything up to `seq`, or begins after it.
    pub(crate) fn set_taken(&self, follower: &str, seq: u64) {
        let mut state = self.lock();
        match state.taken.get_mut(follower) {
            Some(taken) => *taken = seq,
            None => drop(state.taken.insert(follower.to_owned(), seq)),
        }
    }

    /// The followers that have not taken everything up to `seq`, each with the last that it has.
    pub(crate) fn behind(&self, seq: u64) -> Vec<(String, u64)> {
        let state = self.lock();
        state.taken.iter().filter(|(_, taken)| **taken < seq).map(|(name, taken)| (name.clone(), *taken)).collect()
    }

    /// The smallest seq that a follower has still to take; `None` without followers.
    pub(crate) fn needed_from(&self) -> Option<u64> {
        self.lock().taken.values().min().map(|taken| taken + 1)
    }
}

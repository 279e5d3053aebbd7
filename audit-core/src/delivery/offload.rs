//! Redacts large bodies away from the executor's threads.
//!
//! A body of a megabyte takes about a millisecond; on an executor's thread, every other request there would wait for
//! it. The thread starts with the first such body. What it holds counts against the queue's bound; a record that may
//! not overdraw is dropped rather than held beyond it, unless it is the only one.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::caught::caught;
use crate::delivery::admission::Gate;
use crate::delivery::channel::{Channel, Offer};
use crate::notice::{self, Once};
use crate::record::Line;

pub(crate) struct Offload {
    shared: Arc<Shared>,
}

struct Shared {
    channels: Vec<Arc<Channel>>,
    gate: Option<Arc<Gate>>,
    limit: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    drafts: VecDeque<Draft>,
    /// Bytes of the drafts, and of the one that is being redacted.
    held: usize,
    running: bool,
    busy: bool,
    closing: bool,
}

struct Draft {
    bytes: usize,
    encode: Box<dyn FnOnce() -> Line + Send>,
    offer: Offer,
}

static NO_THREAD: Once = Once::new();

impl Offload {
    pub(crate) fn new(channels: Vec<Arc<Channel>>, gate: Option<Arc<Gate>>, limit: usize) -> Self {
        let shared = Shared { channels, gate, limit, state: Mutex::default(), changed: Condvar::new() };
        Self { shared: Arc::new(shared) }
    }

    pub(crate) fn submit(&self, bytes: usize, encode: Box<dyn FnOnce() -> Line + Send>, may_overdraw: bool) {
        let shared = &self.shared;
        let mut state = shared.lock();
        if state.held > 0 && state.held.saturating_add(bytes) > shared.limit && !may_overdraw {
            drop(state);
            shared.channels.iter().for_each(|channel| channel.drop_unencoded());
            return;
        }
        shared.channels.iter().for_each(|channel| channel.announce());
        let draft = Draft { bytes, encode, offer: Offer { may_overdraw, announced: true } };
        if !state.running && !state.closing {
            let on_thread = Arc::clone(shared);
            let spawned = std::thread::Builder::new().name("audit-redact".into()).spawn(move || on_thread.run());
            state.running = spawned.is_ok();
        }
        if !state.running || state.closing {
            if !state.closing {
                NO_THREAD.say(format_args!("large bodies are redacted where their requests end: no thread was given"));
            }
            drop(state);
            shared.deliver(draft);
            return;
        }
        if let Some(gate) = &shared.gate {
            gate.add(bytes);
        }
        state.held += bytes;
        state.drafts.push_back(draft);
        drop(state);
        shared.changed.notify_all();
    }

    /// Lets the thread finish what it has, at most until `deadline`; tells whether it has.
    pub(crate) fn close(&self, deadline: Instant) -> bool {
        let mut state = self.shared.lock();
        state.closing = true;
        self.shared.changed.notify_all();
        while state.running && (state.busy || !state.drafts.is_empty()) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                notice::say(format_args!("{} records with large bodies were not redacted in time", state.drafts.len()));
                return false;
            }
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let mut state = self.lock();
        loop {
            if let Some(draft) = state.drafts.pop_front() {
                state.busy = true;
                drop(state);
                let bytes = draft.bytes;
                self.deliver(draft);
                if let Some(gate) = &self.gate {
                    gate.remove(bytes);
                }
                state = self.lock();
                state.busy = false;
                state.held -= bytes;
                self.changed.notify_all();
            } else if state.closing {
                state.running = false;
                return;
            } else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    fn deliver(&self, draft: Draft) {
        // The encoder has no reason to panic; if it did, the loss must not be silent.
        match caught(draft.encode) {
            Some(line) => self.channels.iter().for_each(|channel| channel.offer(line.clone(), draft.offer)),
            None => self.channels.iter().for_each(|channel| channel.count_unencoded(draft.offer)),
        }
    }
}

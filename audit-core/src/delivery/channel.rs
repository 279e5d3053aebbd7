//! One sink's queue and its counts, under one lock, so that a snapshot of them always adds up.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::delivery::admission::Gate;
use crate::delivery::batch::Records;
use crate::delivery::receipt::Confirm;
use crate::delivery::stats::lag_ms;
use crate::delivery::{Gap, SinkStats};
use crate::notice;
use crate::record::Line;

/// How long after a batch the next one is gathered, unless somebody waits for word of it or much has come: a batch costs
/// several calls of the system, however small it is.
const GATHERING: Duration = Duration::from_millis(1);
/// How much ends that.
const GATHERED_BYTES: usize = 256 * 1024;

/// A queue between the requests and one sink's worker.
pub(crate) struct Channel {
    name: String,
    limit: usize,
    gate: Option<Arc<Gate>>,
    state: Mutex<State>,
    work: Condvar,
    closed: Condvar,
}

struct State {
    lines: Records,
    /// Who waits for word of which of `lines`, by index.
    confirms: Vec<(usize, Confirm)>,
    reopen: bool,
    /// Records taken by the worker and not yet accounted for.
    in_hand: u64,
    in_hand_bytes: usize,
    /// When the oldest of `lines`, and of those in hand, came.
    queued_since: Option<Instant>,
    in_hand_since: Option<Instant>,
    /// Bytes of `lines` and of those in hand.
    bytes: usize,
    /// How often the worker died and was started anew.
    restarts: u64,
    /// The last thing that was tried failed.
    failing: bool,
    /// The last thing that was to be on the disk is not, whatever was written since.
    sync_failing: bool,
    last_sync: Option<Timestamp>,
    accepted: u64,
    written: u64,
    dropped: u64,
    failed: u64,
    gap: Option<Gap>,
    last_error: Option<String>,
    worker_waits: bool,
    /// The worker lets records gather.
    worker_gathers: bool,
    last_batch: Option<Instant>,
    closing: bool,
    closed: bool,
}

/// What the worker is to do next.
pub(crate) enum Work {
    /// Write these, and the gap record before them; who waits for word of which line, by index.
    Batch { lines: Records, confirms: Vec<(usize, Confirm)>, gap: Option<Gap> },
    /// Take up the file that now stands at the log's path.
    Reopen,
    /// Finish: everything is written.
    Close { gap: Option<Gap> },
}

impl Channel {
    /// A queue of its own form for its writer: `lines` is an empty one.
    pub(crate) fn new(name: String, lines: Records, limit: usize, gate: Option<Arc<Gate>>) -> Self {
        let state = State {
            lines,
            confirms: Vec::new(),
            reopen: false,
            in_hand: 0,
            in_hand_bytes: 0,
            queued_since: None,
            in_hand_since: None,
            bytes: 0,
            restarts: 0,
            failing: false,
            sync_failing: false,
            last_sync: None,
            accepted: 0,
            written: 0,
            dropped: 0,
            failed: 0,
            gap: None,
            last_error: None,
            worker_waits: false,
            worker_gathers: false,
            last_batch: None,
            closing: false,
            closed: false,
        };
        Self { name, limit, gate, state: Mutex::new(state), work: Condvar::new(), closed: Condvar::new() }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a record, or drops and counts it. Never waits for the sink. An exchange that was admitted may exceed the
    /// bound by its own line, at the gated sink: the others were never asked. Who asks for word of the record gets it.
    pub(crate) fn offer(&self, line: &Line, may_overdraw: bool, confirm: Option<Confirm>) {
        let size = line.bytes().len();
        let mut state = self.lock();
        state.accepted += 1;
        let overdraws = may_overdraw && self.gate.is_some();
        if state.closing || (state.bytes.saturating_add(size) > self.limit && !overdraws) {
            state.dropped += 1;
            // What comes after the end is counted, but nothing can follow that would tell of it.
            if !state.closing {
                state.widen_gap(1, Timestamp::now());
            }
            // Unlocked before whoever waits is told.
            drop(state);
            drop(confirm);
            return;
        }
        state.bytes += size;
        if let Some(confirm) = confirm {
            let index = state.lines.len();
            state.confirms.push((index, confirm));
        }
        if state.queued_since.is_none() {
            state.queued_since = Some(Instant::now());
        }
        state.lines.push(line);
        let is_awaited = !state.confirms.is_empty() || state.bytes >= self.gathered_bytes();
        let wake = std::mem::take(&mut state.worker_waits) || (state.worker_gathers && is_awaited);
        // Counted before the lock is released, or the worker could take it back first.
        if let Some(gate) = &self.gate {
            gate.add(size);
        }
        drop(state);
        if wake {
            self.work.notify_one();
        }
    }

    fn gathered_bytes(&self) -> usize {
        GATHERED_BYTES.min(self.limit / 4)
    }

    /// How much longer records are let gather.
    fn gathers_for(&self, state: &State) -> Option<Duration> {
        if state.closing || !state.confirms.is_empty() || state.bytes >= self.gathered_bytes() {
            return None;
        }
        GATHERING.checked_sub(state.last_batch?.elapsed()).filter(|left| !left.is_zero())
    }

    /// Waits until there is something to write, a gap to tell that is due, or the end. `spare` gives its memory back.
    pub(crate) fn next_work(&self, mut spare: Records, mut gap_due: impl FnMut() -> Option<Duration>) -> Work {
        let mut state = self.lock();
        loop {
            if std::mem::take(&mut state.reopen) {
                return Work::Reopen;
            }
            if !state.lines.is_empty() {
                if let Some(left) = self.gathers_for(&state) {
                    state.worker_gathers = true;
                    state = self.work.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
                    state.worker_gathers = false;
                    continue;
                }
                state.last_batch = Some(Instant::now());
                spare.clear();
                let lines = std::mem::replace(&mut state.lines, spare);
                let confirms = std::mem::take(&mut state.confirms);
                state.in_hand = lines.len() as u64;
                state.in_hand_bytes = state.bytes;
                state.in_hand_since = state.queued_since.take();
                return Work::Batch { lines, confirms, gap: state.gap.take() };
            }
            if state.closing {
                return Work::Close { gap: state.gap.take() };
            }
            state.worker_waits = true;
            state = if state.gap.is_some() {
                match gap_due() {
                    None => return Work::Batch { lines: spare, confirms: Vec::new(), gap: state.gap.take() },
                    Some(pause) => self.work.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner).0,
                }
            } else {
                self.work.wait(state).unwrap_or_else(PoisonError::into_inner)
            };
            state.worker_waits = false;
        }
    }

    /// Accounts for a part of the batch: the sink took `written` of its records and not the other `failed`.
    pub(crate) fn account(&self, written: u64, failed: u64, bytes: usize, error: Option<String>) {
        let mut state = self.lock();
        state.in_hand = state.in_hand.saturating_sub(written + failed);
        state.in_hand_bytes = state.in_hand_bytes.saturating_sub(bytes);
        if state.in_hand == 0 {
            state.in_hand_since = None;
        }
        state.bytes = state.bytes.saturating_sub(bytes);
        state.written += written;
        state.failed += failed;
        state.failing = error.is_some();
        if failed > 0 {
            state.widen_gap(failed, Timestamp::now());
        }
        if error.is_some() {
            state.last_error = error;
        }
        drop(state);
        if let Some(gate) = &self.gate {
            gate.remove(bytes);
        }
    }

    /// The records of the last part stand on disk.
    pub(crate) fn synced(&self, at: Timestamp) {
        let mut state = self.lock();
        state.last_sync = Some(at);
        state.sync_failing = false;
    }

    /// Whether the last that was to be on the disk is not.
    pub(crate) fn fails_to_sync(&self) -> bool {
        self.lock().sync_failing
    }

    /// Something was to be on the disk and is not.
    pub(crate) fn not_synced(&self) {
        self.lock().sync_failing = true;
    }

    /// The sink wrote `count` records of its own.
    pub(crate) fn wrote_own(&self, count: u64) {
        let mut state = self.lock();
        state.accepted += count;
        state.written += count;
    }

    /// The worker died: what it had in hand is lost, and another one begins.
    pub(crate) fn worker_died(&self, error: String) {
        let mut state = self.lock();
        state.restarts += 1;
        let (lost, bytes) = (std::mem::take(&mut state.in_hand), std::mem::take(&mut state.in_hand_bytes));
        state.in_hand_since = None;
        state.failed += lost;
        state.bytes = state.bytes.saturating_sub(bytes);
        state.failing = true;
        state.last_error = Some(error);
        if lost > 0 {
            state.widen_gap(lost, Timestamp::now());
        }
        drop(state);
        if let Some(gate) = &self.gate {
            gate.remove(bytes);
        }
    }

    /// The gap record was written: a record like any other.
    pub(crate) fn gap_told(&self, error: Option<String>) {
        let mut state = self.lock();
        state.accepted += 1;
        state.written += 1;
        state.failing = error.is_some();
        if error.is_some() {
            state.last_error = error;
        }
    }

    /// The gap record could not be written; it is owed still.
    pub(crate) fn gap_owed(&self, gap: Gap, error: String) {
        let mut state = self.lock();
        let until = state.gap.map_or(gap.until, |newer| newer.until);
        let count = state.gap.map_or(0, |newer| newer.count) + gap.count;
        state.gap = Some(Gap { count, from: gap.from, until });
        state.failing = true;
        state.last_error = Some(error);
    }

    pub(crate) fn stats(&self) -> SinkStats {
        let state = self.lock();
        SinkStats {
            name: self.name.clone(),
            accepted: state.accepted,
            written: state.written,
            dropped: state.dropped,
            failed: state.failed,
            queued: state.lines.len() as u64 + state.in_hand,
            queued_bytes: state.bytes as u64,
            lag_ms: lag_ms(state.in_hand_since.or(state.queued_since)),
            follows_journal: false,
            restarts: state.restarts,
            failing: state.failing || state.sync_failing,
            gap_owed: state.gap.map_or(0, |gap| gap.count),
            last_sync: state.last_sync,
            last_error: state.last_error.clone(),
        }
    }

    /// Asks the worker to take up the file that stands at the log's path.
    pub(crate) fn reopen(&self) {
        self.lock().reopen = true;
        self.work.notify_one();
    }

    /// Takes no more; the worker ends when it has written what is here.
    pub(crate) fn close(&self) {
        self.lock().closing = true;
        self.work.notify_one();
    }

    /// The worker has ended.
    pub(crate) fn set_closed(&self, error: Option<String>) {
        let mut state = self.lock();
        state.closed = true;
        if error.is_some() {
            state.last_error.clone_from(&error);
        }
        drop(state);
        self.closed.notify_all();
        // Unlocked: stderr may be stuck.
        if let Some(error) = error {
            notice::say(format_args!("sink {}: {error}", self.name));
        }
    }

    /// Waits until the worker has ended, at most until `deadline`; tells whether it has.
    pub(crate) fn wait_closed(&self, deadline: Instant) -> bool {
        let mut state = self.lock();
        while !state.closed {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.closed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl State {
    fn widen_gap(&mut self, count: u64, now: Timestamp) {
        match &mut self.gap {
            Some(gap) => {
                gap.count += count;
                gap.until = now;
            }
            None => self.gap = Some(Gap { count, from: now, until: now }),
        }
    }
}

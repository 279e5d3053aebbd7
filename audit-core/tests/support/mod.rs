//! What the tests of the core share: requests without a framework, a sink on strings, a waker that counts.
#![allow(dead_code, unreachable_pub, reason = "each test file is a crate of its own and uses its own part")]

pub mod canaries;
pub mod strict;

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use audit_core::exchange::{Exchange, Headers, RequestHead, ResponseHead};
use audit_core::{Auditor, Builder, Line, Output, Sink, SinkStats, WriteError};
use serde_json::Value;

/// How long anything may take before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Header lines of a request that no framework read.
pub struct Lines<'a>(pub &'a [(&'a str, &'a [u8])]);

impl Headers for Lines<'_> {
    fn for_each<'a>(&'a self, each: &mut dyn FnMut(&'a str, &'a [u8])) {
        self.0.iter().for_each(|(name, value)| each(name, value));
    }

    fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}

/// A request of no interest to a path that is always recorded.
pub fn begin(auditor: &Auditor) -> Exchange {
    auditor.begin(&RequestHead::new("test", "GET", "/api/things", &Lines(&[]))).expect("the path is not excluded")
}

/// An auditor that writes to `sink` alone: its queue is the one that admission waits for.
pub fn auditor(sink: &Puppet, configure: impl FnOnce(Builder) -> Builder) -> Auditor {
    configure(Auditor::builder().output(Output::None)).sink(sink.clone()).build().expect("the settings are good")
}

/// Polls a condition until it holds; fails after [`PATIENCE`].
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The figures of the sink of this name, which must add up.
#[track_caller]
pub fn figures(auditor: &Auditor, sink: &str) -> SinkStats {
    let stats = auditor.stats().sink(sink).unwrap_or_else(|| panic!("there is no sink {sink}")).clone();
    assert_adds_up(&stats);
    stats
}

#[track_caller]
pub fn assert_adds_up(stats: &SinkStats) {
    assert_eq!(stats.accepted, stats.written + stats.dropped + stats.failed + stats.queued, "{stats:?}");
}

/// Counts its wake-ups and unparks the thread that made it.
pub struct Alarm {
    rings: AtomicUsize,
    thread: std::thread::Thread,
}

impl Alarm {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { rings: AtomicUsize::new(0), thread: std::thread::current() })
    }

    pub fn rings(&self) -> usize {
        self.rings.load(Ordering::SeqCst)
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.rings.fetch_add(1, Ordering::SeqCst);
        self.thread.unpark();
    }
}

/// One poll of an exchange's admission.
pub fn poll(exchange: &mut Exchange, alarm: &Arc<Alarm>) -> Poll<()> {
    exchange
        .poll_admission(&mut Context::from_waker(&Waker::from(Arc::clone(alarm))))
        .map(|admitted| assert_eq!(admitted, Ok(())))
}

/// The smallest executor: no timer, no other thread.
#[track_caller]
pub fn block_on<F: Future>(future: F) -> F::Output {
    let deadline = Instant::now() + PATIENCE;
    let alarm = Alarm::new();
    let waker = Waker::from(Arc::clone(&alarm));
    let mut future = pin!(future);
    loop {
        let heard = alarm.rings();
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        // Only a wake-up counts; a park that ends by itself does not poll.
        while alarm.rings() == heard {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the future was never woken");
            std::thread::park_timeout(left);
        }
    }
}

/// What differs from one record of a request to the next: when it was made, and what tells it from others.
const MOMENTS: [&str; 4] = ["timestamp", "started_at", "response_time_ms", "event_id"];

/// A record's line without its moments.
pub fn timeless(line: &str) -> String {
    MOMENTS.iter().fold(line.to_owned(), |line, key| {
        let (before, rest) = line.split_once(&format!("\"{key}\":")).expect("every record has it");
        let (_, after) = rest.split_once(',').expect("it is not the last member");
        format!("{before}{after}")
    })
}

/// An answer without header lines; the identifier of its record.
pub fn respond(exchange: &mut Exchange, status: u16) -> Option<String> {
    exchange.respond(&ResponseHead::new(status, &Lines(&[])))
}

/// Waits for an exchange's admission.
#[track_caller]
pub fn admit(exchange: &mut Exchange) {
    assert_eq!(block_on(std::future::poll_fn(|cx| exchange.poll_admission(cx))), Ok(()));
}

/// What a [`Puppet`] does with one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Take,
    /// Waits until [`Puppet::release`], then takes the batch.
    Block,
    /// Takes this many and fails.
    Fail(usize),
    Panic,
    /// Takes the batch, but not at once.
    Slow,
}

/// A sink that does what a test says, and counts for itself.
#[derive(Clone)]
pub struct Puppet {
    name: &'static str,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// What to do with the next batches, one each; then `always`.
    script: VecDeque<Act>,
    always: Option<Act>,
    flush_fails: bool,
    released: bool,
    inside: bool,
    taken: Vec<Line>,
    refused: u64,
    shutdowns: u64,
}

impl Puppet {
    pub fn new(name: &'static str) -> Self {
        Self { name, shared: Arc::default() }
    }

    /// Does `act` with every batch.
    pub fn always(self, act: Act) -> Self {
        self.set_always(act);
        self
    }

    /// Does these with the next batches.
    pub fn script(self, acts: &[Act]) -> Self {
        self.lock().script.extend(acts);
        self
    }

    pub fn set_always(&self, act: Act) {
        self.lock().always = Some(act);
        self.shared.changed.notify_all();
    }

    pub fn let_flush_fail(&self) {
        self.lock().flush_fails = true;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().expect("nothing panics under this lock")
    }

    /// Ends every block, now and later.
    pub fn release(&self) {
        self.lock().released = true;
        self.shared.changed.notify_all();
    }

    /// Waits until the sink is stuck in a batch.
    #[track_caller]
    pub fn wait_blocked(&self) {
        self.wait("the sink is stuck in a batch", |state| state.inside);
    }

    /// Waits until so many records were taken, and gives them.
    #[track_caller]
    pub fn wait_taken(&self, count: usize) -> Vec<Value> {
        self.wait(&format!("{count} records"), |state| state.taken.len() >= count);
        self.records()
    }

    #[track_caller]
    fn wait(&self, what: &str, holds: impl Fn(&State) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.lock();
        while !holds(&state) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "in vain: {what}; there are {}", state.taken.len());
            state = self.shared.changed.wait_timeout(state, left).expect("nothing panics under this lock").0;
        }
    }

    pub fn lines(&self) -> Vec<Line> {
        self.lock().taken.clone()
    }

    pub fn records(&self) -> Vec<Value> {
        self.lines().iter().map(|line| serde_json::from_str(line.json()).expect("a record is JSON")).collect()
    }

    /// Records that were offered and not taken, but for those that tell of a gap.
    pub fn refused(&self) -> u64 {
        self.lock().refused
    }

    pub fn shutdowns(&self) -> u64 {
        self.lock().shutdowns
    }

    /// The records that are about something.
    pub fn plain(&self) -> Vec<Value> {
        self.records().into_iter().filter(|record| record["action"] != "audit.gap").collect()
    }

    /// The records that tell of a gap.
    pub fn gaps(&self) -> Vec<Value> {
        self.records().into_iter().filter(|record| record["action"] == "audit.gap").collect()
    }
}

fn is_gap(line: &Line) -> bool {
    line.get(audit_core::Field::Action).as_deref() == Some("audit.gap")
}

impl Sink for Puppet {
    fn name(&self) -> &str {
        self.name
    }

    fn write(&mut self, batch: &[Line]) -> Result<(), WriteError> {
        let mut state = self.lock();
        let act = state.script.pop_front().or(state.always).unwrap_or(Act::Take);
        if act == Act::Block {
            while !state.released {
                state.inside = true;
                self.shared.changed.notify_all();
                state = self.shared.changed.wait(state).expect("nothing panics under this lock");
            }
            state.inside = false;
        }
        if act == Act::Slow {
            drop(state);
            std::thread::sleep(Duration::from_millis(2));
            state = self.lock();
        }
        let taken = match act {
            Act::Fail(count) => count.min(batch.len()),
            Act::Panic => 0,
            Act::Take | Act::Block | Act::Slow => batch.len(),
        };
        let (took, left) = batch.split_at(taken);
        state.taken.extend_from_slice(took);
        state.refused += left.iter().filter(|line| !is_gap(line)).count() as u64;
        drop(state);
        self.shared.changed.notify_all();
        match act {
            Act::Fail(_) => Err(WriteError::new(taken, "the peer is gone")),
            // As `panic!`, but for the message on stderr.
            Act::Panic => std::panic::resume_unwind(Box::new("this sink panics on purpose")),
            Act::Take | Act::Block | Act::Slow => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        if self.lock().flush_fails { Err(WriteError::new(0, "the peer does not listen")) } else { Ok(()) }
    }

    fn shutdown(&mut self) -> Result<(), WriteError> {
        self.lock().shutdowns += 1;
        Ok(())
    }
}

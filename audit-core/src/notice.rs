//! What is meant for people goes to stderr: stdout carries records and nothing else.

use std::fmt;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Says one line on stderr. A closed stderr costs the line and nothing else (`eprintln!` would panic).
pub fn say(message: fmt::Arguments<'_>) {
    // Nobody is left to tell that nobody could be told.
    std::io::stderr().lock().write_fmt(format_args!("audit: {message}\n")).unwrap_or(());
}

/// Says something once in the life of the process.
#[derive(Default)]
pub(crate) struct Once(AtomicBool);

impl Once {
    pub(crate) const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Whether it was said, so that nobody need find the words again.
    pub(crate) fn is_said(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn say(&self, message: fmt::Arguments<'_>) {
        if !self.0.swap(true, Ordering::Relaxed) {
            say(message);
        }
    }
}

/// Says something at most once an interval, and how often it was silent in between.
#[derive(Debug)]
pub(crate) struct Limited {
    last: Option<Instant>,
    silent: u64,
}

impl Limited {
    const INTERVAL: Duration = Duration::from_secs(10);

    pub(crate) const fn new() -> Self {
        Self { last: None, silent: 0 }
    }

    pub(crate) fn say(&mut self, message: fmt::Arguments<'_>) {
        let now = Instant::now();
        if self.last.is_some_and(|last| now.duration_since(last) < Self::INTERVAL) {
            self.silent += 1;
            return;
        }
        self.last = Some(now);
        match std::mem::take(&mut self.silent) {
            0 => say(message),
            silent => say(format_args!("{message} (and {silent} more like it)")),
        }
    }
}

/// Events that had nowhere to go, for this process: annotated functions run outside any exchange with no auditor
/// installed.
static NOWHERE: AtomicU64 = AtomicU64::new(0);

pub(crate) fn count_nowhere() -> u64 {
    NOWHERE.fetch_add(1, Ordering::Relaxed)
}

pub(crate) fn nowhere() -> u64 {
    NOWHERE.load(Ordering::Relaxed)
}

//! What runs for an auditor, and its figures. Held apart from the auditor itself, so that whoever looks at figures keeps
//! nobody's auditor alive: its drop writes what there is, and must come when its last owner lets go.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::delivery::{Delivery, Health, Stats};
use crate::exchange::OpenExchanges;
use crate::notice;

/// See the module.
pub(crate) struct Running {
    pub(super) delivery: Delivery,
    pub(super) open: OpenExchanges,
    pub(super) closing: AtomicBool,
    pub(super) late: AtomicU64,
    /// The configured file could not be opened, and the log goes to stdout.
    pub(super) fell_back: bool,
    /// The bound of each queue, and how long a request waits.
    bounds: (usize, Duration),
}

impl Running {
    pub(super) fn new(delivery: Delivery, fell_back: bool, bounds: (usize, Duration)) -> Self {
        Self {
            delivery,
            open: OpenExchanges::new(),
            closing: AtomicBool::new(false),
            late: AtomicU64::new(0),
            fell_back,
            bounds,
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        // Before the sinks' figures: an exchange that ends in between is in both rather than in neither.
        let open = self.open.len() as u64;
        Stats {
            sinks: self.delivery.stats(),
            open,
            late: self.late.load(Ordering::Relaxed),
            nowhere: notice::nowhere(),
            fell_back_to_stdout: self.fell_back,
        }
    }

    pub(crate) fn health(&self, stats: &Stats) -> Health {
        Health::of(stats, self.bounds, self.closing.load(Ordering::Relaxed))
    }
}

//! Each exchange on a thread of its own, which sleeps while it waits.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_executor::block_on;

use super::{BYTES, COMMITS, exchange, with_auditor};
use crate::Failed;

pub(super) fn audited(folder: &Path, threads: usize, turn: Duration) -> Result<f64, Failed> {
    with_auditor(folder, |auditor| rate(threads, turn, || block_on(exchange(auditor)).map(|()| COMMITS)))
}

/// What waits to be written, and how far it has been synced.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    handed_in: u64,
    synced: u64,
    stopped: bool,
}

pub(super) fn group_commit(folder: &Path, threads: usize, turn: Duration) -> Result<f64, Failed> {
    let path = folder.join("bare.log");
    let mut file = File::options().append(true).create(true).open(&path)?;
    let (batch, work, synced) = (Mutex::new(Batch::default()), Condvar::new(), Condvar::new());
    let record = [b'x'; BYTES];
    let rate = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut spare = Vec::new();
            loop {
                let mut state = batch.lock().unwrap_or_else(PoisonError::into_inner);
                while state.bytes.is_empty() && !state.stopped {
                    state = work.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                if state.bytes.is_empty() {
                    return;
                }
                std::mem::swap(&mut state.bytes, &mut spare);
                let until = state.handed_in;
                drop(state);
                if file.write_all(&spare).and_then(|()| file.sync_data()).is_err() {
                    return;
                }
                spare.clear();
                batch.lock().unwrap_or_else(PoisonError::into_inner).synced = until;
                synced.notify_all();
            }
        });
        let rate = rate(threads, turn, || {
            let mut state = batch.lock().unwrap_or_else(PoisonError::into_inner);
            state.bytes.extend_from_slice(&record);
            state.handed_in += 1;
            let mine = state.handed_in;
            work.notify_one();
            while state.synced < mine {
                state = synced.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            Ok(1)
        });
        batch.lock().unwrap_or_else(PoisonError::into_inner).stopped = true;
        work.notify_one();
        rate
    });
    std::fs::remove_file(path)?;
    rate
}

/// Runs `work` on so many threads over and over for a while; how often a second it was done.
fn rate(threads: usize, turn: Duration, work: impl Fn() -> Result<u64, String> + Sync) -> Result<f64, Failed> {
    let (stop, done, wrong) = (AtomicBool::new(false), AtomicU64::new(0), Mutex::new(None));
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    match work() {
                        Ok(count) => drop(done.fetch_add(count, Ordering::Relaxed)),
                        Err(error) => {
                            wrong.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                            return;
                        }
                    }
                }
            });
        }
        std::thread::sleep(turn);
        stop.store(true, Ordering::Relaxed);
    });
    let seconds = started.elapsed().as_secs_f64();
    match wrong.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error.into()),
        None => Ok(f64::from(u32::try_from(done.into_inner())?) / seconds),
    }
}

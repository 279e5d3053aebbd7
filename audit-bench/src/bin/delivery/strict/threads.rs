//! Each exchange on a thread of its own, which sleeps while it waits.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_executor::block_on;

use super::bare::Log;
use super::{COMMITS, exchange, with_auditor};
use crate::Failed;

pub(super) fn audited(folder: &Path, threads: usize, turn: Duration) -> Result<f64, Failed> {
    with_auditor(folder, |auditor| rate(threads, turn, || block_on(exchange(auditor)).map(|()| COMMITS)))
}

pub(super) fn group_commit(folder: &Path, threads: usize, turn: Duration) -> Result<f64, Failed> {
    let path = folder.join("bare.log");
    let file = File::options().append(true).create(true).open(&path)?;
    let (log, synced) = (Log::default(), Condvar::new());
    let rate = std::thread::scope(|scope| {
        scope.spawn(|| {
            log.write(file, |until| {
                log.lock().synced = until;
                synced.notify_all();
            });
        });
        let rate = rate(threads, turn, || {
            let mut batch = log.lock();
            let mine = batch.hand_in();
            log.work.notify_one();
            while batch.synced < mine {
                batch = synced.wait(batch).unwrap_or_else(PoisonError::into_inner);
            }
            Ok(1)
        });
        log.stop();
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

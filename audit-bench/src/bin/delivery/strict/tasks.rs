//! Each exchange in a task of an executor, as in a service.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::{BYTES, COMMITS, exchange, with_auditor};
use crate::Failed;

pub(super) fn audited(folder: &Path, tasks: usize, turn: Duration) -> Result<f64, Failed> {
    with_auditor(folder, |auditor| {
        let auditor = auditor.clone();
        rate(tasks, turn, move || {
            let auditor = auditor.clone();
            async move { exchange(&auditor).await.map(|()| COMMITS) }
        })
    })
}

/// What waits to be written.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    handed_in: u64,
    stopped: bool,
}

type Shared = (Mutex<Batch>, Condvar);

pub(super) fn group_commit(folder: &Path, tasks: usize, turn: Duration) -> Result<f64, Failed> {
    let path = folder.join("bare.log");
    let file = File::options().append(true).create(true).open(&path)?;
    let shared: Arc<Shared> = Arc::default();
    let (synced, wait) = watch::channel(0);
    let writer = std::thread::spawn({
        let shared = Arc::clone(&shared);
        move || write(&shared, file, &synced)
    });
    let handed = Arc::clone(&shared);
    let rate = rate(tasks, turn, move || {
        let (shared, mut wait) = (Arc::clone(&handed), wait.clone());
        async move {
            let mine = {
                let mut batch = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
                batch.bytes.extend_from_slice(&[b'x'; BYTES]);
                batch.handed_in += 1;
                batch.handed_in
            };
            shared.1.notify_one();
            wait.wait_for(|synced| *synced >= mine).await.map_err(|error| error.to_string())?;
            Ok(1)
        }
    });
    shared.0.lock().unwrap_or_else(PoisonError::into_inner).stopped = true;
    shared.1.notify_one();
    writer.join().map_err(|_| "the writer panicked")?;
    std::fs::remove_file(path)?;
    rate
}

/// Writes what there is and syncs it, over and over; tells how many records stand on the disk.
fn write((batch, work): &Shared, mut file: File, synced: &watch::Sender<u64>) {
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
        synced.send_replace(until);
    }
}

/// Does `work` in so many tasks over and over for a while; how often a second it was done.
fn rate<F>(tasks: usize, turn: Duration, work: impl Fn() -> F + Clone + Send + 'static) -> Result<f64, Failed>
where
    F: Future<Output = Result<u64, String>> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
    let stop = Arc::new(AtomicBool::new(false));
    let started = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|_| {
            let (work, stop) = (work.clone(), Arc::clone(&stop));
            runtime.spawn(async move {
                let mut done = 0;
                while !stop.load(Ordering::Relaxed) {
                    done += work().await?;
                }
                Ok::<u64, String>(done)
            })
        })
        .collect();
    std::thread::sleep(turn);
    stop.store(true, Ordering::Relaxed);
    let mut done = 0;
    for task in running {
        done += runtime.block_on(task)??;
    }
    Ok(f64::from(u32::try_from(done)?) / started.elapsed().as_secs_f64())
}

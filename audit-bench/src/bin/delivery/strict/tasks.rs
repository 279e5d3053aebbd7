//! Each exchange in a task of an executor, as in a service.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::bare::Log;
use super::{COMMITS, exchange, with_auditor};
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

pub(super) fn group_commit(folder: &Path, tasks: usize, turn: Duration) -> Result<f64, Failed> {
    let path = folder.join("bare.log");
    let file = File::options().append(true).create(true).open(&path)?;
    let log: Arc<Log> = Arc::default();
    let (synced, wait) = watch::channel(0);
    let writer = std::thread::spawn({
        let log = Arc::clone(&log);
        move || {
            log.write(file, |until| {
                synced.send_replace(until);
            });
        }
    });
    let handed = Arc::clone(&log);
    let rate = rate(tasks, turn, move || {
        let (log, mut wait) = (Arc::clone(&handed), wait.clone());
        async move {
            let mine = log.lock().hand_in();
            log.work.notify_one();
            wait.wait_for(|synced| *synced >= mine).await.map_err(|error| error.to_string())?;
            Ok(1)
        }
    });
    log.stop();
    writer.join().map_err(|_| "the writer panicked")?;
    std::fs::remove_file(path)?;
    rate
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

//! Work that would hold up the executor.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::available_parallelism;

use audit_core::current;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Runs blocking work, as much of it at a time as there are processors: a password hash takes 19 MiB, decoding an
/// image up to 100.
pub struct Workers(Arc<Semaphore>);

/// The service ends before the work has begun.
#[derive(Debug, thiserror::Error)]
#[error("the service is stopping")]
pub struct Stopping;

impl Default for Workers {
    fn default() -> Self {
        Self::new()
    }
}

impl Workers {
    /// As many as there are processors.
    #[must_use]
    pub fn new() -> Self {
        let processors = available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new(processors)))
    }

    /// Runs `work` on a thread that may block, as part of the current exchange: what it adds to the record, and the
    /// audited functions it calls, are found there. A panic goes on in the caller.
    ///
    /// # Errors
    /// When the service ends before the work has begun.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Stopping> {
        let permit = Arc::clone(&self.0).acquire_owned().await.map_err(|_| Stopping)?;
        let scope = current();
        let task = spawn_blocking(move || {
            // Held by the work, not by the caller: a client that leaves does not stop it.
            let _permit = permit;
            match scope {
                Some(scope) => scope.in_scope(work),
                None => work(),
            }
        });
        task.await.map_err(|error| match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_) => Stopping,
        })
    }
}

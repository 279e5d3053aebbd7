//! Work that blocks.

use std::panic::resume_unwind;

/// Panics on a thread for blocking work; the panic goes on in whoever waits for it.
///
/// # Panics
/// That is what it is for.
pub async fn panics() {
    let work = tokio::task::spawn_blocking(|| panic!("blocking work panics on purpose"));
    let Err(error) = work.await;
    resume_unwind(error.into_panic())
}

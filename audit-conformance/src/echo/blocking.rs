//! Work that blocks.

use std::panic::resume_unwind;

/// Panics on a thread for blocking work; the panic goes on in whoever waits for it.
///
/// # Panics
/// That is what it is for.
pub async fn panics() {
    panics_with("blocking work panics on purpose".to_owned()).await;
}

/// The same, before, during or after the reading of a body.
///
/// # Panics
/// That is what it is for.
pub async fn panics_when(when: &str) {
    panics_with(format!("blocking work panics {when} reading")).await;
}

async fn panics_with(message: String) {
    let work = tokio::task::spawn_blocking(move || panic!("{message}"));
    let Err(error) = work.await;
    resume_unwind(error.into_panic())
}

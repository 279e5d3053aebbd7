//! Named points where a handler and its client meet, without sleeping: they are there as soon as somebody names them,
//! and for all of the process.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use tokio::sync::Semaphore;

static GATES: LazyLock<Mutex<HashMap<String, Gate>>> = LazyLock::new(Mutex::default);

/// One gate. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Gate {
    came: Arc<Semaphore>,
    go: Arc<Semaphore>,
}

/// The gate of this name.
#[must_use]
pub fn gate(name: &str) -> Gate {
    let mut gates = GATES.lock().unwrap_or_else(PoisonError::into_inner);
    let closed = || Gate { came: Arc::new(Semaphore::new(0)), go: Arc::new(Semaphore::new(0)) };
    gates.entry(name.to_owned()).or_insert_with(closed).clone()
}

impl Gate {
    /// For a handler: says that it came, and waits until one may pass.
    pub async fn pass(&self) {
        self.came.add_permits(1);
        take(&self.go, 1).await;
    }

    /// For a client: waits until `times` came that nobody has waited for yet.
    pub async fn arrived(&self, times: u32) {
        take(&self.came, times).await;
    }

    /// For a client: lets `times` pass, whether they are there or will come.
    pub fn open(&self, times: u32) {
        self.go.add_permits(times as usize);
    }
}

async fn take(permits: &Semaphore, times: u32) {
    permits.acquire_many(times).await.expect("a gate is never closed").forget();
}

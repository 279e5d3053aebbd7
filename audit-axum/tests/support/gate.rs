//! Points where a handler and its test meet, without sleeping.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use tokio::sync::Semaphore;

use super::PATIENCE;

/// The handler says that it came, and waits until it may go on.
#[derive(Clone)]
pub struct Gate {
    came: Arc<Semaphore>,
    go: Arc<Semaphore>,
}

impl Gate {
    pub fn new() -> Self {
        Self { came: Arc::new(Semaphore::new(0)), go: Arc::new(Semaphore::new(0)) }
    }

    /// For the handler.
    pub fn come(&self) {
        self.came.add_permits(1);
    }

    /// For the handler.
    pub async fn wait(&self) {
        self.come();
        self.pass().await;
    }

    /// For the handler.
    pub async fn pass(&self) {
        self.go.acquire().await.expect("never closed").forget();
    }

    /// For the test.
    pub async fn arrived(&self) {
        let arrival = tokio::time::timeout(PATIENCE, self.came.acquire()).await;
        arrival.expect("the handler comes in time").expect("never closed").forget();
    }

    /// For the test.
    pub fn open(&self) {
        self.go.add_permits(1);
    }
}

/// How many requests reached a router.
#[derive(Clone, Default)]
pub struct Arrivals(Arc<AtomicUsize>);

impl Arrivals {
    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Counts what reaches `router`, layers and all.
    pub fn at(&self, router: Router) -> Router {
        let count = Arc::clone(&self.0);
        router.layer(from_fn(move |request: Request, next: Next| {
            count.fetch_add(1, Ordering::SeqCst);
            next.run(request)
        }))
    }
}

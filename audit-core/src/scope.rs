//! The current exchange: a thread-local that is swapped in for each poll of the handler's future.
//!
//! It needs no executor, no extra handler argument and no changed return type, and is right under any concurrency.
//! Work that is spawned elsewhere carries the exchange only if told to ([`AuditScope::in_audit_scope`],
//! [`Scope::in_scope`]).

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::exchange::Shared;

thread_local! {
    static CURRENT: RefCell<Option<Arc<Shared>>> = const { RefCell::new(None) };
}

/// A handle to the exchange that is being handled, for adding facts to its record.
#[derive(Clone)]
pub struct Scope(Arc<Shared>);

/// The exchange that is being handled here, if there is one.
#[must_use]
pub fn current() -> Option<Scope> {
    // While a thread's locals are being destroyed, nothing is current.
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten().map(Scope)
}

/// Runs `run` with `shared` as the current exchange, and puts the one before it back, even when `run` unwinds.
pub(crate) fn with_current<R>(shared: &Arc<Shared>, run: impl FnOnce() -> R) -> R {
    struct Restore(Option<Arc<Shared>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            swap(&mut self.0);
        }
    }
    let mut outer = Some(Arc::clone(shared));
    swap(&mut outer);
    let _restore = Restore(outer);
    run()
}

fn swap(other: &mut Option<Arc<Shared>>) {
    // An error says that the thread is ending: there is nobody left to find a current exchange.
    CURRENT.try_with(|current| std::mem::swap(&mut *current.borrow_mut(), other)).unwrap_or(());
}

impl Scope {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }

    /// Runs `run` as part of this exchange: for work on another thread.
    pub fn in_scope<R>(&self, run: impl FnOnce() -> R) -> R {
        with_current(&self.0, run)
    }

    /// Makes `future` part of this exchange wherever it is polled and dropped.
    pub fn wrap<F: Future>(&self, future: F) -> Scoped<F> {
        Scoped { future: Some(future), scope: Some(self.clone()) }
    }
}

/// Carries the current exchange into work that is spawned elsewhere.
pub trait AuditScope: Future + Sized {
    /// Makes this future part of the exchange that is current now; without one, changes nothing.
    ///
    /// ```
    /// # async fn handler() {
    /// use audit_core::AuditScope as _;
    /// let work = async { audit_core::step("charged"); }.in_audit_scope();
    /// // tokio::spawn(work)
    /// # work.await
    /// # }
    /// ```
    fn in_audit_scope(self) -> Scoped<Self> {
        Scoped { future: Some(self), scope: current() }
    }
}

impl<F: Future> AuditScope for F {}

pin_project! {
    /// A future that is polled, and dropped, as part of an exchange.
    #[must_use = "futures do nothing unless polled"]
    pub struct Scoped<F> {
        #[pin]
        future: Option<F>,
        scope: Option<Scope>,
    }

    impl<F> PinnedDrop for Scoped<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // A handler that is dropped unfinished runs its destructors: they are part of the exchange too.
            if let Some(scope) = this.scope.take() {
                scope.in_scope(|| this.future.set(None));
            }
        }
    }
}

impl<F> Scoped<F> {
    /// A future outside any exchange.
    pub(crate) fn outside(future: F) -> Self {
        Self { future: Some(future), scope: None }
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let future = this.future.as_pin_mut().expect("the future is taken only by drop");
        match this.scope {
            Some(scope) => scope.in_scope(|| future.poll(cx)),
            None => future.poll(cx),
        }
    }
}

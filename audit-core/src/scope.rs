//! The current exchange: a thread-local that is swapped in for each poll of the handler's future.
//!
//! It needs no executor, no extra handler argument and no changed return type, and is right under any concurrency.
//! Work that is spawned elsewhere carries the exchange only if told to ([`AuditScope::in_audit_scope`],
//! [`Scope::in_scope`]).
//!
//! A request of which nothing is recorded, because auditing is off or its path is excluded, is current too: otherwise
//! an annotated handler would take itself for a job outside any request.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::auditor::InForce;
use crate::exchange::Shared;
use crate::registry::Endpoint;

thread_local! {
    static CURRENT: RefCell<Current> = const { RefCell::new(Current::Outside) };
    static REFUSABLE: Cell<Option<Task>> = const { Cell::new(None) };
}

/// What the code that runs here is part of.
#[derive(Clone, Default)]
pub(crate) enum Current {
    /// No request that an adapter knows of.
    #[default]
    Outside,
    /// A request of which nothing is recorded.
    Unrecorded,
    /// An exchange.
    Exchange(Scope),
}

/// A handle to the exchange that is being handled, for adding facts to its record.
#[derive(Clone)]
pub struct Scope {
    shared: Arc<Shared>,
    /// The nested function that runs here, if it has rules of redaction of its own.
    nested: Option<&'static Endpoint>,
}

/// The exchange that is being handled here, if there is one.
#[must_use]
pub fn current() -> Option<Scope> {
    match place() {
        Current::Exchange(scope) => Some(scope),
        Current::Outside | Current::Unrecorded => None,
    }
}

/// What the code that runs here is part of. While a thread's locals are being destroyed, of nothing.
pub(crate) fn place() -> Current {
    CURRENT.try_with(|current| current.borrow().clone()).unwrap_or_default()
}

/// Runs `run` with `shared` as the current exchange, and puts the one before it back, even when `run` unwinds.
pub(crate) fn with_current<R>(shared: &Arc<Shared>, run: impl FnOnce() -> R) -> R {
    run_in(Current::Exchange(Scope::new(Arc::clone(shared))), run)
}

/// Which task a poll belongs to, as far as its waker tells: what a waker points to. Never followed.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Task {
    data: usize,
    vtable: usize,
}

impl Task {
    fn of(cx: &Context<'_>) -> Self {
        let waker = cx.waker();
        Self { data: waker.data().addr(), vtable: std::ptr::from_ref(waker.vtable()).addr() }
    }
}

/// Runs one poll of a handler by somebody who looks, right after it, whether the handler must not go on.
pub(crate) fn refusable<R>(cx: &mut Context<'_>, run: impl FnOnce(&mut Context<'_>) -> R) -> R {
    struct Restore(Option<Task>);
    impl Drop for Restore {
        fn drop(&mut self) {
            REFUSABLE.try_with(|refusable| refusable.set(self.0)).unwrap_or(());
        }
    }
    let _restore = Restore(REFUSABLE.try_with(|refusable| refusable.replace(Some(Task::of(cx)))).unwrap_or(None));
    run(cx)
}

/// Whether somebody looks, right after this poll, whether the handler must not go on. Not so where the handler's poll has
/// an executor inside, which would wait until somebody wakes it.
pub(crate) fn is_refusable(cx: &Context<'_>) -> bool {
    REFUSABLE.try_with(Cell::get).ok().flatten().is_some_and(|task| task == Task::of(cx))
}

/// Runs a part of a nested function, whose rules of redaction hold for what is added meanwhile.
pub(crate) fn within_nested<R>(nested: Option<&'static Endpoint>, run: impl FnOnce() -> R) -> R {
    match (nested, place()) {
        (Some(_), Current::Exchange(scope)) => run_in(Current::Exchange(Scope { nested, ..scope }), run),
        _ => run(),
    }
}

/// Runs `run` as part of a request of which nothing is recorded: annotated functions in it leave nothing either, and
/// are not taken for jobs. For adapters.
pub fn unrecorded<R>(run: impl FnOnce() -> R) -> R {
    run_in(Current::Unrecorded, run)
}

fn run_in<R>(inner: Current, run: impl FnOnce() -> R) -> R {
    struct Restore(Current);
    impl Drop for Restore {
        fn drop(&mut self) {
            swap(&mut self.0);
        }
    }
    let mut outer = inner;
    swap(&mut outer);
    let _restore = Restore(outer);
    run()
}

fn swap(other: &mut Current) {
    // An error says that the thread is ending: there is nobody left to find a current exchange.
    CURRENT.try_with(|current| std::mem::swap(&mut *current.borrow_mut(), other)).unwrap_or(());
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("event_id", &self.event_id()).finish_non_exhaustive()
    }
}

impl Scope {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, nested: None }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The rules of redaction that hold for what is added here and now.
    pub(crate) fn rules(&self) -> InForce<'_> {
        self.shared.rules(self.nested)
    }

    /// Runs `run` as part of this exchange: for work on another thread.
    pub fn in_scope<R>(&self, run: impl FnOnce() -> R) -> R {
        run_in(Current::Exchange(self.clone()), run)
    }

    /// Makes `future` part of this exchange wherever it is polled and dropped.
    pub fn wrap<F: Future>(&self, future: F) -> Scoped<F> {
        Scoped { future: Some(future), place: Current::Exchange(self.clone()) }
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
        Scoped { future: Some(self), place: place() }
    }
}

impl<F: Future> AuditScope for F {}

pin_project! {
    /// A future that is polled, and dropped, as part of an exchange.
    #[must_use = "futures do nothing unless polled"]
    pub struct Scoped<F> {
        #[pin]
        future: Option<F>,
        place: Current,
    }

    impl<F> PinnedDrop for Scoped<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // A handler that is dropped unfinished runs its destructors: they are part of the exchange too.
            match std::mem::take(this.place) {
                Current::Outside => {}
                place => run_in(place, || this.future.set(None)),
            }
        }
    }
}

impl<F> Scoped<F> {
    /// A future that is part of whatever is current where it is polled.
    pub(crate) fn anywhere(future: F) -> Self {
        Self { future: Some(future), place: Current::Outside }
    }

    /// A future that is part of a request of which nothing is recorded. For adapters; see [`unrecorded`].
    pub fn unrecorded(future: F) -> Self {
        Self { future: Some(future), place: Current::Unrecorded }
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let future = this.future.as_pin_mut().expect("the future is taken only by drop");
        match this.place {
            Current::Outside => future.poll(cx),
            place => run_in(place.clone(), || future.poll(cx)),
        }
    }
}

//! A panic goes on as it came: what is caught outside is the very value that was thrown, whatever looked at it meanwhile.

mod support;

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use audit_core::exchange::{AuditedCall, Left, Start, WiredHandling};
use audit_core::testing::{MemorySink, assert_record};
use audit_core::{Auditor, Output, audited, current};
use serde_json::json;
use support::{admit, begin, block_on};

/// No text, and told from any other.
#[derive(Clone)]
struct Thrown(Arc<()>);

/// Throws a value through `run` and catches it.
#[track_caller]
fn goes_through(what: &str, run: impl FnOnce(Thrown)) {
    let thrown = Thrown(Arc::new(()));
    let given = thrown.clone();
    let Err(caught) = catch_unwind(AssertUnwindSafe(|| run(given))) else { panic!("{what}: nothing was thrown") };
    let caught = caught.downcast_ref::<Thrown>().unwrap_or_else(|| panic!("{what}: something else was thrown"));
    assert!(Arc::ptr_eq(&caught.0, &thrown.0), "{what}: another value was thrown");
}

/// Waits for the second poll.
async fn another_poll() {
    let mut polled = false;
    poll_fn(|cx| match std::mem::replace(&mut polled, true) {
        true => Poll::Ready(()),
        false => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}

#[audited("panics.at_once")]
fn at_once(thrown: Thrown) -> String {
    panic_any(thrown)
}

#[audited("panics.later")]
async fn later(thrown: Thrown) -> String {
    another_poll().await;
    panic_any(thrown)
}

#[audited("panics.nested")]
async fn nested(thrown: Thrown) -> String {
    another_poll().await;
    at_once(thrown)
}

/// A call that throws as it begins, or when it is polled.
enum Call {
    AtOnce(Thrown),
    Later(Thrown),
    Wired(Box<Call>),
    Dropped(Thrown),
}

impl Start for Call {
    type Future = Pin<Box<dyn Future<Output = String>>>;

    fn start(self) -> Self::Future {
        match self {
            Self::AtOnce(thrown) => panic_any(thrown),
            Self::Later(thrown) => Box::pin(later(thrown)),
            Self::Wired(call) => {
                let scope = current().expect("the call is inside its exchange");
                Box::pin(async { WiredHandling::new(scope, *call).await.expect("it is admitted") })
            }
            Self::Dropped(thrown) => {
                let bomb = Bomb(thrown);
                Box::pin(async move {
                    let _bomb = bomb;
                    std::future::pending().await
                })
            }
        }
    }
}

struct Bomb(Thrown);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic_any(self.0.clone());
    }
}

fn auditor() -> (Auditor, MemorySink) {
    let sink = MemorySink::new();
    (Auditor::builder().output(Output::None).sink(sink.clone()).build().expect("the settings are good"), sink)
}

#[test]
fn through_an_exchange() {
    let (auditor, sink) = auditor();
    let entered = |what: &str, run: fn(Thrown)| {
        goes_through(what, |thrown| {
            let mut exchange = begin(&auditor);
            admit(&mut exchange);
            exchange.enter(|| run(thrown));
        });
    };
    entered("inside", |thrown| panic_any(thrown));
    entered("by a function", |thrown| drop(at_once(thrown)));
    entered("by a future", |thrown| drop(block_on(later(thrown))));
    entered("by a function in a future", |thrown| drop(block_on(nested(thrown))));
    auditor.shutdown(support::PATIENCE);
    let records = sink.wait_for(4);
    assert_eq!(records.len(), 4);
    records.iter().for_each(|record| assert_record(record, json!({"completion": "panicked", "outcome": "failed"})));
}

/// Polls a call as an adapter does.
async fn left(call: AuditedCall<Call>) -> Left<String> {
    let mut call = pin!(call);
    poll_fn(|cx| call.as_mut().poll_leave(cx, |_, _| ())).await
}

#[test]
fn through_what_adapters_poll() {
    let (auditor, sink) = auditor();
    let polled = |what: &str, call: fn(Thrown) -> Call| {
        goes_through(what, |thrown| {
            drop(block_on(left(AuditedCall::watching(begin(&auditor), call(thrown)))));
        });
    };
    polled("as the call begins", Call::AtOnce);
    polled("when it is polled", Call::Later);
    polled("as a wired handler's begins", |thrown| Call::Wired(Box::new(Call::AtOnce(thrown))));
    polled("when a wired handler's is polled", |thrown| Call::Wired(Box::new(Call::Later(thrown))));
    goes_through("when it is dropped", |thrown| {
        let mut call = Box::pin(AuditedCall::watching(begin(&auditor), Call::Dropped(thrown)));
        assert!(call.as_mut().poll_leave(&mut Context::from_waker(Waker::noop()), |_, _| ()).is_pending());
    });
    goes_through("where nothing is recorded", |thrown| {
        drop(block_on(left(AuditedCall::unrecorded(|| Call::Later(thrown).start()))));
    });
    auditor.shutdown(support::PATIENCE);
    let records = sink.wait_for(5);
    assert_eq!(records.len(), 5);
    records.iter().for_each(|record| assert_record(record, json!({"completion": "panicked", "outcome": "failed"})));
}

#[test]
fn outside_of_any_exchange() {
    let both = |what: &str| {
        goes_through(what, |thrown| drop(at_once(thrown)));
        goes_through(what, |thrown| drop(block_on(nested(thrown))));
    };
    both("without an auditor");
    let (auditor, sink) = auditor();
    auditor.install_global().expect("it is the only one");
    both("as a job");
    auditor.shutdown(support::PATIENCE);
    let records = sink.wait_for(2);
    assert_eq!(records.len(), 2);
    records.iter().for_each(|record| assert_record(record, json!({"outcome": "failed", "level": "error"})));
}

//! How everything ends: shut down, dropped, while unwinding, while a thread ends.

mod support;

use std::cell::RefCell;
use std::time::{Duration, Instant};

use audit_core::exchange::{Exchange, RequestHead};
use audit_core::{Auditor, Output, Scope};
use serde_json::{Value, json};
use support::{Act, Alarm, Lines, Puppet, admit, auditor, begin, figures, poll, respond, wait_until};

#[test]
fn a_shutdown_is_idempotent_and_ends_what_is_open() {
    let sink = Puppet::new("puppet");
    let auditor = auditor(&sink, |builder| builder);
    auditor.event("test.event").record();
    let mut open = begin(&auditor);
    admit(&mut open);
    let scope = open.scope();
    scope.data("before", 1);
    let mut panicked = begin(&auditor);
    admit(&mut panicked);
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| panicked.enter(|| panic!("on purpose"))));
    assert!(panic.is_err());
    let mut answering = begin(&auditor);
    admit(&mut answering);
    respond(&mut answering, 200);
    assert_eq!(auditor.stats().open, 3);

    let report = auditor.shutdown(support::PATIENCE);
    assert_eq!((report.in_time, report.sinks[0].written, report.lost()), (true, 4, 0));
    assert_eq!(report.to_string(), "puppet: 4 written, 0 lost");
    let mut ends: Vec<_> = sink.records().iter().map(|record| record["completion"].clone()).collect();
    ends.sort_by_key(Value::to_string);
    assert_eq!(ends, ["completed", "panicked", "shutdown", "shutdown"]);
    let of_open = sink.records().into_iter().find(|record| record["data"]["before"] == 1).unwrap();
    assert_eq!((&of_open["completion"], &of_open["outcome"]), (&json!("shutdown"), &json!("unknown")));

    assert_eq!(auditor.stats().late, 0);
    add_late(&scope);
    assert_eq!(auditor.stats().late, 2);
    assert_eq!(respond(&mut open, 200), None);
    drop((open, panicked, answering));
    assert_eq!(auditor.stats().open, 0);
    assert_eq!(auditor.shutdown(support::PATIENCE), report, "and nothing is written twice");

    auditor.event("test.event").record();
    let mut later = begin(&auditor);
    admit(&mut later);
    assert_eq!(respond(&mut later, 200), None, "no record will come");
    drop(later);
    let stats = figures(&auditor, "puppet");
    assert_eq!((stats.accepted, stats.written, stats.dropped), (6, 4, 2));
    assert_eq!((sink.lines().len(), sink.shutdowns()), (4, 1));
    assert_eq!(auditor.shutdown(Duration::ZERO).to_string(), "puppet: 4 written, 2 lost");
}

fn add_late(scope: &Scope) {
    scope.data("late", 1);
    scope.step("late");
    assert_eq!(scope.event_id(), None);
}

#[test]
fn a_shutdown_waits_for_a_stuck_sink_no_longer_than_the_deadline() {
    let (good, bad) = (Puppet::new("good"), Puppet::new("bad").always(Act::Block));
    let auditor = Auditor::builder().output(Output::None).sink(bad.clone()).sink(good.clone()).build().unwrap();
    (0..10).for_each(|_| auditor.event("test.event").record());
    bad.wait_blocked();
    let start = Instant::now();
    let report = auditor.shutdown(Duration::from_millis(100));
    let took = start.elapsed();
    assert!((Duration::from_millis(100)..Duration::from_secs(3)).contains(&took), "{took:?}");
    assert!(!report.in_time);
    assert_eq!((report.sinks[0].queued, report.sinks[1].written, report.lost()), (10, 10, 10));
    assert_eq!(report.to_string(), "bad: 0 written, 0 lost, 10 not written in time; good: 10 written, 0 lost");
    assert_eq!((good.shutdowns(), bad.shutdowns()), (1, 0));
    bad.release();
    let report = auditor.shutdown(Duration::MAX);
    assert_eq!((report.in_time, report.lost(), bad.lines().len()), (true, 0, 10), "a longer wait is worth it");
}

#[test]
fn dropped_after_a_shutdown_it_waits_no_second_time() {
    let stuck = Puppet::new("stuck").always(Act::Block);
    let auditor = Auditor::builder().output(Output::None).sink(stuck.clone()).build().unwrap();
    auditor.event("test.event").record();
    stuck.wait_blocked();
    assert!(!auditor.shutdown(Duration::ZERO).in_time);
    let start = Instant::now();
    drop(auditor);
    let took = start.elapsed();
    stuck.release();
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[test]
fn shutdowns_from_many_threads_agree() {
    let sink = Puppet::new("puppet").always(Act::Slow);
    let auditor = auditor(&sink, |builder| builder);
    (0..100).for_each(|_| auditor.event("test.event").record());
    let reports: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| auditor.shutdown(support::PATIENCE))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for report in &reports {
        assert_eq!((report, report.sinks[0].written), (&reports[0], 100));
    }
}

#[test]
fn every_record_made_during_a_shutdown_is_written_or_counted() {
    let sink = Puppet::new("puppet");
    let auditor = auditor(&sink, |builder| builder);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..1_000 {
                    let mut exchange = begin(&auditor);
                    let _admitted = poll(&mut exchange, &Alarm::new()).is_ready();
                    if number % 2 == 0 {
                        respond(&mut exchange, 200);
                    }
                }
            });
        }
        wait_until("some are written", || sink.lines().len() > 200);
        auditor.shutdown(support::PATIENCE);
    });
    let stats = figures(&auditor, "puppet");
    assert_eq!((stats.accepted, stats.written, stats.queued), (4_000, sink.lines().len() as u64, 0));
}

#[test]
fn dropping_the_last_auditor_writes_everything() {
    let sink = Puppet::new("puppet").always(Act::Slow);
    let one = auditor(&sink, |builder| builder);
    let other = one.clone();
    (0..200).for_each(|_| one.event("test.event").record());
    drop(one);
    other.event("test.last").record();
    drop(other);
    assert_eq!((sink.lines().len(), sink.shutdowns()), (201, 1));
}

#[test]
fn an_exchange_keeps_its_auditor_alive() {
    let sink = Puppet::new("puppet");
    let auditor = auditor(&sink, |builder| builder);
    let mut exchange = begin(&auditor);
    drop(auditor);
    admit(&mut exchange);
    respond(&mut exchange, 204);
    drop(exchange);
    assert_eq!(sink.records()[0]["status_code"], 204);
    assert_eq!(sink.shutdowns(), 1);
}

#[test]
fn a_record_can_be_made_while_unwinding() {
    struct Last(Auditor, Option<Exchange>);
    impl Drop for Last {
        fn drop(&mut self) {
            self.0.event("test.event").data("unwinding", std::thread::panicking()).record();
            self.1.take().unwrap().enter(|| audit_core::data("unwinding", std::thread::panicking()));
        }
    }
    let sink = Puppet::new("puppet");
    let auditor = auditor(&sink, |builder| builder);
    let last = Last(auditor.clone(), Some(begin(&auditor)));
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _last = last;
        panic!("on purpose");
    }));
    assert!(panic.is_err());
    auditor.shutdown(support::PATIENCE);
    let records = sink.records();
    assert_eq!(records.len(), 2);
    assert!(records.iter().all(|record| record["data"]["unwinding"] == true), "{records:#?}");
}

/// An exchange, and what else is done when the thread's locals are destroyed.
struct Local(Auditor, Exchange);

impl Drop for Local {
    fn drop(&mut self) {
        self.0.event("test.event").record();
        audit_core::data("nowhere", 1);
        self.1.enter(|| audit_core::step("perhaps"));
        self.1.scope().data("destroyed", true);
        assert!(audit_core::current().is_none());
    }
}

thread_local! {
    static BEFORE: RefCell<Option<Local>> = const { RefCell::new(None) };
    static AFTER: RefCell<Option<Local>> = const { RefCell::new(None) };
}

#[test]
fn a_record_can_be_made_while_a_threads_locals_are_destroyed() {
    let sink = Puppet::new("puppet");
    let auditor = auditor(&sink, |builder| builder);
    // The core's own local is destroyed before the one or before the other, whatever the platform's order is.
    std::thread::spawn({
        let auditor = auditor.clone();
        move || {
            BEFORE.with(|local| local.replace(Some(Local(auditor.clone(), begin(&auditor)))));
            let exchange = begin(&auditor);
            exchange.enter(|| assert!(audit_core::current().is_some()));
            AFTER.with(|local| local.replace(Some(Local(auditor.clone(), exchange))));
        }
    })
    .join()
    .unwrap();
    auditor.shutdown(support::PATIENCE);
    let records = sink.records();
    assert_eq!(records.len(), 4, "{records:#?}");
    assert_eq!(records.iter().filter(|record| record["data"]["destroyed"] == true).count(), 2);
}

#[test]
fn an_auditor_that_is_off_does_nothing() {
    let sink = Puppet::new("puppet");
    let auditor = auditor(&sink, |builder| builder.enabled(false));
    auditor.event("test.event").actor(audit_core::Actor::user("x")).data("a", 1).reason("b").record();
    assert!(auditor.begin(&RequestHead::new("test", "GET", "/api/things", &Lines(&[]))).is_none());
    let report = auditor.shutdown(Duration::ZERO);
    assert_eq!((report.in_time, report.to_string().as_str(), sink.lines().len()), (true, "nothing to write", 0));
    assert_eq!(auditor.stats().sinks.len(), 0);
}

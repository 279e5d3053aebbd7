//! What an exchange waits for, and what its record may take.

mod support;

use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::{Duration, Instant};

use audit_core::exchange::Exchange;
use audit_core::{Auditor, Delivery};
use support::{Act, Alarm, Puppet, admit, auditor, begin, figures, poll, respond, wait_until};

const QUEUE_BYTES: usize = 64 << 10;
const QUEUE: u64 = 64 << 10;
const LINE_BYTES: usize = 2_048;
const LINE: u64 = 2_048;

/// An auditor whose only sink is stuck in its first batch.
fn stuck(timeout: Duration) -> (Auditor, Puppet) {
    let sink = Puppet::new("puppet").script(&[Act::Block]);
    let auditor =
        auditor(&sink, |builder| builder.queue_bytes(QUEUE_BYTES).max_line_bytes(LINE_BYTES).queue_timeout(timeout));
    auditor.event("test.first").record();
    sink.wait_blocked();
    (auditor, sink)
}

/// Fills the queue by requests that were admitted, and gives one that was not.
fn fill(auditor: &Auditor, alarm: &Arc<Alarm>) -> Exchange {
    loop {
        let mut exchange = begin(auditor);
        match poll(&mut exchange, alarm) {
            Poll::Ready(()) => drop(exchange),
            Poll::Pending => return exchange,
        }
        let stats = figures(auditor, "puppet");
        assert!(stats.queued_bytes < QUEUE + LINE, "a full queue admits nobody: {stats:?}");
        assert_eq!(stats.dropped, 0, "what was admitted is not dropped: {stats:?}");
    }
}

#[test]
fn admission_waits_while_the_queue_is_full_and_wakes_everybody() {
    let (auditor, sink) = stuck(support::PATIENCE * 2);
    let first = Alarm::new();
    let mut waiting = vec![(fill(&auditor, &first), first)];
    for _ in 0..50 {
        let alarm = Alarm::new();
        let mut exchange = begin(&auditor);
        // That this test goes on at all shows that waiting does not hold up the thread that polls.
        assert_eq!(poll(&mut exchange, &alarm), Poll::Pending);
        waiting.push((exchange, alarm));
    }
    for (exchange, alarm) in &mut waiting {
        assert_eq!(poll(exchange, alarm), Poll::Pending, "polled again, it still waits");
        assert_eq!(alarm.rings(), 0);
    }
    let before = figures(&auditor, "puppet");
    assert_eq!(before.dropped, 0, "what was admitted is not dropped");
    sink.release();
    for (exchange, alarm) in &mut waiting {
        wait_until("everybody is woken", || alarm.rings() > 0);
        admit(exchange);
        assert!(respond(exchange, 200).is_some(), "the record is certain");
    }
    let waited = waiting.len() as u64;
    drop(waiting);
    let report = auditor.shutdown(support::PATIENCE);
    assert_eq!((report.sinks[0].written, report.lost()), (before.accepted + waited, 0));
}

#[test]
fn a_waiter_that_leaves_leaves_nothing_behind() {
    let (auditor, sink) = stuck(support::PATIENCE * 2);
    let alarm = Alarm::new();
    let mut exchange = fill(&auditor, &alarm);
    for _ in 0..3 {
        assert_eq!(poll(&mut exchange, &alarm), Poll::Pending);
    }
    assert_eq!(Arc::strong_count(&alarm), 2, "one waker, however often it was polled");
    let dropped = figures(&auditor, "puppet").dropped;
    drop(exchange);
    assert_eq!(Arc::strong_count(&alarm), 1, "its waker went with it");
    assert_eq!(figures(&auditor, "puppet").dropped, dropped + 1, "it was not admitted, and there is no room");
    assert_eq!(auditor.stats().open, 0);
    sink.release();
    wait_until("everything is written", || figures(&auditor, "puppet").queued == 0);
    assert_eq!(alarm.rings(), 0);
    let gap = sink.gaps().remove(0);
    assert_eq!(gap["data"]["count"], dropped + 1);
}

#[test]
fn a_waiter_may_change_its_task() {
    let (auditor, sink) = stuck(support::PATIENCE * 2);
    let (old, new) = (Alarm::new(), Alarm::new());
    let mut exchange = fill(&auditor, &old);
    assert_eq!(poll(&mut exchange, &new), Poll::Pending);
    assert_eq!(Arc::strong_count(&old), 1);
    sink.release();
    wait_until("the last waker is used", || new.rings() > 0);
    assert_eq!(old.rings(), 0);
}

#[test]
fn a_wait_ends_after_the_timeout_and_the_record_is_dropped_and_counted() {
    let (auditor, sink) = stuck(Duration::from_millis(60));
    let start = Instant::now();
    let mut exchange = fill(&auditor, &Alarm::new());
    admit(&mut exchange);
    assert!(start.elapsed() >= Duration::from_millis(60), "{:?}", start.elapsed());
    assert_eq!(respond(&mut exchange, 200), None, "no record is certain");
    let before = figures(&auditor, "puppet");
    drop(exchange);
    let after = figures(&auditor, "puppet");
    assert_eq!((after.dropped, after.queued), (before.dropped + 1, before.queued));
    // One whose wait timed out is recorded if there is room by then.
    let mut late = fill(&auditor, &Alarm::new());
    admit(&mut late);
    sink.release();
    wait_until("there is room", || figures(&auditor, "puppet").queued == 0);
    let written = figures(&auditor, "puppet").written;
    drop(late);
    wait_until("it is written", || figures(&auditor, "puppet").written == written + 1);
}

#[test]
fn a_timeout_of_nothing_waits_for_nothing() {
    let (auditor, _sink) = stuck(Duration::ZERO);
    let alarm = Alarm::new();
    while figures(&auditor, "puppet").dropped == 0 {
        assert_eq!(poll(&mut begin(&auditor), &alarm), Poll::Ready(()));
        assert!(figures(&auditor, "puppet").queued_bytes < QUEUE + LINE);
    }
    _sink.release();
}

#[test]
fn best_effort_never_waits_and_drops_exactly() {
    let sink = Puppet::new("puppet").script(&[Act::Block]);
    let auditor = auditor(&sink, |builder| builder.queue_bytes(QUEUE_BYTES).delivery(Delivery::BestEffort));
    auditor.event("test.first").record();
    sink.wait_blocked();
    let alarm = Alarm::new();
    for _ in 0..1_000 {
        let mut exchange = begin(&auditor);
        assert_eq!(poll(&mut exchange, &alarm), Poll::Ready(()));
        assert_eq!(respond(&mut exchange, 200), None, "no record is certain");
        drop(exchange);
        assert!(figures(&auditor, "puppet").queued_bytes <= QUEUE, "it may not exceed the bound");
    }
    let full = figures(&auditor, "puppet");
    assert_eq!((full.accepted, full.written, full.failed), (1_001, 0, 0));
    assert_eq!(full.dropped, 1_001 - full.queued);
    sink.release();
    wait_until("everything is written", || figures(&auditor, "puppet").queued == 0);
    assert_eq!(sink.plain().len() as u64, full.queued);
    assert_eq!(sink.gaps()[0]["data"]["count"], full.dropped);
}

#[test]
fn an_admitted_exchange_may_overdraw_by_its_line() {
    let (auditor, sink) = stuck(support::PATIENCE * 2);
    let mut early: Vec<Exchange> = (0..3).map(|_| begin(&auditor)).collect();
    early.iter_mut().for_each(admit);
    let waiting = fill(&auditor, &Alarm::new());
    let full = figures(&auditor, "puppet").queued_bytes;
    assert!((QUEUE..QUEUE + LINE).contains(&full), "{full}");
    auditor.event("test.event").record();
    assert_eq!(figures(&auditor, "puppet").dropped, 1, "who was not admitted may not");
    for exchange in early {
        exchange.scope().data("much", "x".repeat(10_000));
        let before = figures(&auditor, "puppet");
        drop(exchange);
        let after = figures(&auditor, "puppet");
        assert_eq!((after.dropped, after.queued), (before.dropped, before.queued + 1));
        assert!((LINE - 300..=LINE).contains(&(after.queued_bytes - before.queued_bytes)), "{after:?}");
    }
    drop(waiting);
    sink.release();
}

#[test]
fn what_is_queued_stays_within_the_bound_and_the_requests_in_flight() {
    const THREADS: u64 = 8;
    let (auditor, sink) = stuck(support::PATIENCE * 2);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let alarm = Alarm::new();
                for number in 0..500 {
                    let mut exchange = begin(&auditor);
                    let _admitted_or_not = poll(&mut exchange, &alarm).is_ready();
                    exchange.scope().data("much", "x".repeat(number * 10));
                    drop(exchange);
                    let stats = figures(&auditor, "puppet");
                    assert!(stats.queued_bytes < QUEUE + THREADS * LINE, "{stats:?}");
                }
            });
        }
    });
    assert!(figures(&auditor, "puppet").dropped > 1_000);
    sink.release();
}

#[test]
fn a_waker_may_hold_the_last_of_another_waiter() {
    /// A task that is dropped with its last waker, as executors make them.
    struct Task(#[expect(dead_code, reason = "held, and dropped with the task")] Mutex<Option<Exchange>>);
    impl std::task::Wake for Task {
        fn wake(self: Arc<Self>) {}
    }
    let (auditor, sink) = stuck(support::PATIENCE * 2);
    let mut one = fill(&auditor, &Alarm::new());
    let mut other = begin(&auditor);
    assert_eq!(poll(&mut other, &Alarm::new()), Poll::Pending);
    let waker = std::task::Waker::from(Arc::new(Task(Mutex::new(Some(other)))));
    let mut cx = std::task::Context::from_waker(&waker);
    assert!(one.poll_admission(&mut cx).is_pending());
    drop(waker);
    // Takes the waker out of the gate, whose drop is the other's drop, which takes its own waker out of the gate.
    let (done, finished) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        drop(one);
        done.send(()).unwrap();
    });
    finished.recv_timeout(support::PATIENCE).expect("no deadlock");
    sink.release();
}

#[test]
fn a_shutdown_ends_every_wait() {
    let (auditor, sink) = stuck(support::PATIENCE * 2);
    let alarm = Alarm::new();
    let mut exchange = fill(&auditor, &alarm);
    let report = auditor.shutdown(Duration::ZERO);
    assert!(!report.in_time);
    wait_until("it is woken", || alarm.rings() > 0);
    assert_eq!(poll(&mut exchange, &alarm), Poll::Ready(()), "its record is written: there is nothing to wait for");
    let mut later = begin(&auditor);
    assert_eq!(poll(&mut later, &alarm), Poll::Ready(()), "no record will come: there is nothing to wait for");
    sink.release();
    assert!(auditor.shutdown(support::PATIENCE).in_time);
    assert_eq!(sink.plain().last().unwrap()["completion"], "shutdown");
}

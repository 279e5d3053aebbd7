//! A bad sink costs its own records, which are counted and told, and nothing else.

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use audit_core::{Auditor, Output};
use jiff::Timestamp;
use support::{Act, Puppet, assert_adds_up, auditor, figures, wait_until};

const THREADS: usize = 4;
const EACH: usize = 750;
const ALL: u64 = (THREADS * EACH) as u64;

fn record(auditor: &Auditor, thread: usize, number: usize) {
    auditor.event("test.event").data("thread", thread).data("number", number).record();
}

#[test]
fn one_bad_sink_leaves_the_others_whole() {
    let (first, last) = (Puppet::new("first"), Puppet::new("last"));
    let stuck = Puppet::new("stuck").always(Act::Block);
    let failing = Puppet::new("failing").always(Act::Fail(0));
    let partway = Puppet::new("partway").always(Act::Fail(1));
    let panicking = Puppet::new("panicking").always(Act::Panic);
    let slow = Puppet::new("slow").always(Act::Slow);
    let all = [&first, &stuck, &failing, &partway, &panicking, &slow, &last];
    let mut builder = Auditor::builder().output(Output::None).max_line_bytes(2048).queue_bytes(8 << 20);
    for sink in all {
        builder = builder.sink(sink.clone());
    }
    let auditor = builder.build().unwrap();

    let over = AtomicBool::new(false);
    let snapshots = std::thread::scope(|scope| {
        // However this ends, the watcher must.
        let end = End(&over);
        let watcher = scope.spawn(|| {
            let mut snapshots = 0_u64;
            while !over.load(Ordering::SeqCst) || snapshots < 2_000 {
                auditor.stats().sinks.iter().for_each(assert_adds_up);
                snapshots += 1;
            }
            snapshots
        });
        let writers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let auditor = &auditor;
                scope.spawn(move || (0..EACH).for_each(|number| record(auditor, thread, number)))
            })
            .collect();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        stuck.wait_blocked();
        for sink in [&first, &last, &slow] {
            sink.wait_taken(THREADS * EACH);
        }
        wait_until("the failing sinks have failed", || {
            ["failing", "partway", "panicking"].iter().all(|name| figures(&auditor, name).queued == 0)
        });
        drop(end);
        watcher.join().unwrap()
    });
    assert!(snapshots >= 2_000, "{snapshots}");

    for sink in [&first, &last, &slow] {
        assert_in_order(sink);
    }
    for (name, sink) in [("first", &first), ("last", &last), ("slow", &slow)] {
        let stats = figures(&auditor, name);
        assert_eq!((stats.accepted, stats.written, stats.last_error), (ALL, ALL, None), "{name}");
        assert_eq!(sink.refused(), 0);
    }
    let stats = figures(&auditor, "stuck");
    assert_eq!((stats.accepted, stats.written, stats.queued), (ALL, 0, ALL));
    for (name, sink) in [("failing", &failing), ("partway", &partway), ("panicking", &panicking)] {
        let stats = figures(&auditor, name);
        assert_eq!(stats.failed, sink.refused(), "{name}");
        assert_eq!(stats.written, sink.lines().len() as u64, "{name}");
        // A record that told of a gap was written beside those that were made.
        assert_eq!(stats.accepted, ALL + sink.gaps().len() as u64, "{name}");
        assert_eq!(stats.dropped, 0, "{name}");
    }
    assert_eq!(figures(&auditor, "failing").last_error.as_deref(), Some("the peer is gone"));
    assert_eq!(figures(&auditor, "panicking").last_error.as_deref(), Some("the sink panicked"));

    stuck.release();
    for sink in [&failing, &partway, &panicking] {
        sink.set_always(Act::Take);
    }
    let report = auditor.shutdown(support::PATIENCE);
    assert!(report.in_time, "{report}");
    assert_in_order(&stuck);
    for sink in [&failing, &partway, &panicking] {
        let told: u64 = sink.gaps().iter().map(|gap| gap["data"]["count"].as_u64().unwrap()).sum();
        assert_eq!(told, sink.refused(), "what is missing is told exactly");
        assert_eq!(sink.plain().len() as u64 + told, ALL);
    }
    all.iter().for_each(|sink| assert_eq!(sink.shutdowns(), 1));
}

/// Says when it is dropped that it is over.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[track_caller]
fn assert_in_order(sink: &Puppet) {
    let mut next = [0; THREADS];
    for record in sink.plain() {
        let thread = record["data"]["thread"].as_u64().and_then(|thread| usize::try_from(thread).ok());
        let thread = thread.expect("the test put it there");
        assert_eq!(record["data"]["number"], next[thread], "of thread {thread}");
        next[thread] += 1;
    }
    assert_eq!(next, [EACH; THREADS]);
}

#[test]
fn a_gap_is_told_without_further_traffic() {
    let sink = Puppet::new("puppet").always(Act::Fail(0));
    let auditor = auditor(&sink, |builder| builder);
    let before = Timestamp::now();
    for number in 0..3 {
        record(&auditor, 0, number);
        wait_until("it has failed", || figures(&auditor, "puppet").failed == number as u64 + 1);
    }
    let after = Timestamp::now();
    assert_eq!(figures(&auditor, "puppet").last_error.as_deref(), Some("the peer is gone"));
    sink.set_always(Act::Take);
    let gap = sink.wait_taken(1).remove(0);
    assert_eq!(gap["action"], "audit.gap");
    assert_eq!((&gap["data"]["count"], &gap["data"]["sink"]), (&3.into(), &"puppet".into()));
    assert_eq!((&gap["outcome"], &gap["level"]), (&"failed".into(), &"error".into()));
    let time = |key: &str| -> Timestamp { gap["data"][key].as_str().unwrap().parse().unwrap() };
    let micros = |time: Timestamp| time.as_microsecond();
    assert!(micros(before) <= micros(time("from")), "{gap}");
    assert!(time("from") < time("until"), "three records at three times: {gap}");
    assert!(time("until") <= after, "{gap}");
    record(&auditor, 0, 3);
    assert_eq!(sink.wait_taken(2)[1]["data"]["number"], 3);
    auditor.shutdown(support::PATIENCE);
    assert_eq!(sink.lines().len(), 2, "a gap is told once");
    let stats = figures(&auditor, "puppet");
    assert_eq!((stats.accepted, stats.written, stats.failed), (5, 2, 3));
}

#[test]
fn what_a_sink_took_before_it_failed_counts_as_written() {
    let sink = Puppet::new("puppet").script(&[Act::Block, Act::Fail(2)]);
    let auditor = auditor(&sink, |builder| builder);
    record(&auditor, 0, 0);
    sink.wait_blocked();
    (1..6).for_each(|number| record(&auditor, 0, number));
    sink.release();
    let records = sink.wait_taken(4);
    let numbers: Vec<_> = records[..3].iter().map(|record| record["data"]["number"].clone()).collect();
    assert_eq!(numbers, [0, 1, 2]);
    assert_eq!((&records[3]["action"], &records[3]["data"]["count"]), (&"audit.gap".into(), &3.into()));
    auditor.shutdown(support::PATIENCE);
    let stats = figures(&auditor, "puppet");
    assert_eq!((stats.accepted, stats.written, stats.failed), (7, 4, 3));
}

#[test]
fn a_sink_that_claims_more_than_it_was_given_is_not_believed() {
    struct Liar;
    impl audit_core::Sink for Liar {
        fn name(&self) -> &str {
            "liar"
        }
        fn write(&mut self, _: &[audit_core::Line]) -> Result<(), audit_core::WriteError> {
            Err(audit_core::WriteError::new(usize::MAX, "I took more than you gave"))
        }
        fn flush(&mut self) -> Result<(), audit_core::WriteError> {
            Ok(())
        }
        fn shutdown(&mut self) -> Result<(), audit_core::WriteError> {
            Ok(())
        }
    }
    let auditor = Auditor::builder().output(Output::None).sink(Liar).build().unwrap();
    record(&auditor, 0, 0);
    let report = auditor.shutdown(support::PATIENCE);
    assert_adds_up(&report.sinks[0]);
    assert_eq!((report.sinks[0].written, report.sinks[0].failed), (1, 0));
}

#[test]
fn after_a_panic_the_sink_is_used_again() {
    let sink = Puppet::new("puppet").script(&[Act::Panic]);
    let auditor = auditor(&sink, |builder| builder);
    record(&auditor, 0, 0);
    assert_eq!(sink.wait_taken(1)[0]["data"]["count"], 1);
    record(&auditor, 0, 1);
    assert_eq!(sink.wait_taken(2)[1]["data"]["number"], 1);
}

#[test]
fn a_flush_that_fails_is_visible_and_repeats_nothing() {
    let sink = Puppet::new("puppet").script(&[Act::Fail(0)]);
    sink.let_flush_fail();
    let auditor = auditor(&sink, |builder| builder);
    record(&auditor, 0, 0);
    sink.wait_taken(1);
    for number in 1..4 {
        record(&auditor, 0, number);
        wait_until("it is written", || sink.plain().len() == number);
    }
    assert_eq!(sink.gaps().len(), 1, "the gap was told: {:#?}", sink.gaps());
    let report = auditor.shutdown(support::PATIENCE);
    assert_eq!((sink.gaps().len(), report.sinks[0].written, report.sinks[0].failed), (1, 4, 1));
    assert_eq!(report.sinks[0].last_error.as_deref(), Some("the peer does not listen"));
}

#[test]
fn a_queue_that_was_full_is_told_by_its_exact_count() {
    let sink = Puppet::new("puppet").script(&[Act::Block]);
    let auditor = auditor(&sink, |builder| builder.queue_bytes(64 << 10));
    record(&auditor, 0, 0);
    sink.wait_blocked();
    (1..2_000).for_each(|number| record(&auditor, 0, number));
    let full = figures(&auditor, "puppet");
    assert!(full.dropped > 1_000 && full.queued_bytes <= 64 << 10, "{full:?}");
    assert_eq!((full.accepted, full.written), (2_000, 0));
    sink.release();
    wait_until("everything is written", || figures(&auditor, "puppet").queued == 0);
    let gap = sink.gaps().remove(0);
    assert_eq!(gap["data"]["count"], full.dropped);
    let numbers: Vec<_> = sink.plain().iter().map(|record| record["data"]["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..2_000 - full.dropped).collect::<Vec<_>>(), "the first came, the last were dropped");
}

#[test]
fn a_gap_that_cannot_be_told_is_owed_and_grows() {
    let sink = Puppet::new("puppet").always(Act::Fail(0));
    let auditor = auditor(&sink, |builder| builder);
    for number in 0..40 {
        record(&auditor, 0, number);
        wait_until("it has failed", || figures(&auditor, "puppet").failed == number as u64 + 1);
    }
    sink.set_always(Act::Take);
    record(&auditor, 0, 40);
    let records = sink.wait_taken(2);
    assert_eq!((&records[0]["action"], &records[0]["data"]["count"]), (&"audit.gap".into(), &40.into()));
    assert_eq!(records[1]["data"]["number"], 40, "the gap comes before any later record");
}

#[test]
fn any_name_of_a_sink_will_do_but_not_twice() {
    let named = |name| Auditor::builder().output(Output::None).sink(Puppet::new(name));
    for name in ["", "a\0b", "a\n\"b", "ä".repeat(1_000).leak()] {
        let auditor = named(name).build().unwrap();
        record(&auditor, 0, 0);
        assert_eq!(auditor.shutdown(Duration::from_secs(20)).sinks[0].written, 1, "{name:?}");
    }
    let error = named("x").sink(Puppet::new("x")).build().err().unwrap();
    assert_eq!(error.to_string(), "two sinks are called \"x\"");
}

//! Bodies that are too large to be redacted where their requests end.

mod support;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use audit_core::exchange::{Exchange, RequestHead};
use audit_core::{Auditor, Delivery};
use serde_json::json;
use support::{Lines, Puppet, admit, auditor, begin, figures, respond, wait_until};

/// Large bodies are redacted on a thread that is found by its name; one test at a time may have it.
static LARGE: Mutex<()> = Mutex::new(());

/// A megabyte of JSON with a secret at its end.
fn large_body() -> String {
    let padding = r#"{"name":"rivers","points":[1.50,2,3]},"#.repeat(27_000);
    format!(r#"{{"first":"kept","list":[{padding}0],"password":"hunter2"}}"#)
}

fn large_exchange(auditor: &Auditor, body: &str) -> Exchange {
    let headers = Lines(&[("content-type", b"application/json")]);
    let mut head = RequestHead::new("test", "POST", "/api/things", &headers);
    head.query = Some("token=abcdef");
    let mut exchange = auditor.begin(&head).expect("the path is not excluded");
    admit(&mut exchange);
    let tap = exchange.request_tap();
    body.as_bytes().chunks(16 * 1024).for_each(|chunk| tap.push(chunk));
    tap.complete();
    exchange
}

#[test]
fn large_bodies_are_redacted_elsewhere_and_arrive() {
    let _one = LARGE.lock().unwrap_or_else(PoisonError::into_inner);
    let sink = Puppet::new("puppet");
    let auditor = auditor(&sink, |builder| builder.max_body_bytes(2 << 20));
    let body = large_body();
    assert!(body.len() > 1_000_000);
    let redacting = || threads().iter().any(|name| name == "audit-redact");
    wait_until("the thread of the test before has ended", || !redacting());
    let mut exchange = large_exchange(&auditor, &body);
    respond(&mut exchange, 201);
    exchange.complete();
    drop(exchange);
    let stats = figures(&auditor, "puppet");
    assert_eq!((stats.accepted, stats.written + stats.queued), (1, 1), "it counts from the start: {stats:?}");
    wait_until("another thread redacts", || !cfg!(target_os = "linux") || redacting());
    let record = sink.wait_taken(1).remove(0);
    assert_eq!((&record["request_body"]["first"], &record["status_code"]), (&json!("kept"), &json!(201)));
    assert_eq!((&record["truncated"], &record["original_bytes"]), (&json!(true), &json!(body.len())));
    assert_eq!(record["query_params"]["token"], "[FILTERED]");
    assert_eq!(record["completion"], "completed");
    assert!(!sink.lines()[0].json().contains("hunter2"));
    auditor.shutdown(support::PATIENCE);
}

/// The names of this process's threads.
fn threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    tasks
        .filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok())
        .map(|name| name.trim().to_owned())
        .collect()
}

#[test]
fn large_bodies_hold_no_more_than_the_queue_and_count_exactly() {
    let _one = LARGE.lock().unwrap_or_else(PoisonError::into_inner);
    let sink = Puppet::new("puppet");
    let auditor =
        auditor(&sink, |builder| builder.max_body_bytes(2 << 20).queue_bytes(4 << 20).delivery(Delivery::BestEffort));
    let body = large_body();
    for number in 1..=40 {
        drop(large_exchange(&auditor, &body));
        // Gap records are accepted, too, before the sink has them: those that it has by now are among them.
        let gaps = sink.gaps().len() as u64;
        let stats = figures(&auditor, "puppet");
        assert!(stats.accepted - gaps >= number, "{stats:?}");
        assert!(stats.queued_bytes <= 4 << 20, "{stats:?}");
    }
    let report = auditor.shutdown(support::PATIENCE * 4);
    assert!(report.in_time, "{report}");
    let told: u64 = sink.gaps().iter().map(|gap| gap["data"]["count"].as_u64().unwrap()).sum();
    assert_eq!((sink.plain().len() as u64 + told, report.sinks[0].dropped), (40, told));
    assert_eq!(report.sinks[0].accepted - sink.gaps().len() as u64, 40);
}

#[test]
fn a_shutdown_writes_large_bodies_too() {
    let _one = LARGE.lock().unwrap_or_else(PoisonError::into_inner);
    let sink = Puppet::new("puppet");
    let auditor = auditor(&sink, |builder| builder.queue_bytes(64 << 20));
    let body = large_body();
    (0..10).for_each(|_| drop(large_exchange(&auditor, &body)));
    let report = auditor.shutdown(support::PATIENCE * 4);
    assert_eq!((report.in_time, report.sinks[0].written, report.lost()), (true, 10, 0), "{report}");
    assert_eq!(sink.lines().len(), 10);
}

#[test]
fn a_shutdown_that_cannot_wait_tells_of_large_bodies_as_lost() {
    let _one = LARGE.lock().unwrap_or_else(PoisonError::into_inner);
    let sink = Puppet::new("puppet");
    let auditor = auditor(&sink, |builder| builder.queue_bytes(64 << 20));
    let body = large_body();
    (0..10).for_each(|_| drop(large_exchange(&auditor, &body)));
    let report = auditor.shutdown(Duration::ZERO);
    support::assert_adds_up(&report.sinks[0]);
    assert_eq!(report.sinks[0].written + report.lost(), 10, "{report:?}");
    wait_until("every one is accounted for", || figures(&auditor, "puppet").queued == 0);
    assert_eq!(figures(&auditor, "puppet").written, sink.lines().len() as u64);
}

#[test]
fn an_exchange_is_open_or_its_record_is_counted_at_every_moment() {
    const EXCHANGES: u64 = 400;
    let _one = LARGE.lock().unwrap_or_else(PoisonError::into_inner);
    let sink = Puppet::new("puppet");
    let auditor = auditor(&sink, |builder| builder);
    let body = format!("[{}0]", "1,".repeat(20_000));
    let exchanges: Vec<_> = (0..EXCHANGES)
        .map(|number| if number % 50 == 0 { large_exchange(&auditor, &body) } else { begin(&auditor) })
        .collect();
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            loop {
                let stats = auditor.stats();
                let seen = stats.open + stats.sinks[0].accepted;
                assert!(seen >= EXCHANGES, "{} of them are nowhere", EXCHANGES - seen);
                if stats.open == 0 {
                    return;
                }
            }
        });
        drop(exchanges);
        watcher.join().unwrap();
    });
    assert_eq!(auditor.shutdown(support::PATIENCE).sinks[0].written, EXCHANGES);
}

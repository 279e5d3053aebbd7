//! Bodies that are far larger than their records: they are read as they come, and little of them is held.

mod support;

use std::sync::Arc;
use std::time::Duration;

use audit_core::exchange::{Exchange, RequestHead};
use audit_core::redact::{BodyKind, Redactor};
use audit_core::{Auditor, Delivery, Mode};
use serde_json::json;
use support::{Lines, Puppet, admit, auditor, begin, respond};

const LINE: usize = 16 * 1024;

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
fn what_fits_of_a_large_body_is_recorded_and_how_long_it_was() {
    let sink = Puppet::new("puppet");
    let auditor = auditor(&sink, |builder| builder);
    let body = large_body();
    assert!(body.len() > 1_000_000);
    let mut exchange = large_exchange(&auditor, &body);
    respond(&mut exchange, 201);
    exchange.complete();
    drop(exchange);
    let record = sink.wait_taken(1).remove(0);
    assert_eq!((&record["request_body"]["first"], &record["status_code"]), (&json!("kept"), &json!(201)));
    assert_eq!((&record["truncated"], &record["original_bytes"]), (&json!(true), &json!(body.len())));
    assert_eq!(record["query_params"]["token"], "[FILTERED]");
    assert_eq!(record["completion"], "completed");
    assert!(!sink.lines()[0].json().contains("hunter2"));
    auditor.shutdown(support::PATIENCE);
}

#[test]
fn what_is_held_does_not_grow_with_the_body() {
    let redactor = Arc::new(Redactor::default());
    let json = large_body();
    let text = format!(r#"{{"a":"{}","n":{},"b":1}}"#, "x".repeat(1 << 20), "1".repeat(1 << 20));
    let keys = format!(r#"{{"{}":1,"b":1}}"#, "k".repeat(1 << 20));
    let numbers = format!(r#"{{"geom":[{}"x"]}}"#, "[1,2],".repeat(1 << 17));
    let lines = "{\"a\":1}\n".repeat(1 << 17);
    let form = format!("a={}&pin=1&{}", "x".repeat(1 << 20), "b=1&".repeat(1 << 17));
    let part =
        |head: &str, content: &str| format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n");
    let parts = [
        part("name=\"a\"", &"x".repeat(1 << 20)),
        part("name=\"f\"; filename=\"f\"", &"\n".repeat(1 << 20)),
        part("name=\"j\"\r\nContent-Type: application/json", &json),
        "--B--\r\n".to_owned(),
    ]
    .concat();
    for (kind, body) in [
        ("application/json", &json),
        ("application/json", &text),
        ("application/json", &keys),
        ("application/json", &numbers),
        ("application/x-ndjson", &lines),
        ("application/x-www-form-urlencoded", &form),
        ("multipart/form-data; boundary=B", &parts),
    ] {
        for size in [1000, 64 * 1024] {
            let mut scanner = redactor.body(BodyKind::new(Some(kind), None), Mode::Compact, 1 << 20, LINE);
            let mut most = 0;
            for chunk in body.as_bytes().chunks(size) {
                scanner.push(chunk);
                most = most.max(scanner.held());
            }
            // The fragment, and one text of four times its length.
            assert!(most <= 8 * LINE, "{kind} in pieces of {size}: {most}");
            let fragment = scanner.finish(true).expect("it is not empty");
            assert!(fragment.json.len() <= LINE && fragment.truncated, "{kind}");
            let shown: serde_json::Value = serde_json::from_slice(&fragment.json).expect("JSON");
            assert!(shown.get("withheld").is_none(), "{shown}");
        }
    }
}

#[test]
fn a_shutdown_that_cannot_wait_tells_of_large_bodies_as_lost() {
    let sink = Puppet::new("puppet");
    let auditor = auditor(&sink, |builder| builder.delivery(Delivery::BestEffort));
    let body = large_body();
    (0..10).for_each(|_| drop(large_exchange(&auditor, &body)));
    let report = auditor.shutdown(Duration::ZERO);
    support::assert_adds_up(&report.sinks[0]);
    assert_eq!(report.sinks[0].written + report.lost(), 10, "{report:?}");
}

#[test]
fn an_exchange_is_open_or_its_record_is_counted_at_every_moment() {
    const EXCHANGES: u64 = 400;
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

//! Strict delivery: what stands on disk when, and what happens when it cannot.

mod support;

use std::path::PathBuf;
use std::task::Poll;
use std::time::Instant;

use audit_core::exchange::{Exchange, Handling, Refusal, RequestHead, RouteMatch, Start, WiredHandling};
use audit_core::testing::assert_record;
use audit_core::{Auditor, Builder, Delivery, Endpoint, Output, audited, data, set_reason, step};
use serde_json::{Value, json};
use support::{Lines, admit, block_on, respond};

#[audited("money.move", target = "account/{id}", delivery = "strict")]
async fn moves(id: u32) {
    data("amount", 7);
    let _ = id;
}

#[audited("auth.check")]
fn checks() {}

#[audited("money.count", delivery = "strict")]
fn counts() {}

/// An auditor with a journal of its own, and what stands in it.
struct Journaled {
    auditor: Auditor,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Journaled {
    fn new(configure: impl FnOnce(Builder) -> Builder) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("audit.jsonl");
        let builder = Auditor::builder().output(Output::File(path.clone())).delivery(Delivery::Strict);
        let auditor = configure(builder).build().expect("the settings are good");
        Self { auditor, path, _folder: folder }
    }

    /// What a process that is started after a crash would find.
    fn on_disk(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.path).expect("it is there");
        text.lines().map(|line| serde_json::from_str(line).expect("a whole record")).collect()
    }

    fn phases(&self) -> Vec<String> {
        self.on_disk().iter().map(|record| record["phase"].as_str().unwrap_or("none").to_owned()).collect()
    }

    /// All that is there once everything was written.
    fn ended(&self) -> Vec<Value> {
        assert!(self.auditor.shutdown(support::PATIENCE).in_time);
        self.on_disk()
    }

    fn begin(&self) -> Exchange {
        support::begin(&self.auditor)
    }
}

fn commit(exchange: &mut Exchange) -> Result<(), Refusal> {
    block_on(std::future::poll_fn(|cx| exchange.poll_commit(cx)))
}

fn endpoint(auditor: &Auditor, action: &str) -> &'static Endpoint {
    let listed = auditor.endpoints();
    let found = listed.endpoints.iter().find(|it| it.action == action).expect("it is listed");
    audit_core::registry::endpoints().iter().find(|it| it.location() == found.location).expect("it is registered")
}

#[test]
fn the_handler_and_the_head_wait_for_the_disk() {
    let journaled = Journaled::new(|builder| builder);
    let mut exchange = journaled.begin();
    admit(&mut exchange);
    let intent = journaled.on_disk();
    assert_eq!(intent.len(), 1, "before the handler: {intent:?}");
    let expected = json!({"phase": "intent", "outcome": "unknown", "method": "GET", "path": "[FILTERED]",
        "user": "unknown", "action": "http.request", "mode": "basic", "completion": null, "status_code": null,
        "response_time_ms": null, "request_bytes": null});
    assert_record(&intent[0], expected);
    exchange.enter(|| data("color", "green"));
    let id = respond(&mut exchange, 201);
    assert_eq!(commit(&mut exchange), Ok(()));
    let records = journaled.on_disk();
    // Without its template nobody knows yet which segment of a path is a secret.
    let expected = json!({"phase": "final", "path": "/api/things", "outcome": "success", "status_code": 201, "completion": null,
        "data": {"color": "green"}, "user": "anonymous", "event_id": intent[0]["event_id"]});
    assert_record(&records[1], expected);
    assert_eq!(id.as_deref(), records[1]["event_id"].as_str());
    exchange.complete();
    drop(exchange);
    assert_eq!(journaled.ended().len(), 2, "a good end adds nothing");
}

#[test]
fn a_body_that_ends_badly_or_adds_something_adds_an_end() {
    type After = fn(&mut Exchange);
    let rows: [(&str, After, Option<Value>); 5] = [
        ("completed", |exchange| exchange.complete(), None),
        ("cut", |_| {}, Some(json!({"completion": "aborted", "outcome": "success", "status_code": 200}))),
        (
            "failed",
            |exchange| exchange.note_error(&"the database is gone"),
            Some(json!({"completion": "aborted", "error": "the database is gone"})),
        ),
        (
            "added",
            |exchange| {
                exchange.enter(|| step("half"));
                exchange.complete();
            },
            Some(json!({"completion": "completed", "outcome": "success"})),
        ),
        (
            "panicked",
            |exchange| {
                let panics = std::panic::AssertUnwindSafe(|| exchange.enter(|| panic!("as asked")));
                assert!(std::panic::catch_unwind(panics).is_err());
            },
            Some(json!({"completion": "panicked", "outcome": "failed", "level": "error", "error": "as asked"})),
        ),
    ];
    for (name, after, end) in rows {
        let journaled = Journaled::new(|builder| builder);
        let mut exchange = journaled.begin();
        admit(&mut exchange);
        respond(&mut exchange, 200);
        assert_eq!(commit(&mut exchange), Ok(()));
        after(&mut exchange);
        drop(exchange);
        let records = journaled.ended();
        assert_eq!(records.get(2).is_some(), end.is_some(), "{name}: {records:?}");
        if let Some(end) = end {
            assert_record(&records[2], end);
            assert_record(&records[2], json!({"phase": "end", "event_id": records[0]["event_id"], "mode": "basic"}));
            assert_record(&records[2], json!({"path": "/api/things", "method": "GET"}));
        }
    }
}

#[audited("job.sleep", target = "job/{id}", capture(id))]
async fn sleeps(id: u32) -> Result<(), &'static str> {
    pass().await;
    Err("it broke")
}

/// Pending once.
async fn pass() {
    let mut is_passed = false;
    std::future::poll_fn(|_| if std::mem::replace(&mut is_passed, true) { Poll::Ready(()) } else { Poll::Pending })
        .await;
}

/// As by a task that the handler spawned, or by the stream of its answer.
#[test]
fn a_nested_call_that_ends_after_the_final_is_told_by_the_end() {
    let journaled = Journaled::new(|builder| builder);
    let mut exchange = journaled.begin();
    admit(&mut exchange);
    let nothing = &mut std::task::Context::from_waker(std::task::Waker::noop());
    exchange.enter(checks);
    let mut early = Box::pin(exchange.scope().wrap(sleeps(1)));
    let mut never = Box::pin(exchange.scope().wrap(sleeps(2)));
    assert!(early.as_mut().poll(nothing).is_pending() && never.as_mut().poll(nothing).is_pending());
    respond(&mut exchange, 200);
    assert_eq!(commit(&mut exchange), Ok(()));
    let mut after = Box::pin(exchange.scope().wrap(sleeps(3)));
    assert!(after.as_mut().poll(nothing).is_pending());
    assert!(early.as_mut().poll(nothing).is_ready());
    exchange.complete();
    drop(exchange);
    drop((never, after));
    assert_eq!(journaled.auditor.stats().late, 2, "the ends that no record tells of");
    let records = journaled.ended();
    let call = |id: u32, outcome: &str| {
        json!({"action": "job.sleep", "handler": "strict::sleeps", "outcome": outcome,
            "target": {"type": "job", "id": id.to_string()}})
    };
    let with = |mut call: Value, key: &str, value: Value| {
        call[key] = value;
        call
    };
    let calls = |record: &Value| {
        let mut calls = record["calls"].as_array().expect("a list").clone();
        let timed = |call: &mut Value| call.as_object_mut().is_some_and(|call| call.remove("duration_ms").is_some());
        let timed: Vec<_> = calls.iter_mut().map(timed).collect();
        (calls, timed)
    };
    let started = |id| with(call(id, "unknown"), "data", json!({"id": id}));
    assert_eq!(calls(&records[1]), (vec![started(1), started(2)], vec![false, false]));
    let failed = with(call(1, "failed"), "error", json!("it broke"));
    assert_eq!(calls(&records[2]), (vec![failed, started(3)], vec![true, false]));
    assert_record(&records[2], json!({"phase": "end", "completion": "completed"}));
}

#[test]
fn a_nested_call_that_still_runs_adds_nothing() {
    let journaled = Journaled::new(|builder| builder);
    let mut exchange = journaled.begin();
    admit(&mut exchange);
    exchange.enter(checks);
    let mut running = Box::pin(exchange.scope().wrap(sleeps(1)));
    assert!(running.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_pending());
    respond(&mut exchange, 200);
    assert_eq!(commit(&mut exchange), Ok(()));
    exchange.complete();
    drop(exchange);
    assert_eq!(journaled.ended().len(), 2);
    assert_eq!(journaled.phases(), ["intent", "final"]);
}

/// As by a stream that sends back what it reads.
#[test]
fn a_request_that_is_read_on_after_the_head_is_told_of_by_an_end() {
    let journaled = Journaled::new(|builder| builder);
    let lines = Lines(&[("content-type", b"application/json")]);
    let mut exchange =
        journaled.auditor.begin(&RequestHead::new("test", "POST", "/api/things", &lines)).expect("it is on");
    admit(&mut exchange);
    let tap = exchange.request_tap();
    tap.push(br#"{"name":"#);
    respond(&mut exchange, 200);
    assert_eq!(commit(&mut exchange), Ok(()));
    tap.push(br#""rivers"}"#);
    tap.complete();
    exchange.complete();
    drop(exchange);
    let records = journaled.ended();
    assert_record(&records[1], json!({"phase": "final", "request_bytes": 8, "request_body": null}));
    let end =
        json!({"phase": "end", "completion": "completed", "request_bytes": 17, "request_body": {"name": "rivers"}});
    assert_record(&records[2], end);
}

#[test]
fn what_is_dropped_before_its_head_has_a_final_all_the_same() {
    let journaled = Journaled::new(|builder| builder);
    let mut exchange = journaled.begin();
    admit(&mut exchange);
    drop(exchange);
    // Never admitted: somebody who left while the disk was slow.
    let mut waiting = journaled.begin();
    let polled = support::poll(&mut waiting, &support::Alarm::new());
    drop(waiting);
    // The head never left, although the answer was there.
    let mut answered = journaled.begin();
    admit(&mut answered);
    respond(&mut answered, 204);
    drop(answered);
    let records = journaled.ended();
    let of = |event: &Value| records.iter().filter(|record| record["event_id"] == *event).collect::<Vec<_>>();
    let events: Vec<_> = records.iter().filter(|record| record["phase"] == "intent").map(|r| &r["event_id"]).collect();
    assert_eq!(events.len(), 3, "{polled:?}: {records:?}");
    for event in events {
        let records = of(event);
        assert_eq!(records.len(), 2, "{records:?}");
        assert_record(records[1], json!({"phase": "final", "completion": "aborted"}));
    }
}

#[test]
fn without_word_of_the_journal_the_handler_does_not_run() {
    let journaled = Journaled::new(|builder| builder);
    let folder = journaled.path.parent().expect("a folder");
    std::fs::remove_dir_all(folder).expect("it is ours");
    let mut exchange = journaled.begin();
    let refusal = block_on(std::future::poll_fn(|cx| exchange.poll_admission(cx))).expect_err("refused");
    assert_eq!(refusal.status(), 503);
    std::fs::create_dir(folder).expect("it was removed");
    // The adapter answers, and watches that answer as any other.
    assert_eq!(respond(&mut exchange, 503), None, "nobody can say that a record will come");
    assert_eq!(commit(&mut exchange), Ok(()), "a refusal waits for nothing");
    exchange.complete();
    drop(exchange);
    let records = journaled.ended();
    let last = records.last().expect("the refusal is told");
    assert_record(last, json!({"phase": "final", "status_code": 503, "outcome": "failed", "completion": "completed"}));
    assert_record(last, json!({"reason": "not recorded before the handler: the journal could not write"}));
}

struct Moving;

impl Start for Moving {
    type Future = std::pin::Pin<Box<dyn Future<Output = ()>>>;

    fn start(self) -> Self::Future {
        Box::pin(moves(9))
    }
}

#[test]
fn a_wired_endpoint_has_its_intent_before_it_runs() {
    let journaled = Journaled::new(|builder| builder.delivery(Delivery::Buffered));
    let exchange = journaled.begin();
    let endpoint = endpoint(&journaled.auditor, "money.move");
    exchange.scope().wire(endpoint, &RequestHead::new("test", "GET", "/api/things", &Lines(&[])));
    let mut exchange = Some(exchange);
    let scope = exchange.as_ref().expect("it is there").scope();
    assert_eq!(block_on(WiredHandling::new(scope, Moving)), Ok(()));
    assert_eq!(journaled.phases(), ["intent"]);
    let mut exchange = exchange.take().expect("it is there");
    respond(&mut exchange, 200);
    assert_eq!(commit(&mut exchange), Ok(()));
    exchange.complete();
    drop(exchange);
    let records = journaled.ended();
    assert_record(&records[0], json!({"action": "money.move", "handler": "strict::moves"}));
    assert_record(&records[1], json!({"target_id": "9", "data": {"amount": 7}, "phase": "final"}));
    assert_eq!(records.len(), 2);
}

#[test]
fn an_endpoint_that_is_known_too_late_does_not_run() {
    let journaled = Journaled::new(|builder| builder.delivery(Delivery::Buffered));
    let mut handling = std::pin::pin!(Handling::new(journaled.begin(), Moving));
    let refusal = block_on(handling.as_mut()).expect_err("it asks for what nobody can promise any more");
    assert_eq!(refusal.status(), 503);
    drop(handling.take_exchange());
    let records = journaled.ended();
    assert_eq!(records.len(), 1);
    let expected = json!({"phase": "final", "status_code": 503, "action": "money.move", "completion": "completed",
        "reason": "asks for strict delivery, but was not known before it ran", "data": null});
    assert_record(&records[0], expected);
}

type Boxed = std::pin::Pin<Box<dyn Future<Output = ()>>>;

struct Calling(fn() -> Boxed);

impl Start for Calling {
    type Future = Boxed;

    fn start(self) -> Self::Future {
        (self.0)()
    }
}

/// Nobody would wake what an executor inside of the handler waits for.
#[test]
fn nor_does_one_that_is_not_async_or_has_an_executor_around_it() {
    let ways: [fn() -> Boxed; 2] = [|| Box::pin(async { counts() }), || Box::pin(async { block_on(moves(9)) })];
    for way in ways {
        let journaled = Journaled::new(|builder| builder.delivery(Delivery::Buffered));
        let mut handling = std::pin::pin!(Handling::new(journaled.begin(), Calling(way)));
        let began = Instant::now();
        assert_eq!(block_on(handling.as_mut()).map_err(Refusal::status), Err(503));
        assert!(began.elapsed() < support::PATIENCE, "the inner executor gave up");
        drop(handling.take_exchange());
        let records = journaled.ended();
        let expected = json!({"phase": "final", "status_code": 503, "outcome": "failed", "completion": "completed",
            "reason": "asks for strict delivery, but was not known before it ran", "error": null, "data": null});
        assert_record(&records[0], expected);
    }
}

/// Called by another handler, it asks for no less.
#[test]
fn one_that_a_buffered_handler_calls_does_not_run() {
    struct Calling;
    impl Start for Calling {
        type Future = std::pin::Pin<Box<dyn Future<Output = ()>>>;

        fn start(self) -> Self::Future {
            Box::pin(async {
                checks();
                moves(9).await;
            })
        }
    }
    let journaled = Journaled::new(|builder| builder.delivery(Delivery::Buffered));
    let mut handling = std::pin::pin!(Handling::new(journaled.begin(), Calling));
    assert_eq!(block_on(handling.as_mut()).map_err(Refusal::status), Err(503));
    drop(handling.take_exchange());
    let records = journaled.ended();
    assert_record(&records[0], json!({"action": "auth.check", "status_code": 503, "data": null}));
}

#[test]
fn one_that_is_not_async_can_only_panic() {
    let journaled = Journaled::new(|builder| builder.delivery(Delivery::Buffered));
    let exchange = journaled.begin();
    let run = std::panic::AssertUnwindSafe(|| exchange.enter(counts));
    assert!(std::panic::catch_unwind(run).is_err());
    drop(exchange);
    // It is no panic of the application's.
    let expected = json!({"action": "money.count", "completion": "aborted", "outcome": "unknown", "error": null,
        "reason": "asks for strict delivery, but was not known before it ran"});
    assert_record(&journaled.ended()[0], expected);
}

#[test]
fn what_leaves_no_record_has_no_intent() {
    let journaled = Journaled::new(|builder| builder);
    let lines = Lines(&[]);
    let mut head = RequestHead::new("test", "GET", "/style.css", &lines);
    head.route = RouteMatch::None;
    let mut exchange = journaled.auditor.begin(&head).expect("it may be recorded yet");
    admit(&mut exchange);
    respond(&mut exchange, 200);
    exchange.complete();
    drop(exchange);
    assert_eq!(journaled.ended(), Vec::<Value>::new());
}

/// As where the layer stands around the router and does not know the template yet.
#[test]
fn one_whose_route_turns_out_to_be_excluded_runs_unrecorded() {
    let journaled = Journaled::new(|builder| builder.delivery(Delivery::Buffered).exclude("/hidden"));
    let exchange = journaled.begin();
    let lines = Lines(&[]);
    let mut head = RequestHead::new("test", "GET", "/api/things", &lines);
    head.route = RouteMatch::Template("/hidden/{id}");
    exchange.scope().wire(endpoint(&journaled.auditor, "money.move"), &head);
    assert_eq!(block_on(WiredHandling::new(exchange.scope(), Moving)), Ok(()));
    drop(exchange);
    assert_eq!(journaled.ended(), Vec::<Value>::new());
}

#[audited("iban.read", redact("iban", "x-request-id"))]
fn reads_iban() {}

/// What only the endpoint's own rules hide must not stand in an intent that is written before the endpoint is known.
#[test]
fn an_intent_shows_nothing_that_an_endpoint_may_hide() {
    let journaled = Journaled::new(|builder| builder);
    let lines = Lines(&[("x-request-id", b"req-7")]);
    let mut head = RequestHead::new("test", "GET", "/api/accounts/NL91ABNA0417164300", &lines);
    head.route = RouteMatch::Template("/api/accounts/{iban}");
    let mut exchange = journaled.auditor.begin(&head).expect("the path is not excluded");
    admit(&mut exchange);
    exchange.scope().wire(endpoint(&journaled.auditor, "iban.read"), &head);
    exchange.enter(reads_iban);
    respond(&mut exchange, 200);
    assert_eq!(commit(&mut exchange), Ok(()));
    exchange.complete();
    drop(exchange);
    let records = journaled.ended();
    assert_eq!(records.len(), 2);
    for record in &records {
        assert_record(record, json!({"path": "/api/accounts/[FILTERED]", "request_id": null}));
    }
}

#[test]
fn after_a_shutdown_nothing_is_promised() {
    let journaled = Journaled::new(|builder| builder);
    let mut open = journaled.begin();
    admit(&mut open);
    open.enter(|| set_reason("still there"));
    assert!(journaled.auditor.shutdown(support::PATIENCE).in_time);
    respond(&mut open, 200);
    assert_eq!(commit(&mut open).map_err(Refusal::status), Err(500));
    drop(open);
    let mut later = journaled.begin();
    let polled = support::Alarm::new();
    let admitted = later.poll_admission(&mut std::task::Context::from_waker(&polled.into()));
    assert_eq!(admitted.map(|admitted| admitted.map_err(Refusal::status)), Poll::Ready(Err(503)));
    drop(later);
    let records = journaled.on_disk();
    assert_record(records.last().expect("there is one"), json!({"phase": "final", "completion": "shutdown"}));
    assert_eq!(records.len(), 2);
}

/// As by a layer inside of the auditing one that tries again.
#[test]
fn one_that_is_called_again_after_a_refusal_does_not_run() {
    static RAN: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let journaled = Journaled::new(|builder| builder.delivery(Delivery::Buffered));
    let folder = journaled.path.parent().expect("a folder");
    let exchange = journaled.begin();
    exchange
        .scope()
        .wire(endpoint(&journaled.auditor, "money.move"), &RequestHead::new("test", "GET", "/a", &Lines(&[])));
    std::fs::remove_dir_all(folder).expect("it is ours");
    let runs: fn() -> Boxed = || {
        Box::pin(async {
            moves(9).await;
            RAN.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        })
    };
    let first = block_on(WiredHandling::new(exchange.scope(), Calling(runs)));
    assert_eq!(first.map_err(Refusal::status), Err(503));
    let second = block_on(WiredHandling::new(exchange.scope(), Calling(runs)));
    assert_eq!(second.map_err(Refusal::status), Err(503));
    // Nor once the journal can write again: this request was refused, and its record says so.
    std::fs::create_dir(folder).expect("it is ours");
    let third = block_on(WiredHandling::new(exchange.scope(), Calling(runs)));
    assert_eq!(third.map_err(Refusal::status), Err(503));
    assert_eq!(RAN.load(std::sync::atomic::Ordering::SeqCst), 0, "it ran, though no intent is on disk");
}

/// As by a timeout inside of the auditing layer, and a layer that tries again.
#[test]
fn one_whose_first_call_was_dropped_while_it_waited_has_its_intent_before_it_runs() {
    let journaled = Journaled::new(|builder| builder.delivery(Delivery::Buffered));
    let exchange = journaled.begin();
    exchange
        .scope()
        .wire(endpoint(&journaled.auditor, "money.move"), &RequestHead::new("test", "GET", "/a", &Lines(&[])));
    drop(WiredHandling::new(exchange.scope(), Moving));
    assert_eq!(block_on(WiredHandling::new(exchange.scope(), Moving)), Ok(()));
    assert_eq!(journaled.phases(), ["intent"], "it ran");
}

//! Tests: strict exchanges before a journal that does not answer in time.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_executor::block_on;
use serde_json::{Value, json};

use crate::delivery::{Batch, Log, Writer};
use crate::exchange::{Exchange, Headers, Refusal, RequestHead, ResponseHead};
use crate::sink::WriteError;
use crate::testing::assert_record;
use crate::{Auditor, Delivery, Output};

/// A journal that takes a batch for each word that it is given, and all of them once nobody can give one any more.
struct Stalled {
    words: Receiver<()>,
    taken: Arc<Mutex<Vec<Value>>>,
}

impl Writer for Stalled {
    fn name(&self) -> &str {
        "stalled"
    }

    fn write(&mut self, batch: Batch<'_>, _: bool) -> Result<(), WriteError> {
        let (Ok(()) | Err(_)) = self.words.recv();
        let records = batch.iter().map(|line| serde_json::from_slice::<Value>(line).expect("a record"));
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).extend(records);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        Ok(())
    }

    fn shutdown(&mut self) -> Result<(), WriteError> {
        Ok(())
    }
}

struct Journal {
    auditor: Auditor,
    words: Sender<()>,
    taken: Arc<Mutex<Vec<Value>>>,
}

impl Journal {
    fn answering_in(timeout: Duration) -> Self {
        let (words, received) = channel();
        let taken = Arc::default();
        let stalled = Stalled { words: received, taken: Arc::clone(&taken) };
        let builder = Auditor::builder().output(Output::File("unused".into())).delivery(Delivery::Strict);
        let built =
            builder.queue_timeout(timeout).build_on(|_, _, _, _| Ok((Some(Log::Stream(Box::new(stalled))), false)));
        Self { auditor: built.expect("the settings are good"), words, taken }
    }

    fn begin(&self) -> Exchange {
        self.auditor.begin(&RequestHead::new("test", "GET", "/api/things", &NoHeaders)).expect("it is on")
    }

    /// What it has once it answers again.
    fn ended(self) -> Vec<Value> {
        drop(self.words);
        assert!(self.auditor.shutdown(Duration::from_secs(30)).in_time);
        std::mem::take(&mut self.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct NoHeaders;

impl Headers for NoHeaders {
    fn for_each<'a>(&'a self, _: &mut dyn FnMut(&'a str, &'a [u8])) {}

    fn get(&self, _: &str) -> Option<&[u8]> {
        None
    }
}

#[test]
fn a_handler_whose_intent_is_not_answered_in_time_does_not_run() {
    let journal = Journal::answering_in(Duration::from_millis(1));
    let mut exchange = journal.begin();
    let admitted = block_on(poll_fn(|cx| exchange.poll_admission(cx)));
    assert_eq!(admitted.map_err(Refusal::status), Err(503));
    exchange.respond(&ResponseHead::new(503, &NoHeaders));
    assert_eq!(block_on(poll_fn(|cx| exchange.poll_commit(cx))), Ok(()), "a refusal waits for nothing");
    exchange.complete();
    drop(exchange);
    let records = journal.ended();
    assert_record(&records[0], json!({"phase": "intent"}));
    assert_record(
        &records[1],
        json!({"phase": "final", "status_code": 503, "completion": "completed",
            "reason": "not recorded before the handler: the journal did not answer in time"}),
    );
    assert_eq!(records.len(), 2);
}

#[test]
fn an_answer_whose_final_is_not_answered_in_time_does_not_leave() {
    let journal = Journal::answering_in(Duration::from_secs(2));
    let mut exchange = journal.begin();
    journal.words.send(()).expect("it listens");
    assert_eq!(block_on(poll_fn(|cx| exchange.poll_admission(cx))), Ok(()));
    exchange.respond(&ResponseHead::new(200, &NoHeaders));
    let left = block_on(poll_fn(|cx| exchange.poll_commit(cx)));
    assert_eq!(left.map_err(Refusal::status), Err(500));
    drop(exchange);
    let records = journal.ended();
    assert_record(&records[1], json!({"phase": "final", "status_code": 200}));
    assert_record(
        &records[2],
        json!({"phase": "end", "status_code": 500, "completion": "completed",
            "reason": "the answer was not recorded in time and did not leave"}),
    );
    assert_eq!(records.len(), 3);
}

/// A disk that writes, and syncs if that is mended.
struct Unsyncable {
    is_mended: Arc<AtomicBool>,
}

impl Writer for Unsyncable {
    fn name(&self) -> &str {
        "unsyncable"
    }

    fn write(&mut self, _: Batch<'_>, sync: bool) -> Result<(), WriteError> {
        let fails = sync && !self.is_mended.load(Ordering::SeqCst);
        if fails { Err(WriteError::new(0, std::io::Error::other("cannot sync"))) } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        Ok(())
    }

    fn shutdown(&mut self) -> Result<(), WriteError> {
        Ok(())
    }
}

#[test]
fn an_auditor_that_refuses_every_strict_request_is_not_healthy_until_it_can_sync_again() {
    let is_mended = Arc::new(AtomicBool::new(false));
    let disk = Unsyncable { is_mended: Arc::clone(&is_mended) };
    let builder = Auditor::builder().output(Output::File("unused".into())).delivery(Delivery::Strict);
    let auditor = builder.build_on(|_, _, _, _| Ok((Some(Log::Stream(Box::new(disk))), false))).expect("good");
    for _ in 0..3 {
        let mut exchange =
            auditor.begin(&RequestHead::new("test", "GET", "/api/things", &NoHeaders)).expect("it is on");
        let admitted = block_on(poll_fn(|cx| exchange.poll_admission(cx)));
        assert_eq!(admitted.map_err(Refusal::status), Err(503));
        exchange.respond(&ResponseHead::new(503, &NoHeaders));
        exchange.complete();
        drop(exchange);
        // Until what tells of the refusal is written.
        let until = Instant::now() + Duration::from_secs(30);
        while auditor.stats().sinks[0].queued > 0 {
            assert!(Instant::now() < until, "{:?}", auditor.stats());
            std::thread::yield_now();
        }
    }
    assert!(!auditor.health().is_healthy(), "{:?}", auditor.stats());
    // Nobody has to ask again: what is missing is told, and that is synced.
    is_mended.store(true, Ordering::SeqCst);
    let until = Instant::now() + Duration::from_secs(30);
    while !auditor.health().is_healthy() {
        assert!(Instant::now() < until, "{:?}", auditor.stats());
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(auditor.stats().sinks[0].last_sync.is_some());
}

//! `on = "error"` and `on = "success"`: which ends leave a record, and what the answer's head may promise.

mod support;

use audit_core::testing::MemorySink;
use audit_core::{Auditor, Outcome, Output, audited, set_outcome};
use support::{admit, begin, figures, respond};

#[audited("on.always")]
fn always(outcome: Option<Outcome>) {
    said(outcome);
}

#[audited("on.error", on = "error")]
fn error(outcome: Option<Outcome>) {
    said(outcome);
}

#[audited("on.success", on = "success")]
fn success(outcome: Option<Outcome>) {
    said(outcome);
}

fn said(outcome: Option<Outcome>) {
    if let Some(outcome) = outcome {
        set_outcome(outcome, "said");
    }
}

#[audited("on.job_error", on = "error")]
fn job_error(result: Result<(), &'static str>) -> Result<(), &'static str> {
    result
}

#[audited("on.job_success", on = "success")]
fn job_success(result: Result<(), &'static str>) -> Result<(), &'static str> {
    result
}

#[audited("on.nesting")]
fn nesting() {
    job_error(Ok(())).expect("it is well");
}

type Handler = fn(Option<Outcome>);

const HANDLERS: [Handler; 3] = [always, error, success];

fn recorder() -> (Auditor, MemorySink) {
    let sink = MemorySink::new();
    let builder = Auditor::builder().output(Output::None).sink(sink.clone());
    (builder.build().expect("the settings are good"), sink)
}

/// How a request ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Complete,
    Aborted,
    Panic,
    Shutdown,
    /// The body that follows the head says what it came to.
    Later(Outcome),
}

/// Whether there is a record, and whether the head promised one.
fn ended(handler: Handler, said: Option<Outcome>, status: u16, end: End) -> (bool, bool) {
    let (auditor, sink) = recorder();
    let mut exchange = begin(&auditor);
    admit(&mut exchange);
    exchange.enter(|| handler(said));
    let promised = respond(&mut exchange, status).is_some();
    match end {
        End::Complete => exchange.complete(),
        End::Aborted => {}
        End::Panic => {
            let unwound =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| exchange.enter(|| panic!("a body"))));
            assert!(unwound.is_err());
        }
        End::Shutdown => {
            auditor.shutdown(support::PATIENCE);
        }
        End::Later(outcome) => {
            exchange.enter(|| set_outcome(outcome, "later"));
            exchange.complete();
        }
    }
    drop(exchange);
    auditor.shutdown(support::PATIENCE);
    let stats = figures(&auditor, "memory");
    assert_eq!((stats.dropped, stats.failed), (0, 0), "what nobody asked for is no loss");
    let records = sink.records();
    assert_eq!(u64::try_from(records.len()).expect("few"), stats.written);
    (!records.is_empty(), promised)
}

#[test]
fn each_end_is_judged_when_everything_is_known() {
    use End::{Aborted, Complete, Later, Panic, Shutdown};
    for (said, status, end, kept) in [
        (None, 200, Complete, [true, false, true]),
        (None, 302, Complete, [true, false, true]),
        (None, 401, Complete, [true, false, false]),
        (None, 403, Complete, [true, false, false]),
        (None, 404, Complete, [true, false, false]),
        (None, 422, Complete, [true, false, false]),
        (None, 500, Complete, [true, true, false]),
        (None, 503, Complete, [true, true, false]),
        // An answer that broke off is an error, and its status still a success.
        (None, 200, Aborted, [true, true, true]),
        (None, 403, Aborted, [true, true, false]),
        (None, 200, Shutdown, [true, true, true]),
        (None, 200, Panic, [true, true, false]),
        (Some(Outcome::Failed), 200, Complete, [true, true, false]),
        (Some(Outcome::Denied), 200, Complete, [true, false, false]),
        (Some(Outcome::Success), 500, Complete, [true, true, false]),
        (None, 200, Later(Outcome::Failed), [true, true, false]),
        // The head has promised it.
        (None, 500, Later(Outcome::Denied), [true, true, false]),
    ] {
        for (handler, kept) in HANDLERS.into_iter().zip(kept) {
            assert_eq!(ended(handler, said, status, end).0, kept, "{status} {end:?} {said:?}");
        }
    }
}

#[test]
fn the_head_promises_only_what_is_certain() {
    for (status, promised) in [
        (200, [true, false, false]),
        (403, [true, false, false]),
        (404, [true, false, false]),
        (500, [true, true, false]),
    ] {
        for (handler, promised) in HANDLERS.into_iter().zip(promised) {
            assert_eq!(ended(handler, None, status, End::Complete).1, promised, "{status}");
        }
    }
    assert_eq!(ended(error, Some(Outcome::Failed), 200, End::Later(Outcome::Success)), (true, true));
}

#[test]
fn what_an_extractor_refuses_is_judged_by_no_handler() {
    let (auditor, sink) = recorder();
    let mut exchange = begin(&auditor);
    admit(&mut exchange);
    assert!(respond(&mut exchange, 403).is_some());
    drop(exchange);
    assert_eq!(sink.only()["action"], "http.request");
}

#[test]
fn a_job_outside_any_request_is_judged_too() {
    let (auditor, sink) = recorder();
    auditor.install_global().expect("only here");
    job_error(Ok(())).expect("it is well");
    job_error(Err("broken")).expect_err("it is broken");
    job_success(Err("broken")).expect_err("it is broken");
    job_success(Ok(())).expect("it is well");
    nesting();
    auditor.shutdown(support::PATIENCE);
    let records = sink.records();
    let told: Vec<(&str, &str)> = records
        .iter()
        .map(|record| (record["action"].as_str().unwrap_or(""), record["outcome"].as_str().unwrap_or("")))
        .collect();
    assert_eq!(told, [("on.job_error", "failed"), ("on.job_success", "success"), ("on.nesting", "success")]);
    // It is about records: a nested call has none of its own, and is listed.
    assert_eq!(records[2]["calls"][0]["action"], "on.job_error");
}

#[test]
fn the_listing_says_so_where_it_is_not_always() {
    let (auditor, _) = recorder();
    let listing = auditor.endpoints();
    let on = |action: &str| listing.endpoints.iter().find(|it| it.action == action).map(|it| it.on.as_deref());
    assert_eq!(on("on.error"), Some(Some("error")));
    assert_eq!(on("on.always"), Some(None));
    let table = listing.to_string();
    assert!(table.lines().any(|line| line.contains(" on.success ") && line.ends_with(" success")), "{table}");
    assert!(table.lines().any(|line| line.contains(" on.always ") && line.ends_with(" always")), "{table}");
    let json: serde_json::Value = serde_json::from_str(&listing.to_json()).expect("it is JSON");
    let objects = json["endpoints"].as_array().expect("a list");
    assert!(objects.iter().any(|it| it["action"] == "on.error" && it["on"] == "error"));
    assert!(objects.iter().all(|it| it["action"] != "on.always" || it.get("on").is_none()));
}

//! An endpoint that asks for strict delivery needs a journal: a program of its own, for the endpoint is in all of it.

use std::time::Duration;

use audit_core::{Auditor, Builder, Output, audited};

#[audited(action = "money.move", delivery = "strict")]
fn moves_money() {}

#[test]
fn without_a_file_a_strict_endpoint_stops_the_start_and_is_named() {
    let line = line!() - 4;
    let error = Auditor::builder().output(Output::None).build().expect_err("there is no file");
    assert_eq!(
        error.to_string(),
        format!(
            "strict_endpoint::moves_money ({}:{line}) asks for delivery \"strict\", which needs a journal; \
             expected AUDIT_LOG_PATH to be a file",
            file!()
        )
    );
    // Nobody starts, so the function runs as if it were not annotated.
    moves_money();
}

#[test]
fn without_time_to_wait_for_the_journal_it_does_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let builder = || Auditor::builder().output(Output::File(folder.path().join("audit.jsonl")));
    let from_env = |value: &'static str| builder().env_from(|name| (name == "AUDIT_QUEUE_TIMEOUT_MS").then_some(value));
    let refused = |builder: Builder| builder.build().expect_err("nobody waits").to_string();
    let expected =
        "asks for delivery \"strict\", which waits for the journal; expected AUDIT_QUEUE_TIMEOUT_MS to be at least 1";
    for said in [refused(builder().queue_timeout(Duration::ZERO)), refused(from_env("0"))] {
        assert!(said.starts_with("strict_endpoint::moves_money (") && said.ends_with(expected), "{said}");
    }
    assert!(from_env("1").build().is_ok());
    let off = from_env("0").enabled(false).build();
    assert!(off.is_ok(), "nothing is refused that does not run: {off:?}");
}

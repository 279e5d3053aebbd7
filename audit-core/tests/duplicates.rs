//! Two handlers of one action: a warning, or a refusal to start. A program of its own, for they are in all of it.

use std::process::Command;

use audit_core::{Auditor, BuildError, Output, audit_exempt, audited};

mod v1 {
    #[super::audited("layer.read")]
    pub(super) fn read() {}

    #[super::audited("layer.create")]
    pub(super) fn create() {}
}

mod v2 {
    /// A copy of a body is no other handler.
    #[super::audited("layer.read")]
    pub(super) fn read<T>(_: T) {}
}

/// Under the action that it has by default: nothing is recorded under it.
#[audit_exempt(reason = "a probe")]
fn exempt() {}

#[audited("duplicates.exempt")]
fn named_as_the_exempt_one() {}

fn builder() -> audit_core::Builder {
    Auditor::builder().output(Output::None)
}

fn handlers() -> [String; 2] {
    let line = |module: &str| {
        let of = |it: &&&audit_core::Endpoint| it.module() == module && it.action() == "layer.read";
        audit_core::registry::endpoints().iter().find(of).expect("it is registered").line()
    };
    [
        format!("duplicates::v1::read ({}:{})", file!(), line("duplicates::v1")),
        format!("duplicates::v2::read ({}:{})", file!(), line("duplicates::v2")),
    ]
}

#[test]
fn it_is_listed_with_every_handler() {
    let listing = builder().build().expect("it is only a warning").endpoints();
    assert_eq!(listing.duplicate_actions.len(), 1);
    assert_eq!(listing.duplicate_actions[0].action, "layer.read");
    assert_eq!(listing.duplicate_actions[0].handlers, handlers());
    let [v1, v2] = handlers();
    let warning = format!("  warning: one action of several handlers: layer.read of {v1} and {v2}\n");
    assert!(listing.to_string().contains(&warning), "{listing}");
}

#[test]
fn it_stops_the_start_where_it_is_refused() {
    let [v1, v2] = handlers();
    for enabled in [true, false] {
        let error = builder().enabled(enabled).refuse_duplicate_actions().build().expect_err("it is refused");
        assert!(matches!(&error, BuildError::DuplicateActions(actions) if actions.len() == 1), "{error:?}");
        assert_eq!(error.to_string(), format!("one action of several handlers: layer.read of {v1} and {v2}"));
    }
}

/// What the next test watches from outside.
#[test]
fn two_auditors_are_built() {
    assert!(builder().build().is_ok());
    assert!(builder().build().is_ok());
    exempt();
    named_as_the_exempt_one();
    v1::read();
    v1::create();
    v2::read(0);
    v2::read("");
}

#[test]
fn the_warning_is_one_line_once_in_a_process() {
    let program = std::env::current_exe().expect("this program has a path");
    let output = Command::new(program).args(["--exact", "two_auditors_are_built", "--nocapture"]).output();
    let stderr = String::from_utf8(output.expect("it runs").stderr).expect("it is text");
    let [v1, v2] = handlers();
    let told: Vec<&str> = stderr.lines().filter(|line| line.contains("layer.read")).collect();
    assert_eq!(told, [format!("audit: one action of several handlers: layer.read of {v1} and {v2}")], "{stderr}");
}

//! Two endpoints that declare the same route stop the start: a program of its own, for they are in all of it.

use audit_core::{Auditor, Output, audited};

#[audited("layer.first", route = "GET /layers/{id}")]
fn first() {}

#[audited("layer.second", route = "GET /layers/{name}")]
fn second() {}

#[test]
fn two_endpoints_of_one_route_stop_the_start_and_are_named() {
    let (one, two) = (line!() - 7, line!() - 4);
    let error = Auditor::builder().output(Output::None).build().expect_err("they contradict each other");
    assert_eq!(
        error.to_string(),
        format!(
            "declared_twice::second ({0}:{two}) declares route = \"GET /layers/{{name}}\", but declared_twice::first \
             ({0}:{one}) declares \"GET /layers/{{id}}\": the same requests would be for both",
            file!()
        )
    );
    // Where nothing is recorded, nothing is for both.
    assert!(Auditor::builder().enabled(false).build().is_ok());
    first();
    second();
}

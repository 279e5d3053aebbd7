//! An endpoint that asks for strict delivery needs a journal: a program of its own, for the endpoint is in all of it.

use audit_core::{Auditor, Output, audited};

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

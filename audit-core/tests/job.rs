//! What a job's attribute reads is part of the job: a program of its own, for it installs an auditor.

use audit_core::testing::{MemorySink, assert_record};
use audit_core::{Auditor, Output, audited};
use serde_json::json;

struct Lookup;

impl std::fmt::Display for Lookup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&looked_up("shown"))
    }
}

#[audited("job.lookup")]
fn looked_up(what: &str) -> String {
    what.to_owned()
}

#[audited("job.run", target = "thing/{lookup}", capture(n = looked_up("kept")), actor = looked_up("ana"))]
fn run(lookup: Lookup) {}

#[test]
fn what_is_audited_in_a_jobs_expressions_is_one_of_its_calls() {
    let sink = MemorySink::new();
    let auditor = Auditor::builder().output(Output::None).sink(sink.clone()).build().expect("the settings are good");
    auditor.install_global().expect("it is the only one");
    run(Lookup);
    auditor.shutdown(std::time::Duration::from_secs(30));
    let record = sink.only();
    assert_record(&record, json!({"action": "job.run", "target_id": "shown", "data": {"n": "kept"}, "user": "ana"}));
    assert_eq!(record["calls"].as_array().map(Vec::len), Some(3));
}

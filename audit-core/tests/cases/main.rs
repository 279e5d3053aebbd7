//! Cases of redaction with verdicts: `redaction.jsonl`, a sample that came with the design, and `more.jsonl`, where those
//! marked debatable are known to fail: they tell what redaction cannot find.
//!
//! Each goes through the example `redact`, and so the way that requests take. `score.py` judges any redactor's output
//! by the same rules: `redact < redaction.jsonl > out.jsonl; score.py out.jsonl`.

mod judge;
mod random;

#[path = "../../examples/redact.rs"]
#[expect(dead_code, reason = "only the example is run from a command line")]
mod redact;

#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use judge::{Demand, Verdict};
use serde_json::Value;
use support::timeless;

const SAMPLE: &str = include_str!("redaction.jsonl");
const MORE: &str = include_str!("more.jsonl");

/// How many in a hundred of the sample's debatable cases must pass.
const DEBATABLE: usize = 85;

/// What the example writes, a line a case, in chunks of so many bytes.
fn outputs(cases: &str, chunk: usize) -> Vec<(String, Option<String>)> {
    let mut out = Vec::new();
    let chunk = NonZeroUsize::new(chunk).expect("a chunk has bytes");
    redact::run(cases.as_bytes(), &mut out, chunk).expect("every line is a case");
    let text = String::from_utf8(out).expect("UTF-8");
    let line = |line| {
        let answer: Value = serde_json::from_str(line).expect("JSON");
        (answer["id"].as_str().expect("a text").to_owned(), answer["output"].as_str().map(str::to_owned))
    };
    text.lines().map(line).collect()
}

fn demands(cases: &str) -> Vec<Demand> {
    cases.lines().map(|line| serde_json::from_str(line).expect("a case")).collect()
}

/// Judges every case; what is firm must pass, and so must `debatable` in a hundred of the rest.
#[track_caller]
fn judge_all(cases: &str, debatable: usize) {
    let demands = demands(cases);
    let outputs = outputs(cases, 4_096);
    assert_eq!(demands.len(), outputs.len());
    let mut failures = String::new();
    let mut firm_failures = 0;
    let mut tables: [BTreeMap<&str, (usize, usize)>; 2] = Default::default();
    for (demand, (id, output)) in demands.iter().zip(&outputs) {
        assert_eq!(demand.id, *id);
        let verdict = demand.judge(output.as_deref());
        let passes = verdict == Verdict::Pass;
        let counts = tables[usize::from(demand.debatable)].entry(&demand.kind).or_default();
        counts.0 += usize::from(passes);
        counts.1 += 1;
        if !passes {
            firm_failures += usize::from(!demand.debatable);
            let firm = if demand.debatable { "debatable" } else { "firm" };
            failures += &format!("{firm} {id}: {verdict}: {}\n", demand.why);
        }
    }
    let [firm, unsure] = &tables;
    println!("firm, passed of all: {firm:?}\ndebatable: {unsure:?}\n{failures}");
    assert_eq!(firm_failures, 0, "\n{failures}");
    let (passed, all) = unsure.values().fold((0, 0), |sum, counts| (sum.0 + counts.0, sum.1 + counts.1));
    assert!(passed * 100 >= all * debatable, "{passed} of {all} debatable cases\n{failures}");
}

#[test]
fn the_sample_passes() {
    judge_all(SAMPLE, DEBATABLE);
}

#[test]
fn more_cases_pass() {
    judge_all(MORE, 0);
}

#[test]
fn chunks_make_no_difference() {
    for cases in [SAMPLE, MORE] {
        let whole = outputs(cases, usize::MAX);
        for chunk in [1, 7, 64, 4_096] {
            for ((id, whole), (_, other)) in whole.iter().zip(outputs(cases, chunk)) {
                assert_eq!(whole.as_deref().map(timeless), other.as_deref().map(timeless), "{id} in chunks of {chunk}");
            }
        }
    }
}

#[test]
fn no_two_cases_have_one_name() {
    let mut ids: Vec<String> = [SAMPLE, MORE].into_iter().flat_map(demands).map(|demand| demand.id).collect();
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

#[test]
fn a_line_that_is_no_case_is_told_by_its_number() {
    let good = r#"{"id":"a","kind":"json","content_type":"application/json","input":"[1]"}"#;
    for (bad, expected) in [
        ("{broken", "line 3: key must be a string"),
        (r#"{"id":"b","kind":"jsn","input":"1"}"#, "line 3: unknown variant `jsn`"),
        (r#"{"id":"b","kind":"json"}"#, r#"line 3: case "b": it has neither input nor input_b64"#),
        (r#"{"id":"b","kind":"json","input_b64":"!"}"#, r#"line 3: case "b": cannot read input_b64"#),
        (r#"{"id":"b","kind":"json","input":"1","mode":"verbose"}"#, "line 3: unknown variant `verbose`"),
    ] {
        let mut out = Vec::new();
        let cases = format!("{good}\n\n{bad}\n{good}\n");
        let error = redact::run(cases.as_bytes(), &mut out, NonZeroUsize::MIN).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
        assert_eq!(String::from_utf8(out).unwrap().lines().count(), 1, "what came before is answered");
    }
}

#[test]
fn what_a_case_tells_reaches_the_record() {
    let record = |case: &str| -> Value { serde_json::from_str(outputs(case, 3)[0].1.as_deref().unwrap()).unwrap() };
    let case = r#"{"id":"a","kind":"text","content_type":"text/plain","input":"pin=1234 kept","field":"error_text","target":"/x/y?z=1","mode":"full"}"#;
    let told = record(case);
    assert_eq!(
        (&told["error"], &told["path"], &told["mode"]),
        (&"pin=[FILTERED] kept".into(), &"/x/y".into(), &"full".into())
    );
    assert_eq!((&told["query_params"]["z"], &told["headers"]["content-type"]), (&"1".into(), &"text/plain".into()));
    let told = record(
        r#"{"id":"a","kind":"json","content_type":"application/json","input":"[1,22222]","direction":"response","capture_limit":3}"#,
    );
    assert_eq!(
        (&told["response_body"], &told["original_bytes"], &told["response_headers"]["content-type"]),
        (&serde_json::json!([1, "[not kept: too long]"]), &9.into(), &"application/json".into())
    );
    let told = record(r#"{"id":"a","kind":"header","input":"X-A: 1\r\n  2\nno header\n","content_encoding":"gzip"}"#);
    assert_eq!(told["headers"], serde_json::json!({"x-a": "1 2"}));
    let told = record(r#"{"id":"a","kind":"query","input":"a=1"}"#);
    assert_eq!(told["query_params"], serde_json::json!({"a": "1"}));
}

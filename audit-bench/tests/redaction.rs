//! What `cargo xtask bench redact` measures works: every way hides what it should, every worst case comes out.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

use std::process::{Command, Output};

fn redaction(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_redaction")).args(arguments).output().unwrap()
}

#[test]
fn every_output_is_looked_at() {
    let output = redaction(&["check"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_listed_case_can_be_run_alone() {
    let list = String::from_utf8(redaction(&["list"]).stdout).unwrap();
    let cases: Vec<(&str, &str)> = list.lines().skip(1).map(|line| line.split_once('\t').unwrap()).collect();
    assert!(cases.len() > 300, "{}", cases.len());
    for place in ["whole", "json", "form", "multipart", "query", "text", "header", "path"] {
        let (place, case) = cases.iter().find(|(listed, _)| *listed == place).unwrap();
        let output = redaction(&["one", place, case, "1000"]);
        assert!(output.status.success(), "{place} {case}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn what_is_not_known_is_refused() {
    for arguments in [["repeat", "nobody", "post-300.full", "1"], ["one", "json", "nothing", "1000"]] {
        let output = redaction(&arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("expected one of"), "{arguments:?}");
    }
    assert_eq!(redaction(&["race", "0"]).status.code(), Some(2));
}

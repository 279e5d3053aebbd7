//! Where the log goes. What another process sees of it, its words on stderr among them, is in `log.rs`.

use std::path::Path;

use audit_core::{Auditor, BuildError, Builder, Output};

use super::support::PATIENCE;
use super::{builder, from, refused};

fn write(builder: Builder) {
    let auditor = builder.build().expect("the settings are good");
    auditor.event("test.event").record();
    let report = auditor.shutdown(PATIENCE);
    assert_eq!((report.sinks[0].name.as_str(), report.sinks[0].written), ("file", 1));
}

fn count(path: &Path) -> usize {
    std::fs::read_to_string(path).expect("there is a file").lines().count()
}

#[test]
fn a_file_from_the_environment_and_from_code() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["audit.jsonl", "with blanks.jsonl", "-", "off", "~", "käse=1,2;3"] {
        let path = folder.path().join(name);
        write(builder().env_from(from([("AUDIT_LOG_PATH", path.to_str().unwrap())])));
        write(Auditor::builder().output(Output::File(path.clone())));
        assert_eq!(count(&path), 2, "{path:?}");
    }
}

#[test]
fn the_instance_stands_in_the_path_but_chooses_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("{instance}-audit-{instance}.jsonl");
    let text = path.to_str().unwrap();
    for instance in ["web-1", "{instance}", "a b", "..."] {
        write(builder().env_from(from([("AUDIT_LOG_PATH", text), ("AUDIT_INSTANCE", instance)])));
        write(Auditor::builder().output(Output::File(path.clone())).instance(instance));
        assert_eq!(count(&folder.path().join(format!("{instance}-audit-{instance}.jsonl"))), 2);
    }
    for instance in ["a/b", "..", ".", "../a", "/", r"a\b"] {
        let said = format!(
            "AUDIT_INSTANCE is \"{}\"; expected a name that can stand in a path, for AUDIT_LOG_PATH has {{instance}}",
            instance.escape_debug()
        );
        let read = builder().env_from(from([("AUDIT_LOG_PATH", text), ("AUDIT_INSTANCE", instance)]));
        assert_eq!(refused(read), [&*said]);
        assert_eq!(refused(Auditor::builder().output(Output::File(path.clone())).instance(instance)), [said]);
    }
}

#[test]
fn a_file_that_cannot_be_opened_falls_back_to_stdout_and_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing").join("audit.jsonl");
    let too_long = folder.path().join("x".repeat(300));
    for path in [&missing, &too_long, &folder.path().to_owned()] {
        let read = builder().env_from(from([("AUDIT_LOG_PATH", path.to_str().unwrap())]));
        for builder in [read, Auditor::builder().output(Output::File(path.clone()))] {
            let stats = builder.build().expect("that is no reason to stop").stats();
            assert_eq!((stats.fell_back_to_stdout, stats.sinks[0].name.as_str()), (true, "stdout"), "{path:?}");
        }
    }
    let fine = Auditor::builder().output(Output::File(folder.path().join("audit.jsonl"))).build().unwrap();
    assert!(!fine.stats().fell_back_to_stdout);
}

#[test]
fn a_file_that_holds_something_else_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "buy milk\n").unwrap();
    let error = builder().env_from(from([("AUDIT_LOG_PATH", path.to_str().unwrap())])).build().err().unwrap();
    assert!(matches!(error, BuildError::LogIsForeign { .. }), "{error}");
    let said =
        format!("AUDIT_LOG_PATH is {path:?}; expected a new file or one that holds records: it begins otherwise");
    assert_eq!(error.to_string(), said);
}

#[test]
fn a_name_that_only_code_can_give() {
    let said = r#"AUDIT_LOG_PATH is "stdout"; expected Output::Stdout, or ./stdout for a file of that name"#;
    assert_eq!(refused(Auditor::builder().output(Output::File("stdout".into()))), [said]);
    let said = r#"AUDIT_LOG_PATH is ""; expected stdout or the path of a file"#;
    assert_eq!(refused(Auditor::builder().output(Output::File("".into()))), [said]);
}

/// A path need not be text. macOS refuses such a name.
#[cfg(target_os = "linux")]
#[test]
fn code_can_give_a_path_that_is_no_text() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(std::ffi::OsStr::from_bytes(b"f\xffll"));
    write(Auditor::builder().output(Output::File(path.clone())));
    assert_eq!(count(&path), 1);
}

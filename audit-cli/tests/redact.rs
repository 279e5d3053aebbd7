//! `audit redact`, as a user runs it. No run shows the secret that its input holds, on stdout or on stderr.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// Stands in every body.
const SECRET: &str = "canary-4711-hush";

/// How a run ended, and what it said.
#[derive(Debug)]
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Run {
    #[track_caller]
    fn assert(&self, out: &str, err: &[&str]) {
        assert_eq!((self.out.as_str(), self.err.lines().collect::<Vec<_>>().as_slice()), (out, err));
        assert_eq!(self.code, Some(0));
    }
}

/// Runs `audit redact` with nothing in its environment but `variables`.
fn spawn(arguments: &[&str], variables: &[(&str, &str)]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_audit"))
        .arg("redact")
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Gives it a body; one that ended without reading it is no failure.
fn feed(child: &mut Child, body: &[u8]) {
    let fed = child.stdin.take().unwrap().write_all(body);
    assert!(fed.as_ref().is_ok() || fed.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe));
}

#[track_caller]
fn ended(child: Child) -> Run {
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let (out, err) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    for shown in [&out, &err] {
        assert!(!shown.contains("hush") && !shown.contains("4711"), "the secret is shown: {shown}");
        assert!(!shown.contains("panicked"), "{shown}");
    }
    Run { code: status.code(), out, err }
}

#[track_caller]
fn run(arguments: &[&str], variables: &[(&str, &str)], body: impl AsRef<[u8]>) -> Run {
    let mut child = spawn(arguments, variables);
    feed(&mut child, body.as_ref());
    ended(child)
}

/// A JSON body with one secret.
fn json() -> String {
    format!(r#"{{"user":"ana","password":"{SECRET}","n":1.50}}"#)
}

const JSON_KEPT: &str = "{\n  \"user\": \"ana\",\n  \"password\": \"[FILTERED]\",\n  \"n\": 1.50\n}\n";
const GUESSED: &str = "taken as application/json, for no --content-type was given";
const JSON_FIGURES: &str = "1 value hidden; 53 bytes seen; not truncated";

/// A file of its own.
fn file(name: &str, body: &str) -> (TempDir, String) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join(name);
    std::fs::write(&path, body).unwrap();
    (directory, path.to_str().unwrap().to_owned())
}

#[test]
fn json_from_standard_input_and_from_a_file() {
    run(&[], &[], json()).assert(JSON_KEPT, &[GUESSED, JSON_FIGURES]);
    run(&["-"], &[], json()).assert(JSON_KEPT, &[GUESSED, JSON_FIGURES]);
    let (_directory, path) = file("body.json", &json());
    let by_extension = "taken as application/json, by the file's extension";
    run(&[&path], &[], "").assert(JSON_KEPT, &[by_extension, JSON_FIGURES]);
}

#[test]
fn lines_are_known_by_their_extension() {
    let (_directory, path) = file("body.ndjson", &format!("{{\"token\":\"{SECRET}\"}}\n[1]\n"));
    run(&[&path], &[], "").assert(
        "[\n  {\n    \"token\": \"[FILTERED]\"\n  },\n  [1]\n]\n",
        &["taken as application/x-ndjson, by the file's extension", "1 value hidden; 33 bytes seen; not truncated"],
    );
}

#[test]
fn a_form() {
    let body = format!("user=ana&password={SECRET}");
    run(&["--content-type", "application/x-www-form-urlencoded"], &[], body).assert(
        "{\n  \"user\": \"ana\",\n  \"password\": \"[FILTERED]\"\n}\n",
        &["1 value hidden; 34 bytes seen; not truncated"],
    );
}

#[test]
fn multipart() {
    let part =
        |name: &str, value: &str| format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let body = format!("{}{}--b--\r\n", part("user", "ana"), part("password", SECRET));
    let shown = run(&["--content-type", "multipart/form-data; boundary=b"], &[], &body);
    assert!(shown.out.contains("ana") && shown.out.contains("[FILTERED]"), "{shown:?}");
    assert_eq!(shown.err, format!("1 value hidden; {} bytes seen; not truncated\n", body.len()));
    assert_eq!(shown.code, Some(0));
}

#[test]
fn geojson_keeps_its_geometry_in_full_only() {
    let body = format!(
        r#"{{"type":"Feature","properties":{{"token":"{SECRET}"}},"geometry":{{"type":"Point","coordinates":[1.50,2]}}}}"#
    );
    let (_directory, path) = file("place.geojson", &body);
    let taken = "taken as application/geo+json, by the file's extension";
    let head = "{\n  \"type\": \"Feature\",\n  \"properties\": {\n    \"token\": \"[FILTERED]\"\n  },\n";
    let compact = format!("{head}  \"geometry\": \"[GEOMETRY_FILTERED]\"\n}}\n");
    let hidden = |values| format!("{values}; {} bytes seen; not truncated", body.len());
    run(&[&path], &[], "").assert(&compact, &[taken, &hidden("2 values hidden")]);
    run(&["--mode", "compact", &path], &[("AUDIT_MODE", "full")], "")
        .assert(&compact, &[taken, &hidden("2 values hidden")]);
    let full =
        format!("{head}  \"geometry\": {{\n    \"type\": \"Point\",\n    \"coordinates\": [1.50, 2]\n  }}\n}}\n");
    run(&["--mode", "full", &path], &[], "").assert(&full, &[taken, &hidden("1 value hidden")]);
    run(&[&path], &[("AUDIT_MODE", "full")], "").assert(&full, &[taken, &hidden("1 value hidden")]);
}

#[test]
fn basic_mode_says_that_nothing_is_kept() {
    let figures = "nothing is kept, for the mode is basic; 53 bytes seen; not truncated";
    run(&["--mode", "basic"], &[], json()).assert("", &[GUESSED, figures]);
    run(&[], &[("AUDIT_MODE", "basic")], json()).assert("", &[GUESSED, figures]);
}

#[test]
fn an_empty_body_leaves_nothing() {
    run(&[], &[], "").assert("", &[GUESSED, "nothing is kept, for the body is empty; 0 bytes seen; not truncated"]);
}

#[test]
fn what_is_withheld_says_why() {
    for (arguments, body, reason) in [
        (["--content-type", "application/json"].as_slice(), format!("{{\"a\":{SECRET}"), "not valid JSON"),
        (&["--content-type", "application/json", "--content-encoding", "gzip"], json(), "compressed"),
        (&["--content-type", "text/plain"], SECRET.to_owned(), "content type not understood"),
        (&["--content-type", ""], json(), "no content type"),
    ] {
        let shown = run(arguments, &[], &body);
        assert!(shown.out.starts_with(&format!("{{\n  \"withheld\": \"{reason}\",\n")), "{shown:?}");
        assert_eq!(shown.err, format!("withheld: {reason}; {} bytes seen; not truncated\n", body.len()));
        assert_eq!(shown.code, Some(0));
    }
}

#[test]
fn a_body_that_only_looks_withheld_is_shown() {
    let kept = "{\n  \"withheld\": \"tax\",\n  \"bytes\": 1\n}\n";
    let figures = "0 values hidden; 28 bytes seen; not truncated";
    run(&[], &[], r#"{"withheld":"tax","bytes":1}"#).assert(kept, &[GUESSED, figures]);
}

#[test]
fn a_long_body_says_that_it_was_cut() {
    const LENGTH: usize = 2 << 20;
    let beginning = format!(r#"[{{"password":"{SECRET}"}}{}"#, ",1".repeat(100_000));
    let end = format!(r#","{SECRET}"]"#);
    let body = format!("{beginning}{}{end}", " ".repeat(LENGTH - beginning.len() - end.len()));
    let shown = run(&["--content-type", "application/json"], &[], &body);
    assert!(shown.out.starts_with("[\n  {\n    \"password\": \"[FILTERED]\"\n  },\n  1,\n"));
    assert!((10_000..100_000).contains(&shown.out.len()), "{} bytes", shown.out.len());
    let figures = "1 value hidden; 2,097,152 bytes seen; truncated (AUDIT_MAX_BODY_BYTES, AUDIT_MAX_LINE_BYTES)\n";
    assert_eq!((shown.err.as_str(), shown.code), (figures, Some(0)));
}

#[test]
fn the_bounds_of_the_environment_hold() {
    let noted = r#"{"user":"ana","note":"0123456789","n":1.50}"#;
    run(&[], &[("AUDIT_MAX_BODY_BYTES", "9")], noted).assert(
        "{\n  \"user\": \"ana\",\n  \"note\": \"[not kept: too long]\",\n  \"n\": 1.50\n}\n",
        &[GUESSED, "0 values hidden; 43 bytes seen; truncated (AUDIT_MAX_BODY_BYTES, AUDIT_MAX_LINE_BYTES)"],
    );
    let long = format!("[{}]", ["\"0123456789\""; 400].join(","));
    let line = |bytes| run(&["--record"], &[("AUDIT_MAX_LINE_BYTES", bytes)], &long);
    let short = line("2048");
    assert!(short.out.len() <= 2_048 && short.out.len() > 1_000 && short.out.contains("\"truncated\":true"));
    assert!(line("16KiB").out.len() > long.len());
}

#[test]
fn names_of_the_environment_are_hidden() {
    let body = format!(r#"{{"mi_campo":"{SECRET}","other":1}}"#);
    run(&[], &[("AUDIT_SENSITIVE_FIELDS", "mi_campo")], body).assert(
        "{\n  \"mi_campo\": \"[FILTERED]\",\n  \"other\": 1\n}\n",
        &[GUESSED, "1 value hidden; 41 bytes seen; not truncated"],
    );
}

#[test]
fn a_misspelt_setting_is_named() {
    let misspelt = "audit: \"AUDIT_SENSITIVE_FIELD\" is no setting and is ignored";
    run(&[], &[("AUDIT_SENSITIVE_FIELD", "n")], json()).assert(JSON_KEPT, &[misspelt, GUESSED, JSON_FIGURES]);
}

#[test]
fn the_whole_record_is_one_line() {
    let shown = run(&["--record"], &[("AUDIT_SERVICE", "geo")], json());
    assert_eq!(shown.err, format!("{GUESSED}\n{JSON_FIGURES}\n"));
    assert_eq!(shown.out.matches('\n').count(), 1);
    let record: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
    let expected = serde_json::json!({"user": "ana", "password": "[FILTERED]", "n": 1.50});
    assert_eq!((&record["request_body"], &record["service"]), (&expected, &"geo".into()));
    assert_eq!(
        (&record["completion"], &record["headers"]["content-type"]),
        (&"completed".into(), &"application/json".into())
    );
    assert_eq!(shown.code, Some(0));
}

#[test]
fn settings_of_whether_and_where_have_no_say() {
    let directory = TempDir::new().unwrap();
    let log = directory.path().join("audit.jsonl");
    let variables = [
        ("AUDIT_LOG_PATH", log.to_str().unwrap()),
        ("AUDIT_ENABLED", "false"),
        ("AUDIT_AUTO_DETECT", "false"),
        ("AUDIT_INCLUDE_PATHS", "[]"),
        ("AUDIT_EXCLUDE_PATHS", "/api,/{any},/{*rest}"),
    ];
    run(&[], &variables, json()).assert(JSON_KEPT, &[GUESSED, JSON_FIGURES]);
    assert!(!log.exists());
}

#[test]
fn wrong_settings_are_all_named() {
    let shown = run(&[], &[("AUDIT_MODE", "verbose"), ("AUDIT_MAX_LINE_BYTES", "1MB")], json());
    assert_eq!((shown.code, shown.out.as_str()), (Some(1), ""));
    let lines: Vec<&str> = shown.err.lines().collect();
    assert_eq!(lines[0], r#"audit: AUDIT_MODE is "verbose"; expected basic, compact or full"#);
    assert!(
        lines.len() == 2 && lines[1].starts_with(r#"audit: AUDIT_MAX_LINE_BYTES is "1MB"; expected "#),
        "{lines:?}"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let directory = TempDir::new().unwrap();
    for path in [directory.path(), &directory.path().join("no.json"), Path::new("no\u{202e}such\u{1b}[2J.json")] {
        let shown = run(&[path.to_str().unwrap()], &[], json());
        assert_eq!((shown.code, shown.out.as_str()), (Some(1), ""));
        assert!(shown.err.starts_with(&format!("audit: cannot read {path:?}: ")), "{}", shown.err);
        assert_eq!(shown.err.lines().count(), 1);
    }
}

#[test]
fn wrong_arguments_say_what_was_meant() {
    for (arguments, said) in [
        (["--mod", "full"].as_slice(), "a similar argument exists: '--mode'"),
        (&["--mode", "ful"], "[possible values: basic, compact, full]"),
        (&["a.json", "b.json"], "unexpected argument 'b.json' found"),
    ] {
        let shown = run(arguments, &[], json());
        assert_eq!((shown.code, shown.out.as_str()), (Some(2), ""));
        assert!(shown.err.contains(said), "{}", shown.err);
    }
}

#[test]
fn a_reader_that_closes_stdout_is_no_error() {
    for arguments in [[].as_slice(), &["--record"], &["--help"]] {
        let mut child = spawn(arguments, &[]);
        drop(child.stdout.take());
        feed(&mut child, json().as_bytes());
        let shown = ended(child);
        assert!(shown.code == Some(0), "{shown:?}");
    }
}

#[test]
fn a_closed_stderr_is_no_error() {
    let mut child = spawn(&[], &[]);
    drop(child.stderr.take());
    feed(&mut child, json().as_bytes());
    ended(child).assert(JSON_KEPT, &[]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_audit"))
        .arg("redact")
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    feed(&mut child, json().as_bytes());
    let shown = ended(child);
    assert_eq!(shown.code, Some(1));
    assert!(shown.err.contains("audit: cannot write to stdout: "), "{}", shown.err);
}

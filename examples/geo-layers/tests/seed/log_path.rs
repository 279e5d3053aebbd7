//! `AUDIT_LOG_PATH` and "Fallback": where records go.

use std::fs;

use serde_json::{Value, json};
use service_kit::testing::mode;

use crate::support::{Server, refused};

const ON: (&str, &str) = ("AUDIT_ENABLED", "True");

/// Makes a layer, and gives the ids of the login's record and of this one's.
async fn used(server: &Server) -> [String; 2] {
    let ana = server.visitor();
    let login = ana.log_in("ana", "ana-pass").await;
    let made = ana.add_layer("wells").await;
    [login, made].map(|answer| answer.audit_id().unwrap().to_owned())
}

/// The ids of records, one on each line and nothing else. They sort by when their requests began.
fn ids(lines: &str) -> Vec<String> {
    let record = |line: &str| serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let mut ids: Vec<_> = lines.lines().map(|line| record(line)["event_id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn stdout_has_records_and_nothing_else_unless_a_file_is_named() {
    for variables in [&[ON][..], &[ON, ("AUDIT_LOG_PATH", "")], &[ON, ("AUDIT_LOG_PATH", "stdout")]] {
        // All that the program and its libraries can say is said on stderr.
        let server = Server::start(&[variables, &[("RUST_LOG", "trace")]].concat());
        let expected = used(&server).await;
        let ended = server.stop();
        assert_eq!(ids(&ended.stdout), expected, "{variables:?}");
        assert!(ended.stderr.iter().any(|line| line.contains("TRACE")));
        assert_eq!(ended.stderr.last().map(String::as_str), Some("audit: stdout: 2 written, 0 lost"));
        assert!(!ended.stderr.iter().any(|line| line.starts_with('{')), "{:?}", ended.stderr);
    }
}

#[tokio::test]
async fn a_file_that_is_named_has_them_and_is_its_owners() {
    let server = Server::audited(&[]);
    let expected = used(&server).await;
    assert_eq!(mode(&server.log_path()), 0o600);
    let folder = tempfile::tempdir().unwrap();
    // A second name, for the first goes with the server's folder.
    let log = folder.path().join("audit.jsonl");
    fs::hard_link(server.log_path(), &log).unwrap();
    let ended = server.stop();
    assert_eq!((&*ended.stdout, ended.stderr.last().unwrap().as_str()), ("", "audit: file: 2 written, 0 lost"));
    assert_eq!(ids(&fs::read_to_string(log).unwrap()), expected);
}

/// Root may write everywhere, so that permissions alone would stop nothing here: these paths stop everybody.
#[tokio::test]
async fn a_path_that_cannot_be_written_falls_back_to_stdout_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    fs::write(&file, "").unwrap();
    let dangling = folder.path().join("a-link");
    std::os::unix::fs::symlink(&file, &dangling).unwrap();
    let paths = [
        folder.path().join("no/such/folder/audit.log"),
        // A file where a folder should be, a folder where a file should be, and a link, which is not followed.
        file.join("audit.log"),
        folder.path().to_owned(),
        dangling,
    ];
    for path in paths {
        let path = path.to_str().unwrap();
        let server = Server::start(&[ON, ("AUDIT_LOG_PATH", path)]);
        let mut expected = used(&server).await.to_vec();
        let admin = server.visitor();
        let login = admin.log_in("admin", "admin-pass").await;
        let statistics = admin.get("/gvsigonline/statistics/").await;
        assert_eq!(statistics.status, 200, "{}", statistics.body);
        let found = statistics.json();
        assert_eq!(found["fell_back_to_stdout"], true, "{found}");
        assert_eq!((&found["sinks"][0]["name"], found["sinks"].get(1)), (&json!("stdout"), None), "{found}");

        expected.extend([login, statistics].map(|answer| answer.audit_id().unwrap().to_owned()));
        let ended = server.stop();
        assert_eq!(ids(&ended.stdout), expected, "{path}");
        let beginning = format!("audit: cannot open audit file {path}: ");
        let said: Vec<_> = ended.stderr.iter().filter(|line| line.contains("cannot open audit file")).collect();
        let [said] = &said[..] else { panic!("{:?}", ended.stderr) };
        assert!(said.starts_with(&beginning) && said.ends_with("; records go to stdout instead"), "{said}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "");
}

#[tokio::test]
async fn the_statistics_tell_of_a_file_that_is_written() {
    let server = Server::audited(&[]);
    let admin = server.visitor();
    server.line_of(&admin.log_in("admin", "admin-pass").await).await;
    let found = admin.get("/gvsigonline/statistics/").await.json();
    assert_eq!((&found["fell_back_to_stdout"], &found["sinks"][0]["name"]), (&json!(false), &json!("file")), "{found}");
    let sink = &found["sinks"][0];
    let figure = |name: &str| sink[name].as_u64().unwrap();
    // The login's; this one's own comes after its answer.
    assert_eq!((figure("accepted"), figure("dropped") + figure("failed")), (1, 0), "{found}");
}

/// A file that somebody else writes, or that is no log, is not one that cannot be written: nobody means it.
#[test]
fn what_is_no_log_of_ours_is_not_appended_to() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = folder.path().join("notes.txt");
    fs::write(&foreign, "my notes\n").unwrap();
    let said = refused(&[ON, ("AUDIT_LOG_PATH", foreign.to_str().unwrap())]).stderr.join("\n");
    assert!(said.contains("AUDIT_LOG_PATH is ") && said.contains("notes.txt"), "{said}");
    assert_eq!(fs::read_to_string(&foreign).unwrap(), "my notes\n");

    let first = Server::audited(&[]);
    let shared = first.log_path();
    let said = refused(&[ON, ("AUDIT_LOG_PATH", shared.to_str().unwrap())]).stderr.join("\n");
    assert!(said.contains("audit.jsonl"), "{said}");
}

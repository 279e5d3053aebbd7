//! What the README says of the quickstarts, asked of the programs themselves.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{PATIENCE, Program};

/// What curl sends for the README's command.
const REQUEST: &str = "POST /api/v1/layers?format=json&token=abc HTTP/1.1\r\n\
    host: 127.0.0.1:8080\r\nuser-agent: curl/7.88.1\r\naccept: */*\r\n\
    content-type: application/json\r\ncontent-length: 89\r\n\r\n";
const BODY: &str = r#"{"name":"rivers","password":"hunter2","geometry":{"type":"Point","coordinates":[1.50,2]}}"#;
/// Members of a record that are of their own each time.
const OF_ITS_OWN: [&str; 4] = ["timestamp", "event_id", "started_at", "response_time_ms"];

/// Sends the README's request to a quickstart, and stops it: it leaves the README's record, and no other.
///
/// # Panics
/// When it does otherwise.
pub fn leaves_the_record_of_the_readme(program: &str, framework: &str) {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AUDIT_")) {
        command.env_remove(name);
    }
    let program = Program::start_on_port(&mut command);
    let answer = post(program.address());
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    assert!(head.starts_with("HTTP/1.1 201 Created\r\n") && body.ends_with(r#"{"name":"rivers"}"#), "{answer}");
    program.signal("INT");
    let ended = program.ends();
    assert!(ended.status.success(), "{}: {:#?}", ended.status, ended.stderr);

    let record: Value = serde_json::from_str(&ended.stdout).expect("stdout has one record and nothing else");
    let id = head.lines().find_map(|line| line.strip_prefix("audit-id: "));
    assert_eq!(id, record["event_id"].as_str(), "{answer}");
    let mut expected = shown();
    expected["framework"] = json!(framework);
    expected["handler"] = json!(format!("quickstart_{framework}::create_layer"));
    for name in OF_ITS_OWN {
        assert_eq!(record[name].is_string(), expected[name].is_string(), "{name}: {record}");
        expected[name] = record[name].clone();
    }
    assert_eq!(record, expected);
}

/// The README's record.
fn shown() -> Value {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(readme).expect("there is a README");
    assert!(readme.contains(BODY) && readme.contains("/api/v1/layers?format=json&token=abc'"), "another request");
    let line = readme.lines().find(|line| line.starts_with(r#"{"timestamp":"#)).expect("it shows a record");
    serde_json::from_str(line).expect("a record is JSON")
}

/// Sends the request, closes nothing, and gives the whole answer.
fn post(address: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
    stream.write_all(REQUEST.as_bytes()).and_then(|()| stream.write_all(BODY.as_bytes())).expect("it is sent");
    let mut answer = Vec::new();
    let mut piece = [0; 1024];
    while !answer.ends_with(br#"{"name":"rivers"}"#) {
        match stream.read(&mut piece).expect("the answer comes") {
            0 => break,
            length => answer.extend_from_slice(&piece[..length]),
        }
    }
    String::from_utf8(answer).expect("the answer is text")
}

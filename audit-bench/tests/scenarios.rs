//! What is measured works: every scenario gives the bare one's answers, and leaves what it is measured for.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

use std::process::Command;

const COUNT: usize = 3;

/// One scenario on one request, as `list` tells it.
struct Cell {
    request: String,
    scenario: String,
    lines: usize,
}

fn cells() -> Vec<Cell> {
    let text = run(&["list"]);
    let cell = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        let [request, scenario, lines, _name] = fields[..] else { panic!("{line}") };
        Cell { request: request.into(), scenario: scenario.into(), lines: lines.parse().unwrap() }
    };
    text.lines().skip(1).map(cell).collect()
}

fn run(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_audit-bench")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The answers, but for `audit-id`, how many of these there were, and the log.
fn show(cell: &Cell) -> (String, usize, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let shown = run(&["show", &cell.request, &cell.scenario, &COUNT.to_string(), path]);
    let (ids, answers): (Vec<&str>, Vec<&str>) = shown.lines().partition(|line| line.starts_with("audit-id: "));
    let log = std::fs::read_to_string(folder.path().join("log.json")).unwrap_or_default();
    (answers.join("\n"), ids.len(), log.lines().map(str::to_owned).collect())
}

#[test]
fn every_scenario_answers_as_the_bare_one_and_logs_each_request_once() {
    let cells = cells();
    assert!(cells.len() > 20, "{}", cells.len());
    for cell in &cells {
        let what = format!("{} {}", cell.request, cell.scenario);
        let bare = Cell { request: cell.request.clone(), scenario: "axum.bare".into(), lines: 0 };
        let (answers, ids, log) = show(cell);
        assert_eq!(answers, show(&bare).0, "{what}");
        assert!(answers.contains(r#"\"name\":\"rivers\""#), "{answers}");
        assert_eq!(log.len(), cell.lines * COUNT, "{what}");
        let ours = cell.scenario.starts_with("axum.");
        assert_eq!(ids, if ours { log.len() } else { 0 }, "{what}");
        for line in &log {
            let json: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(json.is_object(), "{what}: {line}");
            let method = if cell.request == "get" { r#""method":"GET""# } else { r#""method":"POST""# };
            assert!(line.contains(method) && line.contains("/api/v1/layers"), "{what}: {line}");
            let status = if cell.request == "get" { 200 } else { 201 };
            let logged = json.get("status_code").or_else(|| json.get("fields")?.get("status"));
            assert_eq!(logged.and_then(serde_json::Value::as_u64), Some(status), "{what}: {line}");
        }
    }
}

#[test]
fn headers_and_bodies_are_logged_where_that_is_what_is_measured() {
    for cell in cells().iter().filter(|cell| cell.lines > 0) {
        let what = format!("{} {}", cell.request, cell.scenario);
        let keeps = |word| cell.scenario.contains(word);
        let body = keeps("compact") || keeps("full") || keeps("hand_written");
        let headers = body || keeps("headers");
        for line in show(cell).2 {
            assert_eq!(line.contains("Firefox"), headers, "{what}: {line}");
            assert_eq!(line.contains("EPSG:25830"), body && cell.request != "get", "{what}: {line}");
            assert_eq!(line.contains("[FILTERED]"), body, "{what}: {line}");
            assert!(!line.contains("correct-horse"), "{what}: {line}");
            // tower-http hides no header by itself.
            assert_eq!(line.contains("sessionid=0pq3"), keeps("headers"), "{what}: {line}");
        }
    }
}

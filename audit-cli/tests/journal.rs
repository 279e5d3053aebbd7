//! `audit tail`, `audit query` and `audit replay`, as a user runs them on files.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use audit_store::{Filter, Store};
use tempfile::TempDir;

struct Place(TempDir);

/// How a run ended, and what it said.
#[derive(Debug)]
struct Run {
    code: Option<i32>,
    out: Vec<String>,
    err: String,
}

fn record(seq: u64) -> String {
    let user = if seq.is_multiple_of(3) { "ana" } else { "bo" };
    format!(
        r#"{{"timestamp":"2026-11-22T10:00:{:02}.000000Z","event_id":"0193b3a1-7c5e-7000-8000-{seq:012x}","user":"{user}","status_code":{},"n":1.50,"seq":{seq}}}"#,
        seq % 60,
        200 + seq % 5 * 100,
    )
}

fn records(seqs: impl IntoIterator<Item = u64>) -> Vec<String> {
    seqs.into_iter().map(record).collect()
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_audit"));
    command.args(arguments).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(arguments: &[&str]) -> Run {
    let done = command(arguments).output().unwrap();
    let out = String::from_utf8(done.stdout).unwrap().lines().map(str::to_owned).collect();
    let err = String::from_utf8(done.stderr).unwrap();
    assert!(!err.contains("panicked"), "{err}");
    Run { code: done.status.code(), out, err }
}

impl Place {
    /// A journal of three segments, the records 1 to 30.
    fn new() -> Self {
        let place = Self(TempDir::new().unwrap());
        place.put("audit.jsonl.00000000000000000001", 1..=10);
        place.put("audit.jsonl.1", 11..=20);
        place.put("audit.jsonl", 21..=30);
        place
    }

    fn put(&self, name: &str, seqs: impl IntoIterator<Item = u64>) {
        let text: String = records(seqs).iter().map(|record| format!("{record}\n")).collect();
        let mut file = OpenOptions::new().append(true).create(true).open(self.0.path().join(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn journal(&self) -> String {
        self.path("audit.jsonl")
    }
}

#[track_caller]
fn assert_shown(arguments: &[&str], expected: &[String]) {
    let run = run(arguments);
    assert_eq!(run.out, expected, "{arguments:?}: {}", run.err);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{arguments:?}");
}

#[test]
fn tail_shows_the_last_records_that_pass_over_all_segments() {
    let place = Place::new();
    let journal = place.journal();
    assert_shown(&["tail", &journal], &records(21..=30));
    assert_shown(&["tail", &journal, "-n", "12"], &records(19..=30));
    assert_shown(&["tail", &journal, "-n", "0"], &[]);
    assert_shown(&["tail", &journal, "-n", "500"], &records(1..=30));
    assert_shown(&["tail", &journal, "-n", "all"], &records(1..=30));
    assert_shown(&["tail", &journal, "--user", "ana", "-n", "4"], &records([21, 24, 27, 30]));
    assert_shown(&["tail", &journal, "--user", "ana", "--status", "-299", "-n", "all"], &records([15, 30]));
    assert_shown(&["tail", &journal, "--since", "2026-11-22T10:00:29Z"], &records(29..=30));
    // A segment by itself.
    assert_shown(&["tail", &place.path("audit.jsonl.1"), "-n", "1"], &records([20]));
}

#[test]
fn tail_looks_as_far_back_as_it_must() {
    let place = Place::new();
    place.put("audit.jsonl", (31..=20_000_u64).filter(|seq| !seq.is_multiple_of(3)));
    assert_shown(&["tail", &place.journal(), "--user", "ana", "-n", "3"], &records([24, 27, 30]));
    assert_shown(&["tail", &place.journal(), "-n", "2"], &records([19_999, 20_000]));
}

#[test]
fn records_of_older_versions_come_first() {
    let place = Place::new();
    let old = r#"{"timestamp":"2026-11-01T10:00:00.000000Z","user":"old"}"#;
    fs::write(place.path("audit.jsonl.00000000000000000001"), format!("{old}\n{}\n", records(1..=10).join("\n")))
        .unwrap();
    assert_shown(&["tail", &place.journal(), "--user", "old"], &[old.to_owned()]);
    assert_shown(&["query", &place.journal(), "--user", "old"], &[old.to_owned()]);
}

#[test]
fn pretty_goes_over_several_lines_and_changes_no_digit() {
    let place = Place::new();
    let run = run(&["tail", &place.journal(), "-n", "1", "--pretty"]);
    assert_eq!(run.out.first().map(String::as_str), Some("{"));
    assert!(run.out.iter().any(|line| line == "  \"n\": 1.50,"), "{:?}", run.out);
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn follow_goes_on_over_rotation() {
    let place = Place::new();
    let mut child =
        Killed(command(&["tail", &place.journal(), "-n", "1", "--follow", "--user", "ana"]).spawn().unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    assert_eq!(next(), record(30));
    place.put("audit.jsonl", 31..=34);
    assert_eq!(next(), record(33));
    place.put("audit.jsonl", 35..=36);
    fs::rename(place.journal(), place.path("audit.jsonl.2")).unwrap();
    place.put("audit.jsonl", 37..=39);
    assert_eq!(next(), record(36));
    assert_eq!(next(), record(39));
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let place = Place::new();
    place.put("audit.jsonl", 31..=20_000);
    for arguments in [&["tail", "-n", "all", "--follow"][..], &["query", "--limit", "100000"]] {
        let mut child = command(arguments).arg(place.journal()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(first.starts_with("{\"timestamp\""), "{first}");
        let done = child.wait_with_output().unwrap();
        assert_eq!(
            (done.status.code(), String::from_utf8(done.stderr).unwrap().as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
}

#[cfg(unix)]
#[test]
fn follow_ends_when_its_reader_leaves_though_nothing_is_written() {
    let place = Place::new();
    let mut child = command(&["tail", &place.journal(), "--follow", "-n", "1"]).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_journal_and_the_store_it_was_replayed_into_answer_alike() {
    let place = Place::new();
    let (journal, store) = (place.journal(), place.path("audit.db"));
    for _ in 0..2 {
        let run = run(&["replay", &journal, "--into", &store]);
        assert_eq!((run.code, run.err.as_str()), (Some(0), "audit: 30 records replayed, up to seq 30\n"));
        assert!(run.out.is_empty());
    }
    for filters in [
        &[][..],
        &["--user", "ana"],
        &["--status", "5xx"],
        &["--user", "bo", "--status", "-399"],
        &["--event-id", "0193b3a1-7c5e-7000-8000-00000000000b"],
    ] {
        let of = |path: &String| run(&[&["query", path][..], filters].concat());
        let (from_journal, from_store) = (of(&journal), of(&store));
        assert!(!from_journal.out.is_empty(), "{filters:?}");
        assert_eq!(from_journal.out, from_store.out, "{filters:?}");
        assert_eq!((from_store.code, from_store.err.as_str()), (Some(0), ""));
    }
    for path in [&journal, &store] {
        let run = run(&["query", path, "--limit", "3"]);
        assert_eq!(run.out, records([30, 29, 28]));
        assert_eq!((run.code, run.err.as_str()), (Some(0), "audit: 3 records shown; there may be more (--limit)\n"));
    }
}

#[test]
fn a_replay_may_begin_late_and_passes_over_what_is_broken() {
    let place = Place::new();
    let mut file = OpenOptions::new().append(true).open(place.journal()).unwrap();
    file.write_all(b"nonsense\n{\"user\":\"half").unwrap();
    let run = run(&["replay", &place.journal(), "--into", &place.path("audit.db"), "--from", "25"]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert_eq!(
        run.err,
        "audit: passed over 1 lines that are no records of the journal\naudit: 6 records replayed, up to seq 30\n"
    );
    let store = Store::open(place.path("audit.db")).unwrap();
    let page = store.query(&Filter::new(), None, 100).unwrap();
    assert_eq!(page.records.iter().map(audit_store::Record::json).collect::<Vec<_>>(), records((25..=30).rev()));
}

#[test]
fn what_is_wrong_is_named() {
    let place = Place::new();
    let (journal, missing) = (place.journal(), place.path("no.jsonl"));
    let text = place.path("notes.txt");
    fs::write(&text, "not a journal\n").unwrap();
    let other = place.path("other.db");
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE song (title)").unwrap();
    let store = place.path("audit.db");
    let folder = PathBuf::from(&journal).parent().unwrap().to_str().unwrap().to_owned();
    for (arguments, code, message) in [
        (&["tail", &missing][..], 1, format!("audit: there is no journal {missing}\n")),
        (&["query", &missing], 1, format!("audit: there is no journal {missing}\n")),
        (&["replay", &missing, "--into", &store], 1, format!("audit: there is no journal {missing}\n")),
        (&["tail", &text], 1, format!("audit: {text} is no journal: it holds no record\n")),
        (&["query", &text], 1, format!("audit: {text} is no journal: it holds no record\n")),
        (&["tail", &other], 1, format!("audit: {other} is no journal: it holds no record\n")),
        (&["tail", &folder], 1, format!("audit: {folder} is no journal: it holds no record\n")),
        (
            &["query", &other],
            1,
            format!(
                "audit: cannot open audit store {other}: the database belongs to another application (application_id 0x00000000)\n"
            ),
        ),
        (
            &["replay", &journal, "--into", &text],
            1,
            format!("audit: cannot open audit store {text}: it is not a SQLite database\n"),
        ),
        (
            &["query", &journal, "--outcome", "sucess"],
            2,
            "audit: filter outcome is \"sucess\"; expected one of success, denied, rejected, failed, unknown\n"
                .to_owned(),
        ),
        (
            &["tail", &journal, "--user", ""],
            2,
            "audit: filter user is \"\"; expected a text that is not empty\n".to_owned(),
        ),
    ] {
        let run = run(arguments);
        assert_eq!((run.code, run.err), (Some(code), message), "{arguments:?}");
        assert!(run.out.is_empty());
    }
    for arguments in [
        &["tail", &journal, "-n", "-1"][..],
        &["tail", &journal, "-n", "many"],
        &["query", &journal, "--limit", "0"],
        &["tail"],
    ] {
        assert_eq!(run(arguments).code, Some(2), "{arguments:?}");
    }
    assert!(!PathBuf::from(store).exists(), "nothing was made for a journal that is not there");
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_said() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    fs::set_permissions(place.journal(), fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(place.journal()).is_ok() {
        println!("skipped: this user may read everything");
        return;
    }
    let run = run(&["tail", &place.journal()]);
    assert_eq!(run.code, Some(1));
    assert!(run.err.starts_with(&format!("audit: cannot open {}: ", place.journal())), "{}", run.err);
}

//! The log as another process sees it: what stands on stdout and stderr, in the file, and what happens when they break.
//!
//! This program runs itself anew for each service under test, so it does without the test harness, whose own words
//! would stand between the records on stdout.

#![expect(clippy::unwrap_used, reason = "these are tests, though no harness knows of them")]

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Output as Outcome, Stdio};
use std::time::{Duration, Instant};

use audit_core::{Auditor, Line, Output, Sink, WriteError};
use serde_json::{Value, json};

/// Which service this process is to be; unset in the process that tests.
const ROLE: &str = "LOG_TEST_ROLE";
const PATIENCE: Duration = Duration::from_secs(30);

const TESTS: &[(&str, fn())] = &[
    ("stdout_holds_records_and_nothing_else", stdout_holds_records_and_nothing_else),
    ("a_file_is_made_for_its_owner_alone", a_file_is_made_for_its_owner_alone),
    ("the_instance_stands_in_the_path", the_instance_stands_in_the_path),
    ("a_file_that_cannot_be_opened_falls_back_to_stdout", a_file_that_cannot_be_opened_falls_back_to_stdout),
    ("a_second_process_on_the_same_file_refuses_to_start", a_second_process_on_the_same_file_refuses_to_start),
    ("two_lives_of_a_service_append", two_lives_of_a_service_append),
    ("a_file_that_may_not_grow_is_followed_by_another", a_file_that_may_not_grow_is_followed_by_another),
    ("a_full_device_is_counted_and_the_service_goes_on", a_full_device_is_counted_and_the_service_goes_on),
    ("closed_streams_panic_nobody", closed_streams_panic_nobody),
    (
        "a_standard_output_that_is_closed_from_the_start_is_told",
        a_standard_output_that_is_closed_from_the_start_is_told,
    ),
    ("a_reader_that_leaves_is_counted", a_reader_that_leaves_is_counted),
    ("a_stalled_reader_costs_what_does_not_fit", a_stalled_reader_costs_what_does_not_fit),
    ("a_stream_that_does_not_block_loses_nothing", a_stream_that_does_not_block_loses_nothing),
    ("off_says_so_once_and_does_nothing", off_says_so_once_and_does_nothing),
    ("from_the_environment_alone_it_is_off", from_the_environment_alone_it_is_off),
    ("the_environment_is_read_and_what_is_no_setting_named", the_environment_is_read_and_what_is_no_setting_named),
    ("a_bad_setting_in_the_environment_stops_the_start", a_bad_setting_in_the_environment_stops_the_start),
    ("a_failing_sink_is_told_at_a_limited_rate", a_failing_sink_is_told_at_a_limited_rate),
];

fn main() -> ExitCode {
    if let Ok(role) = std::env::var(ROLE) {
        return serve(&role);
    }
    let filter = std::env::args().nth(1).filter(|argument| !argument.starts_with('-'));
    let mut failed = Vec::new();
    for (name, test) in TESTS.iter().filter(|(name, _)| filter.as_deref().is_none_or(|filter| name.contains(filter))) {
        let passed = catch_unwind(AssertUnwindSafe(test)).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        failed.extend((!passed).then_some(*name));
    }
    println!("\ntest result: {} failed {failed:?}", failed.len());
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

// The services under test. What they learn of themselves they say as JSON on stderr.

fn serve(role: &str) -> ExitCode {
    match role {
        "ten" => with_auditor(ten),
        "hold" => with_auditor(|auditor| {
            auditor.event("test.event").record();
            tell(&json!({"ready": true}));
            wait_for_stdin();
        }),
        "gap" => with_auditor(|auditor| {
            ten(auditor);
            wait_until(|| stats(auditor)["queued"] == 0);
            // Nobody can tell of the gap here; the count can.
            ten(auditor);
            tell(&json!({"alive": true}));
        }),
        "stall" => with_auditor(|auditor| {
            let much = "x".repeat(1_500);
            (0..400).for_each(|number| auditor.event("test.event").data("number", number).data("much", &much).record());
            tell(&json!({"recorded": true, "sink": stats(auditor)}));
            wait_for_stdin();
        }),
        "off" => with_auditor(|auditor| {
            ten(auditor);
            tell(&json!({"enabled": auditor.is_enabled(), "threads": threads()}));
        }),
        "from_env" => match Auditor::from_env() {
            Ok(auditor) => {
                ten(&auditor);
                tell(&json!({"enabled": auditor.is_enabled()}));
                ExitCode::SUCCESS
            }
            Err(error) => refuse(&error),
        },
        "failing" => {
            let auditor = Auditor::builder().output(Output::None).sink(Failing).build().expect("it can be built");
            for number in 1..=300 {
                auditor.event("test.event").record();
                wait_until(|| stats(&auditor)["failed"] == number);
            }
            ExitCode::SUCCESS
        }
        other => panic!("no such service: {other}"),
    }
}

fn with_auditor(run: impl FnOnce(&Auditor)) -> ExitCode {
    match Auditor::builder().env().build() {
        Ok(auditor) => {
            run(&auditor);
            let fell_back = auditor.stats().fell_back_to_stdout;
            let report = auditor.shutdown(PATIENCE);
            tell(&json!({"report": report, "fell_back": fell_back}));
            ExitCode::SUCCESS
        }
        Err(error) => refuse(&error),
    }
}

fn refuse(error: &dyn std::error::Error) -> ExitCode {
    tell(&json!({"refused": error.to_string()}));
    ExitCode::from(3)
}

fn ten(auditor: &Auditor) {
    (0..10).for_each(|number| auditor.event("test.event").data("number", number).record());
}

/// A closed stderr is part of what is tested.
fn tell(what: &Value) {
    let _told = writeln!(std::io::stderr(), "{what}");
}

fn wait_for_stdin() {
    let _read = std::io::stdin().read(&mut [0]).expect("the other end is a test");
}

fn stats(auditor: &Auditor) -> Value {
    serde_json::to_value(&auditor.stats().sinks[0]).expect("figures are JSON")
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count)
}

fn wait_until(mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "in vain");
        std::thread::sleep(Duration::from_millis(1));
    }
}

struct Failing;

impl Sink for Failing {
    fn name(&self) -> &str {
        "failing"
    }
    fn write(&mut self, _: &[Line]) -> Result<(), WriteError> {
        Err(WriteError::new(0, "the peer is gone"))
    }
    fn flush(&mut self) -> Result<(), WriteError> {
        Ok(())
    }
    fn shutdown(&mut self) -> Result<(), WriteError> {
        Ok(())
    }
}

// The tests.

fn service(role: &str, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    // Settings of whoever runs the tests must not reach the service.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AUDIT_")) {
        command.env_remove(name);
    }
    command.env(ROLE, role).envs(settings.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(role: &str, settings: &[(&str, &str)]) -> Outcome {
    service(role, settings).output().expect("the service runs")
}

fn lines(text: &[u8]) -> Vec<String> {
    String::from_utf8(text.to_vec()).expect("text").lines().map(str::to_owned).collect()
}

/// Records, one a line, and nothing else.
#[track_caller]
fn records(text: &[u8]) -> Vec<Value> {
    assert!(text.is_empty() || text.ends_with(b"\n"), "the last line is whole");
    let parse = |line: &String| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let records: Vec<Value> = lines(text).iter().map(parse).collect();
    assert!(records.iter().all(|record| record["schema"] == "audit/1"), "{records:#?}");
    records
}

/// What was said to people: everything on stderr but the services' own JSON.
fn said(outcome: &Outcome) -> Vec<String> {
    lines(&outcome.stderr).into_iter().filter(|line| !line.starts_with('{')).collect()
}

/// A member of what the service told of itself.
#[track_caller]
fn told(stderr: &[u8], key: &str) -> Value {
    let told = lines(stderr).into_iter().filter_map(|line| serde_json::from_str::<Value>(&line).ok());
    told.filter_map(|told| told.get(key).cloned())
        .next_back()
        .unwrap_or_else(|| panic!("no {key} in {:?}", lines(stderr)))
}

fn sink_of(outcome: &Outcome) -> Value {
    told(&outcome.stderr, "report")["sinks"][0].clone()
}

fn numbers(records: &[Value]) -> Vec<u64> {
    records.iter().filter_map(|record| record["data"]["number"].as_u64()).collect()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}

/// Reads lines until one holds a member of this name.
#[track_caller]
fn hear(reader: &mut impl std::io::BufRead, key: &str) -> Value {
    let mut heard = String::new();
    while reader.read_line(&mut heard).expect("the service speaks") > 0 {
        let last = heard.lines().last().unwrap_or_default();
        if let Some(told) = serde_json::from_str::<Value>(last).ok().filter(|told| told.get(key).is_some()) {
            return told;
        }
    }
    panic!("no {key} in {heard}");
}

fn finish(mut child: Child) -> ExitCode {
    drop(child.stdin.take());
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().expect("it is a child") {
            return if status.success() { ExitCode::SUCCESS } else { panic!("{status}") };
        }
        if Instant::now() > deadline {
            child.kill().expect("it is a child");
            panic!("the service does not end");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn stdout_holds_records_and_nothing_else() {
    for settings in [&[][..], &[("AUDIT_LOG_PATH", "stdout")], &[("AUDIT_LOG_PATH", " STDOUT ")]] {
        let outcome = run("ten", settings);
        assert!(outcome.status.success());
        assert_eq!(numbers(&records(&outcome.stdout)), (0..10).collect::<Vec<_>>());
        assert_eq!(said(&outcome), [""; 0]);
        let sink = sink_of(&outcome);
        assert_eq!((&sink["name"], &sink["written"]), (&json!("stdout"), &json!(10)));
    }
}

fn a_file_is_made_for_its_owner_alone() {
    let folder = folder();
    let path = folder.path().join("audit.jsonl");
    let outcome = run("ten", &[("AUDIT_LOG_PATH", text(&path))]);
    assert_eq!(numbers(&records(&std::fs::read(&path).unwrap())), (0..10).collect::<Vec<_>>());
    assert_eq!(
        (outcome.stdout, sink_of(&run("ten", &[("AUDIT_LOG_PATH", text(&path))]))["name"].clone()),
        (vec![], json!("file"))
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        // One that is there keeps its mode: a collector's group was let in.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        run("ten", &[("AUDIT_LOG_PATH", text(&path))]);
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o7777, 0o640);
    }
}

fn the_instance_stands_in_the_path() {
    let folder = folder();
    let path = folder.path().join("audit-{instance}.jsonl");
    let outcome = run("ten", &[("AUDIT_LOG_PATH", text(&path)), ("AUDIT_INSTANCE", "web-1")]);
    assert!(outcome.status.success());
    let records = records(&std::fs::read(folder.path().join("audit-web-1.jsonl")).unwrap());
    assert_eq!((records.len(), &records[0]["instance"]), (10, &json!("web-1")));
}

fn a_file_that_cannot_be_opened_falls_back_to_stdout() {
    let folder = folder();
    let missing = folder.path().join("missing").join("audit.jsonl");
    let mut paths = vec![missing];
    #[cfg(unix)]
    {
        let target = folder.path().join("target");
        std::fs::write(&target, "").unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&target, &link).unwrap();
        paths.push(link);
        paths.push("/dev/null".into());
    }
    for path in &paths {
        let outcome = run("ten", &[("AUDIT_LOG_PATH", text(path))]);
        assert!(outcome.status.success());
        assert_eq!(numbers(&records(&outcome.stdout)), (0..10).collect::<Vec<_>>(), "{path:?}");
        let said = said(&outcome);
        assert_eq!(said.len(), 1, "it is said once: {said:?}");
        let path = text(path);
        assert!(said[0].starts_with(&format!("audit: cannot open audit file {path}: ")), "{said:?}");
        assert!(said[0].ends_with("; records go to stdout instead"), "{said:?}");
        assert_eq!(told(&outcome.stderr, "fell_back"), true);
        assert_eq!(sink_of(&outcome)["name"], "stdout");
    }
    let fine = run("ten", &[("AUDIT_LOG_PATH", text(&folder.path().join("fine.jsonl")))]);
    assert_eq!(told(&fine.stderr, "fell_back"), false);
}

fn a_second_process_on_the_same_file_refuses_to_start() {
    let folder = folder();
    let path = folder.path().join("audit.jsonl");
    let settings = [("AUDIT_LOG_PATH", text(&path))];
    let mut first = service("hold", &settings).spawn().unwrap();
    let mut stderr = BufReader::new(first.stderr.take().unwrap());
    hear(&mut stderr, "ready");
    let second = run("ten", &settings);
    assert_eq!(second.status.code(), Some(3));
    let expected = format!("cannot write audit file {}: another process writes it", path.display());
    assert_eq!(told(&second.stderr, "refused"), expected);
    assert_eq!((second.stdout.len(), said(&second)), (0, vec![]));
    finish(first);
    assert_eq!(records(&std::fs::read(&path).unwrap()).len(), 1, "it wrote nothing");
    assert!(run("ten", &settings).status.success(), "once the first has ended, it starts");
}

fn two_lives_of_a_service_append() {
    let folder = folder();
    let path = folder.path().join("audit.jsonl");
    for life in 1..=3 {
        assert!(run("ten", &[("AUDIT_LOG_PATH", text(&path))]).status.success());
        assert_eq!(records(&std::fs::read(&path).unwrap()).len(), life * 10);
    }
}

/// The system kills who writes a file beyond the limit, unless he asked it not to.
#[cfg(unix)]
fn a_file_that_may_not_grow_is_followed_by_another() {
    let folder = folder();
    let path = folder.path().join("audit.jsonl");
    let service = service("ten", &[("AUDIT_LOG_PATH", text(&path))]);
    let mut limited = Command::new("sh");
    // Shells count in blocks of 512 or of 1,024 bytes.
    limited.args(["-c", "ulimit -f 4 && exec \"$0\""]).arg(service.get_program());
    for (name, value) in service.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let outcome = limited.output().expect("the service runs");
    assert!(outcome.status.success(), "{outcome:?}");
    let sink = sink_of(&outcome);
    assert_eq!((&sink["written"], &sink["failed"]), (&json!(10), &json!(0)), "{sink}");
    let mut files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_none_or(|extension| extension != "lock"));
    // Those that were rotated, in order, and then the active one.
    files.sort_by_key(|file| (*file == path, file.clone()));
    assert!(files.len() > 1 && files.iter().all(|file| file.metadata().unwrap().len() <= 4_096), "{files:?}");
    let all: Vec<u8> = files.iter().flat_map(|file| std::fs::read(file).unwrap()).collect();
    assert_eq!(numbers(&records(&all)), (0..10).collect::<Vec<_>>());
    let seqs: Vec<u64> = records(&all).iter().map(|record| record["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=10).collect::<Vec<_>>());
}

#[cfg(not(unix))]
fn a_file_that_may_not_grow_is_followed_by_another() {
    skip("a_file_that_may_not_grow_is_followed_by_another", "needs Unix");
}

fn a_full_device_is_counted_and_the_service_goes_on() {
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return skip("a_full_device_is_counted_and_the_service_goes_on", "this system has no /dev/full");
    };
    let outcome = service("gap", &[]).stdout(full).output().unwrap();
    assert!(outcome.status.success());
    assert_eq!(told(&outcome.stderr, "alive"), true);
    let sink = sink_of(&outcome);
    assert_eq!((&sink["accepted"], &sink["failed"], &sink["written"]), (&json!(20), &json!(20), &json!(0)));
    assert!(sink["last_error"].as_str().unwrap().contains("No space left"), "{sink}");
    let said = said(&outcome);
    assert_eq!(said.len(), 1, "at a limited rate: {said:?}");
    assert!(said[0].starts_with("audit: sink stdout lost ") && said[0].contains("No space left"), "{said:?}");
}

#[cfg(unix)]
fn closed_streams_panic_nobody() {
    // A process cannot be started by `Command` with its streams closed; both ends of a pipe that nobody reads can do.
    for (out, err) in [(true, false), (false, true), (true, true)] {
        let mut command = service("gap", &[]);
        if out {
            command.stdout(broken_pipe());
        }
        if err {
            command.stderr(broken_pipe());
        }
        let outcome = command.output().unwrap();
        assert!(outcome.status.success(), "{outcome:?}");
        if !out {
            assert_eq!(records(&outcome.stdout).len(), 20);
        }
        if !err {
            assert_eq!(sink_of(&outcome)["failed"], 20);
        }
    }
}

/// Rust's runtime opens `/dev/null` in the place of a stream that is closed: writing succeeds, and keeps nothing.
#[cfg(target_os = "linux")]
fn a_standard_output_that_is_closed_from_the_start_is_told() {
    let plain = service("ten", &[]);
    let mut closed = Command::new("sh");
    closed.args(["-c", "exec \"$0\" >&-"]).arg(plain.get_program()).env(ROLE, "ten");
    let outcome = closed.stdin(Stdio::null()).stderr(Stdio::piped()).output().unwrap();
    assert!(outcome.status.success(), "{outcome:?}");
    assert_eq!(
        said(&outcome),
        ["audit: standard output is closed, or is /dev/null: records that go there are kept nowhere"]
    );
}

#[cfg(not(target_os = "linux"))]
fn a_standard_output_that_is_closed_from_the_start_is_told() {
    skip("a_standard_output_that_is_closed_from_the_start_is_told", "needs /dev/null as Linux has it");
}

#[cfg(not(unix))]
fn closed_streams_panic_nobody() {
    skip("closed_streams_panic_nobody", "needs Unix");
}

/// Tells of a test that cannot run here; `cargo xtask test` counts them.
fn skip(test: &str, reason: &str) {
    println!("skipped: {test}: {reason}");
    if let Some(file) = std::env::var_os("SKIPPED_TESTS_FILE") {
        let mut file = File::options().append(true).open(file).unwrap();
        writeln!(file, "{test}: {reason}").unwrap();
    }
}

/// The writing end of a pipe whose reading end is closed.
#[cfg(unix)]
fn broken_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn a_reader_that_leaves_is_counted() {
    let mut child = service("hold", &[]).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    hear(&mut stderr, "ready");
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(records(line.as_bytes()).len(), 1);
    drop(stdout);
    drop(child.stdin.take());
    let sink = hear(&mut stderr, "report")["report"]["sinks"][0].clone();
    assert_eq!((&sink["written"], &sink["queued"]), (&json!(1), &json!(0)), "what was read counts as written");
    finish(child);

    let mut child = service("gap", &[]).spawn().unwrap();
    drop(child.stdout.take());
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let sink = hear(&mut stderr, "report")["report"]["sinks"][0].clone();
    assert_eq!(sink["accepted"], sink["written"].as_u64().unwrap() + sink["failed"].as_u64().unwrap());
    finish(child);
}

fn a_stalled_reader_costs_what_does_not_fit() {
    let mut child = service("stall", &[("AUDIT_QUEUE_BYTES", "65536")]).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let told = hear(&mut stderr, "recorded");
    let sink = &told["sink"];
    // A pipe holds 64 KiB, the queue as much again, of more than 600 KB.
    assert!(sink["dropped"].as_u64().unwrap() > 100, "nobody waits: {told}");
    assert!(sink["queued_bytes"].as_u64().unwrap() <= 65_536, "{told}");
    let mut stdout = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut all = Vec::new();
        stdout.read_to_end(&mut all).unwrap();
        all
    });
    drop(child.stdin.take());
    let report = hear(&mut stderr, "report")["report"].clone();
    finish(child);
    let records = records(&reader.join().unwrap());
    let plain = numbers(&records);
    let sink = &report["sinks"][0];
    assert_eq!(sink["written"].as_u64(), Some(records.len() as u64));
    assert_eq!(plain.len() as u64 + sink["dropped"].as_u64().unwrap(), 400, "{report}");
    assert!(plain.is_sorted(), "in order");
    let gaps = records.iter().filter(|record| record["action"] == "audit.gap");
    assert_eq!(gaps.map(|gap| gap["data"]["count"].as_u64().unwrap()).sum::<u64>(), sink["dropped"].as_u64().unwrap());
}

/// As a terminal or a pipe is that another program shares and made so: a full one says EAGAIN.
#[cfg(unix)]
fn a_stream_that_does_not_block_loses_nothing() {
    use std::os::fd::OwnedFd;
    let (mut reader, writer) = std::os::unix::net::UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    let mut command = service("stall", &[]);
    let mut child = command.stdout(OwnedFd::from(writer)).spawn().unwrap();
    // Its end of the stream is to be the only one.
    drop(command);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let told = hear(&mut stderr, "recorded");
    let sink = &told["sink"];
    assert!(sink["queued"].as_u64().unwrap() > 0 && sink["failed"] == 0, "the stream is full: {told}");
    let reader = std::thread::spawn(move || {
        let mut all = Vec::new();
        reader.read_to_end(&mut all).unwrap();
        all
    });
    drop(child.stdin.take());
    let sink = hear(&mut stderr, "report")["report"]["sinks"][0].clone();
    finish(child);
    assert_eq!((&sink["written"], &sink["failed"], &sink["dropped"]), (&json!(400), &json!(0), &json!(0)), "{sink}");
    assert_eq!(numbers(&records(&reader.join().unwrap())), (0..400).collect::<Vec<_>>());
}

#[cfg(not(unix))]
fn a_stream_that_does_not_block_loses_nothing() {
    skip("a_stream_that_does_not_block_loses_nothing", "needs Unix");
}

fn off_says_so_once_and_does_nothing() {
    let folder = folder();
    let path = folder.path().join("audit.jsonl");
    let outcome = run("off", &[("AUDIT_ENABLED", "No"), ("AUDIT_LOG_PATH", text(&path))]);
    assert!(outcome.status.success());
    assert_eq!(said(&outcome), ["audit: auditing is off (AUDIT_ENABLED)"]);
    assert_eq!(told(&outcome.stderr, "enabled"), false);
    assert_eq!(told(&outcome.stderr, "threads"), 1);
    assert_eq!(outcome.stdout, b"");
    assert!(!path.exists());
    let on = run("off", &[]);
    let expected = if cfg!(target_os = "linux") { 2 + usize::from(cfg!(feature = "metrics")) } else { 1 };
    assert_eq!(told(&on.stderr, "threads"), expected, "one for the log, one for the metrics");
}

fn from_the_environment_alone_it_is_off() {
    let outcome = run("from_env", &[]);
    assert_eq!((told(&outcome.stderr, "enabled"), outcome.stdout.len()), (json!(false), 0));
    assert_eq!(said(&outcome), ["audit: auditing is off (AUDIT_ENABLED)"]);
    let outcome = run("from_env", &[("AUDIT_ENABLED", "yes")]);
    assert_eq!(told(&outcome.stderr, "enabled"), true);
    assert_eq!(records(&outcome.stdout).len(), 10, "without a shutdown, too");
}

fn the_environment_is_read_and_what_is_no_setting_named() {
    let outcome = run(
        "ten",
        &[
            ("AUDIT_MODE", "full"),
            ("AUDIT_SERVICE", " geo "),
            ("AUDIT_MODES", "basic"),
            ("AUDIT_", ""),
            ("AUDITS", "x"),
        ],
    );
    let records = records(&outcome.stdout);
    assert!(records.iter().all(|record| record["mode"] == "full" && record["service"] == "geo"), "{records:#?}");
    let mut said = said(&outcome);
    said.sort();
    let ignored = |name: &str| format!("audit: \"{name}\" is no setting and is ignored");
    assert_eq!(said, [ignored("AUDIT_"), ignored("AUDIT_MODES")], "each once, and only what looks like one of ours");
}

fn a_bad_setting_in_the_environment_stops_the_start() {
    let outcome = run("ten", &[("AUDIT_MODE", "verbose"), ("AUDIT_CHAIN", "sha256")]);
    assert_eq!(outcome.status.code(), Some(3));
    let expected = "AUDIT_MODE is \"verbose\"; expected basic, compact or full\n\
                    AUDIT_CHAIN is \"sha256\"; chaining is not built yet, expected off";
    assert_eq!(told(&outcome.stderr, "refused"), expected);
    assert_eq!(outcome.stdout, b"");
}

fn a_failing_sink_is_told_at_a_limited_rate() {
    let start = Instant::now();
    let outcome = run("failing", &[]);
    // One line at once, and one more for each interval of ten seconds that went by.
    let allowed = 1 + start.elapsed().as_secs() / 10;
    let said = said(&outcome);
    assert!((1..=allowed).contains(&(said.len() as u64)), "{said:?}");
    assert_eq!(said[0], "audit: sink failing lost 1 records: the peer is gone");
}

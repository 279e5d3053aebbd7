//! Runs the table against an adapter's echo server.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};

use crate::arguments::Arguments;
use crate::case::{Case, Framework};
use crate::client::PATIENCE;
use crate::expect::{Expected, WHOLE, differences, untaken};
use crate::kills;
use crate::log::Log;
use crate::matrix::{Matrix, Verdict};
use crate::server::Server;
use crate::table;
use crate::talk::{Body, Talk, Told};

/// The variable that makes the load heavier.
const SCALE: &str = "CONFORMANCE_SCALE";
/// The variable that says how often the server is killed.
const KILLS: &str = "CONFORMANCE_KILLS";
/// The variable that says how many MiB those bodies have of which there is much.
const BULK: &str = "CONFORMANCE_BULK";
/// The variable that says how the records are delivered of every case that does not say it.
const DELIVERY: &str = "CONFORMANCE_DELIVERY";
/// What stands in requests, errors and panics of the table and must be in no record.
const SECRETS: [&str; 1] = ["hunter2"];

/// Runs every case against this program as a server, prints the column, and tells whether all is well.
///
/// Of the arguments of a test program, words select cases by name, `--list` names them, `--skip` and `--exact` mean what
/// they always do, and the rest is ignored.
#[must_use]
pub fn run(framework: Framework) -> ExitCode {
    let arguments = Arguments::read(std::env::args().skip(1));
    let numbers = || Ok::<_, String>((number(SCALE, 1)?, number(BULK, table::USUAL)?, number(KILLS, kills::USUAL)?));
    let (scale, bulk, kills) = match numbers() {
        Ok(numbers) => numbers,
        Err(error) => {
            println!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let with_kills = arguments.select(kills::NAME);
    let mut cases: Vec<Case> = table::all(scale, bulk).into_iter().filter(|case| arguments.select(case.name)).collect();
    if let Ok(delivery) = std::env::var(DELIVERY) {
        cases.retain(|case| delivery != "strict" || !case.not_strict.contains(&framework));
        cases.iter_mut().for_each(|case| case.deliver(delivery.clone().leak()));
    }
    if arguments.list {
        let names = cases.iter().map(|case| case.name).chain(with_kills.then_some(kills::NAME));
        names.for_each(|name| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    if cases.is_empty() && !with_kills {
        println!("no case is selected, which shows nothing");
        return ExitCode::FAILURE;
    }
    raise_descriptor_limit();
    std::panic::set_hook(Box::new(|panic| {
        *LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner) = panic.to_string().replace('\n', " ");
    }));
    let started = Instant::now();
    let mut matrix = Matrix::new(framework);
    for group in groups(&cases) {
        run_group(framework, &group, &mut matrix);
    }
    if with_kills {
        let verdict = kills::run(kills).map_or_else(|error| Verdict::Failed(vec![error]), |()| Verdict::Ok);
        matrix.add(kills::NAME, kills::ABOUT, verdict);
    }
    matrix.finish(started.elapsed());
    if matrix.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What a variable says, above zero.
fn number(name: &str, usual: usize) -> Result<usize, String> {
    let Ok(text) = std::env::var(name) else { return Ok(usual) };
    text.parse::<NonZeroUsize>().map(NonZeroUsize::get).map_err(|error| format!("{name}: {error}"))
}

static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

/// Thousands of connections at once need as many descriptors; the server inherits the limit.
fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }) {
        println!("the limit of descriptors stays: {error}");
    }
}

/// Cases that one server can serve, in the order of the table.
fn groups(cases: &[Case]) -> Vec<Vec<&Case>> {
    let mut groups: Vec<Vec<&Case>> = Vec::new();
    for case in cases {
        let fits = |group: &&mut Vec<&Case>| {
            group.first().is_some_and(|first| !first.alone && !case.alone && first.settings == case.settings)
        };
        match groups.iter_mut().find(fits) {
            Some(group) => group.push(case),
            None => groups.push(vec![case]),
        }
    }
    groups
}

fn run_group(framework: Framework, group: &[&Case], matrix: &mut Matrix) {
    let settings = &group[0].settings;
    let servers = Server::start(settings, false).and_then(|audited| Ok((audited, Server::start(settings, true)?)));
    let (mut audited, mut bare) = match servers {
        Ok(servers) => servers,
        Err(error) => {
            group.iter().for_each(|case| matrix.add(case.name, case.about, Verdict::Failed(vec![error.clone()])));
            return;
        }
    };
    let mut log = audited.log();
    let mut verdicts = Vec::new();
    let mut owed = HashMap::new();
    for case in group {
        let Some(expected) = case.expected_of(framework) else {
            verdicts.push((*case, Vec::new()));
            continue;
        };
        let failures = run_case(framework, case, &expected, &mut audited, &mut bare, &mut log, &mut owed);
        verdicts.push((*case, failures));
    }
    let mut of_all: Vec<String> = [audited.stop(), bare.stop()].into_iter().filter_map(Result::err).collect();
    if verdicts.iter().all(|(_, failures)| failures.is_empty()) && group.iter().all(|case| !case.refused) {
        // One that was said of after its case was over.
        let panics = group.iter().filter(|case| case.expected_of(framework).is_some()).map(|case| case.panics).sum();
        of_all.extend(compare_panics(panics, [&audited, &bare], [0, 0]));
    }
    log.refresh();
    if group.iter().any(|case| case.refused) {
        // What could not be written is told of, as it must be.
        let is_own = |record: &Value| record["action"].as_str().is_some_and(|action| action.starts_with("audit."));
        log.nameless.retain(|record| !is_own(record));
    }
    of_all.extend(count(&log, &owed));
    // Shown at the case that they can be told of, or else at the last one.
    for (index, (case, mut failures)) in verdicts.into_iter().enumerate() {
        let own = |failure: &String| failure.contains(&format!("{}.", case.name)) || index + 1 == group.len();
        let (here, elsewhere) = of_all.into_iter().partition(own);
        of_all = elsewhere;
        failures.extend::<Vec<String>>(here);
        let verdict = match case.but_of(framework) {
            _ if !failures.is_empty() => Verdict::Failed(failures),
            None => Verdict::Ok,
            Some(but) if case.expected_of(framework).is_none() => Verdict::NotServed(but.why),
            Some(but) => Verdict::Differs(but.why),
        };
        matrix.add(case.name, case.about, verdict);
    }
}

/// Runs a case; gives what is wrong.
fn run_case(
    framework: Framework,
    case: &Case,
    expected: &[Expected],
    audited: &mut Server,
    bare: &mut Server,
    log: &mut Log,
    owed: &mut HashMap<String, Expected>,
) -> Vec<String> {
    let marks = [audited.lines(), bare.lines()];
    let (talk, failure) = talk_with(framework, case, audited);
    let mut failures = Vec::from_iter(failure);
    if case.alone {
        failures.extend(audited.stop().err());
    }
    if talk.ids().len() != expected.len() && failures.is_empty() {
        failures.push(format!("{} requests and {} expectations", talk.ids().len(), expected.len()));
    }
    let told = talk.told();
    for (id, expected) in talk.ids().iter().zip(expected) {
        owed.insert(id.clone(), expected.clone());
        // Without the talk, there is little to wait for.
        if failures.is_empty() {
            failures.extend(check(framework, id, expected, told.get(id), log));
        }
    }
    if failures.is_empty() && !case.refused {
        match talk_with(framework, case, bare) {
            (without, None) => {
                failures.extend(compare(&talk, &without));
                failures.extend(compare_panics(case.panics, [audited, bare], marks));
            }
            (_, Some(failure)) => failures.push(format!("without the layer: {failure}")),
        }
    }
    failures
}

/// The talk as far as it went, and what stopped it.
fn talk_with(framework: Framework, case: &Case, server: &Server) -> (Talk, Option<String>) {
    let mut talk = Talk::new(case.name, framework, server);
    let ended = catch_unwind(AssertUnwindSafe(|| (case.talk)(&mut talk)));
    let failure = ended.is_err().then(|| LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner).clone());
    (talk, failure)
}

/// What is wrong with what a request left.
fn check(framework: Framework, id: &str, expected: &Expected, told: Option<&Told>, log: &mut Log) -> Vec<String> {
    let (members, announced) = match expected {
        Expected::Record(members) | Expected::EndedAsWhole(members) => (members, true),
        Expected::Unannounced(members) => (members, false),
        // Whether the one has come shows when all is written.
        Expected::Perhaps(_) | Expected::Nothing => {
            let promised = told.and_then(|told| told.audit_id.as_ref());
            return promised
                .map(|promised| format!("{id}: promises record {promised}, and none is due"))
                .into_iter()
                .collect();
        }
    };
    let is_right = |record: &Value| strangeness(record, members).is_empty();
    let Some(record) = log.wait_for(id, is_right) else { return vec![format!("{id}: no record came")] };
    let record = &record;
    let mut wrong = strangeness(record, members);
    wrong.extend(differences(record, &json!({"schema": "audit/1", "framework": framework.to_string()})));
    wrong.extend(too_early(record, members, told.map_or(Body::Left, |told| told.body)));
    // A timeout around the layer answers for itself: what it says, the layer does not know.
    if let Some(told) = told.filter(|told| told.audit_id.is_some() || record["status_code"] != Value::Null) {
        let seen_whole = matches!(expected, Expected::EndedAsWhole(_)) && matches!(told.body, Body::Whole(_));
        let told = Told { body: if seen_whole { Body::Left } else { told.body }, ..told.clone() };
        wrong.extend(contradictions(record, &told, announced));
    }
    if wrong.is_empty() {
        return wrong;
    }
    wrong.into_iter().map(|wrong| format!("{id}: {wrong}")).chain([format!("{id}: {record}")]).collect()
}

/// Where a record is not what was expected, as far as its phases can tell.
fn strangeness(record: &Value, expected: &Value) -> Vec<String> {
    let mut expected = expected.clone();
    let phases = &record["phases"];
    let in_order = [json!(["intent", "final"]), json!(["intent", "final", "end"]), json!(["final"])];
    let out_of_order = !phases.is_null() && expected["phases"].is_null() && !in_order.contains(phases);
    if record["phase"] == "final" {
        // A body that ended well has nothing to add, so that nobody tells how long it was.
        for name in ["response_bytes", WHOLE] {
            expected.as_object_mut().map(|members| members.remove(name));
        }
    }
    let out_of_order = out_of_order.then(|| format!("the phases are {phases}"));
    differences(record, &expected).into_iter().chain(out_of_order).collect()
}

/// Where a record says `completed` of an answer whose last byte the framework may not have taken. How long the answer is,
/// is known from a client that read all of it, or else from the case, which must say so.
fn too_early(record: &Value, expected: &Value, body: Body) -> Option<String> {
    // Of an answer's body a `final` knows nothing yet.
    if record["completion"] != "completed" || record["phase"] == "final" {
        return None;
    }
    match body {
        Body::Whole(bytes) => untaken(record, &bytes.into()),
        // Then it was compared.
        _ if expected[WHOLE].is_u64() || expected["response_bytes"].is_u64() => None,
        Body::Cut | Body::Left => Some("completed, and nobody says how long the answer is".to_owned()),
    }
}

/// Where a record says otherwise than the client was told.
fn contradictions(record: &Value, told: &Told, announced: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    if announced && told.audit_id.as_deref() != record["event_id"].as_str() {
        wrong.push(format!("audit-id is {:?}, the record is {}", told.audit_id, record["event_id"]));
    }
    if record["status_code"] != told.status {
        wrong.push(format!("status_code is {}, the client was told {}", record["status_code"], told.status));
    }
    let completion = record["completion"].as_str().unwrap_or_default();
    let right = match told.body {
        Body::Whole(_) => !matches!(completion, "aborted" | "shutdown"),
        Body::Cut => !matches!(completion, "completed" | "timed_out"),
        Body::Left => true,
    };
    if !right {
        wrong.push(format!("completion is {completion}, of the answer came {:?}", told.body));
    }
    if let Body::Whole(bytes) = told.body
        && record["response_bytes"].as_u64().is_some_and(|taken| taken != bytes)
    {
        wrong.push(format!("response_bytes is {}, the client got {bytes}", record["response_bytes"]));
    }
    wrong
}

/// Where two talks that should be the same are not.
fn compare(audited: &Talk, bare: &Talk) -> Vec<String> {
    let mut wrong = Vec::new();
    let (here, there) = (audited.transcript(), bare.transcript());
    if here.len() != there.len() {
        wrong.push(format!("{} connections and notes, without the layer {}", here.len(), there.len()));
    }
    for (index, (here, there)) in here.iter().zip(&there).enumerate().filter(|(_, (here, there))| here != there) {
        let at = here.iter().zip(there).position(|(here, there)| here != there).unwrap_or(here.len().min(there.len()));
        let around = |bytes: &[u8]| {
            String::from_utf8_lossy(&bytes[at.saturating_sub(80)..bytes.len().min(at + 80)]).into_owned()
        };
        wrong.push(format!("connection {index}, byte {at}: {:?}, without the layer {:?}", around(here), around(there)));
    }
    for ((what, here), (_, there)) in audited.measures.iter().zip(&bare.measures) {
        // The kernel's buffers differ from one connection to the next.
        let about = |one: u64, other: u64| one <= 4 * other + 1024 * 1024;
        if !(about(*here, *there) && about(*there, *here)) {
            wrong.push(format!("{what}: {here}, without the layer {there}"));
        }
    }
    wrong
}

/// Where servers did not say of as many panics as there were, or not the same: what panicked where, on stderr.
fn compare_panics(due: usize, [audited, bare]: [&Server; 2], [here, there]: [usize; 2]) -> Option<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (here, there) = (audited.panics(here), bare.panics(there));
        if here.len() == due && here == there {
            return None;
        }
        // What a process says takes its time through a pipe; what is too much does not go away.
        if here.len().max(there.len()) > due || Instant::now() > deadline {
            return Some(format!("{due} panics, on stderr {here:?}, without the layer {there:?}"));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Whether each request left as many records as it should, and nothing else left any.
fn count(log: &Log, owed: &HashMap<String, Expected>) -> Vec<String> {
    let mut wrong: Vec<String> = log.broken.iter().map(|line| format!("no record: {line}")).collect();
    wrong.extend(log.nameless.iter().map(|record| format!("a record of no request: {record}")));
    for (id, expected) in owed {
        let found = log.of(id);
        let due = usize::from(!matches!(expected, Expected::Nothing));
        let is_absent = matches!(expected, Expected::Perhaps(_)) && found.is_empty();
        if found.len() != due && !is_absent {
            wrong.push(format!(
                "{id}: {} records instead of {due}: {:?}",
                found.len(),
                found.iter().map(Value::to_string).collect::<Vec<_>>()
            ));
        }
        // Another phase may have followed.
        for record in found.iter().filter(|record| !record["phase"].is_null()) {
            let strange = expected.members().map(|members| strangeness(record, members)).unwrap_or_default();
            wrong.extend(strange.into_iter().map(|strange| format!("{id}: in the end, {strange}: {record}")));
        }
    }
    wrong.extend(log.requests().filter(|(id, _)| !owed.contains_key(*id)).map(|(id, _)| format!("{id}: who is that?")));
    wrong.extend(SECRETS.iter().filter_map(|secret| log.line_with(secret)).map(|line| format!("a secret: {line}")));
    wrong.sort_unstable();
    wrong
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::io::Write as _;

    use serde_json::{Value, json};

    use super::{contradictions, count, strangeness, too_early};
    use crate::expect::Expected;
    use crate::log::Log;
    use crate::talk::{Body, Told};

    fn one_record() -> Expected {
        Expected::Record(json!({"completion": {"$in": [null, "completed"]}}))
    }

    fn log_of(records: &[Value]) -> (tempfile::NamedTempFile, Log) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        records.iter().for_each(|record| writeln!(file, "{record}").unwrap());
        let mut log = Log::new(file.path().to_owned());
        log.refresh();
        (file, log)
    }

    #[test]
    fn what_is_missing_double_or_strange_is_found() {
        let perhaps = Expected::Perhaps(json!({"completion": "completed"}));
        let owed: HashMap<String, Expected> =
            [("a.1", one_record()), ("a.2", one_record()), ("a.3", Expected::Nothing), ("a.4", perhaps)]
                .map(|(id, expected)| (id.to_owned(), expected))
                .into();
        let found = |records: &[Value]| count(&log_of(records).1, &owed);
        let [one, two, three] = ["a.1", "a.2", "a.3"].map(|id| json!({"request_id": id}));
        assert_eq!(found(&[one.clone(), two.clone()]), Vec::<String>::new());
        let phases = |phases: &[&str]| -> Vec<Value> {
            let of = |phase: &&str| json!({"request_id": "a.2", "phase": phase, "completion": (*phase == "end").then_some("aborted")});
            std::iter::once(one.clone()).chain(phases.iter().map(of)).collect()
        };
        let four = |completion: &str| json!({"request_id": "a.4", "phase": "final", "completion": completion});
        assert_eq!(found(&[one.clone(), two.clone(), four("completed")]), Vec::<String>::new());
        for (records, text) in [
            (vec![one.clone(), two.clone(), four("aborted")], "a.4: in the end, completion: \"aborted\""),
            (vec![one.clone()], "a.2: 0 records instead of 1"),
            (vec![one.clone(), one.clone(), two.clone()], "a.1: 2 records instead of 1"),
            (vec![one.clone(), two.clone(), three], "a.3: 1 records instead of 0"),
            (vec![one.clone(), two.clone(), json!({"request_id": "b.1"})], "b.1: who is that?"),
            (vec![one.clone(), two.clone(), json!({"action": "audit.gap"})], "a record of no request"),
            (vec![one.clone(), two.clone(), json!(1)], "a record of no request"),
            (vec![one.clone(), json!({"request_id": "a.2", "data": "hunter2"})], "a secret"),
            (vec![one.clone(), json!({"request_id": "a.2", "phase": "intent"})], "a.2: in the end, the phases"),
            (phases(&["intent", "final", "final"]), "a.2: in the end, the phases"),
            (phases(&["intent", "final", "end"]), "a.2: in the end, completion: \"aborted\""),
        ] {
            let wrong = found(&records);
            assert!(wrong.len() == 1 && wrong[0].contains(text), "{text}: {wrong:?}");
        }
        let (mut file, mut log) = log_of(&[one, two]);
        file.write_all(b"{\"torn\n").unwrap();
        log.refresh();
        assert!(count(&log, &owed)[0].starts_with("no record"));
    }

    #[test]
    fn completed_is_what_all_was_taken_of() {
        let record = |completion, bytes| json!({"completion": completion, "response_bytes": bytes});
        let said = json!({"$whole": 4});
        for (record, expected, body, wrong) in [
            (record("completed", json!(4)), json!({}), Body::Whole(4), false),
            (record("completed", json!(3)), json!({}), Body::Whole(4), true),
            (record("completed", json!(null)), json!({}), Body::Whole(4), true),
            (record("completed", json!(4)), json!({}), Body::Left, true),
            (record("completed", json!(4)), json!({}), Body::Cut, true),
            (record("completed", json!(4)), said.clone(), Body::Left, false),
            (record("completed", json!(4)), json!({"response_bytes": {"$more": 3}}), Body::Left, true),
            (record("completed", json!(4)), json!({"response_bytes": 4}), Body::Left, false),
            (record("aborted", json!(null)), json!({}), Body::Left, false),
            (json!({"completion": "completed", "phase": "final"}), json!({}), Body::Left, false),
        ] {
            assert_eq!(too_early(&record, &expected, body).is_some(), wrong, "{record} {expected} {body:?}");
        }
        let strict = json!({"completion": "completed", "phase": "final"});
        assert!(strangeness(&strict, &said).is_empty());
    }

    #[test]
    fn a_record_must_not_contradict_the_client() {
        let told = |body| Told { status: 200, audit_id: Some("x".into()), body };
        let record = |completion, bytes| json!({"event_id": "x", "status_code": 200, "completion": completion, "response_bytes": bytes});
        for (completion, bytes, body, wrong) in [
            ("completed", json!(4), Body::Whole(4), 0),
            ("completed", json!(3), Body::Whole(4), 1),
            ("completed", Value::Null, Body::Whole(4), 0),
            ("aborted", json!(4), Body::Whole(4), 1),
            ("client_disconnected", json!(4), Body::Whole(4), 0),
            ("completed", json!(4), Body::Cut, 1),
            ("panicked", json!(4), Body::Cut, 0),
            ("completed", json!(9), Body::Left, 0),
        ] {
            let found = contradictions(&record(completion, bytes), &told(body), true);
            assert_eq!(found.len(), wrong, "{completion} {body:?}: {found:?}");
        }
        let other = Told { status: 500, audit_id: None, body: Body::Left };
        assert_eq!(contradictions(&record("completed", json!(1)), &other, true).len(), 2);
        assert_eq!(contradictions(&record("completed", json!(1)), &other, false).len(), 1);
    }
}

//! A server with strict delivery that is killed while many ask it: what a client was told is on record.

use std::collections::{HashMap, HashSet};
use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::answer::Answer;
use crate::client::PATIENCE;
use crate::server::Server;

pub(crate) const NAME: &str = "strict.kills";
pub(crate) const ABOUT: &str = "The server is killed under load: every answer whose head came is on record.";
/// How often the server is killed.
pub(crate) const USUAL: usize = 10;

/// How many connections ask at once.
const CONNECTIONS: usize = 32;
const SETTINGS: [(&str, &str); 1] = [("AUDIT_DELIVERY", "strict")];

/// The identifiers that clients read in whole heads.
type Acknowledged = Arc<Mutex<Vec<String>>>;

/// Kills the server so many times, each on the log that the one before it left; prints how many answers that were. Gives
/// what is wrong.
pub(crate) fn run(times: usize) -> Result<(), String> {
    let mut chance = Chance::new();
    let folder = Server::folder()?;
    let mut all = HashSet::new();
    for crashes in 0..times {
        let server = Server::start_in(&folder, &SETTINGS, false)?;
        let path = server.log_path();
        closed(&path, crashes)?;
        let acknowledged = Acknowledged::default();
        let clients: Vec<_> = (0..CONNECTIONS).map(|_| ask(server.address, &acknowledged)).collect();
        wait_for_the_first(&acknowledged, &server)?;
        std::thread::sleep(Duration::from_millis(chance.below(400)));
        server.kill();
        clients.into_iter().for_each(|client| client.join().expect("it takes what comes"));
        let told = std::mem::take(&mut *acknowledged.lock().unwrap_or_else(PoisonError::into_inner));
        let records = records(&path)?;
        tear(&path)?;
        for id in told {
            if !is_told(&records, &id) {
                return Err(format!("{id} was acknowledged, and on record is {:?} ({chance:?})", records.get(&id)));
            }
            if !all.insert(id.clone()) {
                return Err(format!("{id} was acknowledged twice"));
            }
        }
    }
    let mut server = Server::start_in(&folder, &SETTINGS, false)?;
    let path = server.log_path();
    let answer = crate::ask(server.address, "GET", "/status/200", &[], "").answer();
    all.extend(answer.and_then(|answer| answer.header("audit-id").map(str::to_owned)));
    server.stop()?;
    closed(&path, times)?;
    let records = records(&path)?;
    let lost = all.iter().filter(|id| !is_told(&records, id)).count();
    println!("    {times} kills under {CONNECTIONS} connections: {} answers acknowledged, {lost} lost", all.len());
    if lost == 0 { Ok(()) } else { Err(format!("{lost} are not on record any more")) }
}

fn is_told(records: &HashMap<String, Vec<String>>, id: &str) -> bool {
    let has = |phase: &str| records.get(id).is_some_and(|phases| phases.iter().any(|had| had == phase));
    has("intent") && has("final")
}

/// Leaves half a line, as a crash of the machine may.
fn tear(path: &Path) -> Result<(), String> {
    let log = OpenOptions::new().append(true).open(path);
    let torn = log.and_then(|mut log| log.write_all(br#"{"timestamp":"2026-01-01T00:0"#));
    torn.map_err(|error| format!("no log: {error}"))
}

/// What crashes left is closed: the last line ends, and there are no more half lines than there were crashes.
fn closed(path: &Path, crashes: usize) -> Result<(), String> {
    let bytes = std::fs::read(path).map_err(|error| format!("no log: {error}"))?;
    if !(bytes.is_empty() || bytes.ends_with(b"\n")) {
        return Err("a torn tail was left open".to_owned());
    }
    let torn = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| record(line).is_none()).count();
    if torn <= crashes { Ok(()) } else { Err(format!("{torn} lines are no records after {crashes} crashes")) }
}

fn record(line: &[u8]) -> Option<Value> {
    serde_json::from_slice(line).ok()
}

/// The phases of each event that stand in whole lines.
fn records(path: &Path) -> Result<HashMap<String, Vec<String>>, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("no log: {error}"))?;
    let mut records: HashMap<String, Vec<String>> = HashMap::new();
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    for record in lines.filter_map(record) {
        let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
        records.entry(text("event_id")).or_default().push(text("phase"));
    }
    Ok(records)
}

fn wait_for_the_first(acknowledged: &Acknowledged, server: &Server) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    while acknowledged.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
        if Instant::now() > deadline {
            return Err(format!("nobody is answered: {}", server.said()));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// Asks on one connection until it breaks.
fn ask(address: SocketAddr, acknowledged: &Acknowledged) -> JoinHandle<()> {
    let acknowledged = Arc::clone(acknowledged);
    std::thread::spawn(move || {
        let Ok(mut stream) = TcpStream::connect(address) else { return };
        let mut read = Vec::new();
        // An error is what is waited for.
        while stream.write_all(b"GET /status/200 HTTP/1.1\r\nhost: test\r\n\r\n").is_ok() {
            let mut told = false;
            loop {
                let answer = Answer::read(&read, "GET", false);
                if let Some(id) = answer.as_ref().filter(|_| !told).and_then(|answer| answer.header("audit-id")) {
                    acknowledged.lock().unwrap_or_else(PoisonError::into_inner).push(id.to_owned());
                    told = true;
                }
                if let Some(answer) = answer.filter(|answer| answer.whole) {
                    read.drain(..answer.end());
                    break;
                }
                let mut piece = [0; 4096];
                match stream.read(&mut piece) {
                    Ok(length) if length > 0 => read.extend(&piece[..length]),
                    _ => return,
                }
            }
        }
    })
}

/// Numbers that nobody foresees (xorshift64); shown, for whoever wants to have them again.
#[derive(Debug)]
struct Chance(u64);

impl Chance {
    fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| u64::from(since.subsec_nanos()));
        Self(now | 1)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

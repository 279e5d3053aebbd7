//! One run of a case against one server.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::Pid;

use crate::answer::{Answer, normal};
use crate::case::Framework;
use crate::client::{Client, Tape};
use crate::http2::{Answer2, Http2, Stream};
use crate::request::Request;
use crate::server::{Server, begin_stop, limit_files};

/// What a case has in hand: requests with identifiers, connections that are taped, gates.
pub(crate) struct Talk {
    name: &'static str,
    framework: Framework,
    address: SocketAddr,
    pid: Pid,
    log: PathBuf,
    ids: Vec<String>,
    tapes: Vec<Arc<Mutex<Tape>>>,
    notes: Vec<String>,
    pub(crate) measures: Vec<(&'static str, u64)>,
    told: HashMap<String, Told>,
    control: Option<Client>,
}

/// What an answer told the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) audit_id: Option<String>,
    pub(crate) body: Body,
}

/// How much of an answer's body came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    /// All of it, so many bytes.
    Whole(u64),
    /// The server broke off.
    Cut,
    /// The client did not wait for its end.
    Left,
}

impl Talk {
    pub(crate) fn new(name: &'static str, framework: Framework, server: &Server) -> Self {
        Self {
            name,
            framework,
            address: server.address,
            pid: server.pid(),
            log: server.log_path(),
            ids: Vec::new(),
            tapes: Vec::new(),
            notes: Vec::new(),
            measures: Vec::new(),
            told: HashMap::new(),
            control: None,
        }
    }

    /// For what must be done otherwise where a framework does not do as the others: the case says so beside.
    pub(crate) fn framework(&self) -> Framework {
        self.framework
    }

    /// The next request of the case.
    pub(crate) fn request(&mut self, method: &str, target: &str) -> Request {
        let id = format!("{}.{}", self.name, self.ids.len() + 1);
        self.ids.push(id.clone());
        Request::new(id, method, target)
    }

    pub(crate) fn get(&mut self, target: &str) -> Answer {
        let request = self.request("GET", target);
        self.send(&request)
    }

    pub(crate) fn post_json(&mut self, target: &str, body: &str) -> Answer {
        let request = self.request("POST", target).json(body);
        self.send(&request)
    }

    /// Sends a request on a connection of its own and reads the answer, which must come whole.
    #[track_caller]
    pub(crate) fn send(&mut self, request: &Request) -> Answer {
        let answer = self.send_for_any(request);
        answer.unwrap_or_else(|| panic!("no answer to {} {}", request.method, request.target))
    }

    /// Sends a request on a connection of its own and reads to its end; gives the answer, as much of it as came.
    pub(crate) fn send_for_any(&mut self, request: &Request) -> Option<Answer> {
        let mut client = self.connect();
        client.send(request);
        client.rest()
    }

    pub(crate) fn connect(&mut self) -> Client {
        Client::connect(self.address, self.tape())
    }

    /// With little room in the kernel for what goes either way.
    pub(crate) fn connect_narrow(&mut self) -> Client {
        Client::narrow(self.address, self.tape())
    }

    fn tape(&mut self) -> Arc<Mutex<Tape>> {
        let tape = Arc::new(Mutex::new(Tape::default()));
        self.tapes.push(Arc::clone(&tape));
        tape
    }

    /// The name of a gate that is this case's own.
    pub(crate) fn gate(&self, name: impl std::fmt::Display) -> String {
        format!("{}.{name}", self.name)
    }

    /// Waits until so many handlers came to a gate.
    pub(crate) fn arrived(&mut self, gate: &str, times: usize) {
        self.ask("GET", &format!("/gates/{gate}?times={times}")).is(200, "came\n");
    }

    /// Lets so many pass.
    pub(crate) fn open(&mut self, gate: &str, times: usize) {
        self.ask("POST", &format!("/gates/{gate}?times={times}")).is(200, "open\n");
    }

    pub(crate) fn flood_count(&mut self) -> u64 {
        self.ask("GET", "/flood-count").text().trim().parse().expect("a number")
    }

    /// Asks beside the case: no record, no tape, one connection.
    fn ask(&mut self, method: &str, target: &str) -> Answer {
        let address = self.address;
        let control = self.control.get_or_insert_with(|| Client::connect(address, Arc::default()));
        let bytes = format!("{method} {target} HTTP/1.1\r\nhost: test\r\ncontent-length: 0\r\n\r\n");
        control.write(bytes.as_bytes());
        control.answer()
    }

    /// Something that must be the same on a bare server.
    pub(crate) fn note(&mut self, what: impl Into<String>) {
        self.notes.push(what.into());
    }

    /// A number that must be about the same on a bare server.
    pub(crate) fn measure(&mut self, what: &'static str, number: u64) {
        self.measures.push((what, number));
    }

    /// Closes the connection beside the case, for which a server that stops would wait.
    pub(crate) fn hang_up(&mut self) {
        self.control = None;
    }

    /// The most memory, in bytes, that the server had so far, if the system tells.
    pub(crate) fn peak(&self) -> Option<u64> {
        // proc_pid_status(5): in KiB.
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid.as_raw_pid())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
    }

    pub(crate) fn http2(&self) -> Http2 {
        Http2::connect(self.address)
    }

    /// Reads an answer to its end and notes it.
    pub(crate) fn http2_rest(&mut self, connection: &Http2, stream: Stream) -> Option<Answer2> {
        let id = stream.id.clone();
        let answer = connection.rest(stream);
        match &answer {
            Some(Answer2 { status, headers, audit_id, body, broken }) => {
                let whole = if broken.is_none() { Body::Whole(body.len() as u64) } else { Body::Cut };
                self.told.insert(id, Told { status: *status, audit_id: audit_id.clone(), body: whole });
                self.note(format!("{status} {headers:?} {:?} {broken:?}", String::from_utf8_lossy(body)));
            }
            None => self.note("no answer"),
        }
        answer
    }

    /// Notes what the head of a stream told that is not read to its end.
    pub(crate) fn http2_told(&mut self, stream: &Stream) {
        self.told.extend(stream.told().map(|told| (stream.id.clone(), told)));
    }

    /// Asks the server to stop, and waits until it takes no more connections.
    pub(crate) fn stop(&mut self) {
        self.control = None;
        begin_stop(self.pid, self.address);
    }

    /// Lets the server's log grow no further than it is, or as far as it likes.
    pub(crate) fn full(&self, full: bool) {
        // A bare server has none.
        let length = std::fs::metadata(&self.log).map_or(0, |log| log.len());
        limit_files(self.pid, full.then_some(length));
    }

    pub(crate) fn ids(&self) -> &[String] {
        &self.ids
    }

    /// What the client was told of each request.
    pub(crate) fn told(&self) -> HashMap<String, Told> {
        let mut told = self.told.clone();
        for tape in &self.tapes {
            let tape = tape.lock().unwrap_or_else(PoisonError::into_inner);
            let mut at = 0;
            for (id, method) in &tape.sent {
                let Some(answer) = Answer::read(&tape.received[at..], method, tape.closed) else { break };
                let audit_id = answer.header("audit-id").map(str::to_owned);
                let body = match answer.whole {
                    true => Body::Whole(answer.body.len() as u64),
                    false if tape.closed => Body::Cut,
                    false => Body::Left,
                };
                told.insert(id.clone(), Told { status: answer.status, audit_id, body });
                at += answer.end();
            }
        }
        told
    }

    /// All that is to be the same on a bare server: what came on each connection, and what was noted.
    pub(crate) fn transcript(&self) -> Vec<Vec<u8>> {
        let tapes = self.tapes.iter().map(|tape| {
            let tape = tape.lock().unwrap_or_else(PoisonError::into_inner);
            let seen = if tape.closed { tape.received.len() } else { tape.seen };
            let methods: Vec<&str> = tape.sent.iter().map(|(_, method)| method.as_str()).collect();
            normal(&tape.received[..seen], &methods, tape.closed, tape.unchunked)
        });
        tapes.chain(self.notes.iter().map(|note| note.clone().into_bytes())).collect()
    }
}

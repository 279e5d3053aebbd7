//! A Rocket in this process, on a port of its own, with and without the fairing.
#![allow(dead_code, reason = "each test uses its part")]

use std::ffi::OsString;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, mpsc};

use audit_conformance::{Answer, Client, Request, Tape, normal};
use audit_core::testing::MemorySink;
use audit_rocket::{AuditFairing, AuditedRoutes as _, Auditor, Output};
use rocket::config::LogLevel;
use rocket::fairing::AdHoc;
use rocket::{Build, Config, Rocket, Route, Shutdown};
use serde_json::Value;

/// What a test is told to build: with the fairing and its routes, or without both.
pub(crate) struct Plan {
    auditor: Option<Auditor>,
}

impl Plan {
    pub(crate) fn rocket(&self) -> Rocket<Build> {
        rocket::custom(config())
    }

    pub(crate) fn routes(&self, routes: Vec<Route>) -> Vec<Route> {
        if self.is_audited() { routes.audited() } else { routes }
    }

    pub(crate) fn is_audited(&self) -> bool {
        self.auditor.is_some()
    }

    pub(crate) fn attach(&self, rocket: Rocket<Build>) -> Rocket<Build> {
        match &self.auditor {
            Some(auditor) => rocket.attach(AuditFairing::new(auditor.clone())),
            None => rocket,
        }
    }
}

pub(crate) fn config() -> Config {
    let shutdown = rocket::config::Shutdown { ctrlc: false, grace: 0, mercy: 0, ..Default::default() };
    let shutdown = rocket::config::Shutdown { signals: Default::default(), ..shutdown };
    Config {
        port: 0,
        workers: 2,
        log_level: LogLevel::Off,
        shutdown,
        // Without the default shield, whose headers come in another order in each rocket.
        ..Config::default()
    }
}

/// An auditor that records every request, in memory.
pub(crate) fn auditor(sink: &MemorySink) -> Auditor {
    let settings = |name: &str| (name == "AUDIT_INCLUDE_PATHS").then(|| OsString::from("/"));
    let builder = Auditor::builder().output(Output::None).sink(sink.clone()).env_from(settings);
    builder.build().expect("the settings are right")
}

/// A rocket that serves until this is dropped.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) sink: MemorySink,
    shutdown: Option<Shutdown>,
}

impl Served {
    pub(crate) fn start(audited: bool, build: impl FnOnce(&Plan) -> Rocket<Build>) -> Self {
        let sink = MemorySink::new();
        let plan = Plan { auditor: audited.then(|| auditor(&sink)) };
        let (tell, told) = mpsc::channel();
        let rocket = plan.attach(build(&plan)).attach(rocket::shield::Shield::new());
        let rocket = rocket.attach(AdHoc::on_liftoff("listening", move |rocket| {
            let address = SocketAddr::new(rocket.config().address, rocket.config().port);
            tell.send((address, rocket.shutdown())).expect("the test waits");
            Box::pin(async {})
        }));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            // What is left over when it is stopped is of no matter.
            runtime.expect("threads").block_on(rocket.launch()).map_or_else(|error| drop(error.to_string()), drop);
        });
        let (address, shutdown) = told.recv().expect("it lifts off");
        Self { address, sink, shutdown: Some(shutdown) }
    }

    /// Sends a request and reads to the end of the connection; gives the answer and its bytes, as far as they tell.
    pub(crate) fn ask(&self, request: &Request) -> (Answer, String) {
        let tape = Arc::new(Mutex::new(Tape::default()));
        let mut client = Client::connect(self.address, Arc::clone(&tape));
        client.send(request);
        let answer = client.rest().expect("an answer");
        let tape = tape.lock().expect("no panic");
        (answer, String::from_utf8_lossy(&normal(&tape.received, &[request.method()], true, false)).into_owned())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(shutdown) = self.shutdown.take() {
            shutdown.notify();
        }
    }
}

pub(crate) fn get(target: &str) -> Request {
    request("GET", target)
}

pub(crate) fn request(method: &str, target: &str) -> Request {
    Request::new("id".to_owned(), method, target)
}

pub(crate) fn form(target: &str, body: impl Into<Vec<u8>>) -> Request {
    request("POST", target).header("content-type", "application/x-www-form-urlencoded").body(body)
}

/// Puts a request to two rockets, the first of them audited: they must answer the same. Gives the answer and the one
/// record.
#[track_caller]
pub(crate) fn same((audited, bare): &(Served, Served), request: &Request) -> (Answer, Value) {
    audited.sink.clear();
    let (answer, bytes) = audited.ask(request);
    assert_eq!(bytes, bare.ask(request).1, "{request:?}");
    (answer, audited.sink.only())
}

/// The same rocket, audited and bare.
pub(crate) fn pair(build: impl Fn(&Plan) -> Rocket<Build>) -> (Served, Served) {
    (Served::start(true, &build), Served::start(false, &build))
}

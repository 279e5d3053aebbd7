//! Strict delivery over TCP, with a journal in a file. A program of its own, for one with endpoints that ask for it needs
//! a file as its log.

#![cfg(unix)]

mod support;

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll};

use audit_conformance::echo::flood;
use audit_conformance::echo::gates::gate;
use audit_conformance::strict::{self, block_on, runs, said_by};
use audit_conformance::{Journal, ask};
use audit_rocket::{AuditFairing, AuditScope as _, AuditedRoutes as _, Auditor, Delivery, audited};
use rocket::fairing::AdHoc;
use rocket::http::Status;
use rocket::response::stream::ByteStream;
use rocket::response::{self, Responder};
use rocket::tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};
use rocket::{Build, Request, Response, Rocket, Route, catch, catchers, get, routes};
use support::config;

#[audited(action = "money.hold", delivery = "strict")]
#[get("/hold/<name>")]
async fn hold(name: &str) -> &'static str {
    gate(name).pass().await;
    "held\n"
}

#[audited(action = "money.declared", delivery = "strict")]
#[get("/declared/<name>")]
async fn declared(name: &str) -> &'static str {
    gate(name).pass().await;
    "held\n"
}

#[audited(action = "money.endless", delivery = "strict")]
#[get("/endless")]
fn endless() -> ByteStream![impl AsRef<[u8]> + Send + 'static] {
    ByteStream(rocket::futures::stream::iter(flood::pieces(None)))
}

#[audited(action = "money.broken", delivery = "strict")]
#[get("/broken")]
fn broken() -> Broken {
    Broken
}

/// A body that begins well, and breaks.
struct Broken;

impl AsyncRead for Broken {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::Error::other("it broke")))
    }
}

impl<'r> Responder<'r, 'static> for Broken {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Response::build().streamed_body(b"first\n".chain(self)).ok()
    }
}

#[audited(action = "money.panics", delivery = "strict")]
#[get("/panics")]
async fn panics() -> &'static str {
    panic!("on purpose")
}

#[audited(action = "money.never", delivery = "strict")]
#[get("/never")]
async fn never() {
    runs();
}

#[audited(action = "money.spawned", delivery = "strict")]
async fn spawned() {
    runs();
}

#[audited(action = "money.nested", delivery = "strict")]
async fn nested() {
    runs();
}

#[audited(action = "money.sync", delivery = "strict")]
fn sync() {
    runs();
}

#[audited(action = "money.unwired", delivery = "strict")]
async fn unwired() {
    runs();
}

#[get("/unwired")]
async fn calls() {
    unwired().await;
}

#[get("/sync")]
fn calls_sync() {
    sync();
}

#[get("/spawned")]
async fn spawns() -> Status {
    match rocket::tokio::spawn(spawned().in_audit_scope()).await {
        Ok(()) => Status::InternalServerError,
        Err(_) => Status::Ok,
    }
}

#[get("/nested")]
async fn blocks() {
    block_on(nested());
}

/// A refusal stands, whatever a catcher says.
#[catch(503)]
fn fine() -> (Status, &'static str) {
    (Status::Ok, "fine\n")
}

fn start(auditor: Auditor) -> SocketAddr {
    let routes = routes![hold, declared, endless, broken, panics, never, calls, calls_sync, spawns, blocks];
    let rocket = rocket::custom(config()).mount("/", routes.audited()).register("/", catchers![fine]);
    serve(rocket.attach(AuditFairing::new(auditor)))
}

fn start_uncovered(_: Auditor) -> SocketAddr {
    serve(rocket::custom(config()).mount("/", routes![never].audited()))
}

fn serve(rocket: Rocket<Build>) -> SocketAddr {
    let (tell, told) = mpsc::channel();
    let rocket = rocket.attach(AdHoc::on_liftoff("listening", move |rocket| {
        let address = SocketAddr::new(rocket.config().address, rocket.config().port);
        tell.send(address).expect("the test waits");
        Box::pin(async {})
    }));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        // It serves until the test ends.
        drop(runtime.expect("threads").block_on(rocket.launch()));
    });
    told.recv().expect("it lifts off")
}

/// Whether a rocket with these routes starts.
fn ignites(routes: Vec<Route>, delivery: Delivery) -> bool {
    let journal = Journal::new(|builder| builder.delivery(delivery));
    let rocket = rocket::custom(config()).mount("/", routes).attach(AuditFairing::new(journal.auditor.clone()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ignited = runtime.expect("a thread").block_on(rocket.ignite());
    // An error that nobody looks at panics.
    ignited.map_err(|error| error.kind().to_string()).is_ok()
}

#[audited(action = "money.usual")]
#[get("/usual")]
fn usual() {}

#[get("/plain")]
fn plain() {}

#[test]
fn without_a_fairing_it_does_not_run() {
    let journal = Journal::new(|builder| builder);
    journal.auditor.install_global().expect("the first");
    let address = start_uncovered(journal.auditor.clone());
    assert_eq!(ask(address, "GET", "/never", &[], "").answer().expect("an answer").status, 503);
}

#[test]
fn that_no_fairing_is_attached_is_said() {
    let said = said_by("without_a_fairing_it_does_not_run");
    assert!(said.contains("no AuditFairing is attached: such requests are refused with 503"), "{said}");
}

#[test]
fn what_is_mounted_as_it_is_cannot_be_strict() {
    assert!(!ignites(routes![hold, plain], Delivery::Buffered));
    assert!(ignites(routes![hold].audited(), Delivery::Buffered));
    assert!(ignites(routes![usual, plain], Delivery::Buffered));
    assert!(!ignites(routes![usual], Delivery::Strict));
    assert!(ignites(routes![plain], Delivery::Strict));
}

#[test]
fn what_keeps_it_from_starting_is_named() {
    let said = said_by("what_is_mounted_as_it_is_cannot_be_strict");
    assert!(said.contains("strict::hold ("), "{said}");
    assert!(said.contains("asks for strict delivery and is mounted at GET /hold/{name} as it is"), "{said}");
}

#[test]
fn nor_does_one_that_is_not_async() {
    strict::not_known(start, "/sync", "money.sync");
}

#[test]
fn a_wired_handler_and_its_head_wait_for_the_disk() {
    strict::wired(start);
}

#[test]
fn so_does_a_declared_one() {
    strict::declared(start);
}

#[test]
fn a_client_that_leaves_the_body_adds_an_end() {
    strict::left(start);
}

#[test]
fn a_stream_that_breaks_adds_an_end() {
    strict::broken(start);
}

#[test]
fn a_panic_has_its_final() {
    strict::panics(start);
}

#[test]
fn without_word_of_the_journal_no_handler_runs() {
    strict::refused(start);
}

#[test]
fn one_that_is_known_too_late_does_not_run() {
    strict::unwired(start);
}

#[test]
fn nor_in_a_task_of_its_own() {
    strict::spawned(start);
}

#[test]
fn nor_in_an_executor_within_a_handler() {
    strict::nested(start);
}

#[test]
fn the_handler_to_wire_is_named() {
    let said = said_by("one_that_is_known_too_late_does_not_run");
    assert!(said.contains("strict::unwired"), "{said}");
    assert!(said.contains("asks for strict delivery, but is not known before it runs"), "{said}");
}

//! Answers of every kind, the same bytes with and without the fairing, and what their records say of them.

mod support;

use std::io::{Cursor, Write as _};
use std::sync::{Arc, Mutex};

use audit_conformance::{Client, Leave};
use audit_core::testing::{MemorySink, assert_record};
use audit_rocket::{AuditFairing, Auditor, Output, audited, data};
use rocket::fairing::AdHoc;
use rocket::fs::{FileServer, NamedFile};
use rocket::http::{ContentType, Header, Status};
use rocket::response::stream::{ByteStream, Event, EventStream, ReaderStream, TextStream};
use rocket::response::{Redirect, Responder, status};
use rocket::{Build, Response, Rocket, catch, catchers, get, routes};
use rocket_ws::{Channel, WebSocket};
use serde_json::json;
use support::{Plan, Served, get, pair, request, same};

#[audited(action = "file.read")]
#[get("/file")]
async fn file() -> Option<NamedFile> {
    NamedFile::open(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).await.ok()
}

#[audited(action = "text.stream")]
#[get("/text-stream")]
fn text_stream() -> TextStream![String] {
    TextStream! {
        for number in 0..3 {
            yield format!("{number}\n");
            data("streamed", number);
        }
    }
}

#[audited(action = "bytes.stream")]
#[get("/byte-stream")]
fn byte_stream() -> ByteStream![Vec<u8>] {
    ByteStream! {
        for length in [1, 5000, 0, 3] {
            yield vec![b'x'; length];
        }
    }
}

#[audited(action = "reader.stream")]
#[get("/reader-stream")]
fn reader_stream() -> ReaderStream![Cursor<Vec<u8>>] {
    ReaderStream! {
        yield Cursor::new(vec![b'x'; 10_000]);
    }
}

#[audited(action = "events.read")]
#[get("/events")]
fn events() -> EventStream![Event + 'static] {
    let events = EventStream! {
        for number in 0..3 {
            yield Event::data(number.to_string());
        }
    };
    // When the first heartbeat comes is chance.
    events.heartbeat(None)
}

#[audited(action = "empty.read")]
#[get("/no-content")]
fn no_content() -> status::NoContent {
    status::NoContent
}

/// An answer of any status, with or without a body whose length is known.
struct Made(Status, Option<&'static str>, bool);

impl<'r> Responder<'r, 'static> for Made {
    fn respond_to(self, _: &'r rocket::Request<'_>) -> rocket::response::Result<'static> {
        let mut response = Response::build();
        response.status(self.0).header(ContentType::Plain).raw_header("x-own", "1");
        match self.1 {
            Some(body) if self.2 => response.sized_body(body.len(), Cursor::new(body)),
            Some(body) => response.streamed_body(Cursor::new(body)),
            None => &mut response,
        };
        response.ok()
    }
}

#[audited(action = "made.read")]
#[get("/made/<code>?<body>&<sized>")]
fn made(code: u16, body: bool, sized: bool) -> Made {
    Made(Status::new(code), body.then_some("a body"), sized)
}

#[audited(action = "redirect.read")]
#[get("/redirect")]
fn redirect() -> Redirect {
    Redirect::permanent("/file")
}

#[audited(action = "panic.read")]
#[get("/panic")]
fn panics() -> &'static str {
    panic!("on purpose: password=hunter2")
}

#[audited(action = "failing.read")]
#[get("/failing")]
fn failing() -> Result<&'static str, Status> {
    Err(Status::ImATeapot)
}

fn answers(plan: &Plan) -> Rocket<Build> {
    let routes =
        routes![file, text_stream, byte_stream, reader_stream, events, no_content, made, redirect, panics, failing];
    let files = FileServer::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    plan.rocket().mount("/", plan.routes(routes)).mount("/files", plan.routes(files.into()))
}

#[test]
fn every_answer_is_the_same_and_its_bytes_are_counted() {
    let served = pair(answers);
    let paths = ["/file", "/text-stream", "/byte-stream", "/reader-stream", "/events", "/redirect", "/files/lib.rs"];
    for path in paths.iter().chain(&["/no-content", "/files/nothing", "/failing"]) {
        let (answer, record) = same(&served, &get(path));
        assert_record(
            &record,
            json!({"status_code": answer.status, "response_bytes": answer.body.len(), "completion": "completed"}),
        );
        let (answer, record) = same(&served, &request("HEAD", path));
        assert!(answer.body.is_empty());
        assert_record(
            &record,
            json!({"method": "HEAD", "status_code": answer.status, "response_bytes": 0, "completion": "completed"}),
        );
    }
    assert_record(&same(&served, &get("/text-stream")).1, json!({"data": {"streamed": 2}}));
    let record = same(&served, &get("/files/lib.rs")).1;
    assert_record(&record, json!({"action": "http.request", "route": "/files/{*path}"}));
}

#[test]
fn statuses_with_and_without_bodies() {
    let served = pair(answers);
    for code in [200, 204, 205, 304, 404, 500] {
        for query in ["body=no&sized=no", "body=yes&sized=yes", "body=yes&sized=no"] {
            for method in ["GET", "HEAD"] {
                let (answer, record) = same(&served, &request(method, &format!("/made/{code}?{query}")));
                assert_eq!(answer.status, code);
                assert_record(
                    &record,
                    json!({"status_code": code, "response_bytes": answer.body.len(), "completion": "completed"}),
                );
            }
        }
    }
}

#[test]
fn a_panic_is_answered_and_told() {
    let served = pair(answers);
    let (answer, record) = same(&served, &get("/panic"));
    assert_eq!(answer.status, 500);
    assert_record(
        &record,
        json!({"action": "panic.read", "completion": "panicked", "status_code": 500, "outcome": "failed",
            "error": "on purpose: password=[FILTERED]"}),
    );
    assert_eq!(answer.header("audit-id"), record["event_id"].as_str());
}

#[catch(418)]
fn teapot_panics() -> &'static str {
    panic!("the catcher panics")
}

#[catch(500)]
fn failure_panics() -> &'static str {
    panic!("this one, too")
}

#[catch(404)]
fn not_found(request: &rocket::Request<'_>) -> String {
    format!("nothing at {}", request.uri())
}

#[test]
fn catchers_answer_and_panic_as_ever() {
    let served = pair(|plan| answers(plan).register("/", catchers![teapot_panics, failure_panics, not_found]));
    for (path, status, completion) in
        [("/failing", 500, "completed"), ("/panic", 500, "panicked"), ("/no", 404, "completed")]
    {
        let (answer, record) = same(&served, &get(path));
        assert_eq!(answer.status, status);
        assert_record(&record, json!({"status_code": status, "completion": completion}));
    }
}

/// Changes the status, a header and the body.
fn changes() -> AdHoc {
    AdHoc::on_response("changes", |_, response| {
        Box::pin(async move {
            response.set_status(Status::Accepted);
            response.set_header(Header::new("x-changed", "1"));
            let length = "changed".len();
            response.set_sized_body(length, Cursor::new("changed"));
        })
    })
}

#[test]
fn what_other_fairings_change_is_told_wherever_they_stand() {
    for before in [true, false] {
        let served = [true, false].map(|audited| {
            Served::start(audited, |plan| {
                let rocket = answers(plan);
                if before { rocket.attach(changes()) } else { plan.attach(rocket).attach(changes()) }
            })
        });
        let [audited, bare] = served;
        let (answer, record) = same(&(audited, bare), &get("/file"));
        answer.is(202, "changed");
        assert_record(&record, json!({"status_code": 202, "response_bytes": 7, "action": "file.read"}));
    }
}

#[test]
fn attached_twice_the_later_one_counts() {
    let (first, second) = (MemorySink::new(), MemorySink::new());
    let fairing = |sink: &MemorySink| AuditFairing::new(support::auditor(sink));
    let served = Served::start(false, |plan| {
        let routes = audit_rocket::routes![file, text_stream];
        plan.rocket().attach(fairing(&first)).mount("/", routes).attach(fairing(&second))
    });
    let answer = served.ask(&get("/text-stream")).0;
    answer.is(200, "0\n1\n2\n");
    assert_record(&second.only(), json!({"action": "text.stream", "response_bytes": 6, "calls": null}));
    assert!(first.records().is_empty());
}

#[test]
fn switched_off_nothing_is_changed() {
    let off = || Auditor::builder().output(Output::None).enabled(false).build().expect("it is off");
    let served = Served::start(false, |plan| {
        plan.rocket().attach(AuditFairing::new(off())).mount("/", audit_rocket::routes![file, text_stream, panics])
    });
    let bare = Served::start(false, answers);
    for path in ["/file", "/text-stream", "/panic", "/nothing"] {
        assert_eq!(served.ask(&get(path)).1, bare.ask(&get(path)).1);
    }
}

#[audited(action = "socket.open")]
#[get("/socket")]
fn socket(socket: WebSocket) -> Channel<'static> {
    use rocket::futures::StreamExt as _;
    socket.channel(|mut stream| {
        Box::pin(async move {
            while stream.next().await.is_some() {}
            Ok(())
        })
    })
}

#[test]
fn an_upgrade_is_told_while_the_connection_lasts() {
    let served = Served::start(true, |plan| plan.rocket().mount("/", plan.routes(routes![socket])));
    let mut client = Client::connect(served.address, Arc::new(Mutex::default()));
    let request = get("/socket").keep().header("connection", "upgrade").header("upgrade", "websocket");
    let request = request.header("sec-websocket-version", "13").header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    client.send(&request);
    let answer = client.answer();
    assert_eq!(answer.status, 101);
    let record = served.sink.only();
    assert_record(&record, json!({"action": "socket.open", "status_code": 101, "completion": "completed"}));
    assert_eq!(answer.header("audit-id"), record["event_id"].as_str());
    client.leave(Leave::Fin);
}

#[test]
fn a_file_that_is_shorter_than_it_was_is_cut() {
    struct Shrinks(tempfile::NamedTempFile);
    impl<'r> Responder<'r, 'static> for Shrinks {
        fn respond_to(self, _: &'r rocket::Request<'_>) -> rocket::response::Result<'static> {
            let file = rocket::tokio::fs::File::from_std(self.0.reopen().expect("it is there"));
            // More than there is.
            Response::build().sized_body(1_000_000, file).ok()
        }
    }
    #[audited(action = "shrinks.read")]
    #[get("/shrinks")]
    fn shrinks() -> Shrinks {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(&[b'x'; 600_000]).expect("it is written");
        Shrinks(file)
    }
    let served = Served::start(true, |plan| plan.rocket().mount("/", plan.routes(routes![shrinks])));
    // How much of it hyper sends on before it breaks off is chance.
    assert!(!served.ask(&get("/shrinks")).0.whole);
    assert_record(&served.sink.only(), json!({"completion": "aborted", "response_bytes": 600_000, "status_code": 200}));
}

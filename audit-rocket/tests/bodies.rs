//! Bodies of requests: what the record sees of them, and that a captured one is read and refused as Rocket does.

mod support;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use audit_conformance::{Client, Leave, Request};
use audit_core::testing::assert_record;
use audit_rocket::{Captured, CapturedData, audited};
use rocket::data::{Data, Limits, ToByteUnit};
use rocket::form::Form;
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::tokio::io::{copy, sink};
use rocket::{Build, Config, FromForm, Rocket, Route, post, routes};
use serde::Deserialize;
use serde_json::{Value, json};
use support::{Plan, Served, form, pair, request, same};

#[derive(Debug, Deserialize)]
struct Layer {
    name: String,
    #[allow(dead_code, reason = "a body of that length")]
    note: Option<String>,
}

#[derive(Debug, FromForm)]
struct Fields<'r> {
    #[field(validate = len(1..))]
    name: &'r str,
    #[field(name = "how-many")]
    #[allow(dead_code, reason = "only shown")]
    count: Option<u8>,
    #[allow(dead_code, reason = "only shown")]
    tags: Vec<String>,
}

mod own {
    use super::*;

    #[audited(action = "own.text")]
    #[post("/text", data = "<text>")]
    pub(super) fn text(text: String) -> String {
        text
    }

    #[audited(action = "own.bytes")]
    #[post("/bytes", data = "<bytes>")]
    pub(super) fn bytes(bytes: Vec<u8>) -> Vec<u8> {
        bytes
    }

    #[audited(action = "own.json")]
    #[post("/json", data = "<layer>")]
    pub(super) fn json(layer: Json<Layer>) -> String {
        layer.into_inner().name
    }

    #[audited(action = "own.form")]
    #[post("/form", data = "<form>")]
    pub(super) fn form(form: Form<Fields<'_>>) -> String {
        format!("{:?}", form)
    }
}

mod captured_ones {
    use super::*;

    #[audited(action = "captured_ones.text")]
    #[post("/text", data = "<text>")]
    pub(super) fn text(text: Captured<String>) -> String {
        text.into_inner()
    }

    #[audited(action = "captured_ones.bytes")]
    #[post("/bytes", data = "<bytes>")]
    pub(super) fn bytes(bytes: Captured<Vec<u8>>) -> Vec<u8> {
        bytes.into_inner()
    }

    #[audited(action = "captured_ones.json")]
    #[post("/json", data = "<layer>")]
    pub(super) fn json(layer: Captured<Json<Layer>>) -> String {
        layer.into_inner().into_inner().name
    }

    #[audited(action = "captured_ones.form")]
    #[post("/form", data = "<form>")]
    pub(super) fn form(form: Captured<Form<Fields<'_>>>) -> String {
        format!("{:?}", form.into_inner())
    }
}

const LIMIT: usize = 1000;

/// Where the captured ones are served, and where Rocket's own are.
fn rocket(plan: &Plan) -> Rocket<Build> {
    let limits = ["string", "bytes", "json", "form"];
    let limits = limits.iter().fold(Limits::new(), |limits, name| limits.limit(*name, LIMIT.bytes()));
    rocket::custom(Config { limits, ..support::config() }).mount(
        "/",
        if plan.is_audited() {
            audit_rocket::routes![captured_ones::text, captured_ones::bytes, captured_ones::json, captured_ones::form]
        } else {
            routes![own::text, own::bytes, own::json, own::form]
        },
    )
}

/// Bodies that are fine, that are not, and of every length that matters.
fn bodies(of_length: impl Fn(usize) -> Vec<u8>, odd: &[&[u8]]) -> Vec<Vec<u8>> {
    let lengths = [1, 13, 14, 15, 64, 511, 512, 513, LIMIT - 1, LIMIT, LIMIT + 1, 2 * LIMIT];
    odd.iter().map(|odd| odd.to_vec()).chain(lengths.map(of_length)).collect()
}

/// A text of so many bytes within what surrounds it.
fn padded(before: &str, after: &str, length: usize) -> Vec<u8> {
    let pad = length.saturating_sub(before.len() + after.len());
    [before.as_bytes(), &vec![b'x'; pad], after.as_bytes()].concat()
}

#[test]
fn a_captured_guard_answers_as_rockets_own() {
    let served = pair(rocket);
    let cut_character = [&vec![b'x'; LIMIT - 1][..], "é".as_bytes()].concat();
    let odd = [&b""[..], b"\xff", b"ab\xffcd", &cut_character];
    let check = |path: &str, kind: &str, bodies: Vec<Vec<u8>>| {
        for body in bodies {
            for chunked in [false, true] {
                let request = request("POST", path).header("content-type", kind);
                let length = body.len();
                let request = match chunked {
                    true => request.chunked(body.chunks(100).map(<[u8]>::to_vec)),
                    false => request.body(body.clone()),
                };
                let (answer, record) = same(&served, &request);
                assert_record(&record, json!({"status_code": answer.status, "completion": "completed"}));
                let seen = &record["request_bytes"];
                match length {
                    0 => assert!(seen.is_null() || *seen == 0, "{record}"),
                    1..=LIMIT => assert_eq!(*seen, length, "{record}"),
                    _ if answer.status == 415 || answer.status == 404 => {}
                    _ => assert_eq!(*seen, LIMIT, "{record}"),
                }
            }
        }
    };
    check("/text", "text/plain", bodies(|length| vec![b'x'; length], &odd));
    check("/bytes", "application/octet-stream", bodies(|length| vec![b'x'; length], &odd));
    let shapes = [&b"{"[..], b"[]", b"{\"name\":7}", b"{\"name\":\"a\xff\"}", b"nothing", &cut_character];
    check(
        "/json",
        "application/json",
        bodies(|length| padded(r#"{"name":"rivers","note":""#, r#""}"#, length), &shapes),
    );
    let fields = [
        &b""[..],
        b"name=two+rivers&tags=a%26b&tags=%C3%A9&how%2Dmany=3",
        b"name=%ff&how-many=300",
        b"&&name&=&tags=a=b",
        b"name=",
        b"other=1",
        b"name=\xff",
        &cut_character,
    ];
    check("/form", "application/x-www-form-urlencoded", bodies(|length| padded("name=", "&tags=1", length), &fields));
}

#[test]
fn a_form_of_another_type_is_nobodys() {
    let served = pair(rocket);
    for kind in ["text/plain", "application/json"] {
        let request = request("POST", "/form").header("content-type", kind).body(vec![b'x'; 600]);
        assert_eq!(same(&served, &request).0.status, 415);
    }
}

#[audited(action = "data.send")]
#[post("/data", data = "<data>")]
async fn data(data: Data<'_>) -> Result<String, Status> {
    let length = copy(&mut data.open(1.mebibytes()), &mut sink()).await;
    length.map(|length| length.to_string()).map_err(|_| Status::BadRequest)
}

#[audited(action = "captured.send")]
#[post("/captured?<limit>", data = "<data>")]
async fn captured(data: CapturedData<'_>, limit: Option<u64>) -> Result<String, Status> {
    let limit = limit.map_or(1.mebibytes(), ToByteUnit::bytes);
    let length = copy(&mut data.open(limit), &mut sink()).await;
    length.map(|length| length.to_string()).map_err(|_| Status::BadRequest)
}

fn readers() -> Vec<Route> {
    routes![data, captured]
}

/// Mounted as audited, or as it is.
fn reading(wrapped: bool) -> (Served, Served) {
    pair(|plan| {
        let routes = if wrapped { plan.routes(readers()) } else { readers() };
        plan.rocket().mount("/", routes)
    })
}

#[test]
fn a_body_is_seen_if_it_is_short_or_captured() {
    let not_observed = |record: &Value| record["request_body"]["withheld"] == "not observed";
    for wrapped in [true, false] {
        let served = reading(wrapped);
        for (path, length, seen) in [
            ("/data", 512, wrapped),
            ("/data", 513, false),
            ("/captured", 5, true),
            ("/captured", 512, true),
            ("/captured", 513, true),
            ("/captured", 100_000, true),
        ] {
            let body = vec![b'x'; length];
            let request = request("POST", path).header("content-type", "text/plain").body(body);
            let (answer, record) = same(&served, &request);
            answer.is(200, &length.to_string());
            assert_eq!(record["request_bytes"], if seen { json!(length) } else { Value::Null }, "{path} {record}");
            assert_eq!(not_observed(&record), !seen, "{record}");
        }
        // In chunks there is no length to know beforehand.
        let chunked = request("POST", "/data").chunked([vec![b'x'; 20]]);
        assert!(not_observed(&same(&served, &chunked).1));
    }
}

#[test]
fn what_lies_beyond_a_limit_is_cut() {
    let served = reading(true);
    let body = || request("POST", "/captured?limit=600").header("content-type", "text/plain").body(vec![b'x'; 700]);
    let (answer, record) = same(&served, &body());
    answer.is(200, "600");
    assert_record(&record, json!({"request_bytes": 600, "truncated": true}));
    let exact = request("POST", "/captured?limit=701").header("content-type", "text/plain").body(vec![b'x'; 700]);
    assert_record(&same(&served, &exact).1, json!({"request_bytes": 700, "truncated": null}));
}

fn send_cut(served: &Served, request: &Request, how: Leave) {
    let mut client = Client::connect(served.address, Arc::new(Mutex::default()));
    client.send(request);
    client.leave(how);
}

#[test]
fn a_client_that_leaves_within_its_body_is_told() {
    for (path, declared, begin) in [
        ("/data", 10, 5),     // while Rocket reads the beginning
        ("/captured", 10, 5), //
        ("/data", 300, 20),   // while the body is looked at
        ("/captured", 1000, 600),
    ] {
        for how in [Leave::Fin, Leave::Rst] {
            let served = Served::start(true, |plan| plan.rocket().mount("/", plan.routes(readers())));
            let request = request("POST", path).header("content-type", "text/plain");
            send_cut(&served, &request.declared(declared, vec![b'x'; begin]), how);
            let record = served.sink.only();
            assert_record(&record, json!({"completion": "client_disconnected", "request_bytes": begin}));
            assert_eq!(record["truncated"], true, "{path} {declared} {how:?}: {record}");
        }
    }
}

#[test]
fn a_short_body_that_is_cut_while_it_is_looked_at_reaches_no_handler() {
    let served = Served::start(true, |plan| plan.rocket().mount("/", plan.routes(routes![unread])));
    let mut client = Client::connect(served.address, Arc::default());
    client.send(&request("POST", "/unread").declared(300, vec![b'x'; 20]));
    client.half_close();
    assert_eq!(client.rest().expect("an answer").status, 400);
    let record = served.sink.only();
    assert_record(
        &record,
        json!({"action": "unread.send", "status_code": 400, "completion": "client_disconnected", "request_bytes": 20}),
    );
}

#[test]
fn chunks_that_break_off_at_once_are_not_taken_for_whole() {
    let served = Served::start(true, |plan| plan.rocket().mount("/", plan.routes(readers())));
    let chunked = request("POST", "/captured").header("content-type", "text/plain").begun(*b"12345");
    send_cut(&served, &chunked, Leave::Fin);
    assert_record(&served.sink.only(), json!({"request_bytes": 5, "truncated": true}));
}

#[test]
fn a_body_that_breaks_off_is_answered_as_without_the_fairing_if_it_is_longer_or_shorter_than_what_is_looked_at() {
    let served = reading(true);
    for (declared, begin) in [(10, 5), (10, 0), (1000, 600), (1000, 14)] {
        for path in ["/data", "/captured"] {
            let bytes = [&served.0, &served.1].map(|served| {
                let tape = Arc::new(Mutex::default());
                let mut client = Client::connect(served.address, Arc::clone(&tape));
                client.send(&request("POST", path).declared(declared, vec![b'x'; begin]));
                client.half_close();
                client.rest();
                let tape: &Mutex<audit_conformance::Tape> = &tape;
                String::from_utf8_lossy(&audit_conformance::normal(
                    &tape.lock().unwrap().received,
                    &["POST"],
                    true,
                    false,
                ))
                .into_owned()
            });
            assert_eq!(bytes[0], bytes[1], "{path} {declared} {begin}");
            served.0.sink.clear();
        }
    }
}

#[test]
fn a_short_body_that_breaks_off_after_what_rocket_reads_itself_is_refused() {
    let served = reading(true).0;
    for (declared, begin) in [(60, 20), (512, 511), (15, 14)] {
        for path in ["/data", "/captured"] {
            let mut client = Client::connect(served.address, Arc::default());
            client.send(&request("POST", path).declared(declared, vec![b'x'; begin]));
            client.half_close();
            assert_eq!(client.rest().expect("an answer").status, 400, "{path} {declared} {begin}");
            let expected = json!({"status_code": 400, "completion": "client_disconnected", "data": null});
            assert_record(&served.sink.only(), expected);
            served.sink.clear();
        }
    }
}

#[test]
fn a_body_that_comes_slowly_is_waited_for_and_not_for_ever() {
    let served = reading(true);
    for served in [&served.0, &served.1] {
        // All of it after a while, and asked for.
        let mut client = Client::connect(served.address, Arc::new(Mutex::default()));
        client.send(&request("POST", "/data").header("expect", "100-continue").declared(300, ""));
        client.read_until("100 Continue\r\n\r\n");
        for _ in 0..3 {
            client.write(&[b'x'; 100]);
        }
        client.answer().is(200, "300");
    }
    assert_record(&served.0.sink.only(), json!({"request_bytes": 300, "completion": "completed"}));
    served.0.sink.clear();
    // A handler that does not read goes on without it, a moment later.
    let started = Instant::now();
    let unread = Served::start(true, |plan| plan.rocket().mount("/", plan.routes(routes![unread])));
    let mut client = Client::connect(unread.address, Arc::new(Mutex::default()));
    client.send(&request("POST", "/unread").declared(300, vec![b'x'; 20]));
    client.answer().is(200, "unread");
    assert!(started.elapsed() < Duration::from_secs(15));
    let record = unread.sink.only();
    assert_eq!(record["request_body"]["withheld"], "not observed", "{record}");
}

#[audited(action = "unread.send")]
#[post("/unread")]
fn unread() -> &'static str {
    "unread"
}

#[test]
fn a_forward_leaves_a_body_where_it_is() {
    #[audited(action = "first.send")]
    #[post("/either", data = "<form>", rank = 1)]
    fn first(form: Captured<Form<Fields<'_>>>) -> String {
        form.name.to_owned()
    }
    #[audited(action = "second.send")]
    #[post("/either", data = "<text>", rank = 2)]
    fn second(text: Captured<String>) -> String {
        text.into_inner()
    }
    let served = pair(|plan| plan.rocket().mount("/", plan.routes(routes![first, second])));
    for length in [20, 512, 5000] {
        let text = "x".repeat(length);
        let request = request("POST", "/either").header("content-type", "text/plain").body(text.clone());
        let (answer, record) = same(&served, &request);
        answer.is(200, &text);
        assert_record(&record, json!({"action": "second.send", "request_bytes": length}));
    }
    let record = same(&served, &form("/either", "name=rivers&tags=1")).1;
    assert_record(
        &record,
        json!({"action": "first.send", "request_bytes": 18, "request_body": {"name": "rivers", "tags": "1"}}),
    );
}

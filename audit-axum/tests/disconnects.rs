//! Clients that leave, and answers that end in every way an answer can: the record says what is known, and no more.

mod support;

use std::convert::Infallible;
use std::io;

use audit_axum::{AuditLayer, Auditor, Output, RouterExt as _, Sink, WriteError, audited, data};
use audit_core::Line;
use audit_core::testing::{MemorySink, assert_record};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use support::{Arrivals, Client, Gate, LEAVES, Leave, PATIENCE, Server, auditor, channel, serve, wait_until};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

/// Adds to the record when it is dropped.
struct Farewell(&'static str);

impl Drop for Farewell {
    fn drop(&mut self) {
        data(self.0, "dropped");
    }
}

#[audited(action = "test.wait")]
async fn wait(Extension(gate): Extension<Gate>) -> &'static str {
    let _farewell = Farewell("handler");
    gate.wait().await;
    "done"
}

/// Reads its body and says with each piece that it has come.
#[audited(action = "test.upload")]
async fn upload(Extension(gate): Extension<Gate>, request: Request) -> Result<String, (StatusCode, String)> {
    let mut body = request.into_body();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
        length += frame.data_ref().map_or(0, Bytes::len);
        gate.come();
    }
    Ok(length.to_string())
}

#[audited(action = "test.buffer")]
async fn buffer(body: Bytes) -> String {
    body.len().to_string()
}

/// Sends a piece each time the gate opens.
#[audited(action = "test.stream")]
async fn stream(Extension(gate): Extension<Gate>) -> Body {
    Body::from_stream(pieces_of(gate, Farewell("stream")))
}

fn pieces_of(
    gate: Gate,
    farewell: Farewell,
) -> impl tokio_stream::Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            gate.pass().await;
            if sender.send(Bytes::from_static(b"twelve bytes")).await.is_err() {
                return;
            }
        }
    });
    ReceiverStream::new(receiver).map(move |piece| {
        let _part_of_the_stream = &farewell;
        Ok(piece)
    })
}

fn wired(gate: &Gate) -> Router {
    use audit_axum::routing::{get, post};
    Router::new()
        .audited_route("/wait", get(wait))
        .audited_route("/upload", post(upload))
        .audited_route("/buffer", post(buffer))
        .audited_route("/stream", get(stream))
        .layer(Extension(gate.clone()))
}

fn plain(gate: &Gate) -> Router {
    use axum::routing::{get, post};
    Router::new()
        .route("/wait", get(wait))
        .route("/upload", post(upload))
        .route("/buffer", post(buffer))
        .route("/stream", get(stream))
        .layer(Extension(gate.clone()))
}

/// Each is started anew for each case: a gate must not be shared with what an earlier case left behind.
const ROUTERS: [fn(&Gate) -> Router; 2] = [wired, plain];

const GET_WAIT: &str = "GET /wait HTTP/1.1\r\nhost: test\r\n\r\n";

#[tokio::test]
async fn a_client_that_leaves_before_the_first_poll_leaves_a_record_if_its_request_arrived() {
    for leave in LEAVES {
        let gate = Gate::new();
        let (auditor, sink) = auditor(|builder| builder);
        let arrivals = Arrivals::default();
        let router = arrivals.at(wired(&gate).layer(AuditLayer::new(auditor.clone())));
        let server = Server { address: serve(router).await, auditor, sink };
        for _ in 0..20 {
            // This runtime has one thread: the server has not looked at the connection when the client is gone.
            Client::sending(server.address, GET_WAIT).await.leave(leave);
        }
        // Another connection is served after those before it, at least once each.
        gate.open();
        let answered =
            Client::sending(server.address, "GET /wait HTTP/1.1\r\nhost: last\r\nconnection: close\r\n\r\n").await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        for _ in 0..20 {
            gate.open();
        }
        assert_eq!(answered.rest().await.status(), 200);
        let records = server.settled().await;
        assert_eq!(records.len(), arrivals.count(), "{leave:?}");
        for record in records.iter().filter(|record| record["status_code"].is_null()) {
            assert_record(record, json!({"completion": "aborted", "outcome": "unknown", "user": "unknown"}));
        }
    }
}

/// Writes nothing before it is let go.
struct Blocked {
    go: std::sync::mpsc::Receiver<()>,
    to: MemorySink,
}

impl Sink for Blocked {
    fn name(&self) -> &str {
        "blocked"
    }

    fn write(&mut self, batch: &[Line]) -> Result<(), WriteError> {
        // An error says that the test has let it go for good.
        while self.go.recv().is_ok() {}
        self.to.write(batch)
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        Ok(())
    }

    fn shutdown(&mut self) -> Result<(), WriteError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_client_that_leaves_while_its_request_waits_for_admission() {
    for leave in LEAVES {
        let (go, blocked) = channel();
        let sink = MemorySink::new();
        let blocked = Blocked { go: blocked, to: sink.clone() };
        let builder = Auditor::builder().output(Output::None).max_line_bytes(4096).queue_bytes(64 * 1024);
        let auditor = builder.include("/wait").queue_timeout(PATIENCE).sink(blocked).build().expect("good settings");
        // Full up to less than the line of a request, which may then overdraw the queue.
        let full = auditor.clone();
        for size in [2000, 0] {
            let before = full.stats().sinks[0].dropped;
            wait_until("the queue is full", || {
                full.event("test.fill").details("x".repeat(size)).record();
                full.stats().sinks[0].dropped > before
            })
            .await;
        }
        let gate = Gate::new();
        let arrivals = Arrivals::default();
        let router = arrivals.at(wired(&gate).layer(AuditLayer::new(auditor.clone())));
        let server = Server { address: serve(router).await, auditor: auditor.clone(), sink };
        gate.open();
        assert_eq!(server.get("/wait").await.status(), 200);
        gate.arrived().await;
        let dropped = auditor.stats().sinks[0].dropped;
        let client = Client::sending(server.address, GET_WAIT).await;
        wait_until("the request waits", || auditor.stats().open == 1).await;
        client.leave(leave);
        wait_until("the request is dropped", || auditor.stats().open == 0).await;
        // What was never admitted must not overdraw the queue: it is counted instead.
        assert_eq!(auditor.stats().sinks[0].dropped, dropped + 1);
        drop(go);
        let records = server.settled().await;
        let paths: Vec<_> = records.iter().filter(|record| record["path"] == "/wait").collect();
        assert_eq!((paths.len(), arrivals.count()), (1, 2), "{leave:?}");
        assert_record(paths[0], json!({"completion": "completed"}));
        assert!(records.iter().any(|record| record["action"] == "audit.gap"), "{records:?}");
    }
}

#[tokio::test]
async fn a_client_that_leaves_while_the_handler_waits() {
    for leave in LEAVES {
        for router in ROUTERS {
            let gate = Gate::new();
            let server = Server::start(router(&gate)).await;
            let client = Client::sending(server.address, GET_WAIT).await;
            gate.arrived().await;
            client.leave(leave);
            let expected = json!({"action": "test.wait", "completion": "aborted", "outcome": "unknown", "level": "warn",
                "status_code": null, "response_bytes": null, "user": "unknown", "actor_type": "unknown",
                "data": {"handler": "dropped"}, "error": null});
            assert_record(&server.only().await, expected);
            assert_eq!(server.auditor.stats().late, 0);
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_its_upload() {
    const HEAD: &str = "POST /upload HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n";
    let piece = r#"{"name":"rivers","password":"hunter2-and-mo"#;
    let length = format!("{HEAD}content-length: 1000\r\n\r\n{piece}");
    let chunked = format!("{HEAD}transfer-encoding: chunked\r\n\r\n{:x}\r\n{piece}\r\n", piece.len());
    for leave in LEAVES {
        for request in [&length, &chunked] {
            for router in ROUTERS {
                let gate = Gate::new();
                let server = Server::start(router(&gate)).await;
                let client = Client::sending(server.address, request).await;
                gate.arrived().await;
                client.leave(leave);
                let record = server.only().await;
                let expected = json!({"action": "test.upload", "completion": "client_disconnected",
                    "request_bytes": piece.len(), "truncated": true, "request_body": {"name": "rivers"}});
                assert_record(&record, expected);
                assert_ne!(record["outcome"], "success", "{leave:?} {record}");
                server.sink.assert_no_leak("hunter2");
            }
        }
    }
}

#[tokio::test]
async fn an_extractor_that_waits_for_the_rest_of_an_upload() {
    for leave in LEAVES {
        for (router, action) in ROUTERS.into_iter().zip(["test.buffer", "http.request"]) {
            let server = Server::configured(router(&Gate::new()), |builder| builder.include("/buffer")).await;
            let head = "POST /buffer HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-length: 10\r\n\r\n";
            let mut client = Client::sending(server.address, head).await;
            // hyper says so when somebody begins to read.
            client.read_until("100 Continue").await;
            client.send("12345").await;
            client.leave(leave);
            let record = server.only().await;
            assert_record(&record, json!({"action": action, "completion": "client_disconnected"}));
            assert!([Value::Null, json!(400)].contains(&record["status_code"]), "{record}");
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_the_answer() {
    for leave in LEAVES {
        for pieces in 0..3 {
            for router in ROUTERS {
                let gate = Gate::new();
                let server = Server::start(router(&gate)).await;
                let mut client = Client::sending(server.address, "GET /stream HTTP/1.1\r\nhost: test\r\n\r\n").await;
                client.read_until("\r\n\r\n").await;
                for piece in 0..pieces {
                    gate.open();
                    client.read_until(&"C\r\ntwelve bytes\r\n".repeat(piece + 1)).await;
                }
                client.leave(leave);
                let expected = json!({"action": "test.stream", "completion": "aborted", "status_code": 200,
                    "outcome": "success", "response_bytes": 12 * pieces, "user": "anonymous",
                    "data": {"stream": "dropped"}});
                assert_record(&server.only().await, expected);
            }
        }
    }
}

#[tokio::test]
async fn a_half_closed_connection() {
    let gate = Gate::new();
    let (auditor, sink) = auditor(|builder| builder);
    let arrivals = Arrivals::default();
    let router = arrivals.at(wired(&gate).layer(AuditLayer::new(auditor.clone())));
    let server = Server { address: serve(router).await, auditor, sink };
    let mut client = Client::sending(server.address, GET_WAIT).await;
    gate.arrived().await;
    client.half_close().await;
    // hyper takes it for a client that left.
    assert_eq!(client.rest().await.raw, b"");
    assert_record(&server.only().await, json!({"completion": "aborted", "status_code": null, "user": "unknown"}));
    assert_eq!(arrivals.count(), 1);
}

#[tokio::test]
async fn a_half_closed_connection_in_the_middle_of_an_upload() {
    let gate = Gate::new();
    let server = Server::start(wired(&gate)).await;
    let head = "POST /upload HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\n12345";
    let mut client = Client::sending(server.address, head).await;
    gate.arrived().await;
    client.half_close().await;
    let answer = client.rest().await;
    let record = server.only().await;
    assert_record(&record, json!({"completion": "client_disconnected", "request_bytes": 5}));
    // What the client was told is what the record says.
    let told = if answer.raw.is_empty() { Value::Null } else { json!(answer.status()) };
    assert_eq!(record["status_code"], told);
}

#[audited(action = "test.answer")]
async fn answer(request: Request) -> Response {
    let pieces = |pieces: Vec<Result<&'static str, io::Error>>| Body::from_stream(tokio_stream::iter(pieces));
    let with_length = |length: &str, body| ([(header::CONTENT_LENGTH, length)], body).into_response();
    match request.uri().path() {
        "/exact" => "five!".into_response(),
        "/streamed" => pieces(vec![Ok("one"), Ok(""), Ok("three")]).into_response(),
        "/declared" => with_length("8", pieces(vec![Ok("one"), Ok("three")])),
        "/declared-too-long" => with_length("9", pieces(vec![Ok("one"), Ok("three")])),
        "/empty" => Body::empty().into_response(),
        "/empty-stream" => pieces(vec![]).into_response(),
        "/204" => StatusCode::NO_CONTENT.into_response(),
        "/304" => (StatusCode::NOT_MODIFIED, pieces(vec![Ok("never sent")])).into_response(),
        "/error" => pieces(vec![Ok("one"), Err(io::Error::other("password=hunter2 is wrong"))]).into_response(),
        "/panic" => {
            let pieces = tokio_stream::iter([1, 2]).map(|piece| match piece {
                1 => Ok::<_, Infallible>("one"),
                _ => panic!("the stream is broken"),
            });
            Body::from_stream(pieces).into_response()
        }
        path => panic!("nothing at {path}"),
    }
}

fn answers() -> [Router; 2] {
    use axum::routing::get;
    let mut plain = Router::new();
    let mut wired = Router::new();
    for path in [
        "/exact",
        "/streamed",
        "/declared",
        "/declared-too-long",
        "/empty",
        "/empty-stream",
        "/204",
        "/304",
        "/error",
        "/panic",
    ] {
        plain = plain.route(path, get(answer));
        wired = wired.audited_route(path, audit_axum::routing::get(answer));
    }
    [wired, plain]
}

#[tokio::test]
async fn every_end_of_an_answer() {
    for router in answers() {
        let server = Server::start(router).await;
        for (method, path, status, completion, bytes) in [
            ("GET", "/exact", 200, "completed", 5),
            ("HEAD", "/exact", 200, "completed", 0),
            ("GET", "/streamed", 200, "completed", 8),
            ("HEAD", "/streamed", 200, "completed", 0),
            ("GET", "/declared", 200, "completed", 8),
            ("HEAD", "/declared", 200, "completed", 0),
            ("GET", "/declared-too-long", 200, "aborted", 8),
            ("GET", "/empty", 200, "completed", 0),
            ("GET", "/empty-stream", 200, "completed", 0),
            ("GET", "/204", 204, "completed", 0),
            ("GET", "/304", 304, "completed", 0),
            ("GET", "/error", 200, "aborted", 3),
            ("GET", "/panic", 200, "panicked", 3),
        ] {
            server.sink.clear();
            server.send(&format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")).await;
            let record = server.only().await;
            let expected = json!({"method": method, "path": path, "status_code": status, "completion": completion,
                "response_bytes": bytes, "user": "anonymous"});
            assert_record(&record, expected);
            let (outcome, level, error) = match path {
                "/panic" => ("failed", "error", json!("the stream is broken")),
                "/error" => ("success", "info", json!("password=[FILTERED] is wrong")),
                _ => ("success", "info", Value::Null),
            };
            assert_record(&record, json!({"outcome": outcome, "level": level, "error": error}));
            server.sink.assert_no_leak("hunter2");
        }
    }
}

#[audited(action = "test.ignore")]
async fn ignore() -> &'static str {
    "not read"
}

/// Reads one piece.
#[audited(action = "test.half")]
async fn half(request: Request) -> String {
    let frame = request.into_body().frame().await;
    let piece = frame.expect("there is a piece").expect("it comes whole");
    piece.data_ref().map_or(0, Bytes::len).to_string()
}

#[tokio::test]
async fn a_body_that_nobody_reads_is_not_read_for_the_record() {
    let router = Router::new().audited_route("/ignore", audit_axum::routing::post(ignore));
    let server = Server::start(router).await;
    assert_eq!(server.post("/ignore", "application/json", r#"{"name":"x"}"#).await.body(), "not read");
    let expected = json!({"status_code": 200, "completion": "completed", "request_bytes": 0, "request_body": null});
    assert_record(&server.only().await, expected);
}

#[tokio::test]
async fn a_body_that_is_read_by_half_is_kept_by_half() {
    let router = Router::new().audited_route("/half", audit_axum::routing::post(half));
    let server = Server::start(router).await;
    let head = "POST /half HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-type: application/json\r\n";
    let mut client = Client::connect(server.address).await;
    client.send(format!("{head}transfer-encoding: chunked\r\n\r\na\r\n{{\"a\":1,\"b\"\r\n")).await;
    client.read_until("\r\n\r\n10").await;
    // The other half comes when the answer is there.
    let _too_late = client.try_send("3\r\n:2}\r\n0\r\n\r\n").await;
    assert_eq!(client.rest().await.status(), 200);
    let expected = json!({"status_code": 200, "completion": "completed", "request_bytes": 10, "truncated": true,
        "request_body": {"a": 1}});
    assert_record(&server.only().await, expected);
}

/// Goes on reading its body in a task of its own.
#[audited(action = "test.spawned")]
async fn spawned(Extension(gate): Extension<Gate>, request: Request) -> Body {
    let mut body = request.into_body();
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        while let Some(frame) = body.frame().await {
            let piece = frame.ok().and_then(|frame| frame.into_data().ok()).unwrap_or_default();
            gate.come();
            if sender.send(Ok::<_, Infallible>(piece)).await.is_err() {
                return;
            }
        }
    });
    Body::from_stream(ReceiverStream::new(receiver))
}

#[tokio::test]
async fn an_echo_whose_client_leaves() {
    for leave in LEAVES {
        let gate = Gate::new();
        let router =
            Router::new().audited_route("/", audit_axum::routing::post(spawned)).layer(Extension(gate.clone()));
        let server = Server::start(router).await;
        let request =
            "POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 100\r\ncontent-type: application/json\r\n\r\n{\"a\":1,";
        let mut client = Client::sending(server.address, request).await;
        gate.arrived().await;
        client.read_until("{\"a\":1,").await;
        client.leave(leave);
        let record = server.only().await;
        let expected = json!({"status_code": 200, "request_bytes": 7, "response_bytes": 7, "truncated": true});
        assert_record(&record, expected);
        assert_ne!(record["completion"], "completed", "{leave:?}");
    }
}

#[tokio::test]
async fn a_client_that_sends_nothing_or_no_http_leaves_nothing() {
    let gate = Gate::new();
    let server = Server::start(wired(&gate)).await;
    Client::connect(server.address).await.leave(Leave::Fin);
    let answer = Client::sending(server.address, "not http\r\n\r\n").await.rest().await;
    assert_eq!(answer.status(), 400);
    assert_eq!(server.settled().await, Vec::<Value>::new());
}

//! The observer changes nothing: what goes over the wire is the same, byte for byte, with auditing on, off and without
//! the layer, but for the header `audit-id`.

mod support;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use audit_axum::{AuditLayer, RouterExt as _, audited};
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Extension, Path, Query, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::{Form, Json, Router};
use http_body::Frame;
use http_body_util::StreamBody;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use support::{Answer, Client, PATIENCE, auditor, serve, wait_until};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_stream::StreamExt as _;

#[derive(Serialize, Deserialize)]
struct Layer {
    name: String,
    password: Option<String>,
}

#[audited(action = "test.json")]
async fn json(Json(layer): Json<Layer>) -> (StatusCode, Json<Layer>) {
    (StatusCode::CREATED, Json(layer))
}

#[audited(action = "test.form")]
async fn form(Form(layer): Form<Layer>) -> String {
    layer.name
}

#[audited(action = "test.query")]
async fn query(Query(layer): Query<Layer>) -> String {
    layer.name
}

#[audited(action = "test.read", target = "layer/{id}")]
async fn read(Path(id): Path<u32>) -> String {
    id.to_string()
}

#[audited(action = "test.small")]
async fn small(body: Bytes) -> Bytes {
    body
}

#[audited(action = "test.echo")]
async fn echo(request: Request) -> Body {
    request.into_body()
}

#[audited(action = "test.fail")]
async fn fail() -> Result<String, StatusCode> {
    Err(StatusCode::INTERNAL_SERVER_ERROR)
}

#[audited(action = "test.answer")]
async fn answer(Path(kind): Path<String>) -> Response {
    let streamed = |pieces: Vec<Result<&'static str, io::Error>>| Body::from_stream(tokio_stream::iter(pieces));
    match kind.as_str() {
        "empty" => ().into_response(),
        "no-content" => StatusCode::NO_CONTENT.into_response(),
        "not-modified" => (StatusCode::NOT_MODIFIED, [(header::ETAG, "\"7\"")]).into_response(),
        "redirect" => Redirect::to("/answer/empty").into_response(),
        "cookies" => {
            let mut response = "two".into_response();
            response.headers_mut().append(header::SET_COOKIE, "a=1".parse().expect("a value"));
            response.headers_mut().append(header::SET_COOKIE, "b=2".parse().expect("a value"));
            response
        }
        "streamed" => streamed(vec![Ok("one"), Ok(""), Ok("three"), Ok("x")]).into_response(),
        "declared" => ([(header::CONTENT_LENGTH, "8")], streamed(vec![Ok("one"), Ok("three")])).into_response(),
        "short" => ([(header::CONTENT_LENGTH, "9")], streamed(vec![Ok("one"), Ok("three")])).into_response(),
        "error" => streamed(vec![Ok("one"), Err(io::Error::other("broken"))]).into_response(),
        "error-at-once" => streamed(vec![Err(io::Error::other("broken"))]).into_response(),
        "panic" => panic!("before the head"),
        "panic-later" => {
            let pieces = tokio_stream::iter([1, 2]).map(|piece| match piece {
                1 => Ok::<_, Infallible>("one"),
                _ => panic!("after the head"),
            });
            Body::from_stream(pieces).into_response()
        }
        "trailers" => {
            let mut trailers = HeaderMap::new();
            trailers.insert("x-sum", "8".parse().expect("a value"));
            let frames = [
                Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"one"))),
                Ok(Frame::data(Bytes::from_static(b"three"))),
                Ok(Frame::trailers(trailers)),
            ];
            ([("trailer", "x-sum")], Body::new(StreamBody::new(tokio_stream::iter(frames)))).into_response()
        }
        "own-id" => ([("audit-id", "the handler's own")], "own").into_response(),
        kind => panic!("no answer of kind {kind}"),
    }
}

fn wired() -> Router {
    use audit_axum::routing::{get, post};
    Router::new()
        .audited_route("/json", post(json))
        .audited_route("/form", post(form))
        .audited_route("/query", get(query))
        .audited_route("/layers/{id}", get(read).put(read))
        .audited_route("/small", post(small))
        .audited_route("/fail", get(fail))
        .layer(DefaultBodyLimit::max(64))
        .audited_route("/echo", post(echo))
        .audited_route("/answer/{kind}", get(answer))
}

fn plain() -> Router {
    use axum::routing::{get, post};
    Router::new()
        .route("/json", post(json))
        .route("/form", post(form))
        .route("/query", get(query))
        .route("/layers/{id}", get(read).put(read))
        .route("/small", post(small))
        .route("/fail", get(fail))
        .layer(DefaultBodyLimit::max(64))
        .route("/echo", post(echo))
        .route("/answer/{kind}", get(answer))
}

/// Sends while it reads, for an echo may answer before it has everything.
async fn exchange(address: SocketAddr, request: &[u8]) -> Answer {
    let stream = TcpStream::connect(address).await.expect("the server listens");
    let (mut reader, mut writer) = stream.into_split();
    let mut raw = Vec::new();
    let both = async { tokio::join!(writer.write_all(request), reader.read_to_end(&mut raw)) };
    let (_sent, _end) = tokio::time::timeout(PATIENCE, both).await.expect("an answer in time");
    Answer { raw }
}

/// What came, without the lines of the given headers.
fn without(answer: &Answer, headers: &[&str]) -> Vec<u8> {
    let end = answer.raw.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(0);
    let (head, rest) = answer.raw.split_at(end);
    let head = String::from_utf8_lossy(head);
    let kept: Vec<_> = head
        .split("\r\n")
        .filter(|line| {
            !headers.iter().any(|name| line.split(':').next().is_some_and(|key| key.eq_ignore_ascii_case(name)))
        })
        .collect();
    [kept.join("\r\n").as_bytes(), rest].concat()
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").into_bytes()
}

fn post(path: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{kind}content-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

fn requests() -> Vec<(&'static str, Vec<u8>)> {
    const JSON: &str = "content-type: application/json\r\n";
    const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";
    let lines = |text: &str| format!("{text}host: test\r\nconnection: close\r\n\r\n").into_bytes();
    let mut requests = vec![
        ("JSON", post("/json", JSON, r#"{"name":"rivers","password":"x"}"#)),
        ("invalid JSON", post("/json", JSON, r#"{"name":"rivers""#)),
        ("JSON of another shape", post("/json", JSON, r#"{"name":7}"#)),
        ("JSON that does not say so", post("/json", "", r#"{"name":"rivers"}"#)),
        ("a form", post("/form", FORM, "name=rivers&password=x")),
        ("a form without a name", post("/form", FORM, "password=x")),
        ("a query", get("/query?name=rivers")),
        ("a query without a name", get("/query?password=x")),
        ("a path that cannot be read", get("/layers/x")),
        ("too large a body", post("/small", "", &"x".repeat(65))),
        ("a body that just fits", post("/small", "", &"x".repeat(64))),
        (
            "a chunked body",
            lines("POST /small HTTP/1.1\r\ntransfer-encoding: chunked\r\n")
                .into_iter()
                .chain(*b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
                .collect(),
        ),
        (
            "a chunked body that breaks",
            lines("POST /small HTTP/1.1\r\ntransfer-encoding: chunked\r\n")
                .into_iter()
                .chain(*b"3\r\nabc\r\nno number\r\n")
                .collect(),
        ),
        ("no such route", get("/nothing")),
        ("no such method", lines("DELETE /layers/7 HTTP/1.1\r\n")),
        ("HEAD", lines("HEAD /layers/7 HTTP/1.1\r\n")),
        ("HEAD of a stream", lines("HEAD /answer/streamed HTTP/1.1\r\n")),
        ("HEAD of nothing", lines("HEAD /nothing HTTP/1.1\r\n")),
        ("HTTP 1.0", b"GET /answer/streamed HTTP/1.0\r\nhost: test\r\n\r\n".to_vec()),
        ("trailers", lines("GET /answer/trailers HTTP/1.1\r\nte: trailers\r\n")),
        ("trailers that nobody asked for", get("/answer/trailers")),
        ("an error", get("/fail")),
        ("an empty body to echo", post("/echo", "", "")),
        ("a large echo", post("/echo", "", &"0123456789abcdef".repeat(5 * 1024 * 1024 / 16))),
        (
            "three at once",
            [get("/layers/1"), get("/nothing"), get("/answer/streamed")]
                .concat()
                .replace_all("connection: close\r\n", 2),
        ),
    ];
    for kind in [
        "empty",
        "no-content",
        "not-modified",
        "redirect",
        "cookies",
        "streamed",
        "declared",
        "short",
        "error",
        "error-at-once",
        "panic",
        "panic-later",
    ] {
        requests.push((kind, get(&format!("/answer/{kind}"))));
    }
    requests
}

trait ReplaceAll {
    fn replace_all(self, what: &str, times: usize) -> Vec<u8>;
}

impl ReplaceAll for Vec<u8> {
    fn replace_all(self, what: &str, times: usize) -> Vec<u8> {
        String::from_utf8_lossy(&self).replacen(what, "", times).into_bytes()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answer_is_the_same_byte_for_byte() {
    for router in [wired(), plain()] {
        let (on, sink) = auditor(|builder| builder.record_response_bodies().record_response_headers());
        let (off, _) = auditor(|builder| builder.enabled(false));
        // Without anything of ours but the annotations.
        let bare = serve(plain()).await;
        let observed = [
            ("on", serve(router.clone().layer(AuditLayer::new(on.clone()))).await),
            ("off", serve(router.clone().layer(AuditLayer::new(off.clone()))).await),
            (
                "around",
                serve(Router::new().fallback_service(tower::Layer::layer(&AuditLayer::new(on.clone()), router))).await,
            ),
        ];
        let mut identified = 0;
        for (what, request) in requests() {
            let expected = without(&exchange(bare, &request).await, &["date"]);
            for (how, address) in observed {
                let answer = exchange(address, &request).await;
                let removed: &[&str] = if how == "off" { &["date"] } else { &["date", "audit-id"] };
                // The second and third of several answers keep theirs in the body of the first.
                let seen = if what == "three at once" {
                    later_heads(&without(&answer, removed))
                } else {
                    without(&answer, removed)
                };
                let expected = if what == "three at once" { later_heads(&expected) } else { expected.clone() };
                assert!(
                    seen == expected,
                    "{what}, {how}:\n{}\ninstead of\n{}",
                    String::from_utf8_lossy(&seen).chars().take(2000).collect::<String>(),
                    String::from_utf8_lossy(&expected).chars().take(2000).collect::<String>(),
                );
                identified += usize::from(answer.header("audit-id").is_some());
            }
        }
        assert!(identified > 40, "the layer was there: {identified}");
        assert!(sink.lines().len() > 40);
    }
}

/// Answers after the first one, without their dates and identifiers.
fn later_heads(raw: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(raw).into_owned();
    let kept = text.split("\r\n").filter(|line| !line.starts_with("date:") && !line.starts_with("audit-id:"));
    kept.collect::<Vec<_>>().join("\r\n").into_bytes()
}

/// A record's identifier must lead to that record: where one will come, it takes the place of the handler's own header.
/// Where none will, the answer is the handler's.
#[tokio::test]
async fn an_audit_id_of_the_handlers_own() {
    let (on, sink) = auditor(|builder| builder);
    let address = serve(plain().layer(AuditLayer::new(on))).await;
    let answer = exchange(address, &get("/answer/own-id")).await;
    assert_eq!(answer.text().matches("audit-id").count(), 1);
    let record = tokio::task::spawn_blocking(move || sink.only()).await.expect("it does not panic");
    assert_eq!(answer.header("audit-id").as_deref(), record["event_id"].as_str());

    let (off, _) = auditor(|builder| builder.enabled(false));
    let (excluding, _) = auditor(|builder| builder.exclude("/answer"));
    for auditor in [off, excluding] {
        let address = serve(plain().layer(AuditLayer::new(auditor))).await;
        let answer = exchange(address, &get("/answer/own-id")).await;
        assert_eq!(answer.header("audit-id").as_deref(), Some("the handler's own"));
    }
}

#[derive(Clone, Default)]
struct Produced(Arc<AtomicUsize>);

/// A stream without an end.
#[audited(action = "test.endless")]
async fn endless(Extension(produced): Extension<Produced>) -> Body {
    let piece = Bytes::from(vec![b'x'; 16 * 1024]);
    let pieces = tokio_stream::iter(std::iter::from_fn(move || {
        produced.0.fetch_add(1, Ordering::SeqCst);
        Some(Ok::<_, Infallible>(piece.clone()))
    }));
    Body::from_stream(pieces)
}

/// How many pieces are produced for a client that reads nothing after the head.
async fn produced_for_a_slow_reader(wrap: impl FnOnce(Router) -> Router) -> usize {
    let produced = Produced::default();
    let router = Router::new().route("/", axum::routing::get(endless)).layer(Extension(produced.clone()));
    let address = serve(wrap(router)).await;
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(32 * 1024).expect("a size");
    let mut stream = socket.connect(address).await.expect("the server listens");
    stream.write_all(&get("/")).await.expect("the server reads");
    let mut first = [0; 1];
    stream.read_exact(&mut first).await.expect("the server answers");
    let (mut last, mut unchanged) = (0, 0);
    wait_until("the producer stops", || {
        let now = produced.0.load(Ordering::SeqCst);
        unchanged = if now == last { unchanged + 1 } else { 0 };
        last = now;
        unchanged > 100
    })
    .await;
    last
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_stops_the_producer_as_soon() {
    let (auditor, _) = auditor(|builder| builder.record_response_bodies());
    let bare = produced_for_a_slow_reader(|router| router).await;
    let audited = produced_for_a_slow_reader(|router| router.layer(AuditLayer::new(auditor))).await;
    // The kernel's buffers differ by some pieces from one connection to the next.
    assert!(bare.abs_diff(audited) <= bare / 4 + 16, "{audited} pieces instead of {bare}");
}

/// A handler that does not read stops the client as soon.
#[audited(action = "test.reluctant")]
async fn reluctant(request: Request) -> StatusCode {
    let _body_not_read = request.into_body();
    std::future::pending().await
}

async fn taken_from_a_fast_writer(wrap: impl FnOnce(Router) -> Router) -> usize {
    let address = serve(wrap(Router::new().route("/", axum::routing::post(reluctant)))).await;
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_send_buffer_size(32 * 1024).expect("a size");
    let mut stream = socket.connect(address).await.expect("the server listens");
    stream.write_all(b"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 1000000000\r\n\r\n").await.expect("it reads");
    let piece = vec![b'x'; 16 * 1024];
    let (mut written, mut unchanged) = (0, 0);
    wait_until("the writer is stopped", || {
        match stream.try_write(&piece) {
            Ok(length) => {
                written += length;
                unchanged = 0;
            }
            Err(_) => unchanged += 1,
        }
        unchanged > 100
    })
    .await;
    written
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_nobody_reads_stops_the_client_as_soon() {
    let (auditor, _) = auditor(|builder| builder);
    let bare = taken_from_a_fast_writer(|router| router).await;
    let audited = taken_from_a_fast_writer(|router| router.layer(AuditLayer::new(auditor))).await;
    assert!(bare.abs_diff(audited) <= bare / 4 + 256 * 1024, "{audited} bytes instead of {bare}");
}

#[tokio::test]
async fn pieces_pass_as_they_come() {
    // A piece that is there goes out although the next one is not: nothing is gathered.
    let (sender, receiver) = tokio::sync::mpsc::channel::<&'static str>(1);
    let receiver = Arc::new(std::sync::Mutex::new(Some(receiver)));
    let handler = move || {
        let receiver = receiver.lock().expect("nobody panics").take().expect("asked once");
        async { Body::from_stream(tokio_stream::wrappers::ReceiverStream::new(receiver).map(Ok::<_, Infallible>)) }
    };
    let (auditor, sink) = auditor(|builder| builder.record_response_bodies());
    let router = Router::new().route("/api/stream", axum::routing::get(handler)).layer(AuditLayer::new(auditor));
    let mut client =
        Client::sending(serve(router).await, "GET /api/stream HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
            .await;
    client.read_until("\r\n\r\n").await;
    for piece in ["first", "second"] {
        sender.send(piece).await.expect("somebody reads");
        client.read_until(&format!("{piece}\r\n")).await;
        assert_eq!(sink.records(), Vec::<Value>::new(), "it has not ended");
    }
    drop(sender);
    assert!(client.rest().await.text().ends_with("0\r\n\r\n"));
}

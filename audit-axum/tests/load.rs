//! Thousands of requests, many of which end badly: each that reached the router leaves exactly one record, and it is true.

mod support;

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use audit_axum::{AuditLayer, RouterExt as _, audited, data};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::middleware::{Next, from_fn};
use http_body::{Body as HttpBody, Frame, SizeHint};
use serde_json::Value;
use support::{Client, Leave, Server, auditor, serve};
use tokio_stream::StreamExt as _;

const REQUESTS: usize = 3000;
const CONNECTIONS: usize = 64;

fn note_id(headers: &HeaderMap) {
    data("id", headers["x-request-id"].to_str().expect("text"));
}

#[audited(action = "load.echo")]
async fn echo(headers: HeaderMap, body: Bytes) -> Bytes {
    note_id(&headers);
    body
}

#[audited(action = "load.wait")]
async fn wait(headers: HeaderMap) -> &'static str {
    tokio::spawn(tokio::task::yield_now()).await.expect("it does not panic");
    note_id(&headers);
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    "waited"
}

#[audited(action = "load.stream")]
async fn stream(headers: HeaderMap) -> ([(&'static str, &'static str); 1], Body) {
    note_id(&headers);
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        for _ in 0..20 {
            tokio::task::yield_now().await;
            if sender.send(Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 1000]))).await.is_err() {
                return;
            }
        }
    });
    ([("content-length", "20000")], Body::from_stream(tokio_stream::wrappers::ReceiverStream::new(receiver)))
}

#[audited(action = "load.panic")]
async fn panics(headers: HeaderMap) {
    note_id(&headers);
    tokio::task::yield_now().await;
    panic!("on purpose")
}

#[audited(action = "load.panic_later")]
async fn panics_later() -> Body {
    Body::from_stream(tokio_stream::iter(0..3).map(|piece| match piece {
        0 | 1 => Ok::<_, Infallible>("piece"),
        _ => panic!("on purpose"),
    }))
}

/// What went through outside the layer: how many bytes were taken, and whether they were all.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    status: Option<u16>,
    bytes: u64,
    whole: bool,
}

type Ledger = Arc<Mutex<HashMap<String, Vec<Seen>>>>;

/// Counts a body as the server takes it, and enters it when it is dropped.
struct Counted {
    inner: Body,
    declared: Option<u64>,
    id: String,
    seen: Seen,
    ledger: Ledger,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut ledger = self.ledger.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *ledger.get_mut(&self.id).and_then(|seen| seen.last_mut()).expect("entered on arrival") = self.seen;
    }
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        let ended = frame.is_none() || self.inner.is_end_stream();
        if let Some(Ok(frame)) = &frame {
            self.seen.bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
        }
        self.seen.whole = self.declared.map_or(ended, |declared| self.seen.bytes >= declared);
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn app(auditor: &audit_axum::Auditor, ledger: &Ledger) -> Router {
    use audit_axum::routing::{get, post};
    let ledger = Arc::clone(ledger);
    Router::new()
        .audited_route("/echo", post(echo))
        .audited_route("/wait", get(wait))
        .route("/stream", axum::routing::get(stream))
        .route("/panic", axum::routing::get(panics))
        .audited_route("/panic-later", get(panics_later))
        .route("/api/plain", axum::routing::get(|| async { "plain" }))
        .layer(AuditLayer::new(auditor.clone()))
        .layer(from_fn(move |request: Request, next: Next| {
            let ledger = Arc::clone(&ledger);
            async move {
                let id = request.headers()["x-request-id"].to_str().expect("text").to_owned();
                ledger.lock().expect("nobody panics").entry(id.clone()).or_default().push(Seen::default());
                let response = next.run(request).await;
                let status = Some(response.status().as_u16());
                let header = response.headers().get("content-length").and_then(|length| length.to_str().ok());
                let header = header.and_then(|length| length.parse().ok());
                response.map(|inner| {
                    let declared = inner.size_hint().exact().or(header);
                    let whole = declared == Some(0);
                    Body::new(Counted { inner, declared, id, seen: Seen { status, bytes: 0, whole }, ledger })
                })
            }
        }))
}

/// xorshift64*: the same numbers for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }
}

/// What the client knows of its requests.
#[derive(Default)]
struct Told {
    whole: Vec<String>,
    panicking: Vec<String>,
    cut: usize,
}

async fn client(address: SocketAddr, next: Arc<AtomicUsize>, mut random: Random) -> Told {
    let mut told = Told::default();
    let mut connection = None;
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= REQUESTS {
            return told;
        }
        let id = format!("r-{number}");
        let mut client = match connection.take() {
            Some(client) => client,
            None => Client::connect(address).await,
        };
        let panicking = random.below(10) == 0;
        let (line, body) = match random.below(4) {
            _ if panicking => ([("GET /panic", ""), ("GET /panic-later", "")][number % 2].0, String::new()),
            0 => ("POST /echo", "x".repeat(1 + usize::try_from(random.below(5000)).expect("small"))),
            1 => ("GET /wait", String::new()),
            2 => ("GET /stream", String::new()),
            _ => ("GET /api/plain", String::new()),
        };
        let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        let request = format!("{line} HTTP/1.1\r\nhost: test\r\nx-request-id: {id}\r\n{length}\r\n{body}");
        if random.below(3) == 0 {
            told.cut += 1;
            let leave = if random.below(2) == 0 { Leave::Fin } else { Leave::Rst };
            match random.below(3) {
                // Before everything is sent.
                0 => {
                    let part = usize::try_from(random.below(request.len() as u64)).expect("small");
                    let _may_be_closed = client.try_send(&request.as_bytes()[..part]).await;
                }
                // While it waits.
                1 => {
                    let _may_be_closed = client.try_send(&request).await;
                    for _ in 0..random.below(50) {
                        tokio::task::yield_now().await;
                    }
                }
                // In the middle of the answer.
                _ => {
                    let _may_be_closed = client.try_send(&request).await;
                    client.read_some().await;
                }
            }
            client.leave(leave);
            continue;
        }
        client.send(&request).await;
        if panicking {
            client.rest().await;
            told.panicking.push(id);
            continue;
        }
        let answer = client.one().await.expect("a whole answer");
        assert_eq!(answer.status(), 200, "{id}");
        told.whole.push(id);
        connection = Some(client);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_request_that_arrived_leaves_one_true_record() {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    // Set by hand to see a failure again.
    let seed = u64::from(now.subsec_nanos()) | 1;
    println!("seed {seed}");
    // Thousands of panics on purpose would hide everything else.
    std::panic::set_hook(Box::new(|panic| {
        let text = panic.to_string();
        if !text.contains("on purpose") {
            eprintln!("{text}");
        }
    }));
    let (auditor, sink) = auditor(|builder| builder);
    let ledger = Ledger::default();
    let address = serve(app(&auditor, &ledger)).await;
    let server = Server { address, auditor, sink };
    let next = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..CONNECTIONS as u64)
        .map(|index| {
            let random = Random(seed.wrapping_mul(index + 1).wrapping_add(0x9E37_79B9_7F4A_7C15) | 1);
            tokio::spawn(client(address, Arc::clone(&next), random))
        })
        .collect();
    let mut told = Told::default();
    for client in clients {
        let part = client.await.expect("the client is content");
        told.whole.extend(part.whole);
        told.panicking.extend(part.panicking);
        told.cut += part.cut;
    }
    let records = server.settled().await;
    let ledger = ledger.lock().expect("nobody panics").clone();

    let mut by_id: HashMap<&str, &Value> = HashMap::new();
    for record in &records {
        let id = record["request_id"].as_str().expect("each has one");
        assert!(by_id.insert(id, record).is_none(), "two records of {id}");
        let seen = ledger.get(id).unwrap_or_else(|| panic!("{id} never arrived: {record}"));
        assert_eq!(seen.len(), 1, "{id} arrived twice");
        check(record, seen[0]);
    }
    for id in ledger.keys() {
        assert!(by_id.contains_key(id.as_str()), "{id} arrived and left no record");
    }
    for id in &told.whole {
        assert_eq!(by_id[id.as_str()]["completion"], "completed", "{}", by_id[id.as_str()]);
    }
    for id in &told.panicking {
        assert_eq!(by_id[id.as_str()]["completion"], "panicked", "{}", by_id[id.as_str()]);
    }
    // Else the test has not tested much.
    let count = |completion: &str| records.iter().filter(|record| record["completion"] == completion).count();
    let figures = (
        records.len(),
        told.cut,
        count("completed"),
        count("aborted"),
        count("client_disconnected"),
        count("panicked"),
    );
    println!("records, cut, completed, aborted, client_disconnected, panicked: {figures:?}");
    assert!(records.len() > REQUESTS / 2 && told.cut > REQUESTS / 4, "{figures:?}");
    assert!(count("aborted") > 50 && count("client_disconnected") > 10 && count("panicked") > 100, "{figures:?}");
    let stats = server.auditor.stats();
    assert_eq!((stats.open, stats.late, stats.sinks[0].dropped), (0, 0, 0));
    assert_eq!(stats.sinks[0].written, records.len() as u64);
}

/// Whether a record agrees with what was seen outside the layer.
fn check(record: &Value, seen: Seen) {
    let completion = record["completion"].as_str().expect("always there");
    assert_eq!(record["status_code"].as_u64(), seen.status.map(u64::from), "{record} {seen:?}");
    assert_eq!(record["response_bytes"].as_u64(), seen.status.map(|_| seen.bytes), "{record} {seen:?}");
    let ended = match completion {
        "completed" => seen.whole,
        "aborted" => !seen.whole,
        // The answer may be whole, but not the request.
        "client_disconnected" => record["action"] == "load.echo",
        "panicked" => record["path"].as_str().is_some_and(|path| path.starts_with("/panic")),
        _ => false,
    };
    assert!(ended, "{record} {seen:?}");
    let user = if seen.status.is_some() { "anonymous" } else { "unknown" };
    assert_eq!(record["user"], user, "{record}");
    if let Some(id) = record["data"]["id"].as_str() {
        assert_eq!(record["request_id"], id, "{record}");
    }
}

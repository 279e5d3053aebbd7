//! A real server over TCP, a real client, and the records in memory.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "each test file is a crate of its own and uses its own part"
)]

mod client;
mod gate;

use std::net::SocketAddr;
use std::sync::mpsc;
use std::time::Duration;

use audit_axum::{AuditLayer, Auditor, Builder, Output};
use audit_core::testing::MemorySink;
use axum::Router;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub use client::{Client, LEAVES, Leave};
pub use gate::{Arrivals, Gate};

/// How long anything may take before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// An auditor without a log, and its sink in memory.
pub fn auditor(configure: impl FnOnce(Builder) -> Builder) -> (Auditor, MemorySink) {
    let sink = MemorySink::new();
    let builder = configure(Auditor::builder().output(Output::None)).sink(sink.clone());
    (builder.build().expect("the settings are good"), sink)
}

/// A server on a port of its own, and what it recorded.
pub struct Server {
    pub address: SocketAddr,
    pub auditor: Auditor,
    pub sink: MemorySink,
}

impl Server {
    /// Serves `router` with the audit layer around it.
    pub async fn start(router: Router) -> Self {
        Self::configured(router, |builder| builder).await
    }

    pub async fn configured(router: Router, configure: impl FnOnce(Builder) -> Builder) -> Self {
        let (auditor, sink) = auditor(configure);
        let address = serve(router.layer(AuditLayer::new(auditor.clone()))).await;
        Self { address, auditor, sink }
    }

    /// Sends a request and gives the answer.
    pub async fn send(&self, request: &str) -> Answer {
        send(self.address, request.as_bytes()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")).await
    }

    pub async fn post(&self, path: &str, content_type: &str, body: &str) -> Answer {
        let length = body.len();
        self.send(&format!(
            "POST {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
        .await
    }

    /// The one record there is to be.
    pub async fn only(&self) -> Value {
        let sink = self.sink.clone();
        tokio::task::spawn_blocking(move || sink.only()).await.expect("the record came")
    }

    pub async fn wait_for(&self, count: usize) -> Vec<Value> {
        let sink = self.sink.clone();
        tokio::task::spawn_blocking(move || sink.wait_for(count)).await.expect("the records came")
    }

    /// Everything that is recorded once nothing is open any more.
    pub async fn settled(&self) -> Vec<Value> {
        let auditor = self.auditor.clone();
        wait_until("no exchange is open and nothing is queued", move || {
            let stats = auditor.stats();
            stats.open == 0 && stats.sinks.iter().all(|sink| sink.queued == 0)
        })
        .await;
        self.sink.records()
    }
}

/// Polls a condition until it holds; fails after [`PATIENCE`].
pub async fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !holds() {
        assert!(tokio::time::Instant::now() < deadline, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Serves a router until the test's runtime ends.
pub async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

/// An answer as it came over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub raw: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }

    pub fn status(&self) -> u16 {
        self.text().split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<String> {
        let text = self.text();
        let head = text.split("\r\n\r\n").next()?;
        head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }

    pub fn body(&self) -> String {
        self.text().split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
    }
}

/// Sends bytes and reads until the server closes.
pub async fn send(address: SocketAddr, request: &[u8]) -> Answer {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.expect("the server listens");
        stream.write_all(request).await.expect("the server reads");
        let mut raw = Vec::new();
        // A reset after the answer is as good an end as any.
        let _end = stream.read_to_end(&mut raw).await;
        Answer { raw }
    };
    tokio::time::timeout(PATIENCE, exchange).await.expect("an answer in time")
}

/// A gate between a handler and its test.
pub fn channel<T>() -> (mpsc::Sender<T>, mpsc::Receiver<T>) {
    mpsc::channel()
}

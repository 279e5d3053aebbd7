//! A client of HTTP/2 by prior knowledge, with streams that can be reset.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use http::Response;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use crate::answer::find;
use crate::client::PATIENCE;
use crate::request::Request;
use crate::talk::{Body, Told};

/// One connection.
pub(crate) struct Http2 {
    runtime: Runtime,
    requests: SendRequest<Bytes>,
}

/// One request of it.
pub(crate) struct Stream {
    pub(crate) id: String,
    sending: SendStream<Bytes>,
    response: Option<ResponseFuture>,
    head: Option<Response<()>>,
    body: Option<RecvStream>,
    read: Vec<u8>,
}

/// An answer, as much of it as came.
pub(crate) struct Answer2 {
    pub(crate) status: u16,
    /// Names and values, sorted, without the date and the identifier.
    pub(crate) headers: Vec<String>,
    pub(crate) audit_id: Option<String>,
    pub(crate) body: Vec<u8>,
    /// The reason that the stream was reset for, if it was.
    pub(crate) broken: Option<Reason>,
}

impl Http2 {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let mut building = tokio::runtime::Builder::new_multi_thread();
        let runtime = building.worker_threads(1).enable_all().build().expect("a thread");
        let requests = runtime.block_on(in_time(async {
            let stream = TcpStream::connect(address).await.expect("the server listens");
            let (requests, connection) = h2::client::handshake(stream).await.expect("the server speaks HTTP/2");
            // How it ended, each stream tells.
            tokio::spawn(async { drop(connection.await) });
            requests
        }));
        Self { runtime, requests }
    }

    /// Sends a request without a body.
    pub(crate) fn send(&mut self, request: &Request) -> Stream {
        self.start(request, true)
    }

    /// Sends a request and the beginning of its body.
    pub(crate) fn begin(&mut self, request: &Request, piece: impl Into<Bytes>, last: bool) -> Stream {
        let mut stream = self.start(request, false);
        stream.sending.send_data(piece.into(), last).expect("the stream is open");
        stream
    }

    fn start(&mut self, request: &Request, ended: bool) -> Stream {
        let requests = self.requests.clone();
        let (response, sending) = self.runtime.block_on(in_time(async move {
            let mut requests = requests.ready().await.expect("room for a stream");
            requests.send_request(request.head(), ended).expect("the connection is open")
        }));
        let id = request.id.clone();
        Stream { id, sending, response: Some(response), head: None, body: None, read: Vec::new() }
    }

    pub(crate) fn reset(&self, mut stream: Stream) {
        stream.sending.send_reset(Reason::CANCEL);
    }

    /// Reads until what came holds `needle`.
    #[track_caller]
    pub(crate) fn read_until(&self, stream: &mut Stream, needle: &str) {
        while find(&stream.read, needle.as_bytes()).is_none() {
            assert!(self.read(stream) == Ok(true), "the answer ended before {needle:?}");
        }
    }

    /// Reads to the end of the stream; none when not even a head came.
    pub(crate) fn rest(&self, mut stream: Stream) -> Option<Answer2> {
        let broken = loop {
            match self.read(&mut stream) {
                Ok(true) => {}
                Ok(false) => break None,
                Err(reason) => break Some(reason),
            }
        };
        let told = told(stream.head.as_ref()?);
        let headers = stream.head?.headers().clone();
        let mut headers: Vec<_> = headers
            .iter()
            .filter(|(name, _)| !["date", "audit-id"].contains(&name.as_str()))
            .map(|(name, value)| format!("{name}: {value:?}"))
            .collect();
        headers.sort_unstable();
        Some(Answer2 { status: told.status, headers, audit_id: told.audit_id, body: stream.read, broken })
    }

    /// Reads what comes next: `false` at the end.
    fn read(&self, stream: &mut Stream) -> Result<bool, Reason> {
        let reading = async {
            if let Some(response) = stream.response.take() {
                let (head, body) = response.await?.into_parts();
                stream.head = Some(Response::from_parts(head, ()));
                stream.body = Some(body);
            }
            let Some(body) = &mut stream.body else { return Ok(false) };
            let Some(piece) = body.data().await.transpose()? else { return Ok(false) };
            body.flow_control().release_capacity(piece.len())?;
            stream.read.extend_from_slice(&piece);
            Ok(true)
        };
        let read: Result<bool, h2::Error> = self.runtime.block_on(in_time(reading));
        read.map_err(|error| error.reason().unwrap_or(Reason::INTERNAL_ERROR))
    }

    /// Cuts the connection and all its streams.
    pub(crate) fn leave(self) {
        self.runtime.shutdown_timeout(Duration::from_secs(1));
    }
}

impl Answer2 {
    /// Asserts what was answered.
    #[track_caller]
    pub(crate) fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status, &*String::from_utf8_lossy(&self.body), self.broken), (status, body, None));
    }
}

impl Stream {
    /// What its head told, if it came.
    pub(crate) fn told(&self) -> Option<Told> {
        self.head.as_ref().map(told)
    }
}

fn told(head: &Response<()>) -> Told {
    let audit_id = head.headers().get("audit-id").map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned());
    Told { status: head.status().as_u16(), audit_id, body: Body::Left }
}

async fn in_time<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.expect("it comes in time")
}

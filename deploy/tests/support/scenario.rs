//! What is planted: each request has a name, which is its `x-request-id`, so that a record can be told by it.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use audit_actix::Auditor;
use audit_core::testing::MemorySink;
use reqwest::Method;
use reqwest::blocking::Client;
use serde_json::json;

use super::service::{auditor, serve};

/// Nothing takes longer in this scenario.
const PATIENCE: Duration = Duration::from_secs(20);

/// The trace that one request belongs to.
const TRACE: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;

/// One service, asked from many addresses.
struct Asked {
    address: SocketAddr,
    auditor: Auditor,
    came: Receiver<()>,
}

/// What one request has besides its method and path.
#[derive(Default, Clone)]
struct With {
    user: Option<&'static str>,
    from: u8,
    json: Option<serde_json::Value>,
    bytes: Option<(&'static str, Vec<u8>)>,
    trace: Option<u128>,
}

fn by(user: &'static str) -> With {
    With { user: Some(user), from: 1, ..With::default() }
}

fn from(last: u8) -> With {
    With { from: last, ..With::default() }
}

impl With {
    fn json(mut self, body: serde_json::Value) -> Self {
        self.json = Some(body);
        self
    }

    fn bytes(mut self, kind: &'static str, body: Vec<u8>) -> Self {
        self.bytes = Some((kind, body));
        self
    }

    fn at(mut self, last: u8) -> Self {
        self.from = last;
        self
    }

    fn traced(mut self, trace: u128) -> Self {
        self.trace = Some(trace);
        self
    }
}

impl Asked {
    fn new(service: &str, environment: &str, settings: &[(&str, &str)], sink: MemorySink) -> Self {
        let auditor = auditor(service, environment, settings, sink);
        let (tell, came) = channel();
        let address = serve(&auditor, tell);
        Self { address, auditor, came }
    }

    /// Asks by a client of its own, from `127.0.0.<from>`: Linux takes all of `127.0.0.0/8` for its own addresses. What the answer is, the record says.
    fn ask(&self, name: &str, method: Method, path: &str, with: With) {
        let own = IpAddr::V4(Ipv4Addr::new(127, 0, 0, with.from.max(1)));
        let client = Client::builder().local_address(own).timeout(PATIENCE).build().expect("a client");
        let url = format!("http://{}{path}", self.address);
        let mut request = client.request(method, url).header("x-request-id", name).header("accept", "*/*");
        if let Some(user) = with.user {
            request = request.header("x-user", user);
        }
        if let Some(trace) = with.trace {
            request = request.header("traceparent", format!("00-{trace:032x}-00f067aa0ba902b7-01"));
        }
        if let Some(json) = with.json {
            request = request.json(&json);
        }
        if let Some((kind, bytes)) = with.bytes {
            request = request.header("content-type", kind).body(bytes);
        }
        // A handler that panics gives no answer.
        drop(request.send().map(|answer| answer.bytes()));
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream
    }

    /// Leaves within its upload.
    fn leave_uploading(&self, name: &str) {
        let mut stream = self.connect();
        let head = format!(
            "POST /api/v1/upload HTTP/1.1\r\nhost: x\r\nx-request-id: {name}\r\nx-user: bob\r\n\
             content-type: application/json\r\ncontent-length: 100000\r\n\r\n{{\"name\":"
        );
        stream.write_all(head.as_bytes()).expect("the server reads");
        stream.shutdown(Shutdown::Write).expect("the client closes its side");
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer)); // until the server is done with it
    }

    /// Leaves within the answer, by a reset.
    fn leave_downloading(&self, name: &str) {
        let mut stream = self.connect();
        let head = format!("GET /api/v1/export HTTP/1.1\r\nhost: x\r\nx-request-id: {name}\r\nx-user: carol\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("the server reads");
        self.came.recv_timeout(PATIENCE).expect("the handler runs");
        stream.read_exact(&mut [0; 1024]).expect("the answer begins");
        let linger = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        linger.expect("the socket takes it"); // so that closing it resets the connection
    }

    fn finish(&self) {
        let deadline = Instant::now() + PATIENCE;
        while self.auditor.stats().open != 0 {
            assert!(Instant::now() < deadline, "an exchange stays open");
            std::thread::sleep(Duration::from_millis(2));
        }
        let report = self.auditor.shutdown(PATIENCE);
        assert!(report.in_time && report.lost() == 0, "{report}");
    }
}

/// Asks everything, in the order of the lines below, and gives every line that this left.
pub(crate) fn lines() -> Vec<String> {
    let sink = MemorySink::new();
    let geo = Asked::new("geo-layers", "production", &[("AUDIT_MODE", "full")], sink.clone());
    let tiles = Asked::new("tiles", "staging", &[], sink.clone());
    let log_in = |name: &str, user: &str, password: &str, from: u8| {
        let body = json!({"username": user, "password": password});
        geo.ask(name, Method::POST, "/api/v1/login", With { from, ..With::default() }.json(body));
    };

    log_in("login-admin", "admin", "correct", 2);
    for guess in ["guess-1", "guess-2", "guess-3"] {
        log_in(guess, "admin", guess, 66);
    }
    log_in("typo", "alice", "corect", 3);

    let rivers = "/api/v1/layers/rivers";
    geo.ask("create-rivers", Method::POST, "/api/v1/layers", by("admin").json(json!({"name": "rivers"})));
    geo.ask("create-broken-json", Method::POST, "/api/v1/layers", by("dave").bytes("application/json", b"{".to_vec()));
    geo.ask("update-rivers", Method::PUT, rivers, by("alice").json(json!({"name": "streams"})));
    geo.ask("read-rivers", Method::GET, rivers, by("alice").at(3).traced(TRACE));
    geo.ask("read-rivers-elsewhere", Method::GET, rivers, by("alice").at(77));
    geo.ask("read-rivers-anonymous", Method::GET, rivers, from(9));
    tiles.ask("read-rivers-tiles", Method::GET, rivers, by("bob"));
    geo.ask("read-secret", Method::GET, "/api/v1/layers/secret", by("mallory").at(66));
    geo.ask("read-nowhere", Method::GET, "/api/v1/layers/nowhere", by("erin"));
    geo.ask("read-broken", Method::GET, "/api/v1/layers/broken", by("erin"));
    geo.ask("read-panic", Method::GET, "/api/v1/layers/panic", by("frank"));
    geo.ask("read-slow", Method::GET, "/api/v1/layers/slow", by("grace"));
    geo.ask("merge", Method::POST, "/api/v1/merge", by("admin"));
    geo.ask("delete-refused", Method::DELETE, rivers, by("mallory").at(66));
    geo.ask("delete-rivers", Method::DELETE, rivers, by("admin"));

    // Names of which one, read as an expression, is the other.
    geo.ask("read-lakes", Method::GET, "/api/v1/layers/lakes", by("a+b"));
    geo.ask("read-lakes-too", Method::GET, "/api/v1/layers/lakes", by("aab"));
    let mention = br#"{"type":"layer","id":"lakes"}"#.to_vec();
    geo.ask("upload-mention", Method::POST, "/api/v1/upload", by("heidi").bytes("application/json", mention));

    let long = json!({"name": "x", "text": "y".repeat(60_000)});
    geo.ask("upload-long", Method::POST, "/api/v1/upload", by("heidi").json(long));
    let image = vec![0xFF; 2_000];
    geo.ask("upload-image", Method::POST, "/api/v1/upload", by("heidi").bytes("image/png", image));
    geo.leave_uploading("left-uploading");
    geo.leave_downloading("left-downloading");

    geo.ask("no-such-path", Method::GET, "/api/v1/nothing/here", from(10));
    // So that it shows which label would have many values.
    for (n, code) in (11..).zip([202, 206, 304, 400, 409, 410, 413, 415, 418, 429, 502, 503]) {
        geo.ask(
            &format!("status-{code}"),
            Method::GET,
            &format!("/api/v1/status/{code}"),
            from(n).traced(TRACE + u128::from(n)),
        );
    }
    for user in ["ivan", "judy", "ken", "lena"] {
        tiles.ask(&format!("tiles-{user}"), Method::GET, &format!("/api/v1/layers/of-{user}"), by(user));
    }
    geo.auditor.event("job.cleanup").data("removed", 3).record();
    geo.finish();
    tiles.finish();
    sink.lines().iter().map(|line| line.json().to_owned()).collect()
}

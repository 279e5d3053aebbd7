//! What a signal does while a request is open.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as they do")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use prediction_model::samples::png_of;
use support::{PATIENCE, Service};

const USERS: (&str, &str) = ("PREDICTION_API_USERS", "ana:hers:admin");

/// A prediction whose head is sent, and of which the service has begun to read the body: it asked for it.
struct Open {
    stream: TcpStream,
    body: Vec<u8>,
}

impl Open {
    async fn new(service: &Service) -> Self {
        let token = service.token("ana", "hers").await;
        let mut body = b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n".to_vec();
        body.extend(png_of(4));
        body.extend(b"\r\n--x--\r\n");
        let head = format!(
            "POST /api/v2/predict HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\
             Content-Type: multipart/form-data; boundary=x\r\nExpect: 100-continue\r\n\r\n",
            service.address(),
            body.len()
        );
        let mut stream = TcpStream::connect(service.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let mut interim = [0; 25];
        stream.read_exact(&mut interim).unwrap();
        assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
        Self { stream, body }
    }

    /// Sends the body and gives the answer, to the end of the connection.
    fn finish(mut self) -> String {
        self.stream.write_all(&self.body).unwrap();
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

#[tokio::test]
async fn open_requests_are_answered_and_recorded() {
    for signal in ["TERM", "INT"] {
        let folder = tempfile::tempdir().unwrap();
        let mut service = Service::start(folder.path(), &[USERS]);
        let open = Open::new(&service).await;
        service.signal(signal);
        service.hears(&format!("SIG{signal}: stopping"), PATIENCE);
        let answer = open.finish();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("\"prediccion\":4"), "{answer}");
        let figures = service.hears("audit: ", PATIENCE);
        assert_eq!(figures, "audit: file: 2 written, 0 lost; store: 2 written, 0 lost");
        let lines = service.lines();
        assert!(lines.len() == 2 && lines[1].contains("\"completion\":\"completed\""), "{lines:?}");
        assert_eq!(service.ends().status.code(), Some(0));
    }
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_off_and_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let mut service = Service::start(folder.path(), &[USERS]);
    let open = Open::new(&service).await;
    service.signal("TERM");
    service.hears("some requests did not end in time", PATIENCE);
    assert_eq!(service.hears("audit: ", PATIENCE), "audit: file: 2 written, 0 lost; store: 2 written, 0 lost");
    let record: serde_json::Value = serde_json::from_str(&service.lines()[1]).unwrap();
    assert_eq!((&record["completion"], &record["outcome"]), (&"shutdown".into(), &"unknown".into()));
    assert_eq!((&record["action"], &record["user"]), (&"prediction.v2".into(), &"ana".into()));
    assert!(record.get("status_code").is_none(), "{record}");
    assert_eq!(service.ends().status.code(), Some(0));
    drop(open);
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut service = Service::start(folder.path(), &[USERS]);
    let open = Open::new(&service).await;
    service.signal("TERM");
    service.hears("SIGTERM: stopping", PATIENCE);
    service.signal("INT");
    service.hears("SIGINT: ending at once", PATIENCE);
    let ended = service.ends();
    assert_eq!(ended.status.code(), Some(1));
    assert!(!ended.stderr.iter().any(|line| line.starts_with("audit: ")), "{:?}", ended.stderr);
    drop(open);
}

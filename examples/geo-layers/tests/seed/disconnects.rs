//! Clients that leave in the middle of an upload.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use serde_json::{Value, json};
use service_kit::testing::{PATIENCE, until};

use crate::support::Server;

const INTERIM: &str = "HTTP/1.1 100 Continue\r\n\r\n";

/// What is sent of a body: the geometry is cut in the middle of a number.
const PART: &str = r#"{"name":"wells","password":"hunter2","geometry":{"type":"Point","coordinates":[39.469"#;

/// An upload of which the head and a part are sent, and whose rest the service has asked for.
struct Upload(TcpStream);

impl Upload {
    async fn begin(server: &Server) -> Self {
        let session = server.visitor().log_in("ana", "ana-pass").await.session();
        let begun = format!(
            "POST /api/v1/layers/ HTTP/1.1\r\nHost: {}\r\nCookie: sessionid={session}\r\nContent-Length: 1000\r\n\
             Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n{PART}",
            server.address()
        );
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(begun.as_bytes()).unwrap();
        let asked = |stream: &TcpStream| {
            let mut interim = [0; INTERIM.len()];
            stream.peek(&mut interim).unwrap() == INTERIM.len() && interim == INTERIM.as_bytes()
        };
        until(|| asked(&stream)).await;
        Self(stream)
    }

    /// Closes the connection in order, and gives what still came.
    fn close(mut self) -> String {
        self.0.shutdown(Shutdown::Write).unwrap();
        let mut answers = String::new();
        self.0.read_to_string(&mut answers).unwrap();
        answers.strip_prefix(INTERIM).unwrap().to_owned()
    }

    /// Resets the connection: what a system does that closes one of which something is unread, here the interim answer.
    fn reset(self) {
        drop(self.0);
    }
}

/// The upload's record, once it is there. No layer was made.
async fn ended(server: &Server) -> Value {
    let record = server.record_where(|record| record["path"] == "/api/v1/layers/").await;
    assert_eq!((&record["method"], &record["level"]), (&json!("POST"), &json!("warn")), "{record}");
    assert!(!record.to_string().contains("39.4") && !record.to_string().contains("hunter2"), "{record}");
    assert_eq!(server.visitor().get("/api/v1/layers/").await.json(), json!([]));
    record
}

/// The service says what is wrong, to somebody who may still read: that they left is the record's to say.
#[tokio::test]
async fn who_closes_the_connection_has_left() {
    let server = Server::audited(&[]);
    let answer = Upload::begin(&server).await.close();
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    let record = ended(&server).await;
    let facts = ["action", "completion", "outcome", "user"].map(|key| record[key].as_str().unwrap());
    assert_eq!(facts, ["layer.create", "client_disconnected", "rejected", "ana"], "{record}");
    assert_eq!((&record["status_code"], &record["truncated"]), (&json!(400), &json!(true)), "{record}");
    assert_eq!((&record["request_bytes"], &record["original_bytes"]), (&json!(PART.len()), &json!(PART.len())));
    let body = &record["request_body"];
    assert_eq!((&body["name"], &body["password"]), (&json!("wells"), &json!("[FILTERED]")), "{record}");
}

/// actix-web drops the handler before it could read of it, so that there is no evidence of who ended it.
#[tokio::test]
async fn who_resets_the_connection_has_aborted() {
    let server = Server::audited(&[]);
    Upload::begin(&server).await.reset();
    let record = ended(&server).await;
    let facts = ["completion", "outcome"].map(|key| record[key].as_str().unwrap());
    assert_eq!(facts, ["aborted", "unknown"], "{record}");
    // Never an invented status. The session may not have been looked up by then, before which nothing is routed.
    assert_eq!(record.get("status_code"), None, "{record}");
    let known = ["action", "user"].map(|key| record[key].as_str().unwrap());
    assert!([["layer.create", "ana"], ["http.request", "unknown"]].contains(&known), "{record}");
}

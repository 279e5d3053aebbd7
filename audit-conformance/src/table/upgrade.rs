//! WebSockets, where the framework has them.

use serde_json::json;

use crate::case::Case;
use crate::request::Request;

/// The example of RFC 6455, 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
/// Text `hello` and a close, as a client must send them: masked, here by zeros.
const HELLO: &[u8] = b"\x81\x85\0\0\0\0hello";
const CLOSE: &[u8] = b"\x88\x80\0\0\0\0";

fn handshake(request: Request) -> Request {
    let request = request.keep().header("connection", "upgrade").header("upgrade", "websocket");
    request.header("sec-websocket-version", "13").header("sec-websocket-key", KEY)
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("upgrade.websocket", "An upgrade is a success, whatever is said afterwards.", |talk| {
            let request = handshake(talk.request("GET", "/ws"));
            let mut client = talk.connect();
            client.send(&request);
            let answer = client.answer();
            answer.has_status(101);
            assert_eq!(answer.header("sec-websocket-accept"), Some(ACCEPT));
            client.write(HELLO);
            client.read_until("\u{5}hello");
            client.write(CLOSE);
            client.rest();
        })
        .leaves(json!({"action": "socket.open", "status_code": 101, "outcome": "success", "level": "info",
            "completion": "completed"})),
        Case::new("upgrade.refused", "An upgrade without its key is refused.", |talk| {
            let request = talk.request("GET", "/ws").keep().header("connection", "upgrade");
            let request = request.header("upgrade", "websocket").header("sec-websocket-version", "13");
            let mut client = talk.connect();
            client.send(&request);
            client.answer().is_refused();
        })
        .leaves(json!({"action": "socket.open", "outcome": "rejected", "completion": "completed"})),
    ]
}

//! Over TCP, whatever a client sends: one valid line each, within the limit, and the server goes on.

mod support;

use std::net::SocketAddr;

use audit_axum::routing::{get, post};
use audit_axum::{Actor, AuditLayer, RouterExt as _, add_target, audited, data, set_actor, set_reason};
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use support::{PATIENCE, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const LINE: usize = 16_384;

/// Takes everything the request says for what it is not.
#[audited(action = "test.take")]
async fn take(request: Request) -> StatusCode {
    let user = request.headers().get("x-user").map(|user| String::from_utf8_lossy(user.as_bytes()).into_owned());
    if let Some(user) = user {
        set_actor(Actor::user(&user).id(&*user).role(&user).tenant(&user).session(&user).on_behalf_of(&user));
        set_reason(&user);
        add_target(&user, &user);
        data(&user, &user);
    }
    match request.into_body().collect().await {
        Ok(_) => StatusCode::OK,
        Err(_) => StatusCode::BAD_REQUEST,
    }
}

fn router() -> Router {
    Router::new()
        .audited_route("/take", post(take).get(take))
        .audited_route("/take/{*rest}", get(take))
        .layer(axum::extract::DefaultBodyLimit::disable())
}

async fn server() -> Server {
    Server::start(router()).await
}

/// A request of any bytes; the answer's status.
async fn send(address: SocketAddr, line: &[u8], headers: &[(&[u8], &[u8])], body: &[u8]) -> u16 {
    let mut request = [line, b" HTTP/1.1\r\nhost: test\r\nconnection: close\r\n"].concat();
    for (name, value) in headers {
        request.extend([*name, b": ", *value, b"\r\n"].concat());
    }
    if !body.is_empty() {
        request.extend(format!("content-length: {}\r\n", body.len()).into_bytes());
    }
    request.extend(b"\r\n");
    request.extend(body);
    support::send(address, &request).await.status()
}

/// The one record since the last, whose line is valid and within the limit.
async fn only(server: &Server) -> Value {
    let record = server.only().await;
    for line in server.sink.lines() {
        let bytes = line.bytes();
        assert!(bytes.len() <= LINE, "{} bytes", bytes.len());
        let text = line.json();
        assert!(!text.chars().any(char::is_control), "{text}");
        assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 1);
    }
    server.sink.clear();
    record
}

#[tokio::test]
async fn names_full_of_quotes_and_newlines_are_one_line() {
    let server = server().await;
    // What HTTP lets through in a header: everything but control characters, tabs excepted.
    for name in [
        &b"a\"b\\c"[..],
        b"\",\"user\":\"root",
        b"}{\"user\":\"root\"}",
        b"tab\there",
        b"\xff\xfe\x80",
        b"\xc3(",
        "Jos\u{e9} \u{202e}gnp.exe \u{2028} \u{85}".as_bytes(),
        b"[FILTERED]",
        b"null",
        b"'; DROP TABLE audit; --",
    ] {
        assert_eq!(send(server.address, b"GET /take", &[(b"x-user", name)], b"").await, 200, "{name:?}");
        let record = only(&server).await;
        let text = String::from_utf8_lossy(name).into_owned();
        assert_eq!((&record["user"], &record["user_id"]), (&json!(text), &json!(text)));
        assert_eq!(record["data"][&text], text);
        assert_eq!(record["headers"]["x-user"], text);
        assert_eq!(record["action"], "test.take");
    }
}

#[tokio::test]
async fn long_values_are_cut_and_say_so() {
    let server = server().await;
    for value in
        ["x".repeat(60_000), "\"".repeat(60_000), "ä\\".repeat(20_000), "\t\"\\".repeat(20_000).trim().to_owned()]
    {
        assert_eq!(send(server.address, b"GET /take", &[(b"x-user", value.as_bytes())], b"").await, 200);
        let record = only(&server).await;
        assert_eq!(record["truncated"], true);
        assert!(record["original_bytes"].as_u64().unwrap() >= 60_000, "{}", record["original_bytes"]);
        assert!(record["user"].as_str().unwrap().ends_with('…'));
        for key in
            ["timestamp", "method", "path", "status_code", "event_id", "action", "outcome", "completion", "route"]
        {
            assert!(record.get(key).is_some(), "{key}");
        }
    }
    let path = format!("GET /take/{}?q={}", "p".repeat(30_000), "q".repeat(30_000));
    assert_eq!(send(server.address, path.as_bytes(), &[], b"").await, 200);
    let record = only(&server).await;
    assert_eq!((&record["truncated"], &record["route"]), (&json!(true), &json!("/take/{*rest}")));
    assert_eq!(record["path"], "/take/…", "a segment that is not held to its end is left out");
    assert!(record["original_bytes"].as_u64().unwrap() >= 30_000);
}

#[tokio::test]
async fn paths_are_shown_as_received() {
    let server = server().await;
    for path in [
        "/take/%00%0a%0d%22%5c",
        "/take/..%2f..%2fetc/passwd",
        "/take/\"quoted\"",
        "/take/{a}",
        "/take/%ff%fe",
        "/take/a;b=c",
        "/take/%e2%80%ae",
        "/take//",
        "/take/a%2Fb",
    ] {
        let status = send(server.address, format!("GET {path}?%0a=%0d&a=%22&a=b").as_bytes(), &[], b"").await;
        assert_eq!(status, 200, "{path}");
        let record = only(&server).await;
        assert_eq!(record["path"], path);
        assert_eq!(record["query_params"], json!({"\n": "\r", "a": "\"", "a#2": "b"}));
    }
}

#[tokio::test]
async fn what_is_no_request_leaves_no_record_and_harms_nobody() {
    let server = server().await;
    for request in [
        &b"\x00\x01\x02\r\n\r\n"[..],
        b"GET /take HTTP/1.1\r\nhost: test\r\nx: a\nb\0\r\n\r\n",
        b"GET /ta\x7fke HTTP/1.1\r\n\r\n\r\n",
        b"GET \xff HTTP/1.1\r\n\r\n",
        b"POST /take HTTP/1.1\r\nhost: test\r\ncontent-length: -1\r\n\r\n",
        b"POST /take HTTP/1.1\r\nhost: test\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    ] {
        assert_eq!(support::send(server.address, request).await.status(), 400, "{request:?}");
    }
    assert_eq!(send(server.address, b"GET /take", &[], b"").await, 200);
    assert_eq!(only(&server).await["status_code"], 200);
}

#[tokio::test]
async fn repeated_headers_and_cookies_keep_every_line() {
    let server = server().await;
    let headers: &[(&[u8], &[u8])] = &[
        (b"x-a", b"1"),
        (b"X-A", b"2"),
        (b"x-a#2", b"3"),
        (b"Cookie", b"session=abcdef; theme=dark"),
        (b"cookie", b"theme=light"),
        (b"authorization", b"Bearer abcdef"),
        (b"authorization", b"Basic abcdef"),
    ];
    assert_eq!(send(server.address, b"GET /take", headers, b"").await, 200);
    let record = only(&server).await;
    let shown = &record["headers"];
    assert_eq!((&shown["x-a"], &shown["authorization"]), (&json!("1"), &json!("[FILTERED]")));
    let values: Vec<_> =
        shown.as_object().unwrap().iter().filter(|(name, _)| name.starts_with("x-a")).map(|(_, v)| v.clone()).collect();
    for value in ["1", "2", "3"] {
        assert!(values.contains(&json!(value)), "{shown}");
    }
    assert_eq!(shown.as_object().unwrap().keys().filter(|name| name.starts_with("cookie")).count(), 2);
    assert!(!record.to_string().contains("abcdef"), "{record}");
}

#[tokio::test]
async fn a_hundred_headers_fit_or_are_cut() {
    let server = server().await;
    for length in [1, 2_000] {
        let lines: Vec<(String, Vec<u8>)> = (0..96).map(|number| (format!("x-{number}"), vec![b'v'; length])).collect();
        let headers: Vec<(&[u8], &[u8])> = lines.iter().map(|(name, value)| (name.as_bytes(), &**value)).collect();
        assert_eq!(send(server.address, b"GET /take", &headers, b"").await, 200);
        let record = only(&server).await;
        assert_eq!(record.get("truncated").is_some(), length == 2_000);
        assert_eq!(record["headers"]["x-0"].as_str().unwrap().len(), length);
    }
    // One more than the server takes: it answers by itself, before any layer.
    let lines: Vec<String> = (0..101).map(|number| format!("x-{number}")).collect();
    let headers: Vec<(&[u8], &[u8])> = lines.iter().map(|name| (name.as_bytes(), &b"v"[..])).collect();
    assert_eq!(send(server.address, b"GET /take", &headers, b"").await, 431);
    assert_eq!(send(server.address, b"GET /take", &[], b"").await, 200);
    only(&server).await;
}

#[tokio::test]
async fn bodies_of_any_kind_are_one_line() {
    let server = server().await;
    let deep = |open: &str, close: &str, depth| format!("{}{}", open.repeat(depth), close.repeat(depth)).into_bytes();
    let many_keys: String = (0..20_000).map(|number| format!("\"k{number}\":{number},")).collect();
    let same_keys = "\"a\":1,".repeat(20_000);
    let json: &[u8] = b"application/json";
    let rows: Vec<(&[u8], Vec<u8>)> = vec![
        (json, deep("[", "]", 100_000)),
        (json, deep("{\"a\":", "}", 100_000)),
        (json, b"[".repeat(100_000)),
        (json, b"]".repeat(100_000)),
        (json, format!("{{{many_keys}\"z\":0}}").into_bytes()),
        (json, format!("{{{same_keys}\"z\":0}}").into_bytes()),
        (json, format!("\"{}\"", "\\u0000".repeat(10_000)).into_bytes()),
        (json, format!("\"{}\"", "\\\\\\\"".repeat(10_000)).into_bytes()),
        // JSON in a string in a string …
        (json, nested_strings(10)),
        (json, format!("[{}1e400]", "1e-400,".repeat(1_000)).into_bytes()),
        (json, "9".repeat(60_000).into_bytes()),
        (json, b"{\"a\":\"\xff\xfe\"}".to_vec()),
        (json, b"\xef\xbb\xbf{\"a\":1}".to_vec()),
        (json, b"{\"a\":1}\n{\"user\":\"root\"}\n".to_vec()),
        (json, b"\n\n\n".to_vec()),
        (b"application/x-ndjson", b"{\"a\":1}\n".repeat(10_000)),
        (b"application/x-www-form-urlencoded", b"a=%0a%00&".repeat(10_000)),
        (b"application/x-www-form-urlencoded", b"%".repeat(60_000)),
        (
            b"multipart/form-data; boundary=x",
            b"--x\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n\n\0\r\n".repeat(2_000),
        ),
        (b"multipart/form-data; boundary=x", b"--x".repeat(20_000)),
        (b"text/plain; a=\"\xff\"", b"a\nb\0c".to_vec()),
        (b"\"\\", vec![0; 60_000]),
        (b"application/octet-stream", (0..=255).cycle().take(60_000).collect()),
    ];
    for (content_type, body) in rows {
        let what = format!(
            "{} {:?}",
            String::from_utf8_lossy(content_type),
            String::from_utf8_lossy(&body[..body.len().min(40)])
        );
        let status = send(server.address, b"POST /take", &[(b"content-type", content_type)], &body).await;
        assert_eq!(status, 200, "{what}");
        let record = only(&server).await;
        assert_eq!(record["request_bytes"], body.len(), "{what}");
        assert_eq!((&record["completion"], &record["action"]), (&json!("completed"), &json!("test.take")), "{what}");
        assert!(record.get("request_body").is_some(), "{what}");
        // What stands behind the last part of a multipart body is part of nothing.
        let is_epilogue = record["request_body"] == json!({});
        if body.len() > LINE && !record["request_body"]["withheld"].is_string() && !is_epilogue {
            assert_eq!(record["truncated"], true, "{what}: {record}");
        }
    }
}

/// `"{\"a\":\"{\\\"a\\\":…`
fn nested_strings(depth: usize) -> Vec<u8> {
    let text = (0..depth).fold("{\"password\":\"hunter2\"}".to_owned(), |text, _| json!({"a": text}).to_string());
    text.into_bytes()
}

#[tokio::test]
async fn a_secret_in_strings_within_strings_is_found_or_withheld() {
    let server = server().await;
    for depth in 1..8 {
        let body = nested_strings(depth);
        send(server.address, b"POST /take", &[(b"content-type", b"application/json")], &body).await;
        let record = only(&server).await;
        assert!(!record.to_string().contains("hunter2"), "{depth}: {record}");
    }
}

#[tokio::test]
async fn chunked_bodies_and_pipelined_requests_are_records_each() {
    let server = server().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let chunked = "POST /take HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n\
                   1\r\n{\r\n6\r\n\"a\":1}\r\n0\r\nx-trailer: \"a\\\"\r\n\r\n";
    let last = "GET /take HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
    stream.write_all(format!("{}{last}", chunked.repeat(9)).as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 10);
    let records = server.wait_for(10).await;
    assert_eq!(records.iter().filter(|record| record["request_body"] == json!({"a": 1})).count(), 9);
    let ids: std::collections::HashSet<_> = records.iter().map(|record| record["event_id"].to_string()).collect();
    assert_eq!(ids.len(), 10);
}

#[tokio::test]
async fn the_smallest_line_takes_the_largest_request() {
    let (auditor, sink) = support::auditor(|builder| builder.max_line_bytes(2_048));
    let address = support::serve(router().layer(AuditLayer::new(auditor))).await;
    let long = "\\\"".repeat(20_000);
    let path = format!("GET /take/{}?{}", "p".repeat(20_000), "a=b&".repeat(5_000));
    assert_eq!(
        send(address, path.as_bytes(), &[(b"x-user", long.as_bytes()), (b"user-agent", long.as_bytes())], b"").await,
        200
    );
    let record = tokio::task::spawn_blocking({
        let sink = sink.clone();
        move || sink.only()
    })
    .await
    .unwrap();
    assert!(sink.lines()[0].bytes().len() <= 2_048);
    for key in [
        "timestamp",
        "level",
        "method",
        "path",
        "user",
        "status_code",
        "response_time_ms",
        "ip_address",
        "schema",
        "event_id",
        "action",
        "outcome",
        "completion",
        "mode",
        "started_at",
    ] {
        assert!(record.get(key).is_some(), "{key}");
    }
}

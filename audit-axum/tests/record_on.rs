//! `on = "error"` and `on = "success"` over real HTTP: which answers leave a record, and which heads name it.

mod support;

use std::convert::Infallible;

use audit_axum::{RouterExt as _, audited, routing};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use support::{Client, LEAVES, Server};
use tokio_stream::{StreamExt as _, iter, pending};

/// Answers as its path says: a status, a panic, or a stream.
fn answer(what: &str) -> Response {
    let piece = || Ok::<_, Infallible>(Bytes::from_static(b"piece"));
    match what {
        "panic" => panic!("as asked"),
        // A body that panics after its head has left.
        "later" => {
            Body::from_stream(iter([piece(), piece()]).map(|_| -> Result<Bytes, Infallible> { panic!("later") }))
                .into_response()
        }
        // A body that never ends by itself.
        "endless" => Body::from_stream(iter([piece()]).chain(pending())).into_response(),
        status => StatusCode::from_bytes(status.as_bytes()).expect("a status").into_response(),
    }
}

#[audited("on.always", on = "always")]
async fn always(Path(what): Path<String>) -> Response {
    answer(&what)
}

#[audited("on.error", on = "error")]
async fn error(Path(what): Path<String>) -> Response {
    answer(&what)
}

#[audited("on.success", on = "success")]
async fn success(Path(what): Path<String>) -> Response {
    answer(&what)
}

fn wired() -> Router {
    Router::new()
        .audited_route("/always/{what}", routing::get(always))
        .audited_route("/error/{what}", routing::get(error))
        .audited_route("/success/{what}", routing::get(success))
}

fn plain() -> Router {
    Router::new()
        .route("/always/{what}", get(always))
        .route("/error/{what}", get(error))
        .route("/success/{what}", get(success))
}

const NAMES: [&str; 3] = ["always", "error", "success"];

/// The actions that are recorded once nothing is open any more; nothing was lost.
async fn settled(server: &Server) -> Vec<String> {
    let records = server.settled().await;
    let stats = server.auditor.stats();
    assert!(stats.sinks.iter().all(|sink| sink.dropped == 0 && sink.failed == 0), "{stats:?}");
    records.iter().map(|record| record["action"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn an_answer_is_recorded_as_its_handler_asks() {
    for router in [wired(), plain()] {
        let server = Server::start(router).await;
        for (what, kept, promised) in [
            ("200", [true, false, true], [true, false, false]),
            ("403", [true, false, false], [true, false, false]),
            ("404", [true, false, false], [true, false, false]),
            ("500", [true, true, false], [true, true, false]),
            ("panic", [true, true, false], [false; 3]),
            ("later", [true, true, false], [true, false, false]),
        ] {
            for (index, name) in NAMES.into_iter().enumerate() {
                server.sink.clear();
                let answer = server.get(&format!("/{name}/{what}")).await;
                // A panic may take the whole connection with it, head and all.
                if !answer.raw.is_empty() {
                    assert_eq!(answer.header("audit-id").is_some(), promised[index], "{name} {what}: the header");
                }
                let expected = if kept[index] { vec![format!("on.{name}")] } else { vec![] };
                assert_eq!(settled(&server).await, expected, "{name} {what}");
            }
        }
    }
}

#[tokio::test]
async fn an_answer_that_its_client_leaves_is_an_error_of_a_success() {
    let server = Server::start(plain()).await;
    for name in NAMES {
        for leave in LEAVES {
            server.sink.clear();
            let request = format!("GET /{name}/endless HTTP/1.1\r\nhost: test\r\n\r\n");
            let mut client = Client::sending(server.address, request).await;
            client.read_until("piece").await;
            client.leave(leave);
            assert_eq!(settled(&server).await, [format!("on.{name}")], "{name} {leave:?}");
            assert_ne!(server.only().await["completion"], "completed");
        }
    }
}

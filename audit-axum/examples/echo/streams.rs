//! Answers that take their time, and those that have no end.

use std::convert::Infallible;
use std::time::Duration;

use audit_axum::{audit_exempt, audited};
use audit_conformance::echo::{EVENTS, flood as flooding};
use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::response::sse::{Event, Sse};
use serde::Deserialize;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt as _};

#[derive(Deserialize)]
pub(crate) struct Slow {
    #[serde(default)]
    ms: u64,
}

#[audited(action = "slow.read")]
pub(crate) async fn slow(Query(slow): Query<Slow>) -> String {
    tokio::time::sleep(Duration::from_millis(slow.ms)).await;
    format!("slept {} ms\n", slow.ms)
}

#[derive(Deserialize)]
pub(crate) struct Lines {
    #[serde(default)]
    chunks: u64,
    #[serde(default)]
    ms: u64,
}

#[audited(action = "stream.read")]
pub(crate) async fn stream(Query(lines): Query<Lines>) -> Body {
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        for index in 0..lines.chunks {
            tokio::time::sleep(Duration::from_millis(lines.ms)).await;
            // The reader left: there is nobody to go on for.
            if sender.send(Bytes::from(format!("chunk {index}\n"))).await.is_err() {
                return;
            }
        }
    });
    Body::from_stream(ReceiverStream::new(receiver).map(Ok::<_, Infallible>))
}

#[audited(action = "events.read")]
pub(crate) async fn sse() -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(tokio_stream::iter(EVENTS).map(|event| Ok(Event::default().data(event))))
}

#[audited(action = "socket.open")]
pub(crate) async fn socket(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(send_back)
}

async fn send_back(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if matches!(message, Message::Text(_)) && socket.send(message).await.is_err() {
            return;
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Flood {
    bytes: Option<u64>,
}

#[audited(action = "flood.read")]
pub(crate) async fn flood(Query(flood): Query<Flood>) -> Body {
    flood_of(flood)
}

#[audited(action = "on_error.flood", on = "error")]
pub(crate) async fn on_error_flood(Query(flood): Query<Flood>) -> Body {
    flood_of(flood)
}

fn flood_of(flood: Flood) -> Body {
    Body::from_stream(tokio_stream::iter(flooding::pieces(flood.bytes).map(Ok::<_, Infallible>)))
}

#[audit_exempt(reason = "the client's view of a flood")]
pub(crate) async fn flood_count() -> String {
    format!("{}\n", flooding::produced())
}

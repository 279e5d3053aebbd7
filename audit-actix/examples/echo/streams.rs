//! Answers that take their time, and those that have no end.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::web::{Bytes, Payload, Query};
use actix_web::{Error, HttpRequest, HttpResponse, get, rt};
use actix_ws::Message;
use audit_actix::{audit_exempt, audited};
use audit_conformance::echo::{EVENTS, flood as flooding};
use serde::Deserialize;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

#[derive(Deserialize)]
pub(crate) struct Slow {
    #[serde(default)]
    ms: u64,
}

#[audited(action = "slow.read")]
pub(crate) async fn slow(slow: Query<Slow>) -> String {
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
pub(crate) async fn stream(lines: Query<Lines>) -> HttpResponse {
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
    HttpResponse::Ok().streaming(ReceiverStream::new(receiver).map(Ok::<_, Infallible>))
}

#[audited(action = "events.read")]
#[get("/sse")]
pub(crate) async fn sse() -> HttpResponse {
    let events = tokio_stream::iter(EVENTS).map(|event| Ok::<_, Infallible>(format!("data: {event}\n\n").into()));
    HttpResponse::Ok().content_type("text/event-stream").streaming(events)
}

#[audited(action = "socket.open")]
pub(crate) async fn socket(request: HttpRequest, body: Payload) -> Result<HttpResponse, Error> {
    let (response, mut session, mut messages) = actix_ws::handle(&request, body)?;
    rt::spawn(async move {
        while let Some(Ok(message)) = messages.recv().await {
            let sent = match message {
                Message::Text(text) => session.text(text).await,
                Message::Close(reason) => {
                    // Whoever says goodbye may be gone.
                    drop(session.close(reason).await);
                    return;
                }
                _ => Ok(()),
            };
            if sent.is_err() {
                return;
            }
        }
    });
    Ok(response)
}

#[derive(Deserialize)]
pub(crate) struct Flood {
    bytes: Option<u64>,
}

#[audited(action = "flood.read")]
pub(crate) async fn flood(flood: Query<Flood>) -> HttpResponse {
    flood_of(&flood)
}

#[audited(action = "on_error.flood", on = "error")]
pub(crate) async fn on_error_flood(flood: Query<Flood>) -> HttpResponse {
    flood_of(&flood)
}

fn flood_of(flood: &Flood) -> HttpResponse {
    HttpResponse::Ok().streaming(tokio_stream::iter(flooding::pieces(flood.bytes).map(Ok::<_, Infallible>)))
}

#[audit_exempt(reason = "the client's view of a flood")]
pub(crate) async fn flood_count() -> String {
    format!("{}\n", flooding::produced())
}

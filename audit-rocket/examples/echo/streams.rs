//! Answers that take their time, and those that have no end.

use std::time::Duration;

use audit_conformance::echo::{EVENTS, flood as flooding};
use audit_rocket::{audit_exempt, audited};
use rocket::futures::{SinkExt as _, StreamExt as _};
use rocket::get;
use rocket::http::ContentType;
use rocket::response::stream::{ByteStream, TextStream};
use rocket::tokio::time::sleep;
use rocket_ws::{Channel, Message, WebSocket};

#[audited(action = "slow.read")]
#[get("/slow?<ms>")]
pub(crate) async fn slow(ms: Option<u64>) -> String {
    let ms = ms.unwrap_or_default();
    sleep(Duration::from_millis(ms)).await;
    format!("slept {ms} ms\n")
}

#[audited(action = "stream.read")]
#[get("/stream?<chunks>&<ms>")]
pub(crate) async fn stream(chunks: Option<u64>, ms: Option<u64>) -> TextStream![String] {
    TextStream! {
        for index in 0..chunks.unwrap_or_default() {
            sleep(Duration::from_millis(ms.unwrap_or_default())).await;
            yield format!("chunk {index}\n");
        }
    }
}

/// Not an `EventStream`, which leaves out the space and adds heartbeats.
#[audited(action = "events.read")]
#[get("/sse")]
pub(crate) async fn sse() -> (ContentType, TextStream![String]) {
    let events = TextStream! {
        for event in EVENTS {
            yield format!("data: {event}\n\n");
        }
    };
    (ContentType::EventStream, events)
}

#[audited(action = "socket.open")]
#[get("/ws")]
pub(crate) async fn socket(socket: WebSocket) -> Channel<'static> {
    socket.channel(|mut stream| {
        Box::pin(async move {
            while let Some(message) = stream.next().await {
                if let message @ Message::Text(_) = message? {
                    stream.send(message).await?;
                }
            }
            Ok(())
        })
    })
}

#[audited(action = "flood.read")]
#[get("/flood?<bytes>")]
pub(crate) async fn flood(bytes: Option<u64>) -> ByteStream![impl AsRef<[u8]> + Send + 'static] {
    ByteStream(rocket::futures::stream::iter(flooding::pieces(bytes)))
}

#[audited(action = "on_error.flood", on = "error")]
#[get("/on-error-flood?<bytes>")]
pub(crate) async fn on_error_flood(bytes: Option<u64>) -> ByteStream![impl AsRef<[u8]> + Send + 'static] {
    ByteStream(rocket::futures::stream::iter(flooding::pieces(bytes)))
}

#[audit_exempt(reason = "the client's view of a flood")]
#[get("/flood-count")]
pub(crate) async fn flood_count() -> String {
    format!("{}\n", flooding::produced())
}

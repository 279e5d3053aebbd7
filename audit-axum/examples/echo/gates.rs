//! Handlers that wait until they are let pass.

use std::convert::Infallible;

use audit_axum::{audit_exempt, audited};
use audit_conformance::echo::Farewell;
use audit_conformance::echo::gates::gate;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query};
use serde::Deserialize;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

#[derive(Deserialize)]
pub(crate) struct Times {
    times: Option<u32>,
}

#[audit_exempt(reason = "the client's end of a gate")]
pub(crate) async fn open(Path(name): Path<String>, Query(query): Query<Times>) -> &'static str {
    gate(&name).open(query.times.unwrap_or(1));
    "open\n"
}

#[audit_exempt(reason = "the client's end of a gate")]
pub(crate) async fn arrived(Path(name): Path<String>, Query(query): Query<Times>) -> &'static str {
    gate(&name).arrived(query.times.unwrap_or(1)).await;
    "came\n"
}

#[audited(action = "hold.read")]
pub(crate) async fn hold(Path(name): Path<String>) -> &'static str {
    let _farewell = Farewell("hold");
    gate(&name).pass().await;
    "held\n"
}

#[audited(action = "timeout.inside")]
pub(crate) async fn timeout_inside(Path(name): Path<String>) -> &'static str {
    let _farewell = Farewell("hold");
    gate(&name).pass().await;
    "held\n"
}

#[audited(action = "hold.stream")]
pub(crate) async fn hold_stream(Path(name): Path<String>) -> Body {
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        if sender.send(Bytes::from_static(b"first\n")).await.is_ok() {
            gate(&name).pass().await;
            // The reader may have left.
            drop(sender.send(Bytes::from_static(b"second\n")).await);
        }
    });
    let farewell = Farewell("stream");
    Body::from_stream(ReceiverStream::new(receiver).map(move |piece| {
        let _part_of_the_stream = &farewell;
        Ok::<_, Infallible>(piece)
    }))
}

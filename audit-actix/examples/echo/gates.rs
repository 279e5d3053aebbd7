//! Handlers that wait until they are let pass.

use std::convert::Infallible;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{Bytes, Path, Query};
use actix_web::{Error, HttpResponse, get};
use audit_actix::{audit_exempt, audited};
use audit_conformance::echo::gates::gate;
use audit_conformance::echo::{Farewell, TIMEOUT_INSIDE};
use serde::Deserialize;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

#[derive(Deserialize)]
pub(crate) struct Times {
    times: Option<u32>,
}

#[audit_exempt(reason = "the client's end of a gate")]
pub(crate) async fn open(name: Path<String>, query: Query<Times>) -> &'static str {
    gate(&name).open(query.times.unwrap_or(1));
    "open\n"
}

#[audit_exempt(reason = "the client's end of a gate")]
pub(crate) async fn arrived(name: Path<String>, query: Query<Times>) -> &'static str {
    gate(&name).arrived(query.times.unwrap_or(1)).await;
    "came\n"
}

#[audited(action = "hold.read")]
pub(crate) async fn hold(name: Path<String>) -> &'static str {
    let _farewell = Farewell("hold");
    gate(&name).pass().await;
    "held\n"
}

#[audited(action = "timeout.inside")]
#[get("/timeout/inside/{gate}", wrap = "from_fn(in_time)")]
pub(crate) async fn timeout_inside(name: Path<String>) -> &'static str {
    let _farewell = Farewell("hold");
    gate(&name).pass().await;
    "held\n"
}

/// A timeout around one resource.
async fn in_time<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let of = request.request().clone();
    match tokio::time::timeout(TIMEOUT_INSIDE, next.call(request)).await {
        Ok(answer) => Ok(answer?.map_into_left_body()),
        Err(_) => Ok(ServiceResponse::new(of, HttpResponse::RequestTimeout().finish()).map_into_right_body()),
    }
}

#[audited(action = "hold.stream")]
pub(crate) async fn hold_stream(name: Path<String>) -> HttpResponse {
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        if sender.send(Bytes::from_static(b"first\n")).await.is_ok() {
            gate(&name).pass().await;
            // The reader may have left.
            drop(sender.send(Bytes::from_static(b"second\n")).await);
        }
    });
    let farewell = Farewell("stream");
    HttpResponse::Ok().streaming(ReceiverStream::new(receiver).map(move |piece| {
        let _part_of_the_stream = &farewell;
        Ok::<_, Infallible>(piece)
    }))
}

//! Handlers that wait until they are let pass.

use audit_conformance::echo::gates::gate;
use audit_conformance::echo::{Farewell, TIMEOUT_INSIDE};
use audit_rocket::{audit_exempt, audited};
use rocket::http::Status;
use rocket::response::stream::TextStream;
use rocket::tokio::time::timeout;
use rocket::{get, post};

#[audit_exempt(reason = "the client's end of a gate")]
#[post("/gates/<name>?<times>")]
pub(crate) async fn open(name: &str, times: Option<u32>) -> &'static str {
    gate(name).open(times.unwrap_or(1));
    "open\n"
}

#[audit_exempt(reason = "the client's end of a gate")]
#[get("/gates/<name>?<times>")]
pub(crate) async fn arrived(name: &str, times: Option<u32>) -> &'static str {
    gate(name).arrived(times.unwrap_or(1)).await;
    "came\n"
}

#[audited(action = "hold.read")]
#[get("/hold/<name>")]
pub(crate) async fn hold(name: &str) -> &'static str {
    let _farewell = Farewell("hold");
    gate(name).pass().await;
    "held\n"
}

/// Rocket has no place for a timeout between the fairing and the handler, so that it is the handler's own.
#[audited(action = "timeout.inside")]
#[get("/timeout/inside/<name>")]
pub(crate) async fn timeout_inside(name: &str) -> Result<&'static str, (Status, ())> {
    let held = async {
        let _farewell = Farewell("hold");
        gate(name).pass().await;
        "held\n"
    };
    timeout(TIMEOUT_INSIDE, held).await.map_err(|_| (Status::RequestTimeout, ()))
}

#[audited(action = "hold.stream")]
#[get("/hold-stream/<name>")]
pub(crate) async fn hold_stream(name: String) -> TextStream![&'static str] {
    let farewell = Farewell("stream");
    TextStream! {
        let _part_of_the_stream = farewell;
        yield "first\n";
        gate(&name).pass().await;
        yield "second\n";
    }
}

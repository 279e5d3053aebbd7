//! What is done with a request's body.

use std::io;

use audit_conformance::echo::Digest;
use audit_conformance::echo::gates::gate;
use audit_rocket::{Captured, CapturedData, CapturedStream, audited};
use rocket::data::{ByteUnit, Data};
use rocket::http::Status;
use rocket::response::Responder;
use rocket::tokio::io::AsyncReadExt as _;
use rocket::{Request, Response, post, response};

/// A body on its way back, with its type and length.
pub(crate) struct Echo<'r>(CapturedStream<'r>);

impl<'r> Responder<'r, 'r> for Echo<'r> {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'r> {
        let mut response = Response::build();
        for name in ["content-type", "content-length"] {
            if let Some(value) = request.headers().get_one(name) {
                response.raw_header(name, value);
            }
        }
        response.streamed_body(self.0).ok()
    }
}

#[audited(action = "echo.send")]
#[post("/echo", data = "<body>")]
pub(crate) async fn echo<'r>(body: CapturedData<'r>) -> Echo<'r> {
    Echo(whole(body))
}

#[audited(action = "sink.send")]
#[post("/sink", data = "<body>")]
pub(crate) async fn sink(body: CapturedData<'_>) -> Result<String, (Status, String)> {
    let length = rest_of(&mut whole(body)).await;
    length.map(|length| length.to_string()).map_err(|error| (Status::BadRequest, error.to_string()))
}

/// The body goes by the layer, as wherever no handler takes it as captured.
#[audited(action = "digest.send")]
#[post("/digest", data = "<body>")]
pub(crate) async fn digest(body: Data<'_>) -> Result<String, (Status, &'static str)> {
    let mut body = body.open(ByteUnit::max_value());
    let mut digest = Digest::default();
    let mut piece = vec![0; 16 * 1024];
    loop {
        match body.read(&mut piece).await.map_err(|_| (Status::BadRequest, "cut\n"))? {
            0 => return Ok(digest.to_string()),
            length => digest.add(&piece[..length]),
        }
    }
}

#[audited(action = "slow_read.send")]
#[post("/slow-read/<name>", data = "<body>")]
pub(crate) async fn slow_read(name: &str, body: CapturedData<'_>) -> Result<String, (Status, &'static str)> {
    let mut body = whole(body);
    let cut = |_| (Status::BadRequest, "cut\n");
    let first = piece_of(&mut body).await.map_err(cut)?;
    gate(name).pass().await;
    let rest = rest_of(&mut body).await.map_err(cut)?;
    Ok(format!("{}\n", first + rest))
}

#[audited(action = "unread.send")]
#[post("/unread")]
pub(crate) async fn unread() -> &'static str {
    "unread\n"
}

#[audited(action = "basic.send", mode = "basic")]
#[post("/basic", data = "<_body>")]
pub(crate) async fn basic(_body: Captured<Vec<u8>>) -> &'static str {
    "basic\n"
}

#[audited(action = "full.send", mode = "full")]
#[post("/full", data = "<_body>")]
pub(crate) async fn full(_body: Captured<Vec<u8>>) -> &'static str {
    "full\n"
}

/// All of a body, however long.
pub(crate) fn whole(body: CapturedData<'_>) -> CapturedStream<'_> {
    body.open(ByteUnit::max_value())
}

/// Reads the next piece and gives its length: zero at the end.
pub(crate) async fn piece_of(body: &mut CapturedStream<'_>) -> io::Result<u64> {
    body.read(&mut [0; 16 * 1024]).await.map(|length| length as u64)
}

/// Reads what is left and gives its length.
pub(crate) async fn rest_of(body: &mut CapturedStream<'_>) -> io::Result<u64> {
    let mut total = 0;
    loop {
        match piece_of(body).await? {
            0 => return Ok(total),
            length => total += length,
        }
    }
}

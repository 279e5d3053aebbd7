//! A body that its handler reads for itself, in the sight of the record.

use std::fmt;
use std::io::{Error, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use audit_core::Scope;
use audit_core::exchange::{BodyTap, client_left};
use rocket::data::{ByteUnit, Data, DataStream, FromData, Outcome};
use rocket::tokio::io::{AsyncRead, ReadBuf};
use rocket::{Request, async_trait};

use crate::captured::BodyRead;
use crate::head::declared_length;
use crate::slot::Slot;

/// What a handler takes in the place of [`Data`], so that the record sees the body as the handler reads it: never
/// consumed, delayed or held.
///
/// ```
/// use audit_rocket::{CapturedData, audited};
/// use rocket::data::ToByteUnit;
/// use rocket::post;
/// use rocket::tokio::io::{copy, sink};
///
/// #[audited(action = "file.send")]
/// #[post("/files", data = "<file>")]
/// async fn send_file(file: CapturedData<'_>) -> std::io::Result<String> {
///     let length = copy(&mut file.open(2.gibibytes()), &mut sink()).await?;
///     Ok(length.to_string())
/// }
/// ```
pub struct CapturedData<'r> {
    data: Data<'r>,
    seen: Seen,
}

/// What of a body is told to the record.
struct Seen {
    /// There is none if nothing is recorded.
    tap: Option<BodyTap>,
    /// How much of what will be read was told before.
    told: usize,
    read: u64,
    declared: Option<usize>,
    /// An end that comes now is none.
    broken_off: bool,
}

impl<'r> CapturedData<'r> {
    pub(crate) fn of(request: &Request<'_>, data: Data<'r>) -> Self {
        let mut slotted = Slot::of(request).lock();
        slotted.body_seen = true;
        let seen = Seen {
            tap: slotted.scope.as_ref().map(Scope::request_tap),
            told: slotted.looked_at,
            read: 0,
            declared: declared_length(request),
            broken_off: slotted.broken_off,
        };
        Self { data, seen }
    }

    /// The body up to `limit`, as [`Data::open`] gives it.
    #[must_use]
    pub fn open(self, limit: ByteUnit) -> CapturedStream<'r> {
        CapturedStream { stream: self.data.open(limit), limit: limit.as_u64(), seen: self.seen }
    }

    /// Reads the body to its end or `limit`.
    pub(crate) async fn read(self, limit: ByteUnit) -> Result<BodyRead> {
        let Self { data, mut seen } = self;
        let stream = data.open(limit);
        let mut bytes = Vec::with_capacity(stream.hint());
        let result = stream.stream_to(&mut bytes).await;
        seen.piece(&bytes);
        match &result {
            Ok(read) if read.complete => seen.end(),
            Ok(_) => {}
            Err(error) => seen.error(error),
        }
        result.map(|read| BodyRead { bytes, complete: read.complete })
    }
}

impl Seen {
    fn piece(&mut self, piece: &[u8]) {
        self.read += piece.len() as u64;
        let told = self.told.min(piece.len());
        self.told -= told;
        if let Some((tap, rest)) = self.tap.as_ref().zip(piece.get(told..).filter(|rest| !rest.is_empty())) {
            tap.push(rest);
        }
    }

    fn end(&self) {
        // When its connection is dropped, hyper ends a body before its declared length as if it were whole.
        let is_cut = self.broken_off || self.declared.is_some_and(|declared| self.read < declared as u64);
        if let Some(tap) = self.tap.as_ref().filter(|_| !is_cut) {
            tap.complete();
        }
    }

    fn error(&self, error: &Error) {
        if let Some(tap) = self.tap.as_ref().filter(|_| client_left(error, is_cut)) {
            tap.client_gone();
        }
    }
}

/// How hyper says that a connection ended inside a message.
fn is_cut(error: &(dyn std::error::Error + 'static)) -> bool {
    let hyper = error.downcast_ref::<rocket::http::hyper::Error>();
    hyper.is_some_and(|error| error.is_incomplete_message() || error.is_canceled()) || is_reset(error)
}

/// How HTTP/2 says that the client gave its stream or its connection up.
#[cfg(feature = "http2")]
fn is_reset(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<h2::Error>().is_some_and(|error| error.is_remote() || error.is_io())
}

#[cfg(not(feature = "http2"))]
fn is_reset(_: &(dyn std::error::Error + 'static)) -> bool {
    false
}

#[async_trait]
impl<'r> FromData<'r> for CapturedData<'r> {
    type Error = std::convert::Infallible;

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Self> {
        Outcome::Success(Self::of(request, data))
    }
}

impl fmt::Debug for CapturedData<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CapturedData").finish_non_exhaustive()
    }
}

/// A body as it is read: [`CapturedData::open`] gives it.
pub struct CapturedStream<'r> {
    stream: DataStream<'r>,
    limit: u64,
    seen: Seen,
}

impl AsyncRead for CapturedStream<'_> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let Self { stream, limit, seen } = &mut *self;
        let before = buffer.filled().len();
        let is_asked = buffer.remaining() > 0;
        let result = ready!(Pin::new(stream).poll_read(cx, buffer));
        match (&result, buffer.filled().get(before..)) {
            (Err(error), _) => seen.error(error),
            (Ok(()), Some(piece)) if !piece.is_empty() => seen.piece(piece),
            // An end at the limit tells nothing of the body's.
            (Ok(()), _) if is_asked && seen.read < *limit => seen.end(),
            (Ok(()), _) => {}
        }
        Poll::Ready(result)
    }
}

impl fmt::Debug for CapturedStream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CapturedStream").finish_non_exhaustive()
    }
}

//! A data guard that shows a body of any length to the record.

use std::borrow::Cow;
use std::fmt;
use std::io::{Error, ErrorKind};
use std::ops::{Deref, DerefMut};

use rocket::data::{ByteUnit, Data, FromData, Limits, Outcome};
use rocket::form::{self, Errors, Form, FromForm, ValueField};
use rocket::http::{RawStr, Status};
use rocket::{Request, async_trait};

use crate::captured_data::CapturedData;

/// A body that is read as `T`'s own data guard reads it, with the same limit and the same refusals, and that the record
/// sees whole: `layer: Captured<Json<Layer>>` in the place of `layer: Json<Layer>`.
///
/// For `Json`, `Form` (not multipart), `String` and `Vec<u8>`, and what implements [`FromAuditedBytes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Captured<T>(pub T);

impl<T> Captured<T> {
    /// What was read.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Captured<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Captured<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// A body that was read, up to a limit.
#[derive(Debug)]
#[non_exhaustive]
pub struct BodyRead {
    /// What was read.
    pub bytes: Vec<u8>,
    /// Whether that is all; otherwise it is longer than the limit.
    pub complete: bool,
}

/// What [`Captured`] can read.
pub trait FromAuditedBytes<'r>: Sized {
    /// Why a body is refused.
    type Error: Send + fmt::Debug;

    /// How many bytes are read at most.
    fn limit(request: &'r Request<'_>) -> ByteUnit;

    /// The status to forward a request with, before its body is read.
    fn forward(request: &'r Request<'_>) -> Option<Status> {
        let _any = request;
        None
    }

    /// Makes a value of what was read.
    ///
    /// # Errors
    /// The status to answer with, and why.
    fn from_bytes(request: &'r Request<'_>, read: Result<BodyRead, Error>) -> Result<Self, (Status, Self::Error)>;
}

#[async_trait]
impl<'r, T: FromAuditedBytes<'r>> FromData<'r> for Captured<T> {
    type Error = T::Error;

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Self> {
        if let Some(status) = T::forward(request) {
            return Outcome::Forward((data, status));
        }
        let read = CapturedData::of(request, data).read(T::limit(request)).await;
        match T::from_bytes(request, read) {
            Ok(value) => Outcome::Success(Self(value)),
            Err(refusal) => Outcome::Error(refusal),
        }
    }
}

/// As Rocket says it.
fn too_long() -> Error {
    Error::new(ErrorKind::UnexpectedEof, "data limit exceeded")
}

/// The text of a body that was read whole. That what was read is text counts first, even if a character was cut.
fn text(read: Result<BodyRead, Error>) -> Result<String, Error> {
    let read = read?;
    let text = String::from_utf8(read.bytes)
        .map_err(|_| Error::new(ErrorKind::InvalidData, "stream did not contain valid UTF-8"))?;
    if read.complete { Ok(text) } else { Err(too_long()) }
}

impl<'r> FromAuditedBytes<'r> for String {
    type Error = Error;

    fn limit(request: &'r Request<'_>) -> ByteUnit {
        request.limits().get("string").unwrap_or(Limits::STRING)
    }

    fn from_bytes(_: &'r Request<'_>, read: Result<BodyRead, Error>) -> Result<Self, (Status, Error)> {
        text(read).map_err(|error| (Status::BadRequest, error))
    }
}

impl<'r> FromAuditedBytes<'r> for Vec<u8> {
    type Error = Error;

    fn limit(request: &'r Request<'_>) -> ByteUnit {
        request.limits().get("bytes").unwrap_or(Limits::BYTES)
    }

    fn from_bytes(_: &'r Request<'_>, read: Result<BodyRead, Error>) -> Result<Self, (Status, Error)> {
        let whole = read.and_then(|read| if read.complete { Ok(read.bytes) } else { Err(too_long()) });
        whole.map_err(|error| (Status::BadRequest, error))
    }
}

impl<'r, T: FromForm<'r>> FromAuditedBytes<'r> for Form<T> {
    type Error = Errors<'r>;

    fn limit(request: &'r Request<'_>) -> ByteUnit {
        request.limits().get("form").unwrap_or(Limits::FORM)
    }

    fn forward(request: &'r Request<'_>) -> Option<Status> {
        let is_form = request.content_type().is_some_and(|kind| kind.is_form());
        (!is_form).then_some(Status::UnsupportedMediaType)
    }

    fn from_bytes(request: &'r Request<'_>, read: Result<BodyRead, Error>) -> Result<Self, (Status, Errors<'r>)> {
        let limit = Self::limit(request).as_u64();
        let text = text(read).map_err(|error| {
            let too_long = error.kind() == ErrorKind::UnexpectedEof;
            let error = if too_long { form::Error::from((None, Some(limit))) } else { form::Error::from(error) };
            let errors = Errors::from(error);
            (errors.status(), errors)
        })?;
        let text: &'r str = rocket::request::local_cache!(request, text);
        let decoded = |raw: &'r RawStr| match raw.url_decode_lossy() {
            Cow::Borrowed(text) => text,
            Cow::Owned(text) => rocket::request::local_cache!(request, text),
        };
        let fields = RawStr::new(text).split('&').filter(|field| !field.is_empty()).map(|field| {
            let (name, value) = field.split_at_byte(b'=');
            ValueField::from((decoded(name), decoded(value)))
        });
        Form::parse_iter(fields).map(|value: T| Form::from(value)).map_err(|errors| (errors.status(), errors))
    }
}

#[cfg(feature = "json")]
mod json {
    use std::io;

    use rocket::Request;
    use rocket::data::{ByteUnit, Limits};
    use rocket::http::Status;
    use rocket::serde::Deserialize;
    use rocket::serde::json::serde_json::error::Category;
    use rocket::serde::json::{Error, Json};

    use super::{BodyRead, FromAuditedBytes, text};

    impl<'r, T: Deserialize<'r>> FromAuditedBytes<'r> for Json<T> {
        type Error = Error<'r>;

        fn limit(request: &'r Request<'_>) -> ByteUnit {
            request.limits().get("json").unwrap_or(Limits::JSON)
        }

        fn from_bytes(request: &'r Request<'_>, read: io::Result<BodyRead>) -> Result<Self, (Status, Error<'r>)> {
            let text = text(read).map_err(|error| {
                let is_too_long = error.kind() == io::ErrorKind::UnexpectedEof;
                let status = if is_too_long { Status::PayloadTooLarge } else { Status::BadRequest };
                (status, Error::Io(error))
            })?;
            let text: &'r str = rocket::request::local_cache!(request, text);
            rocket::serde::json::serde_json::from_str(text).map(Json).map_err(|error| {
                let is_data = error.classify() == Category::Data;
                let status = if is_data { Status::UnprocessableEntity } else { Status::BadRequest };
                (status, Error::Parse(text, error))
            })
        }
    }
}

//! A body that says it is GeoJSON.

use std::future::Future;
use std::pin::Pin;

use actix_web::web::{Bytes, Payload};
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest, dev};
use geo_layers_core::ApiError;

/// How long a body may be: 32 MiB.
const MAX_BYTES: usize = 32 << 20;

/// The body, whole and unread.
pub(crate) struct GeoJsonBody(pub(crate) Bytes);

impl FromRequest for GeoJsonBody {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let is_json = is_json(request.content_type());
        let payload = Payload::from_request(request, payload);
        Box::pin(async move {
            if !is_json {
                let expected = "expected content-type: application/geo+json or application/json";
                return Err(ApiError::Invalid(expected.to_owned()).before_handler().into());
            }
            match payload.await?.to_bytes_limited(MAX_BYTES).await {
                Ok(Ok(body)) => Ok(Self(body)),
                Ok(Err(_)) => Err(ApiError::Invalid("the body broke off".to_owned()).before_handler().into()),
                Err(_) => Err(ApiError::TooLarge(MAX_BYTES).before_handler().into()),
            }
        })
    }
}

/// `content_type` is without parameters.
fn is_json(content_type: &str) -> bool {
    content_type.rsplit_once('/').is_some_and(|(_, subtype)| {
        let subtype = subtype.to_ascii_lowercase();
        subtype == "json" || subtype.ends_with("+json")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_of_any_kind_will_do() {
        for kind in ["application/json", "application/geo+json", "Application/Vnd.Geo+JSON"] {
            assert!(is_json(kind), "{kind}");
        }
        for kind in ["", "json", "text/plain", "application/x-www-form-urlencoded", "application/jsonl"] {
            assert!(!is_json(kind), "{kind}");
        }
    }
}

//! Rocket's heads as the core understands them.

use std::borrow::Cow;

use audit_core::exchange::{Headers, RequestHead, RouteMatch};
use audit_core::registry::template;
use rocket::http::HeaderMap;
use rocket::{Request, Route};

/// Header lines, their names in lower case: Rocket keeps them as they were written.
pub(crate) struct Lines<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Lines<'a> {
    pub(crate) fn of(headers: &'a HeaderMap<'_>) -> Self {
        let lower = |name: Cow<'a, str>| {
            if name.bytes().any(|byte| byte.is_ascii_uppercase()) { name.to_ascii_lowercase().into() } else { name }
        };
        Self(headers.iter().map(|header| (lower(header.name.into_cow()), header.value)).collect())
    }
}

impl Headers for Lines<'_> {
    fn for_each<'a>(&'a self, each: &mut dyn FnMut(&'a str, &'a [u8])) {
        self.0.iter().for_each(|(name, value)| each(name, value.as_bytes()));
    }

    fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_bytes())
    }
}

/// Describes a request, as one of `route` if there is one, to whoever asks.
pub(crate) fn with_head<R>(request: &Request<'_>, route: Option<&Route>, ask: impl FnOnce(&RequestHead<'_>) -> R) -> R {
    let headers = Lines::of(request.headers());
    let uri = request.uri();
    let route = route.map(|route| template(route.uri.path()));
    let mut head = RequestHead::new("rocket", request.method().as_str(), uri.path().as_str(), &headers);
    head.query = uri.query().map(|query| query.as_str());
    head.route = route.as_deref().map_or(RouteMatch::None, RouteMatch::Template);
    head.peer = request.remote().map(|address| address.ip());
    head.without_body = !announces_body(request);
    ask(&head)
}

/// Whether the request's head announces a body (RFC 9112, section 6.3).
pub(crate) fn announces_body(request: &Request<'_>) -> bool {
    declared_length(request).is_some_and(|length| length > 0) || request.headers().contains("transfer-encoding")
}

/// How long the request's body is, as its head says.
pub(crate) fn declared_length(request: &Request<'_>) -> Option<usize> {
    request.headers().get_one("content-length")?.parse().ok()
}

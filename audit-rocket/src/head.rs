//! Rocket's heads as the core understands them.

use std::borrow::Cow;

use audit_core::exchange::{Headers, RequestHead, RouteMatch};
use audit_core::registry::template;
use rocket::futures::FutureExt as _;
use rocket::http::HeaderMap;
use rocket::{Data, Request, Route};

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
pub(crate) fn with_head<R>(
    request: &Request<'_>,
    route: Option<&Route>,
    has_body: bool,
    ask: impl FnOnce(&RequestHead<'_>) -> R,
) -> R {
    let headers = Lines::of(request.headers());
    let uri = request.uri();
    let name = route.and_then(|route| route.name.as_deref());
    let route = route.map(|route| template(route.uri.path()));
    let mut head = RequestHead::new("rocket", request.method().as_str(), uri.path().as_str(), &headers);
    head.query = uri.query().map(|query| query.as_str());
    head.route = route.as_deref().map_or(RouteMatch::None, RouteMatch::Template);
    head.route_name = name;
    head.peer = request.remote().map(|address| address.ip());
    head.without_body = !has_body;
    ask(&head)
}

/// How much of a body Rocket reads before any fairing, in search of a form's `_method=delete`.
const ROCKET_READS: usize = 14;

/// What can be told of a body before any handler.
pub(crate) struct Beginning {
    pub(crate) has_body: bool,
    /// It broke off while Rocket read its beginning. Rocket does not tell, and calls a handler with what came.
    pub(crate) broken_off: bool,
    /// It broke off because the client left: of a body with a length nothing else can be the reason.
    pub(crate) client_left: bool,
}

impl Beginning {
    /// Looks at what Rocket has read, without waiting.
    pub(crate) fn of(request: &Request<'_>, data: &mut Data<'_>) -> Self {
        let was_complete = data.peek_complete();
        let Some(length) = data.peek(ROCKET_READS).now_or_never().map(<[u8]>::len) else {
            return Self { has_body: true, broken_off: false, client_left: false };
        };
        let is_short = length < ROCKET_READS;
        let misses_some = declared_length(request).is_some_and(|declared| length < declared);
        Self {
            has_body: announces_body(request) || length > 0,
            broken_off: is_short && (misses_some || !was_complete),
            client_left: is_short && misses_some,
        }
    }
}

/// Whether the request's head announces a body (RFC 9112, section 6.3). In HTTP/2 there may be one all the same.
fn announces_body(request: &Request<'_>) -> bool {
    declared_length(request).is_some_and(|length| length > 0) || request.headers().contains("transfer-encoding")
}

/// How long the request's body is, as its head says.
pub(crate) fn declared_length(request: &Request<'_>) -> Option<usize> {
    request.headers().get_one("content-length")?.parse().ok()
}

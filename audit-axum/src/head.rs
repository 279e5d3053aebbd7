//! axum's heads as the core understands them.

use std::net::{IpAddr, SocketAddr};

use audit_core::exchange::{Headers, RequestHead, RouteMatch};
use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath, OriginalUri};
use http::{HeaderMap, Request};
use http_body::Body as _;

/// Header lines as `http` keeps them.
pub(crate) struct Map<'a>(pub(crate) &'a HeaderMap);

impl Headers for Map<'_> {
    fn for_each<'a>(&'a self, each: &mut dyn FnMut(&'a str, &'a [u8])) {
        for (name, value) in self.0 {
            each(name.as_str(), value.as_bytes());
        }
    }

    fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(http::HeaderValue::as_bytes)
    }
}

/// Describes a request; `headers` must be its own.
pub(crate) fn describe<'a>(request: &'a Request<Body>, headers: &'a Map<'a>) -> RequestHead<'a> {
    let extensions = request.extensions();
    // A nested router takes its prefix away; the record says what was received.
    let original = extensions.get::<OriginalUri>();
    let uri = original.map_or(request.uri(), |original| &original.0);
    let mut head = RequestHead::new("axum", request.method().as_str(), uri.path(), headers);
    head.query = uri.query();
    head.route = match (extensions.get::<MatchedPath>(), original) {
        (Some(template), _) => RouteMatch::Template(template.as_str()),
        // Inside a router that has looked.
        (None, Some(_)) => RouteMatch::None,
        (None, None) => RouteMatch::NotKnownYet,
    };
    head.peer = peer(extensions);
    head.without_body = request.body().is_end_stream();
    head
}

/// The other end of the connection, if the service was made with `into_make_service_with_connect_info`.
fn peer(extensions: &http::Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())
}

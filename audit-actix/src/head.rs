//! actix-web's heads as the core understands them.

use actix_web::HttpRequest;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header::{HeaderMap, HeaderValue};
use audit_core::exchange::{Headers, RequestHead, RouteMatch};
use audit_core::registry::template;

/// Header lines as actix-web keeps them.
pub(crate) struct Map<'a>(pub(crate) &'a HeaderMap);

impl Headers for Map<'_> {
    fn for_each<'a>(&'a self, each: &mut dyn FnMut(&'a str, &'a [u8])) {
        for (name, value) in self.0 {
            each(name.as_str(), value.as_bytes());
        }
    }

    fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.get(name).map(HeaderValue::as_bytes)
    }
}

/// Whether actix-web knows already that a request has no body.
pub(crate) fn is_without_body(request: &ServiceRequest) -> bool {
    matches!(request.parts().1, Payload::None)
}

/// Describes a request to whoever asks. Its route is looked up anew: actix-web can tell it before it has routed, for the
/// path as it is by then. Without one, `otherwise` says what that means.
pub(crate) fn with_head<R>(
    request: &HttpRequest,
    without_body: bool,
    otherwise: RouteMatch<'_>,
    ask: impl FnOnce(&RequestHead<'_>) -> R,
) -> R {
    let headers = Map(request.headers());
    let uri = &request.head().uri;
    let pattern = request.match_pattern();
    let route = pattern.as_deref().map(template);
    let mut head = RequestHead::new("actix", request.method().as_str(), uri.path(), &headers);
    head.query = uri.query();
    head.route = route.as_deref().map_or(otherwise, RouteMatch::Template);
    // actix-web's own attributes call a resource as the function.
    head.route_name = request.match_name();
    head.peer = request.peer_addr().map(|address| address.ip());
    head.without_body = without_body;
    head.get_serves_head = false;
    ask(&head)
}

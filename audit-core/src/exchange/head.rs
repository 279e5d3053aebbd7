//! What an adapter tells about a request before anything else is known.

use std::net::IpAddr;

/// Header lines of a request or an answer, whatever type a framework keeps them in.
pub trait Headers {
    /// Calls `each` with every header line in order: its lower-case name and its bytes.
    fn for_each<'a>(&'a self, each: &mut dyn FnMut(&'a str, &'a [u8]));

    /// The first line of the given lower-case name.
    fn get(&self, name: &str) -> Option<&[u8]>;
}

/// Whether the request matched a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RouteMatch<'a> {
    /// It matched the route of this template.
    Template(&'a str),
    /// The framework looked, and no route matched.
    None,
    /// The framework has not looked yet.
    NotKnownYet,
}

impl<'a> RouteMatch<'a> {
    /// The template, if one matched.
    pub(crate) const fn template(self) -> Option<&'a str> {
        match self {
            Self::Template(template) => Some(template),
            Self::None | Self::NotKnownYet => None,
        }
    }
}

/// A request's head, borrowed from the framework for the length of [`Auditor::begin`](crate::Auditor::begin).
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct RequestHead<'a> {
    /// The adapter's framework: `axum`, `actix`, `rocket`.
    pub framework: &'static str,
    /// The method, as received.
    pub method: &'a str,
    /// The path as received, before any router took a prefix away; without the query.
    pub path: &'a str,
    /// The query as received, without `?`.
    pub query: Option<&'a str>,
    /// The route's template, as far as it is known.
    pub route: RouteMatch<'a>,
    /// What the framework calls the route, if that is its handler's function: what a framework's own attribute declares
    /// counts only for routes that are called so.
    pub route_name: Option<&'a str>,
    /// The address of the other end of the connection.
    pub peer: Option<IpAddr>,
    /// The header lines.
    pub headers: &'a dyn Headers,
    /// Whether the framework already knows that the request has no body.
    pub without_body: bool,
    /// Whether the framework answers `HEAD` by its `GET` routes.
    pub get_serves_head: bool,
}

impl<'a> RequestHead<'a> {
    /// A head with what every request has.
    pub fn new(framework: &'static str, method: &'a str, path: &'a str, headers: &'a dyn Headers) -> Self {
        Self {
            framework,
            method,
            path,
            query: None,
            route: RouteMatch::NotKnownYet,
            route_name: None,
            peer: None,
            headers,
            without_body: false,
            get_serves_head: true,
        }
    }
}

/// An answer's head.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct ResponseHead<'a> {
    /// The status.
    pub status: u16,
    /// The header lines.
    pub headers: &'a dyn Headers,
    /// The exact length of the body in bytes, where the framework knows it.
    pub exact_length: Option<u64>,
    /// Whether the body is known to have ended before it began.
    pub ended: bool,
    /// Whether the framework asks a body for its end even if it knows the length: then only that tells that it took
    /// the last byte.
    pub asks_for_end: bool,
}

impl<'a> ResponseHead<'a> {
    /// A head whose body's length is not known.
    pub fn new(status: u16, headers: &'a dyn Headers) -> Self {
        Self { status, headers, exact_length: None, ended: false, asks_for_end: false }
    }
}

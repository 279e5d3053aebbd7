//! The requests: the same bytes in every scenario.

use std::net::SocketAddr;

use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::header::HeaderName;
use axum::http::{HeaderValue, Method, Request, Uri};

/// 300 bytes, of which one field's value is a secret.
const JSON: &str = r#"{"name":"rivers","title":"Rivers of the Duero basin","crs":"EPSG:25830","visible":true,"opacity":0.85,"connection":{"host":"db.example.org","port":5432,"user":"gis","password":"correct-horse-battery"},"bbox":[-6.84,40.11,-1.73,43.05],"tags":["water","hydrography"],"description":"Main course, trib."}"#;

/// What a browser sends with every request.
const HEADERS: [(HeaderName, HeaderValue); 10] = {
    const fn line(name: &'static str, value: &'static str) -> (HeaderName, HeaderValue) {
        (HeaderName::from_static(name), HeaderValue::from_static(value))
    }
    [
        line("host", "maps.example.org"),
        line("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        line("accept", "application/json, text/plain, */*"),
        line("accept-language", "es-ES,es;q=0.8,en-US;q=0.5,en;q=0.3"),
        line("accept-encoding", "gzip, deflate, br, zstd"),
        line("referer", "https://maps.example.org/projects/duero/layers"),
        line("cookie", "sessionid=0pq3l9x7d2k5m8n1; csrftoken=Zt4Wc9Rf2Lk7"),
        line("authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.dBjftJeZ4CVPmB92K27uhbUJU1p1r_wW1g"),
        line("x-request-id", "7f1c6a52-93d1-4d0e-8b55-2f0c7f5e9a11"),
        line("x-forwarded-for", "203.0.113.24"),
    ]
};

/// Which request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One layer is read.
    Get,
    /// One layer is made of 300 bytes of JSON.
    PostJson300,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Get, Self::PostJson300];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::PostJson300 => "post_json_300",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Built anew for each call, since a call consumes it: what that costs is part of the bare scenario too.
    pub(crate) fn build(self) -> Request<Body> {
        let (method, uri, body) = match self {
            Self::Get => (Method::GET, "/api/v1/layers/rivers?fields=name,bbox&limit=50", Body::empty()),
            Self::PostJson300 => {
                (Method::POST, "/api/v1/layers?notify=true", Body::from(Bytes::from_static(JSON.as_bytes())))
            }
        };
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = Uri::from_static(uri);
        let headers = request.headers_mut();
        headers.extend(HEADERS);
        if self == Self::PostJson300 {
            headers.insert("content-type", HeaderValue::from_static("application/json"));
            headers.insert("content-length", HeaderValue::from_static("300"));
        }
        let client = SocketAddr::from(([198, 51, 100, 7], 51_324));
        request.extensions_mut().insert(ConnectInfo(client));
        request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_the_length_that_its_name_and_its_header_tell() {
        assert_eq!(JSON.len(), 300);
        assert!(serde_json::from_str::<serde_json::Value>(JSON).is_ok());
    }
}

//! `CORS_ALLOWED_ORIGINS`: whose pages may use the API from a browser (the Fetch standard, section 3.3).
//!
//! Tokens travel in a header that a page sets itself, never in a cookie: no credentials are allowed for.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use reqwest::Url;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// The setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origins {
    Any,
    Listed(Vec<HeaderValue>),
}

impl Origins {
    /// What may be written.
    pub(crate) const EXPECTED: &str = "*, or origins such as https://app.example,http://localhost:3000";

    /// Reads `*`, or origins separated by commas. `None` when one is no origin.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if text.trim() == "*" {
            return Some(Self::Any);
        }
        text.split(',').map(|origin| read_origin(origin.trim())).collect::<Option<_>>().map(Self::Listed)
    }

    pub(crate) fn layer(self) -> CorsLayer {
        let allowed = match self {
            Self::Any => AllowOrigin::any(),
            Self::Listed(origins) => AllowOrigin::list(origins),
        };
        CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods([Method::GET, Method::POST])
            .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
            .expose_headers([HeaderName::from_static("audit-id"), header::RETRY_AFTER])
            .max_age(Duration::from_secs(60 * 60))
    }
}

/// As a browser writes it: scheme, host and port, no port that goes without saying, and nothing after them.
fn read_origin(text: &str) -> Option<HeaderValue> {
    let url = Url::parse(text).ok()?;
    let is_origin = matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text;
    // Looks as if it stood for any subdomain, and stands for none.
    let fits = is_origin && !text.contains('*');
    fits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read() {
        assert_eq!(Origins::read(" * "), Some(Origins::Any));
        let listed = ["https://app.example", "http://[::1]:3000"].map(HeaderValue::from_static);
        assert_eq!(Origins::read("https://app.example, http://[::1]:3000"), Some(Origins::Listed(listed.to_vec())));
        for bad in [
            "",
            "app.example",
            "https://app.example/",
            "https://a@app.example",
            "ftp://app.example",
            "*,https://a",
            "https://App.example",
            "https://app.example:443",
            "http://localhost:99999",
            "http://:80",
            "https://*.example",
            "null",
        ] {
            assert_eq!(Origins::read(bad), None, "{bad}");
        }
    }
}

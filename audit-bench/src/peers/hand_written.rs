//! The middleware that services write for themselves: take the whole body, parse it, hide secrets by their names, log
//! it, and hand the body on. The answer's body is left alone.

use std::time::Instant;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

const MAX_BODY: usize = 2 * 1024 * 1024;
const SENSITIVE: [&str; 8] =
    ["password", "passwd", "secret", "token", "api_key", "authorization", "cookie", "credit_card"];
const FILTERED: &str = "[FILTERED]";

pub(super) async fn log_request(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let bytes = match to_bytes(body, MAX_BODY).await {
        Ok(bytes) => bytes,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    let method = parts.method.clone();
    let uri = parts.uri.clone();
    let headers = loggable_headers(&parts.headers);
    let body = loggable_body(&bytes);

    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;

    tracing::info!(
        method = %method,
        path = uri.path(),
        query = uri.query().unwrap_or_default(),
        status = response.status().as_u16(),
        duration_ms = started.elapsed().as_secs_f64() * 1000.0,
        headers = %headers,
        body,
        "request"
    );
    response
}

fn loggable_headers(headers: &HeaderMap) -> Value {
    let mut object = Map::new();
    for (name, value) in headers {
        let shown =
            if is_sensitive(name.as_str()) { FILTERED.into() } else { String::from_utf8_lossy(value.as_bytes()) };
        object.insert(name.to_string(), Value::from(shown));
    }
    Value::Object(object)
}

fn loggable_body(bytes: &[u8]) -> String {
    match serde_json::from_slice::<Value>(bytes) {
        Ok(mut value) => {
            redact(&mut value);
            value.to_string()
        }
        Err(_) => String::new(),
    }
}

fn redact(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                if is_sensitive(name) { *value = FILTERED.into() } else { redact(value) }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}

fn is_sensitive(name: &str) -> bool {
    let name = name.to_lowercase();
    SENSITIVE.iter().any(|sensitive| name.contains(sensitive))
}

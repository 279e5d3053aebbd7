//! What stands in for Slack: incoming webhooks as Slack documents them ("Sending messages using incoming webhooks",
//! read in November 2026): JSON with a `text`, answered by `ok` or by a status and a word.

use std::convert::Infallible;
use std::future::pending;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::post;
use futures_util::stream::repeat;
use serde_json::Value;
use tokio::net::TcpListener;

/// The webhook that a channel has.
pub const GOOD: &str = "/services/T0123/B0123/hook-that-nobody-may-see";
/// One that was taken away.
pub const REVOKED: &str = "/services/T0123/B0123/revoked-hook-that-nobody-may-see";
/// What answers as some proxies do: with the address that was asked for.
pub const ECHOING: &str = "/services/T0123/B0123/echoing-hook-that-nobody-may-see";
/// What sends to another address.
pub const REDIRECTING: &str = "/services/T0123/B0123/redirecting-hook-that-nobody-may-see";
/// What answers without end.
pub const ENDLESS: &str = "/services/T0123/B0123/endless-hook-that-nobody-may-see";
/// What takes the message and never answers.
pub const SILENT: &str = "/services/T0123/B0123/silent-hook-that-nobody-may-see";

/// A channel and what was written to it.
#[derive(Clone)]
pub struct Slack {
    pub address: String,
    messages: Arc<Mutex<Vec<Value>>>,
}

impl Slack {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let slack = Self { address, messages: Arc::default() };
        let routes = Router::new().route("/services/{*hook}", post(take)).with_state(slack.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        slack
    }

    pub fn messages(&self) -> Vec<Value> {
        self.messages.lock().unwrap().clone()
    }
}

async fn take(State(slack): State<Slack>, Path(hook): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    let path = format!("/services/{hook}");
    match &*path {
        GOOD => {}
        ECHOING => return (StatusCode::NOT_FOUND, format!("Cannot POST {path}\nINFO all is well")).into_response(),
        REDIRECTING => return Redirect::temporary(GOOD).into_response(),
        ENDLESS => return Body::from_stream(repeat(Ok::<_, Infallible>("endless "))).into_response(),
        SILENT => return pending().await,
        _ => return (StatusCode::NOT_FOUND, "no_service").into_response(),
    }
    let is_json = headers.get("content-type").is_some_and(|value| value == "application/json");
    let message: Option<Value> = serde_json::from_slice(&body).ok().filter(|_| is_json);
    let Some(message) = message else { return (StatusCode::BAD_REQUEST, "invalid_payload").into_response() };
    if message["text"].as_str().is_none_or(str::is_empty) {
        return (StatusCode::BAD_REQUEST, "no_text").into_response();
    }
    slack.messages.lock().unwrap().push(message);
    (StatusCode::OK, "ok").into_response()
}

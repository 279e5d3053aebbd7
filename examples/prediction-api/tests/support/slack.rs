//! What stands in for Slack: incoming webhooks as Slack documents them ("Sending messages using incoming webhooks",
//! read in November 2026): JSON with a `text`, answered by `ok` or by a status and a word.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;

/// The webhook that a channel has.
pub const GOOD: &str = "/services/T0123/B0123/hook-that-nobody-may-see";
/// One that was taken away.
pub const REVOKED: &str = "/services/T0123/B0123/revoked-hook-that-nobody-may-see";

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

async fn take(
    State(slack): State<Slack>,
    Path(hook): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    if format!("/services/{hook}") != GOOD {
        return (StatusCode::NOT_FOUND, "no_service");
    }
    let is_json = headers.get("content-type").is_some_and(|value| value == "application/json");
    let message: Option<Value> = serde_json::from_slice(&body).ok().filter(|_| is_json);
    let Some(message) = message else { return (StatusCode::BAD_REQUEST, "invalid_payload") };
    if message["text"].as_str().is_none_or(str::is_empty) {
        return (StatusCode::BAD_REQUEST, "no_text");
    }
    slack.messages.lock().unwrap().push(message);
    (StatusCode::OK, "ok")
}

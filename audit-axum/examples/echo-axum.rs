//! A service for trying things with curl: `cargo run -p audit-axum --example echo-axum`.
//!
//! `HOST` (127.0.0.1), `PORT` (8080), `DATA_DIR` (a log file `audit.jsonl` in it; without it records go to stdout) and
//! all `AUDIT_*`. `POST /echo` answers the body, `POST /sink` discards it and answers its length, `GET /slow?ms=N`
//! sleeps, `GET /stream?chunks=N&ms=M` streams a line at a time, `GET /panic`, `GET /status/{code}`.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use audit_axum::routing::{get, post};
use audit_axum::{AuditLayer, Auditor, Output, RouterExt, audited};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Query, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt as _;
use serde::Deserialize;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

#[audited(action = "echo.send")]
async fn echo(request: Request) -> Response {
    let kind = request.headers().get(header::CONTENT_TYPE).cloned();
    let mut response = Response::new(request.into_body());
    if let Some(kind) = kind {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}

#[audited(action = "sink.send")]
async fn sink(request: Request) -> Result<String, (StatusCode, String)> {
    let mut body = request.into_body();
    let mut length = 0_u64;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
        length += frame.data_ref().map_or(0, |chunk| chunk.len() as u64);
    }
    Ok(length.to_string())
}

#[derive(Deserialize)]
struct Slow {
    #[serde(default)]
    ms: u64,
}

#[audited(action = "slow.read")]
async fn slow(Query(slow): Query<Slow>) -> String {
    tokio::time::sleep(Duration::from_millis(slow.ms)).await;
    format!("slept {} ms\n", slow.ms)
}

#[derive(Deserialize)]
struct Stream {
    #[serde(default)]
    chunks: u64,
    #[serde(default)]
    ms: u64,
}

#[audited(action = "stream.read")]
async fn stream(Query(stream): Query<Stream>) -> Body {
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        for index in 0..stream.chunks {
            tokio::time::sleep(Duration::from_millis(stream.ms)).await;
            // The reader left: there is nobody to go on for.
            if sender.send(Bytes::from(format!("chunk {index}\n"))).await.is_err() {
                return;
            }
        }
    });
    Body::from_stream(ReceiverStream::new(receiver).map(Ok::<_, Infallible>))
}

#[audited(action = "panic.trigger")]
async fn panic() -> StatusCode {
    panic!("this route panics on purpose")
}

#[audited(action = "status.read", target = "status/{code}")]
async fn status(Path(code): Path<u16>) -> Response {
    match StatusCode::from_u16(code) {
        Ok(status) => (status, format!("{code}\n")).into_response(),
        Err(_) => (StatusCode::BAD_REQUEST, "not a status\n").into_response(),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut builder = Auditor::builder().service("echo-axum");
    if let Some(folder) = std::env::var_os("DATA_DIR").map(PathBuf::from) {
        std::fs::create_dir_all(&folder)?;
        builder = builder.output(Output::File(folder.join("audit.jsonl")));
    }
    let auditor = builder.env().build()?;
    let app = Router::new()
        .audited_route("/echo", post(echo))
        .audited_route("/sink", post(sink))
        .audited_route("/slow", get(slow))
        .audited_route("/stream", get(stream))
        .audited_route("/panic", get(panic))
        .audited_route("/status/{code}", get(status))
        .layer(DefaultBodyLimit::disable())
        .layer(AuditLayer::new(auditor.clone()));
    eprintln!("{}", auditor.endpoints());

    let host = std::env::var("HOST").unwrap_or_else(|_| "127.0.0.1".to_owned());
    let port = std::env::var("PORT").unwrap_or_else(|_| "8080".to_owned());
    let listener = tokio::net::TcpListener::bind(format!("{host}:{port}")).await?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(asked_to_stop())
        .await?;
    eprintln!("{}", auditor.shutdown(Duration::from_secs(10)));
    Ok(())
}

/// SIGINT, and SIGTERM where there is one.
async fn asked_to_stop() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    drop(interrupted.await);
}

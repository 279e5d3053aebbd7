//! A service for trying things with curl: `cargo run -p audit-axum --example echo-axum`.
//!
//! `HOST` (127.0.0.1), `PORT` (8080), `DATA_DIR` (a log file `audit.jsonl` in it; without it records go to stdout) and
//! all `AUDIT_*`. `POST /echo` answers the body, `POST /sink` discards it and answers its length, `GET /slow?ms=N`
//! sleeps, `GET /stream?chunks=N&ms=M` streams a line at a time, `GET /panic`, `GET /status/{code}`. All other routes
//! and settings are in the documentation of `audit_conformance::echo`, for the conformance table is run against this
//! very source.

#[path = "echo/answers.rs"]
mod answers;
#[path = "echo/bodies.rs"]
mod bodies;
#[path = "echo/failures.rs"]
mod failures;
#[path = "echo/gates.rs"]
mod gates;
#[path = "echo/people.rs"]
mod people;
#[path = "echo/streams.rs"]
mod streams;
#[path = "echo/work.rs"]
mod work;

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use audit_axum::routing::{get, post};
use audit_axum::{AuditLayer, Auditor, RouterExt};
use audit_conformance::echo::{Settings, TIMEOUT_INSIDE, asked_to_stop};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use tower_http::timeout::TimeoutLayer;

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_env()?;
    let asked = asked_to_stop()?;
    let auditor = settings.auditor("echo-axum")?;
    let app = app(&settings, auditor.as_ref());
    if let Some(auditor) = &auditor {
        eprintln!("{}", auditor.endpoints());
    }
    let listener = tokio::net::TcpListener::bind(format!("{}:{}", settings.host, settings.port)).await?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let serving = axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async {
            asked.await;
            // Nobody waits for it where requests may take as long as they like.
            let _told = stopping.send(());
        })
        .into_future();
    match settings.drain {
        None => serving.await?,
        Some(drain) => tokio::select! {
            served = serving => served?,
            () = async { drop(stopped.await); tokio::time::sleep(drain).await } => {}
        },
    }
    if let Some(auditor) = auditor {
        eprintln!("{}", auditor.shutdown(Duration::from_secs(10)));
    }
    Ok(())
}

fn app(settings: &Settings, auditor: Option<&Auditor>) -> Router {
    let mut app = routes().layer(DefaultBodyLimit::disable());
    if let Some(auditor) = auditor {
        app = app.layer(AuditLayer::new(auditor.clone()));
        if settings.layer_twice {
            app = app.layer(AuditLayer::new(auditor.clone()));
        }
    }
    match settings.timeout_outside {
        Some(timeout) => app.layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, timeout)),
        None => app,
    }
}

fn routes() -> Router {
    Router::new()
        .audited_route("/actor", get(people::actor))
        .route_layer(from_fn(people::name))
        .audited_route("/guarded", get(people::guarded))
        .merge(as_ever())
        .merge(answering())
        .merge(waiting())
        .merge(failing())
}

/// What there was from the start.
fn as_ever() -> Router {
    Router::new()
        .audited_route("/echo", post(bodies::echo))
        .audited_route("/sink", post(bodies::sink))
        .audited_route("/digest", post(bodies::digest))
        .audited_route("/slow", get(streams::slow))
        .audited_route("/stream", get(streams::stream))
        .audited_route("/panic", get(failures::panic))
        .audited_route("/status/{code}", get(answers::status))
}

fn answering() -> Router {
    use axum::routing::get as plain_get;
    Router::new()
        .audited_route("/json", post(answers::json))
        .audited_route("/items/{id}", get(answers::item))
        .audited_route("/redirect", get(answers::redirect))
        .audited_route("/empty", get(answers::empty))
        .audited_route("/on-error/{code}", get(answers::on_error))
        .audited_route("/basic", get(answers::basic).post(bodies::basic))
        .audited_route("/full", post(bodies::full))
        .audited_route("/unread", post(bodies::unread))
        .audited_route("/health", get(answers::health))
        .audited_route("/sse", get(streams::sse))
        .audited_route("/ws", get(streams::socket))
        .audited_route("/flood", get(streams::flood))
        .audited_route("/flood-count", get(streams::flood_count))
        .audited_route("/nested", get(work::nested))
        .audited_route("/spawned", get(work::spawned))
        .audited_route("/own/{id}/{gate}", get(work::own))
        .route("/plain/{x}", plain_get(answers::plain))
        .route("/api/plain", plain_get(answers::plain))
        .route("/app/{x}", plain_get(answers::plain))
        .route("/app/static/{x}", plain_get(answers::plain))
}

fn waiting() -> Router {
    let timeout = TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, TIMEOUT_INSIDE);
    Router::new()
        .audited_route("/timeout/inside/{gate}", get(gates::timeout_inside))
        .route_layer(timeout)
        .audited_route("/gates/{gate}", get(gates::arrived).post(gates::open))
        .audited_route("/hold/{gate}", get(gates::hold))
        .audited_route("/hold-stream/{gate}", get(gates::hold_stream))
        .audited_route("/slow-read/{gate}", post(bodies::slow_read))
}

fn failing() -> Router {
    Router::new()
        .audited_route("/panic/{when}", post(failures::panic_when))
        .audited_route("/panic-blocking", get(failures::panic_blocking))
        .audited_route("/panic-stream", get(failures::panic_stream))
        .audited_route("/broken-stream", get(failures::broken_stream))
}

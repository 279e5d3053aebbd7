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

use audit_axum::{AuditLayer, Auditor, RouterExt};
use audit_conformance::echo::{Settings, TIMEOUT_INSIDE, asked_to_stop};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::routing;
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

/// The service. A bare one is without anything of ours but the annotations.
fn app(settings: &Settings, auditor: Option<&Auditor>) -> Router {
    let mut app = routes(settings.bare).layer(DefaultBodyLimit::disable());
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

/// A router of routes by `audited_route`, or of plain ones.
macro_rules! router {
    ($bare:expr, $($method:ident $path:literal $handler:path,)+) => {
        if $bare {
            Router::new()$(.route($path, routing::$method($handler)))+
        } else {
            Router::new()$(.audited_route($path, audit_axum::routing::$method($handler)))+
        }
    };
}

fn routes(bare: bool) -> Router {
    router!(bare, get "/actor" people::actor,)
        .route_layer(from_fn(people::name))
        .merge(router!(bare, get "/guarded" people::guarded,))
        .merge(as_ever(bare))
        .merge(answering(bare))
        .merge(plain())
        .merge(waiting(bare))
        .merge(failing(bare))
}

/// What there was from the start.
fn as_ever(bare: bool) -> Router {
    router!(bare,
        post "/echo" bodies::echo,
        post "/sink" bodies::sink,
        post "/digest" bodies::digest,
        get "/slow" streams::slow,
        get "/stream" streams::stream,
        get "/panic" failures::panic,
        get "/status/{code}" answers::status,
    )
}

fn answering(bare: bool) -> Router {
    router!(bare,
        post "/json" answers::json,
        get "/items/{id}" answers::item,
        get "/redirect" answers::redirect,
        get "/empty" answers::empty,
        get "/on-error/{code}" answers::on_error,
        get "/on-error-flood" streams::on_error_flood,
        get "/basic" answers::basic,
        post "/basic" bodies::basic,
        post "/full" bodies::full,
        post "/unread" bodies::unread,
        get "/health" answers::health,
        get "/sse" streams::sse,
        get "/ws" streams::socket,
        get "/flood" streams::flood,
        get "/flood-count" streams::flood_count,
        get "/nested" work::nested,
        get "/spawned" work::spawned,
        get "/own/{id}/{gate}" work::own,
    )
}

/// Not annotated.
fn plain() -> Router {
    ["/plain/{x}", "/api/plain", "/app/{x}", "/app/static/{x}"]
        .into_iter()
        .fold(Router::new(), |router, path| router.route(path, routing::get(answers::plain)))
}

fn waiting(bare: bool) -> Router {
    let timeout = TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, TIMEOUT_INSIDE);
    router!(bare, get "/timeout/inside/{gate}" gates::timeout_inside,).route_layer(timeout).merge(router!(bare,
        get "/gates/{gate}" gates::arrived,
        post "/gates/{gate}" gates::open,
        get "/hold/{gate}" gates::hold,
        get "/hold-stream/{gate}" gates::hold_stream,
        post "/slow-read/{gate}" bodies::slow_read,
    ))
}

fn failing(bare: bool) -> Router {
    router!(bare,
        get "/on-error-panic" failures::on_error_panic,
        post "/panic/{when}" failures::panic_when,
        get "/panic-at-once" failures::panic_at_once,
        get "/panic-blocking" failures::panic_blocking,
        post "/panic-blocking/{when}" failures::panic_blocking_when,
        get "/panic-stream" failures::panic_stream,
        get "/broken-stream" failures::broken_stream,
    )
}

//! A service for trying things with curl: `cargo run -p audit-actix --example echo-actix`.
//!
//! `HOST` (127.0.0.1), `PORT` (8080), `DATA_DIR` (a log file `audit.jsonl` in it; without it records go to stdout) and
//! all `AUDIT_*`. All routes and settings are in the documentation of `audit_conformance::echo`, for the conformance
//! table is run against this very source.
//!
//! Most routes are wired by `audited_route`; those in [`declared`] by actix-web's own attribute below `#[audited]`.

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
use std::time::Duration;

use actix_web::dev::{ServerHandle, ServiceFactory, ServiceRequest};
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, JsonConfig, PayloadConfig, ServiceConfig};
use actix_web::{App, HttpServer, body::MessageBody, dev::ServiceResponse};
use audit_actix::{AuditMiddleware, AuditedConfig, AuditedRoutes, Auditor};
use audit_conformance::echo::{Settings, asked_to_stop};

#[actix_web::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_env()?;
    let asked = asked_to_stop()?;
    let auditor = settings.auditor("echo-actix")?;
    let address = (settings.host.clone(), settings.port);
    // Requests in flight may take as long as they like, as far as actix-web is concerned.
    const PATIENCE: u64 = 3600;
    macro_rules! serving {
        ($app:expr) => {{
            let app = $app;
            // A worker makes its own, later; once made, the listing knows the routes.
            drop(app());
            let server = HttpServer::new(app).disable_signals().shutdown_timeout(PATIENCE).bind_auto_h2c(address)?;
            let listening = server.addrs();
            (server.run(), listening)
        }};
    }
    let (told, drain) = (settings.clone(), settings.drain);
    let (serving, addresses) = match auditor.clone() {
        None => serving!(move || app(&told).wrap(from_fn(in_time))),
        Some(auditor) if told.layer_twice => {
            serving!(move || app(&told).wrap(audit(&auditor)).wrap(audit(&auditor)).wrap(from_fn(in_time)))
        }
        Some(auditor) => serving!(move || app(&told).wrap(audit(&auditor)).wrap(from_fn(in_time))),
    };
    if let Some(auditor) = &auditor {
        eprintln!("{}", auditor.endpoints());
    }
    for address in addresses {
        eprintln!("listening on http://{address}");
    }
    let handle = serving.handle();
    let stopping = stop_in_time(asked, &handle, drain);
    // Not dropped before the auditor is shut down: what is in flight would be cut by that.
    tokio::pin!(serving);
    tokio::select! {
        served = &mut serving => served?,
        () = stopping => {}
    }
    if let Some(auditor) = auditor {
        eprintln!("{}", auditor.shutdown(Duration::from_secs(10)));
    }
    Ok(())
}

fn audit(auditor: &Auditor) -> AuditMiddleware {
    AuditMiddleware::new(auditor.clone())
}

/// A timeout around everything.
async fn in_time<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    match request.app_data::<Settings>().and_then(|settings| settings.timeout_outside) {
        None => next.call(request).await,
        Some(timeout) => match tokio::time::timeout(timeout, next.call(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(InternalError::new("", StatusCode::REQUEST_TIMEOUT).into()),
        },
    }
}

/// Stops the server when it is asked to, and waits for it: for as long as it takes, or for so long.
async fn stop_in_time(asked: impl Future<Output = ()>, server: &ServerHandle, drain: Option<Duration>) {
    asked.await;
    let stopped = server.stop(true);
    match drain {
        None => stopped.await,
        // Time that is up is no error here: the rest is cut.
        Some(drain) => drop(tokio::time::timeout(drain, stopped).await),
    }
}

/// The service. A bare one is without anything of ours but the annotations.
fn app(
    settings: &Settings,
) -> App<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = actix_web::Error, InitError = ()>
    + use<>,
> {
    let bare = settings.bare;
    App::new()
        .app_data(settings.clone())
        .app_data(PayloadConfig::new(usize::MAX))
        .app_data(JsonConfig::default().limit(usize::MAX))
        .configure(plain)
        .configure(declared)
        .configure(move |config| wired(config, bare))
}

/// Not annotated.
fn plain(config: &mut ServiceConfig) {
    for path in ["/plain/{x}", "/api/plain", "/app/{x}", "/app/static/{x}"] {
        config.route(path, web::get().to(answers::plain));
    }
}

/// By actix-web's own attributes.
fn declared(config: &mut ServiceConfig) {
    config
        .service(answers::json)
        .service(answers::item)
        .service(answers::redirect)
        .service(answers::health)
        .service(bodies::full)
        .service(failures::panic_when)
        .service(gates::timeout_inside)
        .service(people::guarded)
        .service(streams::sse);
}

/// Adds routes by `audited_route`, or as plain ones.
macro_rules! routes {
    ($to:expr, $bare:expr, $($method:ident $path:literal $handler:path,)+) => {
        if $bare {
            $to$(.route($path, web::$method().to($handler)))+
        } else {
            $to$(.audited_route($path, audit_actix::web::$method().to($handler)))+
        }
    };
}

fn wired(config: &mut ServiceConfig, bare: bool) {
    let actor = web::scope("/actor").wrap(from_fn(people::name));
    config.service(routes!(actor, bare, get "" people::actor,));
    routes!(config, bare,
        post "/echo" bodies::echo,
        post "/sink" bodies::sink,
        get "/slow" streams::slow,
        get "/stream" streams::stream,
        head "/stream" streams::stream,
        get "/panic" failures::panic,
        get "/status/{code}" answers::status,
        head "/status/{code}" answers::status,
        get "/empty" answers::empty,
        get "/on-error/{code}" answers::on_error,
        get "/on-error-flood" streams::on_error_flood,
        get "/on-error-panic" failures::on_error_panic,
        get "/basic" answers::basic,
        post "/basic" bodies::basic,
        post "/digest" bodies::digest,
        post "/unread" bodies::unread,
        get "/ws" streams::socket,
        get "/flood" streams::flood,
        get "/flood-count" streams::flood_count,
        get "/nested" work::nested,
        get "/spawned" work::spawned,
        get "/own/{id}/{gate}" work::own,
        get "/gates/{gate}" gates::arrived,
        post "/gates/{gate}" gates::open,
        get "/hold/{gate}" gates::hold,
        get "/hold-stream/{gate}" gates::hold_stream,
        post "/slow-read/{gate}" bodies::slow_read,
        get "/panic-at-once" failures::panic_at_once,
        get "/panic-blocking" failures::panic_blocking,
        post "/panic-blocking/{when}" failures::panic_blocking_when,
        get "/panic-stream" failures::panic_stream,
        get "/broken-stream" failures::broken_stream,
    );
}

//! A service for trying things with curl: `cargo run -p audit-rocket --example echo-rocket`.
//!
//! `HOST` (127.0.0.1), `PORT` (8080), `DATA_DIR` (a log file `audit.jsonl` in it; without it records go to stdout) and
//! all `AUDIT_*`. `POST /echo` answers the body, `POST /sink` discards it and answers its length, `GET /slow?ms=N`
//! sleeps, `GET /stream?chunks=N&ms=M` streams a line at a time, `GET /panic`, `GET /status/<code>`. All other routes
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
use std::net::AddrParseError;
use std::time::Duration;

use audit_conformance::echo::{Settings, asked_to_stop};
use audit_rocket::{AuditFairing, AuditedRoutes, Auditor};
use rocket::config::{LogLevel, Shutdown};
use rocket::data::{Limits, ToByteUnit};
use rocket::error::ErrorKind;
use rocket::fairing::AdHoc;
use rocket::shield::{NoSniff, Shield};
use rocket::{Build, Config, Rocket, Route, catchers, routes};

/// How long Rocket goes on with requests in flight when it is stopped. It waits all of it if there is one, however soon
/// that one ends.
const GRACE_SECONDS: u32 = 3;

#[rocket::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_env()?;
    let asked = asked_to_stop()?;
    let auditor = settings.auditor("echo-rocket")?;
    let rocket = app(&settings, auditor.as_ref())?;
    let rocket = rocket.ignite().await?;
    if let Some(auditor) = &auditor {
        eprintln!("{}", auditor.endpoints());
    }
    let stop = rocket.shutdown();
    let serving = rocket.launch();
    let cut = async {
        asked.await;
        stop.notify();
        match settings.drain {
            Some(drain) => rocket::tokio::time::sleep(drain).await,
            None => std::future::pending().await,
        }
    };
    rocket::tokio::select! {
        served = serving => match served {
            Err(error) if matches!(error.kind(), ErrorKind::Shutdown(..)) => eprintln!("{error}"),
            served => drop(served?),
        },
        () = cut => {}
    }
    if let Some(auditor) = auditor {
        eprintln!("{}", auditor.shutdown(Duration::from_secs(10)));
    }
    Ok(())
}

fn app(settings: &Settings, auditor: Option<&Auditor>) -> Result<Rocket<Build>, AddrParseError> {
    let limits =
        ["bytes", "json", "string"].iter().fold(Limits::new(), |limits, name| limits.limit(*name, 64.mebibytes()));
    // Rocket 0.5.2 looks twice at whether it is stopped. If another thread, as that of its own signals, stops it between
    // the two, it ends at once, with requests in flight. Here the task that serves stops it.
    let mut shutdown = Shutdown { ctrlc: false, grace: GRACE_SECONDS, mercy: 1, ..Shutdown::default() };
    #[cfg(unix)]
    shutdown.signals.clear();
    let config = Config {
        address: settings.host.parse()?,
        port: settings.port,
        limits,
        shutdown,
        // Standard output is for records.
        log_level: LogLevel::Off,
        ..Config::default()
    };
    let audited = auditor.is_some();
    let mut rocket = rocket::custom(config)
        .mount("/", as_ever(audited))
        .mount("/", answering(audited))
        .mount("/", waiting(audited))
        .mount("/", failing(audited))
        .mount("/", answers::plain())
        .register("/guarded", catchers![people::no_key, people::wrong_key])
        // The default shield's headers come in another order in each process: servers could not be compared.
        .attach(Shield::new().enable(NoSniff::Enable))
        .attach(people::Names)
        .attach(AdHoc::on_liftoff("listening", |rocket| {
            Box::pin(async move {
                let config = rocket.config();
                eprintln!("listening on http://{}:{}", config.address, config.port);
            })
        }));
    if let Some(auditor) = auditor {
        rocket = rocket.attach(AuditFairing::new(auditor.clone()));
        if settings.layer_twice {
            rocket = rocket.attach(AuditFairing::new(auditor.clone()));
        }
    }
    Ok(rocket)
}

fn audited_if(audited: bool, routes: Vec<Route>) -> Vec<Route> {
    if audited { routes.audited() } else { routes }
}

/// What there was from the start.
fn as_ever(audited: bool) -> Vec<Route> {
    audited_if(
        audited,
        routes![bodies::echo, bodies::sink, streams::slow, streams::stream, failures::panic, answers::status],
    )
}

fn answering(audited: bool) -> Vec<Route> {
    let mut routes = audited_if(
        audited,
        routes![
            answers::json,
            answers::redirect,
            answers::empty,
            answers::on_error,
            streams::on_error_flood,
            answers::basic,
            bodies::basic,
            bodies::full,
            bodies::digest,
            bodies::unread,
            answers::health,
            streams::sse,
            streams::socket,
            streams::flood,
            streams::flood_count,
            work::nested,
            work::spawned,
            work::own,
        ],
    );
    routes.extend(match audited {
        true => audit_rocket::routes![answers::item, people::actor, people::guarded],
        false => routes![answers::item, people::actor, people::guarded],
    });
    routes
}

fn waiting(audited: bool) -> Vec<Route> {
    match audited {
        true => audit_rocket::routes![
            gates::timeout_inside,
            gates::arrived,
            gates::open,
            gates::hold,
            gates::hold_stream,
            bodies::slow_read,
        ],
        false => routes![
            gates::timeout_inside,
            gates::arrived,
            gates::open,
            gates::hold,
            gates::hold_stream,
            bodies::slow_read,
        ],
    }
}

fn failing(audited: bool) -> Vec<Route> {
    audited_if(
        audited,
        routes![
            failures::on_error_panic,
            failures::panic_at_once,
            failures::panic_when,
            failures::panic_blocking,
            failures::panic_blocking_when,
            failures::panic_stream,
            failures::broken_stream,
        ],
    )
}

//! From the first setting to the last record.

use std::ffi::OsString;
use std::future::IntoFuture as _;
use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use audit_axum::{Auditor, BuildError, Output, ShutdownReport};
use audit_store::{OpenError, Store};
use prediction_model::{Predictor, Version};
use service_kit::database::DatabaseError;
use service_kit::files::{FileError, kept_or_random, make_private_directory};
use service_kit::say;
use service_kit::settings::SettingError;
use service_kit::signals::{Signals, at_each_hangup};
use service_kit::users::{self, UsersError};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tracing_subscriber::filter::{EnvFilter, LevelFilter, ParseError};
use tracing_subscriber::{Layer as _, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::app::{App, Parts, router};
use crate::database;
use crate::limits::Limiter;
use crate::models::{Models, ModelsError};
use crate::remote;
use crate::remote::mlflow::Tracking;
use crate::remote::slack::Slack;
use crate::settings::{Settings, kept_key};
use crate::tokens::Tokens;

/// How long open requests may take to end once the service is told to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// How long the writing of what is recorded by then may take.
const FLUSH: Duration = Duration::from_secs(10);

/// Why the service did not start, or ended by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Settings that cannot be used, one on each line.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\nprediction-api: "))]
    Settings(Vec<SettingError>),
    /// `RUST_LOG` cannot be read.
    #[error("RUST_LOG cannot be read; expected a filter such as info or warn,prediction_api=debug")]
    LogFilter(#[source] ParseError),
    /// A file under `DATA_DIR`.
    #[error("DATA_DIR cannot be used")]
    Files(#[from] FileError),
    /// The generated key was changed to something too short.
    #[error("the key in DATA_DIR/{KEY_FILE} cannot be used")]
    Key(#[source] SettingError),
    /// The database of users and feedback.
    #[error("the database cannot be used")]
    Database(#[from] DatabaseError),
    /// The users in it.
    #[error("the users cannot be loaded")]
    Users(#[from] UsersError),
    /// The models that predict.
    #[error("the models cannot be loaded")]
    Models(#[from] ModelsError),
    /// The client that asks MLflow and Slack.
    #[error("no HTTP client can be made")]
    Client(#[from] reqwest::Error),
    /// The description of the API.
    #[error("the API cannot be described")]
    Description(#[from] serde_json::Error),
    /// The audit store.
    #[error("the audit trail cannot be opened")]
    Store(#[from] OpenError),
    /// The auditor, for instance for an `AUDIT_*` setting.
    #[error(transparent)]
    Auditor(#[from] BuildError),
    /// The network, or a signal handler.
    #[error("cannot {attempted}")]
    Io {
        /// What was attempted.
        attempted: String,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Where a key that was generated is kept.
const KEY_FILE: &str = "jwt-secret-key";
/// Serves until a signal says to stop, then lets requests end, writes what is recorded, and says what came of it.
/// `lookup` is asked for each setting, `AUDIT_*` and `RUST_LOG` too.
///
/// # Errors
/// When a setting is wrong or something that is needed cannot be had. Nothing was served then.
pub async fn run(lookup: impl Fn(&str) -> Option<OsString>) -> Result<(), StartError> {
    let settings = Settings::read(&lookup).map_err(StartError::Settings)?;
    let log_filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into());
    let log_filter = log_filter.parse(lookup("RUST_LOG").unwrap_or_default().to_string_lossy());
    let log_filter = log_filter.map_err(StartError::LogFilter)?;
    let data_dir = &settings.data_dir;
    make_private_directory(data_dir)?;
    let store = Store::open(data_dir.join("audit.db"))?;
    // Before the log: if it names one of these files by mistake, it finds that they are no logs.
    let database = Arc::new(database::open(data_dir)?);
    let users = users::open(data_dir, Arc::clone(&database), settings.users.as_deref())?;
    let models = Models::open(data_dir.join("model-v2.bin"))?;
    let tokens = Tokens::new(&key(data_dir, settings.jwt_key)?);
    // The log's lock also keeps a second service off this directory, unless it logs elsewhere.
    let auditor = Auditor::builder()
        .output(Output::File(data_dir.join("audit.jsonl")))
        .sink(store.sink())
        // Refused methods and unknown paths beside the annotated routes are part of the trail too.
        .include("/admin")
        .include("/login")
        .include("/feedback")
        .env_from(&lookup)
        .build()?;
    tracing_subscriber::registry()
        .with(auditor.json_layer())
        .with(fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal()).with_filter(log_filter))
        .init();
    let client = remote::client()?;
    let app = App::new(Parts {
        users,
        database,
        tokens,
        models,
        store,
        auditor: auditor.clone(),
        limiter: Limiter::new(settings.rate_limits),
        tracking: settings.mlflow.map(|uri| Tracking::new(client.clone(), &uri)),
        slack: Slack::new(client, settings.slack),
    });
    for version in [Version::V1, Version::V2] {
        say_accuracy(version, &app.predictor(version));
    }
    let routes = router(app.clone(), settings.origins)?;
    say(format_args!("{}", auditor.endpoints().to_string().trim_end()));
    serve(routes, app, auditor, &settings.addresses).await
}

/// The key that tokens are signed with: the setting's, or one that is generated once.
fn key(data_dir: &Path, given: Option<String>) -> Result<String, StartError> {
    if let Some(key) = given {
        return Ok(key);
    }
    let kept = kept_or_random(&data_dir.join(KEY_FILE), 64)?;
    kept_key(kept.trim().to_owned()).map_err(StartError::Key)
}

fn say_accuracy(version: Version, predictor: &Predictor) {
    let accuracy = predictor.held_out_accuracy();
    // Tenths of a percent, rounded.
    let tenths = (accuracy.correct * 1000 + accuracy.total / 2) / accuracy.total.max(1);
    say(format_args!(
        "predictor {version}: {}.{} % of {} held-out digits right",
        tenths / 10,
        tenths % 10,
        accuracy.total
    ));
}

async fn serve(routes: axum::Router, app: App, auditor: Auditor, addresses: &[SocketAddr]) -> Result<(), StartError> {
    let failed = |attempted: String| move |source| StartError::Io { attempted, source };
    let mut signals = Signals::listen().map_err(failed("listen for signals".to_owned()))?;
    let reopened = auditor.clone();
    at_each_hangup(move || reopened.reopen()).map_err(failed("listen for SIGHUP".to_owned()))?;
    let listener =
        TcpListener::bind(addresses).await.map_err(failed(format!("listen on {addresses:?} (HOST, PORT)")))?;
    let address = listener.local_addr().map_err(failed("tell the address".to_owned()))?;
    say(format_args!("listening on http://{address}"));

    let (stop, stopped) = oneshot::channel::<()>();
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    // Ends with the sender, too.
    let server = axum::serve(listener, service).with_graceful_shutdown(async { drop(stopped.await) });
    let mut server = pin!(server.into_future());
    let ended = tokio::select! {
        ended = &mut server => Some(ended),
        signal = signals.next() => {
            say(format_args!("{signal}: stopping; open requests may take {} s, a second signal ends them", DRAIN.as_secs()));
            None
        }
    };
    drop(stop);
    signals.end_at_the_next();
    let ended = match ended {
        Some(ended) => ended,
        None => {
            let drained = async {
                let ended = server.await;
                // One whose client has left.
                app.training_ends().await;
                ended
            };
            timeout(DRAIN, drained).await.unwrap_or_else(|_| {
                say(format_args!("some requests did not end in time and are cut off"));
                Ok(())
            })
        }
    };
    if let Some(report) = shut_down(auditor).await {
        say(format_args!("audit: {report}"));
    }
    ended.map_err(failed("serve".to_owned()))
}

/// `None` when the system gave no thread for it.
async fn shut_down(auditor: Auditor) -> Option<ShutdownReport> {
    spawn_blocking(move || auditor.shutdown(FLUSH)).await.ok()
}

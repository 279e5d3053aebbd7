//! From the first setting to the last record.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actix_session::SessionMiddleware;
use actix_session::config::PersistentSession;
use actix_web::cookie::{Key, SameSite};
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use audit_actix::{AuditMiddleware, Auditor, BuildError};
use service_kit::database::{Database, DatabaseError};
use service_kit::files::{FileError, kept_or_random, lock_directory, make_private_directory};
use service_kit::say;
use service_kit::settings::SettingError;
use service_kit::signals::{Signals, at_each_hangup};
use service_kit::users::{self, UsersError};
use tracing_subscriber::filter::{EnvFilter, LevelFilter, ParseError};
use tracing_subscriber::{Layer as _, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::plugin::{self, Plugin, PluginError};
use crate::service::Service;
use crate::sessions::{self, Sessions};
use crate::settings::Settings;
use crate::{audit, identity, views};

/// How long open requests may take to end once the service is told to stop, in seconds.
const DRAIN: u64 = 10;
/// How long the writing of what is recorded by then may take.
const FLUSH: Duration = Duration::from_secs(10);

/// Where the key that session cookies are signed and encrypted with is kept, and how long it is.
const KEY_FILE: &str = "session-key";
const KEY_LETTERS: usize = 64;

/// Why the service did not start, or ended by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Settings that cannot be used, one on each line.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\ngeo-layers: "))]
    Settings(Vec<SettingError>),
    /// `RUST_LOG` cannot be read.
    #[error("RUST_LOG cannot be read; expected a filter such as info or warn,geo_layers_core=debug")]
    LogFilter(#[source] ParseError),
    /// The plugins that are linked.
    #[error(transparent)]
    Plugins(#[from] PluginError),
    /// A file under `DATA_DIR`.
    #[error("DATA_DIR cannot be used")]
    Files(#[from] FileError),
    /// The generated key was changed to something too short.
    #[error("the key in DATA_DIR/{KEY_FILE} has fewer than {KEY_LETTERS} letters")]
    Key,
    /// A database.
    #[error("a database cannot be used")]
    Database(#[from] DatabaseError),
    /// The users in it.
    #[error("the users cannot be loaded")]
    Users(#[from] UsersError),
    /// The auditor, for instance for an `AUDIT_*` setting, or for a plugin that is not linked.
    #[error(transparent)]
    Auditor(#[from] BuildError),
    /// The network, or a thread.
    #[error("cannot {attempted}")]
    Io {
        /// What was attempted.
        attempted: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Serves until a signal says to stop, then lets requests end, writes what is recorded, and says what came of it.
/// `lookup` is asked for each setting, `AUDIT_*` and `RUST_LOG` too; `crates` are those that must be linked with their
/// audited handlers.
///
/// # Errors
/// When a setting is wrong, a crate is not linked, or something that is needed cannot be had. Nothing was served then.
pub async fn run(lookup: impl Fn(&str) -> Option<OsString>, crates: &[&str]) -> Result<(), StartError> {
    let settings = Settings::read(&lookup).map_err(StartError::Settings)?;
    let log_filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into());
    let log_filter = log_filter.parse(lookup("RUST_LOG").unwrap_or_default().to_string_lossy());
    let log_filter = log_filter.map_err(StartError::LogFilter)?;
    let plugins = plugin::linked()?;
    let data_dir = &settings.data_dir;
    make_private_directory(data_dir)?;
    // Two that start at once would each make users of their own.
    let _lock = lock_directory(data_dir)?;
    // Before the log: if it names this file by mistake, it finds that it is no log.
    let database = Arc::new(Database::open(&data_dir.join("core.db"), &[users::TABLE, sessions::TABLE])?);
    let auditor = audit::builder(&settings, &plugins)
        .expect_modules([env!("CARGO_CRATE_NAME")])
        .expect_modules(crates.iter().copied())
        .env_from(&lookup)
        .build()?;
    tracing_subscriber::registry()
        .with(auditor.json_layer())
        .with(fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal()).with_filter(log_filter))
        .init();
    serve(settings, plugins, database, auditor).await
}

async fn serve(
    settings: Settings,
    plugins: Vec<&'static Plugin>,
    database: Arc<Database>,
    auditor: Auditor,
) -> Result<(), StartError> {
    let Settings { addresses, data_dir, prefix, users: listed, secure_cookies } = settings;
    let media = data_dir.join("media");
    make_private_directory(&media)?;
    let key = cookie_key(&data_dir)?;
    let sessions = Sessions::new(Arc::clone(&database));
    let users = users::open(&data_dir, database, listed.as_deref())?;
    let names: Vec<&str> = plugins.iter().map(|plugin| plugin.name).collect();
    say(format_args!("plugins: {}", if names.is_empty() { "none".to_owned() } else { names.join(", ") }));
    let service = Data::new(Service::new(users, auditor.clone(), prefix, plugins, &data_dir)?);

    let audit = auditor.clone();
    let app = move || {
        let session = SessionMiddleware::builder(sessions.clone(), key.clone())
            .cookie_name("sessionid".to_owned())
            .cookie_secure(secure_cookies)
            // No other site's page can act for a user.
            .cookie_same_site(SameSite::Strict)
            .session_lifecycle(PersistentSession::default().session_ttl(sessions::LIFETIME))
            .build();
        let (shared, media) = (service.clone(), media.clone());
        App::new()
            .app_data(service.clone())
            .configure(move |config| {
                views::mount(config, shared.prefix(), &media);
                shared.plugins().iter().for_each(|plugin| (plugin.routes)(config, shared.prefix()));
            })
            .wrap(from_fn(identity::identify))
            .wrap(session)
            .wrap(AuditMiddleware::new(audit.clone()))
    };
    // A worker makes its own, later; the listing knows the plugins' routes now.
    drop(app());
    say(format_args!("{}", auditor.endpoints().to_string().trim_end()));

    let failed = |attempted| move |source| StartError::Io { attempted, source };
    let mut signals = Signals::listen().map_err(failed("listen for signals"))?;
    let reopened = auditor.clone();
    at_each_hangup(move || reopened.reopen()).map_err(failed("listen for SIGHUP"))?;
    let server = HttpServer::new(app).disable_signals().shutdown_timeout(DRAIN);
    let server = server.bind(&addresses[..]).map_err(failed("listen on HOST and PORT"))?;
    for address in server.addrs() {
        say(format_args!("listening on http://{address}"));
    }
    let mut server = pin!(server.run());
    let stop = server.handle();
    let ended = tokio::select! {
        ended = &mut server => ended,
        signal = signals.next() => {
            say(format_args!("{signal}: stopping; open requests may take {DRAIN} s, a second signal ends them"));
            signals.end_at_the_next();
            // The command is on its way; that it was carried out is the server's end.
            drop(stop.stop(true));
            server.await
        }
    };
    let report = tokio::task::spawn_blocking(move || auditor.shutdown(FLUSH));
    // An error says that the runtime ended before it.
    if let Ok(report) = report.await {
        say(format_args!("audit: {report}"));
    }
    ended.map_err(failed("serve"))
}

fn cookie_key(data_dir: &Path) -> Result<Key, StartError> {
    let text = kept_or_random(&data_dir.join(KEY_FILE), KEY_LETTERS)?;
    let text = text.trim();
    if text.len() < KEY_LETTERS { Err(StartError::Key) } else { Ok(Key::derive_from(text.as_bytes())) }
}

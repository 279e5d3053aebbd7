//! Why an auditor could not be made.

use std::io;
use std::path::PathBuf;

use crate::registry::{Endpoint, RouteConflict};
use crate::settings::SettingError;

/// Why an auditor could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Settings that cannot be read or are not built yet; each names the setting, its value and what it may be.
    #[error("{}", list(.0))]
    Settings(Vec<SettingError>),
    /// An endpoint asks for strict delivery.
    #[error(
        "{handler} ({location}) asks for delivery \"strict\"; strict delivery is not built yet, expected best_effort or buffered"
    )]
    StrictEndpoint {
        /// `module::function`.
        handler: String,
        /// File and line.
        location: String,
    },
    /// Two endpoints declare the same route, or routes that the same requests would match.
    #[error(
        "{endpoint} declares route = {route:?}, but {other} declares {other_route:?}: the same requests would be for both"
    )]
    RouteConflict {
        /// `module::function (file:line)`.
        endpoint: String,
        /// Method and template.
        route: String,
        /// The other's `module::function (file:line)`.
        other: String,
        /// The other's method and template.
        other_route: String,
    },
    /// An endpoint declares a route that is no template.
    #[error("{endpoint} declares route = {route:?}, which is no template: {reason}")]
    Route {
        /// `module::function (file:line)`.
        endpoint: String,
        /// Method and template.
        route: String,
        /// Why not.
        reason: String,
    },
    /// Another process writes the log file.
    #[error("cannot write audit file {}: another process writes it", path.display())]
    LogInUse {
        /// The file.
        path: PathBuf,
    },
    /// The log file holds something else, which writing would spoil.
    #[error("AUDIT_LOG_PATH is {path:?}; expected a new file or one that holds records: it begins otherwise")]
    LogIsForeign {
        /// The file.
        path: PathBuf,
    },
    /// Two sinks have one name.
    #[error("two sinks are called {name:?}")]
    DuplicateSink {
        /// The name.
        name: String,
    },
    /// The system refused a thread or the standard output.
    #[error("cannot start the audit {what}")]
    Start {
        /// What was to be started.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
}

fn list(errors: &[SettingError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl From<RouteConflict> for BuildError {
    fn from(conflict: RouteConflict) -> Self {
        let route = |endpoint: &Endpoint| {
            let (method, template) = endpoint.route().unwrap_or_default();
            format!("{method} {template}")
        };
        let place = |endpoint: &Endpoint| format!("{} ({})", endpoint.handler(), endpoint.location());
        match conflict {
            RouteConflict::With { endpoint, other } => Self::RouteConflict {
                endpoint: place(endpoint),
                route: route(endpoint),
                other: place(other),
                other_route: route(other),
            },
            RouteConflict::Invalid { endpoint, reason } => {
                Self::Route { endpoint: place(endpoint), route: route(endpoint), reason }
            }
        }
    }
}

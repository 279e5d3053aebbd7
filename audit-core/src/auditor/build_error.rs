//! Why an auditor could not be made.

use std::io;
use std::path::PathBuf;

use crate::registry::{DuplicateAction, Endpoint, RouteConflict};
use crate::settings::SettingError;

/// Why an auditor could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Settings that cannot be read or are not built yet, and rules that cannot be used; each names the setting or the
    /// rule, its value and what it may be.
    #[error("{}", lines(.0))]
    Settings(Vec<SettingError>),
    /// An endpoint asks for strict delivery, and the log is no file.
    #[error(
        "{handler} ({location}) asks for delivery \"strict\", which needs a journal; expected AUDIT_LOG_PATH to be a file"
    )]
    StrictEndpoint {
        /// `module::function`.
        handler: String,
        /// File and line.
        location: String,
    },
    /// An endpoint asks for strict delivery, and nobody is to wait for the journal: it would be refused each time.
    #[error(
        "{handler} ({location}) asks for delivery \"strict\", which waits for the journal; expected \
         AUDIT_QUEUE_TIMEOUT_MS to be at least 1"
    )]
    StrictEndpointTimeout {
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
    /// Not as many audited handlers are linked as [`expect_endpoints`](crate::Builder::expect_endpoints) says.
    #[error("{}", count(*.expected, .actions))]
    EndpointCount {
        /// How many were to be linked.
        expected: usize,
        /// The actions of those that are, one for each handler, sorted.
        actions: Vec<String>,
    },
    /// What [`expect_modules`](crate::Builder::expect_modules) was given is the path of no module.
    #[error(
        "expect_modules was given {path:?}; expected a crate or a module in it, such as plugin_layers or plugin_layers::handlers"
    )]
    ModulePath {
        /// What it was given.
        path: String,
    },
    /// Crates or modules that [`expect_modules`](crate::Builder::expect_modules) names have no handler in the program.
    #[error("{}", not_linked(.crates, .modules))]
    NotLinked {
        /// The crates of which no handler at all is linked.
        crates: Vec<String>,
        /// The modules without a handler, of crates that have others.
        modules: Vec<String>,
    },
    /// Several handlers carry one action, which was to be refused.
    #[error("one action of several handlers: {}", list(.0))]
    DuplicateActions(Vec<DuplicateAction>),
    /// A value that is to be hidden came through the redaction as it is set up.
    #[error("the self-test of redaction failed: {rule} is shown by {place}")]
    SelfTest {
        /// What is not hidden, such as what stands under a name.
        rule: String,
        /// By which way it came in.
        place: &'static str,
    },
    /// The log file cannot be opened, and strict delivery or a sink that follows it needs it.
    #[error("cannot open audit file {}, which is needed as a journal", path.display())]
    JournalUnavailable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
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

fn lines(errors: &[SettingError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// On one line, as it also stands in a warning.
pub(super) fn list(duplicates: &[DuplicateAction]) -> String {
    duplicates.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn count(expected: usize, actions: &[String]) -> String {
    let found = actions.len();
    let names = if actions.is_empty() { String::new() } else { format!(": {}", actions.join(", ")) };
    let cause = if found < expected {
        "; a crate that nothing in the program names is not linked, and its handlers are not (`use the_crate as _;` \
         names it)"
    } else {
        "; if all of them are meant, expect so many"
    };
    format!("expected {expected} functions that carry #[audited], mounted or not, but {found} are linked{names}{cause}")
}

fn not_linked(crates: &[String], modules: &[String]) -> String {
    let crates = crates.iter().map(|name| {
        format!(
            "no handler of crate `{name}` is linked: nothing in the program names it (`use {name} as _;` does), or it \
             has none"
        )
    });
    let modules = modules.iter().map(|path| {
        format!("no handler of module `{path}` is linked: other handlers of its crate are, so the module has none")
    });
    crates.chain(modules).collect::<Vec<_>>().join("; ")
}

impl From<RouteConflict> for BuildError {
    fn from(conflict: RouteConflict) -> Self {
        let route = |endpoint: &Endpoint| {
            let (method, template) = endpoint.route().unwrap_or_default();
            format!("{method} {template}")
        };
        match conflict {
            RouteConflict::With { endpoint, other } => Self::RouteConflict {
                endpoint: endpoint.place(),
                route: route(endpoint),
                other: other.place(),
                other_route: route(other),
            },
            RouteConflict::Invalid { endpoint, reason } => {
                Self::Route { endpoint: endpoint.place(), route: route(endpoint), reason }
            }
        }
    }
}

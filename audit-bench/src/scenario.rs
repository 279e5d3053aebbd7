//! What stands between the caller and the service.

use std::io;
use std::path::Path;

use audit_axum::Mode;

use crate::drive::{Load, drive};
use crate::handlers::bare;
use crate::request::Kind;
use crate::{ours, peers};

/// A way to serve the same requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// Nothing.
    Bare,
    /// Our layer by `Router::layer`; without a mode, auditing is off.
    Ours(Option<Mode>),
    /// Our layer around the whole router.
    OursAround(Option<Mode>),
    /// A layer that passes everything on.
    EmptyLayer,
    /// tower-http's `TraceLayer`, logged as JSON.
    TraceLayer { headers: bool },
    /// The middleware that people write by hand, logged as JSON.
    HandWritten,
}

pub(crate) const SCENARIOS: [Scenario; 11] = [
    Scenario::Bare,
    Scenario::EmptyLayer,
    Scenario::Ours(None),
    Scenario::OursAround(None),
    Scenario::Ours(Some(Mode::Basic)),
    Scenario::Ours(Some(Mode::Compact)),
    Scenario::OursAround(Some(Mode::Compact)),
    Scenario::Ours(Some(Mode::Full)),
    Scenario::TraceLayer { headers: false },
    Scenario::TraceLayer { headers: true },
    Scenario::HandWritten,
];

/// Why a scenario's figures would be void.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    #[error("cannot {what}: {source}")]
    Io { what: &'static str, source: io::Error },
    #[error("cannot build the auditor: {0}")]
    Auditor(#[from] audit_axum::BuildError),
    #[error("a request was answered with {status}")]
    Refused { status: u16 },
    #[error("cannot read an answer's body: {error}")]
    Body { error: String },
    #[error("the log dropped {lost} lines")]
    Dropped { lost: usize },
    #[error("{written} of {expected} records were written, {lost} lost")]
    Lost { expected: u64, written: u64, lost: u64 },
}

impl Scenario {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bare => "axum.bare",
            Self::Ours(mode) => our_names(mode).0,
            Self::OursAround(mode) => our_names(mode).1,
            Self::EmptyLayer => "peer.empty_layer",
            Self::TraceLayer { headers: false } => "peer.tracelayer_json",
            Self::TraceLayer { headers: true } => "peer.tracelayer_json_headers",
            Self::HandWritten => "peer.hand_written",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        SCENARIOS.into_iter().find(|scenario| scenario.name() == name)
    }

    /// The name of its figures for a request: ours are those of `get` unless the name says otherwise, the peers'
    /// those of `post_json_300`.
    pub(crate) fn name_on(self, request: Kind) -> String {
        let name = self.name();
        match (self, request) {
            (Self::Bare, _) => format!("{name}.{}", request.name()),
            (Self::Ours(_), Kind::Get) | (Self::OursAround(_), Kind::Get) => name.to_owned(),
            (Self::Ours(_) | Self::HandWritten, Kind::PostJson300) => format!("{name}_json_300"),
            (Self::OursAround(mode), Kind::PostJson300) => format!("{}_json_300.around", our_names(mode).0),
            (_, Kind::PostJson300) => name.to_owned(),
            (_, Kind::Get) => format!("{name}.get"),
        }
    }

    /// Whether each request leaves a line.
    pub(crate) fn writes(self) -> bool {
        !matches!(self, Self::Bare | Self::EmptyLayer | Self::Ours(None) | Self::OursAround(None))
    }

    /// Makes the requests and leaves what they logged in the file `log`, all of it.
    pub(crate) fn run(self, load: Load, log: &Path) -> Result<(), Failed> {
        match self {
            Self::Bare => drive(bare(), load),
            Self::EmptyLayer => drive(bare().layer(peers::EmptyLayer), load),
            Self::Ours(mode) => ours::inside(mode, load, log),
            Self::OursAround(mode) => ours::around(mode, load, log),
            Self::TraceLayer { headers } => peers::trace_layer(headers, load, log),
            Self::HandWritten => peers::hand_written(load, log),
        }
    }
}

fn our_names(mode: Option<Mode>) -> (&'static str, &'static str) {
    match mode {
        None => ("axum.off", "axum.off.around"),
        Some(Mode::Basic) => ("axum.basic", "axum.basic.around"),
        Some(Mode::Compact) => ("axum.compact", "axum.compact.around"),
        Some(_) => ("axum.full", "axum.full.around"),
    }
}

//! Audit trails for Rust web services: who did what, to which thing, when, from where, and how it ended.
//!
//! This crate holds everything that does not depend on a framework: the record and its encoder, modes and policy,
//! redaction, delivery to sinks, the registry of annotated handlers and the tracing layer. An application uses it
//! through an adapter (`audit-axum` …), which re-exports what is needed.
//!
//! - Each request leaves exactly one terminal record ([`exchange`]), which holds no secret ([`redact`]).
//! - Status, outcome and completion are never invented; what is not known is absent or `unknown`.
//! - Handing a record over never waits and never panics; each record that is lost is counted ([`Stats`]) and told by an
//!   `audit.gap` record.

mod actor;
mod auditor;
mod call;
mod caught;
mod client_address;
mod delivery;
mod event;
mod event_id;
pub mod exchange;
mod facade;
pub mod journal;
#[cfg(feature = "tracing")]
mod layer;
mod leak;
mod notice;
mod policy;
mod raw;
mod record;
pub mod redact;
pub mod registry;
mod scope;
mod settings;
pub mod sink;
#[cfg(feature = "testing")]
pub mod testing;
mod vocabulary;

pub use actor::{Actor, ActorId, ActorType, AsActor};
pub use audit_macros::{audit_exempt, audited};
pub use auditor::{Auditor, BuildError, Builder, InstallError};
pub use delivery::{Health, Problem, ShutdownReport, SinkStats, Stats};
pub use event::EventBuilder;
pub use facade::{add_target, change, data, set_actor, set_outcome, set_reason, step};
#[cfg(feature = "tracing")]
pub use layer::{FilteredJsonLayer, JsonLayer};
pub use record::{Field, Line};
pub use registry::{DuplicateAction, Endpoint, ListedEndpoint, Listing, Mount, UnannotatedRoute};
pub use scope::{AuditScope, Scope, Scoped, current};
pub use settings::{Output, SettingError};
pub use sink::{Sink, WriteError};
pub use vocabulary::{Completion, Delivery, Level, Mode, Outcome, Phase, RecordOn};

/// What expanded attributes and adapters name. Not part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use inventory;

    pub use crate::actor::AsActor;
    pub use crate::auditor::global::{installed as installed_auditor, installed_for_uncovered};
    pub use crate::call::Call;
    pub use crate::notice::say;
    pub use crate::raw::Raw;
    pub use crate::registry::*;
    pub use crate::vocabulary::{Delivery, Mode, RecordOn};
}

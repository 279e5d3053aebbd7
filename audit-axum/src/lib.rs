//! Audit trails for axum: annotate handlers, route them with [`RouterExt::audited_route`], add one [`AuditLayer`].
//!
//! Every request that reaches the layer leaves exactly one record when its answer's last byte was taken, or when it
//! was dropped before: an answer, a refusal by an extractor, a panic, a client that left, a stream that was cut. The
//! layer changes nothing but the header `audit-id`: bodies pass as they are, chunk by chunk, with their errors and
//! their back-pressure. Where a record is certain to come, its identifier takes the place of an `audit-id` that the
//! handler set; where none will come, the handler's own passes.
//!
//! # Where the layer stands
//! As the last `.layer(…)` of the outermost router, so that it is outside every other layer. Routes that are added to
//! the router after it are not covered; around the whole router (`AuditLayer::new(a).layer(router)`) it covers
//! everything, but then only [`audited_route`](RouterExt::audited_route), or the `route` that an attribute declares, can
//! tell a route's template. What `nest_service` mounts has no template of its own inside the layer, so that a declared
//! `route` does not match it.
//!
//! # HTTP/2
//! With the feature `http2`, a client that resets its stream or drops its connection while it sends is
//! `client_disconnected`, as it is over HTTP/1.1; without it `aborted`, for the cause cannot be seen.
//!
//! # Who it was
//! A handler or an extractor calls [`set_actor`]. An authentication layer inside this one inserts an [`Actor`] into
//! the request's or the answer's extensions: the request's are read where the route is wired, for in axum an inner
//! layer's extensions never reach an outer one. See [`AuditLayer::actor_from`]. Of the request's extensions the inner
//! layer's count; [`set_actor`], and before it the attribute's `actor` ([`AsActor`]), count more than they do; and the
//! answer's extensions have the last word.

mod body;
mod head;
mod layer;
mod router;
pub mod routing;
mod service;
mod wired;

pub use audit_core::redact::{Hide, Rules};
pub use audit_core::{
    Actor, ActorId, ActorType, AsActor, AuditScope, Auditor, BuildError, Builder, Completion, Delivery,
    DuplicateAction, Endpoint, EventBuilder, ListedEndpoint, Listing, Mode, Mount, Outcome, Output, RecordOn, Scope,
    ShutdownReport, Sink, Stats, UnannotatedRoute, WriteError, add_target, change, current, data, set_actor,
    set_outcome, set_reason, step,
};
pub use audit_macros::{audit_exempt_axum as audit_exempt, audited_axum as audited};
pub use body::AuditBody;
pub use layer::AuditLayer;
pub use router::RouterExt;
pub use service::{AuditFuture, AuditService};

/// What expanded attributes name. Not part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use audit_core::__private::*;
}

//! Audit trails for actix-web: annotate handlers, add one [`AuditMiddleware`].
//!
//! Every request that reaches the middleware leaves exactly one record when its answer's last byte was taken, or when it
//! was dropped before: an answer, a refusal by an extractor, a panic, a client that left, a stream that was cut. The
//! middleware changes nothing but the header `audit-id`: bodies pass as they are, chunk by chunk, with their errors and
//! their back-pressure. Where a record is certain to come, its identifier takes the place of an `audit-id` that the
//! handler set; where none will come, the handler's own passes.
//!
//! # Where the middleware stands
//! As the last `.wrap(…)` of the `App`, so that it is outside every other middleware. It sees the template of every
//! request's route, with the prefixes of scopes, wherever the route was added. Outside of a `NormalizePath`, it sees paths
//! as they were received, and learns the route of a path that was changed when its answer comes back, or before the
//! handler's extractors run if the route is wired.
//!
//! # Which handler a request is for
//! Known before its extractors run where the route is wired by [`audited_route`](AuditedRoutes::audited_route), or
//! declared: by actix-web's own attribute below `#[audited]`, or by `route = "…"`. Elsewhere it becomes known when it
//! starts.
//!
//! ```
//! use actix_web::{App, get, web::Path};
//! use audit_actix::{AuditMiddleware, AuditedRoutes, Auditor, audited};
//!
//! #[audited(action = "layer.read", target = "layer/{name}")]
//! #[get("/layers/{name}")]
//! async fn read_layer(name: Path<String>) -> String {
//!     name.into_inner()
//! }
//!
//! #[audited(action = "layer.create")]
//! async fn create_layer(body: String) -> String {
//!     body
//! }
//!
//! # fn build(auditor: Auditor) {
//! let app = App::new()
//!     .service(read_layer)
//!     .audited_route("/layers", audit_actix::web::post().to(create_layer))
//!     .wrap(AuditMiddleware::new(auditor));
//! # drop(app);
//! # }
//! ```
//!
//! # Who it was
//! A handler or an extractor calls [`set_actor`]. A middleware inside this one inserts an [`Actor`] into the request's
//! extensions, or the answer's. See [`AuditMiddleware::actor_from`]. [`set_actor`], and before it the attribute's `actor`
//! ([`AsActor`]), count more than the request's extensions do; the answer's extensions have the last word.
//!
//! # What actix-web does not tell
//! - **A client that closes its connection in order (FIN) while the handler runs** is not noticed before the answer is
//!   written, unless the server is told `h1_allow_half_closed(false)`: the handler runs to its end, and the record says
//!   what it came to. One that resets the connection is noticed; within an upload, the handler is dropped before it could
//!   read of it, so the record says `aborted` and not `client_disconnected`.
//! - **A stream of HTTP/2 that its client resets**: the handler is a task of its own and runs to its end. One that reads
//!   its body reads of it, and then the record says `client_disconnected`.
//! - **`HEAD`** is answered by no `GET` route: without a route of its own it is nobody's action, and a 404.
//! - **An error of a middleware** (`Err` of its service, not an answer) becomes an answer outside of this middleware. Its
//!   `status_code()` and text are recorded; the answer is not seen, and neither is who took it: it reads `completed`.

mod body;
mod head;
mod middleware;
mod routes;
mod service;
pub mod web;
mod wired;

pub use audit_core::redact::{Hide, Rules};
pub use audit_core::{
    Actor, ActorId, ActorType, AsActor, AuditScope, Auditor, BuildError, Builder, Completion, Delivery,
    DuplicateAction, Endpoint, EventBuilder, ListedEndpoint, Listing, Mode, Mount, Outcome, Output, RecordOn, Scope,
    ShutdownReport, Sink, Stats, UnannotatedRoute, WriteError, add_target, change, current, data, set_actor,
    set_outcome, set_reason, step,
};
pub use audit_macros::{audit_exempt_actix as audit_exempt, audited_actix as audited};
pub use body::AuditBody;
pub use middleware::AuditMiddleware;
pub use routes::{AuditedConfig, AuditedRoutes};
pub use service::{AuditFuture, AuditService};

/// What expanded attributes name. Not part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use audit_core::__private::*;
}

//! Audit trails for Rocket: annotate handlers, mount them with [`audited`](AuditedRoutes::audited), attach one
//! [`AuditFairing`].
//!
//! Every request that reaches the fairing leaves exactly one record when its answer's last byte was taken, or when it was
//! dropped before: an answer, a refusal by a guard, a panic, a stream that was cut. The fairing changes nothing but the
//! header `audit-id`, with the exception told below. Where a record is certain to come, its identifier takes the place of
//! an `audit-id` that the handler set; where none will come, the handler's own passes.
//!
//! ```
//! use audit_rocket::{AuditFairing, AuditedRoutes, Auditor, audited};
//! use rocket::{get, routes};
//!
//! #[audited(action = "layer.read", target = "layer/{name}")]
//! #[get("/layers/<name>")]
//! async fn read_layer(name: &str) -> String {
//!     name.to_owned()
//! }
//!
//! # fn build(auditor: Auditor) {
//! let rocket = rocket::build()
//!     .mount("/api/v1", routes![read_layer].audited())
//!     .attach(AuditFairing::new(auditor));
//! # drop(rocket);
//! # }
//! ```
//!
//! # Mounting
//! A fairing cannot reach a handler, so that routes are handed to [`audited`](AuditedRoutes::audited), or listed by this
//! crate's [`routes!`] in place of Rocket's. A route is recognised by the attribute below `#[audited]` (name, method and
//! path; put `#[audited]` on top), by [`routes!`] whatever the order of the attributes. One that is not recognised
//! becomes known when its handler starts. At ignition, stderr names each annotated route that was mounted as it is: its
//! requests leave a record of their own, but what its handler does is not part of it. If one of them is to have strict
//! delivery, Rocket does not start.
//!
//! # Where the fairing stands
//! Anywhere: it sees requests in the order of attachment, but answers after every other fairing that is attached before
//! ignition, so that what those change is in the record.
//!
//! # Standard output
//! Rocket logs to standard output, which is also where records go unless `AUDIT_LOG_PATH` says otherwise. Switch Rocket's
//! log off (`log_level = "off"`) or install a logger of your own before `rocket::build()`; stderr warns if both share it.
//!
//! # Who it was
//! A handler or a guard calls [`set_actor`]. A fairing or a guard may also leave an [`Actor`] with the request
//! ([`remember_actor`]), or the application gives a rule ([`AuditFairing::actor_from`]); [`set_actor`], and before it the
//! attribute's `actor` ([`AsActor`]), count more than they do.
//!
//! # Bodies
//! Rocket lets nobody but the handler's data guard see a body as it is read. Of a route that is mounted as
//! [`audited`](AuditedRoutes::audited) the record holds a body that declares a length of at most 512 bytes, which Rocket
//! lets one look at before the handler, whether it reads it or not; a longer one, or one without a length, if the
//! handler takes it as [`Captured<T>`](Captured), or as [`CapturedData`] where it would take `Data`; else it says
//! `not observed`.
//!
//! **The exception**: the handler begins once such a short body is there, for which it waits at most a second, and gets
//! it in one piece; Rocket itself waits for the first 14 bytes of any body. If the client breaks such a body off
//! after them, the handler does not run, for it could not tell the body from a whole one: the answer is a 400.
//!
//! # HTTP/2
//! With the feature `http2`, a client that resets its stream or drops its connection while a captured body is read is
//! `client_disconnected`, as it is over HTTP/1.1; without it the cause cannot be seen.
//!
//! # What Rocket does not tell
//! - **A client that leaves while the handler runs** is not noticed: the handler runs to its end. An answer with a body
//!   that could not be handed over is `aborted`; of one without a body nobody learns what became of it, and it reads
//!   `completed`.
//! - **A body that breaks off within its first 14 bytes** is whole for the handler. The record says
//!   `client_disconnected` if it had a length.
//! - **A stream that breaks, or panics**, is ended as if that were all: the record knows better than the client.
//! - **A client that leaves while a stream waits for its next piece** is noticed with that piece.
//! - **A catcher** runs for no handler: what it adds is not part of the record.
//! - **A header line that is no UTF-8** is dropped by Rocket before any fairing.
//! - **A form's `_method` field** changes the method before any fairing: the record has the changed one.
//! - A panic of a handler mounted as it is looks like any other 500.
//!
//! # What the fairing cannot do
//! A fairing cannot answer. Where strict delivery refuses a request before its handler, the fairing gives it the method
//! `TRACE`, for which no route is mounted as a rule (one that is audited refuses it, too), and puts the 503 in the place of the answer: later fairings and the catcher of
//! the 404 see such a request.

mod body;
mod captured;
mod captured_data;
mod fairing;
mod handler;
mod head;
mod routes;
mod routing;
mod slot;

pub use audit_core::redact::{Hide, Rules};
pub use audit_core::{
    Actor, ActorId, ActorType, AsActor, AuditScope, Auditor, BuildError, Builder, Completion, Delivery,
    DuplicateAction, Endpoint, EventBuilder, ListedEndpoint, Listing, Mode, Mount, Outcome, Output, RecordOn, Scope,
    ShutdownReport, Sink, Stats, UnannotatedRoute, WriteError, add_target, change, current, data, set_actor,
    set_outcome, set_reason, step,
};
pub use audit_macros::{audit_exempt_rocket as audit_exempt, audited_rocket as audited};
pub use captured::{BodyRead, Captured, FromAuditedBytes};
pub use captured_data::{CapturedData, CapturedStream};
pub use fairing::AuditFairing;
pub use routes::AuditedRoutes;
pub use slot::remember_actor;

/// What expanded attributes and macros name. Not part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use audit_core::__private::*;
    pub use rocket::Route;

    pub use crate::routes::audited_route;
}

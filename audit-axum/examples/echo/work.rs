//! Work that handlers call, and give to others.

use audit_axum::audited;
use audit_conformance::echo::{nested as calls, own as owning, spawned as tasks};
use axum::extract::Path;

#[audited(action = "nested.run")]
pub(crate) async fn nested() -> &'static str {
    calls::run().await
}

#[audited(action = "spawned.run")]
pub(crate) async fn spawned() -> &'static str {
    tasks::run().await
}

#[audited(action = "own.read")]
pub(crate) async fn own(Path((id, gate)): Path<(String, String)>) -> String {
    owning::note(id, &gate).await + "\n"
}

//! Work that handlers call, and give to others.

use actix_web::web::Path;
use audit_actix::audited;
use audit_conformance::echo::{nested as calls, own as owning, spawned as tasks};

#[audited(action = "nested.run")]
pub(crate) async fn nested() -> &'static str {
    calls::run().await
}

#[audited(action = "spawned.run")]
pub(crate) async fn spawned() -> &'static str {
    tasks::run().await
}

#[audited(action = "own.read")]
pub(crate) async fn own(place: Path<(String, String)>) -> String {
    let (id, gate) = place.into_inner();
    owning::note(id, &gate).await + "\n"
}

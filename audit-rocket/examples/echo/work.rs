//! Work that handlers call, and give to others.

use audit_conformance::echo::{nested as calls, own as owning, spawned as tasks};
use audit_rocket::audited;
use rocket::get;

#[audited(action = "nested.run")]
#[get("/nested")]
pub(crate) async fn nested() -> &'static str {
    calls::run().await
}

#[audited(action = "spawned.run")]
#[get("/spawned")]
pub(crate) async fn spawned() -> &'static str {
    tasks::run().await
}

#[audited(action = "own.read")]
#[get("/own/<id>/<gate>")]
pub(crate) async fn own(id: String, gate: &str) -> String {
    owning::note(id, gate).await + "\n"
}

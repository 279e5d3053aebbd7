//! What is each request's own, however many there are.

use audit_core::data;

use super::gates::gate;

/// Comes to the gate, waits, goes through another thread, and then adds `data("own", id)`.
pub async fn note(id: String, gate_name: &str) -> String {
    gate(gate_name).pass().await;
    // The only way that a task is sure to meet another thread, for some executors keep a task on its own.
    let id = tokio::task::spawn_blocking(move || id).await.expect("it does not panic");
    data("own", &id);
    id
}

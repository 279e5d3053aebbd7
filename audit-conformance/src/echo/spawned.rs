//! Work that a handler gives to others.

use audit_core::{AuditScope as _, current, data};

/// Three pieces of work that each add a field: `with` in a task that carries the scope along, `blocking` on a thread
/// that enters it, `without` in a task that was not told.
pub async fn run() -> &'static str {
    let with = tokio::spawn(async { data("with", true) }.in_audit_scope());
    let without = tokio::spawn(async { data("without", true) });
    let scope = current();
    let blocking = tokio::task::spawn_blocking(move || match scope {
        Some(scope) => scope.in_scope(|| data("blocking", true)),
        None => data("blocking", true),
    });
    for work in [with, without, blocking] {
        work.await.expect("it does not panic");
    }
    "spawned\n"
}

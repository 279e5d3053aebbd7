//! A wired route that no middleware covers, and no auditor installed: it is served, warned of once, and counted. In a
//! binary of its own, for what had nowhere to go is counted for the process.

mod support;

use actix_web::App;
use audit_actix::{AuditMiddleware, AuditedRoutes as _, audited};
use support::{auditor, get, said_by, serve};

#[audited(action = "test.read")]
async fn read() -> &'static str {
    "read"
}

#[test]
fn it_is_served_and_counted() {
    let (auditor, sink) = auditor(|builder| builder);
    let address = serve!(|| App::new().audited_route("/read", audit_actix::web::get().to(read)));
    for _ in 0..2 {
        let answer = get(address, "/read");
        answer.is(200, "read");
        assert_eq!(answer.header("audit-id"), None);
    }
    assert!(sink.records().is_empty());
    assert_eq!(auditor.stats().nowhere, 2);
}

#[test]
fn what_a_middleware_passes_over_is_covered() {
    let (auditor, _sink) = auditor(|builder| builder.exclude("/read"));
    let audit = AuditMiddleware::new(auditor);
    let address =
        serve!(move || App::new().audited_route("/read", audit_actix::web::get().to(read)).wrap(audit.clone()));
    get(address, "/read").is(200, "read");
}

#[test]
fn what_is_covered_is_not_warned_of() {
    assert_eq!(said_by("what_a_middleware_passes_over_is_covered"), "");
}

#[test]
fn it_is_warned_of_once() {
    let said = said_by("it_is_served_and_counted");
    let of = |what: &str| said.lines().filter(|line| line.contains(what)).count();
    assert_eq!(of("no AuditMiddleware covers the route of uncovered_without::read"), 1, "{said}");
    assert_eq!((of("nothing records it"), said.lines().count()), (1, 2), "beside what the attribute says: {said}");
}

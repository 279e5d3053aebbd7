//! A wired route that no middleware covers, and no auditor installed: it is served, warned of once, and counted. In a
//! binary of its own, for what had nowhere to go is counted for the process.

mod support;

use actix_web::App;
use audit_actix::{AuditedRoutes as _, audited};
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
fn it_is_warned_of_once() {
    let said = said_by("it_is_served_and_counted");
    let of = |what: &str| said.lines().filter(|line| line.contains(what)).count();
    assert_eq!(of("no AuditMiddleware covers the route of uncovered_without::read"), 1, "{said}");
    assert_eq!((of("nothing records it"), said.lines().count()), (1, 2), "beside what the attribute says: {said}");
}

//! Wired routes that no middleware covers, with an auditor installed for them. In a binary of its own, for there is one
//! such auditor in a process.

mod support;

use actix_web::web::{self, Path};
use actix_web::{App, HttpResponse};
use audit_actix::{AuditMiddleware, AuditedRoutes as _, audit_exempt, audited};
use audit_core::testing::assert_record;
use serde_json::{Value, json};
use support::{auditor, get, only, said_by, send, serve, settled};
use tokio_stream::StreamExt as _;

#[audited(action = "test.read", target = "layer/{id}")]
async fn read(id: Path<u32>) -> String {
    id.to_string()
}

#[audited(action = "test.create")]
async fn create(body: String) -> HttpResponse {
    let pieces = tokio_stream::iter(["got ".into(), body.into()]).map(Ok::<_, std::convert::Infallible>);
    HttpResponse::Ok().streaming(pieces)
}

#[audited(action = "test.panic")]
async fn panics() -> &'static str {
    panic!("it is broken")
}

#[audit_exempt(reason = "asked every second")]
async fn health() -> &'static str {
    "ok"
}

#[test]
fn an_uncovered_wired_route_has_records_of_its_own() {
    let (auditor, sink) = auditor(|builder| builder.exclude("/quiet"));
    auditor.install_global().expect("the first");
    let audit = AuditMiddleware::new(auditor.clone());
    let address = serve!(move || {
        let covered = web::scope("/early").audited_route("/{id}", audit_actix::web::get().to(read));
        App::new()
            .service(covered.wrap(audit.clone()))
            .audited_route("/late/{id}", audit_actix::web::get().to(read))
            .audited_route("/quiet/{id}", audit_actix::web::get().to(read))
            .audited_route("/create", audit_actix::web::post().to(create))
            .audited_route("/panic", audit_actix::web::get().to(panics))
            .audited_route("/api/health", audit_actix::web::get().to(health))
    });
    for path in ["/early/7", "/late/7", "/late/8"] {
        let answer = get(address, path);
        let id = path.split_at(path.len() - 1).1;
        answer.is(200, id);
        let record = only(&sink);
        let expected = json!({"action": "test.read", "status_code": 200, "completion": "completed", "path": path,
            "route": path.replace(id, "{id}"), "target_id": id, "ip_address": "127.0.0.1", "response_bytes": 1});
        assert_record(&record, expected);
        assert_eq!(answer.header("audit-id"), record["event_id"].as_str());
        assert_eq!(get(address, &path.replace(id, "x")).status, 404);
        assert_record(&only(&sink), json!({"action": "test.read", "outcome": "rejected", "status_code": 404}));
    }
    let body = r#"{"name":"rivers","password":"hunter2"}"#;
    let answer = send(address, "POST", "/create", &[("content-type", "application/json")], body);
    answer.is(200, &format!("got {body}"));
    let expected = json!({"action": "test.create", "request_bytes": body.len(), "response_bytes": body.len() + 4,
        "request_body": {"name": "rivers", "password": "[FILTERED]"}, "completion": "completed"});
    assert_record(&only(&sink), expected);

    assert_eq!(audit_conformance::ask(address, "GET", "/panic", &[], "").answer(), None);
    let expected = json!({"action": "test.panic", "completion": "panicked", "error": "it is broken"});
    assert_record(&only(&sink), expected);

    get(address, "/api/health").is(200, "ok");
    get(address, "/quiet/9").is(200, "9");
    assert_eq!(settled(&auditor, &sink), Vec::<Value>::new());
    assert_eq!(auditor.stats().nowhere, 0);
}

#[test]
fn it_is_warned_of_once() {
    let said = said_by("an_uncovered_wired_route_has_records_of_its_own");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("no AuditMiddleware covers the route of uncovered::read"), "{said}");
    assert!(said.contains("the installed auditor records it"), "{said}");
}

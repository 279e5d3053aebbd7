//! What stands around the handler, inside the audit middleware: errors, actors, and requests that nobody records.

mod support;

use std::panic::panic_any;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Service as _, ServiceRequest, ServiceResponse};
use actix_web::error::{ErrorForbidden, InternalError};
use actix_web::http::StatusCode;
use actix_web::middleware::{Next, from_fn};
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{self, Data};
use actix_web::{App, Error, HttpMessage as _, HttpRequest, HttpResponse};
use audit_actix::{Actor, AuditMiddleware, AuditedRoutes as _, audit_exempt, audited, data, set_actor};
use audit_conformance::ask;
use audit_core::testing::assert_record;
use serde_json::{Value, json};
use support::{auditor, get, only, send, serve, settled};

#[audited(action = "test.read")]
async fn read(request: HttpRequest) -> HttpResponse {
    if let Some(name) = request.headers().get("x-in") {
        set_actor(Actor::user(name.to_str().expect("a name")));
    }
    let mut response = HttpResponse::Ok().body("read");
    if let Some(name) = request.headers().get("x-answer") {
        response.extensions_mut().insert(Actor::user(name.to_str().expect("a name")));
    }
    response
}

#[audit_exempt(reason = "asked every second")]
async fn health() -> &'static str {
    "ok"
}

/// Refuses who says no name.
async fn named<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    match request.headers().get("x-name").and_then(|name| name.to_str().ok()).map(str::to_owned) {
        None => Err(ErrorForbidden("who are you? password=hunter2")),
        Some(name) => {
            request.extensions_mut().insert(Claims(name.clone()));
            request.extensions_mut().insert(Actor::user(format!("actor {name}")));
            next.call(request).await
        }
    }
}

struct Claims(String);

#[test]
fn an_error_of_a_middleware_is_told_with_its_status_and_goes_on() {
    let (auditor, sink) = auditor(|builder| builder.include("/"));
    let audit = AuditMiddleware::new(auditor);
    let address = serve!(move || {
        App::new()
            .audited_route("/read", audit_actix::web::get().to(read))
            .wrap(from_fn(named))
            .wrap(audit.clone())
            .wrap(from_fn(sees_the_error))
    });
    async fn sees_the_error<B: MessageBody>(
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, Error> {
        let result = next.call(request).await;
        assert!(result.as_ref().is_err_and(|error| error.to_string().starts_with("who are you?")), "as it was");
        result
    }
    let answer = get(address, "/read");
    answer.is(403, "who are you? password=hunter2");
    let record = only(&sink);
    assert_record(
        &record,
        json!({"action": "http.request", "route": "/read", "status_code": 403, "outcome": "denied",
            "error": "who are you? password=[FILTERED]"}),
    );
    assert_eq!(answer.header("audit-id"), None, "nobody can add it to an answer that is not made yet");
}

#[test]
fn an_answer_that_an_error_carries_reaches_the_client() {
    async fn refuses<B: MessageBody>(_: ServiceRequest, _: Next<B>) -> Result<ServiceResponse<B>, Error> {
        // It can be taken out of the error once.
        Err(InternalError::from_response("taken", HttpResponse::Conflict().body("it is taken")).into())
    }
    let (auditor, sink) = auditor(|builder| builder.include("/"));
    let audit = AuditMiddleware::new(auditor);
    let address = serve!(move || App::new().wrap(from_fn(refuses)).wrap(audit.clone()));
    get(address, "/").is(409, "it is taken");
    assert_record(&only(&sink), json!({"status_code": 409, "outcome": "rejected", "error": "taken"}));
}

#[test]
fn an_error_whose_text_panics_is_answered_as_ever_and_told_without() {
    #[derive(Debug)]
    struct Unspeakable;

    impl std::fmt::Display for Unspeakable {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("as asked")
        }
    }

    impl actix_web::ResponseError for Unspeakable {
        fn status_code(&self) -> StatusCode {
            StatusCode::GONE
        }

        fn error_response(&self) -> HttpResponse {
            HttpResponse::Gone().body("gone")
        }
    }

    async fn refuses<B: MessageBody>(_: ServiceRequest, _: Next<B>) -> Result<ServiceResponse<B>, Error> {
        Err(Unspeakable.into())
    }
    let (auditor, sink) = auditor(|builder| builder.include("/"));
    let audit = AuditMiddleware::new(auditor);
    let address = serve!(move || App::new().wrap(from_fn(refuses)).wrap(audit.clone()));
    get(address, "/").is(410, "gone");
    assert_record(&only(&sink), json!({"status_code": 410, "completion": "completed", "error": null}));
}

#[test]
fn the_actor_is_what_the_rule_finds_unless_a_later_word_says_otherwise() {
    let (auditor, sink) = auditor(|builder| builder);
    let by_rule = AuditMiddleware::new(auditor.clone())
        .actor_from(|extensions| extensions.get::<Claims>().map(|claims| Actor::user(&claims.0)));
    let by_type = AuditMiddleware::new(auditor);
    let with = |audit: AuditMiddleware| {
        serve!(move || {
            App::new().audited_route("/read", audit_actix::web::get().to(read)).wrap(from_fn(named)).wrap(audit.clone())
        })
    };
    let (by_rule, by_type) = (with(by_rule), with(by_type));
    let user = |address, lines: &[(&str, &str)]| {
        let lines = [&[("x-name", "ada")], lines].concat();
        send(address, "GET", "/read", &lines, "").is(200, "read");
        only(&sink)["user"].clone()
    };
    assert_eq!(user(by_rule, &[]), "ada");
    assert_eq!(user(by_type, &[]), "actor ada");
    assert_eq!(user(by_rule, &[("x-in", "bob")]), "bob");
    assert_eq!(user(by_type, &[("x-in", "bob"), ("x-answer", "eve")]), "eve", "the answer has the last word");
    assert_eq!(user(by_rule, &[("x-answer", "eve")]), "eve", "the rule finds nobody there");
}

#[test]
fn who_was_named_before_a_wired_handler_is_told_although_it_never_answered() {
    #[audited(action = "test.panic")]
    async fn panics() -> &'static str {
        panic!("it is broken")
    }
    let (auditor, sink) = auditor(|builder| builder);
    let audit = AuditMiddleware::new(auditor);
    let address = serve!(move || {
        App::new().audited_route("/panic", audit_actix::web::get().to(panics)).wrap(from_fn(named)).wrap(audit.clone())
    });
    assert_eq!(ask(address, "GET", "/panic", &[("x-name", "ada")], "").answer(), None);
    assert_record(&only(&sink), json!({"action": "test.panic", "completion": "panicked", "user": "actor ada"}));
}

#[test]
fn a_middleware_outside_takes_a_body_at_once_as_it_would_without_audit() {
    async fn takes<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse, Error> {
        let response = next.call(request).await?;
        Ok(response.map_body(|_, body| match body.try_into_bytes() {
            Ok(bytes) => BoxBody::new(bytes),
            Err(_) => BoxBody::new("not at once"),
        }))
    }
    let (auditor, sink) = auditor(|builder| builder);
    let audit = AuditMiddleware::new(auditor);
    let address = serve!(move || {
        App::new().audited_route("/read", audit_actix::web::get().to(read)).wrap(audit.clone()).wrap(from_fn(takes))
    });
    get(address, "/read").is(200, "read");
    assert_record(&only(&sink), json!({"action": "test.read", "completion": "completed", "response_bytes": 4}));
}

#[test]
fn what_is_off_excluded_or_exempt_is_neither_recorded_nor_changed() {
    let off = auditor(|builder| builder.enabled(false));
    let excluding = auditor(|builder| builder.exclude("/read").exclude("/plain"));
    for (auditor, sink) in [off, excluding] {
        let audit = AuditMiddleware::new(auditor.clone());
        let address = serve!(move || {
            App::new()
                .audited_route("/read", audit_actix::web::get().to(read))
                .audited_route("/health", audit_actix::web::get().to(health))
                .route("/plain/{id}", web::get().to(read))
                .wrap(audit.clone())
        });
        for path in ["/read", "/health", "/plain/7"] {
            let answer = get(address, path);
            assert_eq!((answer.status, answer.header("audit-id")), (200, None), "{path}");
        }
        assert_eq!(settled(&auditor, &sink), Vec::<Value>::new());
        assert_eq!(auditor.stats().nowhere, 0);
    }
}

#[test]
fn where_half_closed_connections_are_not_allowed_a_client_that_closes_is_noticed() {
    struct Left;
    impl Drop for Left {
        fn drop(&mut self) {
            data("left", true);
        }
    }
    #[audited(action = "test.wait")]
    async fn wait(came: Data<Sender<()>>) -> &'static str {
        let _left = Left;
        came.send(()).expect("the test waits");
        std::future::pending::<()>().await;
        "never"
    }
    let (auditor, sink) = auditor(|builder| builder);
    let audit = AuditMiddleware::new(auditor);
    let (came, arrived): (_, Receiver<()>) = channel();
    let address = serve!(
        move || App::new()
            .app_data(Data::new(came.clone()))
            .audited_route("/wait", audit_actix::web::get().to(wait))
            .wrap(audit.clone()),
        h1_allow_half_closed(false)
    );
    let asked = ask(address, "GET", "/wait", &[], "");
    arrived.recv().expect("the handler runs");
    asked.leave();
    let expected = json!({"action": "test.wait", "completion": "aborted", "status_code": null, "user": "unknown",
        "data": {"left": true}});
    assert_record(&only(&sink), expected);
}

#[actix_web::test]
async fn a_panic_goes_on_as_it_came() {
    #[audited(action = "test.throw")]
    async fn throws(thrown: web::ReqData<Arc<()>>) -> HttpResponse {
        actix_web::rt::task::yield_now().await;
        panic_any(thrown.into_inner())
    }
    let (auditor, sink) = auditor(|builder| builder);
    let audit = AuditMiddleware::new(auditor);
    let service = init_service(
        App::new()
            .audited_route("/wired", audit_actix::web::get().to(throws))
            .route("/plain", web::get().to(throws))
            .wrap(audit.clone())
            .wrap(audit),
    )
    .await;
    let service = Rc::new(service);
    for path in ["/wired", "/plain"] {
        let (service, thrown) = (Rc::clone(&service), Arc::new(()));
        let request = TestRequest::get().uri(path).to_request();
        request.extensions_mut().insert(Arc::clone(&thrown));
        let ended = actix_web::rt::spawn(async move { drop(service.call(request).await) }).await;
        let caught = ended.expect_err("it panics").into_panic().downcast::<Arc<()>>().expect("what was thrown");
        assert!(Arc::ptr_eq(&caught, &thrown), "{path}");
        assert_record(&only(&sink), json!({"action": "test.throw", "completion": "panicked", "error": null}));
    }
}

//! Who it was: every way to say so, and which word is the last.

mod support;

use std::convert::Infallible;

use audit_axum::routing::get as wired_get;
use audit_axum::{Actor, AuditLayer, RouterExt as _, audited, set_actor};
use audit_core::testing::assert_record;
use axum::Router;
use axum::extract::{Extension, FromRequestParts, Request};
use axum::http::{StatusCode, request::Parts};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde_json::{Value, json};
use support::{Server, auditor, serve};

#[audited(action = "test.silent")]
async fn silent() -> &'static str {
    "silent"
}

#[audited(action = "test.named")]
async fn named() -> &'static str {
    set_actor(Actor::user("handler").id(7).role("admin").tenant("valencia"));
    "named"
}

/// An extractor that authenticates.
struct Authenticated;

impl<S: Sync> FromRequestParts<S> for Authenticated {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        set_actor(Actor::user("extractor"));
        Ok(Self)
    }
}

#[audited(action = "test.extracted")]
async fn extracted(_: Authenticated) -> &'static str {
    "extracted"
}

#[audited(action = "test.both")]
async fn both(_: Authenticated) -> &'static str {
    set_actor(Actor::user("handler"));
    "both"
}

#[audited(action = "test.answered")]
async fn answered() -> Response {
    set_actor(Actor::user("handler"));
    (Extension(Actor::service("answer")), "answered").into_response()
}

fn wired() -> Router {
    Router::new()
        .audited_route("/silent", wired_get(silent))
        .audited_route("/named", wired_get(named))
        .audited_route("/extracted", wired_get(extracted))
        .audited_route("/both", wired_get(both))
        .audited_route("/answered", wired_get(answered))
}

fn plain() -> Router {
    Router::new()
        .route("/silent", get(silent))
        .route("/named", get(named))
        .route("/extracted", get(extracted))
        .route("/both", get(both))
        .route("/answered", get(answered))
}

/// The `user` of the record that a request for `path` leaves.
async fn user(router: &Router, path: &str) -> Value {
    let server = Server::start(router.clone()).await;
    server.get(path).await;
    server.only().await["user"].clone()
}

#[tokio::test]
async fn a_handler_or_an_extractor_says_so() {
    for router in [wired(), plain()] {
        for (path, name) in [
            ("/silent", "anonymous"),
            ("/named", "handler"),
            ("/extracted", "extractor"),
            ("/both", "handler"),
            // The answer's word is later than the handler's.
            ("/answered", "answer"),
        ] {
            assert_eq!(user(&router, path).await, name, "{path}");
        }
    }
}

#[tokio::test]
async fn everything_that_is_known_of_an_actor() {
    let server = Server::start(plain()).await;
    server.get("/named").await;
    let expected = json!({"user": "handler", "user_id": 7, "actor_type": "user", "actor_roles": "admin",
        "tenant_id": "valencia"});
    assert_record(&server.only().await, expected);
    server.sink.clear();
    server.get("/silent").await;
    let expected = json!({"user": "anonymous", "user_id": null, "actor_type": "anonymous", "actor_roles": null});
    assert_record(&server.only().await, expected);
}

#[tokio::test]
async fn an_inner_layers_extension_is_seen_where_the_route_is_wired() {
    let authenticate = Extension(Actor::user("inner"));
    for (path, wired_name, plain_name) in
        [("/silent", "inner", "anonymous"), ("/named", "handler", "handler"), ("/extracted", "extractor", "extractor")]
    {
        assert_eq!(user(&wired().layer(authenticate.clone()), path).await, wired_name, "wired {path}");
        assert_eq!(user(&plain().layer(authenticate.clone()), path).await, plain_name, "plain {path}");
    }
}

#[tokio::test]
async fn an_inner_layer_can_call_set_actor() {
    let authenticate = from_fn(|request: Request, next: Next| async {
        set_actor(Actor::user("middleware"));
        next.run(request).await
    });
    for router in [wired(), plain()] {
        let router = router.layer(authenticate.clone());
        assert_eq!(user(&router, "/silent").await, "middleware");
        assert_eq!(user(&router, "/named").await, "handler");
        // What it has said counts more than what it has carried along.
        assert_eq!(user(&router.layer(Extension(Actor::user("carried"))), "/silent").await, "middleware");
    }
}

#[tokio::test]
async fn an_inner_layers_refusal_names_who_was_refused() {
    let refuse = from_fn(|_: Request, _: Next| async {
        set_actor(Actor::user("mallory"));
        StatusCode::FORBIDDEN
    });
    let server = Server::start(wired().layer(refuse)).await;
    let request = "GET /silent HTTP/1.1\r\nhost: test\r\naccept: application/json\r\nconnection: close\r\n\r\n";
    assert_eq!(server.send(request).await.status(), 403);
    assert_record(&server.only().await, json!({"user": "mallory", "outcome": "denied", "route": "/silent"}));
}

#[tokio::test]
async fn an_answers_extension_is_seen_anywhere() {
    let authenticate = from_fn(|request: Request, next: Next| async {
        let mut response = next.run(request).await;
        response.extensions_mut().insert(Actor::user("answer"));
        response
    });
    for router in [wired(), plain()] {
        for path in ["/silent", "/named"] {
            assert_eq!(user(&router.clone().layer(authenticate.clone()), path).await, "answer", "{path}");
        }
    }
}

#[tokio::test]
async fn an_outer_layers_extension_is_seen_and_an_inner_ones_is_later() {
    for (inner, expected) in [(None, "outer"), (Some("inner"), "inner")] {
        let (auditor, sink) = auditor(|builder| builder);
        let mut router = wired();
        if let Some(inner) = inner {
            router = router.layer(Extension(Actor::user(inner)));
        }
        let router = router.layer(AuditLayer::new(auditor.clone())).layer(Extension(Actor::user("outer")));
        let server = Server { address: serve(router).await, auditor, sink };
        for (path, name) in [("/silent", expected), ("/named", "handler")] {
            server.sink.clear();
            server.get(path).await;
            assert_record(&server.only().await, json!({"user": name}));
        }
    }
}

#[derive(Clone)]
struct Claims(&'static str);

#[tokio::test]
async fn a_resolver_finds_the_actor_in_the_applications_own_type() {
    let authenticate_answer = from_fn(|request: Request, next: Next| async {
        let mut response = next.run(request).await;
        response.extensions_mut().insert(Claims("in the answer"));
        response
    });
    let cases = [
        (wired().layer(Extension(Claims("in the request"))), "in the request"),
        (plain().layer(Extension(Claims("in the request"))), "anonymous"),
        (plain().layer(authenticate_answer), "in the answer"),
        // A plain actor is found beside the rule.
        (wired().layer(Extension(Actor::user("plain actor"))), "plain actor"),
        (wired().layer(Extension(Actor::user("plain actor"))).layer(Extension(Claims("claims"))), "claims"),
    ];
    for (router, name) in cases {
        let (auditor, sink) = auditor(|builder| builder);
        let layer = AuditLayer::new(auditor.clone())
            .actor_from(|extensions| extensions.get::<Claims>().map(|claims| Actor::user(claims.0)));
        let server = Server { address: serve(router.layer(layer)).await, auditor, sink };
        server.get("/silent").await;
        assert_record(&server.only().await, json!({"user": name}));
    }
}

//! Layers: what is done to them, and what the records say of who may not or what is wrong.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, POINT, Server, Visitor, answer};

const LAYERS: &str = "/api/v1/layers/";
const LAYER: &str = "/api/v1/layers/1/";

/// Compares facts of an answer's record; `null` stands for absent.
async fn check(server: &Server, answer: &Answer, expected: Value) {
    let record = server.record_of(answer).await;
    assert_eq!(record["status_code"], answer.status, "{record}");
    assert_eq!(record["completion"], "completed", "{record}");
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(record[key], *value, "{key} in {record}");
    }
}

/// The first layer: ana's, of one point.
fn layer() -> Value {
    json!({"layer": "wells", "features": 1})
}

/// The same, where its features are replaced, be it by as many.
fn replaced() -> Value {
    json!({"layer": "wells", "features": 1, "replaces_features": true})
}

async fn delete(visitor: &Visitor, path: &str) -> Answer {
    answer(visitor.request(Method::DELETE, path)).await
}

#[tokio::test]
async fn each_step_of_a_layers_life_is_recorded() {
    let server = Server::audited(&[]);
    let ana = server.user("ana").await;
    let by_ana = |action: &str, more: Value| {
        let mut facts = json!({"action": action, "user": "ana", "user_id": 2, "level": "info", "outcome": "success",
                               "target_type": "layer", "target_id": "1", "reason": null, "error": null});
        facts.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        facts
    };

    let made = ana.add_layer("wells").await;
    assert_eq!(made.header("location"), Some(LAYER));
    assert_eq!(made.json(), json!({"id": 1, "name": "wells", "features": 1, "owner": "ana"}));
    check(&server, &made, by_ana("layer.create", json!({"data": layer(), "changes": null, "route": LAYERS}))).await;

    let read = ana.get(LAYER).await;
    let feature = format!(r#"{{"type":"Feature","geometry":{POINT},"properties":null}}"#);
    let collection = format!("{{\"type\":\"FeatureCollection\",\"name\":\"wells\",\"features\":[\n{feature}\n]}}\n");
    assert_eq!((read.status, &*read.body), (200, &*collection));
    let route = "/api/v1/layers/{id}/";
    check(&server, &read, by_ana("layer.read", json!({"data": layer(), "route": route, "path": LAYER}))).await;

    let listed = ana.get(LAYERS).await;
    assert_eq!(listed.json().as_array().map(Vec::len), Some(1));
    let of_list = json!({"data": {"layers": 1}, "target_type": null, "target_id": null});
    check(&server, &listed, by_ana("layer.list", of_list)).await;

    // What stays is not among the changes.
    let body =
        format!(r#"{{"type":"FeatureCollection","name":"pozos","title":"Pozos","features":[{feature},{feature}]}}"#);
    let changed = ana.send_json(Method::PUT, LAYER, body).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let changes = json!({"name": {"old": "wells", "new": "pozos"}, "title": {"old": null, "new": "Pozos"},
                         "features": {"old": 1, "new": 2}});
    check(&server, &changed, by_ana("layer.update", json!({"data": replaced(), "changes": changes}))).await;
    let changed = ana.send_json(Method::PUT, LAYER, r#"{"name":"pozos","title":"Los pozos"}"#).await;
    let changes = json!({"title": {"old": "Pozos", "new": "Los pozos"}});
    check(&server, &changed, by_ana("layer.update", json!({"changes": changes}))).await;

    let deleted = delete(&ana, LAYER).await;
    assert_eq!((deleted.status, &*deleted.body), (204, ""));
    let last = json!({"layer": "pozos", "features": 2});
    check(&server, &deleted, by_ana("layer.delete", json!({"data": last}))).await;

    // Nobody gets its id.
    assert_eq!(ana.add_layer("wells").await.json()["id"], 2);
    assert_eq!(ana.get(LAYER).await.status, 404);
}

#[tokio::test]
async fn everybody_may_read_and_is_anonymous() {
    let server = Server::audited(&[]);
    server.user("ana").await.add_layer("wells").await;
    let visitor = server.visitor();
    for (path, action) in [(LAYERS, "layer.list"), (LAYER, "layer.read")] {
        let read = visitor.get(path).await;
        assert_eq!(read.status, 200);
        let anonymous = json!({"action": action, "user": "anonymous", "actor_type": "anonymous", "user_id": null,
                               "outcome": "success", "session_id": null});
        check(&server, &read, anonymous).await;
    }
}

#[tokio::test]
async fn who_may_not_is_denied() {
    let server = Server::audited(&[]);
    server.user("ana").await.add_layer("wells").await;
    let (visitor, bo, admin) = (server.visitor(), server.user("bo").await, server.user("admin").await);
    let body = format!(r#"{{"name":"pozos","geometry":{POINT}}}"#);
    let requests = [
        (Method::POST, LAYERS, "layer.create"),
        (Method::PUT, LAYER, "layer.update"),
        (Method::DELETE, LAYER, "layer.delete"),
    ];
    for (method, path, action) in requests.clone() {
        let refused = visitor.send_json(method, path, &*body).await;
        assert_eq!((refused.status, &*refused.body), (401, r#"{"detail":"nobody is logged in"}"#));
        let facts = json!({"action": action, "user": "anonymous", "outcome": "denied", "level": "warn",
                           "reason": "nobody is logged in"});
        check(&server, &refused, facts).await;
    }
    for (method, path, action) in requests.into_iter().skip(1) {
        let refused = bo.send_json(method, path, &*body).await;
        assert_eq!((refused.status, &*refused.body), (403, r#"{"detail":"the user may not do this"}"#));
        let reason = "the layer is another's, and the role does not allow it";
        let facts = json!({"action": action, "user": "bo", "outcome": "denied", "level": "warn", "reason": reason,
                           "target_id": "1", "data": layer(), "changes": null});
        check(&server, &refused, facts).await;
    }
    // Nothing came of it; and an administrator may.
    assert_eq!(visitor.get(LAYERS).await.json(), json!([{"id": 1, "name": "wells", "features": 1, "owner": "ana"}]));
    let changed = admin.send_json(Method::PUT, LAYER, &*body).await;
    check(&server, &changed, json!({"user": "admin", "outcome": "success", "data": replaced()})).await;
    assert_eq!(delete(&admin, LAYER).await.status, 204);

    let refused = bo.get("/gvsigonline/statistics/").await;
    assert_eq!(refused.status, 403);
    let facts = json!({"action": "statistics.read", "user": "bo", "outcome": "denied",
                       "reason": "the user may not do this"});
    check(&server, &refused, facts).await;
}

#[tokio::test]
async fn what_cannot_be_done_is_rejected_and_the_record_says_why() {
    let server = Server::audited(&[]);
    let ana = server.user("ana").await;
    ana.add_layer("wells").await;
    ana.add_layer("roads").await;
    let (post, put, delete, get) = (Method::POST, Method::PUT, Method::DELETE, Method::GET);
    let line = r#"{"type":"LineString","coordinates":[[1,2]]}"#;
    let cases = [
        (&post, LAYERS, "{".to_owned(), 400, "layer.create", "it is no JSON, at line 1, column 1"),
        (
            &post,
            LAYERS,
            r#"{"name":"x"}"#.into(),
            400,
            "layer.create",
            "there is no geometry and there are no features",
        ),
        (
            &post,
            LAYERS,
            format!(r#"{{"name":"x","geometry":{line}}}"#),
            400,
            "layer.create",
            "a line has length 1; expected at least 2 positions",
        ),
        (
            &put,
            LAYER,
            "{}".into(),
            400,
            "layer.update",
            "there is nothing to change; expected a name, a title, a geometry or features",
        ),
        (&get, "/api/v1/layers/9/", String::new(), 404, "layer.read", "there is no layer 9"),
        (&put, "/api/v1/layers/9/", r#"{"name":"x"}"#.into(), 404, "layer.update", "there is no layer 9"),
        (&delete, "/api/v1/layers/9/", String::new(), 404, "layer.delete", "there is no layer 9"),
        (
            &post,
            LAYERS,
            format!(r#"{{"name":"wells","geometry":{POINT}}}"#),
            409,
            "layer.create",
            "there is a layer wells already",
        ),
        (&put, LAYER, r#"{"name":"roads"}"#.into(), 409, "layer.update", "there is a layer roads already"),
    ];
    for (method, path, body, status, action, error) in cases {
        let refused = ana.send_json(method.clone(), path, body).await;
        assert_eq!((refused.status, refused.json()), (status, json!({"detail": error})), "{method} {path}");
        let facts = json!({"action": action, "user": "ana", "outcome": "rejected", "level": "warn", "error": error});
        check(&server, &refused, facts).await;
    }
    assert_eq!(ana.get(LAYERS).await.json().as_array().map(Vec::len), Some(2));

    // An id that is none, and a method that is not there: the first is a matter of the route, the second of none.
    let refused = ana.get("/api/v1/layers/x/").await;
    assert_eq!(refused.status, 404);
    check(&server, &refused, json!({"action": "layer.read", "outcome": "rejected"})).await;
    let refused = answer(ana.request(Method::PATCH, LAYER)).await;
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, PUT, DELETE")));
    check(&server, &refused, json!({"action": "http.request", "outcome": "rejected"})).await;
}

/// What an extractor refuses: its reason is in the record, and of a body that is too large no more than is held.
#[tokio::test]
async fn a_body_of_another_kind_or_too_large_is_rejected() {
    let server = Server::audited(&[]);
    let ana = server.user("ana").await;
    let refused = answer(ana.request(Method::POST, LAYERS).header("content-type", "text/plain").body("{}")).await;
    let reason = "expected content-type: application/geo+json or application/json";
    assert_eq!((refused.status, refused.json()), (400, json!({"detail": reason})));
    let facts = json!({"action": "layer.create", "outcome": "rejected", "reason": reason, "user": "ana"});
    check(&server, &refused, facts).await;

    let refused = ana.get("/api/v1/layers/?format=xml").await;
    let reason = "format is another; expected json";
    assert_eq!((refused.status, refused.json()), (400, json!({"detail": reason})));
    let facts = json!({"action": "layer.list", "outcome": "rejected", "reason": reason});
    check(&server, &refused, facts).await;

    let bytes = (32 << 20) + 1;
    let body = format!(r#"{{"name":"wells","geometry":{POINT}{}}}"#, " ".repeat(bytes - 28 - POINT.len()));
    assert_eq!(body.len(), bytes);
    let refused = ana.post_json(LAYERS, body).await;
    let reason = "the body is longer than 33554432 bytes";
    assert_eq!((refused.status, refused.json()), (413, json!({"detail": reason})));
    let facts = json!({"action": "layer.create", "outcome": "rejected", "reason": reason, "request_bytes": bytes});
    check(&server, &refused, facts).await;
    assert!(server.line_of(&refused).await.len() < 2_000);
}

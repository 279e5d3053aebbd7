//! Which handler a request is for, and which route: under scopes, guards and normalised paths.

mod support;

use std::panic::catch_unwind;

use actix_web::middleware::NormalizePath;
use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{App, get, guard};
use audit_actix::{AuditMiddleware, AuditedConfig as _, AuditedRoutes as _, audit_exempt, audited};
use audit_core::testing::assert_record;
use serde_json::{Value, json};
use support::{auditor, get, only, send, serve, settled};

#[audited(action = "layer.read", target = "layer/{id}")]
async fn read(id: Path<u32>) -> String {
    id.to_string()
}

#[audited(action = "layer.write", target = "layer/{id}", mode = "full")]
async fn write(id: Path<u32>, _: web::Bytes) -> String {
    id.to_string()
}

#[audit_exempt(reason = "asked every second")]
async fn health() -> &'static str {
    "ok"
}

mod users {
    use super::*;

    #[audited(action = "user.read")]
    #[get("/{id}")]
    pub(crate) async fn read(id: Path<u32>) -> String {
        id.to_string()
    }
}

mod groups {
    use super::*;

    #[audited(action = "group.read")]
    #[get("/{id}")]
    pub(crate) async fn read(id: Path<u32>) -> String {
        id.to_string()
    }
}

#[audited(action = "item.read")]
#[get("/items/{id}")]
async fn item(id: Path<u32>) -> String {
    id.to_string()
}

#[test]
fn the_route_has_the_prefixes_of_scopes() {
    fn configured(config: &mut ServiceConfig) {
        config.audited_route("/configured/{id}", audit_actix::web::get().to(read));
        config.audited_route("/again/{id}", audit_actix::web::get().to(read));
        config.service(web::scope("/deep").audited_route("/{id}", audit_actix::web::get().to(read)));
    }
    let (auditor, sink) = auditor(|builder| builder);
    let audit = AuditMiddleware::new(auditor);
    let address = serve!(move || {
        let scope = web::scope("/v1/{tenant}").audited_route("/top", audit_actix::web::get().to(health));
        App::new()
            .audited_route("/bare/{id}", audit_actix::web::get().to(read))
            .service(
                web::scope("/api")
                    .audited_route("/{id:\\d+|x}", audit_actix::web::get().to(read))
                    .service(web::scope("/in").configure(configured)),
            )
            .service(scope)
            .wrap(audit.clone())
    });
    for (path, route) in [
        ("/bare/7", "/bare/{id}"),
        ("/api/7", "/api/{id}"),
        ("/api/in/configured/7", "/api/in/configured/{id}"),
        ("/api/in/again/7", "/api/in/again/{id}"),
        ("/api/in/deep/7", "/api/in/deep/{id}"),
    ] {
        get(address, path).is(200, "7");
        let expected = json!({"action": "layer.read", "route": route, "path": path, "target_id": "7",
            "handler": "routes::read", "status_code": 200});
        assert_record(&only(&sink), expected);
        // An extractor refuses it: known all the same.
        assert_eq!(get(address, &path.replace('7', "x")).status, 404);
        let expected = json!({"action": "layer.read", "route": route, "status_code": 404, "outcome": "rejected",
            "target_id": null});
        assert_record(&only(&sink), expected);
    }
}

#[test]
fn a_plain_route_that_ends_as_a_declared_one_is_not_taken_for_it() {
    async fn plain(id: Path<u32>) -> String {
        id.to_string()
    }
    let (auditor, sink) = auditor(|builder| builder);
    let audit = AuditMiddleware::new(auditor);
    let address = serve!(move || {
        App::new()
            .service(web::scope("/api/items").service(item))
            .route("/api/layers/items/{id}", web::get().to(plain))
            .wrap(audit.clone())
    });
    for (path, status) in [("/api/layers/items/7", 200), ("/api/layers/items/x", 404)] {
        assert_eq!(get(address, path).status, status);
        let expected = json!({"action": "http.request", "handler": null, "route": "/api/layers/items/{id}"});
        assert_record(&only(&sink), expected);
    }
    assert_eq!(get(address, "/api/items/items/x").status, 404);
    assert_record(&only(&sink), json!({"action": "item.read", "route": "/api/items/items/{id}"}));
}

#[test]
fn two_scopes_with_the_same_relative_path_are_told_apart_by_the_handler_that_runs() {
    let (auditor, sink) = auditor(|builder| builder);
    let audit = AuditMiddleware::new(auditor);
    let address = serve!(move || {
        App::new()
            .service(web::scope("/api/users").service(users::read))
            .service(web::scope("/api/groups").service(groups::read))
            .service(item)
            .wrap(audit.clone())
    });
    for (path, action, route) in [
        ("/api/users/7", "user.read", "/api/users/{id}"),
        ("/api/groups/7", "group.read", "/api/groups/{id}"),
        ("/items/7", "item.read", "/items/{id}"),
    ] {
        get(address, path).is(200, "7");
        assert_record(&only(&sink), json!({"action": action, "route": route, "status_code": 200}));
    }
    // Refused before it runs, it may be either's; nobody guesses.
    assert_eq!(get(address, "/api/users/x").status, 404);
    assert_record(&only(&sink), json!({"action": "http.request", "route": "/api/users/{id}", "status_code": 404}));
    assert_eq!(get(address, "/items/x").status, 404);
    assert_record(&only(&sink), json!({"action": "item.read", "route": "/items/{id}", "status_code": 404}));
}

#[test]
fn head_is_not_what_get_declares() {
    let (auditor, sink) = auditor(|builder| builder);
    let audit = AuditMiddleware::new(auditor.clone());
    let address = serve!(move || App::new().service(item).wrap(audit.clone()));
    // actix-web answers it by no GET route, so it is nobody's action.
    assert_eq!(send(address, "HEAD", "/items/7", &[], "").status, 404);
    assert_eq!(settled(&auditor, &sink), Vec::<Value>::new());
    send(address, "HEAD", "/items/7", &[("accept", "application/json")], "");
    assert_record(&only(&sink), json!({"action": "http.request", "method": "HEAD", "status_code": 404}));
}

#[test]
fn of_routes_that_guards_tell_apart_the_one_that_was_taken_is_told() {
    let (auditor, sink) = auditor(|builder| builder.mode(audit_core::Mode::Basic));
    let audit = AuditMiddleware::new(auditor);
    let address = serve!(move || {
        let guarded = audit_actix::web::post().guard(guard::Header("x-kind", "write")).to(write);
        App::new()
            .audited_route("/layers/{name}", audit_actix::web::get().to(read))
            .audited_route("/layers/{id}", guarded)
            .audited_route("/layers/{other}", audit_actix::web::post().to(read))
            .wrap(audit.clone())
    });
    get(address, "/layers/7").is(200, "7");
    assert_record(&only(&sink), json!({"action": "layer.read", "route": "/layers/{name}", "mode": "basic"}));
    let json = ("content-type", "application/json");
    send(address, "POST", "/layers/7", &[("x-kind", "write"), json], "[1]").is(200, "7");
    // What it asks for is known before its body is read, although another route matched the path first.
    let expected = json!({"action": "layer.write", "route": "/layers/{id}", "mode": "full", "request_body": [1]});
    assert_record(&only(&sink), expected);
    send(address, "POST", "/layers/7", &[json], "[1]").is(200, "7");
    assert_record(&only(&sink), json!({"action": "layer.read", "route": "/layers/{other}", "request_body": null}));
}

#[test]
fn a_path_that_is_normalised_inside_is_told_as_received_with_the_route_that_it_came_to() {
    let (auditor, sink) = auditor(|builder| builder.include("/"));
    let audit = AuditMiddleware::new(auditor);
    let address = serve!(move || {
        App::new()
            .audited_route("/wired/{id}", audit_actix::web::get().to(read))
            .service(item)
            .route("/plain/{id}", web::get().to(|| async { "plain" }))
            .wrap(NormalizePath::trim())
            .wrap(audit.clone())
    });
    for (path, action, route) in [
        ("/wired//7/", "layer.read", "/wired/{id}"),
        ("//items/7", "item.read", "/items/{id}"),
        ("/plain/7/", "http.request", "/plain/{id}"),
    ] {
        assert_eq!(send(address, "GET", path, &[("x-note", "kept")], "").status, 200);
        let record = only(&sink);
        assert_record(&record, json!({"action": action, "route": route, "path": path, "mode": "compact"}));
        assert_eq!(record["headers"]["x-note"], "kept", "{path}");
    }
    for (path, action, route) in [("/wired//x", "layer.read", "/wired/{id}"), ("/items//x", "item.read", "/items/{id}")]
    {
        assert_eq!(get(address, path).status, 404);
        assert_record(&only(&sink), json!({"action": action, "route": route, "path": path, "status_code": 404}));
    }
    // What came to no route is basic, whatever its path became.
    assert_eq!(send(address, "GET", "//nothing//7", &[("x-note", "dropped")], "").status, 404);
    let expected = json!({"action": "http.request", "route": null, "mode": "basic", "headers": null});
    assert_record(&only(&sink), expected);
}

#[test]
fn a_path_that_fits_a_wildcard_before_it_is_normalised_is_of_the_route_that_it_came_to() {
    #[audit_exempt(reason = "files of the user interface")]
    #[actix_web::get("/{path:.*}")]
    async fn file() -> &'static str {
        "file"
    }
    let (auditor, sink) = auditor(|builder| builder);
    let audit = AuditMiddleware::new(auditor);
    let address = serve!(move || {
        App::new()
            .route("/api/plain", web::get().to(|| async { "plain" }))
            .service(file)
            .wrap(NormalizePath::trim())
            .wrap(audit.clone())
    });
    get(address, "/api//plain").is(200, "plain");
    assert_record(&only(&sink), json!({"action": "http.request", "route": "/api/plain", "path": "/api//plain"}));
}

#[test]
fn a_path_that_is_normalised_outside_is_told_as_normalised() {
    let (auditor, sink) = auditor(|builder| builder);
    let audit = AuditMiddleware::new(auditor);
    let address = serve!(move || App::new().service(item).wrap(audit.clone()).wrap(NormalizePath::trim()));
    get(address, "/items//7/").is(200, "7");
    assert_record(&only(&sink), json!({"action": "item.read", "route": "/items/{id}", "path": "/items/7"}));
}

#[test]
fn a_route_of_a_resource_is_known_too() {
    let (auditor, sink) = auditor(|builder| builder);
    let audit = AuditMiddleware::new(auditor);
    let address = serve!(move || {
        let resource = web::resource("/layers/{id}").route(audit_actix::web::get().to(read).into());
        App::new().service(resource).wrap(audit.clone())
    });
    assert_eq!(get(address, "/layers/x").status, 404);
    assert_record(&only(&sink), json!({"action": "layer.read", "route": "/layers/{id}", "status_code": 404}));
    // The resource is there, so another method is refused by it.
    assert_eq!(send(address, "PUT", "/layers/7", &[("accept", "application/json")], "").status, 405);
    assert_record(&only(&sink), json!({"action": "http.request", "route": "/layers/{id}", "status_code": 405}));
}

#[test]
fn a_handler_without_annotation_cannot_be_wired() {
    async fn plain() -> &'static str {
        "plain"
    }
    let wired = catch_unwind(|| audit_actix::web::get().to(plain));
    let panic = wired.err().expect("it panics");
    let message = panic.downcast_ref::<String>().expect("a text");
    assert!(message.contains("plain") && message.contains("carries neither #[audited]"), "{message}");
}

//! `route = "POST /layers/{id}"`: what a declared endpoint asks for counts from the beginning of its requests.

mod support;

use audit_core::exchange::{Exchange, RequestHead, RouteMatch, Start, WiredHandling};
use audit_core::testing::{MemorySink, assert_record};
use audit_core::{Auditor, Builder, Delivery, Endpoint, Mount, Output, audit_exempt, audited};
use serde_json::json;
use support::{Lines, admit, respond};

#[audited("layer.read", route = "GET /layers/{id}", mode = "full")]
fn read() {}

#[audited("layer.reset", route = "POST /reset/{token}", mode = "basic", delivery = "best_effort")]
fn reset() {}

#[audited("health.users", route = "GET /{tenant}/users", on = "error")]
fn users() {}

#[audited("health.files", route = "GET /health/files/{*rest}")]
fn files() {}

#[audit_exempt(reason = "a probe", route = "GET /api/probe")]
fn probe() {}

#[audited("other.handler", target = "thing/7")]
fn other() {}

#[audited("other.failing", capture(why = "as asked"))]
fn fails() -> Result<(), &'static str> {
    Err("it says")
}

fn failing() {
    assert!(fails().is_err());
}

#[audited("other.quiet", on = "error")]
fn quiet() {}

#[audited("other.discreet", mode = "basic")]
fn discreet() {}

// `rust_analyzer` is a tool that the compiler lets any attribute through for: these stand for the frameworks' own.
#[audited("tile.read", target = "tile", mode = "full", delivery = "best_effort")]
#[rust_analyzer::get("/tiles/<token>?<page>", rank = 2)]
fn tile() {}

mod tiles {
    #[audit_core::audited("tile.list")]
    #[rust_analyzer::get("/list")]
    pub(crate) fn list() {}
}

mod groups {
    #[audit_core::audited("group.list")]
    #[rust_analyzer::get("/list")]
    pub(crate) fn list() {}
}

#[audited("report.read", route = "GET /reports/{id}")]
#[rust_analyzer::get("/report/{id}")]
fn report() {}

#[audit_exempt(reason = "a probe")]
#[rust_analyzer::route("/ping", method = "GET", method = "POST")]
fn ping() {}

fn auditor(configure: impl FnOnce(Builder) -> Builder) -> (Auditor, MemorySink) {
    let sink = MemorySink::new();
    let builder = configure(Auditor::builder().output(Output::None)).sink(sink.clone());
    (builder.build().expect("the settings are good"), sink)
}

const JSON: Lines<'_> = Lines(&[("accept", b"application/json"), ("x-note", b"noted")]);

fn begin(auditor: &Auditor, method: &str, path: &str, route: RouteMatch<'_>) -> Option<Exchange> {
    begin_named(auditor, method, path, route, None)
}

/// One whose route the framework calls `name`.
fn begin_named(
    auditor: &Auditor,
    method: &str,
    path: &str,
    route: RouteMatch<'_>,
    name: Option<&str>,
) -> Option<Exchange> {
    let mut head = RequestHead::new("test", method, path, &JSON);
    head.route = route;
    head.route_name = name;
    let mut exchange = auditor.begin(&head)?;
    admit(&mut exchange);
    Some(exchange)
}

/// Ends a request whose handler, if any, does `handle`.
fn end(mut exchange: Exchange, handle: impl FnOnce(), status: u16) {
    exchange.enter(handle);
    respond(&mut exchange, status);
    exchange.complete();
}

#[test]
fn a_request_that_no_handler_saw_carries_its_action_and_mode() {
    for route in [RouteMatch::NotKnownYet, RouteMatch::Template("/reset/{token}")] {
        let (auditor, sink) = auditor(|builder| builder);
        let secret = "kT9vQx2LmZ";
        let path = format!("/reset/{secret}");
        end(begin(&auditor, "POST", &path, route).expect("recorded"), || {}, 422);
        let record = sink.only();
        assert_record(
            &record,
            json!({
                "action": "layer.reset", "handler": "declared::reset", "route": "/reset/{token}", "mode": "basic",
                "path": "/reset/[FILTERED]", "headers": null, "outcome": "rejected",
            }),
        );
        sink.assert_no_leak(secret);
    }
}

#[test]
fn a_wider_mode_and_head_of_get_apply_from_the_start() {
    let (auditor, sink) = auditor(|builder| builder.mode(audit_core::Mode::Basic));
    for method in ["GET", "HEAD"] {
        sink.clear();
        end(begin(&auditor, method, "/layers/7", RouteMatch::NotKnownYet).expect("recorded"), read, 200);
        assert_record(
            &sink.only(),
            json!({"action": "layer.read", "mode": "full", "route": "/layers/{id}", "calls": null}),
        );
        assert_eq!(sink.only()["headers"]["x-note"], "noted");
    }
    sink.clear();
    // Another method, a template of another name and a router that found nothing are not declared.
    for (method, route) in
        [("PUT", RouteMatch::NotKnownYet), ("GET", RouteMatch::Template("/layers/{name}")), ("GET", RouteMatch::None)]
    {
        end(begin(&auditor, method, "/layers/7", route).expect("recorded"), || {}, 200);
    }
    assert!(sink.wait_for(3).iter().all(|record| record["action"] == "http.request" && record["mode"] == "basic"));
}

#[test]
fn a_declared_delivery_waits_for_nothing() {
    let (auditor, sink) = auditor(|builder| builder.delivery(Delivery::Buffered));
    let mut exchange = begin(&auditor, "POST", "/reset/a", RouteMatch::NotKnownYet).expect("recorded");
    assert_eq!(respond(&mut exchange, 200), None, "such a record may be dropped");
    exchange.complete();
    drop(exchange);
    assert_eq!(sink.only()["action"], "layer.reset");
}

fn endpoint(auditor: &Auditor, action: &str) -> &'static Endpoint {
    let listed = auditor.endpoints();
    let found = listed.endpoints.iter().find(|it| it.action == action).expect("it is listed");
    audit_core::registry::endpoints().iter().find(|it| it.location() == found.location).expect("it is registered")
}

#[test]
fn a_wired_endpoint_wins() {
    let (auditor, sink) = auditor(|builder| builder);
    let exchange = begin(&auditor, "GET", "/layers/7", RouteMatch::NotKnownYet).expect("recorded");
    let mut head = RequestHead::new("test", "GET", "/layers/7", &JSON);
    head.route = RouteMatch::Template("/layers/{name}");
    exchange.scope().wire(endpoint(&auditor, "other.handler"), &head);
    end(exchange, other, 200);
    assert_record(
        &sink.only(),
        json!({"action": "other.handler", "route": "/layers/{name}", "mode": "compact", "calls": null}),
    );
}

#[test]
fn a_declared_template_neither_excludes_nor_undoes_that_a_path_is_excluded() {
    let (auditor, _) = auditor(|builder| builder.exclude("/health"));
    let recorded = |path| begin(&auditor, "GET", path, RouteMatch::NotKnownYet).is_some();
    // That it is another tenant's is only declared; the router's word would decide.
    assert!(!recorded("/health/users"));
    assert!(begin(&auditor, "GET", "/health/users", RouteMatch::Template("/{tenant}/users")).is_some());
    assert!(!recorded("/health/files/logo"));
    // A path that climbs may end anywhere.
    assert!(recorded("/health/files/../../api"));
    let listing = auditor.endpoints();
    let excluded: Vec<&str> = listing.endpoints.iter().filter(|it| it.excluded).map(|it| it.action.as_str()).collect();
    assert_eq!(excluded, ["health.files"]);
}

#[test]
fn an_exemption_counts_where_its_handler_ran() {
    let (auditor, sink) = auditor(|builder| builder);
    end(begin(&auditor, "GET", "/api/probe", RouteMatch::NotKnownYet).expect("begun"), probe, 200);
    // It never runs: the route is wrong, and may not silence whatever it is that answers.
    end(begin(&auditor, "GET", "/api/probe", RouteMatch::NotKnownYet).expect("begun"), other, 200);
    auditor.shutdown(support::PATIENCE);
    let record = sink.only();
    let expected = json!({"action": "other.handler", "handler": "declared::other", "route": null, "target_id": "7", "calls": null});
    assert_record(&record, expected);
    // Nor may it silence a handler without an annotation, whose path is detected.
    let (auditor, sink) = self::auditor(|builder| builder);
    end(begin(&auditor, "GET", "/api/probe", RouteMatch::NotKnownYet).expect("begun"), || {}, 200);
    assert_record(&sink.only(), json!({"action": "http.request", "handler": null}));
}

#[test]
fn whoever_ran_instead_stands_for_a_success_and_the_declared_one_for_a_refusal() {
    let (auditor, sink) = auditor(|builder| builder);
    // `on = "error"` is the declared endpoint's and silences nobody else.
    end(begin(&auditor, "GET", "/acme/users", RouteMatch::NotKnownYet).expect("begun"), failing, 200);
    let data = json!({"why": "as asked"});
    let expected = json!({"action": "other.failing", "error": "it says", "data": data, "route": null, "calls": null});
    assert_record(&sink.only(), expected);
    sink.clear();
    end(begin(&auditor, "GET", "/acme/users", RouteMatch::NotKnownYet).expect("begun"), failing, 403);
    let record = sink.only();
    assert_record(&record, json!({"action": "health.users", "route": "/{tenant}/users"}));
    assert_eq!(record["calls"][0]["action"], "other.failing");
    sink.clear();
    // Neither is an exemption, whatever the status.
    end(begin(&auditor, "GET", "/api/probe", RouteMatch::NotKnownYet).expect("begun"), failing, 500);
    assert_record(&sink.only(), json!({"action": "other.failing", "calls": null}));
}

#[test]
fn the_head_names_a_record_by_the_same_rule() {
    let (auditor, _sink) = auditor(|builder| builder.delivery(Delivery::Buffered));
    let named = |path, handle: fn(), status| {
        let mut exchange = begin(&auditor, "GET", path, RouteMatch::NotKnownYet).expect("begun");
        exchange.enter(handle);
        respond(&mut exchange, status).is_some()
    };
    assert!(named("/acme/users", other, 200), "it is the other's, who wants every end");
    assert!(named("/acme/users", other, 403), "it is open whose it is");
    assert!(!named("/acme/users", users, 200));
    assert!(!named("/layers/7", quiet, 200), "the one that ran wants errors");
    assert!(named("/api/probe", other, 200));
    assert!(!named("/api/probe", probe, 200));
}

#[test]
fn a_declaration_in_vain_widens_nothing() {
    let (auditor, sink) = auditor(|builder| builder);
    let record = |path: &str, route: RouteMatch<'_>, handle: fn(), status| {
        sink.clear();
        end(begin(&auditor, "GET", path, route).expect("recorded"), handle, status);
        sink.only()
    };
    let template = RouteMatch::Template("/layers/{id}");
    // `layer.read` asks for full.
    assert_record(&record("/layers/7", RouteMatch::NotKnownYet, || {}, 422), json!({"mode": "compact"}));
    // Where the router matched the template, a refusal is most likely that of the declared handler's extractor.
    assert_record(&record("/layers/7", template, || {}, 422), json!({"mode": "full", "route": "/layers/{id}"}));
    assert_record(&record("/layers/7", template, || {}, 200), json!({"mode": "compact", "route": "/layers/{id}"}));
    let basic = record("/layers/7", RouteMatch::NotKnownYet, discreet, 200);
    assert_record(&basic, json!({"action": "other.discreet", "mode": "basic", "headers": null}));
    let basic = record("/layers/7", RouteMatch::NotKnownYet, discreet, 500);
    assert_record(&basic, json!({"action": "layer.read", "mode": "basic", "headers": null}));
    let nothing = record("/layers/7", RouteMatch::NotKnownYet, || {}, 404);
    assert_record(&nothing, json!({"mode": "basic", "route": null, "headers": null}));
    // Where the router knows the route, a 404 is an answer like another.
    assert_record(&record("/layers/7", template, || {}, 404), json!({"mode": "full", "route": "/layers/{id}"}));
}

#[test]
fn a_wired_route_waits_for_the_room_that_a_guess_did_not_ask_for() {
    let sink = support::Puppet::new("stuck").always(support::Act::Block);
    let auditor = support::auditor(&sink, |builder| builder.delivery(Delivery::Buffered).queue_bytes(64 * 1024));
    while Exchange::poll_admission(
        &mut support::begin(&auditor),
        &mut std::task::Context::from_waker(std::task::Waker::noop()),
    )
    .is_ready()
    {}
    // `layer.reset` is declared for this path and asks for best effort; the wired one for what the setting says.
    let exchange = begin(&auditor, "POST", "/reset/a", RouteMatch::NotKnownYet).expect("recorded");
    let other = endpoint(&auditor, "other.handler");
    exchange.scope().wire(other, &RequestHead::new("test", "POST", "/reset/a", &JSON));
    let mut handling = std::pin::pin!(WiredHandling::new(exchange.scope(), Ready));
    let polled = handling.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    assert!(polled.is_pending(), "it waits for room");
    sink.release();
    assert!(support::block_on(handling).is_ok());
}

struct Ready;

impl Start for Ready {
    type Future = std::future::Ready<()>;

    fn start(self) -> Self::Future {
        std::future::ready(())
    }
}

#[test]
fn an_on_counts_for_what_extractors_refuse() {
    let (auditor, sink) = auditor(|builder| builder);
    for status in [403, 500] {
        end(begin(&auditor, "GET", "/acme/users", RouteMatch::NotKnownYet).expect("begun"), || {}, status);
    }
    auditor.shutdown(support::PATIENCE);
    assert_record(&sink.only(), json!({"action": "health.users", "status_code": 500}));
}

#[test]
fn a_frameworks_own_attribute_declares_the_end_of_the_route() {
    let (auditor, sink) = auditor(|builder| builder.delivery(Delivery::Buffered));
    let route = RouteMatch::Template("/api/tiles/{token}");
    for method in ["GET", "HEAD"] {
        sink.clear();
        // An extractor refuses: the handler never runs.
        let mut exchange =
            begin_named(&auditor, method, "/api/tiles/kT9vQx2LmZ", route, Some("tile")).expect("recorded");
        assert_eq!(respond(&mut exchange, 422), None, "such a record may be dropped");
        exchange.complete();
        drop(exchange);
        let record = sink.only();
        assert_record(
            &record,
            json!({
                "action": "tile.read", "handler": "declared::tile", "route": "/api/tiles/{token}", "mode": "full",
                "path": "/api/tiles/[FILTERED]", "outcome": "rejected",
            }),
        );
        sink.assert_no_leak("kT9vQx2LmZ");
    }
    sink.clear();
    end(begin_named(&auditor, "GET", "/api/tiles/7", route, Some("tile")).expect("recorded"), tile, 200);
    let expected = json!({"action": "tile.read", "target_type": "tile", "route": "/api/tiles/{token}", "calls": null});
    assert_record(&sink.only(), expected);
    sink.clear();
    // Another handler ran: its record, of the route that the framework matched all the same.
    end(begin_named(&auditor, "GET", "/api/tiles/7", route, Some("tile")).expect("recorded"), other, 200);
    assert_record(&sink.only(), json!({"action": "other.handler", "route": "/api/tiles/{token}", "calls": null}));
}

#[test]
fn a_mount_that_tells_no_endpoint_names_none() {
    let (auditor, sink) = auditor(|builder| builder);
    for (method, path, route, name) in [
        // Of two endpoints, in two scopes.
        ("GET", "/api/tiles/list", RouteMatch::Template("/api/tiles/list"), Some("list")),
        ("POST", "/api/tiles/7", RouteMatch::Template("/api/tiles/{token}"), Some("tile")),
        ("GET", "/api/tiles/7", RouteMatch::Template("/api/tiles/{id}"), Some("tile")),
        // Another handler's, whose route ends alike.
        ("GET", "/api/tiles/7", RouteMatch::Template("/api/tiles/{token}"), Some("other")),
        ("GET", "/api/tiles/7", RouteMatch::Template("/api/tiles/{token}"), None),
        // No router has looked, or none found anything.
        ("GET", "/tiles/7", RouteMatch::NotKnownYet, Some("tile")),
        ("GET", "/tiles/7", RouteMatch::None, Some("tile")),
        // Its `route` says where it is.
        ("GET", "/api/report/7", RouteMatch::Template("/api/report/{id}"), Some("report")),
    ] {
        sink.clear();
        end(begin_named(&auditor, method, path, route, name).expect("recorded"), || {}, 422);
        assert_record(&sink.only(), json!({"action": "http.request", "handler": null}));
    }
    sink.clear();
    // Once one of them runs, it is known which.
    let route = RouteMatch::Template("/api/tiles/list");
    end(begin_named(&auditor, "GET", "/api/tiles/list", route, Some("list")).expect("recorded"), tiles::list, 200);
    assert_record(&sink.only(), json!({"action": "tile.list", "route": "/api/tiles/list"}));
    groups::list();
    report();
}

#[test]
fn an_exemption_under_a_frameworks_attribute_counts_where_its_handler_ran() {
    let (auditor, sink) = auditor(|builder| builder);
    let route = RouteMatch::Template("/api/ping");
    end(begin_named(&auditor, "POST", "/api/ping", route, Some("ping")).expect("begun"), ping, 200);
    end(begin_named(&auditor, "POST", "/api/ping", route, Some("ping")).expect("begun"), other, 200);
    auditor.shutdown(support::PATIENCE);
    assert_record(&sink.only(), json!({"action": "other.handler", "route": "/api/ping", "calls": null}));
}

#[test]
fn the_listing_tells_what_is_declared() {
    let (auditor, _) = auditor(|builder| builder);
    let listing = auditor.endpoints();
    let found = listing.endpoints.iter().find(|it| it.action == "layer.read").expect("it is listed");
    assert_eq!((found.method.as_deref(), found.path.as_deref()), (Some("GET"), Some("/layers/{id}")));
    assert_eq!(found.mount, Mount::Declared);
    assert!(listing.to_string().contains("/layers/{id} (declared)"), "{listing}");
    assert!(listing.endpoints.iter().any(|it| it.action == "other.handler" && it.mount == Mount::Unknown));
    users();
    files();
    reset();
}

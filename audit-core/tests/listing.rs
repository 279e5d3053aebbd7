//! What the listing tells where the framework does not tell its routes: wired, declared, learned, or not known.

mod support;

use audit_core::exchange::{RequestHead, RouteMatch};
use audit_core::testing::{MemorySink, assert_record};
use audit_core::{Auditor, Builder, Endpoint, Listing, Mount, Output, audit_exempt, audited, registry};
use serde_json::{Value, json};
use support::{Lines, PATIENCE, admit, respond};

#[audited("layer.read")]
fn read() {}

#[audited("layer.list", route = "GET /layers")]
fn list() {}

#[audited("layer.create", mode = "full")]
fn create() {}

// A tool attribute, which the compiler lets through: it stands for the framework's own.
#[audited("tile.read")]
#[rust_analyzer::get("/tiles/<id>?<page>")]
fn tile() {}

#[audited("layer.wired")]
fn wired() {}

#[audited("layer.check")]
fn check() {}

#[audited("layer.save")]
fn save() {
    check();
}

#[audit_exempt(reason = "a probe")]
fn probe() {}

fn auditor(configure: impl FnOnce(Builder) -> Builder) -> (Auditor, MemorySink) {
    let sink = MemorySink::new();
    let builder = configure(Auditor::builder().output(Output::None)).sink(sink.clone());
    (builder.build().expect("the settings are good"), sink)
}

/// A request that was answered with `status` after `handle`.
fn request(auditor: &Auditor, method: &str, path: &str, route: RouteMatch<'_>, handle: fn(), status: u16) {
    let mut head = RequestHead::new("test", method, path, &Lines(&[]));
    head.route = route;
    let Some(mut exchange) = auditor.begin(&head) else { return };
    admit(&mut exchange);
    exchange.enter(handle);
    respond(&mut exchange, status);
    exchange.complete();
}

/// One to a template, whatever its path.
fn matched(auditor: &Auditor, method: &str, template: &str, handle: fn(), status: u16) {
    request(auditor, method, "/api/x", RouteMatch::Template(template), handle, status);
}

fn nothing() {}

fn endpoint(action: &str) -> &'static Endpoint {
    registry::endpoints().iter().find(|it| it.action() == action).expect("it is registered")
}

type Row<'a> = (&'a str, &'a str, Mount);

fn rows<'a>(listing: &'a Listing, action: &str) -> Vec<Row<'a>> {
    let of = listing.endpoints.iter().filter(|it| it.action == action);
    of.map(|it| (it.method.as_deref().unwrap_or("-"), it.path.as_deref().unwrap_or("-"), it.mount)).collect()
}

fn unannotated(listing: &Listing) -> Vec<Row<'_>> {
    listing.unannotated.iter().map(|it| (&*it.method, &*it.path, it.mount)).collect()
}

#[test]
fn a_plain_route_is_learned_from_a_request_that_ran_its_handler() {
    let (auditor, _) = auditor(|builder| builder);
    assert_eq!(rows(&auditor.endpoints(), "layer.read"), [("-", "-", Mount::Unknown)]);
    for status in [200, 500] {
        matched(&auditor, "GET", "/layers/{id}", read, status);
    }
    let learned = ("GET", "/layers/{id}", Mount::Learned);
    assert_eq!(rows(&auditor.endpoints(), "layer.read"), [learned]);
    // The router hands it to the handler of `GET`.
    matched(&auditor, "HEAD", "/layers/{id}", read, 200);
    assert_eq!(rows(&auditor.endpoints(), "layer.read"), [learned]);
    // Where nothing else was seen, it is what was seen.
    matched(&auditor, "HEAD", "/probe", probe, 204);
    let listing = auditor.endpoints();
    assert_eq!(rows(&listing, "listing.probe"), [("HEAD", "/probe", Mount::Learned)]);
    assert!(listing.to_string().contains("  exempt: HEAD /probe (learned) (a probe)\n"), "{listing}");
    assert_eq!(
        rows(&self::auditor(|builder| builder).0.endpoints(), "layer.read").len(),
        1,
        "another auditor saw none"
    );
}

#[test]
fn only_a_template_and_the_handler_itself_show_a_route() {
    let (auditor, _) = auditor(|builder| builder);
    request(&auditor, "GET", "/layers/7", RouteMatch::NotKnownYet, read, 200);
    request(&auditor, "GET", "/layers/7", RouteMatch::None, read, 200);
    // A method that the client made up.
    matched(&auditor, "BREW", "/layers/{id}", read, 200);
    assert_eq!(rows(&auditor.endpoints(), "layer.read"), [("-", "-", Mount::Unknown)]);
    // What a handler calls is not mounted by that.
    matched(&auditor, "PUT", "/layers/{id}", save, 200);
    assert_eq!(rows(&auditor.endpoints(), "layer.check"), [("-", "-", Mount::Unknown)]);
    assert_eq!(rows(&auditor.endpoints(), "layer.save"), [("PUT", "/layers/{id}", Mount::Learned)]);
}

#[test]
fn a_request_confirms_a_declared_route() {
    let (auditor, _) = auditor(|builder| builder);
    let declared = [("GET", "/layers", Mount::Declared)];
    // A guess by the path, and an extractor that refused, prove nothing.
    request(&auditor, "GET", "/layers", RouteMatch::NotKnownYet, list, 200);
    matched(&auditor, "GET", "/layers", nothing, 422);
    assert_eq!(rows(&auditor.endpoints(), "layer.list"), declared);
    matched(&auditor, "HEAD", "/layers", list, 200);
    assert_eq!(rows(&auditor.endpoints(), "layer.list"), [("GET", "/layers", Mount::Learned)]);
}

#[test]
fn a_route_that_the_frameworks_own_attribute_declares_lacks_its_prefix_until_a_request_shows_it() {
    let (auditor, _) = auditor(|builder| builder);
    let listing = auditor.endpoints();
    assert_eq!(rows(&listing, "tile.read"), [("GET", "…/tiles/{id}", Mount::Declared)]);
    assert!(listing.to_string().contains("…/tiles/{id} (declared)"), "{listing}");
    matched(&auditor, "GET", "/api/v1/tiles/{id}", tile, 200);
    assert_eq!(rows(&auditor.endpoints(), "tile.read"), [("GET", "/api/v1/tiles/{id}", Mount::Learned)]);
}

#[test]
fn what_succeeds_without_an_annotated_handler_is_mounted_but_not_annotated() {
    let (auditor, _) = auditor(|builder| builder.exclude("/metrics"));
    matched(&auditor, "GET", "/b", nothing, 204);
    matched(&auditor, "HEAD", "/b", nothing, 200);
    matched(&auditor, "POST", "/a/{id}", nothing, 303);
    let expected = [("POST", "/a/{id}", Mount::Learned), ("GET", "/b", Mount::Learned)];
    assert_eq!(unannotated(&auditor.endpoints()), expected);
    // An error says nothing of the handler, a preflight is a layer's, and nobody looks at what is excluded.
    matched(&auditor, "GET", "/c", nothing, 404);
    matched(&auditor, "GET", "/c", nothing, 500);
    matched(&auditor, "OPTIONS", "/c", nothing, 200);
    matched(&auditor, "GET", "/metrics", nothing, 200);
    request(&auditor, "GET", "/c", RouteMatch::None, nothing, 200);
    assert_eq!(unannotated(&auditor.endpoints()), expected);
    let table = auditor.endpoints().to_string();
    assert!(table.contains("  mounted, not annotated: POST /a/{id} (learned)\n"), "{table}");
}

#[test]
fn what_is_wired_is_known_and_not_learned() {
    let (auditor, _) = auditor(|builder| builder);
    registry::wire(endpoint("layer.wired"), "PUT", "/wired");
    let mut head = RequestHead::new("test", "PUT", "/v1/wired", &Lines(&[]));
    head.route = RouteMatch::Template("/v1/wired");
    let mut exchange = auditor.begin(&head).expect("nothing is excluded");
    admit(&mut exchange);
    exchange.scope().wire(endpoint("layer.wired"), &head);
    exchange.enter(wired);
    respond(&mut exchange, 200);
    exchange.complete();
    drop(exchange);
    assert_eq!(rows(&auditor.endpoints(), "layer.wired"), [("PUT", "/wired", Mount::Wired)]);
    // A plain route beside it is another one.
    matched(&auditor, "PUT", "/v2/wired", wired, 200);
    let both = [("PUT", "/v2/wired", Mount::Learned), ("PUT", "/wired", Mount::Wired)];
    assert_eq!(rows(&auditor.endpoints(), "layer.wired"), both);
}

#[test]
fn a_cache_before_an_annotated_handler_does_not_pass_for_it() {
    let (auditor, _) = auditor(|builder| builder);
    registry::wire(endpoint("layer.create"), "POST", "/cached");
    for (method, template) in
        [("POST", "/v1/cached"), ("GET", "/layers"), ("GET", "/layers/{id}"), ("HEAD", "/layers/{id}")]
    {
        matched(&auditor, method, template, nothing, 200);
    }
    assert_eq!(unannotated(&auditor.endpoints()), [("GET", "/layers/{id}", Mount::Learned)]);
    // Now it is known whose it is.
    matched(&auditor, "GET", "/layers/{id}", read, 200);
    assert_eq!(unannotated(&auditor.endpoints()), []);
}

#[test]
fn what_was_learned_changes_no_record() {
    let (auditor, sink) = auditor(|builder| builder);
    let refused = |auditor: &Auditor| {
        matched(auditor, "GET", "/layers/{id}", nothing, 422);
        let record = sink.only();
        sink.clear();
        record
    };
    let before = refused(&auditor);
    matched(&auditor, "GET", "/layers/{id}", read, 200);
    assert_eq!(sink.wait_for(1).len(), 1);
    sink.clear();
    let after = refused(&auditor);
    assert_record(&before, json!({"action": "http.request", "handler": null, "mode": "compact"}));
    let keys = |record: &Value| record.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&before), keys(&after));
    assert_record(&after, json!({"action": "http.request", "handler": null, "mode": "compact"}));
    auditor.shutdown(PATIENCE);
}

#[test]
fn the_listing_as_json_says_by_whose_word() {
    let (auditor, _) = auditor(|builder| builder);
    registry::wire(endpoint("layer.create"), "POST", "/cached");
    matched(&auditor, "GET", "/layers/{id}", read, 200);
    matched(&auditor, "GET", "/plain", nothing, 200);
    let json: Value = serde_json::from_str(&auditor.endpoints().to_json()).expect("it is JSON");
    assert_eq!(json["complete"], false);
    let word = |action: &str| json["endpoints"].as_array().expect("a list").iter().find(|it| it["action"] == action);
    let words =
        ["layer.create", "layer.read", "layer.list", "layer.check"].map(|action| word(action).map(|it| &it["mount"]));
    assert_eq!(
        words.map(|word| word.and_then(Value::as_str)),
        [Some("wired"), Some("learned"), Some("declared"), Some("unknown")]
    );
    assert_eq!(json["unannotated"], json!([{"path": "/plain", "method": "GET", "handler": null, "mount": "learned"}]));
    assert_eq!(json["duplicate_actions"], json!([]));
}

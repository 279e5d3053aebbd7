//! A framework that tells all its routes, as rocket does at ignition: a program of its own, for what is told is told for
//! all of it.

mod support;

use audit_core::exchange::{RequestHead, RouteMatch};
use audit_core::registry::{self, all_routes_told, in_use, mounted};
use audit_core::{Auditor, Endpoint, Listing, Mount, Output, audit_exempt, audited};

#[audited("layer.create", route = "POST /layers")]
fn create() {}

#[audited("layer.read")]
fn read() {}

/// Declared, but the framework knows better.
#[audited("layer.drop", route = "DELETE /layers/{id}")]
fn drop_layer() {}

#[audited("job.cleanup")]
fn cleanup() {}

#[audit_exempt(reason = "a probe")]
fn probe() {}

fn endpoint(function: &str) -> &'static Endpoint {
    registry::endpoints().iter().find(|it| it.function() == function).expect("it is registered")
}

fn request(auditor: &Auditor, method: &str, template: &str, handle: fn()) {
    let mut head = RequestHead::new("rocket", method, "/api/x", &support::Lines(&[]));
    head.route = RouteMatch::Template(template);
    let mut exchange = auditor.begin(&head).expect("nothing is excluded");
    support::admit(&mut exchange);
    exchange.enter(handle);
    support::respond(&mut exchange, 200);
    exchange.complete();
}

fn words(listing: &Listing) -> Vec<(&str, Mount)> {
    listing.endpoints.iter().map(|it| (it.action.as_str(), it.mount)).collect()
}

#[test]
fn what_is_not_among_the_routes_that_were_told_is_never_mounted() {
    let auditor = Auditor::builder().output(Output::None).build().expect("the settings are good");
    in_use("rocket");
    // Each route twice: a second rocket, as in the tests of an application, tells the same.
    for _ in 0..2 {
        mounted(endpoint("read"), "GET", "/api/layers/<id>");
        mounted(endpoint("create"), "POST", "/layers");
        mounted(endpoint("probe"), "GET", "/health");
        registry::unannotated("GET", "/about", Some("about"));
        registry::unannotated("GET", "/", None);
    }
    let before = auditor.endpoints();
    assert!(!before.complete);
    assert!(words(&before).contains(&("job.cleanup", Mount::Unknown)), "{before}");
    assert!(words(&before).contains(&("layer.drop", Mount::Declared)), "{before}");

    all_routes_told("rocket");
    let listing = auditor.endpoints();
    assert!(listing.complete);
    let place = |function| format!("{}:{}", file!(), endpoint(function).line());
    let expected = format!(
        "audited endpoints: 2
  METHOD  PATH              ACTION        MODE     DELIVERY
  GET     /api/layers/<id>  layer.read    compact  buffered
  POST    /layers           layer.create  compact  buffered
  exempt: GET /health (a probe)
  never mounted: job.cleanup, told::cleanup ({})
  never mounted: layer.drop, told::drop_layer ({})
  mounted, not annotated: GET /
  mounted, not annotated: GET /about (about)
  never mounted: no route leads to it; it is a job, a part of a handler, or forgotten
",
        place("cleanup"),
        place("drop_layer"),
    );
    assert_eq!(listing.to_string(), expected);
    // Requests show nothing new, even if it is a cache that answers for a handler.
    request(&auditor, "GET", "/about", || {});
    request(&auditor, "HEAD", "/api/layers/<id>", read);
    request(&auditor, "HEAD", "/health", || {});
    assert_eq!(auditor.endpoints().to_string(), expected);
    let json: serde_json::Value = serde_json::from_str(&listing.to_json()).expect("it is JSON");
    assert_eq!(json["complete"], true);
    assert_eq!(
        json["unannotated"][1],
        serde_json::json!({"path": "/about", "method": "GET", "handler": "about", "mount": "mounted"})
    );
    // It is the same when auditing is off, but for what it says of that.
    let off = Auditor::builder().enabled(false).build().expect("the settings are good");
    assert_eq!(words(&off.endpoints()), words(&listing));

    // A second framework that does not tell may have mounted the others.
    in_use("axum");
    let both = auditor.endpoints();
    assert!(!both.complete);
    assert!(words(&both).contains(&("job.cleanup", Mount::Unknown)), "{both}");
    assert!(words(&both).contains(&("layer.drop", Mount::Declared)), "{both}");
    assert!(both.to_string().contains("mounted, not annotated: GET /about (about)\n"), "{both}");

    // What the framework told stands above what somebody wired.
    registry::wire(endpoint("read"), "GET", "/layers/<id>");
    let rows = auditor.endpoints().endpoints;
    let rows: Vec<Mount> = rows.iter().filter(|it| it.action == "layer.read").map(|it| it.mount).collect();
    assert_eq!(rows, [Mount::Mounted]);

    create();
    read();
    drop_layer();
    cleanup();
    probe();
}

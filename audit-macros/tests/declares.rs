//! What an attribute leaves for the linker, read back.

use audit_core::__private::{Endpoint, Registration, inventory};
use audit_core::{audit_exempt, audited};
use tracing::instrument as get;

mod layers {
    use super::audited;

    #[audited(
        action = "layer.create",
        target = "layer/{name}",
        mode = "full",
        delivery = "best_effort",
        on = "error",
        route = "POST /layers/{name}",
        redact("x-ref", r#type, año),
        keep(id)
    )]
    #[inline]
    pub(super) async fn create(name: String) -> usize {
        name.len()
    }

    #[audited]
    pub(super) fn r#move() {}
}

// `rust_analyzer` is a tool that the compiler lets any attribute through for: these stand for the frameworks' own.
#[audited("mount.one")]
#[rust_analyzer::get("/<id>?<q>", rank = 2)]
fn one() {}

#[audited("mount.several", route = "GET /all/{id}")]
#[rust_analyzer::routes]
#[rust_analyzer::get("/{id:\\d+}", name = "several")]
#[rust_analyzer::route("", method = "PUT", method = "POST")]
async fn several() {}

#[audit_exempt(reason = "a probe")]
#[rust_analyzer::route(GET, uri = "/ping")]
fn ping() {}

// `instrument` takes a text in the first place, as these do.
#[audited("mount.expanded")]
#[get("/expanded")]
fn expanded() {}

#[get("/above")]
#[audited("mount.above")]
fn above() {}

struct Store<T>(T);

trait Purge {
    fn purge(&self);
}

impl<T> Store<T> {
    #[audited("store.read", target = "store")]
    async fn read(&self) -> &T {
        &self.0
    }
}

impl<T> Purge for Store<T> {
    #[audited("store.purge")]
    fn purge(&self) {}
}

#[audit_exempt(reason = "a probe", route = "GET /health")]
fn health() {}

macro_rules! pair {
    ($first:ident, $second:ident) => {
        #[audited("pair.call")]
        fn $first() {}
        #[audited("pair.call")]
        fn $second() {}
    };
}

pair!(left, right);

/// The only endpoint of that name in this test's program.
fn endpoint(function: &str) -> &'static Endpoint {
    let mut found = inventory::iter::<Registration>.into_iter().filter(|it| it.0.function() == function);
    let endpoint = found.next().unwrap_or_else(|| panic!("{function} is not registered")).0;
    assert!(found.next().is_none(), "{function} is registered twice");
    endpoint
}

fn word<T: Copy>(value: Option<T>, as_str: fn(T) -> &'static str) -> Option<&'static str> {
    value.map(as_str)
}

#[test]
fn every_argument_arrives() {
    drop(layers::create(String::new()));
    let create = endpoint("create");
    assert_eq!(create.action(), "layer.create");
    assert_eq!(create.target(), Some("layer/{name}"));
    assert_eq!(word(create.mode(), |mode| mode.as_str()), Some("full"));
    assert_eq!(word(create.delivery(), |delivery| delivery.as_str()), Some("best_effort"));
    assert_eq!(create.on().as_str(), "error");
    assert_eq!(create.route(), Some(("POST", "/layers/{name}")));
    assert!(create.mounts().is_empty());
    assert_eq!(create.redact(), ["x-ref", "type", "año"]);
    assert_eq!(create.keep(), ["id"]);
    assert_eq!(create.exemption(), None);
    assert_eq!(create.module(), "declares::layers");
    assert!(create.file().ends_with("declares.rs"));
    // The place of the name, not of the attribute two lines above it.
    let lines: Vec<&str> = include_str!("declares.rs").lines().collect();
    let line = lines[usize::try_from(create.line()).expect("a line fits") - 1];
    assert_eq!(line.find("create("), Some(usize::try_from(create.column()).expect("a column fits") - 1));
}

#[test]
fn what_is_not_said_is_left_to_the_settings() {
    layers::r#move();
    let moved = endpoint("move");
    assert_eq!(moved.action(), "declares.layers.move");
    assert_eq!(moved.target(), None);
    assert!(moved.mode().is_none() && moved.delivery().is_none() && moved.route().is_none());
    assert!(moved.redact().is_empty() && moved.keep().is_empty());
    assert_eq!(moved.on().as_str(), "always");
}

#[test]
fn a_method_knows_its_type() {
    drop(Store(1).read());
    Store(1).purge();
    assert_eq!(endpoint("read").type_name(), "declares::Store::read");
    assert_eq!(endpoint("purge").type_name(), "<declares::Store as declares::Purge>::purge");
}

#[test]
fn an_exempt_function_says_why() {
    health();
    assert_eq!(endpoint("health").exemption(), Some("a probe"));
    assert_eq!(endpoint("health").route(), Some(("GET", "/health")));
    assert_eq!(endpoint("health").action(), "declares.health");
}

#[test]
fn what_the_frameworks_own_attributes_say_arrives_as_written() {
    one();
    ping();
    expanded();
    above();
    drop(several());
    assert_eq!(endpoint("one").mounts(), [("GET", "/<id>?<q>")]);
    assert_eq!(endpoint("several").mounts(), [("GET", r"/{id:\d+}"), ("PUT", ""), ("POST", "")]);
    assert_eq!(endpoint("several").route(), Some(("GET", "/all/{id}")));
    assert_eq!(endpoint("ping").mounts(), [("GET", "/ping")]);
    assert_eq!(endpoint("expanded").mounts(), [("GET", "/expanded")]);
    // It is gone before the attribute below it is asked.
    assert!(endpoint("above").mounts().is_empty());
    assert!(endpoint("one").route().is_none());
}

#[test]
fn functions_that_one_macro_wrote_are_different_endpoints() {
    left();
    right();
    assert!(!endpoint("left").same_as(endpoint("right")));
}

//! What is said on stderr of attributes that do not fit what runs: this program runs itself as a service.

mod support;

use std::process::{Command, Stdio};

use audit_core::exchange::{RequestHead, RouteMatch};
use audit_core::{Auditor, Output, audited};
use support::{Lines, admit, respond};

/// Set for the service alone.
const ROLE: &str = "SAID_ROLE";

#[audited("layer.read", route = "GET /layer/{id}")]
fn misplaced() {}

#[audited("layer.list", route = "GET /layers")]
fn placed() {}

// Stands for a framework's own attribute: the compiler lets any of this tool's through.
#[audited("layer.export")]
#[rust_analyzer::get("/export")]
fn mounted() {}

#[audited("layer.panic", actor = nobody())]
fn unreadable() {}

fn nobody() -> &'static str {
    panic!("nobody is there")
}

#[test]
fn service() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    let auditor = Auditor::builder().output(Output::None).build().expect("the settings are good");
    let request = |path: &str, route: RouteMatch<'_>, handle: fn()| {
        let mut head = RequestHead::new("test", "GET", path, &Lines(&[]));
        head.route = route;
        head.route_name = Some("mounted");
        let mut exchange = auditor.begin(&head).expect("nothing is excluded");
        admit(&mut exchange);
        exchange.enter(handle);
        respond(&mut exchange, 200);
        exchange.complete();
    };
    for _ in 0..2 {
        request("/layers/s3cr3t", RouteMatch::Template("/layers/{id}"), misplaced);
        request("/layers", RouteMatch::NotKnownYet, placed);
        // As behind another service of the router: the path fits.
        request("/layers", RouteMatch::Template("/{*rest}"), placed);
        request("/api", RouteMatch::NotKnownYet, unreadable);
        // Where a mount is, nobody knows: it may be right anywhere.
        request("/v1/export", RouteMatch::Template("/v1/export"), mounted);
        request("/v1/other", RouteMatch::Template("/v1/other"), mounted);
        request("/v2/export", RouteMatch::Template("/v2/export"), || {});
    }
}

#[test]
fn what_does_not_fit_is_said_once() {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    command.args(["--exact", "service", "--nocapture"]).env(ROLE, "service").stdout(Stdio::null());
    let outcome = command.output().expect("the service runs");
    assert!(outcome.status.success());
    let stderr = String::from_utf8(outcome.stderr).expect("text");
    let said: Vec<&str> = stderr.lines().filter(|line| line.starts_with("audit: ")).collect();
    let [elsewhere, unknown, in_vain] = said.as_slice() else { panic!("{said:#?}") };
    assert!(elsewhere.contains("said::misplaced") && elsewhere.contains("GET /layer/{id}"), "{elsewhere}");
    assert!(!elsewhere.contains("s3cr3t"), "{elsewhere}");
    assert!(unknown.contains("said::unreadable") && unknown.contains("recorded as unknown"), "{unknown}");
    assert!(in_vain.contains("said::mounted") && in_vain.contains("\"GET /export\", did not run"), "{in_vain}");
}

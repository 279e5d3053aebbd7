//! What takes longer than a test may: ten times the load on each framework, bodies of a gigabyte, and programs that are
//! optimised as a whole.

use std::process::ExitCode;

use crate::steps::{self, Step, step};

/// 1,000 requests that are cut by FIN, 1,000 by RST, 1,000 in the middle of the answer, 1,000 panics.
const SCALE: &[(&str, &str)] = &[("CONFORMANCE_SCALE", "10")];

const fn load(what: &'static str, arguments: &'static [&'static str]) -> Step {
    Step { environment: SCALE, ..step(what, arguments) }
}

/// 1 GiB of JSON and of GeoJSON, each with a length and in chunks.
const BULK: &[(&str, &str)] = &[("CONFORMANCE_BULK", "1024")];

const fn bulk(what: &'static str, arguments: &'static [&'static str]) -> Step {
    Step { environment: BULK, ..step(what, arguments) }
}

const STEPS: &[Step] = &[
    load("load on axum", &["test", "-p", "audit-axum", "--test", "conformance", "--", "load."]),
    load("load on actix-web", &["test", "-p", "audit-actix", "--test", "conformance", "--", "load."]),
    load("load on rocket", &["test", "-p", "audit-rocket", "--test", "conformance", "--", "load."]),
    bulk(
        "bodies of a gigabyte on axum",
        &["test", "--release", "-p", "audit-axum", "--test", "conformance", "--", "bulk."],
    ),
    bulk(
        "bodies of a gigabyte on actix-web",
        &["test", "--release", "-p", "audit-actix", "--test", "conformance", "--", "bulk."],
    ),
    bulk(
        "bodies of a gigabyte on rocket",
        &["test", "--release", "-p", "audit-rocket", "--test", "conformance", "--", "bulk."],
    ),
    Step {
        folder: "audit-core/tests/linked",
        ..step("which crates' handlers are linked, with fat link-time optimisation", &["test", "--profile", "fat-lto"])
    },
    step(
        "which plugins are linked, with fat link-time optimisation",
        &["test", "-p", "geo-layers", "--profile", "fat-lto", "--test", "plugins", "--test", "forgotten"],
    ),
];

pub(crate) fn run() -> ExitCode {
    steps::run(STEPS)
}

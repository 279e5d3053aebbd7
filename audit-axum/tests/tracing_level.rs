//! The layer beside a log of warnings: other events cost what they cost without it. A program of its own, for the
//! level is the process's.

mod support;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::prelude::*;

fn never() -> u32 {
    panic!("computed for nobody")
}

#[test]
fn a_disabled_debug_stays_disabled() {
    let (auditor, sink) = support::auditor(|builder| builder);
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::sink).with_filter(EnvFilter::new("warn"));
    tracing_subscriber::registry().with(auditor.json_layer()).with(log).init();
    assert!(!tracing::enabled!(tracing::Level::DEBUG));
    assert!(!tracing::enabled!(tracing::Level::INFO));
    assert!(tracing::enabled!(tracing::Level::WARN));
    // Its arguments are not even computed: the callsite is off for good.
    tracing::debug!(never = never(), "no");
    tracing::info!(target: "audit", kept = true, "yes");
    assert_eq!(sink.only()["data"]["kept"], true);
    assert!(LevelFilter::current() >= LevelFilter::INFO, "or the audit event could not be seen");
}

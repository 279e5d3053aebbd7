//! What the tracing layer enables for others: nothing.
//!
//! A program of its own with one test: while several subscribers are alive, tracing asks the current one anew at each
//! event, and tracing-subscriber's filters of single layers say yes then and leave the event to be dropped later.

use audit_core::{Auditor, Output};
use tracing::Subscriber;
use tracing::subscriber::with_default;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

/// Whether callsites of no interest to us are enabled.
fn others_enabled() -> [bool; 4] {
    [
        tracing::enabled!(tracing::Level::DEBUG),
        tracing::enabled!(tracing::Level::INFO),
        tracing::enabled!(target: "audit2", tracing::Level::ERROR),
        tracing::enabled!(tracing::Level::WARN),
    ]
}

/// The application's own log.
fn warn_log<S: Subscriber + for<'a> LookupSpan<'a>>() -> impl tracing_subscriber::Layer<S> {
    tracing_subscriber::fmt::layer().with_writer(std::io::sink).with_filter(EnvFilter::new("warn"))
}

#[test]
fn the_layer_enables_nothing_for_others() {
    let auditor = Auditor::builder().output(Output::None).build().unwrap();
    with_default(tracing_subscriber::registry().with(auditor.json_layer()), || {
        assert_eq!(others_enabled(), [false; 4], "nobody but the layer listens");
        assert!(tracing::enabled!(target: "audit", tracing::Level::DEBUG));
    });
    with_default(tracing_subscriber::registry().with(auditor.json_layer()).with(warn_log()), || {
        assert_eq!(others_enabled(), [false, false, true, true]);
        assert!(tracing::enabled!(target: "audit", tracing::Level::INFO));
    });
    with_default(tracing_subscriber::registry().with(warn_log()).with(auditor.json_layer()), || {
        assert_eq!(others_enabled(), [false, false, true, true]);
    });
}

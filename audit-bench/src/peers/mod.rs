//! What people use today, each as its documentation shows it and with nothing that makes it slower than it need be.

mod empty_layer;
mod hand_written;
mod json_log;

use std::path::Path;

use axum::middleware::from_fn;
use tower_http::trace::{DefaultMakeSpan, DefaultOnResponse, TraceLayer};
use tracing::Level;

pub(crate) use empty_layer::EmptyLayer;

use crate::drive::{Load, drive};
use crate::handlers::bare;
use crate::scenario::Failed;
use json_log::JsonLog;

/// tower-http's `TraceLayer` at `INFO`: one line a request with method, URI, status and latency. With `headers`, the
/// request's and the answer's too, none of them hidden.
pub(crate) fn trace_layer(headers: bool, load: Load, log: &Path) -> Result<(), Failed> {
    let log = JsonLog::start(log)?;
    let layer = TraceLayer::new_for_http()
        .make_span_with(DefaultMakeSpan::new().level(Level::INFO).include_headers(headers))
        .on_response(DefaultOnResponse::new().level(Level::INFO).include_headers(headers));
    drive(bare().layer(layer), load)?;
    log.finish()
}

/// The middleware of [`mod@hand_written`].
pub(crate) fn hand_written(load: Load, log: &Path) -> Result<(), Failed> {
    let log = JsonLog::start(log)?;
    drive(bare().layer(from_fn(hand_written::log_request)), load)?;
    log.finish()
}

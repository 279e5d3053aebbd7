//! Our layer, with a log in a file.

use std::path::Path;
use std::time::Duration;

use audit_axum::{AuditLayer, Auditor, Mode, Output};
use tower::Layer;

use crate::drive::{Load, drive};
use crate::handlers::annotated;
use crate::scenario::Failed;

/// The layer as the last one of the router, as its documentation says.
pub(crate) fn inside(mode: Option<Mode>, load: Load, log: &Path) -> Result<(), Failed> {
    let auditor = auditor(mode, log)?;
    drive(annotated().layer(AuditLayer::new(auditor.clone())), load)?;
    finish(&auditor, mode, load)
}

/// The layer around the whole router.
pub(crate) fn around(mode: Option<Mode>, load: Load, log: &Path) -> Result<(), Failed> {
    let auditor = auditor(mode, log)?;
    drive(AuditLayer::new(auditor.clone()).layer(annotated()), load)?;
    finish(&auditor, mode, load)
}

fn auditor(mode: Option<Mode>, log: &Path) -> Result<Auditor, Failed> {
    let builder = Auditor::builder().output(Output::File(log.to_owned()));
    let builder = match mode {
        None => builder.enabled(false),
        Some(mode) => builder.mode(mode),
    };
    Ok(builder.build()?)
}

/// Waits until the worker has written everything: its work belongs to the requests as much as the layer's own.
fn finish(auditor: &Auditor, mode: Option<Mode>, load: Load) -> Result<(), Failed> {
    let report = auditor.shutdown(Duration::from_secs(120));
    let written: u64 = report.sinks.iter().map(|sink| sink.written).sum();
    let expected = if mode.is_some() { load.count as u64 } else { 0 };
    if written == expected && report.lost() == 0 {
        Ok(())
    } else {
        Err(Failed::Lost { expected, written, lost: report.lost() })
    }
}

//! The figures as a collector of the `metrics` facade gets them. A program of its own: there is one recorder in a process.
#![cfg(feature = "metrics")]

mod support;

use audit_core::{Auditor, Output};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use support::{Act, Puppet, wait_until};

/// The value of a metric, by its name and its labels.
fn value(snapshotter: &Snapshotter, wanted: &str) -> Option<f64> {
    snapshotter.snapshot().into_vec().into_iter().find_map(|(key, _, _, value)| {
        let labels: Vec<_> = key.key().labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        let name = format!("{}{{{}}}", key.key().name(), labels.join(","));
        (name == wanted).then(|| match value {
            DebugValue::Counter(count) => f64::from(u32::try_from(count).expect("few")),
            DebugValue::Gauge(gauge) => gauge.into_inner(),
            DebugValue::Histogram(_) => panic!("{name} is no histogram"),
        })
    })
}

#[test]
fn a_collector_gets_the_figures_every_second() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().expect("the only one");
    let sink = Puppet::new("log").script(&[Act::Take, Act::Fail(0)]);
    let auditor = Auditor::builder().output(Output::None).sink(sink.clone()).build().expect("the settings are good");
    auditor.event("job.done").record();
    sink.wait_taken(1);
    let is = |wanted: &'static str, value_is: f64| {
        wait_until(wanted, || value(&snapshotter, wanted).is_some_and(|value| (value - value_is).abs() < 0.5));
    };
    is("audit_records_written_total{sink=log}", 1.0);
    is("audit_healthy{}", 1.0);
    auditor.event("job.done").record();
    // The second one, and the record that tells of it.
    is("audit_records_failed_total{sink=log}", 1.0);
    is("audit_records_accepted_total{sink=log}", 3.0);
    is("audit_records_queued{sink=log}", 0.0);
    // At the end without waiting for the next second.
    let _report = auditor.shutdown(support::PATIENCE);
    assert_eq!(value(&snapshotter, "audit_healthy{}"), Some(0.0));
}

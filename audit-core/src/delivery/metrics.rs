//! The figures for the `metrics` facade: the application chooses who collects them. No label is a user's: the one label is
//! the sink's name.

use std::sync::Weak;
use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

use crate::auditor::Running;

/// How often the figures are handed on.
const EVERY: Duration = Duration::from_secs(1);

/// Hands the figures on every second, until the auditor is gone.
pub(crate) fn spawn(running: Weak<Running>) -> std::io::Result<()> {
    describe();
    let thread = std::thread::Builder::new().name("audit-metrics".into());
    thread
        .spawn(move || {
            while let Some(running) = running.upgrade() {
                hand_on(&running);
                drop(running);
                std::thread::sleep(EVERY);
            }
        })
        .map(drop)
}

fn describe() {
    describe_counter!("audit_records_accepted_total", Unit::Count, "Records offered to the sink.");
    describe_counter!("audit_records_written_total", Unit::Count, "Records that the sink took.");
    describe_counter!(
        "audit_records_dropped_total",
        Unit::Count,
        "Records refused: queue full, or after the shutdown."
    );
    describe_counter!("audit_records_failed_total", Unit::Count, "Records that the sink was given and did not take.");
    describe_counter!("audit_sink_restarts_total", Unit::Count, "Times that the sink's thread died of a panic.");
    describe_gauge!("audit_records_queued", Unit::Count, "Records that wait for the sink.");
    describe_gauge!("audit_queue_bytes", Unit::Bytes, "Bytes of the records that wait for the sink.");
    describe_gauge!("audit_sink_lag_seconds", Unit::Seconds, "How long the oldest of them has waited.");
    describe_gauge!("audit_records_gap_owed", Unit::Count, "Missing records of which no record tells yet.");
    describe_gauge!("audit_exchanges_open", Unit::Count, "Requests without a terminal record yet.");
    describe_counter!("audit_facts_late_total", Unit::Count, "Facts added after their event had ended.");
    describe_gauge!("audit_healthy", Unit::Count, "1 while every promise is kept, else 0.");
}

/// Hands the figures on as they are now.
pub(crate) fn hand_on(running: &Running) {
    let stats = running.stats();
    let health = running.health(&stats);
    for sink in &stats.sinks {
        let label = || [("sink", sink.name.clone())];
        counter!("audit_records_accepted_total", &label()).absolute(sink.accepted);
        counter!("audit_records_written_total", &label()).absolute(sink.written);
        counter!("audit_records_dropped_total", &label()).absolute(sink.dropped);
        counter!("audit_records_failed_total", &label()).absolute(sink.failed);
        counter!("audit_sink_restarts_total", &label()).absolute(sink.restarts);
        gauge!("audit_records_queued", &label()).set(exact(sink.queued));
        gauge!("audit_queue_bytes", &label()).set(exact(sink.queued_bytes));
        gauge!("audit_sink_lag_seconds", &label()).set(exact(sink.lag_ms) / 1000.0);
        gauge!("audit_records_gap_owed", &label()).set(exact(sink.gap_owed));
    }
    gauge!("audit_exchanges_open").set(exact(stats.open));
    counter!("audit_facts_late_total").absolute(stats.late);
    gauge!("audit_healthy").set(if health.is_healthy() { 1.0 } else { 0.0 });
}

/// Figures beyond 2^53 are rounded, which no gauge of ours reaches.
#[expect(clippy::cast_precision_loss, reason = "as said above")]
fn exact(figure: u64) -> f64 {
    figure as f64
}

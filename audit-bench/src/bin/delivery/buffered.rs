//! `buffered` to a file, beside a plain buffered writer.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use audit_core::{Auditor, Output};

use crate::{Failed, cpu, median};

/// Records of a turn: as many as fit into the queue together, so that none is dropped and none waits.
const RECORDS: u32 = 100_000;
const QUEUE: usize = 256 << 20;
const TURNS: usize = 15;

pub(crate) fn run(folder: &Path) -> Result<(), Failed> {
    let (mut ours, mut plain, mut bytes) = (Vec::new(), Vec::new(), 0);
    for turn in 0..TURNS {
        let encoded = audited(Output::None)?;
        let log = folder.join(format!("buffered-{turn}.jsonl"));
        let delivered = audited(Output::File(log.clone()))?;
        let line = first_line(&log)?;
        bytes = line.len();
        ours.push(nanoseconds(delivered.saturating_sub(encoded)));
        plain.push(nanoseconds(plainly(&folder.join(format!("plain-{turn}.jsonl")), &line)?));
        for file in std::fs::read_dir(folder)? {
            std::fs::remove_file(file?.path())?;
        }
    }
    let (ours, plain) = (median(ours), median(plain));
    println!("buffered, CPU a record of {bytes} bytes after it is encoded, median of {TURNS} turns of {RECORDS}");
    println!("  ours           {ours:8.0} ns");
    println!("  plain writer   {plain:8.0} ns    ours takes {:.2} times that", ours / plain);
    let verdict = if ours <= 300.0 { "met" } else { "MISSED" };
    println!("  aim: at most 300 ns: {verdict}");
    Ok(())
}

/// What so many records take, from the event to the end of the shutdown.
fn audited(output: Output) -> Result<Duration, Failed> {
    let auditor = Auditor::builder().output(output).queue_bytes(QUEUE).build()?;
    let before = cpu::time();
    for _ in 0..RECORDS {
        auditor.event("layer.create").target("layer", "rivers").data("size", 1234).record();
    }
    let report = auditor.shutdown(Duration::from_secs(60));
    let took = cpu::time() - before;
    if report.lost() > 0 || !report.in_time {
        return Err(format!("not all was written: {report}").into());
    }
    Ok(took)
}

fn first_line(log: &Path) -> Result<Vec<u8>, Failed> {
    let text = std::fs::read(log)?;
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let written = lines.clone().count();
    // None of them is a gap, or one that tells of the trail.
    if written != RECORDS as usize {
        return Err(format!("{written} records in place of {RECORDS}").into());
    }
    Ok(lines.into_iter().next().unwrap_or_default().to_vec())
}

fn plainly(path: &Path, line: &[u8]) -> Result<Duration, Failed> {
    let writer = Mutex::new(BufWriter::new(File::create(path)?));
    let before = cpu::time();
    for _ in 0..RECORDS {
        writer.lock().map_err(|_| "poisoned")?.write_all(line)?;
    }
    let mut writer = writer.into_inner().map_err(|_| "poisoned")?;
    writer.flush()?;
    writer.get_ref().sync_all()?;
    Ok(cpu::time() - before)
}

fn nanoseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9 / f64::from(RECORDS)
}

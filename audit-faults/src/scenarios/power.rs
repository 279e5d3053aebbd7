//! Power cuts: an ext4 in a file, shut down without flushing its log, unmounted and mounted again.

use std::error::Error;
use std::path::Path;

use crate::check::Found;
use crate::machine::{self, Mount, sh};
use crate::process::Start;
use crate::scenarios::{Played, Stage};
use crate::table::Row;

pub(super) fn play(stage: &Stage) -> Played {
    let image = stage.folder.join("disk");
    let file = std::fs::File::create(&image)?;
    file.set_len(1 << 30)?;
    sh("mkfs.ext4", &["-q", &image.to_string_lossy()])?;
    let cut = machine::power_switch(&stage.folder)?;
    let cuts = stage.times(50);
    let promises = [
        ("strict", "0 acknowledged before the cut lost; no torn line after the restart"),
        ("buffered", "loses some, or the cuts prove nothing"),
        ("bare", "(append, fdatasync, tell: what the disk itself does)"),
    ];
    let mut rows = Vec::new();
    for (delivery, promised) in promises {
        let outcome = run(stage, &image, &cut, delivery, cuts)?;
        let is_kept = outcome.faults.is_empty()
            && outcome.acknowledged > 0
            && match delivery {
                "strict" => outcome.lost == 0,
                "buffered" => outcome.lost > 0,
                _ => true,
            };
        rows.push(Row::new(format!("power: {delivery}"), promised, outcome.seen(cuts), is_kept));
    }
    Ok(rows)
}

#[derive(Default)]
struct Outcome {
    /// Before the cut began.
    acknowledged: u64,
    lost: u64,
    /// While the cut went on. A `fdatasync` that is under way when this file system is shut down may return 0 for bytes that
    /// are not there afterwards, to the bare program too: a real cut takes along whoever would be told.
    meanwhile: u64,
    lost_meanwhile: u64,
    records: u64,
    faults: Vec<String>,
}

impl Outcome {
    fn seen(&self, cuts: u32) -> String {
        let Self { acknowledged, lost, meanwhile, lost_meanwhile, records, .. } = self;
        let faults = self.faults.first().map(|fault| format!("; {} at fault: {fault}", self.faults.len()));
        format!(
            "{cuts} cuts: {lost} of {acknowledged} lost, and {lost_meanwhile} of {meanwhile} told while the cut went on; \
             {records} records whole and in order{}",
            faults.unwrap_or_default()
        )
    }
}

fn run(stage: &Stage, image: &Path, cut: &Path, delivery: &'static str, cuts: u32) -> Result<Outcome, Box<dyn Error>> {
    let mut outcome = Outcome::default();
    let at = stage.folder("mounted")?;
    for number in 0..cuts {
        let mount = Mount::image(image, &at)?;
        let folder = mount.at.join(format!("{delivery}-{number}"));
        std::fs::create_dir(&folder)?;
        let journal = folder.join("audit.jsonl");
        // Segments are begun under way too. Unsynced and without a pause, it would fill the disk.
        let mut load = match delivery {
            "bare" => Start::new(&journal, "strict", 1).with("bare", 1),
            "strict" => Start::new(&journal, delivery, 32).set("AUDIT_ROTATE_BYTES", 200_000),
            _ => Start::new(&journal, delivery, 4).with("pause", 500).set("AUDIT_ROTATE_BYTES", 200_000),
        }
        .run()?;
        load.wait_for(1)?;
        std::thread::sleep(stage.moment(20, 500));
        let before = load.count();
        sh(&cut.to_string_lossy(), &[&mount.at.to_string_lossy()])?;
        let (acknowledged, meanwhile) = load.kill_after(before)?;
        drop(load);
        mount.unmount()?;
        let mount = Mount::image(image, &at)?;
        // Unsynced, the folder itself may be gone.
        std::fs::create_dir_all(&folder)?;
        let mut later = Vec::new();
        if delivery != "bare" {
            let mut again = Start::new(&journal, delivery, 1).with("records", 10).run()?;
            again.wait_for(10)?;
            later = again.stop()?.1;
        }
        let found = Found::read(&journal)?;
        outcome.acknowledged += (acknowledged.len() + later.len()) as u64;
        outcome.lost += found.lost(acknowledged.iter().chain(&later));
        outcome.meanwhile += meanwhile.len() as u64;
        outcome.lost_meanwhile += found.lost(&meanwhile);
        outcome.records += found.records;
        if delivery != "bare" {
            let tails = (!found.tails.is_empty()).then(|| "a torn tail is left".to_owned());
            outcome.faults.extend(found.faults().or(tails));
        }
        std::fs::remove_dir_all(&folder)?;
        mount.unmount()?;
    }
    Ok(outcome)
}

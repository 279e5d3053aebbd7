//! An auditor whose log is a file, and what stands in it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use audit_core::{Auditor, Builder, Output};
use serde_json::Value;
use tempfile::TempDir;

use crate::client::PATIENCE;

/// A journal in a folder of its own.
#[derive(Debug)]
pub struct Journal {
    /// Who writes it.
    pub auditor: Auditor,
    path: PathBuf,
    folder: TempDir,
}

impl Journal {
    /// An auditor with these settings.
    ///
    /// # Panics
    /// When it cannot be built.
    #[must_use]
    pub fn new(configure: impl FnOnce(Builder) -> Builder) -> Self {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("audit.jsonl");
        let builder = configure(Auditor::builder().output(Output::File(path.clone())));
        Self { auditor: builder.build().expect("the settings are good"), path, folder }
    }

    /// Takes its folder away, so that nothing can be written.
    ///
    /// # Panics
    /// When somebody else has.
    pub fn break_down(&self) {
        std::fs::remove_dir_all(self.folder.path()).expect("it is ours");
    }

    /// What a process that is started after a crash would find.
    ///
    /// # Panics
    /// When a line is no record.
    #[must_use]
    pub fn on_disk(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.path).expect("it is there");
        text.lines().map(|line| serde_json::from_str(line).expect("a whole record")).collect()
    }

    /// The phase of each record.
    #[must_use]
    pub fn phases(&self) -> Vec<String> {
        self.on_disk().iter().map(|record| record["phase"].as_str().unwrap_or("none").to_owned()).collect()
    }

    /// All that stands there once nothing is open any more.
    ///
    /// # Panics
    /// When something stays open.
    #[must_use]
    pub fn settled(&self) -> Vec<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let stats = self.auditor.stats();
            if stats.open == 0 && stats.sinks.iter().all(|sink| sink.queued == 0) {
                return self.on_disk();
            }
            assert!(Instant::now() < deadline, "an exchange stays open");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

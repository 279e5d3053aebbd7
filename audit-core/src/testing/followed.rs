//! A journal that is written by hand, for a sink that follows it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::PATIENCE;
use crate::delivery::{Follower, SinkStats, position_of};
use crate::journal::{Head, ReadError, Reader};
use crate::sink::Sink;

/// A journal whose records a test writes, and one sink that follows it as it would that of an auditor: from the position
/// beside the file, at least once, again after each failure.
///
/// ```
/// use audit_core::testing::{FollowedJournal, MemorySink};
///
/// let folder = tempfile::tempdir()?;
/// let sink = MemorySink::new();
/// let journal = FollowedJournal::start(folder.path().join("audit.jsonl"), sink.clone())?;
/// journal.append(r#"{"user":"ana"}"#)?;
/// let stats = journal.stop();
/// assert_eq!((stats.written, stats.queued), (1, 0));
/// assert_eq!(sink.lines()[0].json(), r#"{"user":"ana","seq":1}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FollowedJournal {
    path: PathBuf,
    file: Mutex<File>,
    head: Arc<Head>,
    follower: Follower,
}

impl FollowedJournal {
    /// Starts, behind what stands in the file already.
    ///
    /// # Errors
    /// When the file cannot be opened or is no journal.
    pub fn start(path: impl AsRef<Path>, sink: impl Sink) -> io::Result<Self> {
        let path = path.as_ref().to_path_buf();
        let file = Mutex::new(OpenOptions::new().append(true).create(true).open(&path)?);
        let last = Reader::open(&path).and_then(|reader| reader.last_seq());
        let head = Arc::new(Head::default());
        head.set_written(last.map_err(|error: ReadError| io::Error::other(error))?.unwrap_or(0));
        let position = position_of(&path, sink.name());
        let follower = Follower::spawn(Box::new(sink), position, path.clone(), Arc::clone(&head))?;
        Ok(Self { path, file, head, follower })
    }

    /// The journal's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a record, a JSON object on one line, and gives it the next seq.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append(&self, record: &str) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let seq = self.head.written() + 1;
        let members = record.trim_end().strip_suffix('}').ok_or(io::ErrorKind::InvalidInput)?;
        let comma = if members.ends_with('{') { "" } else { "," };
        file.write_all(format!("{members}{comma}\"seq\":{seq}}}\n").as_bytes())?;
        self.head.set_written(seq);
        Ok(())
    }

    /// The sink's figures now.
    #[must_use]
    pub fn stats(&self) -> SinkStats {
        self.follower.stats()
    }

    /// Waits until the figures are as `wanted`, at most twenty seconds.
    ///
    /// # Panics
    /// When they are not by then.
    pub fn wait_for(&self, wanted: impl Fn(&SinkStats) -> bool) -> SinkStats {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let stats = self.stats();
            if wanted(&stats) {
                return stats;
            }
            assert!(Instant::now() < deadline, "the sink came no further than {stats:?}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Lets the sink take what is left, at most twenty seconds, and gives its last figures.
    #[must_use]
    pub fn stop(self) -> SinkStats {
        self.stop_within(PATIENCE)
    }

    /// Lets the sink take what is left, at most so long, and gives its last figures: what is `queued` stays in the journal.
    #[must_use]
    pub fn stop_within(self, patience: Duration) -> SinkStats {
        let deadline = Instant::now() + patience;
        self.head.close();
        self.follower.close(deadline);
        self.follower.wait_closed(deadline);
        self.stats()
    }
}

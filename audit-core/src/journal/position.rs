//! How far a follower came, in a file beside the journal that people can read.
//!
//! `PATH.<follower>.position` holds one JSON object: `{"follower":"store","id":"<UUID>","seq":1234}`. It is replaced by
//! rename, so that it is whole at every moment but after a power cut, and then the journal is read again.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A follower's place in a journal.
#[derive(Debug)]
pub(crate) struct Position {
    file: PathBuf,
    saved: Saved,
    is_saved: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Saved {
    follower: String,
    /// Tells this follower of this journal from all others, wherever it is named.
    id: String,
    /// Everything up to it was taken.
    seq: u64,
}

impl Position {
    /// Reads the position of a follower of the journal at `journal`; one that has none is new, and begins at 0. The
    /// error beside it says why a file that is there cannot be used: the follower then is new.
    pub(crate) fn load(journal: &Path, follower: &str) -> (Self, Option<io::Error>) {
        let file = file_of(journal, follower);
        let new = || Saved { follower: follower.to_owned(), id: Uuid::now_v7().to_string(), seq: 0 };
        let (saved, is_saved, error) = match std::fs::read(&file) {
            Ok(text) => match serde_json::from_slice(&text) {
                Ok(saved) => (saved, true, None),
                Err(error) => (new(), false, Some(io::Error::new(io::ErrorKind::InvalidData, error))),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => (new(), false, None),
            Err(error) => (new(), false, Some(error)),
        };
        (Self { file, saved, is_saved }, error)
    }

    /// The file.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// What tells this follower of this journal from all others.
    pub(crate) fn id(&self) -> &str {
        &self.saved.id
    }

    /// The last seq that was taken; 0 for a new follower.
    pub(crate) fn seq(&self) -> u64 {
        self.saved.seq
    }

    /// Whether the file says so too.
    pub(crate) fn is_saved(&self) -> bool {
        self.is_saved
    }

    /// Replaces the file.
    ///
    /// # Errors
    /// When that was not possible; the file is then as it was.
    pub(crate) fn save(&mut self, seq: u64) -> io::Result<()> {
        (self.saved.seq, self.is_saved) = (seq, false);
        let mut text = serde_json::to_vec(&self.saved)?;
        text.push(b'\n');
        let mut temporary = self.file.clone().into_os_string();
        temporary.push(".tmp");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600).custom_flags(libc::O_NOFOLLOW);
        }
        options.open(&temporary)?.write_all(&text)?;
        std::fs::rename(&temporary, &self.file)?;
        self.is_saved = true;
        Ok(())
    }
}

/// The file's name holds the follower's, of which what a file's name may not hold is percent-encoded.
fn file_of(journal: &Path, follower: &str) -> PathBuf {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');
    let mut file = journal.as_os_str().to_owned();
    file.push(format!(".{}.position", utf8_percent_encode(follower, KEPT)));
    PathBuf::from(file)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_position_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("audit.jsonl");
        let (mut position, error) = Position::load(&journal, "store");
        assert!(error.is_none());
        assert_eq!((position.seq(), position.file().exists()), (0, false));
        position.save(41).unwrap();
        position.save(42).unwrap();
        let file = folder.path().join("audit.jsonl.store.position");
        assert_eq!(
            fs::read_to_string(&file).unwrap(),
            format!("{{\"follower\":\"store\",\"id\":\"{}\",\"seq\":42}}\n", position.id())
        );
        let (again, error) = Position::load(&journal, "store");
        assert!(error.is_none());
        assert_eq!((again.seq(), again.id()), (42, position.id()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
        assert_ne!(Position::load(&journal, "other").0.id(), position.id());
    }

    #[test]
    fn what_cannot_be_read_is_told_and_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("audit.jsonl");
        let file = folder.path().join("audit.jsonl.a%2F%2E%2E.position");
        for text in ["", "42", "{\"follower\":\"a/..\",\"seq\":42}", "\u{0}\u{0}"] {
            fs::write(&file, text).unwrap();
            let (mut position, error) = Position::load(&journal, "a/..");
            assert_eq!((position.seq(), position.file()), (0, file.as_path()), "{text:?}");
            assert!(error.is_some(), "{text:?}");
            position.save(1).unwrap();
            assert!(Position::load(&journal, "a/..").1.is_none());
        }
    }

    #[test]
    fn a_position_that_cannot_be_saved_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("audit.jsonl");
        let (mut position, _) = Position::load(&journal, "store");
        position.save(1).unwrap();
        fs::create_dir(folder.path().join("audit.jsonl.store.position.tmp")).unwrap();
        assert!(position.save(2).is_err());
        assert_eq!(Position::load(&journal, "store").0.seq(), 1);
    }
}

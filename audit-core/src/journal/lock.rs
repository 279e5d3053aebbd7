//! One process writes a journal: `PATH.lock` is held locked as long as it does. It also says which number was given last, for
//! others may take away every file that shows it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

use crate::journal::OpenError;
use crate::journal::names::beside;

/// Held, it keeps others out. The file stays when the process ends, the lock does not.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Drop for Lock {
    /// Gives it up, not merely this descriptor of it: a process that is being started by another thread has a copy for as
    /// long as it takes, and would hold the lock meanwhile.
    fn drop(&mut self) {
        self.file.unlock().unwrap_or(());
    }
}

impl Lock {
    /// The number that was given last, as far as it was noted; 0 without one.
    pub(super) fn last(&mut self) -> u64 {
        let mut text = String::new();
        let read = self.file.rewind().and_then(|()| (&self.file).take(64).read_to_string(&mut text));
        read.ok().and_then(|_| text.trim().parse().ok()).unwrap_or(0)
    }

    /// Notes the number that was given last. It is only asked for where nothing else shows it, so an error costs little.
    pub(super) fn note_last(&mut self, seq: u64) {
        let text = format!("{seq}\n");
        // A longer number never becomes a shorter one, so that what is there is always whole.
        self.file.rewind().and_then(|()| self.file.write_all(text.as_bytes())).unwrap_or(());
    }

    pub(super) fn take(journal: &Path) -> Result<Self, OpenError> {
        let path = beside(journal, "lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
        }
        let said = |error: io::Error| {
            // A missing folder concerns the journal as much as its lock.
            match error.kind() {
                io::ErrorKind::NotFound => OpenError::Io(error),
                kind => OpenError::Io(io::Error::new(kind, format!("cannot lock {}: {error}", path.display()))),
            }
        };
        let file = options.open(&path).map_err(said)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse),
            Err(TryLockError::Error(error)) => Err(said(error)),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_its_descriptor_does_not_hold_it() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("audit.jsonl");
        let lock = Lock::take(&journal).unwrap();
        let copy = lock.file.try_clone().unwrap();
        assert!(matches!(Lock::take(&journal), Err(OpenError::InUse)));
        drop(lock);
        Lock::take(&journal).unwrap();
        drop(copy);
    }
}

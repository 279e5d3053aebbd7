//! One process writes a journal: `PATH.lock` is held locked as long as it does.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use crate::journal::OpenError;
use crate::journal::names::beside;

/// Held, it keeps others out. The file stays when the process ends, the lock does not.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    pub(super) fn take(journal: &Path) -> Result<Self, OpenError> {
        let path = beside(journal, "lock");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
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
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse),
            Err(TryLockError::Error(error)) => Err(said(error)),
        }
    }
}

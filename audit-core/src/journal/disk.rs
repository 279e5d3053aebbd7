//! What the writer asks of the file system: one call of the system each, so that a test can let any of them fail.

use std::ffi::OsString;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

#[cfg(unix)]
use crate::notice::Once;

/// The file system.
pub(super) trait Disk: fmt::Debug + Send + Sync {
    /// Opens a regular file for reading, and for appending too unless it is only read. A new one is its owner's alone; links are not followed.
    fn open(&self, path: &Path, how: Open) -> io::Result<Box<dyn Handle>>;
    /// What stands at a path, a link itself and not what it leads to.
    fn stat(&self, path: &Path) -> io::Result<Stat>;
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// The names in a directory.
    fn list(&self, directory: &Path) -> io::Result<Vec<OsString>>;
    /// Makes names durable: those of new files, and new names of old ones.
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;
}

/// An open file.
pub(super) trait Handle: fmt::Debug + Send + Sync {
    fn stat(&self) -> io::Result<Stat>;
    /// Appends some of the bytes; tells how many.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize>;
    fn truncate(&mut self, length: u64) -> io::Result<()>;
    fn sync(&mut self) -> io::Result<()>;
    /// Lets in whom another file lets in: its mode and group.
    fn let_in_as(&self, other: &Stat) -> io::Result<()>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Open {
    /// It must not be there yet.
    New,
    /// It must be there.
    Existing,
    /// It must be there, and is not written.
    Reading,
}

/// Tells a file from others, under whatever name: its device and inode.
pub(super) type FileId = (u64, u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) id: FileId,
    pub(super) is_file: bool,
    pub(super) length: u64,
    /// How many names it has; 0 once it is removed.
    pub(super) links: u64,
    pub(super) mode: u32,
    pub(super) group: u32,
}

/// The directory that a path names something in.
pub(super) fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// The operating system's own.
#[derive(Debug)]
pub(super) struct System;

impl Disk for System {
    fn open(&self, path: &Path, how: Open) -> io::Result<Box<dyn Handle>> {
        let mut options = OpenOptions::new();
        options.read(true).append(how != Open::Reading).create_new(how == Open::New);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            // Not blocking, or opening a FIFO that nobody writes would wait for ever.
            options.mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
        }
        let file = options.open(path)?;
        if !file.metadata()?.is_file() {
            return Err(not_a_file());
        }
        Ok(Box::new(file))
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        std::fs::symlink_metadata(path).map(|meta| stat_of(&meta))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<OsString>> {
        std::fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name())).collect()
    }

    #[cfg(unix)]
    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        match File::open(directory)?.sync_all() {
            Err(error) if has_nothing_to_sync(&error) => {
                static SAID: Once = Once::new();
                let directory = directory.display();
                SAID.say(format_args!(
                    "the file system of {directory} cannot sync a folder ({error}): what names of files outlive a power \
                     cut is up to it"
                ));
                Ok(())
            }
            synced => synced,
        }
    }

    #[cfg(not(unix))]
    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}

/// Whether a file system says that it knows no syncing of a folder, as some over a network or in user space do (EINVAL,
/// ENOTSUP, ENOSYS), rather than that one failed.
#[cfg(unix)]
fn has_nothing_to_sync(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported)
}

impl Handle for File {
    fn stat(&self) -> io::Result<Stat> {
        self.metadata().map(|meta| stat_of(&meta))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::Write::write(self, bytes)
    }

    fn read_at(&mut self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        // Where a file is read makes no difference to where an append goes.
        self.seek(SeekFrom::Start(offset))?;
        self.read(into)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.flush()?;
        self.sync_data()
    }

    #[cfg(unix)]
    fn let_in_as(&self, other: &Stat) -> io::Result<()> {
        use std::os::unix::fs::{PermissionsExt as _, fchown};
        let own = Handle::stat(self)?;
        if own.group != other.group {
            fchown(self, None, Some(other.group))?;
        }
        if own.mode != other.mode {
            self.set_permissions(std::fs::Permissions::from_mode(other.mode))?;
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn let_in_as(&self, _: &Stat) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn not_a_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}

#[cfg(unix)]
fn stat_of(meta: &std::fs::Metadata) -> Stat {
    use std::os::unix::fs::MetadataExt as _;
    Stat {
        id: (meta.dev(), meta.ino()),
        is_file: meta.is_file(),
        length: meta.len(),
        links: meta.nlink(),
        mode: meta.mode() & 0o7777,
        group: meta.gid(),
    }
}

/// Without inodes a file is known by the time of its creation.
#[cfg(not(unix))]
fn stat_of(meta: &std::fs::Metadata) -> Stat {
    let created = meta.created().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok()).unwrap_or_default();
    let id = (created.as_secs(), u64::from(created.subsec_nanos()));
    Stat { id, is_file: meta.is_file(), length: meta.len(), links: 1, mode: 0, group: 0 }
}

/// Appends everything, or tells how many bytes went out before the error.
pub(super) fn write_all(handle: &mut dyn Handle, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut done = 0;
    while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
        match handle.write(rest) {
            Ok(0) => return Err((done, io::ErrorKind::WriteZero.into())),
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((done, error)),
        }
    }
    Ok(())
}

/// Reads a file from one place to another, however long it is.
pub(super) struct Part<'a> {
    pub(super) handle: &'a mut dyn Handle,
    pub(super) at: u64,
    pub(super) end: u64,
}

impl io::Read for Part<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let room = into.len().min(left);
        let count = self.handle.read_at(self.at, into.get_mut(..room).unwrap_or_default())?;
        self.at += count as u64;
        Ok(count)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_cannot_be_synced_at_all_is_none_whose_sync_failed() {
        for (code, is) in [(libc::EINVAL, true), (libc::ENOTSUP, true), (libc::ENOSYS, true), (libc::EIO, false)] {
            assert_eq!(has_nothing_to_sync(&io::Error::from_raw_os_error(code)), is, "{code}");
        }
        let folder = tempfile::tempdir().unwrap();
        System.sync_directory(folder.path()).unwrap();
        System.sync_directory(&folder.path().join("missing")).unwrap_err();
        #[cfg(target_os = "linux")]
        {
            File::open("/proc").unwrap().sync_all().unwrap_err();
            System.sync_directory(Path::new("/proc")).unwrap();
        }
    }
}

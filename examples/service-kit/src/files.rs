//! Files that are for their owner only, and the secrets in them.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rand::distr::{Alphanumeric, SampleString as _};

/// A file or a directory that could not be made or read.
#[derive(Debug, thiserror::Error)]
#[error("cannot {attempted} {}", path.display())]
pub struct FileError {
    attempted: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl FileError {
    fn on(attempted: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self { attempted, path: path.to_owned(), source }
    }
}

/// Letters and digits from the system's generator, six bits each or nearly.
pub fn random_text(length: usize) -> String {
    Alphanumeric.sample_string(&mut rand::rng(), length)
}

/// Makes a directory, 0700, with those above it; one that exists keeps its mode.
///
/// # Errors
/// When the system refuses.
pub fn make_private_directory(path: &Path) -> Result<(), FileError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(FileError::on("create directory", path))
}

/// Keeps other processes off a directory, until it is dropped or the process ends.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held, not read")] File);

/// Locks a directory by a file `lock` in it.
///
/// # Errors
/// When another process has it, or the file cannot be made.
pub fn lock_directory(path: &Path) -> Result<Lock, FileError> {
    let path = path.join("lock");
    let file = private_options().append(true).create(true).open(&path).map_err(FileError::on("create", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => {
            let busy = io::Error::new(io::ErrorKind::ResourceBusy, "another process has it");
            Err(FileError::on("lock", &path)(busy))
        }
        Err(TryLockError::Error(error)) => Err(FileError::on("lock", &path)(error)),
    }
}

/// Creates an empty file, 0600, unless it exists.
///
/// # Errors
/// When the system refuses.
pub fn make_private_file(path: &Path) -> Result<(), FileError> {
    let created = private_options().append(true).create(true).open(path);
    created.map(drop).map_err(FileError::on("create", path))
}

/// Writes a file, 0600, as a whole: a reader, or a start after a crash, finds all of it or what was there before.
///
/// # Errors
/// When the system refuses; what was there before is there still.
pub fn write_private_file(path: &Path, contents: &[u8]) -> Result<(), FileError> {
    stage_private_file(path, contents)?.take_its_place()
}

/// A file that is on the disk as a whole, beside the one whose place it is to take.
pub struct StagedFile {
    staged: PathBuf,
    place: PathBuf,
}

/// Writes a file, 0600, beside `path`.
///
/// # Errors
/// When the system refuses.
pub fn stage_private_file(path: &Path, contents: &[u8]) -> Result<StagedFile, FileError> {
    let mut staged = path.as_os_str().to_owned();
    staged.push(".new");
    let staged = PathBuf::from(staged);
    let write = || {
        // Left over from a crash, it may have another mode.
        match fs::remove_file(&staged) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = private_options().write(true).create_new(true).open(&staged)?;
        file.write_all(contents)?;
        file.sync_all()
    };
    write().map_err(FileError::on("write", path))?;
    Ok(StagedFile { staged, place: path.to_owned() })
}

impl StagedFile {
    /// Renames it over the one whose place it takes.
    ///
    /// # Errors
    /// When the system refuses; what was there before is there still.
    pub fn take_its_place(self) -> Result<(), FileError> {
        fs::rename(&self.staged, &self.place).map_err(FileError::on("replace", &self.place))
    }
}

/// The text of a file that is private; where there is none, one of so many random letters is written first.
///
/// # Errors
/// When it cannot be read or written, and when others may read or change it.
pub fn kept_or_random(path: &Path, letters: usize) -> Result<String, FileError> {
    if let Some(kept) = read_if_there(path)? {
        return Ok(kept);
    }
    let text = random_text(letters);
    write_private_file(path, text.as_bytes())?;
    Ok(text)
}

/// The text of a file that is private; `None` when there is none.
///
/// # Errors
/// When others may read or change it too: then it is not.
pub fn read_if_there(path: &Path) -> Result<Option<String>, FileError> {
    private(path, |path| fs::read_to_string(path))
}

/// As [`read_if_there`], the bytes.
pub fn read_bytes_if_there(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    private(path, |path| fs::read(path))
}

fn private<T>(path: &Path, read: impl FnOnce(&Path) -> io::Result<T>) -> Result<Option<T>, FileError> {
    #[cfg(unix)]
    if let Ok(metadata) = fs::metadata(path) {
        use std::os::unix::fs::PermissionsExt as _;
        if metadata.permissions().mode() & 0o077 != 0 {
            let open =
                io::Error::new(io::ErrorKind::PermissionDenied, "others may read or change it; expected mode 0600");
            return Err(FileError::on("trust", path)(open));
        }
    }
    match read(path) {
        Ok(contents) => Ok(Some(contents)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FileError::on("read", path)(error)),
    }
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_one_holders() {
        let folder = tempfile::tempdir().unwrap();
        let held = lock_directory(folder.path()).unwrap();
        let refused = lock_directory(folder.path()).unwrap_err();
        assert_eq!(crate::chain(&refused).split(": ").last(), Some("another process has it"));
        drop(held);
        drop(lock_directory(folder.path()).unwrap());
    }
}

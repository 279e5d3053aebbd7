//! The log: JSON lines on stdout or in a file, one write a batch.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::delivery::Writer;
use crate::record::Line;
use crate::sink::{Sink, WriteError};

/// Lines on a duplicate of the process's standard output, written explicitly and never through `println!`.
pub(crate) struct LineStream {
    out: File,
    buffer: Vec<u8>,
}

impl LineStream {
    /// Duplicates standard output.
    pub(crate) fn stdout() -> io::Result<Self> {
        Ok(Self { out: duplicate_stdout()?, buffer: Vec::new() })
    }
}

#[cfg(unix)]
fn duplicate_stdout() -> io::Result<File> {
    use std::os::fd::AsFd as _;
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

#[cfg(windows)]
fn duplicate_stdout() -> io::Result<File> {
    use std::os::windows::io::AsHandle as _;
    Ok(File::from(io::stdout().as_handle().try_clone_to_owned()?))
}

impl Sink for LineStream {
    fn name(&self) -> &str {
        "stdout"
    }

    fn write(&mut self, batch: &[Line]) -> Result<(), WriteError> {
        join(batch, &mut self.buffer);
        write_all(&mut self.out, &self.buffer).map_err(|(bytes, error)| {
            let (written, whole) = lines_within(batch, bytes);
            // A stream takes nothing back: what follows must at least not continue the broken line.
            if bytes > whole && write_all(&mut self.out, b"\n").is_err() {
                // It is as broken as it was; the error below says so.
            }
            WriteError::new(written, error)
        })
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        Ok(())
    }

    fn shutdown(&mut self) -> Result<(), WriteError> {
        Ok(())
    }
}

/// Lines appended to a file that only this process writes.
pub(crate) struct LineFile {
    file: File,
    path: PathBuf,
    buffer: Vec<u8>,
}

/// Why the log file could not be opened.
#[derive(Debug)]
pub(crate) enum OpenError {
    /// Another process writes it.
    InUse,
    /// It holds something that is no log.
    Foreign,
    Io(io::Error),
}

impl LineFile {
    /// Opens the file for appending and locks it. A new file is readable by its owner alone; symbolic links are not
    /// followed. If the file ends within a line, as a crash can leave it, that line is closed first.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            // Not blocking, or opening a FIFO that nobody writes would wait for ever.
            options.mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
        }
        let mut file = options.open(path).map_err(OpenError::Io)?;
        if !file.metadata().map_err(OpenError::Io)?.is_file() {
            return Err(OpenError::Io(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")));
        }
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(OpenError::InUse),
            Err(std::fs::TryLockError::Error(error)) => return Err(OpenError::Io(error)),
        }
        if !begins_as_log(&mut file).map_err(OpenError::Io)? {
            return Err(OpenError::Foreign);
        }
        close_torn_line(&mut file).map_err(OpenError::Io)?;
        Ok(Self { file, path: path.to_owned(), buffer: Vec::new() })
    }
}

/// Whether the file is empty or begins as a record does: a database or a key that is named by mistake stays whole.
fn begins_as_log(file: &mut File) -> io::Result<bool> {
    let mut first = [0];
    file.seek(SeekFrom::Start(0))?;
    match file.read(&mut first)? {
        0 => Ok(true),
        _ => Ok(first == *b"{"),
    }
}

fn close_torn_line(file: &mut File) -> io::Result<()> {
    if file.metadata()?.len() == 0 {
        return Ok(());
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    if last != *b"\n" { file.write_all(b"\n") } else { Ok(()) }
}

impl Writer for LineFile {
    fn name(&self) -> &str {
        "file"
    }

    fn write(&mut self, batch: &[Line], sync: bool) -> Result<(), WriteError> {
        join(batch, &mut self.buffer);
        write_all(&mut self.file, &self.buffer).map_err(|(bytes, error)| {
            let (written, whole) = lines_within(batch, bytes);
            self.take_back(bytes - whole);
            WriteError::new(written, error)
        })?;
        if sync { self.file.sync_data().map_err(|error| WriteError::new(0, error)) } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        Ok(())
    }

    fn shutdown(&mut self) -> Result<(), WriteError> {
        self.file.sync_all().map_err(|error| {
            let path = self.path.display();
            WriteError::new(0, io::Error::new(error.kind(), format!("cannot sync {path}: {error}")))
        })
    }
}

impl LineFile {
    /// Removes a broken line from the file's end; if that fails too, ends it, so that the next line stands alone.
    fn take_back(&mut self, torn: usize) {
        if torn == 0 {
            return;
        }
        let shortened = self.file.metadata().and_then(|meta| self.file.set_len(meta.len().saturating_sub(torn as u64)));
        if shortened.is_err() && self.file.write_all(b"\n").is_err() {
            // Both failed as the write did, whose error is reported.
        }
    }
}

fn join(batch: &[Line], buffer: &mut Vec<u8>) {
    /// What a burst may leave allocated.
    const KEPT: usize = 1024 * 1024;
    buffer.clear();
    buffer.shrink_to(KEPT);
    batch.iter().for_each(|line| buffer.extend_from_slice(line.bytes()));
}

/// How many whole lines the first `bytes` bytes hold, and how many bytes those are.
fn lines_within(batch: &[Line], bytes: usize) -> (usize, usize) {
    let mut whole = 0;
    for (index, line) in batch.iter().enumerate() {
        let next = whole + line.bytes().len();
        if next > bytes {
            return (index, whole);
        }
        whole = next;
    }
    (batch.len(), whole)
}

/// Writes everything, or tells how many bytes went out before the error.
fn write_all(out: &mut File, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut done = 0;
    while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
        match out.write(rest) {
            Ok(0) => return Err((done, io::ErrorKind::WriteZero.into())),
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Somebody made this stream non-blocking; its reader is slow. This thread has nothing else to do.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(Duration::from_millis(5)),
            Err(error) => return Err((done, error)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line::parse(format!("{{\"user\":\"{text}\"}}").as_bytes()).unwrap()
    }

    #[test]
    fn whole_lines_are_counted() {
        let batch = [line("a"), line("bb")];
        let first = batch[0].bytes().len();
        let all = first + batch[1].bytes().len();
        assert_eq!(lines_within(&batch, 0), (0, 0));
        assert_eq!(lines_within(&batch, first - 1), (0, 0));
        assert_eq!(lines_within(&batch, first), (1, first));
        assert_eq!(lines_within(&batch, all - 1), (1, first));
        assert_eq!(lines_within(&batch, all), (2, all));
    }

    #[test]
    fn a_torn_line_is_closed_when_the_file_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        std::fs::write(&path, "{\"user\":\"x\"}\n{\"user\":").unwrap();
        let mut sink = LineFile::open(&path).ok().unwrap();
        sink.write(&[line("y")], false).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"user\":\"x\"}\n{\"user\":\n{\"user\":\"y\"}\n");
    }

    #[test]
    fn a_file_that_is_no_log_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.db");
        std::fs::write(&path, "SQLite format 3").unwrap();
        assert!(matches!(LineFile::open(&path), Err(OpenError::Foreign)));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "SQLite format 3");
    }

    #[test]
    fn a_second_writer_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let first = LineFile::open(&path);
        assert!(matches!(LineFile::open(&path), Err(OpenError::InUse)));
        drop(first);
        assert!(LineFile::open(&path).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_is_its_owners_alone_and_links_are_not_followed() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        LineFile::open(&path).ok().unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let link = folder.path().join("link.jsonl");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(LineFile::open(&link), Err(OpenError::Io(_))));
        assert!(matches!(LineFile::open(folder.path()), Err(OpenError::Io(_))));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_device_fails_the_whole_batch() {
        let out = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut sink = LineStream { out, buffer: Vec::new() };
        let error = sink.write(&[line("a"), line("b")]).unwrap_err();
        assert_eq!(error.written, 0);
        assert!(error.source.to_string().contains("No space left"), "{}", error.source);
    }
}

//! The log on stdout: JSON lines, one write a batch.

use std::fs::File;
use std::io;
use std::time::Duration;

use crate::notice;
use crate::record::Line;
use crate::sink::{KEPT, Sink, WriteError};

/// Lines on a duplicate of the process's standard output, written explicitly and never through `println!`.
pub(crate) struct LineStream {
    out: File,
    buffer: Vec<u8>,
}

impl LineStream {
    /// Duplicates standard output.
    pub(crate) fn stdout() -> io::Result<Self> {
        let out = duplicate_stdout()?;
        if is_null(&out) {
            notice::say(format_args!(
                "standard output is closed, or is /dev/null: records that go there are kept nowhere"
            ));
        }
        Ok(Self { out, buffer: Vec::new() })
    }
}

/// Whether what is written there is gone. Where a process is started without a standard output, Rust's runtime puts
/// `/dev/null` in its place.
#[cfg(unix)]
fn is_null(out: &File) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let null = std::fs::metadata("/dev/null").map(|null| null.rdev());
    null.is_ok_and(|null| out.metadata().is_ok_and(|out| out.rdev() == null))
}

#[cfg(not(unix))]
fn is_null(_: &File) -> bool {
    false
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

fn join(batch: &[Line], buffer: &mut Vec<u8>) {
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
fn write_all(out: &mut impl io::Write, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
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

    /// A stream that takes a few bytes, if it is neither interrupted nor full.
    #[derive(Default)]
    struct Trickle {
        calls: usize,
        taken: Vec<u8>,
    }

    impl io::Write for Trickle {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.calls += 1;
            match self.calls % 3 {
                1 => Err(io::ErrorKind::Interrupted.into()),
                2 => Err(io::ErrorKind::WouldBlock.into()),
                _ => {
                    let count = bytes.len().min(7);
                    self.taken.extend_from_slice(&bytes[..count]);
                    Ok(count)
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stream_that_is_interrupted_or_full_is_gone_on_with() {
        let mut stream = Trickle::default();
        write_all(&mut stream, b"more than seven bytes\n").unwrap();
        assert_eq!(stream.taken, b"more than seven bytes\n");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_device_fails_the_whole_batch() {
        let out = File::options().write(true).open("/dev/full").unwrap();
        let mut sink = LineStream { out, buffer: Vec::new() };
        let error = sink.write(&[line("a"), line("b")]).unwrap_err();
        assert_eq!(error.written, 0);
        assert!(error.source.to_string().contains("No space left"), "{}", error.source);
    }
}

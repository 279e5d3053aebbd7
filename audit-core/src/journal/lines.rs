//! Whole lines of one file, in bounded memory.

use std::io;
use std::ops::Range;

use crate::journal::disk::Handle;

/// The longest line that is held; four times what `AUDIT_MAX_LINE_BYTES` may be set to.
pub(super) const MAX_LINE: usize = 1 << 20;
/// How much is read at once.
pub(super) const CHUNK: usize = 64 * 1024;

/// Reads a file line by line, and goes on where it was when the file has grown. Each call is given the same file.
#[derive(Debug)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    /// Where in the buffer the next line begins.
    start: usize,
    /// How many bytes behind `start` are known to hold no newline.
    searched: usize,
    /// Where in the file the buffer's byte at `start` stands.
    offset: u64,
    /// Whether the line's beginning was longer than may be held, and was let go.
    too_long: bool,
    /// Whether the last reading came to the file's end.
    at_end: bool,
    /// Whether something stood behind the last newline when the end was last seen.
    is_torn: bool,
}

/// What stands between two newlines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// A line with its newline; [`Lines::bytes`] has it until the next call.
    Line(Range<usize>),
    /// A line that is longer than may be held.
    TooLong,
}

impl Lines {
    pub(super) fn new(offset: u64) -> Self {
        Self { buffer: Vec::new(), start: 0, searched: 0, offset, too_long: false, at_end: false, is_torn: false }
    }

    /// Goes on at another place of the file.
    pub(super) fn rewind(&mut self, offset: u64) {
        self.buffer.clear();
        (self.start, self.searched, self.offset) = (0, 0, offset);
        (self.too_long, self.at_end) = (false, false);
    }

    /// Where the next line begins.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether the file went on behind the last newline when its end was last seen.
    pub(super) fn ends_within_a_line(&self) -> bool {
        self.is_torn
    }

    pub(super) fn bytes(&self, line: Range<usize>) -> &[u8] {
        self.buffer.get(line).unwrap_or_default()
    }

    /// The next line that has its newline; `None` at the end, where a later call goes on.
    pub(super) fn next(&mut self, file: &mut dyn Handle) -> io::Result<Option<Piece>> {
        let mut is_fresh = false;
        loop {
            let unsearched = self.buffer.get(self.start + self.searched..).unwrap_or_default();
            if let Some(newline) = unsearched.iter().position(|byte| *byte == b'\n') {
                let line = self.start..self.start + self.searched + newline + 1;
                self.start = line.end;
                let length = self.searched + newline + 1;
                self.searched = 0;
                self.offset += length as u64;
                let too_long = std::mem::take(&mut self.too_long) || length > MAX_LINE;
                return Ok(Some(if too_long { Piece::TooLong } else { Piece::Line(line) }));
            }
            self.searched += unsearched.len();
            if self.searched > MAX_LINE {
                self.too_long = true;
                self.offset += self.searched as u64;
                self.buffer.clear();
                (self.start, self.searched) = (0, 0);
            }
            if self.at_end {
                self.is_torn = self.too_long || self.start < self.buffer.len();
                // What has no newline yet may be taken back, and other bytes be written in its place: it is read again,
                // and in one piece.
                let too_long = self.too_long;
                self.rewind(self.offset);
                self.too_long = too_long;
                if std::mem::replace(&mut is_fresh, true) {
                    return Ok(None);
                }
            }
            self.fill(file)?;
        }
    }

    fn fill(&mut self, file: &mut dyn Handle) -> io::Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let old = self.buffer.len();
        self.buffer.resize(old + CHUNK, 0);
        let read = loop {
            match file.read_at(self.offset + old as u64, self.buffer.get_mut(old..).unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.buffer.truncate(old + read.as_ref().copied().unwrap_or_default());
        self.at_end = read? < CHUNK;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Seek as _, SeekFrom, Write as _};

    use super::*;

    fn texts(lines: &mut Lines, file: &mut File) -> Vec<String> {
        let mut texts = Vec::new();
        while let Some(piece) = lines.next(file).unwrap() {
            texts.push(match piece {
                Piece::Line(line) => String::from_utf8(lines.bytes(line).to_vec()).unwrap(),
                Piece::TooLong => "too long".to_owned(),
            });
            assert!(lines.buffer.capacity() <= 2 * (MAX_LINE + 2 * CHUNK), "{}", lines.buffer.capacity());
        }
        texts
    }

    #[test]
    fn a_line_comes_when_its_newline_does() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let (mut lines, mut read) = (Lines::new(0), file.reopen().unwrap());
        file.write_all(b"a\nbc").unwrap();
        assert_eq!(texts(&mut lines, &mut read), ["a\n"]);
        assert_eq!((lines.offset(), lines.ends_within_a_line()), (2, true));
        file.write_all(b"d\n\n").unwrap();
        assert_eq!(texts(&mut lines, &mut read), ["bcd\n", "\n"]);
        assert_eq!((lines.offset(), lines.ends_within_a_line()), (7, false));
        lines.rewind(2);
        assert_eq!(texts(&mut lines, &mut read), ["bcd\n", "\n"]);
        // What was seen without its newline is taken back, and more is written.
        file.write_all(b"torn").unwrap();
        assert_eq!(texts(&mut lines, &mut read), [""; 0]);
        file.as_file().set_len(7).unwrap();
        file.seek(SeekFrom::Start(7)).unwrap();
        file.write_all(b"efghi\n").unwrap();
        assert_eq!(texts(&mut lines, &mut read), ["efghi\n"]);
    }

    #[test]
    fn a_line_beyond_the_bound_is_not_held() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let (mut lines, mut read) = (Lines::new(0), file.reopen().unwrap());
        let long = "x".repeat(3 * MAX_LINE);
        let longest = "y".repeat(MAX_LINE - 1);
        write!(file, "a\n{long}\nb\n{longest}\n{longest}y\nc\n").unwrap();
        assert_eq!(
            texts(&mut lines, &mut read),
            ["a\n", "too long", "b\n", &format!("{longest}\n"), "too long", "c\n"]
        );
        assert_eq!(lines.offset(), file.as_file().metadata().unwrap().len());
        // Its beginning was let go before its end was there.
        file.write_all(long.as_bytes()).unwrap();
        assert!(texts(&mut lines, &mut read).is_empty());
        assert!(lines.ends_within_a_line());
        file.write_all(b"\nd\n").unwrap();
        assert_eq!(texts(&mut lines, &mut read), ["too long", "d\n"]);
    }
}

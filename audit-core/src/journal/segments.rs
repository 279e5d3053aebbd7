//! The files that a journal consists of, told by what they hold.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::journal::disk::directory_of;
use crate::journal::lines::{CHUNK, Lines, MAX_LINE, Piece};
use crate::journal::names::{is_of_another, may_be_segment};
use crate::journal::read::{ReadError, seq_of};
use crate::record::{Field, Line};

/// Tells a file from others, also after it was renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FileId(u64, u64);

impl FileId {
    #[cfg(unix)]
    pub(super) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self(metadata.dev(), metadata.ino())
    }

    /// Elsewhere the time of its creation does.
    #[cfg(not(unix))]
    pub(super) fn of(metadata: &Metadata) -> Self {
        let created = metadata.created().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let created = created.unwrap_or_default();
        Self(created.as_secs(), u64::from(created.subsec_nanos()))
    }
}

/// One file of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// The seq of its first line; `None` if an older version wrote that.
    pub(super) first: Option<u64>,
    /// The time that its first line says, which orders those without a seq.
    began: String,
    pub(super) path: PathBuf,
    pub(super) id: FileId,
}

/// The segments of a journal, oldest first. A file that vanishes meanwhile is left out.
pub(super) fn find(journal: &Path) -> Result<Vec<Segment>, ReadError> {
    let folder = directory_of(journal);
    let listed = |source| ReadError::List { path: folder.to_path_buf(), source };
    let mut segments = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(listed)? {
        let entry = entry.map_err(listed)?;
        let name = entry.file_name();
        let is_active = journal.file_name() == Some(&name);
        if !is_active && (!may_be_segment(journal, &name) || is_of_another(journal, &name, Path::exists)) {
            continue;
        }
        // Neither a link, which may lead anywhere, nor a pipe, which would be waited for.
        match entry.file_type() {
            Ok(kind) if kind.is_file() => {}
            Ok(_) => continue,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(source) => return Err(listed(source)),
        }
        segments.extend(examine(&entry.path())?);
    }
    segments.sort_by(|a, b| (a.first, &a.began, &a.path).cmp(&(b.first, &b.began, &b.path)));
    Ok(segments)
}

/// What a file is as a segment; `None` if it is none. A broken line at its start is passed over.
fn examine(path: &Path) -> Result<Option<Segment>, ReadError> {
    let Some(file) = open(path)? else { return Ok(None) };
    let failed = |source| ReadError::Read { path: path.to_path_buf(), source };
    let id = FileId::of(&file.metadata().map_err(failed)?);
    let mut lines = Lines::new(file, 0).map_err(failed)?;
    while lines.offset() <= MAX_LINE as u64 {
        match lines.next().map_err(failed)? {
            None => break,
            Some(Piece::TooLong) => {}
            Some(Piece::Line(range)) => {
                let bytes = lines.bytes(range);
                let Ok(line) = Line::parse(bytes) else { continue };
                let (first, began) = (seq_of(bytes), line.get(Field::Timestamp));
                if first.is_some() || began.is_some() {
                    let began = began.unwrap_or_default().into_owned();
                    return Ok(Some(Segment { first, began, path: path.to_path_buf(), id }));
                }
            }
        }
    }
    Ok(None)
}

/// Opens a file to read it; `None` if it is not there.
pub(super) fn open(path: &Path) -> Result<Option<File>, ReadError> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // Not blocking, or a pipe that took the file's place would be waited for.
        options.custom_flags(libc::O_NONBLOCK);
    }
    match options.open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ReadError::Open { path: path.to_path_buf(), source }),
    }
}

/// Where the first line stands whose seq is above `after`, and its seq; `None` if there is none yet. Reads about as often
/// as the file's length can be halved.
pub(super) fn seek(file: &File, after: u64) -> io::Result<Option<(u64, u64)>> {
    let mut low = 0;
    let mut high = file.metadata()?.len();
    while high.saturating_sub(low) > CHUNK as u64 {
        let middle = low + (high - low) / 2;
        match first_numbered(file, middle, high)? {
            Some((_, end, seq)) if seq <= after => low = end,
            _ => high = middle,
        }
    }
    let mut lines = Lines::new(file.try_clone()?, low)?;
    loop {
        let start = lines.offset();
        match lines.next()? {
            None => return Ok(None),
            Some(Piece::TooLong) => {}
            Some(Piece::Line(range)) => match seq_of(lines.bytes(range)) {
                Some(seq) if seq > after => return Ok(Some((start, seq))),
                _ => {}
            },
        }
    }
}

/// The first line with a seq that begins behind `from`, where a line may be under way, and before `to`: start, end, seq.
fn first_numbered(file: &File, from: u64, to: u64) -> io::Result<Option<(u64, u64, u64)>> {
    let mut lines = Lines::new(file.try_clone()?, from)?;
    if lines.next()?.is_none() {
        return Ok(None);
    }
    loop {
        let start = lines.offset();
        if start >= to {
            return Ok(None);
        }
        match lines.next()? {
            None => return Ok(None),
            Some(Piece::TooLong) => {}
            Some(Piece::Line(range)) => {
                if let Some(seq) = seq_of(lines.bytes(range)) {
                    return Ok(Some((start, lines.offset(), seq)));
                }
            }
        }
    }
}

/// The seq of the last whole line that has one; read from the file's end.
pub(super) fn last_numbered(file: &File) -> io::Result<Option<u64>> {
    let mut from = file.metadata()?.len();
    let mut step = CHUNK as u64;
    loop {
        from = from.saturating_sub(step);
        let mut lines = Lines::new(file.try_clone()?, from)?;
        // Within a line, most likely.
        let mut last = None;
        let mut is_whole = from == 0;
        while let Some(piece) = lines.next()? {
            if let (true, Piece::Line(range)) = (std::mem::replace(&mut is_whole, true), piece) {
                last = seq_of(lines.bytes(range)).or(last);
            }
        }
        if last.is_some() || from == 0 {
            return Ok(last);
        }
        step = step.saturating_mul(2);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn numbered(seq: u64, pad: usize) -> String {
        format!("{{\"user\":\"{}\",\"seq\":{seq}}}\n", "x".repeat(pad))
    }

    #[test]
    fn segments_are_told_by_what_they_hold_and_ordered_by_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        put("audit.jsonl", &numbered(30, 0));
        put("audit.jsonl.1", &numbered(20, 0));
        put("audit.jsonl.00000000000000000005", &numbered(5, 0));
        // A broken first line does not hide what follows.
        put("audit.jsonl-20261126", &numbered(1, 0));
        put("audit.jsonl.broken", &format!("{{\"user\":\n{}", numbered(12, 0)));
        put("audit.jsonl.old", "{\"timestamp\":\"2026-01-02\"}\n");
        put("audit.jsonl.older", "{\"timestamp\":\"2026-01-01\",\"data\":{\"seq\":7}}\n");
        for end in crate::journal::names::NO_SEGMENTS {
            put(&format!("audit.jsonl.99{end}"), &numbered(99, 0));
        }
        put("audit.jsonl.conf", "{\"rotate\":true}\n");
        put("audit.jsonl.empty", "");
        put("audit.jsonl.half", "{\"user\":\"x\",\"seq\":4}");
        put("other.jsonl", &numbered(99, 0));
        fs::create_dir(folder.path().join("audit.jsonl.d")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&path, folder.path().join("audit.jsonl.link")).unwrap();

        let found: Vec<_> = find(&path).unwrap();
        let names: Vec<_> = found.iter().map(|segment| segment.path.extension().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["older", "old", "00000000000000000005", "broken", "1", "jsonl"]);
        assert_eq!(
            found.iter().map(|segment| segment.first).collect::<Vec<_>>(),
            [None, None, Some(5), Some(12), Some(20), Some(30)]
        );
    }

    #[test]
    fn a_place_is_found_in_a_long_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut text = "{\"user\":\"old\"}\n".repeat(20_000);
        let mut starts = Vec::new();
        for seq in 1..=3_000 {
            if seq % 500 == 0 {
                text.push_str("not a record\n");
            }
            starts.push(text.len() as u64);
            text.push_str(&numbered(2 * seq, usize::try_from(seq * 7 % 600).unwrap()));
        }
        text.push_str("{\"user\":\"incomplete\",\"seq\":9999}");
        fs::write(file.path(), &text).unwrap();
        for seq in 1..=3_000_u64 {
            let expected = Some((starts[usize::try_from(seq - 1).unwrap()], 2 * seq));
            assert_eq!(seek(file.as_file(), 2 * seq - 1).unwrap(), expected);
            assert_eq!(seek(file.as_file(), 2 * seq - 2).unwrap(), expected);
        }
        assert_eq!(seek(file.as_file(), 6_000).unwrap(), None);
        assert_eq!(last_numbered(file.as_file()).unwrap(), Some(6_000));
    }

    #[test]
    fn the_last_seq_is_found_behind_much_that_has_none() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), numbered(7, 0) + &"{\"user\":\"old\"}\n".repeat(50_000)).unwrap();
        assert_eq!(last_numbered(file.as_file()).unwrap(), Some(7));
        fs::write(file.path(), "{\"user\":\"old\"}\n").unwrap();
        assert_eq!(last_numbered(file.as_file()).unwrap(), None);
    }
}

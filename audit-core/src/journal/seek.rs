//! Places within a segment, found without reading all of it.

use std::io;

use crate::journal::disk::Handle;
use crate::journal::lines::{CHUNK, Lines, Piece};
use crate::journal::seq::seq_of;

/// Where the first line stands whose seq is above `after`, and its seq; `None` if there is none yet. Reads about as often
/// as the file's length can be halved.
pub(super) fn seek(file: &mut dyn Handle, after: u64) -> io::Result<Option<(u64, u64)>> {
    let mut low = 0;
    let mut high = file.stat()?.length;
    while high.saturating_sub(low) > CHUNK as u64 {
        let middle = low + (high - low) / 2;
        match first_numbered(file, middle, high)? {
            Some((_, end, seq)) if seq <= after => low = end,
            _ => high = middle,
        }
    }
    let mut lines = Lines::new(low);
    loop {
        let start = lines.offset();
        match lines.next(file)? {
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
fn first_numbered(file: &mut dyn Handle, from: u64, to: u64) -> io::Result<Option<(u64, u64, u64)>> {
    let mut lines = Lines::new(from);
    if lines.next(file)?.is_none() {
        return Ok(None);
    }
    loop {
        let start = lines.offset();
        if start >= to {
            return Ok(None);
        }
        match lines.next(file)? {
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

/// The whole line of a seq, with its newline; `None` if it is not there.
pub(super) fn line_of(file: &mut dyn Handle, seq: u64) -> io::Result<Option<Vec<u8>>> {
    let Some((offset, _)) = seek(file, seq.saturating_sub(1))?.filter(|(_, found)| *found == seq) else {
        return Ok(None);
    };
    let mut lines = Lines::new(offset);
    Ok(match lines.next(file)? {
        Some(Piece::Line(range)) => Some(lines.bytes(range).to_vec()),
        Some(Piece::TooLong) | None => None,
    })
}

/// What the end of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ending {
    /// The seq of the last whole line that has one.
    pub(super) last: u64,
    /// The greatest seq of the lines that were looked at: somebody may have written behind ours.
    pub(super) greatest: u64,
}

/// How a file ends, as its last lines with a seq say it; `None` if it has none. Read from the file's end.
pub(super) fn ending(file: &mut dyn Handle) -> io::Result<Option<Ending>> {
    let mut from = file.stat()?.length;
    let mut step = CHUNK as u64;
    loop {
        from = from.saturating_sub(step);
        let mut lines = Lines::new(from);
        // Within a line, most likely.
        let mut ending: Option<Ending> = None;
        let mut is_whole = from == 0;
        while let Some(piece) = lines.next(file)? {
            if let (true, Piece::Line(range)) = (std::mem::replace(&mut is_whole, true), piece) {
                let Some(last) = seq_of(lines.bytes(range)) else { continue };
                ending = Some(Ending { last, greatest: ending.map_or(last, |before| before.greatest.max(last)) });
            }
        }
        if ending.is_some() || from == 0 {
            return Ok(ending);
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

    fn last_numbered(file: &mut fs::File) -> Option<u64> {
        ending(file).unwrap().map(|ending| ending.last)
    }

    #[test]
    fn a_place_is_found_in_a_long_file() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
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
            assert_eq!(seek(file.as_file_mut(), 2 * seq - 1).unwrap(), expected);
            assert_eq!(seek(file.as_file_mut(), 2 * seq - 2).unwrap(), expected);
        }
        assert_eq!(seek(file.as_file_mut(), 6_000).unwrap(), None);
        assert_eq!(last_numbered(file.as_file_mut()), Some(6_000));
        let line = line_of(file.as_file_mut(), 2_222).unwrap();
        assert_eq!(line.map(String::from_utf8), Some(Ok(numbered(2_222, 1_111 * 7 % 600))));
        assert_eq!(line_of(file.as_file_mut(), 2_223).unwrap(), None);
    }

    #[test]
    fn the_last_seq_is_found_behind_much_that_has_none() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), numbered(7, 0) + &"{\"user\":\"old\"}\n".repeat(50_000)).unwrap();
        assert_eq!(last_numbered(file.as_file_mut()), Some(7));
        fs::write(file.path(), "{\"user\":\"old\"}\n").unwrap();
        assert_eq!(last_numbered(file.as_file_mut()), None);
        fs::write(file.path(), numbered(7, 0) + &numbered(9, 0) + &numbered(3, 0)).unwrap();
        assert_eq!(ending(file.as_file_mut()).unwrap(), Some(Ending { last: 3, greatest: 9 }));
    }
}

//! The ends of segments: the last record of a file, and from where on it holds none.

use std::io::{self, BufRead as _, BufReader};

use crate::journal::disk::{Handle, Part};
use crate::journal::seq::last_member;

/// How much of a segment's end is looked at; what a crash can have spoilt is far less.
const LOOKED_AT: u64 = 64 << 20;

/// Whether a line, without its newline, can be a record at all.
fn is_braced(line: &[u8]) -> bool {
    line.starts_with(b"{") && line.ends_with(b"}")
}

/// What the end of a segment holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tail {
    /// Where the last record ends; behind it stands nothing, or what is torn.
    pub(super) end: u64,
    /// The seq of the last record; `None` when there is no record with one.
    pub(super) last: Option<u64>,
    /// The first seq that was met; that of the segment, unless its beginning was not looked at.
    pub(super) first: Option<u64>,
}

/// Finds where the records of a segment end.
///
/// A crash leaves a line that breaks off, and a power cut also NUL bytes in place of what was not written yet. From the
/// first such line on nothing counts, for what was written after it was not synced either. Lines that others put
/// between records are passed over: the records after them go on where those before them ended, so nothing is missing.
pub(super) fn scan(handle: &mut dyn Handle, length: u64) -> io::Result<Tail> {
    let start = length.saturating_sub(LOOKED_AT);
    let mut reader = BufReader::with_capacity(64 << 10, Part { handle, at: start, end: length });
    let mut at = start;
    let mut line = Vec::new();
    if start > 0 {
        // The window begins within a line.
        at += reader.read_until(b'\n', &mut line)? as u64;
    }
    let mut tail = Tail { end: at, last: None, first: None };
    let mut ends_well = true;
    let mut has_holes = false;
    let mut last_line = at..at;
    loop {
        line.clear();
        let count = reader.read_until(b'\n', &mut line)? as u64;
        if count == 0 {
            break;
        }
        let begin = at;
        at += count;
        let Some(text) = line.strip_suffix(b"\n") else { break };
        has_holes |= text.contains(&0);
        // Behind a hole that no record stands before, nothing shows how much is missing.
        let is_behind_hole = has_holes && tail.last.is_none();
        if is_behind_hole || text.contains(&0) || !is_record(text, tail.last, ends_well) {
            ends_well = false;
            continue;
        }
        ends_well = true;
        tail.end = at;
        last_line = begin..at;
        if let Some(seq) = last_member(text) {
            tail.last = Some(seq);
            tail.first = tail.first.or(tail.last);
        }
    }
    drop(reader);
    check_last(handle, tail, last_line)
}

/// Whether a line goes on where the records before it ended.
fn is_record(line: &[u8], last: Option<u64>, after_record: bool) -> bool {
    match (last_member(line), last) {
        // Somebody's text may stand before it on the line; it is whole, for the seq is the last that is written of it.
        (Some(seq), Some(last)) if seq == last + 1 => true,
        // Numbers may be missing where records are: the segment was truncated, and a record tells of it.
        (Some(seq), Some(last)) => after_record && seq > last && is_braced(line),
        (Some(_), None) => is_braced(line),
        // Older versions wrote no seq.
        (None, None) => is_braced(line),
        (None, Some(_)) => false,
    }
}

/// Of the last record every byte must be right; of those before it, the records after them show it.
fn check_last(handle: &mut dyn Handle, tail: Tail, line: std::ops::Range<u64>) -> io::Result<Tail> {
    use std::io::Read as _;
    if line.is_empty() {
        return Ok(tail);
    }
    let mut text = Vec::new();
    Part { handle, at: line.start, end: line.end }.read_to_end(&mut text)?;
    if serde_json::from_slice::<serde::de::IgnoredAny>(&text).is_ok() || !text.starts_with(b"{") {
        return Ok(tail);
    }
    let last = tail.last.filter(|last| Some(*last) != tail.first).map(|last| last - 1);
    Ok(Tail { end: line.start, last, first: tail.first.filter(|_| last.is_some()) })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn scanned(text: &str) -> (usize, Option<u64>) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let tail = scan(&mut file, text.len() as u64).unwrap();
        (usize::try_from(tail.end).unwrap(), tail.last)
    }

    #[test]
    fn what_is_torn_begins_after_the_last_record() {
        const ONE: &str = "{\"a\":1,\"seq\":1}\n";
        const TWO: &str = "{\"a\":1,\"seq\":2}\n";
        const THREE: &str = "{\"a\":1,\"seq\":3}\n";
        const FIVE: &str = "{\"a\":1,\"seq\":5}\n";
        let whole = ONE.len();
        for (text, records, last) in [
            ("", 0, None),
            (ONE, 1, Some(1)),
            ("{\"a\":1,\"se", 0, None),
            (&format!("{ONE}{}", TWO.trim_end()), 1, Some(1)),
            (&format!("{ONE}\0\0\0\0"), 1, Some(1)),
            (&format!("{ONE}{{\"a\":\0\0\0\0,\"seq\":2}}\n{THREE}"), 1, Some(1)),
            (&format!("{{\"a\":\0\0\0\0\n{TWO}{THREE}"), 0, None),
            (&format!("{ONE}{{\"a\":1:2,\"seq\":2}}\n"), 1, Some(1)),
            (&format!("{ONE}buy milk\n"), 1, Some(1)),
            (&format!("{ONE}{TWO}{FIVE}"), 3, Some(5)),
            (&format!("{ONE}{TWO}{ONE}"), 2, Some(2)),
            (&format!("{ONE}{{\"a\":1}}\n"), 1, Some(1)),
            (&format!("{ONE}torn\n{FIVE}"), 1, Some(1)),
        ] {
            assert_eq!(scanned(text), (records * whole, last), "{text:?}");
        }
        // What others wrote between records took none away.
        let text = format!("{ONE}buy milk\n{TWO}buy {THREE}");
        assert_eq!(scanned(&text), (text.len(), Some(3)));
        // Older versions wrote no seq, and closed a torn line with a newline.
        let text = format!("{{\"a\":1}}\n{{\"a\":\n{{\"b\":1}}\n{ONE}");
        assert_eq!(scanned(&text), (text.len(), Some(1)));
        assert_eq!(scanned("{\"a\":1}\n{\"b\""), (8, None));
    }
}

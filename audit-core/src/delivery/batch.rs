//! Records in a queue, and on their way to one writer.

use std::ops::Range;

use crate::record::Line;
use crate::sink::KEPT;

/// The records of one queue, in order, as its writer takes them.
pub(crate) enum Records {
    Lines(Vec<Line>),
    /// Their bytes, copied one behind the other, and where each ends. A line that were freed by another thread than made
    /// it would have both wait for the allocator, which costs more than the copy.
    Bytes {
        bytes: Vec<u8>,
        ends: Vec<usize>,
    },
}

impl Records {
    /// None yet.
    pub(crate) fn new(are_bytes: bool) -> Self {
        if are_bytes { Self::Bytes { bytes: Vec::new(), ends: Vec::new() } } else { Self::Lines(Vec::new()) }
    }

    pub(crate) fn push(&mut self, line: &Line) {
        match self {
            Self::Lines(lines) => lines.push(line.clone()),
            Self::Bytes { bytes, ends } => {
                bytes.extend_from_slice(line.bytes());
                ends.push(bytes.len());
            }
        }
    }

    /// Leaves nothing but memory.
    pub(crate) fn clear(&mut self) {
        match self {
            Self::Lines(lines) => lines.clear(),
            Self::Bytes { bytes, ends } => {
                bytes.clear();
                bytes.shrink_to(KEPT);
                ends.clear();
                ends.shrink_to(KEPT / size_of::<usize>());
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Lines(lines) => lines.len(),
            Self::Bytes { ends, .. } => ends.len(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them.
    pub(crate) fn batch(&self) -> Batch<'_> {
        match self {
            Self::Lines(lines) => Batch::Lines(lines),
            Self::Bytes { bytes, ends } => Batch::Bytes { bytes, ends, start: 0 },
        }
    }
}

/// Some of them, one after the other.
#[derive(Clone, Copy)]
pub(crate) enum Batch<'a> {
    Lines(&'a [Line]),
    Bytes {
        bytes: &'a [u8],
        ends: &'a [usize],
        /// Where the first begins.
        start: usize,
    },
}

impl<'a> Batch<'a> {
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Lines(lines) => lines.len(),
            Self::Bytes { ends, .. } => ends.len(),
        }
    }

    pub(crate) fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// How many bytes they have together.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::Lines(lines) => lines.iter().map(|line| line.bytes().len()).sum(),
            Self::Bytes { ends, start, .. } => ends.last().map_or(0, |end| end - start),
        }
    }

    /// Those at `range`, as far as there are any.
    pub(crate) fn part(self, range: Range<usize>) -> Self {
        let range = range.start.min(self.len())..range.end.min(self.len());
        match self {
            Self::Lines(lines) => Self::Lines(lines.get(range).unwrap_or_default()),
            Self::Bytes { bytes, ends, start } => {
                let start = range.start.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(start);
                Self::Bytes { bytes, ends: ends.get(range).unwrap_or_default(), start }
            }
        }
    }

    /// The bytes of each.
    pub(crate) fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        let mut before = if let Self::Bytes { start, .. } = self { start } else { 0 };
        (0..self.len()).map_while(move |index| match self {
            Self::Lines(lines) => lines.get(index).map(Line::bytes),
            Self::Bytes { bytes, ends, .. } => {
                let end = *ends.get(index)?;
                bytes.get(std::mem::replace(&mut before, end)..end)
            }
        })
    }
}

impl<'a> From<&'a [Line]> for Batch<'a> {
    fn from(lines: &'a [Line]) -> Self {
        Self::Lines(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_give_the_same_records_in_every_part() {
        let lines: Vec<Line> =
            ["{}", r#"{"user":"ana"}"#, r#"{"a":1}"#].map(|text| Line::parse(text.as_bytes()).unwrap()).to_vec();
        let (mut whole, mut bytes) = (Records::new(false), Records::new(true));
        for line in &lines {
            whole.push(line);
            bytes.push(line);
        }
        for start in 0..=4 {
            for end in start..=4 {
                let (one, other) = (whole.batch().part(start..end), bytes.batch().part(start..end));
                let expected: Vec<&[u8]> = lines.iter().take(end).skip(start).map(Line::bytes).collect();
                assert_eq!(one.iter().collect::<Vec<_>>(), expected, "{start}..{end}");
                assert_eq!(other.iter().collect::<Vec<_>>(), expected, "{start}..{end}");
                assert_eq!((one.len(), one.size()), (other.len(), other.size()));
                assert_eq!(other.size(), expected.concat().len());
                // A part of a part.
                assert_eq!(other.part(1..9).iter().collect::<Vec<_>>(), expected.get(1..).unwrap_or_default());
            }
        }
        bytes.clear();
        assert!(bytes.is_empty() && bytes.batch().iter().next().is_none());
        bytes.push(&lines[1]);
        assert_eq!(bytes.batch().iter().collect::<Vec<_>>(), [lines[1].bytes()]);
    }
}

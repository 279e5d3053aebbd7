//! Where a walk through the store has come to.

use std::fmt;
use std::str::FromStr;

/// The form of a cursor's text, its first byte.
const VERSION: u8 = 1;
/// Version, time, id and filter.
const BYTES: usize = 1 + 8 + 8 + 8;

/// A place in the order of a store's records, from which a query goes on.
///
/// Its text ([`Display`](fmt::Display), [`FromStr`]) is opaque: 50 letters and digits, fit for a URL. It names the
/// last record that was looked at and the filter that it was looked for with; a query with another filter refuses it.
/// It holds no secret, gives no right, and grants no more than its filter does: a forged one only starts elsewhere.
/// It stays valid across restarts; an upgrade may refuse the cursors of an older version, never misread them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    pub(crate) position: Position,
    pub(crate) filter: u64,
}

/// A record's place: newest first by `(time, id)`, and those without a time after all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) time: Option<i64>,
    pub(crate) id: i64,
}

/// Why a cursor was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CursorError {
    /// The text is not a cursor: cut, altered, or something else.
    #[error("cursor is not one that a query returned")]
    Malformed,
    /// The text has the form of another version of this crate.
    #[error("cursor has version {found}; expected {VERSION}: start again without one")]
    Version {
        /// The version that the text says it has.
        found: u8,
    },
    /// The cursor was returned by a query with another filter.
    #[error("cursor belongs to a query with another filter: start again without one")]
    OtherFilter,
}

/// Stands for "no time" in a cursor's text; four hundred times further back than RFC 3339 reaches.
const NO_TIME: i64 = i64::MIN;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.position.time.unwrap_or(NO_TIME);
        write!(f, "{VERSION:02x}{time:016x}{:016x}{:016x}", self.position.id, self.filter)
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let mut rest = text;
        let found = u8::try_from(take(&mut rest, 2)?).map_err(|_| CursorError::Malformed)?;
        if found != VERSION {
            return Err(CursorError::Version { found });
        }
        if text.len() != 2 * BYTES {
            return Err(CursorError::Malformed);
        }
        let time = take(&mut rest, 16)?.cast_signed();
        let id = take(&mut rest, 16)?.cast_signed();
        let filter = take(&mut rest, 16)?;
        Ok(Self { position: Position { time: (time != NO_TIME).then_some(time), id }, filter })
    }
}

/// Takes a number of so many lower-case hexadecimal digits off the front: one cursor has one text.
fn take(rest: &mut &str, digits: usize) -> Result<u64, CursorError> {
    let (number, after) = rest.split_at_checked(digits).ok_or(CursorError::Malformed)?;
    if !number.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(CursorError::Malformed);
    }
    *rest = after;
    u64::from_str_radix(number, 16).map_err(|_| CursorError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back() {
        for time in [Some(0), Some(-1), Some(1_795_000_000_000_000), Some(i64::MAX), None] {
            for id in [0, 1, i64::MAX] {
                let cursor = Cursor { position: Position { time, id }, filter: 0xfedc_ba98_7654_3210 };
                let text = cursor.to_string();
                assert_eq!(text.len(), 50);
                assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{text}");
                assert_eq!(text.parse(), Ok(cursor));
            }
        }
    }

    #[test]
    fn what_is_not_a_cursor_is_refused() {
        let good = Cursor { position: Position { time: Some(171), id: 171 }, filter: 171 }.to_string();
        for bad in [
            "",
            "0",
            "01",
            "next",
            "ä",
            good.strip_suffix('b').unwrap(),
            &format!("{good}0"),
            &good.replace("ab", "AB"),
            &good.replace("ab", "+b"),
            &good.replace("ab", "ä"),
        ] {
            assert_eq!(bad.parse::<Cursor>(), Err(CursorError::Malformed), "{bad:?}");
        }
        assert_eq!(good.replacen("01", "02", 1).parse::<Cursor>(), Err(CursorError::Version { found: 2 }));
    }
}

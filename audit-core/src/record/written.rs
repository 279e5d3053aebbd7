//! A value of the application as JSON, no more of it than can be held.
//!
//! Reading stops a little above the bound on what one event holds: a value that serialises to megabytes costs neither
//! their writing nor their redaction. How long it would have been is therefore not known; what was read of it is.

use std::fmt;
use std::io;

use serde::Serialize;

use crate::raw::Raw;
use crate::record::json::write_str_content;

/// What one event holds of its handlers' fields; a record holds less.
pub(crate) const HELD: usize = 256 * 1024;

/// Where reading stops.
const ENOUGH: usize = HELD + 4 * 1024;

/// JSON that is not redacted yet.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) json: Raw<Vec<u8>>,
    /// It is the beginning of a document, which may end anywhere but within a character.
    pub(crate) cut: bool,
}

impl Written {
    /// The value as it serialises; one that refuses says so in its place.
    pub(crate) fn serialised(value: &(impl Serialize + ?Sized)) -> Self {
        let mut room = Room::default();
        let written = value.serialize(&mut serde_json::Serializer::new(&mut room));
        match written {
            Err(error) if !room.is_full => Self::text(&format!("[not serialisable: {error}]")),
            Ok(()) | Err(_) => room.finish(),
        }
    }

    /// The value as a string.
    pub(crate) fn formatted(value: fmt::Arguments<'_>) -> Result<Self, fmt::Error> {
        let mut room = Room::default();
        room.json.push(b'"');
        let written = fmt::Write::write_fmt(&mut room, value);
        if !room.is_full {
            written?;
            room.json.push(b'"');
        }
        Ok(room.finish())
    }

    /// A text of our own.
    pub(crate) fn text(text: &str) -> Self {
        Self::formatted(format_args!("{text}")).expect("a text lets itself be written")
    }
}

/// Takes what is written until there is enough.
#[derive(Default)]
struct Room {
    json: Vec<u8>,
    is_full: bool,
}

impl Room {
    fn finish(mut self) -> Written {
        if let Err(error) = std::str::from_utf8(&self.json) {
            self.json.truncate(error.valid_up_to());
        }
        Written { json: Raw::new(self.json), cut: self.is_full }
    }

    fn left(&self) -> usize {
        if self.is_full { 0 } else { ENOUGH.saturating_sub(self.json.len()) }
    }
}

impl io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let fits = bytes.get(..self.left()).unwrap_or(bytes);
        self.json.extend_from_slice(fits);
        if fits.len() < bytes.len() {
            self.is_full = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Write for Room {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let left = self.left();
        let fits = crate::exchange::cut_at_char(text, left);
        write_str_content(&mut self.json, fits);
        if fits.len() < text.len() {
            self.is_full = true;
            return Err(fmt::Error);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde::ser::SerializeSeq as _;

    use super::*;

    /// Counts how much of itself was asked for.
    struct Endless(Cell<usize>);

    impl Serialize for Endless {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut list = serializer.serialize_seq(None)?;
            loop {
                self.0.set(self.0.get() + 1);
                list.serialize_element("ä")?;
            }
        }
    }

    impl fmt::Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            loop {
                self.0.set(self.0.get() + 1);
                f.write_str("\"ä")?;
            }
        }
    }

    #[test]
    fn what_has_no_end_is_cut() {
        let endless = Endless(Cell::new(0));
        let serialised = Written::serialised(&endless);
        let formatted = Written::formatted(format_args!("{endless}")).expect("it is cut, and no error");
        for written in [serialised, formatted] {
            assert!(written.cut);
            let json = written.json.unredacted();
            assert!((HELD..=ENOUGH + 8).contains(&json.len()), "{}", json.len());
            assert!(std::str::from_utf8(json).is_ok());
        }
        assert!(endless.0.get() < ENOUGH);
    }

    #[test]
    fn what_fits_is_whole() {
        let whole =
            |written: Written| (String::from_utf8(written.json.unredacted().clone()).expect("text"), written.cut);
        assert_eq!(whole(Written::serialised(&[1, 2])), ("[1,2]".to_owned(), false));
        assert_eq!(whole(Written::text("a\"b")), ("\"a\\\"b\"".to_owned(), false));
    }
}

//! Text that comes in pieces which may end anywhere, also inside a character.

use super::content_type::Reason;

/// The beginning of a character whose end is to come.
#[derive(Clone, Copy, Default)]
pub(super) struct Characters {
    bytes: [u8; 4],
    length: usize,
}

impl Characters {
    /// Whether the last piece ended inside a character.
    pub(super) fn is_inside(&self) -> bool {
        self.length > 0
    }

    /// Hands on what is whole of the text so far, if anything is.
    pub(super) fn split(
        &mut self,
        mut chunk: &[u8],
        mut then: impl FnMut(&str) -> Result<(), Reason>,
    ) -> Result<(), Reason> {
        while self.length > 0 {
            let Some((&byte, rest)) = chunk.split_first() else { return Ok(()) };
            let Some(place) = self.bytes.get_mut(self.length) else { return Err(Reason::NotUtf8) };
            *place = byte;
            self.length += 1;
            chunk = rest;
            match std::str::from_utf8(self.bytes.get(..self.length).unwrap_or_default()) {
                Ok(character) => {
                    self.length = 0;
                    then(character)?;
                }
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(Reason::NotUtf8),
            }
        }
        match std::str::from_utf8(chunk) {
            Ok("") => Ok(()),
            Ok(text) => then(text),
            Err(error) => {
                let (valid, rest) = chunk.split_at(error.valid_up_to());
                if !valid.is_empty() {
                    then(std::str::from_utf8(valid).map_err(|_| Reason::NotUtf8)?)?;
                }
                match (error.error_len(), self.bytes.get_mut(..rest.len())) {
                    (None, Some(place)) => {
                        place.copy_from_slice(rest);
                        self.length = rest.len();
                        Ok(())
                    }
                    _ => Err(Reason::NotUtf8),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(bytes: &[u8], size: usize) -> Result<String, Reason> {
        let mut characters = Characters::default();
        let mut text = String::new();
        for chunk in bytes.chunks(size) {
            characters.split(chunk, |piece| {
                text.push_str(piece);
                Ok(())
            })?;
        }
        if characters.is_inside() { Err(Reason::CutShort) } else { Ok(text) }
    }

    #[test]
    fn text_is_the_same_in_any_pieces() {
        let text = "aé€😀\u{feff}z";
        for size in 1..=text.len() {
            assert_eq!(joined(text.as_bytes(), size).as_deref(), Ok(text), "{size}");
            assert_eq!(joined(b"ok\xff", size), Err(Reason::NotUtf8), "{size}");
            assert_eq!(joined(b"ok\xf0\x9f\x41x", size), Err(Reason::NotUtf8), "{size}");
            assert_eq!(joined(b"ok\xed\xa0\x80", size), Err(Reason::NotUtf8), "{size}");
            assert_eq!(joined(b"ok\xe2\x82", size), Err(Reason::CutShort), "{size}");
        }
    }

    #[test]
    fn what_comes_before_an_error_is_handed_on() {
        let mut text = String::new();
        let told = Characters::default().split(b"abc\xff", |piece| {
            text.push_str(piece);
            Err(Reason::NotJson)
        });
        assert_eq!((text.as_str(), told), ("abc", Err(Reason::NotJson)));
    }
}

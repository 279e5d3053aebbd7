//! Reads what is not written: whether it is JSON, and where it ends.

use super::lexer::{self, Number, Text};
use super::{Document, Expect, Partial, Refusal};
use crate::redact::steps;

impl Document {
    /// Reads on until what is skipped ends, or the piece does.
    pub(super) fn skip(&mut self, bytes: &[u8], mut at: usize) -> Result<usize, Refusal> {
        let floor = self.frames.len();
        let mut open = self.open;
        let mut expect = self.expect;
        let mut partial = Partial::None;
        while let Some(&byte) = bytes.get(at) {
            steps::count(0);
            match (expect, byte) {
                (Expect::Value | Expect::ValueOrClose, b'-' | b'0'..=b'9') => {
                    let mut state = Number::Start;
                    let Some(end) = lexer::number(bytes, at, &mut state)? else {
                        partial = Partial::Number(state);
                        at = bytes.len();
                        break;
                    };
                    at = end;
                    expect = Expect::CommaOrClose;
                }
                (Expect::CommaOrClose, b',') => {
                    expect = if open.in_object() { Expect::Key } else { Expect::Value };
                    at += 1;
                }
                (_, b' ' | b'\t' | b'\n' | b'\r') => at += 1,
                (Expect::Value | Expect::ValueOrClose | Expect::Key | Expect::KeyOrClose, b'"') => {
                    let mut state = Text::default();
                    let Some(end) = lexer::text(bytes, at + 1, &mut state)? else {
                        partial = Partial::Text(state);
                        at = bytes.len();
                        break;
                    };
                    at = end + 1;
                    let is_key = matches!(expect, Expect::Key | Expect::KeyOrClose);
                    expect = if is_key { Expect::Colon } else { Expect::CommaOrClose };
                }
                (Expect::Colon, b':') => {
                    expect = Expect::Value;
                    at += 1;
                }
                (Expect::CommaOrClose, b'}' | b']') | (Expect::KeyOrClose, b'}') | (Expect::ValueOrClose, b']') => {
                    open.pop(byte == b'}')?;
                    expect = Expect::CommaOrClose;
                    at += 1;
                    if open.depth == floor {
                        if floor == 0 {
                            expect = Expect::End;
                        }
                        break;
                    }
                }
                (Expect::Value | Expect::ValueOrClose, b'{' | b'[') => {
                    open.push(byte == b'{')?;
                    expect = if byte == b'{' { Expect::KeyOrClose } else { Expect::ValueOrClose };
                    at += 1;
                }
                (Expect::Value | Expect::ValueOrClose, _) => {
                    let word = lexer::literal_of(byte).ok_or(Refusal::Invalid)?;
                    let mut done = 0;
                    let Some(end) = lexer::literal(bytes, at, word, &mut done)? else {
                        partial = Partial::Literal { word, done };
                        at = bytes.len();
                        break;
                    };
                    at = end;
                    expect = Expect::CommaOrClose;
                }
                _ => return Err(Refusal::Invalid),
            }
        }
        (self.open, self.expect, self.partial) = (open, expect, partial);
        Ok(at)
    }
}

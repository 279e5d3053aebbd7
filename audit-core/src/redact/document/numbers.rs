//! Lists of numbers under the name of a geometry: they go, and most of a map is made of them.
//!
//! While nothing but numbers and lists has come, nothing is written; what came is held, as much of it as may be shown,
//! for the case that something else comes yet.

use super::frame::{Frame, Place};
use super::lexer::{self, Number};
use super::{Document, Expect, MAX_DEPTH, Partial, Refusal};
use crate::record::json;
use crate::redact::page::{Page, is_readable};
use crate::redact::steps;

/// The outermost list of numbers that is open; where it stands is the document's `place`, what of it came in earlier
/// pieces its `tail`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Region {
    numbers: usize,
    /// How long it is without the number that was interrupted.
    whole: usize,
    length: usize,
}

/// Two numbers are a position; one is none.
const FEWEST: usize = 2;

impl Document {
    /// A region opens: its bracket was read.
    pub(super) fn begin_region(&mut self) {
        self.tail.clear();
        self.tail.push(b'[');
        self.region = Some(Region { numbers: 0, whole: 1, length: 1 });
    }

    /// Reads on until the region ends, or the piece does, or what comes is no number and no list.
    pub(super) fn numbers(&mut self, page: &mut Page, json: &str, from: usize) -> Result<usize, Refusal> {
        let bytes = json.as_bytes();
        let floor = self.frames.len();
        let Some(mut region) = self.region else { return Ok(from) };
        let mut at = from;
        let mut open = self.open;
        let mut expect = self.expect;
        let mut partial = match self.partial {
            Partial::Number(state) => Some(state),
            _ => None,
        };
        self.partial = Partial::None;
        // Where the number begins that the end of the piece interrupts.
        let mut number = None;
        while let Some(&byte) = bytes.get(at) {
            steps::count(0);
            match (expect, byte) {
                (Expect::Value | Expect::ValueOrClose, b'-' | b'0'..=b'9' | b'.' | b'e' | b'E' | b'+')
                    if partial.is_some() || matches!(byte, b'-' | b'0'..=b'9') =>
                {
                    let mut state = partial.take().unwrap_or_else(|| {
                        region.numbers += 1;
                        Number::Start
                    });
                    let Some(end) = lexer::number(bytes, at, &mut state)? else {
                        number = Some(at).filter(|_| at > from || region.whole == region.length);
                        partial = Some(state);
                        break;
                    };
                    at = end;
                    expect = Expect::CommaOrClose;
                }
                (Expect::Value | Expect::ValueOrClose, _) if partial.is_some() => {
                    // The number ended with the piece before.
                    if !partial.take().is_some_and(Number::is_whole) {
                        return Err(Refusal::Invalid);
                    }
                    expect = Expect::CommaOrClose;
                }
                (_, b' ' | b'\t' | b'\n' | b'\r') => at += 1,
                (Expect::CommaOrClose, b',') => {
                    expect = Expect::Value;
                    at += 1;
                }
                (Expect::Value | Expect::ValueOrClose, b'[') => {
                    open.push(false)?;
                    expect = Expect::ValueOrClose;
                    at += 1;
                }
                (Expect::CommaOrClose | Expect::ValueOrClose, b']') => {
                    open.pop(false)?;
                    expect = Expect::CommaOrClose;
                    at += 1;
                    if open.depth == floor {
                        (self.open, self.expect) = (open, expect);
                        if region.numbers < FEWEST {
                            self.hold_region(page, &mut region, json.get(from..at).unwrap_or_default(), None);
                        }
                        self.end_region(page, region);
                        return Ok(at);
                    }
                }
                (Expect::Value | Expect::ValueOrClose, b'"' | b'{' | b't' | b'f' | b'n') => {
                    (self.open, self.expect) = (open, expect);
                    self.hold_region(page, &mut region, json.get(from..at).unwrap_or_default(), None);
                    self.open_lists(page, region);
                    return Ok(at);
                }
                _ => return Err(Refusal::Invalid),
            }
        }
        (self.open, self.expect) = (open, expect);
        if let Some(state) = partial {
            self.partial = Partial::Number(state);
        }
        let whole = number.map(|number| number - from);
        let is_interrupted = partial.is_some();
        let before = region.whole;
        self.hold_region(page, &mut region, json.get(from..).unwrap_or_default(), whole);
        if is_interrupted && whole.is_none() {
            // It began in a piece before.
            region.whole = before;
        }
        self.region = Some(region);
        Ok(json.len())
    }

    /// Holds a part of the region; of it, what comes after `whole` bytes is the beginning of a number.
    fn hold_region(&mut self, page: &Page, region: &mut Region, part: &str, whole: Option<usize>) {
        if region.length <= page.held() {
            self.tail.extend_from_slice(part.as_bytes().get(..part.len().min(page.held())).unwrap_or_default());
        }
        steps::count(part.len().min(page.held()));
        region.whole = region.length + whole.unwrap_or(part.len());
        region.length = region.length.saturating_add(part.len());
    }

    fn end_region(&mut self, page: &mut Page, region: Region) {
        if region.numbers >= FEWEST {
            self.region = None;
            page.geometry_filtered();
        } else {
            self.open_lists(page, region);
        }
        if self.open.depth == 0 {
            self.expect = Expect::End;
        }
        self.suspect(page, self.place, Default::default);
    }

    /// The document ends here; so does the region, if one is open.
    pub(super) fn cut_region(&mut self, page: &mut Page) {
        let Some(mut region) = self.region else { return };
        if matches!(self.partial, Partial::Number(_)) {
            region.numbers -= 1;
            self.tail.truncate(region.whole);
            self.partial = Partial::None;
        }
        if region.numbers >= FEWEST {
            self.end_region(page, region);
        } else {
            self.open_lists(page, region);
        }
    }

    /// What the region holds is no geometry: it is written, and the lists that are open are read on like any other; of
    /// those that closed, the ones that are geometry by themselves go.
    fn open_lists(&mut self, page: &mut Page, region: Region) {
        self.region = None;
        if region.length > page.held() {
            // Too long to be looked at, and so to be shown.
            page.stop(self.frames.len());
            return;
        }
        let outer = self.place;
        let tail = std::mem::take(&mut self.tail);
        let from = self.frames.len();
        let mut numbers = [0_usize; MAX_DEPTH + 2];
        let mut depth = 0;
        let mut at = 0;
        while let Some(&byte) = tail.get(at) {
            let length = match byte {
                b'[' | b']' | b',' | b' ' | b'\t' | b'\n' | b'\r' => 1,
                _ => tail.iter().skip(at).take_while(|byte| !b"[], \t\n\r".contains(byte)).count(),
            };
            steps::count(length);
            let token = tail.get(at..at + length).unwrap_or_default();
            at += length;
            match byte {
                b',' | b' ' | b'\t' | b'\n' | b'\r' => {}
                b']' => {
                    if self.frames.len() - from == depth
                        && let Some(list) = self.frames.pop()
                    {
                        if !page.is_cut() {
                            page.out.push(b']');
                        }
                        if numbers[depth] >= FEWEST {
                            page.take_back(list.place.start, list.place.redacted, self.frames.len());
                            page.geometry_filtered();
                        }
                    }
                    depth -= 1;
                    numbers[depth] += numbers[depth + 1];
                }
                _ => {
                    if depth > 0 && self.frames.len() - from == depth {
                        if page.has_room(self.frames.len()) {
                            page.comma();
                        }
                        if let Some(list) = self.frames.last_mut() {
                            list.values += 1;
                        }
                    }
                    if byte == b'[' {
                        let here =
                            Place { member: page.out.len(), start: page.out.len(), redacted: page.redacted, ..outer };
                        let place = if depth == 0 { outer } else { here };
                        let in_list = self.frames.last().is_some_and(|parent| !parent.is_object);
                        if !page.is_cut() {
                            page.out.push(b'[');
                            self.frames.push(Frame::open(false, place, in_list, self.pending.len(), self.keys.open()));
                        }
                        depth += 1;
                        numbers[depth] = 0;
                    } else {
                        numbers[depth] += 1;
                        if !page.is_cut() {
                            write_number(page, std::str::from_utf8(token).unwrap_or_default());
                        }
                    }
                }
            }
        }
        self.tail = tail;
    }
}

fn write_number(page: &mut Page, raw: &str) {
    if is_readable(raw) {
        page.out.extend_from_slice(raw.as_bytes());
    } else {
        json::write_str(&mut page.out, raw);
    }
}

//! Lists of numbers under the name of a geometry: they go, and most of a map is made of them.
//!
//! While nothing but numbers and lists has come, no frame is opened for each list; what is written meanwhile is taken
//! back when the outermost one closes.

use super::frame::{Frame, Place};
use super::lexer::{self, Number};
use super::settle::tail_of;
use super::{Document, Expect, MAX_DEPTH, Partial, Refusal};
use crate::record::json;
use crate::redact::page::{Page, is_readable};

/// The outermost list of numbers that is open; where it stands is the document's `place`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Region {
    numbers: usize,
    /// Where on the page the number begins that was interrupted.
    number: usize,
}

/// Two numbers are a position; one is none.
const FEWEST: usize = 2;

impl Document {
    /// Reads on until the region ends, or the piece does, or what comes is no number and no list.
    pub(super) fn numbers(&mut self, page: &mut Page, json: &str, mut at: usize) -> Result<usize, Refusal> {
        let bytes = json.as_bytes();
        let floor = self.frames.len();
        let Some(mut region) = self.region else { return Ok(at) };
        while let Some(&byte) = bytes.get(at) {
            match (self.expect, byte) {
                (_, b' ' | b'\t' | b'\n' | b'\r') => {}
                (Expect::CommaOrClose, b',') => self.expect = Expect::Value,
                (Expect::Value | Expect::ValueOrClose, b'-' | b'0'..=b'9') => {
                    region.numbers += 1;
                    if page.has_room(floor + 1) {
                        page.comma();
                    }
                    region.number = page.out.len();
                    self.region = Some(region);
                    at = self.number_of_region(page, json, at, Number::Start)?;
                    continue;
                }
                (Expect::Value | Expect::ValueOrClose, b'[') => {
                    self.open.push(false)?;
                    self.expect = Expect::ValueOrClose;
                    if page.has_room(floor + 1) {
                        page.comma();
                        page.out.push(b'[');
                    }
                }
                (Expect::CommaOrClose | Expect::ValueOrClose, b']') => {
                    self.open.pop(false)?;
                    self.expect = Expect::CommaOrClose;
                    if !page.is_cut() {
                        page.out.push(b']');
                    }
                    if self.open.depth == floor {
                        self.end_region(page, region);
                        return Ok(at + 1);
                    }
                }
                (Expect::Value | Expect::ValueOrClose, b'"' | b'{' | b't' | b'f' | b'n') => {
                    self.region = None;
                    self.open_lists(page);
                    return Ok(at);
                }
                _ => return Err(Refusal::Invalid),
            }
            at += 1;
        }
        self.region = Some(region);
        Ok(at)
    }

    /// A number of a region, which goes on at `start`.
    pub(super) fn number_of_region(
        &mut self,
        page: &mut Page,
        json: &str,
        start: usize,
        mut state: Number,
    ) -> Result<usize, Refusal> {
        let end = lexer::number(json.as_bytes(), start, &mut state)?;
        let part = json.get(start..end.unwrap_or(json.len())).unwrap_or_default();
        let number = self.region.map_or(0, |region| region.number);
        if !page.is_cut() {
            page.out.extend_from_slice(part.as_bytes());
            if !page.has_room(self.frames.len() + 1) {
                // Nothing of a number that is not all there.
                page.out.truncate(number);
            }
        }
        let Some(end) = end else {
            self.partial = Partial::Number(state);
            return Ok(json.len());
        };
        self.partial = Partial::None;
        self.expect = Expect::CommaOrClose;
        if !page.is_cut() {
            let raw = page.out.get(number..).unwrap_or_default();
            let raw = std::str::from_utf8(raw).unwrap_or_default();
            if !is_readable(raw) {
                let raw = raw.to_owned();
                page.out.truncate(number);
                json::write_str(&mut page.out, &raw);
            }
        }
        Ok(end)
    }

    fn end_region(&mut self, page: &mut Page, region: Region) {
        self.region = None;
        let Place { start, redacted, .. } = self.place;
        if region.numbers >= FEWEST {
            page.take_back(start, redacted, self.frames.len());
            page.geometry_filtered();
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
            if !page.is_cut() {
                page.out.truncate(region.number);
            }
        }
        self.end_region(page, region);
    }

    /// What the region holds is no geometry: the lists that are open are read on like any other; of those that closed,
    /// the ones that are geometry by themselves go.
    fn open_lists(&mut self, page: &mut Page) {
        if page.is_cut() {
            return;
        }
        let outer = self.place;
        let tail = tail_of(&mut self.tail, page, outer.start);
        let from = self.frames.len();
        let mut numbers = [0_usize; MAX_DEPTH + 1];
        let mut in_text = false;
        let mut before = b'[';
        for &byte in tail {
            let depth = self.frames.len() - from;
            match byte {
                b'[' if !in_text => {
                    let here =
                        Place { member: page.out.len(), start: page.out.len(), redacted: page.redacted, ..outer };
                    let place = if depth == 0 { outer } else { here };
                    let in_list = self.frames.last().is_some_and(|parent| !parent.is_object);
                    if depth > 0
                        && let Some(parent) = self.frames.last_mut()
                    {
                        parent.values += 1;
                    }
                    self.frames.push(Frame::open(false, place, in_list, self.pending.len(), self.keys.open()));
                    numbers[depth + 1] = 0;
                    page.out.push(b'[');
                }
                b']' if !in_text => {
                    numbers[depth - 1] += numbers[depth];
                    page.out.push(b']');
                    if let Some(list) = self.frames.pop()
                        && numbers[depth] >= FEWEST
                    {
                        page.take_back(list.place.start, list.place.redacted, self.frames.len());
                        page.geometry_filtered();
                    }
                }
                byte => {
                    if !in_text && byte != b',' && matches!(before, b'[' | b',') {
                        numbers[depth] += 1;
                        if let Some(list) = self.frames.last_mut() {
                            list.values += 1;
                        }
                    }
                    in_text ^= byte == b'"';
                    page.out.push(byte);
                }
            }
            before = byte;
        }
    }
}

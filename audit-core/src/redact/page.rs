//! What is written of a value: bytes of JSON that hold no secret, and an account of what was hidden.

use super::buffer::Json;
use super::class::Class;
use super::document::{Document, Keys, Object, Refusal};
use super::fit::fit_in_place;
use super::names::Names;
use super::recall::{Known, Recall, hash};
use super::{FILTERED, Fragment, GEOMETRY_FILTERED, TOO_LONG, geometry, shapes, signs};
use crate::record::json;
use crate::vocabulary::Mode;

/// How often JSON is looked for inside strings of JSON inside strings; deeper, such a string is hidden.
pub(super) const MAX_STRINGS: usize = 4;

/// Numbers longer than this become strings: Python refuses integers of more than 4,300 digits.
pub(super) const MAX_NUMBER: usize = 300;

/// How many times its limit a page may hold of a text before that is judged: what is longer is not shown.
const HELD: usize = 4;

/// Redacted values, written one after the other, until there is enough.
#[derive(Default)]
pub(super) struct Page {
    pub(super) out: Vec<u8>,
    mode: Mode,
    removes: bool,
    /// How many bytes are wanted.
    limit: usize,
    /// How long a text may be to be looked at.
    held: usize,
    pub(super) redacted: u32,
    /// How many lists and objects were open when writing stopped, if it has.
    cut: Option<usize>,
    /// Whether a text was too long to be looked at.
    shortened: bool,
    strings: usize,
    pub(super) recall: Recall,
    /// For JSON inside a string.
    inner: Option<Box<(Page, Document)>>,
}

impl Page {
    /// Begins anew; what was allocated stays.
    pub(super) fn begin(&mut self, mode: Mode, limit: usize, held: usize, removes: bool) {
        if self.out.capacity() == 0 {
            self.out = Json::new().into_vec();
        }
        self.out.clear();
        self.mode = mode;
        self.removes = removes;
        self.limit = limit;
        self.held = held.min(limit.saturating_mul(HELD));
        self.redacted = 0;
        self.cut = None;
        self.shortened = false;
        self.strings = 0;
    }

    /// What is on the page, cut to `limit`; `cut` says that what it was made from was cut already.
    pub(super) fn fragment(&mut self, limit: usize, cut: bool, original_bytes: u64) -> Fragment {
        let is_cut = cut || self.is_cut() || self.out.len() > limit.max(2);
        if is_cut {
            fit_in_place(&mut self.out, limit);
        }
        let json = std::mem::take(&mut self.out).into();
        Fragment { json, redacted: self.redacted, truncated: is_cut || self.shortened, original_bytes }
    }

    /// Lets go of what was written, and of memory that few need.
    pub(super) fn forget(&mut self) {
        drop(Json::from(std::mem::take(&mut self.out)));
        if let Some(inner) = &mut self.inner {
            inner.0.forget();
            inner.1.forget();
        }
    }

    pub(super) fn mode(&self) -> Mode {
        self.mode
    }

    /// How long a text may be to be looked at: a longer one need not be held.
    #[inline]
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Whether something is not on the page that was to be.
    #[inline]
    pub(super) fn is_cut(&self) -> bool {
        self.cut.is_some()
    }

    /// Whether a value may be written inside so many open lists and objects. Once one may not, nothing is written
    /// until what was open then is taken back.
    #[inline]
    pub(super) fn has_room(&mut self, open: usize) -> bool {
        if self.cut.is_none() && self.out.len() > self.limit {
            self.cut = Some(open);
        }
        self.cut.is_none()
    }

    /// How long the page may be for one more value to be written.
    #[inline]
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Writes nothing more inside what is open.
    pub(super) fn stop(&mut self, open: usize) {
        self.cut.get_or_insert(open);
    }

    /// Takes back everything from `start` on, which is the list or object that `open` others contain.
    pub(super) fn take_back(&mut self, start: usize, redacted: u32, open: usize) {
        self.out.truncate(start);
        self.redacted = redacted;
        if self.cut.is_some_and(|cut| cut > open) {
            self.cut = None;
        }
    }

    /// A comma, unless the list or object has only begun.
    #[inline]
    pub(super) fn comma(&mut self) {
        if !matches!(self.out.last(), None | Some(b'{' | b'[')) {
            self.out.push(b',');
        }
    }

    pub(super) fn filtered(&mut self) {
        self.redacted = self.redacted.saturating_add(1);
        json::write_str(&mut self.out, FILTERED);
    }

    /// Hides the value of the member whose key was written last, or takes the member out, which began at `member` with its
    /// comma, and with it what was hidden in its key; so many values had been hidden before it.
    pub(super) fn hide_member(&mut self, keys: &mut Keys, object: &mut Object, member: usize, hidden_before: u32) {
        if self.removes {
            keys.forget_last(object, self.out.get(member..).unwrap_or_default());
            self.remove(member, hidden_before);
        } else {
            self.filtered();
        }
    }

    /// Takes out what stands from `member` on, and counts it as one hidden value; so many had been hidden before it.
    pub(super) fn remove(&mut self, member: usize, hidden_before: u32) {
        self.redacted = hidden_before.saturating_add(1);
        self.out.truncate(member);
    }

    /// Whether members are taken out instead of being hidden.
    pub(super) fn removes(&self) -> bool {
        self.removes
    }

    pub(super) fn geometry_filtered(&mut self) {
        self.redacted = self.redacted.saturating_add(1);
        json::write_str(&mut self.out, GEOMETRY_FILTERED);
    }

    /// Writes that a text was too long to be looked at.
    pub(super) fn too_long(&mut self) {
        self.shortened = true;
        json::write_str(&mut self.out, TOO_LONG);
    }

    /// What is known of `name`; a geometry's only if the mode leaves geometry out.
    #[inline]
    pub(super) fn look_up(&mut self, names: &Names, name: &str) -> Known {
        let known = self.recall.of(names, name);
        Known { geometry: known.geometry && self.mode != Mode::Full, ..known }
    }

    /// Writes a key, free of secrets and unlike those before it, and its colon.
    #[inline]
    pub(super) fn key(&mut self, names: &Names, keys: &mut Keys, object: &mut Object, key: &str, known: Known) {
        if known.is_clean {
            keys.write(object, &mut self.out, key, known.hash, known.is_plain);
            self.out.push(b':');
        } else {
            self.name(names, keys, object, key, false);
        }
    }

    /// Writes a name as a key, and its colon; `is_clean` says that it is known to hold nothing to hide or to escape.
    pub(super) fn name(&mut self, names: &Names, keys: &mut Keys, object: &mut Object, name: &str, is_clean: bool) {
        let (shown, hidden) = if is_clean { (name.into(), 0) } else { shapes::sweep(names, name) };
        self.redacted = self.redacted.saturating_add(hidden);
        keys.write(object, &mut self.out, &shown, hash(shown.as_bytes()), is_clean);
        self.out.push(b':');
    }

    /// Writes a number, `true`, `false` or `null` as it stands, or as a string where a reader would stumble.
    /// `is_plain` says that it has no exponent.
    #[inline]
    pub(super) fn scalar(&mut self, raw: &str, is_plain: bool) {
        if is_plain && raw.len() <= MAX_NUMBER || is_readable(raw) {
            self.out.extend_from_slice(raw.as_bytes());
        } else {
            json::write_str(&mut self.out, raw);
        }
    }

    /// Writes a string that stands under a name of this class.
    #[inline]
    pub(super) fn text(&mut self, names: &Names, text: &str, class: Class, geometry_name: bool) {
        if !class.keeps_text(text) {
            return self.filtered();
        }
        self.judged(names, text, geometry_name);
    }

    /// Writes a string that its name lets pass.
    #[inline]
    pub(super) fn judged(&mut self, names: &Names, text: &str, geometry_name: bool) {
        if geometry_name && geometry::is_geometry_text(text) {
            return self.geometry_filtered();
        }
        if self.embedded(names, text) {
            return;
        }
        let signs = signs::of(text);
        let (shown, hidden) = shapes::sweep_signed(names, text, signs);
        if hidden == 0 && !signs::may_escape(signs) {
            return self.plain(text);
        }
        self.redacted = self.redacted.saturating_add(hidden);
        json::write_str(&mut self.out, &shown);
    }

    /// Writes a string in which nothing needs an escape.
    #[inline]
    fn plain(&mut self, text: &str) {
        self.out.reserve(text.len() + 2);
        self.out.push(b'"');
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'"');
    }

    /// Writes a string from which `hidden` secrets were taken already.
    pub(super) fn safe_text(&mut self, text: &str, hidden: u32) {
        self.redacted = self.redacted.saturating_add(hidden);
        json::write_str(&mut self.out, text);
    }

    /// Writes a string that is a JSON document, or looks like one and cannot be read; otherwise does nothing.
    fn embedded(&mut self, names: &Names, text: &str) -> bool {
        // The first byte of what is looked for below.
        if !matches!(text.as_bytes().first(), Some(b'{' | b'[' | b'"' | b' ' | b'\t' | b'\r' | b'\n' | 0xef)) {
            return false;
        }
        let inner = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
        if !inner.starts_with(['{', '[', '"']) || inner.len() < 4 {
            return false;
        }
        if self.strings >= MAX_STRINGS {
            self.filtered();
            return true;
        }
        let (page, document) = &mut **self.inner.get_or_insert_default();
        page.begin(self.mode, self.limit.saturating_mul(HELD), usize::MAX, self.removes);
        page.strings = self.strings + 1;
        match document.whole(names, page, inner) {
            Ok(()) if page.is_cut() || page.shortened => {
                self.too_long();
                true
            }
            Ok(()) if page.redacted == 0 => {
                // Each text in it was looked at, and what is between them is no text but to a pattern.
                let (shown, hidden) = shapes::sweep_patterns(names, text);
                self.safe_text(&shown, hidden);
                true
            }
            Ok(()) => {
                self.redacted = self.redacted.saturating_add(page.redacted);
                json::write_lossy(&mut self.out, &page.out);
                true
            }
            // Names can hide in escapes that the sweep does not read.
            Err(Refusal::TooDeep) => {
                self.filtered();
                true
            }
            Err(Refusal::Invalid | Refusal::Empty) if inner.contains("\\u") && !inner.starts_with('"') => {
                self.filtered();
                true
            }
            Err(Refusal::Invalid | Refusal::Empty) => false,
        }
    }
}

/// Whether a number, `true`, `false` or `null` can be read wherever JSON is: serde_json refuses what no double holds.
pub(super) fn is_readable(raw: &str) -> bool {
    if raw.len() > MAX_NUMBER {
        return false;
    }
    let is_plain = !raw.bytes().any(|byte| matches!(byte, b'e' | b'E'));
    is_plain || matches!(raw, "true" | "false") || raw.parse::<f64>().is_ok_and(f64::is_finite)
}

//! Reads what is written: the members of open objects and the elements of open lists.

use super::frame::{Frame, Keeps, MAX_NAMED, Pending, Place};
use super::lexer::{self, Number, Text};
use super::siblings::Role;
use super::{Document, Expect, Partial, Refusal, syntax};
use crate::redact::class::Class;
use crate::redact::names::Names;
use crate::redact::page::Page;
use crate::redact::{graphql, steps};

/// An option of a command line is no longer.
const MAX_OPTION: usize = 64;

impl Document {
    /// Reads one token, or the white space before it; where the next begins.
    pub(super) fn read(&mut self, names: &Names, page: &mut Page, json: &str, at: usize) -> Result<usize, Refusal> {
        let bytes = json.as_bytes();
        let Some(&byte) = bytes.get(at) else { return Ok(at) };
        steps::count(0);
        if lexer::is_space(byte) {
            return Ok(at + 1);
        }
        match (self.expect, byte) {
            (Expect::Key | Expect::KeyOrClose, b'"') => {
                return self.text_from(names, page, json, at + 1, Text::default());
            }
            (Expect::Colon, b':') => self.expect = Expect::Value,
            (Expect::CommaOrClose, b',') => {
                self.expect = if self.open.in_object() { Expect::Key } else { Expect::Value };
            }
            (Expect::CommaOrClose, b'}' | b']') | (Expect::KeyOrClose, b'}') | (Expect::ValueOrClose, b']') => {
                self.open.pop(byte == b'}')?;
                self.close(page);
            }
            (Expect::Value | Expect::ValueOrClose, b'{' | b'[') => {
                self.element(page);
                self.open(page, byte == b'{')?;
            }
            (Expect::Value | Expect::ValueOrClose, b'"') => {
                self.element(page);
                return self.text_from(names, page, json, at + 1, Text::default());
            }
            (Expect::Value | Expect::ValueOrClose, b'-' | b'0'..=b'9') => {
                self.element(page);
                return self.number_from(page, json, at, Number::Start);
            }
            (Expect::Value | Expect::ValueOrClose, _) => {
                self.element(page);
                let word = lexer::literal_of(byte).ok_or(Refusal::Invalid)?;
                return self.literal_from(page, json, at, word, 0);
            }
            _ => return Err(Refusal::Invalid),
        }
        Ok(at + 1)
    }

    /// Goes on with a token that the end of the piece before interrupted.
    pub(super) fn go_on(&mut self, names: &Names, page: &mut Page, json: &str) -> Result<usize, Refusal> {
        match std::mem::take(&mut self.partial) {
            Partial::None => Ok(0),
            Partial::Text(state) => self.text_from(names, page, json, 0, state),
            Partial::Number(state) => self.number_from(page, json, 0, state),
            Partial::Literal { word, done } => self.literal_from(page, json, 0, word, done),
        }
    }

    /// Whether what is read is written, or tells of what is.
    #[inline]
    fn is_live(&self) -> bool {
        self.open.depth == self.frames.len()
    }

    /// Keeps what came of a token that goes on in the next piece.
    fn interrupt(&mut self, page: &Page, partial: Partial, part: &str) {
        self.partial = partial;
        self.length = self.length.saturating_add(part.len());
        if self.is_live() && self.length <= page.held() {
            steps::count(part.len());
            self.carry.push_str(part);
        }
    }

    /// A string whose content goes on at `start`.
    fn text_from(
        &mut self,
        names: &Names,
        page: &mut Page,
        json: &str,
        start: usize,
        mut state: Text,
    ) -> Result<usize, Refusal> {
        let bytes = json.as_bytes();
        let Some(end) = lexer::text(bytes, start, &mut state)? else {
            self.interrupt(page, Partial::Text(state), json.get(start..).unwrap_or_default());
            return Ok(json.len());
        };
        let part = json.get(start..end).unwrap_or_default();
        self.token_ended(page, part, |document, page, content| document.string(names, page, content, state));
        // What nearly always follows is read at once.
        Ok(end
            + 1
            + usize::from(match self.expect {
                Expect::Key | Expect::KeyOrClose => {
                    let follows = bytes.get(end + 1) == Some(&b':');
                    self.expect = if follows { Expect::Value } else { Expect::Colon };
                    follows
                }
                _ => self.value_ended(bytes.get(end + 1).copied()),
            }))
    }

    /// A string's content, undecoded; nothing of one that is too long.
    #[inline]
    fn string(&mut self, names: &Names, page: &mut Page, content: Option<&str>, state: Text) {
        let is_key = matches!(self.expect, Expect::Key | Expect::KeyOrClose);
        let length = content.map_or(0, str::len);
        let mut decoded = String::new();
        let text = match content {
            Some(content) if state.has_escapes => {
                decoded = std::mem::take(&mut self.decoded);
                Some(syntax::decode_into(content, &mut decoded))
            }
            content => content,
        };
        if is_key {
            self.key(names, page, text);
        } else {
            self.text(names, page, text, length);
        }
        if state.has_escapes {
            self.decoded = decoded;
        }
    }

    /// A value ended; whether `next`, which follows it, is the comma before another.
    #[inline]
    fn value_ended(&mut self, next: Option<u8>) -> bool {
        // After a value at the top, nothing more comes.
        if self.open.depth == 0 {
            self.expect = Expect::End;
            return false;
        }
        let follows = next == Some(b',');
        self.expect = match (follows, self.open.in_object()) {
            (false, _) => Expect::CommaOrClose,
            (true, true) => Expect::Key,
            (true, false) => Expect::Value,
        };
        follows
    }

    fn number_from(&mut self, page: &mut Page, json: &str, start: usize, mut state: Number) -> Result<usize, Refusal> {
        let Some(end) = lexer::number(json.as_bytes(), start, &mut state)? else {
            self.interrupt(page, Partial::Number(state), json.get(start..).unwrap_or_default());
            return Ok(json.len());
        };
        self.number_ended(page, json.get(start..end).unwrap_or_default(), state);
        Ok(end + usize::from(self.value_ended(json.as_bytes().get(end).copied())))
    }

    /// A number ends with this last part of it.
    pub(super) fn number_ended(&mut self, page: &mut Page, part: &str, state: Number) {
        self.partial = Partial::None;
        self.scalar_ended(page, part, state.is_plain());
        self.value_ended(None);
    }

    fn literal_from(
        &mut self,
        page: &mut Page,
        json: &str,
        start: usize,
        word: &'static [u8],
        mut done: usize,
    ) -> Result<usize, Refusal> {
        let Some(end) = lexer::literal(json.as_bytes(), start, word, &mut done)? else {
            self.interrupt(page, Partial::Literal { word, done }, json.get(start..).unwrap_or_default());
            return Ok(json.len());
        };
        self.scalar_ended(page, json.get(start..end).unwrap_or_default(), true);
        Ok(end + usize::from(self.value_ended(json.as_bytes().get(end).copied())))
    }

    #[inline]
    fn scalar_ended(&mut self, page: &mut Page, part: &str, is_plain: bool) {
        self.token_ended(page, part, |document, page, raw| document.scalar(page, raw, is_plain));
    }

    /// A token ends with this last part of it: hands on all of it, if it is written or tells of what is; nothing of one that
    /// is too long.
    #[inline]
    fn token_ended(&mut self, page: &mut Page, part: &str, then: impl FnOnce(&mut Self, &mut Page, Option<&str>)) {
        if self.is_live() {
            if self.length.saturating_add(part.len()) > page.held() {
                then(self, page, None);
            } else if self.carry.is_empty() {
                then(self, page, Some(part));
            } else {
                let mut carry = std::mem::take(&mut self.carry);
                carry.push_str(part);
                then(self, page, Some(&carry));
                self.carry = carry;
            }
            self.carry.clear();
        }
        self.length = 0;
    }

    /// A member's key; nothing of one that is too long.
    #[inline]
    fn key(&mut self, names: &Names, page: &mut Page, key: Option<&str>) {
        self.place = match key {
            Some(key) => self.member(names, page, key),
            None => {
                page.stop(self.frames.len());
                Place::default()
            }
        };
    }

    /// Writes a key; where its value stands.
    #[inline]
    fn member(&mut self, names: &Names, page: &mut Page, key: &str) -> Place {
        let open = self.frames.len();
        let Some(frame) = self.frames.last_mut() else { return Place::default() };
        if !page.has_room(open) {
            return Place { role: Role::of(key), ..Place::default() };
        }
        let member = page.out.len();
        self.hidden_before = page.redacted;
        page.comma();
        let known = page.look_up(names, key);
        page.key(names, &mut self.keys, &mut frame.keys, key, known);
        let mut class = known.class;
        if !class.is_sensitive() {
            class = known.role.class_under(frame.named, frame.hinted);
        }
        let variable = frame.is_variables.then(|| graphql::hash(key));
        if let Some(variable) = variable
            && self.bound.holds(open - 1, variable)
        {
            class = Class::Secret;
        }
        Place {
            class,
            geometry: known.geometry,
            listed: frame.place.listed || known.listed,
            role: known.role,
            variable,
            member,
            start: page.out.len(),
            redacted: page.redacted,
        }
    }

    /// In a list, what comes before an element.
    #[inline]
    fn element(&mut self, page: &mut Page) {
        let open = self.frames.len();
        let Some(frame) = self.frames.last_mut().filter(|frame| !frame.is_object) else { return };
        let member = page.out.len();
        if page.has_room(open) {
            page.comma();
        }
        // A third element: the first does not name the second.
        if frame.values == 2 && self.pending.len() > frame.pending_from {
            self.pending.truncate(frame.pending_from);
        }
        self.place = Place {
            class: std::mem::replace(&mut frame.option, Class::Plain),
            geometry: frame.place.geometry,
            listed: frame.place.listed,
            member,
            start: page.out.len(),
            redacted: page.redacted,
            ..Place::default()
        };
    }

    /// A list or object opens.
    fn open(&mut self, page: &mut Page, is_object: bool) -> Result<(), Refusal> {
        self.open.push(is_object)?;
        self.expect = if is_object { Expect::KeyOrClose } else { Expect::ValueOrClose };
        let place = self.place;
        let mut in_list = false;
        let mut is_variables = false;
        if let Some(parent) = self.frames.last_mut() {
            parent.values += 1;
            in_list = !parent.is_object;
            if parent.is_object {
                is_variables = place.role == Role::Variables;
            }
            if !is_object {
                parent.coordinates |= place.role == Role::Coordinates;
                parent.geometries |= place.role == Role::Geometries;
            }
        }
        if page.is_cut() {
            return Ok(());
        }
        if place.class.is_sensitive() {
            self.hide(page, place);
            return Ok(());
        }
        if !is_object && place.geometry && place.listed {
            self.begin_region();
            return Ok(());
        }
        page.out.push(if is_object { b'{' } else { b'[' });
        let frame = Frame::open(is_object, place, in_list, self.pending.len(), self.keys.open());
        self.frames.push(Frame { is_variables, ..frame });
        Ok(())
    }

    /// Writes the marker in the place of a value, or takes its member out.
    pub(super) fn hide(&mut self, page: &mut Page, place: Place) {
        match self.frames.last_mut() {
            Some(frame) if frame.is_object => {
                page.hide_member(&mut self.keys, &mut frame.keys, place.member, self.hidden_before);
            }
            _ => page.filtered(),
        }
    }

    /// What a string says, which was `length` bytes long undecoded; nothing of one that is too long.
    #[inline]
    fn text(&mut self, names: &Names, page: &mut Page, text: Option<&str>, length: usize) {
        let place = self.place;
        match text {
            Some(text) => self.note(names, page, place.role, length, text),
            None => self.note_unread(page, place.role),
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.values += 1;
            if !frame.is_object
                && let Some(text) = text
                && text.starts_with('-')
                && text.len() <= MAX_OPTION
                && !text.contains(['=', ' '])
            {
                frame.option = names.classify(text);
            }
        }
        self.put(page, text, Class::keeps_text, Keeps::text, |page, text| page.judged(names, text, place.geometry));
    }

    /// A number, `true`, `false` or `null`; nothing of a number that is too long.
    #[inline]
    fn scalar(&mut self, page: &mut Page, raw: Option<&str>, is_plain: bool) {
        if let Some(frame) = self.frames.last_mut() {
            frame.values += 1;
        }
        self.put(page, raw, Class::keeps_scalar, Keeps::scalar, |page, raw| page.scalar(raw, is_plain));
    }

    /// Writes a value that is no list and no object, or hides it; nothing is known of one that is too long.
    #[inline]
    fn put(
        &mut self,
        page: &mut Page,
        value: Option<&str>,
        passes: impl FnOnce(Class, &str) -> bool,
        keeps: impl FnOnce(&str) -> Keeps,
        write: impl FnOnce(&mut Page, &str),
    ) {
        if page.is_cut() {
            return;
        }
        let place = self.place;
        match value {
            Some(value) if place.listed && passes(place.class, value) => {
                write(page, value);
                self.suspect(page, place, || keeps(value));
            }
            None if place.listed && !place.class.is_sensitive() => {
                page.too_long();
                self.suspect(page, place, Keeps::default);
            }
            _ => self.hide(page, place),
        }
    }

    /// Notes a value that may have to go when more is known of what it stands in.
    #[inline]
    pub(super) fn suspect(&mut self, page: &Page, place: Place, keeps: impl FnOnce() -> Keeps) {
        let Some(frame) = self.frames.last() else { return };
        let is_second = !frame.is_object && frame.in_list && frame.values == 2 && frame.named.is_sensitive();
        // What a name that describes lets pass, a later one may not.
        let is_valued = place.role.is_valued();
        if is_second || is_valued || place.variable.is_some() {
            let redacted = page.redacted - place.redacted;
            let keeps = keeps();
            self.pending.push(Pending { place, end: page.out.len(), redacted, keeps, is_second, has_variables: false });
        }
    }

    /// Notes a string that was too long to be looked at: as a query, it may bind any variable; as a name, if names may
    /// be as long, it may be a secret's.
    fn note_unread(&mut self, page: &Page, role: Role) {
        let depth = self.frames.len();
        let Some(frame) = self.frames.last_mut() else { return };
        if frame.is_object && role == Role::Query {
            frame.has_query = true;
            self.bound.all(depth);
        }
        if page.held() >= MAX_NAMED {
            return;
        }
        match role {
            Role::Naming if frame.is_object => frame.named = Class::Secret,
            Role::Hinting | Role::Type if frame.is_object => frame.hinted = Class::Secret,
            Role::None if !frame.is_object && frame.in_list && frame.values == 0 => frame.named = Class::Secret,
            _ => {}
        }
    }

    /// Notes what a string says about its siblings; `length` is that of its undecoded content.
    #[inline]
    fn note(&mut self, names: &Names, page: &mut Page, role: Role, length: usize, text: &str) {
        let in_object = self.open.in_object();
        if in_object && !role.tells() {
            return;
        }
        let depth = self.frames.len();
        let Some(frame) = self.frames.last_mut() else { return };
        let names_field = if frame.is_object {
            matches!(role, Role::Naming | Role::Hinting | Role::Type)
        } else {
            frame.in_list && frame.values == 0
        };
        if !names_field || length > MAX_NAMED {
            if frame.is_object && role == Role::Query {
                frame.has_query = true;
                self.bound.read(depth, text, &mut |name| names.classify(name).is_sensitive());
            }
            return;
        }
        frame.note_name(names, &mut page.recall, role, length, text);
    }
}

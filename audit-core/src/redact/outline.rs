//! The first pass over a JSON document: is it one, how far, and what must be known of a list or object before its
//! first member is written.
//!
//! One pass, linear, without recursion. A document that is cut is taken as far as its last complete value or pair.

use super::class::Class;
use super::geometry::{self, Holds};
use super::graphql;
use super::recall::Recall;
use super::syntax::{self, Lexed};

/// How deep lists and objects may be nested. Within serde_json's 128 with room for what the record puts around them.
pub(crate) const MAX_DEPTH: usize = 64;

/// A string longer than this, or of more words than [`MAX_NAMED_SPACES`] allows, names no field.
const MAX_NAMED: usize = 128;
const MAX_NAMED_SPACES: usize = 3;

/// Keys (letters only, lower case) whose value names the field that their siblings are about.
const NAMING: &[&str] = &[
    "name",
    "key",
    "k",
    "field",
    "fieldname",
    "param",
    "parameter",
    "property",
    "prop",
    "attribute",
    "attr",
    "header",
    "headername",
    "variable",
    "var",
    "setting",
    "option",
    "path",
    "kind",
    "keyname",
    "column",
    "parameterkey",
    "parametername",
    "paramname",
    "optionname",
    "settingname",
    "settingkey",
    "attributename",
    "propertyname",
    "variablename",
    "columnname",
    "configkey",
    "configname",
];

/// Keys whose value may do so; they often mean something else.
const HINTING: &[&str] = &["type", "id", "label", "title"];

/// Keys whose value belongs to the field that a sibling names.
const VALUED: &[&str] = &[
    "value",
    "values",
    "val",
    "v",
    "old",
    "new",
    "oldvalue",
    "newvalue",
    "oldval",
    "newval",
    "before",
    "after",
    "default",
    "defaultvalue",
    "current",
    "currentvalue",
    "previous",
    "previousvalue",
    "original",
    "rawvalue",
    "stringvalue",
    "parametervalue",
    "paramvalue",
    "optionvalue",
    "settingvalue",
    "attributevalue",
    "fieldvalue",
    "headervalue",
    "propertyvalue",
    "variablevalue",
    "columnvalue",
    "configvalue",
    "lhs",
    "rhs",
];

/// Keys whose value may do so: only where the name is beyond doubt.
const PERHAPS_VALUED: &[&str] =
    &["data", "stringdata", "text", "content", "contents", "input", "answer", "raw", "from", "to"];

/// What is known of one list or object from what stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fact {
    /// A GeoJSON geometry.
    pub(crate) geometry: bool,
    /// The class of the name that one member gives to the values of others; of a two-element list in a list, the class
    /// of its first element.
    pub(crate) named: Class,
    /// The same, from a member that need not mean it, or because the name may have been cut off.
    pub(crate) hinted: Class,
}

impl Fact {
    const PLAIN: Self = Self { geometry: false, named: Class::Plain, hinted: Class::Plain };

    /// What the siblings of a key say about its value.
    pub(crate) fn class_under(&self, key: &str) -> Class {
        if !self.named.is_sensitive() && !self.hinted.is_sensitive() {
            return Class::Plain;
        }
        let letters = Letters::of(key);
        let certain = letters.is_one_of(VALUED);
        if self.named.is_sensitive() && (certain || letters.is_one_of(PERHAPS_VALUED)) {
            self.named
        } else if certain {
            self.hinted
        } else {
            Class::Plain
        }
    }
}

/// A document that was found valid.
#[derive(Debug)]
pub(crate) struct Outline {
    /// Where the last complete value or pair ends, or the last bracket that opens.
    pub(crate) end: usize,
    /// One for each list and object, in the order in which they open.
    pub(crate) facts: Vec<Fact>,
    /// The variables that queries bind to secret arguments.
    pub(crate) bound: Vec<String>,
}

/// Why a document was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Invalid,
    TooDeep,
    /// Cut before anything in it was complete.
    Empty,
}

/// What a key says about the value that follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    None,
    Naming,
    Hinting,
    /// `type`, which may hint at a field or name a geometry.
    Type,
    /// `query`, which may be GraphQL.
    Query,
    Coordinates,
    Geometries,
}

#[derive(Debug)]
struct Frame {
    is_object: bool,
    fact: usize,
    in_list: bool,
    role: Role,
    /// How many values have begun.
    values: usize,
    geometry_type: Option<Holds>,
    coordinates: bool,
    geometries: bool,
    named: Class,
    hinted: Class,
    has_name: bool,
}

impl Frame {
    fn fact(&self, cut: bool) -> Fact {
        let geometry = match self.geometry_type {
            Some(Holds::Coordinates) => self.coordinates,
            Some(Holds::Geometries) => self.geometries,
            None => false,
        };
        let named = if self.is_object || self.in_list && (self.values == 2 || cut) { self.named } else { Class::Plain };
        // The name may have stood in what was cut off.
        let hinted = if cut && self.is_object && !self.has_name { Class::Secret } else { self.hinted };
        Fact { geometry, named, hinted }
    }
}

fn role_of(key: &str) -> Role {
    match key {
        "type" => Role::Type,
        "query" => Role::Query,
        "coordinates" => Role::Coordinates,
        "geometries" => Role::Geometries,
        _ => {
            let letters = Letters::of(key);
            if letters.is_one_of(NAMING) {
                Role::Naming
            } else if letters.is_one_of(HINTING) {
                Role::Hinting
            } else {
                Role::None
            }
        }
    }
}

/// The letters of a short key, in lower case; nothing of a long one, which is on none of the lists.
struct Letters {
    bytes: [u8; LONGEST],
    length: usize,
}

/// How long a key with all its separators may be.
const LONGEST: usize = 20;

impl Letters {
    fn of(key: &str) -> Self {
        let mut letters = Self { bytes: [0; LONGEST], length: 0 };
        let short = Some(key).filter(|key| key.len() <= LONGEST).unwrap_or_default();
        for byte in short.bytes().filter(|byte| !matches!(byte, b'_' | b'-' | b' ')) {
            letters.bytes[letters.length] = byte.to_ascii_lowercase();
            letters.length += 1;
        }
        letters
    }

    fn is_one_of(&self, list: &[&str]) -> bool {
        let letters = self.bytes.get(..self.length).unwrap_or_default();
        list.iter().any(|known| known.as_bytes() == letters)
    }
}

/// Reads `json`, which is all of a document or, if `cut`, its beginning.
pub(super) fn outline(json: &str, cut: bool, recall: &mut Recall<'_>) -> Result<Outline, Refusal> {
    let bytes = json.as_bytes();
    let mut reader = Reader { json, recall, stack: Vec::new(), facts: Vec::new(), bound: Vec::new(), end: 0 };
    match reader.document() {
        Lexed::To(end) if end == bytes.len() => {
            Ok(Outline { end: reader.end, facts: reader.facts, bound: reader.bound })
        }
        Lexed::To(_) if reader.stack.len() > MAX_DEPTH => Err(Refusal::TooDeep),
        Lexed::To(_) | Lexed::Bad => Err(Refusal::Invalid),
        // A number is complete at the end of a document that is.
        Lexed::Cut if !cut => match (reader.stack.is_empty(), syntax::is_number(bytes.trim_ascii())) {
            (true, true) => Ok(Outline { end: bytes.len(), facts: Vec::new(), bound: Vec::new() }),
            _ => Err(Refusal::Invalid),
        },
        Lexed::Cut if reader.end == 0 => Err(Refusal::Empty),
        Lexed::Cut => {
            while let Some(frame) = reader.stack.pop() {
                reader.settle(&frame, true);
            }
            Ok(Outline { end: reader.end, facts: reader.facts, bound: reader.bound })
        }
    }
}

struct Reader<'a, 'n> {
    json: &'a str,
    recall: &'a mut Recall<'n>,
    stack: Vec<Frame>,
    facts: Vec<Fact>,
    bound: Vec<String>,
    end: usize,
}

/// What may stand next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrClose,
    Key,
    KeyOrClose,
    CommaOrClose,
}

impl Reader<'_, '_> {
    /// Where the document ends, white space included; too deep a document ends early, with the stack over its bound.
    fn document(&mut self) -> Lexed {
        let bytes = self.json.as_bytes();
        let mut at = syntax::skip_space(bytes, 0);
        let mut expect = Expect::Value;
        loop {
            let Some(&byte) = bytes.get(at) else { return Lexed::Cut };
            let lexed = match (expect, byte) {
                (Expect::Value | Expect::ValueOrClose, b'{' | b'[') => {
                    self.open(byte == b'{');
                    if self.stack.len() > MAX_DEPTH {
                        return Lexed::To(at);
                    }
                    expect = if byte == b'{' { Expect::KeyOrClose } else { Expect::ValueOrClose };
                    self.end = at + 1;
                    at = syntax::skip_space(bytes, at + 1);
                    continue;
                }
                (Expect::ValueOrClose, b']') | (Expect::KeyOrClose, b'}') => self.close(at, byte),
                (Expect::CommaOrClose, b']' | b'}') => self.close(at, byte),
                (Expect::CommaOrClose, b',') => {
                    let in_object = self.stack.last().is_some_and(|frame| frame.is_object);
                    expect = if in_object { Expect::Key } else { Expect::Value };
                    at = syntax::skip_space(bytes, at + 1);
                    continue;
                }
                (Expect::Key | Expect::KeyOrClose, b'"') => match self.key(at) {
                    Lexed::To(next) => {
                        at = next;
                        expect = Expect::Value;
                        continue;
                    }
                    other => return other,
                },
                (Expect::Value | Expect::ValueOrClose, b'"') => self.text(at),
                (Expect::Value | Expect::ValueOrClose, _) => {
                    self.begin_value(None);
                    syntax::scalar(bytes, at)
                }
                _ => Lexed::Bad,
            };
            let Lexed::To(next) = lexed else { return lexed };
            self.end = next;
            at = syntax::skip_space(bytes, next);
            if self.stack.is_empty() {
                return Lexed::To(at);
            }
            expect = Expect::CommaOrClose;
        }
    }

    /// A key and its colon; where the value begins.
    fn key(&mut self, start: usize) -> Lexed {
        let bytes = self.json.as_bytes();
        let Lexed::To(end) = syntax::string(bytes, start) else { return syntax::string(bytes, start) };
        let colon = syntax::skip_space(bytes, end);
        match bytes.get(colon) {
            None => return Lexed::Cut,
            Some(b':') => {}
            Some(_) => return Lexed::Bad,
        }
        // Only a short key can be one that matters here, whatever its escapes.
        let role = if end - start <= 128 {
            role_of(&syntax::decode(self.json.get(start + 1..end - 1).unwrap_or_default()))
        } else {
            Role::None
        };
        if let Some(frame) = self.stack.last_mut() {
            frame.role = role;
        }
        Lexed::To(syntax::skip_space(bytes, colon + 1))
    }

    fn text(&mut self, start: usize) -> Lexed {
        let lexed = syntax::string(self.json.as_bytes(), start);
        if let Lexed::To(end) = lexed {
            self.begin_value(self.json.get(start + 1..end - 1));
        }
        lexed
    }

    /// Notes a value that is no list and no object; the content of a string is given.
    fn begin_value(&mut self, text: Option<&str>) {
        let Some(frame) = self.stack.last_mut() else { return };
        frame.values += 1;
        let Some(text) = text else { return };
        if frame.is_object && frame.role == Role::Query && text.contains('$') {
            graphql::bound(self.recall, &syntax::decode(text), &mut self.bound);
        }
        let names_field = if frame.is_object {
            matches!(frame.role, Role::Naming | Role::Hinting | Role::Type)
        } else {
            frame.in_list && frame.values == 1
        };
        if !names_field || text.len() > MAX_NAMED {
            return;
        }
        let text = syntax::decode(text);
        if frame.role == Role::Type && frame.is_object {
            frame.geometry_type = geojson_or(frame.geometry_type, &text);
        }
        // Nor is JSON in a string a name.
        let is_json = text.starts_with(['{', '[', '"']);
        if is_json || text.bytes().filter(|byte| *byte == b' ').count() > MAX_NAMED_SPACES {
            return;
        }
        let class = self.recall.of(&text).class;
        let hints = frame.is_object && frame.role != Role::Naming;
        let known = if hints { &mut frame.hinted } else { &mut frame.named };
        if class == Class::Secret || *known == Class::Plain {
            *known = class;
        }
        frame.has_name |= !hints;
    }

    fn open(&mut self, is_object: bool) {
        let mut in_list = false;
        if let Some(parent) = self.stack.last_mut() {
            parent.values += 1;
            in_list = !parent.is_object;
            if !is_object {
                parent.coordinates |= parent.role == Role::Coordinates;
                parent.geometries |= parent.role == Role::Geometries;
            }
        }
        self.stack.push(Frame {
            is_object,
            fact: self.facts.len(),
            in_list,
            role: Role::None,
            values: 0,
            geometry_type: None,
            coordinates: false,
            geometries: false,
            named: Class::Plain,
            hinted: Class::Plain,
            has_name: false,
        });
        self.facts.push(Fact::PLAIN);
    }

    fn close(&mut self, at: usize, byte: u8) -> Lexed {
        match self.stack.pop() {
            Some(frame) if frame.is_object == (byte == b'}') => {
                self.settle(&frame, false);
                Lexed::To(at + 1)
            }
            _ => Lexed::Bad,
        }
    }

    fn settle(&mut self, frame: &Frame, cut: bool) {
        if let Some(fact) = self.facts.get_mut(frame.fact) {
            *fact = frame.fact(cut);
        }
    }
}

/// A repeated `type` cannot talk a geometry away.
fn geojson_or(known: Option<Holds>, name: &str) -> Option<Holds> {
    known.or_else(|| geometry::geojson_type(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::names::Names;

    fn read(json: &str, cut: bool) -> Result<Outline, Refusal> {
        outline(json, cut, &mut Recall::new(&Names::new(&[], &[])))
    }

    #[test]
    fn agrees_with_serde_json_on_what_is_json() {
        for json in [
            "{}",
            "[]",
            " [1 , 2] ",
            "null",
            "12",
            " 12 ",
            "\"x\"",
            r#"{"a":{"b":[]},"a":1}"#,
            "1e400",
            "{\"password\" \n :\n \"x\" }",
            "",
            "{",
            "]",
            "[1,]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{'a':1}",
            "[1 2]",
            "[1]]",
            "[}",
            "nul",
            "01",
            "{\"a\"=1}",
            "[NaN]",
            "\u{feff}1",
            "12x",
            "1 2",
            "\"\n\"",
            "{,}",
            "[,]",
            "{1:2}",
            "-",
        ] {
            let oracle = serde_json::from_str::<&serde_json::value::RawValue>(json).is_ok();
            assert_eq!(read(json, false).is_ok(), oracle, "{json}");
        }
    }

    #[test]
    fn a_prefix_ends_at_its_last_complete_value_or_pair() {
        let end = |json: &str| read(json, true).map(|outline| json.get(..outline.end).unwrap().to_owned());
        assert_eq!(end(r#"{"a":1,"b":"x"#).unwrap(), r#"{"a":1"#);
        assert_eq!(end(r#"{"a":1,"b":{"c""#).unwrap(), r#"{"a":1,"b":{"#);
        assert_eq!(end(r#"{"a":12"#).unwrap(), "{");
        assert_eq!(end(r#"["a","b" "#).unwrap(), r#"["a","b""#);
        assert_eq!(end("tru").unwrap_err(), Refusal::Empty);
        assert_eq!(end("[1,}").unwrap_err(), Refusal::Invalid);
    }

    #[test]
    fn every_prefix_of_a_document_is_taken() {
        let json = r#" {"a\u0041":[1,-2.5e3,{"b":null}],"c":{"d":"\ud83d\ude00","e":[]},"f":true} "#;
        for end in 0..json.len() {
            match read(json.get(..end).unwrap(), true) {
                Ok(outline) => assert!(outline.end <= end),
                Err(refusal) => assert_eq!((refusal, end < 2), (Refusal::Empty, true), "{end}"),
            }
        }
    }

    #[test]
    fn depth_is_bounded_without_recursion() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(read(&nested(MAX_DEPTH), false).is_ok());
        assert_eq!(read(&nested(MAX_DEPTH + 1), false).unwrap_err(), Refusal::TooDeep);
        assert_eq!(read(&"[{\"a\":".repeat(100_000), true).unwrap_err(), Refusal::TooDeep);
    }

    #[test]
    fn facts_are_told_in_order_of_opening() {
        let facts = |json: &str, cut| read(json, cut).unwrap().facts;
        let geometry: Vec<bool> = facts(r#"[{"coordinates":[1],"type":"Point"},{"type":"Polygon"}]"#, false)
            .iter()
            .map(|fact| fact.geometry)
            .collect();
        assert_eq!(geometry, [false, true, false, false]);
        // A repeated type does not talk it away.
        assert!(facts(r#"{"type":"Point","type":"x","coordinates":[1]}"#, false).first().unwrap().geometry);
        let named: Vec<Class> = facts(r#"[["token","x"],["token","x","y"],{"value":1,"name":"pwd"}]"#, false)
            .iter()
            .map(|fact| fact.named)
            .collect();
        assert_eq!(named, [Class::Plain, Class::Secret, Class::Plain, Class::Secret]);
        // What was cut off may have been the name.
        assert_eq!(facts(r#"{"value":1,"na"#, true).first().unwrap().class_under("value"), Class::Secret);
        assert_eq!(
            facts(r#"{"name":"colour","value":1,"na"#, true).first().unwrap().class_under("value"),
            Class::Plain
        );
        // A type only hints: it reaches `value`, not `data`.
        let fact = *facts(r#"{"type":"auth","data":{},"value":1}"#, false).first().unwrap();
        assert_eq!((fact.class_under("value"), fact.class_under("data")), (Class::Secret, Class::Plain));
    }
}

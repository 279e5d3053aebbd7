//! The second pass over a JSON document: writes it again, redacted.
//!
//! Only what [`outline`](super::outline) found valid comes here, so nothing fails. Order and digits stay; keys are made
//! unique; recursion is bounded by [`MAX_DEPTH`](super::outline::MAX_DEPTH), and that of JSON inside strings by
//! [`MAX_STRINGS`].

use crate::record::json;
use crate::vocabulary::Mode;

use super::class::Class;
use super::geometry;
use super::keys::Keys;
use super::names::Names;
use super::outline::{Fact, Outline, Refusal, outline};
use super::recall::{Known, Recall};
use super::syntax::{self, Lexed};
use super::{FILTERED, GEOMETRY_FILTERED, shapes};

/// How often JSON is looked for inside strings of JSON inside strings; deeper, such a string is hidden.
pub(super) const MAX_STRINGS: usize = 4;

/// Numbers longer than this become strings: Python refuses integers of more than 4,300 digits.
const MAX_NUMBER: usize = 300;

/// Writes redacted values one after the other into one buffer, and counts what it hid.
#[derive(Debug)]
pub(super) struct Rewriter<'a> {
    recall: Recall<'a>,
    mode: Mode,
    pub(super) out: Vec<u8>,
    /// Once `out` is longer than this, nothing more is written: it will be cut anyway.
    enough: usize,
    pub(super) redacted: u32,
    strings: usize,
    /// The variables that queries of the document bind to secret arguments.
    bound: Vec<String>,
    /// Whether what is written next is the value of `variables`.
    is_variables: bool,
}

impl<'a> Rewriter<'a> {
    pub(super) fn new(names: &'a Names, mode: Mode, limit: usize) -> Self {
        Self {
            recall: Recall::new(names),
            mode,
            out: Vec::new(),
            enough: limit,
            redacted: 0,
            strings: 0,
            bound: Vec::new(),
            is_variables: false,
        }
    }

    pub(super) fn names(&self) -> &'a Names {
        self.recall.names()
    }

    pub(super) fn is_full(&self) -> bool {
        self.out.len() > self.enough
    }

    /// Appends a JSON document, or as much of it as is complete; `class` is what the name it stands under says.
    pub(super) fn document(&mut self, json: &str, cut: bool, class: Class, geometry_name: bool) -> Result<(), Refusal> {
        let Outline { end, facts, bound } = outline(json, cut, &mut self.recall)?;
        self.bound = bound;
        self.out.reserve(end.min(self.enough));
        let json = json.get(..end).unwrap_or_default();
        let mut walk = Walk { json, at: 0, fact: 0, facts: &facts };
        walk.at = syntax::skip_space(json.as_bytes(), 0);
        self.any(&mut walk, class, geometry_name);
        Ok(())
    }

    pub(super) fn filtered(&mut self) {
        self.redacted = self.redacted.saturating_add(1);
        json::write_str(&mut self.out, FILTERED);
    }

    fn geometry_filtered(&mut self) {
        self.redacted = self.redacted.saturating_add(1);
        json::write_str(&mut self.out, GEOMETRY_FILTERED);
    }

    /// What is known of `name`; a geometry's only if the mode leaves geometry out.
    pub(super) fn look_up(&mut self, name: &str) -> Known {
        let known = self.recall.of(name);
        Known { geometry: known.geometry && self.mode != Mode::Full, ..known }
    }

    fn any(&mut self, walk: &mut Walk<'_>, class: Class, geometry_name: bool) {
        match walk.peek() {
            Some(b'{') => self.object(walk, class),
            Some(b'[') => self.list(walk, class, geometry_name),
            Some(b'"') => {
                let text = walk.text();
                self.text(&syntax::decode(text), class, geometry_name);
            }
            _ => {
                let raw = walk.scalar();
                if class.keeps_scalar(raw) { self.scalar(raw) } else { self.filtered() }
            }
        }
    }

    fn object(&mut self, walk: &mut Walk<'_>, class: Class) {
        if class.is_sensitive() {
            walk.skip();
            return self.filtered();
        }
        let fact = walk.open();
        if fact.geometry && self.mode != Mode::Full {
            walk.skip_rest();
            return self.geometry_filtered();
        }
        let is_variables = std::mem::take(&mut self.is_variables);
        self.out.push(b'{');
        let mut keys = Keys::default();
        let mut first = true;
        while walk.member() {
            if self.is_full() {
                walk.skip_rest();
                // Left open on purpose: what is written so far is cut by the caller.
                return;
            }
            if !std::mem::take(&mut first) {
                self.out.push(b',');
            }
            let key = syntax::decode(walk.text());
            walk.colon();
            let Known { mut class, geometry, is_clean, .. } = self.look_up(&key);
            self.key(&mut keys, &key, is_clean);
            if !class.is_sensitive() {
                class = fact.class_under(&key);
            }
            if is_variables && self.bound.iter().any(|bound| *bound == *key) {
                class = Class::Secret;
            }
            self.is_variables = !self.bound.is_empty() && key == "variables";
            self.any(walk, class, geometry);
            self.is_variables = false;
        }
        if !self.is_full() {
            self.out.push(b'}');
        }
    }

    /// Writes a key, free of secrets and unlike those before it, and its colon; `is_clean` says that it holds none.
    pub(super) fn key(&mut self, keys: &mut Keys, key: &str, is_clean: bool) {
        if is_clean {
            keys.write(&mut self.out, key);
        } else {
            let (shown, hidden) = shapes::sweep(self.names(), key);
            self.redacted = self.redacted.saturating_add(hidden);
            keys.write(&mut self.out, &shown);
        }
        self.out.push(b':');
    }

    fn list(&mut self, walk: &mut Walk<'_>, class: Class, geometry_name: bool) {
        if class.is_sensitive() {
            walk.skip();
            return self.filtered();
        }
        if geometry_name && geometry::is_number_list(walk.rest()) {
            walk.skip();
            return self.geometry_filtered();
        }
        let fact = walk.open();
        self.out.push(b'[');
        let mut index = 0_usize;
        // `["--token", "x"]`: what the element before says about this one.
        let mut option = Class::Plain;
        while walk.element() {
            if self.is_full() {
                walk.skip_rest();
                return;
            }
            if index > 0 {
                self.out.push(b',');
            }
            let class = if index == 1 && fact.named.is_sensitive() { fact.named } else { option };
            option = match walk.peek_text() {
                Some(text) if text.starts_with('-') && text.len() <= 64 && !text.contains(['=', ' ']) => {
                    self.recall.of(text).class
                }
                _ => Class::Plain,
            };
            self.any(walk, class, geometry_name);
            index += 1;
        }
        if !self.is_full() {
            self.out.push(b']');
        }
    }

    /// Writes a number, `true`, `false` or `null` as it stands, or as a string where a reader would stumble.
    fn scalar(&mut self, raw: &str) {
        let is_plain = raw.len() <= MAX_NUMBER && !raw.bytes().any(|byte| matches!(byte, b'e' | b'E'))
            || matches!(raw, "true" | "false");
        // What no double holds, serde_json refuses.
        if is_plain || raw.len() <= MAX_NUMBER && raw.parse::<f64>().is_ok_and(f64::is_finite) {
            self.out.extend_from_slice(raw.as_bytes());
        } else {
            json::write_str(&mut self.out, raw);
        }
    }

    /// Writes a string that stands under a name of this class.
    pub(super) fn text(&mut self, text: &str, class: Class, geometry_name: bool) {
        if !class.keeps_text(text) {
            return self.filtered();
        }
        if geometry_name && geometry::is_geometry_text(text) {
            return self.geometry_filtered();
        }
        if self.embedded(text) {
            return;
        }
        let (shown, hidden) = shapes::sweep(self.names(), text);
        self.redacted = self.redacted.saturating_add(hidden);
        json::write_str(&mut self.out, &shown);
    }

    /// Writes a string from which `hidden` secrets were taken already.
    pub(super) fn safe_text(&mut self, text: &str, hidden: u32) {
        self.redacted = self.redacted.saturating_add(hidden);
        json::write_str(&mut self.out, text);
    }

    /// Writes a string that is a JSON document, if it is one that holds something to hide, or looks like one and cannot
    /// be read; otherwise does nothing.
    fn embedded(&mut self, text: &str) -> bool {
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
        let mut rewriter = Rewriter { strings: self.strings + 1, ..Rewriter::new(self.names(), self.mode, usize::MAX) };
        match rewriter.document(inner, false, Class::Plain, false) {
            Ok(()) if rewriter.redacted == 0 => false,
            Ok(()) => {
                self.redacted = self.redacted.saturating_add(rewriter.redacted);
                json::write_lossy(&mut self.out, &rewriter.out);
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

/// A position in a valid document, or in the valid beginning of one.
#[derive(Debug)]
struct Walk<'a> {
    json: &'a str,
    at: usize,
    /// The index of the next list or object that opens.
    fact: usize,
    facts: &'a [Fact],
}

impl<'a> Walk<'a> {
    fn peek(&self) -> Option<u8> {
        self.json.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.json.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        self.at = syntax::skip_space(self.json.as_bytes(), self.at);
    }

    /// Goes past an opening bracket.
    fn open(&mut self) -> Fact {
        let fact = self.facts.get(self.fact).copied();
        self.fact += 1;
        self.at += 1;
        fact.unwrap_or(Fact { geometry: false, named: Class::Plain, hinted: Class::Plain })
    }

    /// Whether another element follows; goes to it, or past the closing bracket. The end of the input closes too.
    fn element(&mut self) -> bool {
        self.skip_space();
        if self.peek() == Some(b',') {
            self.at += 1;
            self.skip_space();
        }
        match self.peek() {
            None => false,
            Some(b']' | b'}') => {
                self.at += 1;
                false
            }
            Some(_) => true,
        }
    }

    fn member(&mut self) -> bool {
        self.element()
    }

    fn colon(&mut self) {
        self.skip_space();
        self.at += 1;
        self.skip_space();
    }

    /// The content of the string that stands here, undecoded; goes past it.
    fn text(&mut self) -> &'a str {
        let start = self.at;
        self.at = match syntax::string(self.json.as_bytes(), start) {
            Lexed::To(end) => end,
            Lexed::Cut | Lexed::Bad => self.json.len(),
        };
        self.json.get(start + 1..self.at.saturating_sub(1)).unwrap_or_default()
    }

    /// The content of the string that stands here, if one does; stays.
    fn peek_text(&self) -> Option<&'a str> {
        match syntax::string(self.json.as_bytes(), self.at) {
            Lexed::To(end) => self.json.get(self.at + 1..end - 1),
            Lexed::Cut | Lexed::Bad => None,
        }
    }

    fn scalar(&mut self) -> &'a str {
        let start = self.at;
        self.at = match syntax::scalar(self.json.as_bytes(), start) {
            Lexed::To(end) => end,
            Lexed::Cut | Lexed::Bad => self.json.len(),
        };
        self.json.get(start..self.at).unwrap_or_default()
    }

    /// Goes past the list or object that stands here.
    fn skip(&mut self) {
        self.open();
        self.skip_rest();
    }

    /// Goes past what is left of the innermost list or object.
    fn skip_rest(&mut self) {
        let mut depth = 1_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.text();
                    continue;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.fact += 1;
                }
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewrite_in(mode: Mode, json: &str, cut: bool) -> (String, u32) {
        let names = Names::new(&[], &[]);
        let mut rewriter = Rewriter::new(&names, mode, usize::MAX);
        rewriter.document(json, cut, Class::Plain, false).unwrap();
        let closed = super::super::fit::fit_prefix(&rewriter.out, usize::MAX / 2);
        (String::from_utf8(closed).unwrap(), rewriter.redacted)
    }

    fn rewrite(json: &str) -> String {
        rewrite_in(Mode::Compact, json, false).0
    }

    #[test]
    fn order_digits_and_types_stay() {
        let json = r#"{"z":12345678901234567890123,"a":0.10000000000000000555,"m":[-0,1E5,null,true],"s":"ñ😀"}"#;
        assert_eq!(rewrite(json), json);
        assert_eq!(rewrite(" [ 1 , { } ] "), "[1,{}]");
        assert_eq!(rewrite("12"), "12");
    }

    #[test]
    fn what_readers_stumble_over_is_changed() {
        assert_eq!(rewrite(r#"[1e400,-1E999,"\ud800"]"#), "[\"1e400\",\"-1E999\",\"\u{fffd}\"]");
        let long = "9".repeat(5000);
        assert_eq!(rewrite(&long), format!("\"{long}\""));
    }

    #[test]
    fn everything_under_a_secret_name_goes() {
        for value in ["\"x\"", "1", "null", "true", "[[1]]", r#"{"a":{"b":1}}"#] {
            let (json, redacted) = rewrite_in(Mode::Full, &format!(r#"{{"pass\u0077ord":{value},"n":[1]}}"#), false);
            assert_eq!((json.as_str(), redacted), (r#"{"password":"[FILTERED]","n":[1]}"#, 1), "{value}");
        }
    }

    #[test]
    fn names_among_the_values_count() {
        let hidden = r#"{"value":"[FILTERED]","name":"password"}"#;
        assert_eq!(rewrite(r#"{"value":"x","name":"password"}"#), hidden);
        assert_eq!(rewrite(r#"[["token","x"],["colour","red"]]"#), r#"[["token","[FILTERED]"],["colour","red"]]"#);
        assert_eq!(rewrite(r#"["--token","x","y"]"#), r#"["--token","[FILTERED]","y"]"#);
        assert_eq!(rewrite(r#"["password","x"]"#), r#"["password","x"]"#);
        assert_eq!(rewrite(r#"["- a password","x"]"#), r#"["- a password","x"]"#);
        assert_eq!(
            rewrite(r#"[["{\"token\":\"x\"}","y"],{"name":"{\"token\":\"x\"}","value":"y"}]"#),
            r#"[["{\"token\":\"[FILTERED]\"}","y"],{"name":"{\"token\":\"[FILTERED]\"}","value":"y"}]"#
        );
        assert_eq!(
            rewrite(r#"{"ParameterKey":"DbPassword","ParameterValue":"x"}"#),
            r#"{"ParameterKey":"DbPassword","ParameterValue":"[FILTERED]"}"#
        );
    }

    #[test]
    fn variables_of_queries_count() {
        for (json, expected) in [
            (
                r#"{"query":"{f(pin:$p)}","note":"{\"n\":1}","variables":{"p":"x"}}"#,
                r#"{"query":"{f(pin:[FILTERED])}","note":"{\"n\":1}","variables":{"p":"[FILTERED]"}}"#,
            ),
            (
                r#"[{"variables":{"p":"x","q":{"p":1}},"query":"{f(pin:$p)}"},{"p":2}]"#,
                r#"[{"variables":{"p":"[FILTERED]","q":{"p":1}},"query":"{f(pin:[FILTERED])}"},{"p":2}]"#,
            ),
            (r#"{"query":"{f(a:$p)}","variables":{"p":1}}"#, r#"{"query":"{f(a:$p)}","variables":{"p":1}}"#),
        ] {
            assert_eq!(rewrite(json), expected);
        }
    }

    #[test]
    fn facts_stay_with_their_objects_after_a_skip() {
        let json = r#"{"token":[{"name":"x","value":1},[]],"b":{"name":"pwd","value":2},"c":{"name":"x","value":3}}"#;
        assert_eq!(
            rewrite(json),
            r#"{"token":"[FILTERED]","b":{"name":"pwd","value":"[FILTERED]"},"c":{"name":"x","value":3}}"#
        );
    }

    #[test]
    fn json_in_strings_is_read() {
        assert_eq!(
            rewrite(r#"{"p":"{\"password\": \"x\", \"k\": 1}"}"#),
            r#"{"p":"{\"password\":\"[FILTERED]\",\"k\":1}"}"#
        );
        assert_eq!(rewrite(r#"{"p":"[1, 2]"}"#), r#"{"p":"[1, 2]"}"#);
        assert_eq!(rewrite(r#"{"p":"{\"pass\\u0077ord\":\"x\", broken"}"#), r#"{"p":"[FILTERED]"}"#);
        let mut nested = r#"{"password":"x"}"#.to_owned();
        for _ in 0..6 {
            nested = serde_json::to_string(&nested).unwrap();
        }
        assert_eq!(rewrite_in(Mode::Full, &nested, false).1, 1);
        assert!(!rewrite(&nested).contains('x'));
        // Beyond the bound even what is harmless is hidden, for nobody looked.
        let nest = |times| (0..times).fold("[1]".to_owned(), |json, _| serde_json::to_string(&json).unwrap());
        assert_eq!(rewrite_in(Mode::Full, &nest(MAX_STRINGS), false), (nest(MAX_STRINGS), 0));
        assert_eq!(rewrite_in(Mode::Full, &nest(MAX_STRINGS + 2), false).1, 1);
    }

    #[test]
    fn compact_mode_drops_geometry() {
        let json = r#"{"type":"Feature","bbox":[1,2,3,4],"geometry":{"coordinates":[1,2],"type":"Point"},"geom":"POINT(1 2)","coords":[[1,2]],"geometry2":"x"}"#;
        let (shown, hidden) = rewrite_in(Mode::Compact, json, false);
        assert_eq!(
            shown,
            r#"{"type":"Feature","bbox":[1,2,3,4],"geometry":"[GEOMETRY_FILTERED]","geom":"[GEOMETRY_FILTERED]","coords":"[GEOMETRY_FILTERED]","geometry2":"x"}"#
        );
        assert_eq!(hidden, 3);
        assert_eq!(rewrite_in(Mode::Full, json, false).0, json);
    }

    #[test]
    fn keys_are_made_unique_after_decoding() {
        assert_eq!(rewrite(r#"{"a":1,"\u0061":2,"a#2":3}"#), r#"{"a":1,"a#2":2,"a#2#2":3}"#);
    }

    #[test]
    fn every_prefix_is_closed_and_shows_no_part_of_a_value() {
        let json =
            r#"{"u":"bob","password":"canary","l":[12345,{"token":"canary"}],"w":{"value":"canary","name":"pwd"}}"#;
        for end in 1..json.len() {
            let (shown, _) = rewrite_in(Mode::Full, json.get(..end).unwrap(), true);
            serde_json::from_str::<serde_json::Value>(&shown).unwrap();
            assert!(!shown.contains("ca") && !shown.contains("\"b\"") && !shown.contains("123]"), "{end}: {shown}");
        }
    }
}

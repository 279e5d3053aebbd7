//! JSON with canaries and keepers: at any depth, in lists of pairs, beside their names, behind options, as variables of
//! queries, and as JSON in strings; and geometry, which compact mode leaves out.

use audit_core::Mode;

use super::draw::{Draw, GEOMETRY};
use super::scan::Look;
use crate::support::canaries::Body;

/// How deep values are nested, and how often JSON stands in a string in JSON: less than redaction reads.
const MAX_DEPTH: usize = 8;
const MAX_STRINGS: usize = 3;

const KINDS: &[&str] = &["application/json", "application/geo+json", "application/vnd.api+json; charset=utf-8"];
const GAPS: &[&str] = &["", " ", "\t", "  \t"];
const BREAKS: &[&str] = &["", "\n", "\r\n  "];
/// Values that are neither a canary nor a keeper.
const PLAIN: &[&str] = &["null", "true", "false", "0", "-0", "1E-7", "12345678901234567890123", "0.50", "{}", "[]"];
/// More of them, which this reader of JSON in strings refuses.
const LARGE: &[&str] = &["1e400", "-1E+999"];
/// Keys beside each other, the first of which names what the second holds.
const BESIDE: &[(&str, &str)] =
    &[("name", "value"), ("key", "value"), ("field", "new"), ("ParameterKey", "ParameterValue"), ("header", "v")];

/// Keys that say something of what stands beside or under them.
const TELLING: &[&str] = &[
    "query",
    "variables",
    "type",
    "coordinates",
    "geometries",
    "geom",
    "name",
    "key",
    "id",
    "value",
    "old",
    "data",
    "a",
];
/// Texts that do.
const WORDS: &[&str] = &[
    "Point",
    "GeometryCollection",
    "--token",
    "-p",
    "token_count",
    "{ f(pin: $a, token: $type, x: $name) }",
    "POINT(1 2)",
];

/// What marks a part of a text as secret.
const SHAPES: &[(&str, &str)] = &[
    ("password=", ""),
    ("Authorization: Bearer ", ""),
    ("https://bob:", "@example.org/"),
    ("https://example.org/?access_token=", "&x=1"),
    ("it was 'pin: ", "' ñ"),
    ("eyJhbGciOiJIUzI1NiJ9.e30.", " ok"),
    ("run --api-key ", " now"),
];

/// The target `json`.
pub(crate) fn json(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let look = Look::draw(&mut draw);
    let lines = draw.below(8);
    let kind = draw.pick(KINDS);
    let mut writer = Writer::new(&mut draw, look.mode);
    if lines < 6 {
        writer.value(0, false);
        return look.check(kind, &writer.body, writer.gone());
    }
    writer.break_lines = false;
    for _ in 0..lines {
        writer.value(0, false);
        writer.body.text += "\r\n";
    }
    look.check("application/x-ndjson", &writer.body, writer.gone());
}

/// Writes JSON as the fuzzer decides.
pub(super) struct Writer<'w, 'a> {
    pub(super) draw: &'w mut Draw<'a>,
    pub(super) body: Body,
    mode: Mode,
    break_lines: bool,
    /// In how many strings what is written now stands.
    strings: usize,
}

impl<'w, 'a> Writer<'w, 'a> {
    pub(super) fn new(draw: &'w mut Draw<'a>, mode: Mode) -> Self {
        Self { draw, body: Body::default(), mode, break_lines: true, strings: 0 }
    }

    /// How what must be gone begins, besides canaries.
    pub(super) fn gone(&self) -> Option<&'static str> {
        (self.mode == Mode::Compact).then_some(GEOMETRY)
    }

    fn put(&mut self, text: &str) {
        self.body.text += text;
    }

    fn gap(&mut self) {
        let gap = self.draw.pick(if self.break_lines { BREAKS } else { GAPS });
        self.put(gap);
    }

    /// A string, escaped in one of many ways.
    fn string(&mut self, text: &str) {
        let style = self.draw.byte();
        let mut out = String::from('"');
        for (at, letter) in text.chars().enumerate() {
            let is_escaped = match style {
                0..128 => false,
                255 => true,
                style => at % 16 == usize::from(style % 16),
            };
            match letter {
                '"' | '\\' => out.extend(['\\', letter]),
                '/' if style % 2 == 1 => out += "\\/",
                _ if is_escaped || letter < ' ' => {
                    letter.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out += &format!("\\u{unit:04x}"));
                }
                _ => out.push(letter),
            }
        }
        out.push('"');
        self.put(&out);
    }

    /// A value; all of it is secret if `secret`.
    pub(super) fn value(&mut self, depth: usize, secret: bool) {
        match if depth < MAX_DEPTH { self.draw.below(16) } else { self.draw.below(3) } {
            0 => {
                let text = self.body.next(secret);
                self.string(&text);
            }
            1 => {
                let number = self.body.number(secret);
                self.put(&number);
            }
            2 => {
                let is_large = self.strings == 0 && self.draw.once_in(8);
                let plain = self.draw.pick(if is_large { LARGE } else { PLAIN });
                self.put(plain);
            }
            3 => {
                let (before, after) = self.draw.pick(SHAPES);
                let canary = self.body.next(true);
                // Alone, or it might name its neighbour.
                self.put("[");
                self.string(&format!("{before}{canary}{after}"));
                self.put("]");
            }
            4 | 5 => self.list(depth, secret),
            6..=8 => self.object(depth, secret),
            9 => self.beside(depth, secret),
            10 => self.pairs(depth, secret),
            11 => self.options(depth, secret),
            12 => self.query(depth, secret),
            13 => self.geometry(),
            14 if self.strings < MAX_STRINGS => self.embedded(depth, secret),
            _ if self.draw.once_in(2) => self.own(),
            _ => {
                // Whatever it says, it says of nothing beside it.
                self.put("[{\"note\":");
                self.tangle(depth + 2);
                self.put("}]");
            }
        }
    }

    fn list(&mut self, depth: usize, secret: bool) {
        self.put("[");
        for at in 0..self.draw.below(5) {
            self.comma(at);
            self.value(depth + 1, secret);
        }
        self.gap();
        self.put("]");
    }

    fn comma(&mut self, at: usize) {
        self.put(if at > 0 { "," } else { "" });
        self.gap();
    }

    fn object(&mut self, depth: usize, secret: bool) {
        self.put("{");
        for at in 0..self.draw.below(5) {
            self.comma(at);
            let is_sensitive = self.draw.once_in(3);
            let mut name = self.draw.name(is_sensitive);
            if self.draw.once_in(16) {
                // However many such there are, they look alike.
                name = format!("{name} eyJhbGciOiJIUzI1NiJ9.e30.{}", self.body.next(true));
            }
            self.key(&name);
            self.value(depth + 1, secret || is_sensitive);
        }
        self.gap();
        self.put("}");
    }

    fn key(&mut self, key: &str) {
        self.string(key);
        self.gap();
        self.put(":");
        self.gap();
    }

    /// Members in any order.
    fn members(&mut self, mut members: [&mut dyn FnMut(&mut Self); 2]) {
        if self.draw.once_in(2) {
            members.reverse();
        }
        self.put("{");
        for (at, member) in members.iter_mut().enumerate() {
            self.comma(at);
            member(self);
        }
        self.put("}");
    }

    /// `{"name": "password", "value": …}`
    fn beside(&mut self, depth: usize, secret: bool) {
        let is_sensitive = self.draw.once_in(2);
        let name = self.draw.name(is_sensitive);
        let (naming, valued) = self.draw.pick(BESIDE);
        self.members([
            &mut |writer| {
                writer.key(naming);
                writer.string(&name);
            },
            &mut |writer| {
                writer.key(valued);
                writer.value(depth + 1, secret || is_sensitive);
            },
        ]);
    }

    /// `[["password", …]]`
    fn pairs(&mut self, depth: usize, secret: bool) {
        self.put("[");
        for at in 0..self.draw.below(4) {
            self.comma(at);
            let is_sensitive = self.draw.once_in(2);
            let name = self.draw.name(is_sensitive);
            self.put("[");
            self.string(&name);
            self.comma(1);
            self.value(depth + 2, secret || is_sensitive);
            self.put("]");
        }
        self.put("]");
    }

    /// `["--api-key", …, "keeper"]`
    fn options(&mut self, depth: usize, secret: bool) {
        self.put("[");
        for at in 0..self.draw.below(4) {
            self.comma(at);
            let is_sensitive = self.draw.once_in(2);
            let name = self.draw.name(is_sensitive);
            self.string(&format!("--{name}"));
            self.comma(1);
            self.value(depth + 1, secret || is_sensitive);
        }
        self.put("]");
    }

    /// A query of GraphQL and its variables, one of which is secret.
    fn query(&mut self, depth: usize, secret: bool) {
        self.members([
            &mut |writer| {
                writer.key("query");
                writer.string("mutation($a: String, $b: String) { sign(pin: $a, note: $b) { id } }");
            },
            &mut |writer| {
                writer.key("variables");
                writer.members([
                    &mut |writer| {
                        writer.key("a");
                        writer.value(depth + 2, true);
                    },
                    &mut |writer| {
                        writer.key("b");
                        writer.value(depth + 2, secret);
                    },
                ]);
            },
        ]);
    }

    /// A geometry, under whatever name.
    fn geometry(&mut self) {
        match self.draw.below(4) {
            0 => self.put(r#"{"geom":"POINT(-6620000001 -6620000002)"}"#),
            1 => {
                self.put(r#"{"the_geom":"#);
                self.positions(0);
                self.put("}");
            }
            2 => self.members([&mut |writer| writer.put(r#""type":"GeometryCollection""#), &mut |writer| {
                writer.put(r#""geometries":[{"type":"Point","coordinates":[-6620000001,2]}]"#)
            }]),
            _ => self.members([&mut |writer| writer.put(r#""type":"MultiPolygon""#), &mut |writer| {
                writer.key("coordinates");
                writer.positions(0);
            }]),
        }
    }

    fn positions(&mut self, depth: usize) {
        self.put("[-6620000001.5,");
        self.gap();
        for _ in 0..self.draw.below(4) {
            if depth < 3 && self.draw.once_in(2) {
                self.positions(depth + 1);
            } else {
                self.put("-6620000002e-3");
            }
            self.gap();
            self.put(",");
        }
        self.put("0]");
    }

    /// An object as JSON in a string.
    fn embedded(&mut self, depth: usize, secret: bool) {
        let inner = self.apart(depth + 1, secret);
        self.string(&inner);
    }

    /// An object as JSON that is to stand in something else.
    pub(super) fn apart(&mut self, depth: usize, secret: bool) -> String {
        let before = std::mem::take(&mut self.body.text);
        self.strings += 1;
        self.object(depth, secret);
        self.strings -= 1;
        std::mem::replace(&mut self.body.text, before)
    }

    /// Members that say much of each other, in any order and depth: what is kept of them is nobody's to tell, and what
    /// stands under a sensitive name goes all the same.
    fn tangle(&mut self, depth: usize) {
        match if depth < MAX_DEPTH { self.draw.below(8) } else { self.draw.below(4) } {
            0 => {
                let plain = self.draw.pick(PLAIN);
                self.put(plain);
            }
            1 => {
                let is_sensitive = self.draw.once_in(2);
                let name = self.draw.name(is_sensitive);
                self.string(&name);
            }
            2 => {
                let word = self.draw.pick(WORDS);
                self.string(word);
            }
            3 => self.geometry(),
            4 => {
                self.put("[");
                for at in 0..self.draw.below(4) {
                    self.comma(at);
                    self.tangle(depth + 1);
                }
                self.put("]");
            }
            5 if self.strings < MAX_STRINGS => {
                let before = std::mem::take(&mut self.body.text);
                self.strings += 1;
                self.tangle(depth + 1);
                self.strings -= 1;
                let inner = std::mem::replace(&mut self.body.text, before);
                self.string(&inner);
            }
            _ => {
                self.put("{");
                for at in 0..self.draw.below(5) {
                    self.comma(at);
                    if self.draw.once_in(4) {
                        let name = self.draw.name(true);
                        self.key(&name);
                        self.value(MAX_DEPTH, true);
                    } else {
                        let key = self.draw.pick(TELLING);
                        self.key(key);
                        self.tangle(depth + 1);
                    }
                }
                self.put("}");
            }
        }
    }

    /// Something of the fuzzer's own, apart from what it might say about others.
    fn own(&mut self) {
        let (key, text) = (self.draw.text(), self.draw.text());
        self.put("[{");
        self.string(&key);
        self.put(":0},[{\"note\":");
        self.string(&text);
        self.put("}]]");
    }
}

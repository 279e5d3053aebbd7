//! Bodies made at random, with canaries under sensitive names and keepers under harmless ones, cut anywhere.

use audit_core::exchange::{RequestHead, ResponseHead};
use audit_core::testing::MemorySink;
use audit_core::{Auditor, Line, Output};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::support::canaries::{Body, CANARIES, HARMLESS, SENSITIVE, STYLES, styled};
use crate::support::strict::check_line;
use crate::support::{Lines, PATIENCE, timeless};

const LINE_BYTES: usize = 16_384;
const SMALL_LINE_BYTES: usize = 2_048;

/// A name of these words as one of the styles writes it.
fn named(words: &'static [&'static [&'static str]]) -> impl Strategy<Value = String> {
    (select(words), 0..STYLES).prop_map(|(words, style)| styled(words, style))
}

/// A field: whether its name is sensitive, and the name.
fn fields() -> impl Strategy<Value = (bool, String)> {
    prop_oneof![named(SENSITIVE).prop_map(|name| (true, name)), named(HARMLESS).prop_map(|name| (false, name))]
}

/// What stands at a place of a document: text, with whether it is secret left to the names above it.
#[derive(Debug, Clone)]
enum Node {
    Text,
    Number,
    List(Vec<Node>),
    Object(Vec<(bool, String, Node)>),
    /// An object as a JSON text in a string.
    Embedded(Vec<(bool, String, Node)>),
}

fn nodes() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![Just(Node::Text), Just(Node::Number)];
    // JSON in strings is read four times over, so nothing is deeper.
    leaf.prop_recursive(4, 30, 4, |inner| {
        let members = (any::<bool>(), vec((fields(), inner.clone()), 0..4)).prop_map(|(embedded, members)| {
            let members = members.into_iter().map(|((secret, name), node)| (secret, name, node)).collect();
            if embedded { Node::Embedded(members) } else { Node::Object(members) }
        });
        prop_oneof![vec(inner, 0..4).prop_map(Node::List), members]
    })
}

impl Body {
    fn json(&mut self, node: &Node, secret: bool, gap: &str) {
        match node {
            Node::Text => {
                let text = self.next(secret);
                self.text += &format!("\"{text}\"");
            }
            Node::Number => {
                let number = self.number(secret);
                self.text += &number;
            }
            Node::List(nodes) => {
                self.text += "[";
                for (at, node) in nodes.iter().enumerate() {
                    self.text += if at > 0 { "," } else { gap };
                    self.json(node, secret, gap);
                }
                self.text += "]";
            }
            Node::Object(members) => self.members(members, secret, gap),
            Node::Embedded(members) => {
                let before = std::mem::take(&mut self.text);
                self.members(members, secret, gap);
                let inner = serde_json::to_string(&self.text).expect("a text is JSON");
                self.text = before + &inner;
            }
        }
    }

    fn members(&mut self, members: &[(bool, String, Node)], secret: bool, gap: &str) {
        self.text += "{";
        for (at, (is_sensitive, name, node)) in members.iter().enumerate() {
            self.text += &format!("{}{gap}\"{name}\":{gap}", if at > 0 { "," } else { "" });
            self.json(node, secret || *is_sensitive, gap);
        }
        self.text += "}";
    }

    fn form(fields: &[(bool, String)]) -> Self {
        let mut body = Self::default();
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (secret, name) in fields {
            form.append_pair(name, &body.next(*secret));
        }
        body.text = form.finish();
        body
    }

    fn multipart(fields: &[(bool, String)], json: &[bool]) -> Self {
        let mut body = Self::default();
        for (at, (secret, name)) in fields.iter().enumerate() {
            let value = body.next(*secret);
            let (kind, value) = match json.get(at) {
                Some(true) => ("\r\nContent-Type: application/json", format!("{{\"x\":[\"{value}\"]}}")),
                _ => ("", value),
            };
            body.text += &format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"{kind}\r\n\r\n{value}\r\n");
        }
        body.text += "--B--\r\n";
        body
    }
}

/// The line of a request with this body, which comes in these chunks.
fn line<'b>(kind: &'static str, chunks: impl Iterator<Item = &'b [u8]>, line_bytes: usize) -> Line {
    let sink = MemorySink::new();
    let builder = Auditor::builder().output(Output::None).sink(sink.clone()).max_line_bytes(line_bytes);
    let auditor = builder.build().expect("the settings are good");
    let headers = [("content-type", kind.as_bytes())];
    let headers = Lines(&headers);
    let mut exchange =
        auditor.begin(&RequestHead::new("test", "POST", "/api/things", &headers)).expect("the path is not excluded");
    let tap = exchange.request_tap();
    chunks.for_each(|chunk| tap.push(chunk));
    tap.complete();
    exchange.respond(&ResponseHead::new(204, &headers));
    drop(exchange);
    auditor.shutdown(PATIENCE);
    sink.lines().remove(0)
}

/// Holds for a body, cut at these places: nothing secret is shown, everything else is, and the cuts make no difference.
fn check(kind: &'static str, body: &Body, cuts: &[Index]) -> Result<(), TestCaseError> {
    let bytes = body.text.as_bytes();
    let whole = line(kind, std::iter::once(bytes), LINE_BYTES);
    let record = check_line(&whole, LINE_BYTES);
    // A moment or an identifier may hold the digits of a canary.
    let json = timeless(whole.json());
    prop_assert!(CANARIES.iter().all(|canary| !json.contains(canary)), "{} -> {}", body.text, json);
    prop_assert!(record.get("truncated").is_none(), "the body is small: {}", json);
    for keeper in &body.keepers {
        prop_assert!(json.contains(keeper), "{} of {} -> {}", keeper, body.text, json);
    }
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).chain([0, bytes.len()]).collect();
    places.sort_unstable();
    for line_bytes in [LINE_BYTES, SMALL_LINE_BYTES] {
        let cut = line(kind, places.windows(2).map(|place| &bytes[place[0]..place[1]]), line_bytes);
        check_line(&cut, line_bytes);
        let cut = timeless(cut.json());
        prop_assert!(CANARIES.iter().all(|canary| !cut.contains(canary)), "{} -> {}", body.text, cut);
        if line_bytes == LINE_BYTES {
            prop_assert_eq!(&json, &cut);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn documents_lose_what_is_secret_and_nothing_else(node in nodes(), gap in select(vec!["", " ", "\n\t"]), cuts in vec(any::<Index>(), 0..6)) {
        let mut body = Body::default();
        body.json(&node, false, gap);
        check("application/json", &body, &cuts)?;
    }

    #[test]
    fn forms_lose_what_is_secret_and_nothing_else(fields in vec(fields(), 1..8), cuts in vec(any::<Index>(), 0..6)) {
        check("application/x-www-form-urlencoded", &Body::form(&fields), &cuts)?;
    }

    #[test]
    fn multipart_loses_what_is_secret_and_nothing_else(fields in vec(fields(), 1..6), json in vec(any::<bool>(), 0..6), cuts in vec(any::<Index>(), 0..6)) {
        check("multipart/form-data; boundary=B", &Body::multipart(&fields, &json), &cuts)?;
    }
}

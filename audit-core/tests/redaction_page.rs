//! That the page about redaction, `REDACTION.md`, says what is so: each table whose second column is headed `kept` is run.
//!
//! The first column's heading says what its first code span is, [`kept`] how it is then redacted; `↵` stands for the end
//! of a line. Each list under "The lists" is held against the rules as its heading says; that no word is missing from
//! them, the lists' own module tests.

use std::sync::Arc;

use audit_core::Mode;
use audit_core::redact::{BodyKind, Fragment, Redactor};

const PAGE: &str = include_str!("../../REDACTION.md");

/// More than any example takes, in a record and of one text.
const ENOUGH: usize = 16_384;

/// The bodies of the page are redacted in pieces of so many bytes, and must come out alike.
const CHUNKS: [usize; 2] = [1, usize::MAX];

/// A row of a table: its line, what heads its first column, and the code spans of the first two.
struct Row<'p> {
    line: usize,
    heading: &'p str,
    input: Vec<String>,
    kept: Vec<String>,
}

/// The cells of a table's line; `\|` stands for the sign itself.
fn cells(line: &str) -> Option<Vec<String>> {
    let line = line.strip_prefix('|')?.strip_suffix('|')?.replace("\\|", "\0");
    Some(line.split('|').map(|cell| cell.trim().replace('\0', "|")).collect())
}

/// The code spans of a text.
fn spans(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn rows(page: &str) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut heading = None;
    for (index, line) in page.lines().enumerate() {
        let Some(cells) = cells(line) else {
            heading = None;
            continue;
        };
        if cells.get(1).is_some_and(|second| second == "kept") {
            heading = line.trim_start_matches('|').split('|').next().map(str::trim);
        } else if let Some(heading) = heading
            && !line.starts_with("|--")
        {
            rows.push(Row { line: index + 1, heading, input: spans(&cells[0]), kept: spans(&cells[1]) });
        }
    }
    rows
}

/// How a body comes, and how much of it may be held and kept.
#[derive(Clone, Copy)]
struct Body<'a> {
    kind: BodyKind<'a>,
    mode: Mode,
    held: usize,
    limit: usize,
    complete: bool,
}

impl<'a> Body<'a> {
    fn of(content_type: &'a str) -> Self {
        let kind = BodyKind::new(Some(content_type), None);
        Self { kind, mode: Mode::Compact, held: ENOUGH, limit: ENOUGH, complete: true }
    }

    fn kept(self, bytes: &[u8]) -> Fragment {
        let redactor = Arc::new(Redactor::default());
        let [kept, whole] = CHUNKS.map(|chunk| {
            let mut scanner = redactor.body(self.kind, self.mode, self.held, self.limit);
            bytes.chunks(chunk).for_each(|chunk| scanner.push(chunk));
            scanner.finish(self.complete).expect("a body of the page is not empty")
        });
        assert_eq!(kept, whole, "it makes no difference how a body is cut into pieces");
        kept
    }
}

/// What is kept of an example, as text.
fn kept(heading: &str, input: &[String]) -> String {
    let redactor = Redactor::default();
    let joined = |line_end| input.last().map(|text| text.replace('↵', line_end)).unwrap_or_default();
    let json = Body::of("application/json");
    let of_lines = |body: Body<'_>| body.kept(joined("\n").as_bytes());
    let form = Body::of("application/x-www-form-urlencoded");
    let fragment = match (heading, input) {
        ("JSON", [_]) => of_lines(json),
        ("JSON in mode full", [_]) => of_lines(Body { mode: Mode::Full, ..json }),
        ("JSON that breaks off", [_]) => of_lines(Body { complete: false, ..json }),
        ("JSON, 40 bytes of room", [_]) => of_lines(Body { limit: 40, ..json }),
        ("JSON, 80 bytes of room", [_]) => of_lines(Body { limit: 80, ..json }),
        ("JSON, texts of 20 bytes", [_]) => of_lines(Body { held: 20, ..json }),
        ("lines of JSON", [_]) => of_lines(Body::of("application/x-ndjson")),
        ("form", [_]) => of_lines(form),
        ("form that breaks off", [_]) => of_lines(Body { complete: false, ..form }),
        // Between the boundaries.
        ("part", [_]) => {
            let body = format!("--B\r\nContent-Disposition: form-data; {}\r\n--B--\r\n", joined("\r\n"));
            Body::of("multipart/form-data; boundary=B").kept(body.as_bytes())
        }
        ("type, coding, body", [body]) => Body { kind: BodyKind::default(), ..Body::of("") }.kept(body.as_bytes()),
        ("type, coding, body", [declared, body]) => Body::of(declared).kept(body.as_bytes()),
        ("type, coding, body", [declared, coding, body]) => {
            Body { kind: BodyKind::new(Some(declared), Some(coding)), ..Body::of("") }.kept(body.as_bytes())
        }
        ("query", [query]) => redactor.query(query, ENOUGH),
        ("header", [_]) => {
            let lines = joined("\n");
            let headers = lines.lines().filter_map(|line| line.split_once(": "));
            redactor.headers(headers.map(|(name, value)| (name, value.as_bytes())), ENOUGH)
        }
        ("field", [name, json]) => redactor.value(name, json.as_bytes(), Mode::Full, ENOUGH),
        ("path", [path]) => return redactor.path(path, None).0.into_owned(),
        ("path", [path, template]) => return redactor.path(path, Some(template)).0.into_owned(),
        ("text", [_]) => return redactor.text(&joined("\n")).0.replace('\n', "↵"),
        _ => panic!("no test knows how {heading:?} with {} code spans is redacted", input.len()),
    };
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&fragment.json).err().map(|e| e.to_string()), None);
    fragment.json.as_str().to_owned()
}

#[test]
fn every_example_of_the_page_is_so() {
    let rows = rows(PAGE);
    let mut wrong = String::new();
    for row in &rows {
        let [expected] = row.kept.as_slice() else { panic!("line {}: one code span is kept", row.line) };
        let kept = kept(row.heading, &row.input);
        if kept != *expected {
            wrong +=
                &format!("line {}:\n  in   {}\n  page {expected}\n  is   {kept}\n", row.line, row.input.join("   "));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(rows.len() > 100, "{}", rows.len());
}

/// The code spans of each list, by the heading above it.
fn lists() -> Vec<(&'static str, Vec<String>)> {
    let (_, lists) = PAGE.split_once("\n## The lists\n").expect("the page has them");
    let lists = lists.split("\n## ").next().unwrap_or_default();
    let of = |list: &'static str| {
        let (heading, text) = list.split_once('\n').expect("a list follows its heading");
        // What is said of a list stands before its first blank line; the list behind it.
        let (_, list) = text.trim_start().split_once("\n\n").expect("a list follows what is said of it");
        (heading, spans(list))
    };
    lists.split("\n### ").skip(1).map(of).collect()
}

#[test]
fn every_word_of_the_lists_does_what_its_heading_says() {
    let redactor = Redactor::default();
    let shown = |name: &str, json: &str| redactor.value(name, json.as_bytes(), Mode::Full, ENOUGH).redacted == 0;
    let body = |json: &str| Body::of("application/json").kept(json.as_bytes());
    let lists = lists();
    for (heading, words) in &lists {
        assert!(!words.is_empty(), "{heading}");
        for word in words {
            let holds = match *heading {
                "Secret wherever they stand" => !shown(&format!("my_{word}_x"), "\"qQ7\"") && !shown(word, "1"),
                "Secret as the last words" => {
                    !shown(&format!("my_{word}"), "1") && shown(&format!("{word}_color"), "1")
                }
                "Secret as the whole name" => !shown(word, "1") && shown(&format!("my_{word}_x"), "1"),
                "Secret at the end of a run of letters" => !shown(&format!("qq{word}"), "1"),
                "Secret anywhere in a script without spaces" => !shown(&format!("の{word}の"), "1"),
                "Last words that describe" => shown(&format!("password_{word}"), "\"plain\""),
                "First words that ask" => {
                    shown(&format!("{word}_password"), "true") && !shown(&format!("{word}_password"), "12")
                }
                "Headers that are secret" => redactor.is_sensitive_header(word),
                "Headers that end in -key and are not" => !redactor.is_sensitive_header(word),
                "Beginnings of tokens" => {
                    let token = format!("{word}{}", "a1B2".repeat(10));
                    redactor.text(&format!("see {token} here")).0 == "see [FILTERED] here"
                }
                "Keys that hold a name" => {
                    body(&format!(r#"{{"{word}":"token","value":"x","text":"y"}}"#)).redacted == 2
                }
                "Keys that may hold a name" => {
                    body(&format!(r#"{{"{word}":"token","value":"x","text":"y"}}"#)).redacted == 1
                }
                "Keys that hold its value" => body(&format!(r#"{{"type":"token","{word}":"x"}}"#)).redacted == 1,
                "Keys that may hold its value" => {
                    body(&format!(r#"[{{"type":"token","{word}":"x"}},{{"name":"token","{word}":"x"}}]"#)).redacted == 1
                }
                "Options of tools" => redactor.text(&format!("{word} ana:hunter2 x")).1 == 1,
                "URLs that are keys" => redactor.text(&format!("https://{word}T0/B0/x")).1 == 1,
                "Names of geometries" => body(&format!(r#"{{"the_{word}":"POINT(1 2)"}}"#)).redacted == 1,
                "Words of links" => redactor.path(&format!("/{word}/Zq7SECRETx9"), None).1 == 1,
                _ => panic!("no test knows the list {heading:?}"),
            };
            assert!(holds, "{heading}: {word}");
        }
    }
    assert_eq!(lists.len(), 18);
}

#[test]
fn the_bounds_are_those_of_the_page() {
    let kept = |body: String| Body::of("application/json").kept(body.as_bytes()).json.as_str().to_owned();
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(kept(nested(64)), nested(64));
    assert!(kept(nested(65)).starts_with(r#"{"withheld":"nested too deeply""#));
    let digits = |count| format!("[{}]", "7".repeat(count));
    assert_eq!(kept(digits(300)), digits(300));
    assert!(kept(digits(301)).starts_with("[\"7"));
    let in_texts =
        |depth: usize, inner: &str| (0..depth).fold(inner.to_owned(), |json, _| serde_json::json!([json]).to_string());
    assert_eq!(kept(in_texts(4, r#"{"pin":1}"#)), in_texts(4, r#"{"pin":"[FILTERED]"}"#));
    assert_eq!(kept(in_texts(5, r#"{"pin":1}"#)), in_texts(4, r#"["[FILTERED]"]"#));
}

//! What a record keeps of each of many requests: JSON lines in, JSON lines out.
//!
//! ```text
//! cargo run -p audit-core --example redact -- [--chunk BYTES] < audit-core/tests/cases/redaction.jsonl
//! ```
//!
//! Each line in tells of one request or answer; see [`Case`]. Each line out is `{"id": …, "output": …}`, the output
//! being the record's line as a sink gets it, or null if none was written. Every case goes the way that a request takes
//! through an adapter: head, body in chunks of so many bytes (4,096, unless `--chunk` says otherwise), answer, record.
//!
//! A line that cannot be read ends the run with exit code 1, and is told on stderr by its number.

use std::borrow::Cow;
use std::error::Error;
use std::io::{BufRead, Write};
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::task::{Context, Waker};
use std::time::Duration;

use audit_core::exchange::{Headers, RequestHead, ResponseHead};
use audit_core::testing::MemorySink;
use audit_core::{Auditor, BuildError, Line, Mode, Output};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;

/// The chunks that servers read from sockets are about this long.
const CHUNK: NonZeroUsize = NonZeroUsize::new(4_096).expect("it is not zero");
/// How long a record may take to its sink, which only stores it.
const PATIENCE: Duration = Duration::from_secs(60);
/// The path of a request that is not about its target.
const PATH: &str = "/api/things";

fn main() -> ExitCode {
    let chunk = match chunk_of(std::env::args().skip(1)) {
        Ok(chunk) => chunk,
        Err(error) => {
            eprintln!("redact: {error}; usage: redact [--chunk BYTES] < cases.jsonl");
            return ExitCode::FAILURE;
        }
    };
    match run(std::io::stdin().lock(), std::io::stdout().lock(), chunk) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("redact: {error}");
            ExitCode::FAILURE
        }
    }
}

fn chunk_of(mut arguments: impl Iterator<Item = String>) -> Result<NonZeroUsize, String> {
    let Some(argument) = arguments.next() else { return Ok(CHUNK) };
    let size = match argument.strip_prefix("--chunk") {
        Some("") => arguments.next(),
        Some(rest) => rest.strip_prefix('=').map(str::to_owned),
        None => return Err(format!("{argument:?} is no option")),
    };
    let size = size.unwrap_or_default();
    let chunk = size.parse().map_err(|_| format!("--chunk is {size:?}, expected a number of bytes above 0"))?;
    arguments.next().map_or(Ok(chunk), |more| Err(format!("{more:?} is no option")))
}

/// Answers each line of `cases` by one in `out`.
pub(crate) fn run(cases: impl BufRead, mut out: impl Write, chunk: NonZeroUsize) -> Result<(), Box<dyn Error>> {
    for (index, line) in cases.lines().enumerate() {
        let told = |error: &dyn std::fmt::Display| format!("line {}: {error}", index + 1);
        let line = line.map_err(|error| told(&error))?;
        if line.trim().is_empty() {
            continue;
        }
        let case: Case = serde_json::from_str(&line).map_err(|error| told(&error))?;
        let output = case.record(chunk).map_err(|error| told(&format_args!("case {:?}: {error}", case.id)))?;
        writeln!(out, "{}", serde_json::json!({ "id": case.id, "output": output }))?;
    }
    out.flush()?;
    Ok(())
}

/// One request or answer, and what of it the input is.
#[derive(Debug, Deserialize)]
struct Case {
    id: String,
    kind: Kind,
    #[serde(default)]
    content_type: String,
    content_encoding: Option<String>,
    input: Option<String>,
    /// The input's bytes, in Base64, where they are no text.
    input_b64: Option<String>,
    #[serde(default)]
    mode: CaseMode,
    /// How long a value of a body may be to be looked at (`AUDIT_MAX_BODY_BYTES`).
    capture_limit: Option<usize>,
    target: Option<Target>,
    #[serde(default)]
    direction: Direction,
    /// `error_text`: the input is also the text of the error that ended the answer.
    field: Option<String>,
}

/// What the input is: header lines, a query, or, whatever the type, a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Json,
    Form,
    Multipart,
    Text,
    Truncated,
    Deep,
    Query,
    Header,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum CaseMode {
    Basic,
    #[default]
    Compact,
    Full,
}

/// The request's path and query.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Target {
    /// Whether they are the input.
    IsInput(bool),
    Given(String),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Direction {
    #[default]
    Request,
    Response,
}

impl Case {
    /// The record of the case's exchange, as a sink gets it.
    fn record(&self, chunk: NonZeroUsize) -> Result<Option<String>, Box<dyn Error>> {
        let input = self.bytes()?;
        let text = String::from_utf8_lossy(&input);
        let sink = MemorySink::new();
        let auditor = self.auditor(&sink)?;
        let is_target = self.kind == Kind::Query || matches!(self.target, Some(Target::IsInput(true)));
        let target = match &self.target {
            Some(Target::Given(target)) => target.clone(),
            _ if is_target && text.starts_with('/') => text.clone().into_owned(),
            _ if is_target => format!("{PATH}?{text}"),
            _ => PATH.to_owned(),
        };
        let (path, query) = target.split_once('?').map_or((&*target, None), |(path, query)| (path, Some(query)));
        let headers = if self.kind == Kind::Header { HeaderLines::read(&input) } else { self.declarations() };
        let body: &[u8] = if self.kind == Kind::Header || is_target { &[] } else { &input };
        let none = HeaderLines(Vec::new());
        let (asked, answered) = match self.direction {
            Direction::Request => ((&headers, body), (&none, &[][..])),
            Direction::Response => ((&none, &[][..]), (&headers, body)),
        };

        let mut head = RequestHead::new("example", "POST", path, asked.0);
        head.query = query;
        if let Some(mut exchange) = auditor.begin(&head) {
            let mut cx = Context::from_waker(Waker::noop());
            while exchange.poll_admission(&mut cx).is_pending() {
                std::thread::yield_now();
            }
            let tap = exchange.request_tap();
            asked.1.chunks(chunk.get()).for_each(|chunk| tap.push(chunk));
            tap.complete();
            exchange.respond(&ResponseHead::new(200, answered.0));
            answered.1.chunks(chunk.get()).for_each(|chunk| exchange.sent(chunk));
            if self.field.as_deref() == Some("error_text") {
                exchange.note_error(&text);
            }
            exchange.complete();
        }
        auditor.shutdown(PATIENCE);
        let lines = sink.lines();
        let lines: Vec<&str> = lines.iter().map(Line::json).collect();
        Ok((!lines.is_empty()).then(|| lines.join("\n")))
    }

    fn bytes(&self) -> Result<Cow<'_, [u8]>, Box<dyn Error>> {
        match (&self.input, &self.input_b64) {
            (Some(text), None) => Ok(text.as_bytes().into()),
            (None, Some(encoded)) => {
                Ok(BASE64.decode(encoded).map_err(|error| format!("cannot read input_b64: {error}"))?.into())
            }
            (Some(_), Some(_)) => Err("it has both input and input_b64".into()),
            (None, None) => Err("it has neither input nor input_b64".into()),
        }
    }

    fn auditor(&self, sink: &MemorySink) -> Result<Auditor, BuildError> {
        let mode = match self.mode {
            CaseMode::Basic => Mode::Basic,
            CaseMode::Compact => Mode::Compact,
            CaseMode::Full => Mode::Full,
        };
        // Whatever the path, a record is to be written.
        let mut builder = Auditor::builder().output(Output::None).sink(sink.clone()).mode(mode).include("/");
        if let Some(limit) = self.capture_limit {
            builder = builder.max_body_bytes(limit);
        }
        if self.direction == Direction::Response {
            builder = builder.record_response_headers().record_response_bodies();
        }
        builder.build()
    }

    /// What the body's headers say of it.
    fn declarations(&self) -> HeaderLines {
        let declared =
            [("content-type", Some(&self.content_type)), ("content-encoding", self.content_encoding.as_ref())];
        let lines =
            declared.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
        HeaderLines(lines.map(|(name, value)| (name.to_owned(), value.clone().into_bytes())).collect())
    }
}

/// Header lines with lower-case names.
struct HeaderLines(Vec<(String, Vec<u8>)>);

impl HeaderLines {
    /// What a server makes of these bytes: a line without a name is none, and one that begins with a blank goes on.
    fn read(bytes: &[u8]) -> Self {
        let mut lines: Vec<(String, Vec<u8>)> = Vec::new();
        for line in bytes.split(|byte| *byte == b'\n') {
            let colon = line.iter().position(|byte| *byte == b':');
            match (line, lines.last_mut(), colon) {
                ([b' ' | b'\t', ..], Some((_, value)), _) => {
                    value.push(b' ');
                    value.extend_from_slice(line.trim_ascii());
                }
                (_, _, Some(colon)) => {
                    let name = String::from_utf8_lossy(&line[..colon]).trim().to_ascii_lowercase();
                    lines.push((name, line[colon + 1..].trim_ascii().to_vec()));
                }
                (_, _, None) => {}
            }
        }
        Self(lines)
    }
}

impl Headers for HeaderLines {
    fn for_each<'a>(&'a self, each: &mut dyn FnMut(&'a str, &'a [u8])) {
        self.0.iter().for_each(|(name, value)| each(name, value));
    }

    fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }
}

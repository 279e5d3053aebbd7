//! `audit redact`: what a record would keep of a body.
//!
//! The body goes the way that a request's goes through an adapter: head, chunks as they come, record. However long it is,
//! no more of it is held than there: what the record may show, and the text that is being read (`AUDIT_MAX_BODY_BYTES`). The
//! record goes to memory, whatever `AUDIT_LOG_PATH` says.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::task::{Context, Waker};
use std::time::Duration;

use audit_core::exchange::{Headers, RequestHead, ResponseHead};
use audit_core::testing::MemorySink;
use audit_core::{Auditor, BuildError, Field, Line, Mode, Output};
use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::output::Output as Stdout;
use crate::{pretty, say};

/// How much is read at once, in bytes.
const CHUNK: usize = 16_384;
/// How long a record may take to its sink, which only stores it.
const PATIENCE: Duration = Duration::from_secs(60);
/// The one path that `AUDIT_EXCLUDE_PATHS` cannot exclude: `/` itself may not stand in it.
const PATH: &str = "/";

/// Show what a record would keep of a body
///
/// The body is redacted with the settings of the environment, such as AUDIT_MODE, AUDIT_SENSITIVE_FIELDS,
/// AUDIT_MAX_LINE_BYTES (the record's bound) and AUDIT_MAX_BODY_BYTES (that of a text in the body). The body may be of any
/// length. What is kept goes to stdout, and figures to stderr. Nothing is
/// written to AUDIT_LOG_PATH, and AUDIT_ENABLED has no say.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The body's Content-Type; by default what the file's extension says, or application/json
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// The body's Content-Encoding, such as gzip
    #[arg(long, value_name = "ENCODING")]
    content_encoding: Option<String>,
    /// How much is kept; by default what AUDIT_MODE says
    #[arg(long)]
    mode: Option<ModeArgument>,
    /// Print the whole record, on one line; all of it but the body is that of a made-up request
    #[arg(long)]
    record: bool,
    /// Where the body is; by default, or if it is `-`, standard input
    file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ModeArgument {
    Basic,
    Compact,
    Full,
}

impl From<ModeArgument> for Mode {
    fn from(mode: ModeArgument) -> Self {
        match mode {
            ModeArgument::Basic => Self::Basic,
            ModeArgument::Compact => Self::Compact,
            ModeArgument::Full => Self::Full,
        }
    }
}

/// Why it cannot be shown what a record would keep.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RedactError {
    #[error("cannot read {body}")]
    Read { body: String, source: io::Error },
    #[error(transparent)]
    Settings(#[from] BuildError),
    #[error("no record was made")]
    NoRecord,
    #[error("cannot read the record")]
    Record(#[source] serde_json::Error),
    #[error("cannot write to stdout")]
    Write(#[source] io::Error),
}

/// Shows what a record would keep of the body that the arguments name.
pub(crate) fn run(arguments: &Arguments) -> Result<(), RedactError> {
    let file = arguments.file.as_deref().filter(|file| *file != Path::new("-"));
    let guess = guessed_type(file);
    let declared = Declared {
        content_type: arguments.content_type.as_deref().or(Some(guess.0)),
        content_encoding: arguments.content_encoding.as_deref(),
    };
    let line = record_of(file, &declared, arguments.mode.map(Mode::from))?;
    if arguments.content_type.is_none() {
        say(format_args!("taken as {}, {}", guess.0, guess.1));
    }
    let record: Record<'_> = serde_json::from_str(line.json()).map_err(RedactError::Record)?;
    let shown = match record.request_body {
        _ if arguments.record => Some(line.json().as_bytes().to_vec()),
        kept => kept.map(|body| pretty::indented(body.get())),
    };
    if let Some(mut shown) = shown {
        shown.push(b'\n');
        Stdout::new().write(&shown).map_err(RedactError::Write)?;
    }
    say(format_args!("{}", record.figures()));
    Ok(())
}

/// What a body is taken for whose type nobody gave, and why.
fn guessed_type(file: Option<&Path>) -> (&'static str, &'static str) {
    let extension = file.and_then(Path::extension).unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let known = match extension.as_str() {
        "json" => "application/json",
        "geojson" => "application/geo+json",
        "jsonl" | "ndjson" => "application/x-ndjson",
        "txt" => "text/plain",
        "xml" => "application/xml",
        _ => return ("application/json", "for no --content-type was given"),
    };
    (known, "by the file's extension")
}

/// The record of a request with this body.
fn record_of(file: Option<&Path>, declared: &Declared<'_>, mode: Option<Mode>) -> Result<Line, RedactError> {
    let name = || file.map_or_else(|| "standard input".to_owned(), |file| format!("{file:?}"));
    let unreadable = |source| RedactError::Read { body: name(), source };
    let mut body: Box<dyn Read> = match file {
        Some(file) => Box::new(File::open(file).map_err(unreadable)?),
        None => Box::new(io::stdin().lock()),
    };
    let sink = MemorySink::new();
    let auditor = auditor(&sink, mode)?;
    let mut exchange =
        auditor.begin(&RequestHead::new("audit-cli", "POST", PATH, declared)).ok_or(RedactError::NoRecord)?;
    let mut cx = Context::from_waker(Waker::noop());
    while exchange.poll_admission(&mut cx).is_pending() {
        std::thread::yield_now();
    }
    let tap = exchange.request_tap();
    each_chunk(&mut body, |chunk| tap.push(chunk)).map_err(unreadable)?;
    tap.complete();
    exchange.respond(&ResponseHead::new(200, &Declared::default()));
    exchange.complete();
    // This is what emits the record.
    drop(exchange);
    auditor.shutdown(PATIENCE);
    // A record about the trail itself, such as of a clock that was set, has no method.
    sink.lines().into_iter().find(|line| line.get(Field::Method).is_some()).ok_or(RedactError::NoRecord)
}

/// An auditor with the settings of the environment, but for those that say whether and where records are written.
fn auditor(sink: &MemorySink, mode: Option<Mode>) -> Result<Auditor, BuildError> {
    let builder = Auditor::builder().env().enabled(true).output(Output::None).sink(sink.clone()).include(PATH);
    match mode {
        Some(mode) => builder.mode(mode),
        None => builder,
    }
    .build()
}

fn each_chunk(body: &mut dyn Read, mut each: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        match body.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => each(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// What the request's headers say of its body.
#[derive(Debug, Default)]
struct Declared<'a> {
    content_type: Option<&'a str>,
    content_encoding: Option<&'a str>,
}

impl Headers for Declared<'_> {
    fn for_each<'a>(&'a self, each: &mut dyn FnMut(&'a str, &'a [u8])) {
        for name in ["content-type", "content-encoding"] {
            if let Some(value) = self.get(name) {
                each(name, value);
            }
        }
    }

    fn get(&self, name: &str) -> Option<&[u8]> {
        match name {
            "content-type" => self.content_type,
            "content-encoding" => self.content_encoding,
            _ => None,
        }
        .map(str::as_bytes)
    }
}

/// What is asked of the record.
#[derive(Debug, Deserialize)]
struct Record<'r> {
    mode: &'r str,
    #[serde(borrow)]
    request_body: Option<&'r RawValue>,
    #[serde(default)]
    request_bytes: u64,
    #[serde(default)]
    redacted: u64,
    #[serde(default)]
    truncated: bool,
}

/// What stands in the place of a body that is not shown. A body can look like it, but then nothing of it was hidden.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Withheld {
    withheld: String,
    #[serde(rename = "content_type")]
    _content_type: Option<String>,
    #[serde(rename = "bytes")]
    _bytes: Option<u64>,
}

impl Record<'_> {
    /// What was done to the body, in one line.
    fn figures(&self) -> String {
        let what = match self.request_body {
            None if self.mode == Mode::Basic.as_str() => "nothing is kept, for the mode is basic".to_owned(),
            None if self.request_bytes == 0 => "nothing is kept, for the body is empty".to_owned(),
            None => "nothing is kept, for the record is full".to_owned(),
            Some(body) => match serde_json::from_str::<Withheld>(body.get()) {
                Ok(Withheld { withheld, .. }) if self.redacted > 0 => format!("withheld: {withheld}"),
                _ => counted(self.redacted, "value hidden", "values hidden"),
            },
        };
        let seen = counted(self.request_bytes, "byte seen", "bytes seen");
        let cut =
            if self.truncated { "truncated (AUDIT_MAX_BODY_BYTES, AUDIT_MAX_LINE_BYTES)" } else { "not truncated" };
        format!("{what}; {seen}; {cut}")
    }
}

/// A count with a comma between thousands, as in `1,024 bytes`.
fn counted(count: u64, one: &str, many: &str) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    format!("{out} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_easily() {
        for (count, expected) in
            [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1_024, "1,024 bytes"), (2_097_152, "2,097,152 bytes")]
        {
            assert_eq!(counted(count, "byte", "bytes"), expected);
        }
    }

    #[test]
    fn types_are_told_by_extensions() {
        for (file, expected) in [
            (Some("a.JSON"), "application/json"),
            (Some("a.geojson"), "application/geo+json"),
            (Some("a.ndjson"), "application/x-ndjson"),
            (Some("a.jsonl"), "application/x-ndjson"),
            (Some("a.xml"), "application/xml"),
            (Some("a.txt"), "text/plain"),
            (Some("a"), "application/json"),
            (None, "application/json"),
        ] {
            assert_eq!(guessed_type(file.map(Path::new)).0, expected, "{file:?}");
        }
    }
}

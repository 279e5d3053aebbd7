//! `audit query`: records of a journal or a store that pass filters, newest first.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use audit_store::{Cursor, Filter, MAX_LIMIT, Store};
use clap::Args;

use crate::filters::Filters;
use crate::journal::{self, AskError};
use crate::output::Output;
use crate::say;

/// What a SQLite database begins with (<https://sqlite.org/fileformat.html#magic_header_string>).
const SQLITE: &[u8; 16] = b"SQLite format 3\0";

/// Show the newest records of a journal or a store
///
/// Each is one line, byte for byte as it was written, newest first: those of a journal by its order, those of a store by
/// their time. An event with several phases (strict delivery) is one result of a store; a journal shows each phase. A store
/// that an older version made is brought to the current schema.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The journal's file, whose rotated segments are found beside it, or a store's SQLite file
    source: PathBuf,
    /// At most so many, up to 100000
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// Print each record over several lines, for people
    #[arg(long)]
    pretty: bool,
    #[command(flatten)]
    filters: Filters,
}

/// Shows the records that the arguments name.
pub(crate) fn run(arguments: &Arguments) -> Result<(), AskError> {
    let filter = arguments.filters.filter()?;
    let limit = arguments.limit.try_into().unwrap_or(usize::MAX);
    let mut output = Output::new();
    let shown = if is_database(&arguments.source)? {
        from_store(arguments, &filter, limit, &mut output)?
    } else {
        let (found, reader) = journal::last(&arguments.source, limit, &filter)?;
        for line in found.iter().rev() {
            output.record(line.json(), arguments.pretty).map_err(AskError::Write)?;
        }
        journal::say_skipped(&reader, &mut 0);
        found.len()
    };
    output.flush().map_err(AskError::Write)?;
    if shown == limit {
        say(format_args!("audit: {limit} records shown; there may be more (--limit)"));
    }
    Ok(())
}

fn from_store(arguments: &Arguments, filter: &Filter, limit: usize, output: &mut Output) -> Result<usize, AskError> {
    let store = Store::open(&arguments.source)?;
    let mut cursor: Option<Cursor> = None;
    let mut shown = 0;
    while shown < limit && !output.is_closed() {
        let page = store.query(filter, cursor.as_ref(), (limit - shown).min(MAX_LIMIT))?;
        for record in &page.records {
            output.record(record.json(), arguments.pretty).map_err(AskError::Write)?;
        }
        shown += page.records.len();
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    Ok(shown)
}

/// Whether the file is a SQLite database; what is not there is none.
fn is_database(path: &Path) -> Result<bool, AskError> {
    let failed = |source| AskError::Examine { path: path.to_path_buf(), source };
    // A journal's file may have been renamed away a moment ago; a pipe would be waited for.
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() => {}
        _ => return Ok(false),
    }
    let mut begin = Vec::new();
    File::open(path).and_then(|file| file.take(16).read_to_end(&mut begin)).map_err(failed)?;
    Ok(begin == SQLITE)
}

//! `audit tail`: the last records of a journal, and those that come.

use std::path::PathBuf;
use std::str::FromStr;
use std::thread;
use std::time::Duration;

use audit_core::journal::Reader;
use audit_store::Filter;
use clap::Args;

use crate::filters::Filters;
use crate::journal::{self, AskError};
use crate::output::Output;

/// How often a journal that is followed is looked at.
const PAUSE: Duration = Duration::from_millis(100);

/// Show the last records of a journal, over all its segments
///
/// Each is one line, byte for byte as it was written, in the order of the journal. Nothing is locked: it may be written
/// meanwhile.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The journal's file, as AUDIT_LOG_PATH names it; its rotated segments are found beside it
    journal: PathBuf,
    /// How many of the records that pass the filters, at most 100000, or `all`
    #[arg(short = 'n', long = "lines", value_name = "COUNT", default_value = "10")]
    count: Count,
    /// Go on with the records that are written from now on, also after rotation
    #[arg(short, long)]
    follow: bool,
    /// Print each record over several lines, for people
    #[arg(long)]
    pretty: bool,
    #[command(flatten)]
    filters: Filters,
}

#[derive(Debug, Clone, Copy)]
enum Count {
    All,
    Last(usize),
}

impl FromStr for Count {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            _ if text == "all" => Ok(Self::All),
            Ok(count @ 0..=100_000) => Ok(Self::Last(count)),
            _ => Err("expected 0 to 100000, or all"),
        }
    }
}

/// Shows the records that the arguments name.
pub(crate) fn run(arguments: &Arguments) -> Result<(), AskError> {
    let filter = arguments.filters.filter()?;
    let mut output = Output::new();
    // Whether more is wanted.
    let show = |output: &mut Output, json: &str| output.record(json, arguments.pretty).map_err(AskError::Write);
    let mut reader = match arguments.count {
        Count::All => Reader::open(&arguments.journal)?,
        Count::Last(count) => {
            let (last, reader) = journal::last(&arguments.journal, count, &filter)?;
            for line in last {
                show(&mut output, line.json())?;
            }
            reader
        }
    };
    let mut told = 0;
    if arguments.follow || matches!(arguments.count, Count::All) {
        loop {
            let shown = show_rest(&mut reader, &filter, |json| show(&mut output, json));
            // What was read before an error is shown.
            output.flush().map_err(AskError::Write)?;
            shown?;
            if !arguments.follow || output.is_closed() {
                break;
            }
            journal::say_skipped(&reader, &mut told);
            thread::sleep(PAUSE);
        }
    }
    output.flush().map_err(AskError::Write)?;
    journal::say_skipped(&reader, &mut told);
    Ok(())
}

/// Shows what passes of all that the journal holds now.
fn show_rest(
    reader: &mut Reader,
    filter: &Filter,
    mut show: impl FnMut(&str) -> Result<bool, AskError>,
) -> Result<(), AskError> {
    while let Some(entry) = reader.read()? {
        if filter.matches(&entry.line) && !show(entry.line.json())? {
            break;
        }
    }
    Ok(())
}

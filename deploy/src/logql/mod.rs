//! The part of LogQL that our queries use, read and evaluated.
//!
//! A query that uses anything else is an error. Semantics are those of Loki's reference, "Log queries" and "Metric
//! queries" (<https://grafana.com/docs/loki/latest/query/log_queries/>, `…/metric_queries/`):
//!
//! - Matchers of labels compare whole values, also by regular expression; line filters look for a part.
//! - `| json` takes every member of the line: nested ones joined by `_`, other characters of a name as `_`, arrays left
//!   out. One whose name a stream label or structured metadata has already gets the suffix `_extracted`
//!   (`pkg/logql/log/parser.go`: `BaseHas`, `HasInCategory`).
//! - A label that is not there is an empty text; a comparison with a number does not hold of it. A label that is no
//!   number sets `__error__` and lets the line pass, as does a line that is no JSON object, and a metric query with such
//!   a line fails (`…/log_queries/#pipeline-errors`, <https://github.com/grafana/loki/issues/16145>).
//! - `ip("…")` (`…/query/ip/`) compares a whole value here, while Loki looks for addresses within it.
//! - `absent_over_time` gives 1 when there is no line, under the labels that its selector compares by `=`.
//! - `[5m]` takes what is younger than five minutes before the instant that is asked for; `rate` is per second.
//!
//! What it leaves out: that Loki bounds the number of series, and that it evaluates a graph at many instants.

mod lexer;
mod metric;
mod parser;
mod pipeline;
mod syntax;

use std::collections::BTreeMap;

pub use metric::Series;
pub use parser::parse;
pub use pipeline::{Line, flat};
pub use syntax::{Aggregate, Compare, Filter, Matcher, Metric, Over, Part, Pipeline, Query, Stage, Test};

use jiff::Timestamp;

/// Names and values.
pub type Labels = BTreeMap<String, String>;

/// A line as it lies in Loki.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its instant.
    pub at: Timestamp,
    /// The line.
    pub line: String,
    /// Those of its stream.
    pub labels: Labels,
    /// Its structured metadata.
    pub metadata: Labels,
}

/// What a query finds.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Lines, in the order of the entries.
    Lines(Vec<Line>),
    /// Series, each with one number.
    Series(Vec<Series>),
}

/// Why a query is none, or has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} (at byte {at})")]
pub struct Error {
    at: usize,
    what: String,
}

impl Error {
    fn at(at: usize, what: impl Into<String>) -> Self {
        Self { at, what: what.into() }
    }
}

/// Why a metric query fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a line has the error {0}, and a metric query fails by that")]
pub struct PipelineError(String);

impl Query {
    /// What it finds among the entries, at an instant.
    ///
    /// # Errors
    /// When a line of a metric query has an error, as in Loki.
    pub fn ask(&self, entries: &[Entry], at: Timestamp) -> Result<Answer, PipelineError> {
        match self {
            Self::Lines(pipeline) => Ok(Answer::Lines(pipeline.lines(entries))),
            Self::Metric(metric) => metric.series(entries, at).map(Answer::Series),
        }
    }
}

impl Answer {
    /// The entries that it is made of, by their place among those asked.
    #[must_use]
    pub fn entries(&self) -> Vec<usize> {
        let mut entries: Vec<_> = match self {
            Self::Lines(lines) => lines.iter().map(|line| line.entry).collect(),
            Self::Series(series) => series.iter().flat_map(|series| series.entries.iter().copied()).collect(),
        };
        entries.sort_unstable();
        entries
    }
}

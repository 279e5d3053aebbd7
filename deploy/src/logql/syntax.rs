//! What a query is made of.

use std::time::Duration;

use ipnet::IpNet;
use regex::Regex;

/// A whole query.
#[derive(Debug, Clone)]
pub enum Query {
    /// Finds lines.
    Lines(Pipeline),
    /// Finds numbers.
    Metric(Metric),
}

/// A stream selector and what its lines pass through.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// All must hold of a stream's labels.
    pub selector: Vec<Matcher>,
    /// One after another.
    pub stages: Vec<Stage>,
}

/// A condition on a text. A regular expression stands for the whole text.
#[derive(Debug, Clone)]
pub struct Matcher {
    /// Of which label.
    pub name: String,
    /// What must hold.
    pub test: Test,
}

/// What must hold of a text.
#[derive(Debug, Clone)]
pub enum Test {
    /// `=`
    Is(String),
    /// `!=`
    IsNot(String),
    /// `=~`
    Fits(Regex),
    /// `!~`
    FitsNot(Regex),
}

/// A step of a pipeline.
#[derive(Debug, Clone)]
pub enum Stage {
    /// `|= "text"`
    Has(String),
    /// `!= "text"`
    HasNot(String),
    /// `|~ "expression"`, anywhere in the line.
    Fits(Regex),
    /// `!~ "expression"`
    FitsNot(Regex),
    /// `| json`
    Json,
    /// `| name = …`
    Filter(Filter),
    /// `| keep a, b`
    Keep(Vec<String>),
    /// `| drop a, b`
    Drop(Vec<String>),
    /// `| line_format "…{{.name}}…"`: texts and names in turn.
    LineFormat(Vec<Part>),
}

/// A part of a template.
#[derive(Debug, Clone)]
pub enum Part {
    /// As it stands.
    Text(String),
    /// A label's value.
    Label(String),
}

/// A condition on labels.
#[derive(Debug, Clone)]
pub enum Filter {
    /// On a text.
    Text(Matcher),
    /// On a number.
    Number {
        /// Of which label.
        name: String,
        /// How it compares.
        compare: Compare,
        /// With what.
        with: f64,
    },
    /// On an address: `name = ip("192.0.2.0/24")`, or `!=`.
    Address {
        /// Of which label.
        name: String,
        /// Whether it is to be in the network, or outside.
        is_in: bool,
        /// One address is a network of its own.
        network: IpNet,
    },
    /// Both.
    And(Box<Filter>, Box<Filter>),
    /// At least one.
    Or(Box<Filter>, Box<Filter>),
}

/// How two numbers compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Compare {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Compare {
    /// Whether it holds.
    #[must_use]
    #[expect(clippy::float_cmp, reason = "as the query says")]
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
        }
    }
}

/// A query for numbers.
#[derive(Debug, Clone)]
pub enum Metric {
    /// `rate({…}[5m])` and the like.
    Range {
        /// What is made of a series' lines.
        over: Over,
        /// Which lines.
        of: Pipeline,
        /// The label whose value is the sample.
        unwrap: Option<String>,
        /// How far back.
        range: Duration,
        /// `by (…)`
        by: Option<Vec<String>>,
    },
    /// `sum by (…) (…)` and the like.
    Vector {
        /// What is made of several series.
        aggregate: Aggregate,
        /// `by (…)`; without it, all become one.
        by: Option<Vec<String>>,
        /// Of which series.
        of: Box<Metric>,
    },
    /// `absent_over_time({…}[5m])`: 1, if there is no line.
    Absent {
        /// Which lines.
        of: Pipeline,
        /// How far back.
        range: Duration,
    },
    /// `… > 5`: keeps the series of which it holds.
    Only {
        /// Of which series.
        of: Box<Metric>,
        /// How they compare.
        compare: Compare,
        /// With what.
        with: f64,
    },
}

/// What is made of a series' lines.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "the names are LogQL's")]
pub enum Over {
    Count,
    Rate,
    Sum,
    Avg,
    Max,
    Min,
    Quantile(f64),
}

/// What is made of several series.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "the names are LogQL's")]
pub enum Aggregate {
    Sum,
    Avg,
    Max,
    Min,
    Count,
    Topk(usize),
    Bottomk(usize),
}

impl Query {
    /// The pipeline inside.
    #[must_use]
    pub fn pipeline(&self) -> &Pipeline {
        match self {
            Self::Lines(pipeline) => pipeline,
            Self::Metric(metric) => metric.pipeline(),
        }
    }

    /// Every label that the query names, outside its stream selector.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for stage in &self.pipeline().stages {
            match stage {
                Stage::Filter(filter) => filter.names(&mut names),
                Stage::Keep(labels) | Stage::Drop(labels) => names.extend(labels.iter().cloned()),
                Stage::LineFormat(parts) => names.extend(parts.iter().filter_map(|part| match part {
                    Part::Label(name) => Some(name.clone()),
                    Part::Text(_) => None,
                })),
                Stage::Has(_) | Stage::HasNot(_) | Stage::Fits(_) | Stage::FitsNot(_) | Stage::Json => {}
            }
        }
        if let Self::Metric(metric) = self {
            metric.names(&mut names);
        }
        names
    }
}

impl Metric {
    fn pipeline(&self) -> &Pipeline {
        match self {
            Self::Range { of, .. } | Self::Absent { of, .. } => of,
            Self::Vector { of, .. } | Self::Only { of, .. } => of.pipeline(),
        }
    }

    fn names(&self, into: &mut Vec<String>) {
        match self {
            Self::Range { unwrap, by, .. } => into.extend(unwrap.iter().chain(by.iter().flatten()).cloned()),
            Self::Vector { by, of, .. } => {
                into.extend(by.iter().flatten().cloned());
                of.names(into);
            }
            Self::Only { of, .. } => of.names(into),
            Self::Absent { .. } => {}
        }
    }
}

impl Filter {
    fn names(&self, into: &mut Vec<String>) {
        match self {
            Self::Text(matcher) => into.push(matcher.name.clone()),
            Self::Number { name, .. } | Self::Address { name, .. } => into.push(name.clone()),
            Self::And(left, right) | Self::Or(left, right) => {
                left.names(into);
                right.names(into);
            }
        }
    }
}

impl Test {
    /// Whether it holds. A label that is not there is an empty text.
    #[must_use]
    pub fn holds(&self, text: &str) -> bool {
        match self {
            Self::Is(value) => text == value,
            Self::IsNot(value) => text != value,
            Self::Fits(regex) => regex.is_match(text),
            Self::FitsNot(regex) => !regex.is_match(text),
        }
    }
}

//! What is told at the end: a scenario, what is promised of it, and what was seen.

use std::fmt;

/// What a scenario came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Kept,
    Broken,
    Skipped,
}

/// One promise.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) scenario: String,
    promised: &'static str,
    seen: String,
    pub(crate) verdict: Verdict,
}

impl Row {
    pub(crate) fn new(scenario: impl Into<String>, promised: &'static str, seen: String, is_kept: bool) -> Self {
        let verdict = if is_kept { Verdict::Kept } else { Verdict::Broken };
        Self { scenario: scenario.into(), promised, seen, verdict }
    }

    pub(crate) fn skipped(scenario: &str, why: &str) -> Self {
        let (scenario, seen) = (scenario.to_owned(), format!("skipped: {why}"));
        Self { scenario, promised: "", seen, verdict: Verdict::Skipped }
    }

    /// The scenario itself could not be played to its end.
    pub(crate) fn failed(scenario: &str, why: &dyn fmt::Display) -> Self {
        let (scenario, seen) = (scenario.to_owned(), why.to_string());
        Self { scenario, promised: "the scenario runs to its end", seen, verdict: Verdict::Broken }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.verdict {
            Verdict::Kept => "",
            Verdict::Broken => "BROKEN: ",
            Verdict::Skipped => "",
        };
        write!(f, "{} | {} | {mark}{}", self.scenario, self.promised, self.seen)
    }
}

//! What a run came to: the steps that failed, and the tests that could not run.
//!
//! A test that lacks something prints `skipped: <reason>` and passes, which nobody sees. If the environment variable
//! [`SKIPS`] is set, it also appends a line `<test>: <reason>` to the file that is named there. Each such line is in
//! the summary, and where nobody may be looking (`CI` is set) the first one fails the run.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::Path;

/// The variable that names the file.
pub(crate) const SKIPS: &str = "SKIPPED_TESTS_FILE";

/// A run, when it has ended.
pub(crate) struct Summary {
    pub(crate) steps: usize,
    /// Each with what it said of its failures.
    pub(crate) failed: Vec<(&'static str, Vec<String>)>,
    pub(crate) skipped: Vec<String>,
    pub(crate) may_skip: bool,
}

impl Summary {
    pub(crate) fn passed(&self) -> bool {
        self.failed.is_empty() && (self.may_skip || self.skipped.is_empty())
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (step, told) in &self.failed {
            writeln!(f, "== what failed in {step}")?;
            told.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        }
        if self.failed.is_empty() {
            write!(f, "all {} steps passed", self.steps)?;
        } else {
            let steps: Vec<_> = self.failed.iter().map(|(step, _)| *step).collect();
            write!(f, "failed: {}", steps.join("; "))?;
        }
        let tests = if self.skipped.len() == 1 { "test" } else { "tests" };
        write!(f, ", {} {tests} skipped", self.skipped.len())?;
        if !self.may_skip && !self.skipped.is_empty() {
            write!(f, ", which fails the run, for CI is set")?;
        }
        self.skipped.iter().try_for_each(|line| write!(f, "\n  skipped: {line}"))
    }
}

/// Whether tests may skip, by the value of `CI`, which the services that run such things set to `true` or `1`.
pub(crate) fn may_skip(ci: Option<&OsStr>) -> bool {
    ci.is_none_or(|value| ["", "0", "false"].iter().any(|no| value == *no))
}

/// The lines that tests left in the file.
///
/// # Errors
/// When it cannot be read: then nobody knows what was skipped.
pub(crate) fn skips(file: &Path) -> io::Result<Vec<String>> {
    let text = std::fs::read_to_string(file)?;
    Ok(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::io::Write as _;

    use super::{Summary, may_skip, skips};

    fn summary(failed: &[&'static str], skipped: &[&str], may_skip: bool) -> Summary {
        let skipped = skipped.iter().map(|&line| line.to_owned()).collect();
        let failed = failed.iter().map(|step| (*step, vec![format!("{step} said so")])).collect();
        Summary { steps: 6, failed, skipped, may_skip }
    }

    #[test]
    fn a_run_without_faults_says_so() {
        for may_skip in [true, false] {
            let summary = summary(&[], &[], may_skip);
            assert!(summary.passed());
            assert_eq!(summary.to_string(), "all 6 steps passed, 0 tests skipped");
        }
    }

    #[test]
    fn what_was_skipped_is_counted_and_named() {
        let one = summary(&[], &["docs: no Chromium found"], true);
        assert!(one.passed());
        assert_eq!(one.to_string(), "all 6 steps passed, 1 test skipped\n  skipped: docs: no Chromium found");
        let two = summary(&[], &["docs: no Chromium found", "log: no /dev/full"], true);
        assert!(two.passed());
        let text =
            "all 6 steps passed, 2 tests skipped\n  skipped: docs: no Chromium found\n  skipped: log: no /dev/full";
        assert_eq!(two.to_string(), text);
    }

    #[test]
    fn where_nobody_looks_a_skip_fails_the_run() {
        let summary = summary(&[], &["docs: no Chromium found"], false);
        assert!(!summary.passed());
        let text = "all 6 steps passed, 1 test skipped, which fails the run, for CI is set\n  skipped: docs: no Chromium found";
        assert_eq!(summary.to_string(), text);
    }

    #[test]
    fn failed_steps_are_named_whatever_was_skipped() {
        for may_skip in [true, false] {
            assert!(!summary(&["lints"], &[], may_skip).passed());
        }
        let text = "== what failed in lints\nlints said so\n== what failed in tests\ntests said so\n\
                    failed: lints; tests, 1 test skipped\n  skipped: docs: no Chromium found";
        assert_eq!(summary(&["lints", "tests"], &["docs: no Chromium found"], true).to_string(), text);
    }

    #[test]
    fn ci_is_what_says_that_nobody_looks() {
        let with = |value: &str| may_skip(Some(OsStr::new(value)));
        assert!(may_skip(None) && with("") && with("0") && with("false"));
        assert!(!with("true") && !with("1"));
    }

    #[test]
    fn skips_are_the_lines_of_the_file() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        assert!(skips(file.path()).unwrap().is_empty());
        file.write_all(b"docs: no Chromium found\n\nlog: no /dev/full\n").unwrap();
        assert_eq!(skips(file.path()).unwrap(), ["docs: no Chromium found", "log: no /dev/full"]);
        let path = file.path().to_owned();
        drop(file);
        assert!(skips(&path).is_err());
    }
}

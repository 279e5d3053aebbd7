//! What a failed step said of its failures, so that it stands at the end of a long output too.

/// Lines that are kept of one step, at most: enough to see what went wrong first.
const KEPT: usize = 120;
/// Lines that are kept of a step that failed without a test having failed: what a compiler says last.
const LAST: usize = 40;

/// Reads a step's output line by line.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    /// Which tests run, as cargo says it.
    running: String,
    /// Whether the lines are those that a test binary has of its failures.
    inside: bool,
    told: Vec<String>,
    last: std::collections::VecDeque<String>,
}

impl Failures {
    pub(crate) fn line(&mut self, line: &str) {
        let plain = without_colours(line);
        if self.last.len() == LAST {
            self.last.pop_front();
        }
        self.last.push_back(plain.clone());
        let text = plain.trim();
        if text.starts_with("Running ") || text.starts_with("Doc-tests ") {
            self.running = text.to_owned();
        } else if text == "failures:" && !self.inside {
            self.inside = true;
            self.keep(format!("-- {}", self.running));
        } else if text.starts_with("test result:") {
            self.inside = false;
        } else if self.inside {
            self.keep(plain);
        }
    }

    fn keep(&mut self, line: String) {
        if self.told.len() < KEPT {
            self.told.push(line);
        }
    }

    /// What to tell of a step that failed.
    pub(crate) fn told(self) -> Vec<String> {
        if self.told.is_empty() { self.last.into() } else { self.told }
    }
}

/// Without the sequences that colour a terminal's text (ECMA-48: `ESC [` … a letter).
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.split_once(|letter: char| letter.is_ascii_alphabetic()).map_or("", |(_, rest)| rest);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let mut failures = Failures::default();
        text.lines().for_each(|line| failures.line(line));
        failures.told()
    }

    #[test]
    fn a_failed_test_is_told_with_what_it_said_and_where_it_is() {
        let text = "     Running tests/good.rs (target/good)\ntest a ... ok\ntest result: ok. 1 passed\n\
                    \u{1b}[1m\u{1b}[32m     Running\u{1b}[0m tests/bad.rs (target/bad)\ntest b ... FAILED\n\n\
                    failures:\n\n---- b stdout ----\nleft: 1\n\nfailures:\n    b\n\n\
                    test result: \u{1b}[31mFAILED\u{1b}[0m. 0 passed\nerror: 1 target failed:\n";
        let expected =
            ["-- Running tests/bad.rs (target/bad)", "", "---- b stdout ----", "left: 1", "", "failures:", "    b", ""];
        assert_eq!(told(text), expected);
    }

    #[test]
    fn where_no_test_failed_the_last_lines_are_told() {
        let lines: Vec<String> = (0..100).map(|line| format!("line {line}")).collect();
        assert_eq!(told(&lines.join("\n")), lines[60..]);
    }

    #[test]
    fn what_is_told_is_bounded() {
        let text = format!("failures:\n{}", "x\n".repeat(1000));
        assert_eq!(told(&text).len(), KEPT);
    }
}

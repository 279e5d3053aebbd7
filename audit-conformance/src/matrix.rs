//! What a run came to: a row for each case.

use std::fmt;
use std::io::Write as _;
use std::time::Duration;

use crate::case::Framework;

/// The variable that names the file for the column.
const FILE: &str = "CONFORMANCE_FILE";

/// What became of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Ok,
    /// As the case says that this framework does, and why.
    Differs(&'static str),
    /// Not served by this framework, and why.
    NotServed(&'static str),
    Failed(Vec<String>),
}

impl Verdict {
    /// Why it is not as it is elsewhere, if somebody stated it.
    fn reason(&self) -> &'static str {
        match self {
            Self::Differs(why) | Self::NotServed(why) => why,
            Self::Ok | Self::Failed(_) => "",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Differs(_) => "differs",
            Self::NotServed(_) => "not served",
            Self::Failed(_) => "FAIL",
        })
    }
}

/// A framework's column.
pub(crate) struct Matrix {
    framework: Framework,
    rows: Vec<(&'static str, Verdict)>,
}

impl Matrix {
    pub(crate) fn new(framework: Framework) -> Self {
        println!("{:<40} {framework}", "case");
        Self { framework, rows: Vec::new() }
    }

    /// Adds a row and prints it.
    pub(crate) fn add(&mut self, name: &'static str, about: &str, verdict: Verdict) {
        println!("{name:<40} {verdict}");
        match &verdict {
            Verdict::Ok => {}
            Verdict::Differs(why) | Verdict::NotServed(why) => println!("    {why}"),
            Verdict::Failed(reasons) => {
                println!("    {about}");
                reasons.iter().for_each(|reason| println!("    - {reason}"));
            }
        }
        self.rows.push((name, verdict));
    }

    pub(crate) fn failed(&self) -> usize {
        self.rows.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Failed(_))).count()
    }

    /// The last line, and the column for whoever puts several together.
    pub(crate) fn finish(&self, took: Duration) {
        let count = |wanted: fn(&Verdict) -> bool| self.rows.iter().filter(|(_, verdict)| wanted(verdict)).count();
        println!(
            "\ntest result: {} cases, {} ok, {} differ, {} not served, {} failed; {:.1} s",
            self.rows.len(),
            count(|verdict| *verdict == Verdict::Ok),
            count(|verdict| matches!(verdict, Verdict::Differs(_))),
            count(|verdict| matches!(verdict, Verdict::NotServed(_))),
            self.failed(),
            took.as_secs_f64(),
        );
        let Some(path) = std::env::var_os(FILE) else { return };
        let line = |(name, verdict): &(&str, Verdict)| {
            format!("{}\t{name}\t{verdict}\t{}\n", self.framework, verdict.reason())
        };
        let column: String = self.rows.iter().map(line).collect();
        let file = std::fs::OpenOptions::new().append(true).create(true).open(&path);
        if let Err(error) = file.and_then(|mut file| file.write_all(column.as_bytes())) {
            println!("cannot add the column to {}: {error}", path.display());
        }
    }
}

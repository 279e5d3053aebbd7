//! What each framework made of the conformance table, side by side.
//!
//! Each adapter's run of the table appends its column, lines `<framework>\t<case>\t<verdict>\t<reason>`, to the file that
//! the environment variable [`COLUMNS`] names.

use std::fmt;
use std::io;
use std::path::Path;

/// The variable that names the file.
pub(crate) const COLUMNS: &str = "CONFORMANCE_FILE";

/// Cases and frameworks in the order in which they came.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Matrix {
    frameworks: Vec<String>,
    /// Each with a verdict for each framework, if there is one.
    rows: Vec<(String, Vec<Option<String>>)>,
    /// Why a framework does not do as the others: framework, reason, and the cases.
    differences: Vec<((String, String), Vec<String>)>,
}

impl Matrix {
    /// The columns that runs left in the file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn read(file: &Path) -> io::Result<Self> {
        Ok(Self::of(&std::fs::read_to_string(file)?))
    }

    fn of(text: &str) -> Self {
        let mut matrix = Self::default();
        for line in text.lines() {
            if let [framework, case, verdict, reason] = line.split('\t').collect::<Vec<_>>()[..] {
                let column = place(&mut matrix.frameworks, |known| known == framework, || framework.to_owned());
                let row = place(&mut matrix.rows, |(known, _)| known == case, || (case.to_owned(), Vec::new()));
                let verdicts = &mut matrix.rows[row].1;
                verdicts.resize(verdicts.len().max(column + 1), None);
                verdicts[column] = Some(verdict.to_owned());
                if !reason.is_empty() {
                    let key = (framework.to_owned(), reason.to_owned());
                    let known =
                        place(&mut matrix.differences, |(known, _)| *known == key, || (key.clone(), Vec::new()));
                    matrix.differences[known].1.push(case.to_owned());
                }
            }
        }
        matrix
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// Where the item is, which is added if it is not there.
fn place<T>(items: &mut Vec<T>, is: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> usize {
    items.iter().position(is).unwrap_or_else(|| {
        items.push(make());
        items.len() - 1
    })
}

impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.rows.iter().map(|(case, _)| case.len()).max().unwrap_or(0).max("case".len());
        let mut line = |name: &str, columns: &[&str]| {
            let columns: String = columns.iter().map(|column| format!("  {column:<10}")).collect();
            writeln!(f, "{}", format!("{name:<first$}{columns}").trim_end())
        };
        line("case", &self.frameworks.iter().map(String::as_str).collect::<Vec<_>>())?;
        for (case, verdicts) in &self.rows {
            let verdict = |column| verdicts.get(column).and_then(Option::as_deref).unwrap_or("-");
            line(case, &(0..self.frameworks.len()).map(verdict).collect::<Vec<_>>())?;
        }
        for ((framework, reason), cases) in &self.differences {
            writeln!(f, "{framework}: {reason}\n    {}", cases.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Matrix;

    #[test]
    fn columns_stand_side_by_side() {
        let text = "axum\tanswer.ok\tok\t\naxum\tleave.rst\tok\t\nactix\tanswer.ok\tok\t\n\
                    actix\tleave.rst\tdiffers\tnobody sees it\nactix\tleave.fin\tdiffers\tnobody sees it\n\
                    rocket\tanswer.ok\tFAIL\t\nnot a line\n";
        let expected = "case       axum        actix       rocket\n\
                        answer.ok  ok          ok          FAIL\n\
                        leave.rst  ok          differs     -\n\
                        leave.fin  -           differs     -\n\
                        actix: nobody sees it\n    leave.rst, leave.fin\n";
        assert_eq!(Matrix::of(text).to_string(), expected);
        assert!(Matrix::of("").is_empty());
    }
}

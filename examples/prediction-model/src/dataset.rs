//! The 1,797 labelled digits, and which of them training never sees.
//!
//! Source and licence: `dataset/README.md` of this crate.

use std::sync::LazyLock;

use crate::digit::{CELLS, Digit};

/// How many digits there are to tell apart.
pub const CLASSES: usize = 10;

/// An image and the digit it shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The image.
    pub image: Digit,
    /// The digit it shows, 0 to 9.
    pub label: u8,
}

struct Split {
    all: Vec<Sample>,
    training: Vec<Sample>,
    held_out: Vec<Sample>,
}

static SPLIT: LazyLock<Split> = LazyLock::new(|| {
    let all = parse(include_str!("../dataset/digits.csv")).expect("the embedded file is parsed by this file's tests");
    let mut seen = [0_usize; CLASSES];
    let (mut training, mut held_out) = (Vec::new(), Vec::new());
    for sample in &all {
        let seen = &mut seen[usize::from(sample.label)];
        *seen += 1;
        let part = if seen.is_multiple_of(5) { &mut held_out } else { &mut training };
        part.push(sample.clone());
    }
    Split { all, training, held_out }
});

/// Every sample, in the order of the file.
#[must_use]
pub fn all() -> &'static [Sample] {
    &SPLIT.all
}

/// The samples to train on: all that are not held out.
#[must_use]
pub fn training() -> &'static [Sample] {
    &SPLIT.training
}

/// The samples to measure with: of every digit each fifth, so that all digits are held out in proportion.
#[must_use]
pub fn held_out() -> &'static [Sample] {
    &SPLIT.held_out
}

/// One sample per line: 64 cells from 0 to 16, then the label. `None` when a line is anything else.
fn parse(csv: &str) -> Option<Vec<Sample>> {
    csv.lines().map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Sample> {
    let mut cells = [0.0; CELLS];
    let mut values = line.split(',').map(|value| value.parse::<u8>().ok());
    for cell in &mut cells {
        *cell = f32::from(values.next()??);
    }
    let label = values.next()?.filter(|label| usize::from(*label) < CLASSES)?;
    let image = Digit::new(cells)?;
    values.next().is_none().then_some(Sample { image, label })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_every_sample_of_the_published_set() {
        let mut counts = [0; CLASSES];
        for sample in all() {
            counts[usize::from(sample.label)] += 1;
        }
        // Class sizes as the UCI page of the data set lists them.
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    }

    #[test]
    fn holds_out_a_fifth_of_every_digit_and_trains_on_the_rest() {
        for (label, size) in (0_u8..).zip([178, 182, 177, 183, 181, 182, 181, 179, 174, 180]) {
            let count = |samples: &[Sample]| samples.iter().filter(|sample| sample.label == label).count();
            assert_eq!((count(held_out()), count(training())), (size / 5, size - size / 5), "digit {label}");
        }
        assert!(!held_out().iter().any(|sample| training().contains(sample)));
    }

    #[test]
    fn refuses_lines_that_are_no_sample() {
        let line = |cells: usize, cell: &str, label: &str| format!("{}{label}", format!("{cell},").repeat(cells));
        assert!(parse(&line(64, "16", "9")).is_some());
        for bad in [line(64, "16", "10"), line(64, "17", "9"), line(63, "16", "9"), line(65, "1", "9"), "x".to_owned()]
        {
            assert!(parse(&bad).is_none(), "{bad}");
        }
    }
}

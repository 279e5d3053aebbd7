//! No key twice: repeated keys of one object become `key#2`, `key#3`.

use std::collections::HashMap;
use std::ops::Range;

use crate::record::json;

/// Up to so many keys are compared one by one with those that were written, where they stand.
const FEW: usize = 16;

/// The keys of one object, as written so far. They are compared as they are written: escaping tells no two of them
/// apart that were alike, and makes none alike.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    few: [Range<usize>; FEW],
    count: usize,
    /// Each key that was written, and the number its next repetition tries first; once they are many or one repeats.
    many: Option<HashMap<Vec<u8>, u32>>,
}

impl Keys {
    /// Appends the key under which a member may be written, as a JSON string: `key` itself, or the first free `key#n`.
    /// What was appended before must still stand there. Amortised constant time.
    pub(crate) fn write(&mut self, out: &mut Vec<u8>, key: &str) {
        let start = out.len() + 1;
        json::write_str(out, key);
        let content = start..out.len() - 1;
        let written = out.get(content.clone()).unwrap_or_default();
        if self.many.is_none() {
            let few = self.few.get(..self.count).unwrap_or_default();
            let is_same =
                |other: &Range<usize>| other.len() == written.len() && out.get(other.clone()) == Some(written);
            if self.count < FEW && !few.iter().any(is_same) {
                self.few[self.count] = content;
                self.count += 1;
                return;
            }
        }
        let few = self.few.iter().take(self.count);
        let seen = self
            .many
            .get_or_insert_with(|| few.map(|range| (out.get(range.clone()).unwrap_or_default().to_vec(), 2)).collect());
        let Some(&first) = seen.get(written) else {
            seen.insert(written.to_vec(), 2);
            return;
        };
        let written = written.to_vec();
        let mut number = first;
        loop {
            let candidate = [&written, format!("#{number}").as_bytes()].concat();
            number = number.saturating_add(1);
            if !seen.contains_key(&candidate) {
                out.truncate(start);
                out.extend_from_slice(&candidate);
                out.push(b'"');
                seen.insert(written, number);
                seen.insert(candidate, 2);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written<'k>(keys: impl IntoIterator<Item = &'k str>) -> Vec<String> {
        let (mut seen, mut out) = (Keys::default(), Vec::new());
        let mut last = |key| {
            let start = out.len();
            seen.write(&mut out, key);
            serde_json::from_slice(out.get(start..).unwrap()).unwrap()
        };
        keys.into_iter().map(&mut last).collect()
    }

    #[test]
    fn repetitions_are_numbered_and_step_aside() {
        assert_eq!(
            written(["a", "a", "a#2", "b#2", "b", "b", "a", ""]),
            ["a", "a#2", "a#2#2", "b#2", "b", "b#3", "a#3", ""]
        );
        assert_eq!(written(["\"\n", "\"\n", "\\n"]), ["\"\n", "\"\n#2", "\\n"]);
    }

    #[test]
    fn it_makes_no_difference_how_many_there_are() {
        let numbered: Vec<String> = (0..FEW + 2).map(|number| format!("k{number}")).collect();
        for count in [FEW - 1, FEW, FEW + 1] {
            let keys = || numbered.iter().take(count).map(String::as_str);
            let expected: Vec<String> =
                keys().map(str::to_owned).chain(["k0#2".to_owned(), "k0#3".to_owned()]).collect();
            assert_eq!(written(keys().chain(["k0", "k0"])), expected, "{count}");
        }
    }

    #[test]
    fn many_repetitions_cost_no_more_than_as_many_keys() {
        let numbered: Vec<String> = (2..20_000).map(|number| format!("a#{number}")).collect();
        let keys = numbered.iter().map(String::as_str).chain(std::iter::repeat_n("a", 20_001));
        assert_eq!(written(keys).last().unwrap(), "a#39999");
    }
}

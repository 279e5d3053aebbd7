//! No key twice: repeated keys of one object become `key#2`, `key#3`.

use std::borrow::Cow;
use std::collections::HashMap;

/// The keys of one object, as written so far.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    /// Each key that was written, and the number its next repetition tries first.
    seen: HashMap<String, u32>,
}

impl Keys {
    /// The key under which a member may be written: `key` itself, or the first free `key#n`. Amortised constant time.
    pub(crate) fn unique<'k>(&mut self, key: &'k str) -> Cow<'k, str> {
        let Some(&first) = self.seen.get(key) else {
            self.seen.insert(key.to_owned(), 2);
            return Cow::Borrowed(key);
        };
        let mut number = first;
        loop {
            let candidate = format!("{key}#{number}");
            number = number.saturating_add(1);
            if !self.seen.contains_key(&candidate) {
                self.seen.insert(key.to_owned(), number);
                self.seen.insert(candidate.clone(), 2);
                return Cow::Owned(candidate);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_numbered_and_step_aside() {
        let mut keys = Keys::default();
        let written: Vec<String> =
            ["a", "a", "a#2", "b#2", "b", "b", "a", ""].iter().map(|key| keys.unique(key).into_owned()).collect();
        assert_eq!(written, ["a", "a#2", "a#2#2", "b#2", "b", "b#3", "a#3", ""]);
    }

    #[test]
    fn many_repetitions_cost_no_more_than_as_many_keys() {
        let mut keys = Keys::default();
        for number in 2..20_000 {
            keys.unique(&format!("a#{number}"));
        }
        for _ in 0..20_000 {
            keys.unique("a");
        }
        assert_eq!(keys.unique("a"), "a#39999");
    }
}

//! No key twice: repeated keys of one object become `key#2`, `key#3`.

use std::collections::HashMap;
use std::ops::Range;

use crate::record::json;
use crate::redact::steps;

/// Up to so many keys are compared one by one with those that were written, where they stand.
const FEW: usize = 16;

/// The keys of the objects that are open, as written so far. They are compared as they are written: escaping tells no
/// two of them apart that were alike, and makes none alike.
#[derive(Default)]
pub(crate) struct Keys {
    /// Where each key stands, object after object.
    few: Vec<Key>,
}

struct Key {
    hash: u32,
    content: Range<usize>,
}

/// The keys of one object among them.
#[derive(Default)]
pub(crate) struct Object {
    from: usize,
    /// A bit for each key, by its hash: most keys are told from all others by it.
    seen: u64,
    /// Each key that was written, and the number its next repetition tries first; once they are many or one repeats.
    #[expect(clippy::box_collection, reason = "nearly every object has few keys, and moves with its frame")]
    many: Option<Box<HashMap<Vec<u8>, u32>>>,
}

impl Keys {
    /// An object that opens inside those that are open.
    pub(crate) fn open(&self) -> Object {
        Object { from: self.few.len(), seen: 0, many: None }
    }

    /// Forgets an object and those inside it.
    pub(crate) fn close(&mut self, object: &Object) {
        self.few.truncate(object.from);
    }

    pub(crate) fn clear(&mut self) {
        self.few.clear();
    }

    /// Forgets the key that was written last, for it is taken out again: with its comma and colon, it is `member`.
    pub(crate) fn forget_last(&mut self, object: &mut Object, member: &[u8]) {
        let Some(many) = &mut object.many else {
            if self.few.len() > object.from {
                self.few.pop();
            }
            return;
        };
        let key = member.strip_prefix(b",").unwrap_or(member);
        if let Some(key) = key.strip_prefix(b"\"").and_then(|key| key.strip_suffix(b"\":")) {
            many.remove(key);
        }
    }

    /// Whether no key of this hash was written in an object, as far as that is known at once.
    #[inline]
    pub(crate) fn is_new(&self, object: &Object, hash: u32) -> bool {
        let may_be_seen = object.seen & bit(hash) != 0;
        object.many.is_none() && self.few.len() < object.from + FEW && !(may_be_seen && self.is_seen(object, hash))
    }

    #[cold]
    fn is_seen(&self, object: &Object, hash: u32) -> bool {
        self.few.get(object.from..).unwrap_or_default().iter().any(|other| other.hash == hash)
    }

    /// Notes a [new](Self::is_new) key and where its content stands, without escapes.
    #[inline]
    pub(crate) fn add(&mut self, object: &mut Object, hash: u32, content: Range<usize>) {
        object.seen |= bit(hash);
        self.few.push(Key { hash, content });
    }

    /// Appends the key under which a member may be written, as a JSON string: `key` itself, or the first free `key#n`.
    /// What was appended before must still stand there. Amortised constant time. `is_plain` says that nothing in the key
    /// needs an escape.
    #[inline]
    pub(crate) fn write(&mut self, object: &mut Object, out: &mut Vec<u8>, key: &str, hash: u32, is_plain: bool) {
        let start = out.len() + 1;
        if is_plain {
            out.reserve(key.len() + 3);
            out.push(b'"');
            out.extend_from_slice(key.as_bytes());
            out.push(b'"');
        } else {
            json::write_str(out, key);
        }
        let content = start..out.len() - 1;
        steps::count(content.len());
        let written = out.get(content.clone()).unwrap_or_default();
        let bit = bit(hash);
        let may_be_seen = object.seen & bit != 0;
        object.seen |= bit;
        if object.many.is_none() {
            let few = self.few.get(object.from..).unwrap_or_default();
            let is_same = |other: &Key| other.hash == hash && out.get(other.content.clone()) == Some(written);
            if few.len() < FEW && !(may_be_seen && few.iter().any(is_same)) {
                self.few.push(Key { hash, content });
                return;
            }
        }
        self.write_again(object, out, content);
    }

    /// Makes the key that was written last, one of many or perhaps a repetition, unlike the others.
    #[cold]
    fn write_again(&mut self, object: &mut Object, out: &mut Vec<u8>, content: Range<usize>) {
        let start = content.start;
        let written = out.get(content).unwrap_or_default();
        let few = self.few.get(object.from..).unwrap_or_default().iter();
        let known = |key: &Key| (out.get(key.content.clone()).unwrap_or_default().to_vec(), 2);
        let seen = object.many.get_or_insert_with(|| Box::new(few.map(known).collect()));
        let Some(&first) = seen.get(written) else {
            seen.insert(written.to_vec(), 2);
            return;
        };
        let written = written.to_vec();
        let mut number = first;
        loop {
            let candidate = [&written, format!("#{number}").as_bytes()].concat();
            steps::count(candidate.len());
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

/// One of 64, by the best bits of a key's hash.
#[inline]
fn bit(hash: u32) -> u64 {
    1 << (hash >> (u32::BITS - u64::BITS.trailing_zeros()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::recall::hash;

    fn written<'k>(keys: impl IntoIterator<Item = &'k str>) -> Vec<String> {
        let (mut seen, mut out) = (Keys::default(), b"{\"outer\"".to_vec());
        seen.few.push(Key { hash: hash(b"outer"), content: 2..7 });
        let mut object = seen.open();
        let mut last = |key| {
            let start = out.len();
            seen.write(&mut object, &mut out, key, hash(key.as_bytes()), false);
            serde_json::from_slice(out.get(start..).unwrap()).unwrap()
        };
        keys.into_iter().map(&mut last).collect()
    }

    #[test]
    fn repetitions_are_numbered_and_step_aside() {
        assert_eq!(
            written(["a", "a", "a#2", "b#2", "b", "b", "a", "", "outer"]),
            ["a", "a#2", "a#2#2", "b#2", "b", "b#3", "a#3", "", "outer"]
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

    #[test]
    fn a_key_that_is_taken_out_is_forgotten() {
        for count in [1, FEW + 1] {
            let (mut keys, mut out) = (Keys::default(), b"{".to_vec());
            let mut object = keys.open();
            for number in 0..count {
                let key = format!("k{number}");
                keys.write(&mut object, &mut out, &key, hash(key.as_bytes()), true);
            }
            let before = out.len();
            for key in ["a", "a", "\"", "k0", "k0"] {
                out.push(b',');
                keys.write(&mut object, &mut out, key, hash(key.as_bytes()), false);
                out.push(b':');
                keys.forget_last(&mut object, &out[before..]);
                out.truncate(before);
                assert_eq!(object.many.as_ref().map_or(keys.few.len(), |many| many.len()), count, "{key}");
            }
        }
    }

    #[test]
    fn an_object_that_closes_is_forgotten() {
        let (mut keys, mut out) = (Keys::default(), Vec::new());
        let mut outer = keys.open();
        keys.write(&mut outer, &mut out, "a", 1, true);
        let mut inner = keys.open();
        keys.write(&mut inner, &mut out, "a", 1, true);
        keys.close(&inner);
        keys.write(&mut outer, &mut out, "a", 1, true);
        assert_eq!(out, br#""a""a""a#2""#);
    }
}

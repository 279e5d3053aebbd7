//! A table of words that is cheap to ask: most words that are not in it are told by their length and their ends.

/// How many buckets there are; a power of two, several times the number of built-in words.
const BUCKETS: usize = 1024;

/// What is said of words. The words are the program's and its operator's, so that nobody else can fill a bucket; who
/// asks for hostile words reads the longest bucket at worst.
#[derive(Debug)]
pub(super) struct WordTable<T> {
    buckets: Vec<Vec<(Box<[u8]>, T)>>,
}

impl<T: Default> WordTable<T> {
    pub(super) fn new() -> Self {
        Self { buckets: std::iter::repeat_with(Vec::new).take(BUCKETS).collect() }
    }

    pub(super) fn get(&self, word: &[u8]) -> Option<&T> {
        let bucket = self.buckets.get(bucket_of(word))?;
        bucket.iter().find(|(known, _)| **known == *word).map(|(_, said)| said)
    }

    pub(super) fn contains(&self, word: &[u8]) -> bool {
        self.get(word).is_some()
    }

    /// What is said of a word, to say more; nothing as yet, if it is new.
    pub(super) fn entry(&mut self, word: &[u8]) -> &mut T {
        let bucket = &mut self.buckets[bucket_of(word)];
        let at = bucket.iter().position(|(known, _)| **known == *word).unwrap_or_else(|| {
            bucket.push((word.into(), T::default()));
            bucket.len() - 1
        });
        &mut bucket[at].1
    }
}

/// Less than [`BUCKETS`]. Reads three bytes: a hash over all of them would cost more than the one comparison it saves.
fn bucket_of(word: &[u8]) -> usize {
    let byte = |at: usize| usize::from(word.get(at).copied().unwrap_or_default());
    let mixed = byte(0) ^ byte(1) << 4 ^ byte(word.len().wrapping_sub(1)) << 8 ^ word.len() << 13;
    // Fibonacci hashing (Knuth, volume 3, section 6.4) spreads what the letters leave in clusters.
    (mixed.wrapping_mul(0x9e37_79b1) >> 12) % BUCKETS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::word_list::{DESCRIBING, FLAGS, HEADERS, NAMES};

    #[test]
    fn what_was_said_is_found_and_nothing_else() {
        let mut table = WordTable::<u32>::new();
        for word in ["token", "taken", "t", ""] {
            *table.entry(word.as_bytes()) += 1;
        }
        *table.entry(b"token") += 1;
        assert_eq!((table.get(b"token"), table.get(b"taken"), table.get(b"")), (Some(&2), Some(&1), Some(&1)));
        assert_eq!((table.get(b"tokens"), table.get(b"toxen"), table.get(b"x")), (None, None, None));
    }

    #[test]
    fn no_bucket_is_long() {
        let mut table = WordTable::<()>::new();
        for word in [NAMES, DESCRIBING, FLAGS, HEADERS].concat() {
            table.entry(word.as_bytes());
        }
        assert!(table.buckets.iter().all(|bucket| bucket.len() <= 4), "{:?}", table.buckets.iter().map(Vec::len).max());
    }
}

//! Words looked for in any case, where they stand.

use super::steps;

/// Where an ASCII word first stands in a text, in any case.
pub(super) fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    let found = text.windows(word.len()).position(|letters| letters.eq_ignore_ascii_case(word));
    steps::count(found.unwrap_or(text.len()));
    found
}

/// Whether a text holds an ASCII word, in any case.
pub(super) fn holds(text: &str, word: &str) -> bool {
    find(text.as_bytes(), word.as_bytes()).is_some()
}

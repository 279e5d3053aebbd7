//! Several errors, reported at once, and what they say of a misspelt name.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};

/// Every error of one attribute.
#[derive(Default)]
pub(crate) struct Errors {
    all: Option<syn::Error>,
}

impl Errors {
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.all {
            Some(all) => all.combine(error),
            None => self.all = Some(error),
        }
    }

    pub(crate) fn at(&mut self, span: Span, message: impl Display) {
        self.push(syn::Error::new(span, message));
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.all.is_none()
    }

    /// One `compile_error!` for each.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.all.map(syn::Error::into_compile_error).unwrap_or_default()
    }
}

/// `; did you mean …?` if a known word is near, `; expected one of …` otherwise.
pub(crate) fn expected(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => format!("; expected one of {}", known.join(", ")),
    }
}

/// The known word that takes the fewest edits, if they are few for its length.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = known.iter().map(|candidate| (distance(&word.to_lowercase(), candidate), *candidate)).min()?;
    (near.0 * 3 <= near.1.chars().count().max(3)).then_some(near.1)
}

/// How many insertions, deletions and replacements make one word of the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_word_is_suggested_and_a_far_one_is_not() {
        let known = ["action", "target", "mode"];
        assert_eq!(nearest("acton", &known), Some("action"));
        assert_eq!(nearest("Mode", &known), Some("mode"));
        assert_eq!(nearest("tragte", &known), None);
        assert_eq!(nearest("resource", &known), None);
    }

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}

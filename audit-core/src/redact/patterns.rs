//! Regular expressions that an application adds: over names, and over the text of values.

use std::ops::Range;

use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use super::{FILTERED, example};

/// How large a compiled expression may be, in bytes: what a person writes takes a hundredth of it, and an expression
/// such as `(\w{100}){100}` is refused before it takes memory and time.
const MAX_COMPILED: usize = 2 * 1024 * 1024;

/// How many matches of one expression a text may have; from the next one on, all of it goes. Each search may read the
/// rest of the text, so that without a bound the time would grow with the square of the text's length.
const MAX_MATCHES: usize = 256;

/// What an application's expressions match is secret.
#[derive(Debug)]
pub(super) struct Patterns {
    names: RegexSet,
    values: Vec<Regex>,
}

impl Patterns {
    /// Expressions that were [checked](compiled) one by one; `None` if there are none.
    pub(super) fn new(names: &[String], values: Vec<Regex>) -> Result<Option<Self>, regex::Error> {
        if names.is_empty() && values.is_empty() {
            return Ok(None);
        }
        let limit = MAX_COMPILED.saturating_mul(names.len().max(1));
        let names = RegexSetBuilder::new(names).size_limit(limit).build()?;
        Ok(Some(Self { names, values }))
    }

    /// Whether the application says that what stands under this name is secret.
    pub(super) fn is_secret_name(&self, name: &str) -> bool {
        self.names.is_match(name)
    }

    /// Each expression over names that an example can be made for, and a name that it matches.
    pub(super) fn names_to_try(&self) -> Vec<(&str, String)> {
        let examples = self.names.patterns().iter().map(|pattern| Some((pattern.as_str(), example::of(pattern)?)));
        let each = examples.enumerate().filter_map(|(index, example)| Some((index, example?)));
        each.filter(|(index, (_, name))| self.names.matches(name).matched(*index)).map(|(_, example)| example).collect()
    }

    /// The same of the expressions over values, and texts.
    pub(super) fn texts_to_try(&self) -> Vec<(&str, String)> {
        let examples = self.values.iter().filter_map(|value| Some((value, example::of(value.as_str())?)));
        examples.filter(|(value, text)| value.is_match(text)).map(|(value, text)| (value.as_str(), text)).collect()
    }

    /// What is secret of a text: ranges in order, apart from each other, none of them empty. What is hidden already
    /// stays as it is.
    pub(super) fn matches(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for value in &self.values {
            let mut matches = value.find_iter(text).map(|found| found.range());
            found.extend(matches.by_ref().take(MAX_MATCHES).filter(|range| !range.is_empty()));
            found.extend(matches.next().map(|next| next.start..text.len()).filter(|range| !range.is_empty()));
        }
        if found.is_empty() {
            return found;
        }
        found.sort_by_key(|range| range.start);
        let mut apart: Vec<Range<usize>> = Vec::with_capacity(found.len());
        for range in found {
            match apart.last_mut() {
                Some(last) if range.start < last.end => last.end = last.end.max(range.end),
                _ => apart.push(range),
            }
        }
        let mut markers = text.match_indices(FILTERED).map(|(at, marker)| at..at + marker.len()).peekable();
        apart.retain(|range| {
            while markers.next_if(|marker| marker.end <= range.start).is_some() {}
            !markers.peek().is_some_and(|marker| marker.start <= range.start && range.end <= marker.end)
        });
        apart
    }
}

/// Compiles one expression, or tells why not.
pub(super) fn compiled(pattern: &str) -> Result<Regex, String> {
    let regex = RegexBuilder::new(pattern).size_limit(MAX_COMPILED).build().map_err(|error| cause(&error))?;
    // Unanchored, it would match every name, and between any two letters of a value.
    if regex.is_match("") {
        return Err("it matches an empty text".to_owned());
    }
    // So would a border alone, such as `\b`; of values it would hide nothing.
    let is_between = regex.find("a-b_1 ñ").is_some() && regex.find_iter("a-b_1 ñ").all(|found| found.is_empty());
    if is_between { Err("it matches no letter, only what is between".to_owned()) } else { Ok(regex) }
}

/// The cause in one line: the library shows a syntax error below the expression.
pub(super) fn cause(error: &regex::Error) -> String {
    if let regex::Error::CompiledTooBig(limit) = error {
        return format!("compiled, it takes more than {limit} bytes");
    }
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(patterns: &[&str], text: &str) -> Vec<(usize, usize)> {
        let values = patterns.iter().map(|pattern| compiled(pattern).unwrap()).collect();
        let matches = Patterns::new(&[], values).unwrap().unwrap().matches(text);
        matches.into_iter().map(|range| (range.start, range.end)).collect()
    }

    #[test]
    fn matches_are_apart_and_in_order() {
        assert_eq!(matches(&["c+", "ab"], "ab cc ab"), [(0, 2), (3, 5), (6, 8)]);
        assert_eq!(matches(&["abc", "bcd"], "abcd abcd"), [(0, 4), (5, 9)]);
        assert_eq!(matches(&["a", "b"], "ab"), [(0, 1), (1, 2)]);
        assert!(matches(&["x"], "abc").is_empty());
    }

    #[test]
    fn empty_matches_are_none() {
        assert_eq!(matches(&[r"\d+|\b"], "a 12 b"), [(2, 4)]);
        assert_eq!(matches(&[r"a?\b"], "a b"), [(0, 1)]);
    }

    #[test]
    fn what_is_hidden_already_stays() {
        assert_eq!(matches(&[r"\w+"], "[FILTERED] x [FILTERED]"), [(11, 12)]);
        assert_eq!(matches(&[r"\S+"], "[FILTERED]x [FILTERED]"), [(0, 11)]);
        assert_eq!(matches(&[r"\w+"], "FILTERED"), [(0, 8)]);
    }

    #[test]
    fn after_many_matches_the_rest_goes() {
        let text = "1 ".repeat(MAX_MATCHES + 5) + "end";
        let found = matches(&[r"\d"], &text);
        assert_eq!(found.len(), MAX_MATCHES + 1);
        assert_eq!(found.last(), Some(&(2 * MAX_MATCHES, text.len())));
        assert_eq!(matches(&[r"\d"], &"1 ".repeat(MAX_MATCHES)).len(), MAX_MATCHES);
    }

    #[test]
    fn what_cannot_be_used_is_told() {
        assert_eq!(compiled("(").unwrap_err(), "unclosed group");
        assert_eq!(compiled(r"(\w{100}){100}").unwrap_err(), "compiled, it takes more than 2097152 bytes");
        assert_eq!(
            compiled(r"(?<=a)b").unwrap_err(),
            "look-around, including look-ahead and look-behind, is not supported"
        );
        for empty in ["", r"\d*", "^", "a|"] {
            assert_eq!(compiled(empty).unwrap_err(), "it matches an empty text", "{empty}");
        }
        for border in [r"\b", r"\b{start}", r"(?-u:\b)"] {
            assert_eq!(compiled(border).unwrap_err(), "it matches no letter, only what is between", "{border}");
        }
        assert!(compiled(r"(?i)\bES\d{22}\b").is_ok());
    }
}

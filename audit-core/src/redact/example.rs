//! A text that a regular expression matches, to try the expression with.

use regex_syntax::hir::{Class, Hir, HirKind};

/// How long an example may be, in bytes: one that a person can read, and that every record has room for.
const LONGEST: usize = 256;

/// A text that the expression describes as far as its letters go: the shortest repetitions, the first alternative. Whether
/// it stands where the expression wants it, at the start of a word or not, is for the expression to say.
pub(super) fn of(pattern: &str) -> Option<String> {
    let mut example = String::new();
    let is_whole = append(&regex_syntax::parse(pattern).ok()?, &mut example);
    (is_whole && !example.is_empty()).then_some(example)
}

/// Whether there was an example and room for it. The parser bounds how deep expressions nest.
fn append(hir: &Hir, out: &mut String) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(text) => {
                out.push_str(text);
                out.len() <= LONGEST
            }
            Err(_) => false,
        },
        HirKind::Class(class) => match letter_of(class) {
            Some(letter) => {
                out.push(letter);
                out.len() <= LONGEST
            }
            None => false,
        },
        HirKind::Repetition(repetition) => {
            let start = out.len();
            (0..repetition.min).all(|_| append(&repetition.sub, out) && out.len() > start) || out.len() == start
        }
        HirKind::Capture(capture) => append(&capture.sub, out),
        HirKind::Concat(parts) => parts.iter().all(|part| append(part, out)),
        HirKind::Alternation(parts) => parts.first().is_some_and(|part| append(part, out)),
    }
}

/// A letter of a class: a small one if it has any, else a digit, a capital or whatever comes first and can be seen.
fn letter_of(class: &Class) -> Option<char> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.ranges().iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => class.ranges().iter().map(|range| (range.start().into(), range.end().into())).collect(),
    };
    let in_class = |letter: &char| ranges.iter().any(|(start, end)| (start..=end).contains(&letter));
    let usual = ('a'..='z').chain('0'..='9').chain('A'..='Z').chain(' '..='~').find(in_class);
    usual.or_else(|| ranges.iter().map(|(start, _)| *start).find(|letter| !letter.is_control()))
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;

    #[test]
    fn what_it_gives_matches() {
        for (pattern, example) in [
            ("iban", "iban"),
            (r"(?i)^x_\d+$", "x_0"),
            (r"\bCUST-\d{6}\b", "CUST-000000"),
            (r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b", "AA00000000000000"),
            ("(?:a|b)(?P<name>[^a-z]).", "a0a"),
            (r"\p{Greek}+", "Ͱ"),
            ("ñ[é-ü]{2}", "ñéé"),
            (r"(?:(?:x?){2}y){2}", "yy"),
            (r"\s\t", " \t"),
        ] {
            assert_eq!(of(pattern).as_deref(), Some(example), "{pattern}");
            assert!(Regex::new(pattern).unwrap().is_match(example), "{pattern}");
        }
    }

    #[test]
    fn what_has_no_example_has_none() {
        for pattern in ["(", "", "a*", r"\d{300}", r"(?:(?:a{100}){100}){100}", r"(?:(?:\b){1000}){1000}", "x[a&&b]"] {
            assert_eq!(of(pattern), None, "{pattern}");
        }
        assert!(of("a{256}").is_some() && of("a{257}").is_none());
    }
}

//! Names as words: folding and splitting, the same for rules and for what they are matched against.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// One word of a name, folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    /// Whether a separator, a digit or the name's start stands before it; otherwise only its case sets it apart.
    pub(crate) starts_segment: bool,
}

/// Splits at everything that is no letter, and where camelCase does; folds each word.
pub(crate) fn split(name: &str) -> Vec<Word> {
    let folded: Vec<char> = if name.is_ascii() { name.chars().collect() } else { fold(name) };
    let mut words = Vec::new();
    let mut word = String::new();
    let mut starts_segment = true;
    for (at, &letter) in folded.iter().enumerate() {
        if !letter.is_alphabetic() {
            finish(&mut words, &mut word, starts_segment);
            starts_segment = true;
            continue;
        }
        let before = at.checked_sub(1).and_then(|at| folded.get(at)).copied();
        let after = folded.get(at + 1).copied();
        let new_word = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase() || before.is_uppercase() && after.is_some_and(char::is_lowercase)
            });
        if new_word && !word.is_empty() {
            finish(&mut words, &mut word, starts_segment);
            starts_segment = false;
        }
        word.extend(letter.to_lowercase());
    }
    finish(&mut words, &mut word, starts_segment);
    words
}

fn finish(words: &mut Vec<Word>, word: &mut String, starts_segment: bool) {
    if !word.is_empty() {
        words.push(Word { text: std::mem::take(word), starts_segment });
    }
}

/// All words of a name run together.
pub(crate) fn joined(name: &str) -> String {
    split(name).into_iter().map(|word| word.text).collect()
}

/// Compatibility forms taken apart, without marks and without characters that do not show.
fn fold(name: &str) -> Vec<char> {
    name.nfkd().filter(|&letter| !is_combining_mark(letter) && !is_invisible(letter)).collect()
}

/// General category Cf, the variation selectors, fillers, and the sign that stands for bytes which were no text.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{115f}' | '\u{1160}'
        | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}' | '\u{fffd}' | '\u{e0000}'..='\u{e0fff}' | '\0')
}

/// The Latin letters that a word's Cyrillic and Greek ones look like (the common part of UTS #39's confusables).
pub(crate) fn look_alike(word: &str) -> String {
    word.chars()
        .map(|letter| match letter {
            'а' | 'α' => 'a',
            'в' | 'β' => 'b',
            'с' | 'ϲ' => 'c',
            'ԁ' => 'd',
            'е' | 'ε' => 'e',
            'һ' => 'h',
            'і' | 'ι' | 'ı' | 'ӏ' => 'i',
            'ј' => 'j',
            'к' | 'κ' => 'k',
            'м' => 'm',
            'п' | 'η' => 'n',
            'о' | 'ο' | 'σ' => 'o',
            'р' | 'ρ' => 'p',
            'ԛ' => 'q',
            'ѕ' => 's',
            'т' | 'τ' => 't',
            'υ' => 'u',
            'ν' => 'v',
            'ԝ' | 'ω' => 'w',
            'х' | 'χ' => 'x',
            'у' | 'γ' => 'y',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Vec<String> {
        split(name).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn names_split_into_words() {
        assert_eq!(of("userPassword"), ["user", "password"]);
        assert_eq!(of("HTTPServerURL"), ["http", "server", "url"]);
        assert_eq!(of("X-Auth_Token.v2 x"), ["x", "auth", "token", "v", "x"]);
        assert_eq!(of("a1b"), ["a", "b"]);
        assert_eq!(of("__"), Vec::<String>::new());
        assert_eq!(of("pass\u{200d}wo\u{301}rd\u{fe0f}"), ["password"]);
    }

    #[test]
    fn segments_begin_at_separators_not_at_case() {
        let starts: Vec<bool> = split("aB_cD2eF").iter().map(|word| word.starts_segment).collect();
        assert_eq!(starts, [true, false, true, false, true, false]);
    }

    #[test]
    fn look_alikes_become_latin() {
        assert_eq!(look_alike("раssword"), "password");
    }
}

//! Names as words: folding and splitting, the same for rules and for what they are matched against.
//!
//! Every key and every header comes by here, so that a short name of ASCII is split without allocating.

use super::steps;
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Names up to this long, of at most so many words, are split on the stack.
const SHORT: usize = 64;
const FEW: usize = 16;

/// Where a word begins among the letters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Start {
    at: usize,
    /// Whether a separator, a digit or the name's start stands before it; otherwise only its case sets it apart.
    is_segment: bool,
}

/// A name's words, folded: everything that is no letter splits, and so does camelCase.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words<'w> {
    /// The words run together, in UTF-8.
    letters: &'w [u8],
    starts: &'w [Start],
}

impl<'w> Words<'w> {
    pub(crate) fn len(self) -> usize {
        self.starts.len()
    }

    pub(crate) fn get(self, index: usize) -> Option<&'w [u8]> {
        (index < self.len()).then(|| self.run(index, index + 1))
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = &'w [u8]> {
        (0..self.len()).map(move |index| self.run(index, index + 1))
    }

    /// The words from `first` to before `end`, run together.
    pub(crate) fn run(self, first: usize, end: usize) -> &'w [u8] {
        let at = |index: usize| self.starts.get(index).map_or(self.letters.len(), |start| start.at);
        self.letters.get(at(first)..at(end)).unwrap_or_default()
    }

    pub(crate) fn joined(self) -> &'w [u8] {
        self.letters
    }

    /// The same words, letters of other scripts read as the Latin ones they look like; nothing if none is.
    pub(crate) fn as_seen(self) -> Option<Split> {
        let letters = std::str::from_utf8(self.letters).ok()?;
        let first = letters.char_indices().find(|(_, letter)| look_alike(*letter) != *letter)?.0;
        let mut seen = Split { letters: String::with_capacity(letters.len()), starts: self.starts.to_vec() };
        seen.letters.push_str(letters.get(..first)?);
        let mut starts = seen.starts.iter_mut().skip_while(|start| start.at < first).peekable();
        for (at, letter) in letters.char_indices().skip_while(|(at, _)| *at < first) {
            if let Some(start) = starts.next_if(|start| start.at == at) {
                start.at = seen.letters.len();
            }
            seen.letters.push(look_alike(letter));
        }
        drop(starts);
        Some(seen)
    }

    pub(crate) fn starts_segment(self, index: usize) -> bool {
        self.starts.get(index).is_some_and(|start| start.is_segment)
    }
}

/// Splits `name` and hands on its words.
pub(crate) fn split<R>(name: &str, then: impl FnOnce(Words<'_>) -> R) -> R {
    steps::count(name.len());
    let mut letters = [0; SHORT];
    let mut starts = [Start::default(); FEW];
    match split_short(name.as_bytes(), &mut letters, &mut starts) {
        Some(words) => then(words),
        None => then(Split::of(name).words()),
    }
}

/// Splits a name of ASCII if it fits; does what [`Split::of`] does.
fn split_short<'w>(name: &[u8], letters: &'w mut [u8; SHORT], starts: &'w mut [Start; FEW]) -> Option<Words<'w>> {
    let mut length = 0;
    let mut count = 0;
    let mut before = Kind::Other;
    for (at, &byte) in name.iter().enumerate() {
        let kind = Kind::of(byte);
        if matches!(kind, Kind::Lower | Kind::Upper) {
            let is_segment = before == Kind::Other;
            let by_case = kind == Kind::Upper
                && (before == Kind::Lower || name.get(at + 1).is_some_and(|after| Kind::of(*after) == Kind::Lower));
            if is_segment || by_case {
                *starts.get_mut(count)? = Start { at: length, is_segment };
                count += 1;
            }
            *letters.get_mut(length)? = byte | 0x20;
            length += 1;
        } else if kind == Kind::Foreign {
            return None;
        }
        before = kind;
    }
    Some(Words { letters: letters.get(..length)?, starts: starts.get(..count)? })
}

/// What a byte is in a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Other,
    Lower,
    Upper,
    /// Not of ASCII.
    Foreign,
}

impl Kind {
    fn of(byte: u8) -> Self {
        const KINDS: [Kind; 256] = {
            let mut kinds = [Kind::Other; 256];
            let mut byte = 0;
            while byte < 256 {
                kinds[byte] = match byte {
                    0x41..=0x5a => Kind::Upper,
                    0x61..=0x7a => Kind::Lower,
                    0x80.. => Kind::Foreign,
                    _ => Kind::Other,
                };
                byte += 1;
            }
            kinds
        };
        KINDS[usize::from(byte)]
    }
}

/// The words of any name, owned.
#[derive(Debug, Default)]
pub(crate) struct Split {
    letters: String,
    starts: Vec<Start>,
}

impl Split {
    pub(crate) fn of(name: &str) -> Self {
        let mut split = Self { letters: String::with_capacity(name.len()), starts: Vec::new() };
        // A letter is judged once the one behind it is known.
        let (mut before, mut last) = (None, None);
        fold(name, |letter| {
            let letter = Some(letter).filter(|letter| is_letter(*letter));
            if let Some(last) = last.replace(letter) {
                split.push(before, last, letter);
                before = last;
            }
        });
        split.push(before, last.flatten(), None);
        split
    }

    /// Adds a letter that stands between these; what is none stands for whatever splits words.
    fn push(&mut self, before: Option<char>, letter: Option<char>, after: Option<char>) {
        let Some(letter) = letter else { return };
        let is_segment = before.is_none();
        let by_case = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase() || before.is_uppercase() && after.is_some_and(char::is_lowercase)
            });
        if is_segment || by_case {
            self.starts.push(Start { at: self.letters.len(), is_segment });
        }
        if letter.is_ascii() {
            self.letters.push(letter.to_ascii_lowercase());
        } else {
            self.letters.extend(letter.to_lowercase());
        }
    }

    pub(crate) fn words(&self) -> Words<'_> {
        Words { letters: self.letters.as_bytes(), starts: &self.starts }
    }
}

/// All words of a name run together.
pub(crate) fn joined(name: &str) -> Vec<u8> {
    split(name, |words| words.joined().to_vec())
}

/// Hands on the characters of a name: compatibility forms taken apart (NFKD), without marks and without characters that
/// do not show. The order of marks, which is all that a character's neighbours have a say in, is of no account.
fn fold(name: &str, mut then: impl FnMut(char)) {
    let mut show = |letter: char| {
        let is_shown =
            if letter.is_ascii() { letter != '\0' } else { !is_combining_mark(letter) && !is_invisible(letter) };
        if is_shown {
            then(letter);
        }
    };
    name.chars().for_each(|letter| decompose_compatible(letter, &mut show));
}

/// Whether a character is alphabetic: most letters are told so without the search in the standard library's tables.
fn is_letter(letter: char) -> bool {
    matches!(letter, 'а'..='я' | 'А'..='Я' | 'α'..='ω' | 'ؠ'..='ي' | '\u{1100}'..='\u{11ff}' | 'ぁ'..='ゖ' | 'ァ'..='ヺ' | '一'..='龥')
        || letter.is_alphabetic()
}

/// General category Cf, the variation selectors, fillers, and the sign that stands for bytes which were no text.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{115f}' | '\u{1160}'
        | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}' | '\u{fffd}' | '\u{e0000}'..='\u{e0fff}' | '\0')
}

/// The Latin letter that a Cyrillic or Greek one or a small capital looks like (the common part of UTS #39's
/// confusables).
fn look_alike(letter: char) -> char {
    match letter {
        'а' | 'α' | 'ɑ' | 'ᴀ' => 'a',
        'в' | 'β' | 'ʙ' => 'b',
        'с' | 'ϲ' | 'ᴄ' => 'c',
        'ԁ' | 'ᴅ' => 'd',
        'е' | 'ε' | 'ᴇ' => 'e',
        'һ' | 'ʜ' => 'h',
        'і' | 'ι' | 'ı' | 'ӏ' | 'ɪ' => 'i',
        'ј' => 'j',
        'к' | 'κ' | 'ᴋ' => 'k',
        'м' => 'm',
        'п' | 'η' | 'ɴ' => 'n',
        'о' | 'ο' | 'σ' | 'ᴏ' => 'o',
        'р' | 'ρ' | 'ᴘ' => 'p',
        'ԛ' => 'q',
        'ѕ' | 'ꜱ' => 's',
        'т' | 'τ' | 'ᴛ' => 't',
        'υ' | 'ᴜ' => 'u',
        'ν' => 'v',
        'ԝ' | 'ω' | 'ᴡ' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' | 'ʏ' => 'y',
        'ʀ' => 'r',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    fn texts(words: Words<'_>) -> Vec<String> {
        words.iter().map(|word| String::from_utf8(word.to_vec()).unwrap()).collect()
    }

    fn of(name: &str) -> Vec<String> {
        split(name, texts)
    }

    fn segments(words: Words<'_>) -> Vec<bool> {
        (0..words.len()).map(|index| words.starts_segment(index)).collect()
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
        assert_eq!(split("aB_cD2eF", segments), [true, false, true, false, true, false]);
    }

    #[test]
    fn look_alikes_become_latin() {
        assert!(Split::of("user-password").words().as_seen().is_none());
        assert_eq!(texts(Split::of("user-раssword").words().as_seen().unwrap().words()), ["user", "password"]);
    }

    #[test]
    fn letters_are_what_is_alphabetic() {
        assert!(('\0'..=char::MAX).all(|letter| is_letter(letter) == letter.is_alphabetic()));
    }

    #[test]
    fn only_marks_are_put_in_order() {
        use unicode_normalization::char::canonical_combining_class;
        let ordered = ('\0'..=char::MAX).filter(|letter| canonical_combining_class(*letter) != 0);
        assert!(ordered.into_iter().all(is_combining_mark));
    }

    #[test]
    fn long_names_are_split_too() {
        assert_eq!(of(&"aB_".repeat(FEW)).len(), 2 * FEW);
        assert_eq!(of(&"x".repeat(SHORT + 1)), ["x".repeat(SHORT + 1)]);
    }

    proptest! {
        #[test]
        fn both_ways_to_split_agree(name in prop_oneof!["[ -~]{0,80}", "[a-zA-Z_0-9]{0,40}", any::<String>()]) {
            let general = Split::of(&name);
            let shown = name.nfkd().filter(|letter| !is_combining_mark(*letter) && !is_invisible(*letter));
            let mut folded = Vec::new();
            fold(&name, |letter| folded.push(letter));
            prop_assert_eq!(folded, shown.collect::<Vec<_>>());
            prop_assert_eq!(split(&name, texts), texts(general.words()));
            prop_assert_eq!(split(&name, segments), segments(general.words()));
            prop_assert_eq!(joined(&name), general.words().joined());
        }
    }
}

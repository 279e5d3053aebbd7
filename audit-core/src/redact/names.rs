//! Which names are secret: the word rule.
//!
//! A name is decoded and folded (escapes of URLs, JSON and HTML, NFKD, marks and format characters dropped, lower case),
//! split into words, and matched word by word, so that `userPassword`, `PGPASSWORD` and `api.key` are secret, and `author`,
//! `tokenizer` and `secretary` are not. Time is linear in the name's length.
//!
//! A describing word at either end keeps what describes (`has_password`, `token_type`); but a name that somebody added says
//! itself what is meant, so that what stands under that very name goes, whatever its words are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::allow_list::AllowList;
use super::class::Class;
use super::escapes::{self, unescape};
use super::geometry;
use super::patterns::Patterns;
use super::rules::Hide;
use super::word_list::{
    COMMON_HEADERS, DESCRIBING, ENDINGS, FLAGS, HEADER_KEYS, HEADERS, LAST, NAMES, UNSPACED, WHOLE,
};
use super::word_table::WordTable;
use super::words::{self, Split, Words};

/// How many times a name's escapes are undone: gateways encode what was encoded already.
const MAX_DECODINGS: usize = 3;

/// Nearly all names that are secret have a word of more letters.
const FEW_LETTERS: usize = 2;

const _: () = {
    let mut index = 0;
    while index < ENDINGS.len() {
        assert!(ENDINGS[index].len() > FEW_LETTERS, "no run of so few letters ends in a secret word");
        index += 1;
    }
};

/// Where in a name a rule's words must stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Anywhere,
    Last,
    Whole,
}

#[derive(Debug)]
struct Rule {
    /// The words after the first.
    rest: Vec<Box<[u8]>>,
    place: Place,
}

impl Rule {
    /// Where in a name it ends if it matches there; its first word does.
    fn end(&self, words: Words<'_>, at: usize) -> Option<usize> {
        let end = at + 1 + self.rest.len();
        let is_placed = match self.place {
            Place::Anywhere => end <= words.len(),
            Place::Last => end == words.len(),
            Place::Whole => at == 0 && end == words.len(),
        };
        let matches = || {
            self.rest.iter().zip(at + 1..).all(|(known, index)| {
                let word = words.get(index).unwrap_or_default();
                **known == *word || singular(word).is_some_and(|singular| **known == *singular)
            })
        };
        (is_placed && matches()).then_some(end)
    }
}

/// What the lists say of one word.
#[derive(Debug, Default)]
struct Said {
    /// Those that begin with it.
    rules: Vec<Rule>,
    is_describing: bool,
    is_flag: bool,
    is_geometry: bool,
}

/// What names say: which are secret, and which may be kept; immutable once made, and cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    /// Equal rules may have two numbers, but two rules have never one.
    id: u64,
    secret: Arc<SecretNames>,
    allow_list: Option<Arc<AllowList>>,
    hide: Hide,
}

/// The names that are secret.
#[derive(Debug)]
struct SecretNames {
    words: WordTable<Said>,
    /// Those that somebody added, run together.
    added: WordTable<()>,
    /// By last byte.
    endings: Vec<Vec<Vec<u8>>>,
    /// A bit for the first letter of each name whose words have at most [`FEW_LETTERS`], as `pw` has.
    short_initials: u32,
    /// Folded.
    unspaced: Vec<Vec<u8>>,
    /// Run together.
    headers: WordTable<()>,
    /// What is known of headers that come all the time.
    common_headers: WordTable<Option<Class>>,
    /// What the application added.
    patterns: Option<Arc<Patterns>>,
}

impl Names {
    pub(crate) fn new(more_fields: &[String], more_headers: &[String]) -> Self {
        Self::with_patterns(more_fields, more_headers, None)
    }

    pub(super) fn with_patterns(
        more_fields: &[String],
        more_headers: &[String],
        patterns: Option<Arc<Patterns>>,
    ) -> Self {
        let secret = SecretNames::new(more_fields, more_headers, patterns);
        Self { id: next_id(), secret: Arc::new(secret), allow_list: None, hide: Hide::Marked }
    }

    /// The same names, of which these are kept.
    pub(super) fn keeping(&self, allow_list: Option<Arc<AllowList>>) -> Self {
        let is_same = self.allow_list.is_none() && allow_list.is_none();
        let id = if is_same { self.id } else { next_id() };
        Self { id, allow_list, ..self.clone() }
    }

    /// The same names, under which values are hidden so.
    pub(super) fn hiding(self, hide: Hide) -> Self {
        Self { hide, ..self }
    }

    /// Tells these rules from others, for whoever remembers what they said.
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn allow_list(&self) -> Option<&Arc<AllowList>> {
        self.allow_list.as_ref()
    }

    /// Whether only what an allow-list names is kept.
    pub(super) fn has_allow_list(&self) -> bool {
        self.allow_list.is_some()
    }

    /// Whether an allow-list names this, as received; true where there is none.
    pub(super) fn is_listed(&self, name: &str) -> bool {
        self.allow_list.as_ref().is_none_or(|list| list.holds(name))
    }

    /// Whether a member that is hidden by its name, or because no list names it, goes with its key.
    pub(super) fn removes(&self) -> bool {
        self.hide == Hide::Removed
    }

    /// The patterns of values that are secret.
    pub(super) fn patterns(&self) -> Option<&Patterns> {
        self.secret.patterns.as_deref()
    }

    /// What `name`, as received, says about its value.
    pub(crate) fn classify(&self, name: &str) -> Class {
        self.secret.classify(name)
    }

    /// What `name` says about its value, and whether it names a geometry: `geom`, `wkb_geometry`, `boundsGeom`.
    pub(super) fn classify_with_geometry(&self, name: &str) -> (Class, bool) {
        self.secret.classify_with_geometry(name)
    }

    /// What the name of a header says about its value: as [`classify`](Self::classify), and more names.
    pub(crate) fn classify_header(&self, name: &str) -> Class {
        self.secret.classify_header(name)
    }

    /// The class of a header that comes all the time; no name of such a header holds anything to hide.
    pub(super) fn common_header(&self, name: &str) -> Option<Class> {
        self.secret.common_header(name)
    }
}

/// Never 0.
fn next_id() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

impl SecretNames {
    fn new(more_fields: &[String], more_headers: &[String], patterns: Option<Arc<Patterns>>) -> Self {
        let mut names = Self {
            words: WordTable::new(),
            added: WordTable::new(),
            endings: vec![Vec::new(); 256],
            short_initials: 0,
            unspaced: UNSPACED.iter().map(|word| words::joined(word)).collect(),
            headers: WordTable::new(),
            common_headers: WordTable::new(),
            patterns,
        };
        for (list, place) in [(NAMES, Place::Anywhere), (LAST, Place::Last), (WHOLE, Place::Whole)] {
            for name in list {
                names.add(name, place);
            }
        }
        for field in more_fields {
            names.add(field, Place::Anywhere);
            let joined = words::joined(field);
            if !joined.is_empty() {
                names.added.entry(&joined);
            }
        }
        for word in DESCRIBING {
            names.words.entry(word.as_bytes()).is_describing = true;
        }
        for word in FLAGS {
            names.words.entry(word.as_bytes()).is_flag = true;
        }
        for word in geometry::NAMES {
            names.words.entry(word.as_bytes()).is_geometry = true;
        }
        for ending in ENDINGS.iter().map(|ending| words::joined(ending)) {
            if let Some(endings) = ending.last().and_then(|last| names.endings.get_mut(usize::from(*last))) {
                endings.push(ending);
            }
        }
        for header in HEADERS.iter().copied().chain(more_headers.iter().map(String::as_str)).map(words::joined) {
            if !header.is_empty() {
                names.headers.entry(&header);
            }
        }
        for header in COMMON_HEADERS {
            *names.common_headers.entry(header.as_bytes()) = Some(names.classify_header(header));
        }
        names
    }

    /// Adds a name both as its words and run together: `api_key` also means `apikey`.
    fn add(&mut self, name: &str, place: Place) {
        let split = Split::of(name);
        let mut parts = split.words().iter();
        let Some(first) = parts.next() else { return };
        let rest: Vec<Box<[u8]>> = parts.map(Into::into).collect();
        if rest.iter().map(|word| word.len()).chain([first.len()]).all(|length| length <= FEW_LETTERS) {
            self.short_initials |= first.first().map_or(0, |letter| 1 << (letter & 31));
        }
        if !rest.is_empty() {
            self.words.entry(split.words().joined()).rules.push(Rule { rest: Vec::new(), place });
        }
        self.words.entry(first).rules.push(Rule { rest, place });
    }

    fn classify(&self, name: &str) -> Class {
        if !self.may_be_secret(name) {
            return Class::Plain;
        }
        words::split(name, |words| self.classify_split(name, words))
    }

    /// Whether a name has letters enough for any that is secret: a text may be full of such as have not.
    fn may_be_secret(&self, name: &str) -> bool {
        let mut run = 0;
        let is_enough = |byte: u8| {
            if byte.is_ascii_alphabetic() {
                run += 1;
                return run > FEW_LETTERS || self.short_initials >> (byte & 31) & 1 == 1;
            }
            run = 0;
            !byte.is_ascii() || escapes::may_begin(byte)
        };
        self.patterns.is_some() || name.bytes().any(is_enough)
    }

    fn classify_with_geometry(&self, name: &str) -> (Class, bool) {
        words::split(name, |words| {
            let is_geometry = words.iter().any(|word| self.words.get(word).is_some_and(|said| said.is_geometry));
            (self.classify_split(name, words), is_geometry)
        })
    }

    fn classify_header(&self, name: &str) -> Class {
        if let Some(class) = self.common_header(name) {
            return class;
        }
        words::split(name, |words| {
            let class = self.classify_split(name, words);
            if class == Class::Secret || self.headers.contains(words.joined()) {
                return Class::Secret;
            }
            // A header that ends in `-key` holds a credential unless it is one of the few known not to.
            let is_key = name.len().checked_sub("-key".len()).and_then(|at| name.get(at..));
            if is_key.is_some_and(|end| end.eq_ignore_ascii_case("-key"))
                && !HEADER_KEYS.iter().any(|known| name.eq_ignore_ascii_case(known))
            {
                return Class::Secret;
            }
            class
        })
    }

    fn common_header(&self, name: &str) -> Option<Class> {
        self.common_headers.get(name.as_bytes()).copied().flatten()
    }

    /// Classifies a name whose words are known, and what its escapes hide.
    fn classify_split(&self, name: &str, words: Words<'_>) -> Class {
        let mut class = self.classify_seen(name, words);
        if class == Class::Secret {
            return class;
        }
        let Some(mut name) = unescape(name) else { return class };
        for _ in 0..MAX_DECODINGS {
            let decoded = words::split(&name, |words| self.classify_seen(&name, words));
            if decoded == Class::Secret || !class.is_sensitive() {
                class = decoded;
            }
            let Some(decoded) = unescape(&name).filter(|_| class != Class::Secret) else { break };
            name = decoded;
        }
        class
    }

    fn classify_seen(&self, name: &str, words: Words<'_>) -> Class {
        if self.patterns.as_ref().is_some_and(|patterns| patterns.is_secret_name(name)) {
            return Class::Secret;
        }
        let class = self.classify_words(words);
        if class.is_sensitive() && class != Class::Secret && self.ends_in_added(name) {
            return Class::Secret;
        }
        if class.is_sensitive() || name.is_ascii() {
            return class;
        }
        if self.holds_unspaced(words.joined()) {
            return Class::Secret;
        }
        // Letters of other scripts that look like Latin ones are read as what they look like.
        words.as_seen().map_or(class, |seen| self.classify_words(seen.words()))
    }

    fn holds_unspaced(&self, letters: &[u8]) -> bool {
        // Their letters take three bytes, of which the first is none of ASCII, of Greek nor of Cyrillic.
        letters.iter().enumerate().filter(|(_, byte)| **byte >= 0xe0).any(|(at, first)| {
            let rest = letters.get(at..).unwrap_or_default();
            self.unspaced.iter().any(|word| word.first() == Some(first) && rest.starts_with(word))
        })
    }

    /// Whether the last part of a name, as forms nest it, is one that somebody added: `user[is_ill]` is `is_ill` under
    /// `user`.
    fn ends_in_added(&self, name: &str) -> bool {
        let last = name.split(['[', ']', '.']).map(words::joined).rfind(|part| !part.is_empty());
        last.is_some_and(|part| self.added.contains(&part))
    }

    fn classify_words(&self, words: Words<'_>) -> Class {
        match self.class_by_words(words) {
            Class::Plain => Class::Plain,
            _ if self.added.contains(words.joined()) => Class::Secret,
            class => class,
        }
    }

    fn class_by_words(&self, words: Words<'_>) -> Class {
        let mut found = false;
        for at in 0..words.len() {
            let Some(end) = self.match_at(words, at) else { continue };
            if end == words.len() {
                return self.class_of(words, at);
            }
            found = true;
        }
        let mut start = 0;
        for at in 0..words.len() {
            if words.starts_segment(at) {
                start = at;
            }
            let is_last = at + 1 == words.len();
            if !is_last && !words.starts_segment(at + 1) {
                continue;
            }
            let segment = words.run(start, at + 1);
            if self.is_secret_segment(segment) {
                if is_last {
                    return if segment.ends_with(b"tokens") { Class::Count } else { self.class_of(words, at) };
                }
                found = true;
            }
        }
        match words.get(words.len().wrapping_sub(1)).filter(|_| found) {
            Some(last) if self.words.get(last).is_some_and(|said| said.is_describing) => Class::Describing,
            Some(_) => self.class_of(words, 0),
            None => Class::Plain,
        }
    }

    /// The class of a name whose match is not followed by a describing word.
    fn class_of(&self, words: Words<'_>, at: usize) -> Class {
        let first = words.get(0).filter(|_| words.len() > 1);
        if first.and_then(|first| self.words.get(first)).is_some_and(|said| said.is_flag) {
            Class::Flag
        } else if at + 1 == words.len() && words.get(at) == Some(b"tokens") {
            Class::Count
        } else {
            Class::Secret
        }
    }

    /// Where the longest rule that matches at `at` ends.
    fn match_at(&self, words: Words<'_>, at: usize) -> Option<usize> {
        let first = words.get(at)?;
        let said = self.words.get(first);
        let of_one = singular(first).and_then(|first| self.words.get(first));
        // Of most words nothing is said.
        if said.is_none() && of_one.is_none() {
            return None;
        }
        let rules = [said, of_one].into_iter().flatten().flat_map(|said| &said.rules);
        rules.filter_map(|rule| rule.end(words, at)).max()
    }

    /// Whether a run of letters, whatever its case, hides a secret word: `pAsSwOrD`, `PGPASSWORD`, `accesstoken`.
    fn is_secret_segment(&self, segment: &[u8]) -> bool {
        contains(segment, b"password") && !contains(segment, b"passwordless")
            || self
                .words
                .get(segment)
                .is_some_and(|said| said.rules.iter().any(|rule| rule.rest.is_empty() && rule.place == Place::Anywhere))
            || self.has_ending(segment)
            || singular(segment).is_some_and(|segment| self.has_ending(segment))
    }

    fn has_ending(&self, segment: &[u8]) -> bool {
        let endings = segment.last().and_then(|last| self.endings.get(usize::from(*last)));
        endings.is_some_and(|endings| endings.iter().any(|ending| segment.ends_with(ending)))
    }
}

fn singular(word: &[u8]) -> Option<&[u8]> {
    word.strip_suffix(b"s").filter(|singular| singular.len() > 2)
}

/// Whether `word` stands somewhere in `letters`.
fn contains<const N: usize>(letters: &[u8], word: &[u8; N]) -> bool {
    letters.windows(N).any(|letters| letters == word)
}

#[cfg(test)]
mod tests;

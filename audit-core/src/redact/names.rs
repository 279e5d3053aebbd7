//! Which names are secret: the word rule.
//!
//! A name is decoded and folded (percent escapes, NFKD, marks and format characters dropped, lower case), split into
//! words, and matched word by word, so that `userPassword`, `PGPASSWORD` and `api.key` are secret, and `author`,
//! `tokenizer` and `secretary` are not. Time is linear in the name's length.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use percent_encoding::percent_decode_str;

use super::word_list::{DESCRIBING, ENDINGS, FLAGS, HEADER_KEYS, HEADERS, LAST, NAMES, WHOLE};
use super::words::{self, Word};

/// How many times a name is percent-decoded: gateways encode what was encoded already.
const MAX_DECODINGS: usize = 3;

/// What a name says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Nothing; the value is judged by its own shape.
    Plain,
    /// The value goes, whatever it is, with its subtree.
    Secret,
    /// The value goes unless it is a boolean: `has_password`.
    Flag,
    /// The value goes unless it is a number of modest size: `max_tokens`.
    Count,
    /// The value goes unless it is a number, a boolean, null, a date or a short plain word: `token_type`.
    Describing,
}

impl Class {
    pub(crate) fn is_sensitive(self) -> bool {
        self != Self::Plain
    }

    /// Whether a string of this content may be shown under the name.
    pub(crate) fn keeps_text(self, text: &str) -> bool {
        match self {
            Self::Plain => true,
            Self::Secret => false,
            Self::Flag => matches!(text, "true" | "false"),
            Self::Count => is_short_number(text),
            Self::Describing => is_short_number(text) || is_date(text) || is_plain_word(text),
        }
    }

    /// Whether a JSON number, `true`, `false` or `null`, as written, may be shown under the name.
    pub(crate) fn keeps_scalar(self, raw: &str) -> bool {
        match self {
            Self::Plain | Self::Describing => true,
            Self::Secret => false,
            Self::Flag => matches!(raw, "true" | "false"),
            Self::Count => raw == "null" || is_short_number(raw),
        }
    }
}

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
    rest: Vec<String>,
    place: Place,
}

/// The names that are secret; immutable once made.
#[derive(Debug)]
pub(crate) struct Names {
    /// By first word.
    rules: HashMap<String, Vec<Rule>>,
    endings: Vec<String>,
    describing: HashSet<&'static str>,
    flags: HashSet<&'static str>,
    headers: HashSet<String>,
}

impl Names {
    pub(crate) fn new(more_fields: &[String], more_headers: &[String]) -> Self {
        let mut names = Self {
            rules: HashMap::new(),
            endings: ENDINGS.iter().map(|ending| words::joined(ending)).collect(),
            describing: DESCRIBING.iter().copied().collect(),
            flags: FLAGS.iter().copied().collect(),
            headers: HEADERS.iter().copied().map(words::joined).collect(),
        };
        for (list, place) in [(NAMES, Place::Anywhere), (LAST, Place::Last), (WHOLE, Place::Whole)] {
            for name in list {
                names.add(name, place);
            }
        }
        for field in more_fields {
            names.add(field, Place::Anywhere);
        }
        names.headers.extend(more_headers.iter().map(|header| words::joined(header)).filter(|name| !name.is_empty()));
        names
    }

    /// Adds a name both as its words and run together: `api_key` also means `apikey`.
    fn add(&mut self, name: &str, place: Place) {
        let mut parts = words::split(name).into_iter().map(|word| word.text);
        let Some(first) = parts.next() else { return };
        let rest: Vec<String> = parts.collect();
        if !rest.is_empty() {
            let joined = first.clone() + &rest.concat();
            self.rules.entry(joined).or_default().push(Rule { rest: Vec::new(), place });
        }
        self.rules.entry(first).or_default().push(Rule { rest, place });
    }

    /// What `name`, as received, says about its value.
    pub(crate) fn classify(&self, name: &str) -> Class {
        let mut name = Cow::Borrowed(name);
        for _ in 0..=MAX_DECODINGS {
            let class = self.classify_decoded(&name);
            if class.is_sensitive() || !name.contains('%') {
                return class;
            }
            let decoded = percent_decode_str(&name).decode_utf8_lossy().into_owned();
            if decoded == *name {
                return class;
            }
            name = Cow::Owned(decoded);
        }
        Class::Plain
    }

    /// What the name of a header says about its value: as [`classify`](Self::classify), and more names.
    pub(crate) fn classify_header(&self, name: &str) -> Class {
        let class = self.classify(name);
        if class == Class::Secret || self.headers.contains(&words::joined(name)) {
            return Class::Secret;
        }
        // A header that ends in `-key` holds a credential unless it is one of the few known not to.
        let lower = name.to_ascii_lowercase();
        if lower.ends_with("-key") && !HEADER_KEYS.contains(&lower.as_str()) {
            return Class::Secret;
        }
        class
    }

    fn classify_decoded(&self, name: &str) -> Class {
        let split = words::split(name);
        let class = self.classify_words(&split);
        if class.is_sensitive() || name.is_ascii() {
            return class;
        }
        // Letters of other scripts that look like Latin ones are read as what they look like.
        let mut seen = split;
        for word in &mut seen {
            word.text = words::look_alike(&word.text);
        }
        self.classify_words(&seen)
    }

    fn classify_words(&self, words: &[Word]) -> Class {
        let mut found = false;
        for at in 0..words.len() {
            let Some(end) = self.match_at(words, at) else { continue };
            if end == words.len() {
                return self.class_of(words, at);
            }
            found = true;
        }
        let mut segment = String::new();
        for (at, word) in words.iter().enumerate() {
            if word.starts_segment {
                segment.clear();
            }
            segment.push_str(&word.text);
            if words.get(at + 1).is_none_or(|next| next.starts_segment) && self.is_secret_segment(&segment) {
                if at + 1 == words.len() {
                    return if segment.ends_with("tokens") { Class::Count } else { self.class_of(words, at) };
                }
                found = true;
            }
        }
        match (found, words.last()) {
            (true, Some(last)) if self.describing.contains(last.text.as_str()) => Class::Describing,
            (true, Some(_)) => self.class_of(words, 0),
            _ => Class::Plain,
        }
    }

    /// The class of a name whose match is not followed by a describing word.
    fn class_of(&self, words: &[Word], at: usize) -> Class {
        match (words.first(), words.get(at)) {
            (Some(first), _) if words.len() > 1 && self.flags.contains(first.text.as_str()) => Class::Flag,
            (_, Some(word)) if word.text == "tokens" && at + 1 == words.len() => Class::Count,
            _ => Class::Secret,
        }
    }

    /// Where the longest rule that matches at `at` ends.
    fn match_at(&self, words: &[Word], at: usize) -> Option<usize> {
        let first = words.get(at)?.text.as_str();
        [Some(first), singular(first)]
            .into_iter()
            .flatten()
            .filter_map(|first| self.rules.get(first))
            .flatten()
            .filter_map(|rule| {
                let end = at + 1 + rule.rest.len();
                let rest = words.get(at + 1..end)?;
                let matches = rule.rest.iter().zip(rest).all(|(rule, word)| {
                    *rule == word.text || singular(&word.text).is_some_and(|singular| rule == singular)
                });
                let placed = match rule.place {
                    Place::Anywhere => true,
                    Place::Last => end == words.len(),
                    Place::Whole => at == 0 && end == words.len(),
                };
                (matches && placed).then_some(end)
            })
            .max()
    }

    /// Whether a run of letters, whatever its case, hides a secret word: `pAsSwOrD`, `PGPASSWORD`, `accesstoken`.
    fn is_secret_segment(&self, segment: &str) -> bool {
        let contains_password = segment.contains("password") && !segment.contains("passwordless");
        contains_password
            || self
                .rules
                .get(segment)
                .is_some_and(|rules| rules.iter().any(|rule| rule.rest.is_empty() && rule.place == Place::Anywhere))
            || [Some(segment), singular(segment)]
                .into_iter()
                .flatten()
                .any(|segment| self.endings.iter().any(|ending| segment.ends_with(ending.as_str())))
    }
}

fn singular(word: &str) -> Option<&str> {
    word.strip_suffix('s').filter(|singular| singular.len() > 2)
}

/// Up to ten digits with a sign and a fraction: a count or a duration, not a secret.
fn is_short_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().filter(u8::is_ascii_digit).count() <= 10
        && digits.starts_with(|first: char| first.is_ascii_digit())
}

/// A calendar date, alone or with a time, in the form of RFC 3339.
fn is_date(text: &str) -> bool {
    let pattern = b"dddd-dd-dd";
    text.len() <= 40
        && text.len() >= pattern.len()
        && pattern.iter().zip(text.bytes()).all(|(pattern, byte)| match pattern {
            b'd' => byte.is_ascii_digit(),
            other => *other == byte,
        })
        && text.bytes().skip(pattern.len()).all(|byte| b"0123456789:.+-TtZz ".contains(&byte))
}

/// One to four pieces, each a word (`bearer`), a word with a short number (`RS256`) or a short number.
fn is_plain_word(text: &str) -> bool {
    let is_piece = |piece: &str| {
        let letters = piece.bytes().take_while(u8::is_ascii_alphabetic).count();
        let digits = piece.len() - letters;
        piece.bytes().skip(letters).all(|byte| byte.is_ascii_digit())
            && !piece.is_empty()
            && (digits == 0 && letters <= 20 || digits <= 3 && letters <= 8 || letters == 0 && digits <= 10)
    };
    text.len() <= 32
        && text.split(['-', '_', '.', ' ', '/']).count() <= 4
        && text.split(['-', '_', '.', ' ', '/']).all(is_piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names::new(&["mi_campo_secreto".to_owned(), "dni".to_owned()], &["X-Internal-Ref".to_owned()])
    }

    #[test]
    fn secret_names_match() {
        for name in [
            "password",
            "Password",
            "PASSWORD",
            "pAsSwOrD",
            "userPassword",
            "PGPASSWORD",
            "oldpassword",
            "password2",
            "password_confirmation",
            "passwd",
            "pwd",
            "DB_PASS",
            "api.key",
            "apiKey",
            "API_KEY",
            "apikey",
            "X-Auth-Token",
            "access_token",
            "accesstoken",
            "idToken",
            "client_secret",
            "secretAccessKey",
            "AWS_SECRET_ACCESS_KEY",
            "privateKey",
            "session_key",
            "session_id",
            "JSESSIONID",
            "PHPSESSID",
            "auth",
            "authorization",
            "credentials",
            "creds",
            "csrf_token",
            "csrfmiddlewaretoken",
            "cvc",
            "card_number",
            "recovery_codes",
            "set-cookie",
            "user[password]",
            "tokens[]",
            "clave",
            "nueva_clave",
            "clave_api",
            "contraseña",
            "contrasena",
            "пароль",
            "密码",
            "パスワード",
            "pass\u{ad}word",
            "pass\u{200b}word",
            "\u{feff}password",
            "passwórd",
            "ｐａｓｓｗｏｒｄ",
            "APİ_KEY",
            "раssword",
            "pass%77ord",
            "pass%2577ord",
            "mi_campo_secreto",
            "miCampoSecreto",
            "x.mi_campo_secreto",
            "user.dni",
            "password_",
            " password ",
            "$password",
            "oauth2token",
            "PasswordHash",
        ] {
            assert_eq!(names().classify(name), if name == "tokens[]" { Class::Count } else { Class::Secret }, "{name}");
        }
    }

    #[test]
    fn harmless_names_do_not() {
        for name in [
            "author",
            "authors",
            "authority",
            "authorized",
            "authentic",
            "authenticated",
            "authentication_method",
            "tokenizer",
            "secretary",
            "secretion",
            "bypass",
            "compass",
            "passed",
            "passwordless",
            "accredited",
            "credits_used",
            "key",
            "keys",
            "keyboard",
            "foreign_key",
            "primary_key",
            "sort_key",
            "public_key",
            "mapping",
            "shipping",
            "spin_rate",
            "scorecard",
            "salted",
            "sacred_site",
            "session_count",
            "session_duration_ms",
            "cwd",
            "api_version",
            "",
            "clave_catastral",
            "palabras_clave",
            "campo_secreto_x",
            "adni",
            "%",
            "_",
            "geographic_name",
            "user",
            "monkey",
            "pin_color",
        ] {
            let class = names().classify(name);
            assert_eq!(class, if name == "campo_secreto_x" { Class::Secret } else { Class::Plain }, "{name}");
        }
    }

    #[test]
    fn a_describing_last_word_keeps_what_describes() {
        let names = names();
        for name in [
            "token_type",
            "token_count",
            "tokenId",
            "token_expires",
            "password_min_length",
            "secret_version",
            "auth_method",
        ] {
            assert_eq!(names.classify(name), Class::Describing, "{name}");
        }
        assert_eq!(names.classify("max_tokens"), Class::Count);
        assert_eq!(names.classify("maxTokens"), Class::Count);
        assert_eq!(names.classify("has_password"), Class::Flag);
        for kept in ["bearer", "RS256", "2031-07-04T11:22:33Z", "2031-07-04", "3600", "kept-oidc", "oauth2"] {
            assert!(Class::Describing.keeps_text(kept), "{kept}");
        }
        for hidden in ["Zq7SECRET162x", "a1b2c3d4e5", "", "012345678901234567890", "correct horse battery staple again"]
        {
            assert!(!Class::Describing.keeps_text(hidden), "{hidden}");
        }
        assert!(Class::Count.keeps_scalar("4096"));
        assert!(!Class::Count.keeps_scalar("99887766554433"));
        assert!(Class::Flag.keeps_scalar("true") && !Class::Flag.keeps_scalar("12"));
        assert!(!Class::Secret.keeps_scalar("null"));
    }

    #[test]
    fn headers_have_more_secret_names() {
        let names = names();
        for name in [
            "Authorization",
            "cookie",
            "Set-Cookie",
            "Cookie2",
            "X-Api-Key",
            "X-Functions-Key",
            "Ocp-Apim-Subscription-Key",
            "X-Amzn-Oidc-Data",
            "X-Auth-Token",
            "Private-Token",
            "x-internal-ref",
        ] {
            assert_eq!(names.classify_header(name), Class::Secret, "{name}");
        }
        for name in ["Idempotency-Key", "Sec-WebSocket-Key", "WWW-Authenticate", "X-Tokenizer", "Accept", "traceparent"]
        {
            assert_eq!(names.classify_header(name), Class::Plain, "{name}");
        }
    }
}

//! Values that stand behind the name of a secret with no sign between: `invalid token "x"`, `PASSWORD 'x'`.

use std::ops::Range;

use super::Sweep;
use crate::redact::class::Class;
use crate::redact::{any_case, values};

/// What may stand between a name and its value in a query: the value goes, whatever it is.
const COMPARED: &[&str] = &["like", "ilike", "in", "eq", "ne", "<>", "!=", "is distinct from"];

/// What may stand between them in a sentence or a dialogue.
const TOLD: &[&str] = &["is", "was", "are", "plain", "login", "default"];

/// The shortest that is taken for a secret in a sentence.
const SHORTEST_QUOTED: usize = 4;
pub(super) const SHORTEST_BARE: usize = 8;

/// What might be a value, and how sure that is if the name is secret.
struct Candidate {
    value: Range<usize>,
    is_quoted: bool,
    is_compared: bool,
}

impl Sweep<'_> {
    /// A value behind a secret name. A blank follows the word.
    pub(super) fn apposition(&mut self, word: &Range<usize>) -> bool {
        // Found first, for names cost more, and few words are followed by what may be a value.
        let Some(candidate) = self.candidate(word.end) else { return false };
        let name = self.slice(word.clone());
        let value = self.slice(candidate.value.clone());
        if candidate.is_quoted && name.eq_ignore_ascii_case("by") && self.follows_identified(word.start) {
            self.hide(candidate.value);
            return true;
        }
        if candidate.is_quoted && name.eq_ignore_ascii_case("entry") && self.is_of_secret_key(candidate.value.end) {
            self.hide(candidate.value);
            return true;
        }
        let mut class = self.names.classify(name);
        if !class.is_sensitive() && self.before.end + 1 == word.start {
            class = self.names.classify(self.slice(self.before.start..word.end));
        }
        if class != Class::Secret || name.starts_with('-') {
            return false;
        }
        // `Pass "x" to it` is a sentence.
        if name.as_bytes().last_chunk().is_some_and(|end: &[u8; 4]| end.eq_ignore_ascii_case(b"pass")) {
            return false;
        }
        // A word that is no password may name one, or something else: `secret "db-prod" not found`.
        let is_password = any_case::holds(name, "pass") || name.bytes().all(|byte| byte.is_ascii_uppercase());
        let may_be_name = Class::Describing.keeps_text(value) || !value.bytes().any(|byte| byte.is_ascii_digit());
        let is_secret = match candidate.is_quoted {
            true if candidate.is_compared => true,
            true => value.len() >= SHORTEST_QUOTED && (!may_be_name || is_password),
            false => !may_be_name,
        };
        if is_secret {
            self.hide(candidate.value);
        }
        is_secret
    }

    fn candidate(&self, at: usize) -> Option<Candidate> {
        let rest = self.rest(at).trim_start_matches([' ', '\t']);
        // Most words are told from these by their first letter.
        let first = rest.bytes().next().unwrap_or_default().to_ascii_lowercase();
        let led = |words: &[&str]| {
            let is_led = |word: &&&str| {
                word.as_bytes().first() == Some(&first)
                    && rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            };
            let after = words.iter().find(is_led).and_then(|word| rest.get(word.len()..))?;
            let value = after.trim_start_matches([' ', '\t']);
            (value.len() < after.len() || value.starts_with(['"', '\'', '('])).then_some(value)
        };
        let compared = led(COMPARED);
        let value = compared.or_else(|| led(TOLD)).unwrap_or(rest);
        let value = if compared.is_some() { value.strip_prefix('(').unwrap_or(value) } else { value };
        let start = self.text.len() - value.len();
        if value.starts_with(['"', '\'', '`']) {
            let value = values::value(self.text, start, false);
            return Some(Candidate { value, is_quoted: true, is_compared: compared.is_some() });
        }
        let end = values::bare_end(self.text, start);
        let word = self.slice(start..end).trim_end_matches(['.', ',', ';', ':', '!', '?', ')']);
        let has = |is_such: fn(&u8) -> bool| word.as_bytes().iter().any(is_such);
        let is_opaque = word.len() >= SHORTEST_BARE
            && has(u8::is_ascii_digit)
            && has(u8::is_ascii_alphabetic)
            && !word.contains(['/', ':', '(', '=', '[', '{', '%', '@']);
        is_opaque.then(|| Candidate { value: start..start + word.len(), is_quoted: false, is_compared: false })
    }

    /// Whether `for key 'token'` follows the value that ends at `at`, as MySQL tells of a duplicate.
    fn is_of_secret_key(&self, at: usize) -> bool {
        let key = self.rest(at).trim_start_matches(['\'', '"', ' ']).strip_prefix("for key ");
        key.is_some_and(|key| {
            let name = key.trim_start_matches(['\'', '"', '`']);
            let end = name.find(['\'', '"', '`', ' ']).unwrap_or(name.len());
            name.get(..end).is_some_and(|name| self.names.classify(name).is_sensitive())
        })
    }

    /// `IDENTIFIED BY`, `IDENTIFIED WITH a_plugin BY`.
    fn follows_identified(&self, at: usize) -> bool {
        const REACH: usize = 64;
        let before = self.text.as_bytes().get(at.saturating_sub(REACH)..at).unwrap_or_default();
        before.windows("identified".len()).any(|word| word.eq_ignore_ascii_case(b"identified"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::swept;

    #[test]
    fn what_follows_a_secret_name_goes() {
        for (text, expected) in [
            ("invalid token \"Zq7SECRETx\" given", "invalid token \"[FILTERED]\" given"),
            ("token 'Zq7SECRETx' is expired", "token '[FILTERED]' is expired"),
            ("wrong password `hunter`", "wrong password `[FILTERED]`"),
            ("password was \"hunter2\"", "password was \"[FILTERED]\""),
            ("ALTER USER bob WITH PASSWORD 'x y z w'", "ALTER USER bob WITH PASSWORD '[FILTERED]'"),
            ("CREATE USER bob IDENTIFIED BY 'x'", "CREATE USER bob IDENTIFIED BY '[FILTERED]'"),
            ("identified with p by 'x'", "identified with p by '[FILTERED]'"),
            ("WHERE password LIKE 'x%' OR pin IN ('1')", "WHERE password LIKE '[FILTERED]' OR pin IN ('[FILTERED]')"),
            ("WHERE password <> 'x' AND a=1", "WHERE password <> '[FILTERED]' AND a=1"),
            ("token eq 'x'", "token eq '[FILTERED]'"),
            ("unknown api key Zq7SECRET1.", "unknown api key [FILTERED]."),
            ("the password is Zq7SECRET1, they say", "the password is [FILTERED], they say"),
            ("Duplicate entry 'x' for key 'u.api_token'", "Duplicate entry '[FILTERED]' for key 'u.api_token'"),
            ("AUTH PLAIN AGJvYgBodW50ZXIy", "AUTH PLAIN [FILTERED]"),
        ] {
            assert_eq!(swept(text), expected, "{text}");
        }
    }

    #[test]
    fn sentences_stay() {
        for text in [
            "wrong password for \"bob\"",
            "column \"password\" does not exist",
            "the \"password\" field is \"required\"",
            "secret \"db-prod\" not found",
            "Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON",
            "unexpected token \"kept\" in JSON",
            "expected token `,`, found `x1234567`",
            "missing field `password` at line 1 column 55",
            "password is required",
            "Pass `Header` to `DecodeValue`",
            "the token `DecodeEcPrivateKeyDocument` is `TokenStream`",
            "token is expired since 2031-07-04",
            "password must have at least 12 characters",
            "created by 'bob'",
            "Duplicate entry 'bob' for key 'u.name'",
            "password reset requested for user4711x",
            "at auth::token src/auth/token.rs:12:5",
        ] {
            assert_eq!(swept(text), text);
        }
    }
}

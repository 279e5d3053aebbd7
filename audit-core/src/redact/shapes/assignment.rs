//! `name = value` in any of the forms in which programs and files write it.

use std::ops::Range;

use super::Sweep;
use crate::redact::class::Class;
use crate::redact::{any_case, escapes, schemes, values};

/// What is said of a secret where its value might stand.
const VERDICTS: &[&str] = &["required", "missing", "invalid", "expired", "empty", "wrong", "incorrect", "not found"];

impl Sweep<'_> {
    /// `name = value`, `"name": "value"`, `name => value`.
    pub(super) fn assignment(&mut self, word: &Range<usize>) -> bool {
        let (word, separator) = match values::wide_separator(self.text, word) {
            Some((name, separator)) => (&(word.start..name), separator),
            None => match values::separator(self.text, word.end) {
                Some(separator) => (word, separator),
                None => return false,
            },
        };
        let text = self.slice(word.clone());
        let mut class = match self.slice(self.name..word.end) {
            name if self.name < word.start && name.contains('\\') => self.names.classify(&unescaped(name)),
            _ => self.names.classify(text),
        };
        if !class.is_sensitive() && separator.is_equals && self.is_parameter(word, text) {
            class = Class::Secret;
        }
        if !class.is_sensitive()
            && self.before.end + 1 == word.start
            && self.slice(self.before.end..word.start) == " "
            // The challenge `Bearer realm="x"` is two words and no name.
            && !schemes::is_scheme(self.slice(self.before.clone()))
        {
            class = self.names.classify(self.slice(self.before.start..word.end));
        }
        if !class.is_sensitive() {
            return false;
        }
        if class != Class::Secret && class.keeps_text(values::first_word(self.text, separator.end)) {
            return false;
        }
        let whole_line = separator.is_spaced && self.begins_line(word.start)
            || separator.is_equals && self.is_alone(word.start, separator.end)
            || class == Class::Secret && (any_case::holds(text, "authorization") || any_case::holds(text, "cookie"));
        let value = values::value(self.text, separator.end, whole_line);
        let shown = self.slice(value.clone());
        if class.keeps_text(shown) || !separator.is_equals && (is_verdict(shown) || is_place(text, shown)) {
            // What is shown is looked at like any other text.
            return false;
        }
        self.hide(value);
        true
    }

    /// Whether a parameter of a URL is secret there only: a signature, or the code of OAuth's redirect.
    fn is_parameter(&mut self, word: &Range<usize>, name: &str) -> bool {
        name.eq_ignore_ascii_case("signature")
            || name == "code"
                && matches!(word.start.checked_sub(1).and_then(|at| self.text.as_bytes().get(at)), Some(b'?' | b'&'))
                && self.has_state()
    }

    fn has_state(&mut self) -> bool {
        *self.has_state.get_or_insert_with(|| self.text.contains("state="))
    }

    /// Whether what is assigned at `start` has its line, which is not the first, to itself, as in files of settings;
    /// its value begins at `value`.
    fn is_alone(&self, start: usize, value: usize) -> bool {
        let follows_break = start.checked_sub(1).and_then(|at| self.text.as_bytes().get(at)) == Some(&b'\n');
        follows_break && !self.rest(value).split('\n').next().unwrap_or_default().contains(['=', ';', '&'])
    }

    /// Whether only blanks, a dash or a quote stand before `at` in its line, as in YAML and headers.
    fn begins_line(&self, at: usize) -> bool {
        let before = self.text.as_bytes().get(at.saturating_sub(64)..at).unwrap_or_default();
        let leads = before.iter().rev().find(|byte| !b" \t-\"'".contains(byte));
        leads.map_or(at <= 64, |byte| matches!(byte, b'\n' | b'\r'))
    }
}

/// A name without its escapes, however many backslashes each has.
fn unescaped(name: &str) -> String {
    let mut last = None;
    let single: String = name.chars().filter(|letter| last.replace(*letter) != Some('\\') || *letter != '\\').collect();
    escapes::unescape(&single).unwrap_or(single)
}

/// Whether a value only says what is wrong with it: `password: is required`.
fn is_verdict(value: &str) -> bool {
    let verdict = value.strip_prefix("is ").unwrap_or(value).trim_end_matches('.');
    VERDICTS.iter().any(|known| verdict.eq_ignore_ascii_case(known))
}

/// Whether a name is a file's and its value a place in it: `token.rs:12:5`.
fn is_place(name: &str, value: &str) -> bool {
    let is_file = name.rsplit_once('.').is_some_and(|(_, extension)| {
        ["rs", "py", "js", "ts", "tsx", "go", "java", "rb", "php", "c", "cpp", "cs", "json", "yaml", "yml", "toml"]
            .contains(&extension)
    });
    is_file && !value.is_empty() && value.len() <= 12 && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b':')
}

#[cfg(test)]
mod tests {
    use super::super::tests::swept;

    #[test]
    fn values_go_in_any_form() {
        for (text, expected) in [
            ("User { password: Some(\"x\"), id: 1 }", "User { password: [FILTERED], id: 1 }"),
            ("{'password': b'x', 'k': 1}", "{'password': [FILTERED], 'k': 1}"),
            ("q($password:String=\"x\"){y}", "q($password:[FILTERED]){y}"),
            ("db:\n  password: |\n    x\n    y\n  host: h", "db:\n  password: [FILTERED]\n  host: h"),
            ("[db]\npassword=x y\nhost=h", "[db]\npassword=[FILTERED]\nhost=h"),
            ("密码：x，y", "密码：[FILTERED]"),
            (
                r#"at {"pass\u0077\u006frd":"x","\u0070in":1}"#,
                r#"at {"pass\u0077\u006frd":"[FILTERED]","\u0070in":[FILTERED]}"#,
            ),
            (r#"{\"p\\u0069n\": \"x\"}"#, r#"{\"p\\u0069n\": \"[FILTERED]\"}"#),
            (r"pass\x77ord=x", r"pass\x77ord=[FILTERED]"),
            (r"a：\u0070in：x", r"a：\u0070in：[FILTERED]"),
            (r"用户：a\u0062，pass\x77ord：x", r"用户：a\u0062，pass\x77ord：[FILTERED]"),
            ("password＝x y", "password＝[FILTERED] y"),
            ("password mismatch: expected \"x\", got \"y\"", "password mismatch: [FILTERED]"),
            ("https://h/cb?code=x&state=y", "https://h/cb?code=[FILTERED]&state=y"),
            ("a bob:x@tcp(h:3306)/d", "a bob:[FILTERED]@tcp(h:3306)/d"),
            ("https://hooks.slack.com/services/T0/B0/x y", "https://hooks.slack.com/services/[FILTERED] y"),
        ] {
            assert_eq!(swept(text), expected, "{text}");
        }
    }

    #[test]
    fn what_tells_no_secret_stays() {
        for text in [
            "password: is required",
            "token: missing",
            "error at auth::token::verify (src/auth/token.rs:12:5)",
            "tokens: 5 kept",
            r#"{"CO\u004dPASS":"kept","by\u0070ass":"kept"}"#,
            r#"{\"co\\u006dpass\":\"kept\"}"#,
            r"c:\u00e9\pass",
            "https://h/?code=x&country=y",
        ] {
            assert_eq!(swept(text), text);
        }
    }
}

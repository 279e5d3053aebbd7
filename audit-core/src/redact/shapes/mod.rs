//! Secrets in text, told by their shape: assignments, what is quoted behind a name, rows of a database's errors,
//! command-line options, URLs' userinfo, PEM, XML elements, credentials after a scheme, tokens of known form, and all
//! of these behind percent escapes; and what the application's own patterns match.
//!
//! Shapes and patterns are both looked for in the text as it came. Where what they find overlaps, one marker stands for
//! all of it, so that neither a pattern that matches half of `password=x` nor a shape that ends in the middle of a match
//! leaves a part of a secret.
//!
//! Free text has no grammar, so this errs on the side of hiding; what nothing marks as secret stays. Time is linear
//! in the text's length; the result never holds more of the input than went in.

mod apposition;
mod assignment;
mod columns;
mod element;
mod option;
mod pem;
mod quiet;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use percent_encoding::percent_decode_str;

pub(in crate::redact) use quiet::is_bare;

use super::names::Names;
use super::values::Ahead;
use super::{FILTERED, schemes, signs, steps, tokens, values};

/// How often percent escapes are undone to look behind them.
const MAX_DECODINGS: usize = 3;

/// Texts shorter than this hold neither a token nor the armour of PEM.
const SHORTEST_MIXED: usize = "-----BEGIN".len();

/// How many backslashes an escape may have: JSON in strings is read four times over.
const MAX_BACKSLASHES: usize = 16;

/// How far before its `@` a password may begin that no scheme announces.
const MAX_USERINFO: usize = 256;

/// URLs whose path is all that it takes to use them.
const HOOKS: &[&str] = &[
    "hooks.slack.com/services/",
    "hooks.slack.com/workflows/",
    "discord.com/api/webhooks/",
    "discordapp.com/api/webhooks/",
    "outlook.office.com/webhook/",
    "api.telegram.org/bot",
];

/// Hides the secrets of a text; how many there were.
pub(crate) fn sweep<'t>(names: &Names, text: &'t str) -> (Cow<'t, str>, u32) {
    sweep_signed(names, text, signs::of(text))
}

/// The same of a text in which there is nothing but what `signs` tells.
pub(in crate::redact) fn sweep_signed<'t>(names: &Names, text: &'t str, signs: u8) -> (Cow<'t, str>, u32) {
    let edits = united(find_signed(names, text, signs), matches(names, text));
    apply(text, &edits)
}

/// The same of a text that is not [quiet](is_quiet), where there are no patterns.
pub(in crate::redact) fn sweep_loud<'t>(names: &Names, text: &'t str, signs: u8) -> (Cow<'t, str>, u32) {
    apply(text, &find_signed(names, text, signs))
}

/// Hides what the application's own patterns match in a text; how often they did.
pub(in crate::redact) fn sweep_patterns<'t>(names: &Names, text: &'t str) -> (Cow<'t, str>, u32) {
    apply(text, &matches(names, text))
}

/// Whether a text holds no secret.
pub(crate) fn is_clean(names: &Names, text: &str) -> bool {
    is_clean_decoded(names, text, 0)
}

fn is_clean_decoded(names: &Names, text: &str, decodings: usize) -> bool {
    let mut sweep = Sweep::of(names, text, decodings, signs::of(text));
    let is_clean = sweep.as_mut().is_none_or(|sweep| {
        sweep.run(true);
        sweep.edits.is_empty()
    });
    is_clean && matches(names, text).is_empty()
}

fn matches(names: &Names, text: &str) -> Vec<Edit> {
    let Some(patterns) = names.patterns() else { return Vec::new() };
    patterns.matches(text).into_iter().map(|range| Edit { range, marker: FILTERED }).collect()
}

/// What stands in the place of a part of a text.
#[derive(Debug)]
struct Edit {
    range: Range<usize>,
    marker: &'static str,
}

/// The edits of both, in order; what overlaps is one, so that nothing of either is shown.
fn united(edits: Vec<Edit>, more: Vec<Edit>) -> Vec<Edit> {
    if more.is_empty() {
        return edits;
    }
    let mut all = [edits, more].into_iter().flatten().collect::<Vec<_>>();
    all.sort_by_key(|edit| edit.range.start);
    let mut united: Vec<Edit> = Vec::with_capacity(all.len());
    for edit in all {
        match united.last_mut() {
            Some(last) if edit.range.start < last.range.end => last.range.end = last.range.end.max(edit.range.end),
            _ => united.push(edit),
        }
    }
    united
}

fn apply<'t>(text: &'t str, edits: &[Edit]) -> (Cow<'t, str>, u32) {
    if edits.is_empty() {
        return (Cow::Borrowed(text), 0);
    }
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for Edit { range, marker } in edits {
        out.push_str(text.get(copied..range.start).unwrap_or_default());
        out.push_str(marker);
        copied = range.end;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    (Cow::Owned(out), u32::try_from(edits.len()).unwrap_or(u32::MAX))
}

/// Whether the built-in shapes hide nothing of a text, as far as that is known at once.
pub(in crate::redact) fn is_quiet(text: &str, signs: u8) -> bool {
    // The shortest assignment of a name that is secret takes five: `pin=1`.
    text.len() < 5 || quiet::is_quiet(text, signs)
}

/// What the built-in shapes hide of a text in which there is nothing but what `signs` tells.
fn find_signed(names: &Names, text: &str, signs: u8) -> Vec<Edit> {
    let Some(mut sweep) = Sweep::of(names, text, 0, signs) else { return Vec::new() };
    sweep.run(false);
    sweep.edits
}

struct Sweep<'a> {
    names: &'a Names,
    text: &'a str,
    signs: u8,
    /// In order, and apart from each other.
    edits: Vec<Edit>,
    /// Where the last of them ends.
    replaced: usize,
    at: usize,
    /// The run before this one: `api key: …` takes two.
    before: Range<usize>,
    /// Where the name begins that this run ends: `pass\u0077ord` is two.
    name: usize,
    decodings: usize,
    bare: Ahead,
    colon: Ahead,
    at_sign: Ahead,
    /// Brackets that are known to hold no login.
    no_logins: BTreeSet<usize>,
    // Asked at most once a text, or time would not be linear.
    tool: Option<Option<&'static option::Tool>>,
    last_closing_tag: Option<usize>,
    has_state: Option<bool>,
}

impl<'a> Sweep<'a> {
    /// Nothing for a text that plainly holds nothing to hide.
    fn of(names: &'a Names, text: &'a str, decodings: usize, signs: u8) -> Option<Self> {
        if is_quiet(text, signs) {
            return None;
        }
        Some(Self {
            names,
            text,
            signs,
            edits: Vec::new(),
            replaced: 0,
            at: 0,
            before: 0..0,
            name: 0,
            decodings,
            bare: Ahead::default(),
            colon: Ahead::default(),
            at_sign: Ahead::default(),
            no_logins: BTreeSet::new(),
            tool: None,
            last_closing_tag: None,
            has_state: None,
        })
    }

    /// Looks for what is to be hidden, all of it or only the first.
    fn run(&mut self, only_first: bool) {
        let bytes = self.text.as_bytes();
        if bytes.starts_with(b"//") {
            self.userinfo(2);
        }
        while let Some(&byte) = bytes.get(self.at)
            && (!only_first || self.edits.is_empty())
        {
            if signs::is_name_byte(byte) {
                let start = self.at;
                let rest = bytes.get(start..).unwrap_or_default();
                let length = rest.iter().position(|byte| !signs::is_name_byte(*byte)).unwrap_or(rest.len());
                steps::count(length);
                self.at = start + length;
                self.name = self.name_start(start);
                self.word(start..start + length);
                self.before = start..start + length;
            } else {
                let start = self.at;
                steps::count(0);
                match byte {
                    b'<' => self.element(),
                    b')' => self.columns(),
                    b'@' => self.dialled(),
                    _ => {}
                }
                // Whatever was found, or not: time is linear only if every byte is left behind.
                self.at = self.at.max(start + 1);
            }
        }
    }

    fn holds(&self, sign: u8) -> bool {
        self.signs & sign != 0
    }

    /// Where the name begins whose last run begins at `run`: before it, if an escape joins them.
    fn name_start(&self, run: usize) -> usize {
        let (before, after) = self.text.as_bytes().split_at(run);
        let digits = match after {
            [b'u', digits @ ..] => digits.get(..4),
            [b'x', digits @ ..] => digits.get(..2),
            _ => None,
        };
        // JSON in strings has its backslashes doubled.
        let backslashes = before.iter().rev().take(MAX_BACKSLASHES).take_while(|byte| **byte == b'\\').count();
        if backslashes == 0 || !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            return run;
        }
        let escape = run - backslashes;
        if escape == 0 || self.before.end != escape {
            return escape;
        }
        // What ends a name joins nothing to it: the name would grow with the text, and be read anew at each.
        let sign = self.slice(self.before.clone()).rfind(values::WIDE_SEPARATORS);
        sign.map_or(self.name, |sign| self.before.start + sign + '：'.len_utf8())
    }

    fn slice(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or_default()
    }

    fn rest(&self, at: usize) -> &'a str {
        self.text.get(at..).unwrap_or_default()
    }

    /// Puts `marker` in the place of a part of the text and goes on after it.
    fn replace(&mut self, range: Range<usize>, marker: &'static str) {
        if range.start < self.replaced || self.text.get(range.clone()).is_none() {
            return;
        }
        self.replaced = range.end;
        self.at = self.at.max(range.end);
        self.edits.push(Edit { range, marker });
    }

    fn hide(&mut self, range: Range<usize>) {
        // What was swept before is not swept again.
        if range.is_empty() || self.slice(range.clone()) == FILTERED {
            self.at = self.at.max(range.end);
        } else {
            self.replace(range, FILTERED);
        }
    }

    fn word(&mut self, word: Range<usize>) {
        let text = self.slice(word.clone());
        let next = self.text.as_bytes().get(word.end).copied();
        if let Some(dashes) = pem::armour(text, self.rest(word.end)) {
            return self.pem(word.end - dashes);
        }
        if next == Some(b':') && self.rest(word.end).starts_with("://") {
            return self.userinfo(word.end + 3);
        }
        if self.holds(signs::SEPARATOR) && self.assignment(&word) {
            return;
        }
        if text.starts_with('-') && self.option(&word) {
            return;
        }
        if matches!(next, Some(b' ' | b'\t')) && (self.credential(&word) || self.apposition(&word)) {
            return;
        }
        if self.holds(signs::MIXED)
            && let Some(token) = tokens::find(self.text, word.start, word.end)
        {
            return self.hide(token);
        }
        if self.holds(signs::MARK) && text.contains('%') && self.decodings < MAX_DECODINGS {
            let decoded = percent_decode_str(text).decode_utf8_lossy();
            if decoded != text && !is_clean_decoded(self.names, &decoded, self.decodings + 1) {
                self.hide(word.start..values::bare_end(self.text, word.end));
            }
        }
    }

    /// `Bearer …`, `Basic …`; at the start of the text also `Digest …` and its like. A blank follows the word.
    fn credential(&mut self, word: &Range<usize>) -> bool {
        let scheme = self.slice(word.clone()).trim_start_matches(['[', '-', '.']);
        if !(schemes::is_scheme(scheme) || word.start == 0 && schemes::has_parameters(scheme)) {
            return false;
        }
        let token = self.rest(word.end).trim_start_matches([' ', '\t']);
        let start = self.text.len() - token.len();
        if word.start == 0 && schemes::is_parameter_scheme(scheme, token) {
            self.hide(start..self.text.len());
            return true;
        }
        let length =
            token.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=:%".contains(byte)).count();
        if !schemes::is_credential(scheme, self.slice(start..start + length)) {
            return false;
        }
        self.hide(start..start + length);
        true
    }

    /// `user:password@tcp(host)`, as Go's drivers are told whom to dial; its `@` stands here.
    fn dialled(&mut self) {
        let at = self.at;
        if !["@tcp(", "@unix(", "@udp(", "@tcp6("].iter().any(|dial| self.rest(at).starts_with(dial)) {
            return;
        }
        let before = self.slice(self.replaced.max(at.saturating_sub(MAX_USERINFO))..at);
        let before = before.rsplit(|letter: char| letter.is_whitespace() || "\"'`(".contains(letter)).next();
        let Some((_, password)) = before.and_then(|userinfo| userinfo.split_once(':')) else { return };
        self.hide(at - password.len()..at);
    }

    /// `user:password@` behind `://`; `start` is where the authority begins.
    fn userinfo(&mut self, start: usize) {
        self.at = self.at.max(start);
        if let Some(secret) = values::userinfo(self.text, start, &mut self.at_sign) {
            return self.hide(secret);
        }
        let rest = self.rest(start);
        if let Some(hook) = HOOKS.iter().find(|hook| rest.starts_with(**hook)) {
            self.hide(start + hook.len()..values::bare_end(self.text, start + hook.len()));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::redact::lists::assert_listed;

    const PIECES: &[&str] = &[
        "token",
        "password",
        "is",
        "in",
        "values",
        "//x",
        "'y z'",
        "(pin)",
        "@tcp(",
        "x:@tcp(h)",
        "[FILTERED]@tcp(",
        "Token",
        "Basic dXNlcjpwYXNz",
        "sso-key",
        "abcdefghijklmnopqrstuvwx",
        "[bearer",
        "=",
        ":",
        " ",
        "x",
        "Key",
        "api",
        "//",
        "u@h",
        "%3D",
        "%",
        "<pin>",
        "</pin>",
        "-",
        "--",
        "7",
        "\n",
        "\t",
        "Bearer",
        "abc123def456ghi7",
        "basic",
        "Digest",
        "response",
        "curl",
        "-u",
        "eyJhbGciOiJIUzI1NiJ9",
        "-----BEGIN",
        "4111111111111111",
        "xoxb-a1b2c3d4e5",
        "ñ",
        "AKIAQ7ZZEXAMPLE7QQZZ",
    ];

    #[test]
    fn the_page_lists_every_url_that_is_a_key() {
        assert_listed("URLs that are keys", HOOKS.iter().copied());
    }

    pub(super) fn swept(text: &str) -> String {
        sweep(&Names::new(&[], &[]), text).0.into_owned()
    }

    #[test]
    fn secrets_go() {
        for (text, expected) in [
            ("password=x&k=1", "password=[FILTERED]&k=1"),
            ("user=bob;password=x;k=1", "user=bob;password=[FILTERED];k=1"),
            ("a password = \"x y\" b", "a password = \"[FILTERED]\" b"),
            (r#"{"password":"x", broken"#, r#"{"password":"[FILTERED]", broken"#),
            (r#"{\"password\": \"x\\\" y\", broken"#, r#"{\"password\": \"[FILTERED]\", broken"#),
            ("mutation{login(password:\"x\"){id}}", "mutation{login(password:\"[FILTERED]\"){id}}"),
            ("password: {a: [b]} c", "password: [FILTERED] c"),
            ("register --flag --token x --more y", "register --flag --token [FILTERED] --more y"),
            ("--password=x --k", "--password=[FILTERED] --k"),
            ("curl -u bob:x https://h/", "curl -u bob:[FILTERED] https://h/"),
            (
                "see https://bob:x@h/p?api%5Fkey=x&y=1#access_token=x",
                "see https://bob:[FILTERED]@h/p?api%5Fkey=[FILTERED]&y=1#access_token=[FILTERED]",
            ),
            ("redis://:x@h:1/0", "redis://:[FILTERED]@h:1/0"),
            ("https://Zq7x@h/", "https://[FILTERED]@h/"),
            ("/go?next=https%3A%2F%2Fh%2F%3Ftoken%3Dx&k=1", "/go?next=[FILTERED]&k=1"),
            ("/go?next=https%253A%252F%252Fh%252F%253Ftoken%253Dx", "/go?next=[FILTERED]"),
            ("failed: Bearer abc123def", "failed: Bearer [FILTERED]"),
            ("Authorization: Custom x y\nnext", "Authorization: [FILTERED]\nnext"),
            ("a -----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- b", "a [FILTERED] b"),
            ("-----BEGIN PRIVATE KEY-----\nMII", "[FILTERED]"),
            ("<a><wsse:Password T=\"x\">x</wsse:Password></a>", "<a><wsse:Password>[FILTERED]</wsse:Password></a>"),
            ("the api key: x", "the api key: [FILTERED]"),
            ("Digest username=\"bob\", response=\"x\"", "Digest [FILTERED]"),
            ("- password: correct horse\n  user: bob", "- password: [FILTERED]\n  user: bob"),
            ("token=a,b)c; user=bob", "token=[FILTERED]; user=bob"),
        ] {
            assert_eq!(swept(text), expected, "{text}");
        }
    }

    #[test]
    fn harmless_text_is_lent_unchanged() {
        for text in [
            "the password policy was updated",
            "16:9@60kept",
            "mailto:kept@example.com",
            "https://kept.example/author?page=2",
            "/api/v1/tokens/kept",
            "W/'kept-686897696a7c876b7e'",
            "Basic realm=kept",
            "401: Bearer realm=\"kept\", error=\"invalid_token\"",
            "error in auth::token::verify",
            "2031-07-04T11:22:33Z",
            "expected Vec<Token> here",
            "a bearer token is needed",
            "token_type=bearer",
            "max_tokens: 4096",
            "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----",
            "100% sure: yes",
            "<b>bold</b>",
            "ñ=1",
            "",
        ] {
            assert!(matches!(sweep(&Names::new(&[], &[]), text), (Cow::Borrowed(_), 0)), "{text} -> {}", swept(text));
        }
    }

    proptest! {
        #[test]
        fn signs_only_save_work(pieces in vec(prop::sample::select(PIECES), 0..8)) {
            let (text, names) = (pieces.concat(), Names::new(&[], &[]));
            prop_assert_eq!(sweep(&names, &text), apply(&text, &find_signed(&names, &text, u8::MAX)));
        }
    }

    #[test]
    fn what_holds_nothing_to_hide_is_left_behind() {
        for text in ["x:@tcp(h)", "(pin)=()", "a [FILTERED]@tcp(h) b", "x:[FILTERED]@tcp(h)", "<", "//", "//@"] {
            assert_eq!(sweep(&Names::new(&[], &[]), text), (Cow::Borrowed(text), 0));
        }
    }

    #[test]
    fn sweeping_twice_changes_nothing() {
        for text in
            ["password=x&token=y", "https://bob:x@h/", "Bearer abc123def", "<token>x</token>", "password: \"x\""]
        {
            let once = swept(text);
            assert_eq!(sweep(&Names::new(&[], &[]), &once), (Cow::Borrowed(once.as_str()), 0));
        }
    }
}

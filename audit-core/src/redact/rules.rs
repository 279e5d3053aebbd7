//! Rules that an application adds to the built-in ones.

use std::sync::Arc;

use regex::Regex;

use super::Redactor;
use super::allow_list::AllowList;
use super::names::Names;
use super::patterns::{self, Patterns};
use crate::auditor::BuildError;
use crate::settings::{SettingError, is_field_name, is_header_name, is_kept_name};

/// How a member is hidden whose name is secret, or which no allow-list names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hide {
    /// `[FILTERED]` stands in the place of the value.
    #[default]
    Marked,
    /// The member goes with its key, so that not even that it was there is told: of an object, a form, a query, headers
    /// and the record's `data`.
    ///
    /// Elsewhere the marker stays, for there a place has a meaning: in lists, in `changes`, whose subject is that the
    /// field changed, in paths, behind the names of cookies, and inside texts. What is hidden counts all the same.
    Removed,
}

/// What is secret besides what the built-in rules find, and what may be kept at all.
///
/// Rules only ever hide more. What a method is given adds to what it was given before; names from the settings
/// (`AUDIT_SENSITIVE_FIELDS`, `AUDIT_SENSITIVE_HEADERS`) and those of a handler's `redact(..)` come on top, and a
/// handler's `keep(..)` narrows what [`keep_only`](Self::keep_only) lists.
///
/// Nothing is ever hidden as a hash: of a secret that can be guessed, a hash tells which it was.
///
/// ```
/// use audit_core::redact::{Redactor, Rules};
///
/// let rules = Rules::new()
///     .names(["iban"])
///     .name_pattern(r"(?i)^x_\d+$")
///     .value_pattern(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b");
/// let redactor = Redactor::of(&rules)?;
///
/// let query = redactor.query("customerIban=1&x_7=2&note=to+DE44+5001+0517+5407+3249+31.+Thanks", 1000);
/// assert_eq!(
///     String::from_utf8_lossy(&query.json),
///     r#"{"customerIban":"[FILTERED]","x_7":"[FILTERED]","note":"to [FILTERED]. Thanks"}"#
/// );
/// # Ok::<(), audit_core::BuildError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use = "rules are used by an auditor or a redactor"]
pub struct Rules {
    names: Vec<String>,
    headers: Vec<String>,
    name_patterns: Vec<String>,
    value_patterns: Vec<String>,
    keep: Option<Vec<String>>,
    hide: Hide,
}

impl Rules {
    /// The built-in rules alone.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds names of fields whose values are hidden. They are words, as in `AUDIT_SENSITIVE_FIELDS`: `mi_campo` also
    /// matches `miCampo` and `x.mi_campo`.
    ///
    /// Under the very name everything goes, also where a built-in one of such words would keep what describes (`is_ill:
    /// true`, `tokens: 3`). Under a longer name a describing word keeps it: `has_mi_campo: true`, `mi_campo_count: 3`.
    pub fn names<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.names.extend(names.into_iter().map(Into::into));
        self
    }

    /// Adds names of headers whose values are hidden: whole names, as in `AUDIT_SENSITIVE_HEADERS`.
    pub fn headers<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.headers.extend(names.into_iter().map(Into::into));
        self
    }

    /// Adds a regular expression, in the syntax of the crate `regex`, that is looked for in names: of fields, of query
    /// parameters, of headers (in lower case), of parameters in a route's template, and of assignments in texts.
    ///
    /// It meets the name as it was received, decoded, in its own case, and what escapes in it stand for. It matches
    /// anywhere in the name unless it is anchored (`^…$`); `(?i)` in front makes its case not matter. Whatever stands
    /// under the name goes, also what a describing word would have kept (`iban_count`).
    pub fn name_pattern(mut self, pattern: impl Into<String>) -> Self {
        self.name_patterns.push(pattern.into());
        self
    }

    /// Adds a regular expression, in the syntax of the crate `regex`, that is looked for in every text: strings of
    /// bodies and their keys, values of queries and headers, what a handler adds, paths, and errors. `[FILTERED]` stands
    /// in the place of each match, and the rest of the text stays.
    ///
    /// - It meets the text as it came, beside the built-in shapes rather than after them. Where its match overlaps what
    ///   they hide, one marker stands for both. Behind percent escapes a match hides the word that it stands in, and in a
    ///   path the segment.
    /// - A number of JSON is no text: hide it by its name.
    /// - A text is searched up to 256 matches; from the next one on all of it goes.
    pub fn value_pattern(mut self, pattern: impl Into<String>) -> Self {
        self.value_patterns.push(pattern.into());
        self
    }

    /// Keeps only these fields, of bodies in both directions and of queries: what is no object and no list is hidden
    /// unless its own name, or that of something it stands in, is one of these. Objects and lists that are not named are
    /// looked into.
    ///
    /// They are whole names, in any spelling: `layerName` is `layer_name`, and `name` is neither. `user[name]` and
    /// `user.name` are read as `name` under `user`. Given no name at all, nothing is kept.
    ///
    /// What is secret goes all the same. Headers, and what a handler itself adds (`data`, `changes`, what it captures), are
    /// not subject to the list: somebody chose those one by one.
    pub fn keep_only<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.keep.get_or_insert_default().extend(names.into_iter().map(Into::into));
        self
    }

    /// How a member is hidden.
    pub fn hide(mut self, hide: Hide) -> Self {
        self.hide = hide;
        self
    }

    /// Adds what other rules say; how to hide is theirs to say.
    pub(crate) fn and(mut self, more: Self) -> Self {
        let Self { names, headers, name_patterns, value_patterns, keep, hide } = more;
        self.name_patterns.extend(name_patterns);
        self.value_patterns.extend(value_patterns);
        self.keep = match (self.keep, keep) {
            (Some(keep), more) => Some([keep, more.unwrap_or_default()].concat()),
            (None, more) => more,
        };
        self.names(names).headers(headers).hide(hide)
    }

    /// Makes the rules ready for use, or tells everything that is wrong with them.
    pub(crate) fn compile(&self) -> Result<Compiled, Vec<SettingError>> {
        const FIELD: &str = "expected a name with a letter, by itself, without quotes, braces or wildcards";
        let mut errors = Vec::new();
        let mut every = |rule, values: &[String], is_valid: fn(&str) -> bool, expected: &'static str| {
            let wrong = values.iter().filter(|value| !is_valid(value));
            errors.extend(wrong.map(|value| SettingError::new(rule, value, expected)));
        };
        every("Rules::names", &self.names, is_field_name, FIELD);
        every("Rules::headers", &self.headers, is_header_name, "expected the name of a header, with a letter");
        every(
            "Rules::keep_only",
            self.keep.as_deref().unwrap_or_default(),
            is_kept_name,
            "expected a name with a letter or a digit, by itself, without quotes, braces or wildcards",
        );
        let mut compile = |rule, patterns: &[String]| {
            let mut compiled = Vec::with_capacity(patterns.len());
            for pattern in patterns {
                match patterns::compiled(pattern) {
                    Ok(regex) => compiled.push(regex),
                    Err(cause) => errors.push(not_usable(rule, pattern, &cause)),
                }
            }
            compiled
        };
        compile("Rules::name_pattern", &self.name_patterns);
        let values: Vec<Regex> = compile("Rules::value_pattern", &self.value_patterns);
        if !errors.is_empty() {
            return Err(errors);
        }
        let patterns = Patterns::new(&self.name_patterns, values).map_err(|error| {
            vec![not_usable("Rules::name_pattern", &self.name_patterns.join(" | "), &patterns::cause(&error))]
        })?;
        let patterns = patterns.map(Arc::new);
        let allow_list = self.keep.as_ref().map(|names| Arc::new(AllowList::new(names)));
        Ok(Compiled { names: self.names.clone(), headers: self.headers.clone(), patterns, allow_list, hide: self.hide })
    }
}

fn not_usable(rule: &'static str, pattern: &str, cause: &str) -> SettingError {
    SettingError::new(rule, pattern, format!("expected a regular expression that can be used: {cause}"))
}

/// Rules that are known to be good.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    names: Vec<String>,
    headers: Vec<String>,
    patterns: Option<Arc<Patterns>>,
    allow_list: Option<Arc<AllowList>>,
    hide: Hide,
}

impl Compiled {
    /// The same with more names, which are known to be good.
    pub(crate) fn and_names(mut self, names: &[String], headers: &[String]) -> Self {
        self.names.extend_from_slice(names);
        self.headers.extend_from_slice(headers);
        self
    }

    /// The names of fields that are secret besides the built-in ones.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The same of headers.
    pub(crate) fn headers(&self) -> &[String] {
        &self.headers
    }

    /// Expressions over names, each with a name that it matches, where one can be made.
    pub(crate) fn name_patterns(&self) -> Vec<(&str, String)> {
        self.patterns.as_ref().map(|patterns| patterns.names_to_try()).unwrap_or_default()
    }

    /// The same of expressions over values, with texts.
    pub(crate) fn value_patterns(&self) -> Vec<(&str, String)> {
        self.patterns.as_ref().map(|patterns| patterns.texts_to_try()).unwrap_or_default()
    }

    /// A redactor by these rules.
    pub(crate) fn redactor(&self) -> Redactor {
        let names = Names::with_patterns(&self.names, &self.headers, self.patterns.clone());
        Redactor::from_names(names.hiding(self.hide).keeping(self.allow_list.clone()))
    }

    /// A redactor by these rules, of which `common` is made, that hides more: what stands under more names, and what is
    /// not kept, if any name is.
    pub(crate) fn narrowed(&self, common: &Redactor, redact: &[&str], keep: &[&str]) -> Redactor {
        let common = &common.names;
        let allow_list = match (keep.is_empty(), common.allow_list()) {
            (true, list) => list.cloned(),
            (false, None) => Some(Arc::new(AllowList::new(keep))),
            (false, Some(list)) => Some(Arc::new(list.narrowed(&AllowList::new(keep)))),
        };
        if redact.is_empty() {
            return Redactor::from_names(common.keeping(allow_list));
        }
        let names: Vec<String> =
            self.names.iter().cloned().chain(redact.iter().map(|name| (*name).to_owned())).collect();
        let names = Names::with_patterns(&names, &self.headers, self.patterns.clone());
        Redactor::from_names(names.hiding(self.hide).keeping(allow_list))
    }
}

impl Redactor {
    /// The built-in rules and an application's own.
    ///
    /// # Errors
    /// When a name is none, or a regular expression cannot be used.
    pub fn of(rules: &Rules) -> Result<Self, BuildError> {
        rules.compile().map(|compiled| compiled.redactor()).map_err(BuildError::Settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::BodyKind;
    use crate::vocabulary::Mode;

    fn redactor(rules: Rules) -> Redactor {
        Redactor::of(&rules).unwrap()
    }

    fn errors(rules: Rules) -> Vec<String> {
        rules.compile().unwrap_err().iter().map(ToString::to_string).collect()
    }

    fn query(redactor: &Redactor, raw: &str) -> String {
        redactor.query(raw, 10_000).json.as_str().to_owned()
    }

    fn body(redactor: Redactor, json: &str) -> String {
        let mut scanner =
            Arc::new(redactor).body(BodyKind::new(Some("application/json"), None), Mode::Full, 10_000, 10_000);
        scanner.push(json.as_bytes());
        scanner.finish(true).unwrap().json.as_str().to_owned()
    }

    #[test]
    fn each_wrong_rule_is_named_with_its_text_and_the_cause() {
        let wrong = Rules::new()
            .names(["good", "__", "a|b"])
            .headers(["x y"])
            .name_pattern("ok")
            .name_pattern("(")
            .value_pattern(r"\d{2")
            .value_pattern(r"(\w{100}){100}")
            .value_pattern("x*")
            .keep_only([" ", "id", "7", "a,b", "*"]);
        assert_eq!(
            errors(wrong),
            [
                r#"Rules::names is "__"; expected a name with a letter, by itself, without quotes, braces or wildcards"#,
                r#"Rules::names is "a|b"; expected a name with a letter, by itself, without quotes, braces or wildcards"#,
                r#"Rules::headers is "x y"; expected the name of a header, with a letter"#,
                r#"Rules::keep_only is " "; expected a name with a letter or a digit, by itself, without quotes, braces or wildcards"#,
                r#"Rules::keep_only is "a,b"; expected a name with a letter or a digit, by itself, without quotes, braces or wildcards"#,
                r#"Rules::keep_only is "*"; expected a name with a letter or a digit, by itself, without quotes, braces or wildcards"#,
                r#"Rules::name_pattern is "("; expected a regular expression that can be used: unclosed group"#,
                r#"Rules::value_pattern is "\\d{2"; expected a regular expression that can be used: unclosed counted repetition"#,
                r#"Rules::value_pattern is "(\\w{100}){100}"; expected a regular expression that can be used: compiled, it takes more than 2097152 bytes"#,
                r#"Rules::value_pattern is "x*"; expected a regular expression that can be used: it matches an empty text"#,
            ]
        );
    }

    #[test]
    fn name_patterns_make_names_secret_everywhere() {
        let redactor = redactor(Rules::new().name_pattern("(?i)^iban").name_pattern(r"^x-\d+$"));
        assert!(redactor.is_sensitive_name("IBAN_count") && redactor.is_sensitive_header("x-12"));
        assert!(redactor.is_sensitive_name("ib%61n") && !redactor.is_sensitive_name("my_iban"));
        assert!(!redactor.is_sensitive_header("x-12a"));
        assert_eq!(
            query(&redactor, "Iban=1&ib%61n2=2&my_iban=3"),
            r#"{"Iban":"[FILTERED]","iban2":"[FILTERED]","my_iban":"3"}"#
        );
        assert_eq!(redactor.text("failed: iban=DE44 x").0, "failed: iban=[FILTERED] x");
        assert_eq!(redactor.path("/a/DE44/b", Some("/a/{iban}/b")).0, "/a/[FILTERED]/b");
        let headers = [("x-12", b"a".as_slice()), ("accept", b"b")];
        assert_eq!(redactor.headers(headers.into_iter(), 100).json, br#"{"x-12":"[FILTERED]","accept":"b"}"#);
        // A header that comes all the time is no exception.
        assert!(Redactor::of(&Rules::new().name_pattern("^accept$")).unwrap().is_sensitive_header("accept"));
        assert_eq!(
            body(redactor, r#"{"ib\u0061n":{"a":1},"b":[{"IBAN":2}]}"#),
            r#"{"iban":"[FILTERED]","b":[{"IBAN":"[FILTERED]"}]}"#
        );
    }

    #[test]
    fn what_a_value_pattern_matches_goes_and_the_rest_stays() {
        let redactor = redactor(Rules::new().value_pattern(r"\bES\d{4}\b"));
        assert_eq!(redactor.text("from ES1234 to ES5678."), ("from [FILTERED] to [FILTERED].".into(), 2));
        assert_eq!(redactor.text("ES12345").0, "ES12345");
        assert_eq!(query(&redactor, "q=a+ES1234+b"), r#"{"q":"a [FILTERED] b"}"#);
        let headers = [("x-note", b"ES1234 x".as_slice())];
        assert_eq!(redactor.headers(headers.into_iter(), 100).json, br#"{"x-note":"[FILTERED] x"}"#);
        assert_eq!(redactor.value("a", b"[\"ES1234\",1]", Mode::Full, 100).json, br#"["[FILTERED]",1]"#);
        assert_eq!(
            body(redactor, r#"{"a":["ES1234 b"],"ES1234":1,"s":"{\"a\":\"ES1234\"}","t":"a","n":1234}"#),
            r#"{"a":["[FILTERED] b"],"[FILTERED]":1,"s":"{\"a\":\"[FILTERED]\"}","t":"a","n":1234}"#
        );
    }

    #[test]
    fn patterns_and_shapes_hide_what_either_finds() {
        let text = |pattern: &str, text: &str| redactor(Rules::new().value_pattern(pattern)).text(text).0.into_owned();
        // A match that ends in the middle of what a shape hides, or takes the name away that marks it.
        assert_eq!(text(r"pass\w+", "a password=x1 b"), "a [FILTERED]=[FILTERED] b");
        assert_eq!(text(r"word=x", "a password=x1 b"), "a pass[FILTERED] b");
        assert_eq!(text(r"1 b", "a password=x1 b c"), "a password=[FILTERED] c");
        assert_eq!(text(r"a.*b", "a password=x1 b c"), "[FILTERED] c");
        assert_eq!(text(r"x", "a password=wxy b"), "a password=[FILTERED] b");
        assert_eq!(text(r"<.*d>", "<password t=1>x</password>"), "[FILTERED]");
        assert_eq!(text(r"\w+", "ab [FILTERED] cd"), "[FILTERED] [FILTERED] [FILTERED]");
        // Short texts, which hold no shape, too.
        assert_eq!(text("a", "ab"), "[FILTERED]b");
        assert_eq!(text("ES12", "x=%45S12&y=1"), "x=[FILTERED]&y=1");
    }

    #[test]
    fn in_a_path_the_segment_of_a_match_goes() {
        let path =
            |pattern: &str, path: &str| redactor(Rules::new().value_pattern(pattern)).path(path, None).0.into_owned();
        assert_eq!(path(r"ES\d+", "/a/b-ES12/c"), "/a/[FILTERED]/c");
        assert_eq!(path(r"ES\d+", "/a/%45S12/c"), "/a/[FILTERED]/c");
        assert_eq!(path(r"users/\d+", "/a/users/12/c"), "/a/[FILTERED]/[FILTERED]/c");
        assert_eq!(path(r"^/a$", "/a"), "/[FILTERED]");
        assert_eq!(path(r"ES\d+", "/a/;x=1"), "/a/;x=1");
    }

    #[test]
    fn sweeping_twice_changes_nothing() {
        let redactor = redactor(Rules::new().value_pattern(r"[A-Z]+").value_pattern(r"\bx\w"));
        for text in ["ABC def", "password=ABC", "a [FILTERED] B", "xy=xz"] {
            let once = redactor.text(text).0.into_owned();
            assert_eq!(redactor.text(&once), (once.as_str().into(), 0), "{text}");
        }
    }

    #[test]
    fn only_bodies_and_queries_are_subject_to_the_list() {
        let redactor = redactor(Rules::new().keep_only(["id"]));
        assert!(redactor.has_allow_list() && !redactor.names.removes());
        let headers = [("accept", b"{\"a\":\"b\"}".as_slice())];
        assert_eq!(redactor.headers(headers.into_iter(), 100).json, br#"{"accept":"{\"a\":\"b\"}"}"#);
        assert_eq!(redactor.value("a", br#"{"b":"{\"c\":1}"}"#, Mode::Full, 100).json, br#"{"b":"{\"c\":1}"}"#);
        assert!(!Redactor::default().has_allow_list());
    }

    #[test]
    fn what_is_narrowed_hides_more_and_never_less() {
        let rules = Rules::new().names(["dni"]).headers(["x-ref"]).value_pattern("ES1").keep_only(["id", "name"]);
        let rules = rules.compile().unwrap();
        let common = rules.redactor();
        let narrowed = rules.narrowed(&common, &["iban"], &["name", "title"]);
        for name in ["iban", "dni", "password"] {
            assert!(narrowed.is_sensitive_name(name), "{name}");
        }
        assert!(!common.is_sensitive_name("iban") && narrowed.is_sensitive_header("x-ref"));
        assert_eq!(narrowed.text("ES1").1, 1);
        let listed = |redactor: &Redactor, name| redactor.names.is_listed(name);
        assert!(listed(&narrowed, "name") && !listed(&narrowed, "id") && !listed(&narrowed, "title"));
        let only_kept = rules.narrowed(&common, &[], &["id"]);
        assert!(listed(&only_kept, "id") && !listed(&only_kept, "name") && only_kept.is_sensitive_name("dni"));
        assert!(listed(&rules.narrowed(&common, &["iban"], &[]), "name"));
        assert!(!listed(&rules.narrowed(&common, &["iban"], &[]), "title"));
    }

    #[test]
    fn headers_can_be_removed() {
        let redactor = redactor(Rules::new().headers(["x-ref"]).hide(Hide::Removed));
        assert!(redactor.names.removes());
        let headers = [
            ("x-ref", b"1".as_slice()),
            ("accept", b"*/*"),
            ("authorization", b"Bearer x"),
            ("cookie", b"sid=1"),
            ("x-token-type", b"plain"),
        ];
        let shown = redactor.headers(headers.into_iter(), 1000);
        assert_eq!(
            shown.json.as_str().to_owned(),
            r#"{"accept":"*/*","cookie":"sid=[FILTERED]","x-token-type":"plain"}"#
        );
        assert_eq!(shown.redacted, 3);
    }

    #[test]
    fn rules_add_up() {
        let both = Rules::new()
            .names(["a"])
            .keep_only(["x"])
            .and(Rules::new().names(["b"]).keep_only(["y"]).hide(Hide::Removed));
        assert_eq!(both, Rules::new().names(["a", "b"]).keep_only(["x", "y"]).hide(Hide::Removed));
        assert_eq!(Rules::new().keep_only(["x"]).and(Rules::new()).keep.unwrap(), ["x"]);
        assert_eq!(Rules::new().and(Rules::new().keep_only(["x"])).keep.unwrap(), ["x"]);
    }
}

//! Judges what a record shows of a case, by the rules of `score.py`.

use std::fmt;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// What a case demands of its record.
#[derive(Debug, Deserialize)]
pub(crate) struct Demand {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) must_contain: Vec<String>,
    pub(crate) must_not_contain: Vec<String>,
    pub(crate) why: String,
    /// Where reasonable people differ about the verdict.
    #[serde(default)]
    pub(crate) debatable: bool,
    check: Option<String>,
}

/// What became of a case.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Pass,
    /// There is no record.
    Lost,
    /// These are in the record, as they are, decoded from JSON, or, after either, from percent escapes.
    Leak(Vec<String>),
    /// These are not in the record, neither as they are nor decoded from JSON.
    Over(Vec<String>),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass => f.write_str("PASS"),
            Self::Lost => f.write_str("LOST"),
            Self::Leak(strings) => write!(f, "LEAK {strings:?}"),
            Self::Over(strings) => write!(f, "OVER {strings:?}"),
        }
    }
}

impl Demand {
    /// The verdict on what was written for the case, if anything was.
    pub(crate) fn judge(&self, output: Option<&str>) -> Verdict {
        let Some(raw) = output else { return Verdict::Lost };
        let decoded = decoded(raw);
        let unescaped = [raw, &decoded].map(|view| percent_decode_str(view).decode_utf8_lossy());
        let is_shown = |text: &str| raw.contains(text) || decoded.contains(text);
        let is_leaked = |text: &str| match self.check.as_deref() {
            Some("raw_line_only") => raw.contains(text),
            _ => is_shown(text) || unescaped.iter().any(|view| view.contains(text)),
        };
        let of = |strings: &[String], is_bad: &dyn Fn(&str) -> bool| -> Vec<String> {
            strings.iter().filter(|text| is_bad(text)).cloned().collect()
        };
        let leaked = of(&self.must_not_contain, &is_leaked);
        let missing = of(&self.must_contain, &|text| !is_shown(text));
        match (leaked.is_empty(), missing.is_empty()) {
            (false, _) => Verdict::Leak(leaked),
            (true, false) => Verdict::Over(missing),
            (true, true) => Verdict::Pass,
        }
    }
}

/// The keys, strings, numbers and booleans of each line that is JSON, one below the other; numbers as written.
fn decoded(output: &str) -> String {
    let mut all = Vec::new();
    for line in output.lines().filter(|line| serde_json::from_str::<IgnoredAny>(line).is_ok()) {
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let length = match first {
                '"' => string_length(rest),
                '{' | '}' | '[' | ']' | ',' | ':' | ' ' => 1,
                _ => rest.find(['}', ']', ',', ' ']).unwrap_or(rest.len()),
            };
            let (token, after) = rest.split_at(length);
            rest = after;
            if first == '"' {
                all.push(serde_json::from_str(token).expect("a string of a valid document"));
            } else if length > 1 && token != "null" || first.is_ascii_digit() {
                all.push(token.to_owned());
            }
        }
    }
    all.join("\n")
}

/// The length of the JSON string that `text` begins with.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let is_end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        is_end
    });
    end.expect("a string of a valid document ends") + 2
}

fn demand(must_contain: &[&str], must_not_contain: &[&str], check: Option<&str>) -> Demand {
    let owned = |strings: &[&str]| strings.iter().map(|&text| text.to_owned()).collect();
    Demand {
        id: "a case".to_owned(),
        kind: "json".to_owned(),
        must_contain: owned(must_contain),
        must_not_contain: owned(must_not_contain),
        why: "the judge's own".to_owned(),
        debatable: false,
        check: check.map(str::to_owned),
    }
}

#[test]
fn a_record_that_shows_what_it_must_and_nothing_else_passes() {
    let demand = demand(&["kept", "1.50", "true", "ñ"], &["canary"], None);
    let output = r#"{"a":["kept",1.50,{"b":true}],"n":null,"c":"[FILTERED]","d":"\u00f1"}"#;
    assert_eq!(demand.judge(Some(output)), Verdict::Pass);
}

#[test]
fn a_secret_leaks_however_it_is_written() {
    let demand = demand(&["kept"], &["canary"], None);
    for output in [
        r#"{"a":"kept","b":"a canary!"}"#,
        r#"{"a":"kept","can\u0061ry":1}"#,
        r#"{"a":"kept","b":"c%61nary"}"#,
        r#"{"a":"kept","b":"c\u002561nary"}"#,
        "kept, and no JSON: canary",
        "{\"a\":\"kept\"}\n{\"b\":\"c\\u0061nary\"}",
        r#"{"b":"canary"}"#,
    ] {
        assert_eq!(demand.judge(Some(output)), Verdict::Leak(vec!["canary".to_owned()]), "{output}");
    }
    let number = self::demand(&[], &["12.50"], None);
    assert_eq!(number.judge(Some("[12.50]")), Verdict::Leak(vec!["12.50".to_owned()]));
}

#[test]
fn what_is_not_shown_was_filtered_too_much() {
    let demand = demand(&["kept", "too"], &["canary"], None);
    assert_eq!(demand.judge(Some(r#"{"a":"too"}"#)), Verdict::Over(vec!["kept".to_owned()]));
    // Behind percent escapes is not where a reader looks.
    assert_eq!(demand.judge(Some(r#"{"a":"too","b":"k%65pt"}"#)), Verdict::Over(vec!["kept".to_owned()]));
}

#[test]
fn without_a_record_the_case_is_lost() {
    assert_eq!(demand(&[], &[], None).judge(None), Verdict::Lost);
    assert_eq!(demand(&[], &["canary"], None).judge(Some("")), Verdict::Pass);
}

#[test]
fn some_cases_are_about_the_line_as_it_is() {
    let demand = demand(&[], &["\u{202e}"], Some("raw_line_only"));
    assert_eq!(demand.judge(Some(r#"{"a":"\u202e"}"#)), Verdict::Pass);
    assert_eq!(demand.judge(Some("{\"a\":\"\u{202e}\"}")), Verdict::Leak(vec!["\u{202e}".to_owned()]));
}

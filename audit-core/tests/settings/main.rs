//! Settings through the public builder, every one of them: good values and what they do (`good`), odd ones (`odd`), bad
//! ones that stop the start and name themselves (`bad`), where the log goes (`log_path`), and who has the last word
//! (`order`).
//!
//! No test sets a variable of this process: each passes a lookup. That `.env()` reads the process's own variables is
//! seen in `log.rs`, from outside.

#[path = "../support/mod.rs"]
mod support;

mod bad;
mod good;
mod log_path;
mod odd;
mod order;

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;
use std::time::Duration;

use audit_core::exchange::{RequestHead, ResponseHead};
use audit_core::testing::MemorySink;
use audit_core::{Auditor, BuildError, Builder, Output};
use serde_json::Value;
use support::Lines;

/// A lookup that knows these variables and no others.
fn from<const N: usize>(settings: [(&str, &str); N]) -> impl FnMut(&str) -> Option<OsString> + use<N> {
    let settings: HashMap<String, OsString> =
        settings.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect();
    move |name| settings.get(name).cloned()
}

/// A builder without a log, so that a test writes nothing.
fn builder() -> Builder {
    Auditor::builder().output(Output::None)
}

/// Why these settings stop the start; nothing, if they do not.
#[track_caller]
fn refused(builder: Builder) -> Vec<String> {
    match builder.build() {
        Err(BuildError::Settings(errors)) => errors.iter().map(ToString::to_string).collect(),
        Err(other) => panic!("another error: {other}"),
        Ok(_) => Vec::new(),
    }
}

/// One request from a proxy at 10.0.0.1.
struct Request<'a> {
    path: &'a str,
    headers: &'a [(&'a str, &'a [u8])],
    body: &'a str,
}

/// To a path that is detected.
const JSON: Request<'_> =
    Request { path: "/api/x", headers: &[("content-type", b"application/json")], body: r#"{"a":1}"# };

/// The record of one request under these settings; `null` when there is none.
#[track_caller]
fn record(builder: Builder, request: &Request<'_>) -> Value {
    let sink = MemorySink::new();
    let auditor = builder.sink(sink.clone()).build().expect("the settings are good");
    let headers = Lines(request.headers);
    let mut head = RequestHead::new("test", "POST", request.path, &headers);
    head.peer = "10.0.0.1".parse().ok();
    if let Some(mut exchange) = auditor.begin(&head) {
        exchange.request_tap().push(request.body.as_bytes());
        exchange.request_tap().complete();
        exchange.respond(&ResponseHead::new(200, &Lines(&[])));
        exchange.complete();
    }
    auditor.shutdown(Duration::from_secs(30));
    sink.records().pop().unwrap_or_default()
}

/// A value of the environment, said by code.
enum Code {
    /// With the same effect: the same meaning, or the same message.
    Says(fn(Builder) -> Builder),
    /// With another one: it stops the start, with the message that ends so.
    Differs(fn(Builder) -> Builder, &'static str),
    /// With another one: blanks around a text are the text's own, and this is seen.
    Keeps(fn(Builder) -> Builder, fn(Builder) -> Value, &'static str),
    /// It cannot: the builder takes something else than a text.
    Never,
}

/// The builder takes a `bool`.
const BOOL: Code = Code::Never;
/// The builder takes an enum of the words that there are.
const WORD: Code = Code::Never;
/// The builder takes a number or a duration, which has one way to be written.
const NUMBER: Code = Code::Never;
/// The builder takes networks that were read before.
const NETWORKS: Code = Code::Never;
/// The builder takes one path, and adds it.
const ONE: Code = Code::Never;
/// The builder has no method before it is built.
const NOTHING: Code = Code::Never;

impl Code {
    /// What code does, whatever comes of it.
    fn said(&self) -> Option<fn(Builder) -> Builder> {
        match self {
            Self::Says(code) | Self::Differs(code, _) | Self::Keeps(code, ..) => Some(*code),
            Self::Never => None,
        }
    }
}

/// Every name that is asked for, in order.
fn known() -> Vec<String> {
    let mut asked = Vec::new();
    let _builder = builder().env_from(|name| {
        asked.push(name.to_owned());
        None::<OsString>
    });
    asked
}

#[test]
fn every_setting_has_its_rows() {
    let known = known();
    let once: BTreeSet<&str> = known.iter().map(String::as_str).collect();
    assert_eq!(once.len(), known.len(), "each is asked for once: {known:?}");
    let set = |names: Vec<&'static str>| names.into_iter().collect::<BTreeSet<_>>();
    assert_eq!(set(good::ROWS.iter().map(|row| row.setting).collect()), once, "good values");
    assert_eq!(set(odd::ROWS.iter().map(|row| row.0).collect()), once, "odd values");
    assert_eq!(set(bad::ROWS.iter().map(|row| row.0).collect()), once, "bad values");
    // Of code, all but those whose type leaves nothing of the kind to say, or that have no method before they are built.
    let (never_odd, never_bad): (&[_], &[_]) = (
        &["AUDIT_ENABLED", "AUDIT_MODE", "AUDIT_AUTO_DETECT", "AUDIT_DELIVERY"],
        &["AUDIT_ENABLED", "AUDIT_MODE", "AUDIT_AUTO_DETECT"],
    );
    let no_method = ["AUDIT_CHAIN"];
    let all_but = |none: &[&'static str]| {
        let none = none.iter().chain(&no_method).copied().collect();
        once.difference(&none).copied().collect::<BTreeSet<_>>()
    };
    let in_code = set(odd::ROWS.iter().filter(|row| row.3.said().is_some()).map(|row| row.0).collect());
    assert_eq!(in_code, all_but(never_odd), "odd values of code");
    let in_code = set(bad::ROWS.iter().filter(|row| row.3.said().is_some()).map(|row| row.0).collect());
    assert_eq!(in_code, all_but(never_bad), "bad values of code");
    let in_code = set(good::ROWS.iter().filter(|row| row.code.is_some()).map(|row| row.setting).collect());
    assert_eq!(in_code, all_but(&[]), "good values of code");
}

#[test]
fn the_readme_has_every_setting_and_no_other() {
    let readme = include_str!("../../../README.md");
    let (_, below) = readme.split_once("\n## Settings\n").expect("there is such a section");
    let (section, _) = below.split_once("\n## ").expect("and one after it");
    let words: BTreeSet<&str> = section
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '*')
        .filter(|word| word.starts_with("AUDIT_"))
        .collect();
    let known = known();
    let means = |word: &str, name: &str| {
        word == name || word.strip_suffix('*').is_some_and(|beginning| name.starts_with(beginning))
    };
    for name in &known {
        assert!(words.iter().any(|word| means(word, name)), "{name} is missing");
    }
    for word in &words {
        assert!(known.iter().any(|name| means(word, name)), "{word} is no setting");
    }
}

//! An allow-list over bodies and queries: `Rules::keep_only`, and whether what is hidden is marked or removed.

use std::sync::Arc;

use audit_core::Mode;
use audit_core::redact::{BodyKind, Hide, Redactor, Rules};

fn kept() -> Rules {
    Rules::new().keep_only(["id", "layerName"])
}

fn body(rules: &Rules, content_type: &str, body: &str) -> (String, u32) {
    let redactor = Arc::new(Redactor::of(rules).expect("the rules are good"));
    let mut whole = redactor.body(BodyKind::new(Some(content_type), None), Mode::Full, 10_000, 10_000);
    whole.push(body.as_bytes());
    let whole = whole.finish(true).expect("it is not empty");
    let mut bytes = redactor.body(BodyKind::new(Some(content_type), None), Mode::Full, 10_000, 10_000);
    body.as_bytes().chunks(1).for_each(|byte| bytes.push(byte));
    assert_eq!(bytes.finish(true).as_ref(), Some(&whole));
    (String::from_utf8(whole.json.into_vec()).expect("it is UTF-8"), whole.redacted)
}

fn json(rules: &Rules, json: &str) -> (String, u32) {
    body(rules, "application/json", json)
}

fn query(rules: &Rules, raw: &str) -> String {
    let fragment = Redactor::of(rules).expect("the rules are good").query(raw, 10_000);
    String::from_utf8(fragment.json.into_vec()).expect("it is UTF-8")
}

const LAYER: &str = r#"{"id":7,"title":"roads","layer_name":{"es":"vías","password":"x"},"owner":{"ID":1,"mail":"a@b"},"list":["a",{"id":2,"n":null}],"tags":[],"bbox":[1,2],"token":"x","open":true}"#;

#[test]
fn only_what_is_listed_or_stands_under_it_is_kept() {
    let expected = r#"{"id":7,"title":"[FILTERED]","layer_name":{"es":"vías","password":"[FILTERED]"},"owner":{"ID":1,"mail":"[FILTERED]"},"list":["[FILTERED]",{"id":2,"n":"[FILTERED]"}],"tags":[],"bbox":["[FILTERED]","[FILTERED]"],"token":"[FILTERED]","open":"[FILTERED]"}"#;
    assert_eq!(json(&kept(), LAYER), (expected.to_owned(), 9));
}

#[test]
fn members_are_removed_if_asked_for_and_elements_are_not() {
    let expected = r#"{"id":7,"layer_name":{"es":"vías"},"owner":{"ID":1},"list":["[FILTERED]",{"id":2}],"tags":[],"bbox":["[FILTERED]","[FILTERED]"]}"#;
    assert_eq!(json(&kept().hide(Hide::Removed), LAYER), (expected.to_owned(), 9));
    // Without a list, what is secret.
    let rules = Rules::new().hide(Hide::Removed);
    assert_eq!(json(&rules, r#"{"a":1,"password":{"b":1},"c":[{"token":1}]}"#), (r#"{"a":1,"c":[{}]}"#.to_owned(), 2));
    assert_eq!(json(&rules, r#"{"password":1,"a":"Bearer abc123def"}"#).0, r#"{"a":"Bearer [FILTERED]"}"#);
    assert_eq!(json(&rules, r#"{"password":1}"#).0, "{}");
    assert_eq!(
        json(&rules, r#"{"token_type":"bearer","token_count":3,"a":1}"#).0,
        r#"{"token_type":"bearer","token_count":3,"a":1}"#
    );
}

#[test]
fn what_stands_under_no_name_is_not_kept() {
    for (given, expected) in
        [("\"a\"", "\"[FILTERED]\""), ("[1,[true]]", r#"["[FILTERED]",["[FILTERED]"]]"#), ("{}", "{}")]
    {
        assert_eq!(json(&kept(), given).0, expected);
        assert_eq!(json(&kept().hide(Hide::Removed), given).0, expected);
    }
}

#[test]
fn a_list_without_a_name_keeps_nothing() {
    let nothing = Rules::new().keep_only(Vec::<String>::new());
    assert_eq!(json(&nothing, r#"{"id":1,"a":{"b":[null]}}"#).0, r#"{"id":"[FILTERED]","a":{"b":["[FILTERED]"]}}"#);
    assert_eq!(query(&nothing, "id=1"), r#"{"id":"[FILTERED]"}"#);
}

#[test]
fn json_in_strings_is_kept_with_its_name() {
    assert_eq!(json(&kept(), r#"{"id":"{\"a\": 1}","s":"{\"id\": 1}"}"#).0, r#"{"id":"{\"a\": 1}","s":"[FILTERED]"}"#);
}

#[test]
fn every_format_is_subject_to_the_list() {
    let lines = "{\"id\":1,\"a\":2}\n{\"a\":3}\n";
    assert_eq!(body(&kept(), "application/x-ndjson", lines).0, r#"[{"id":1,"a":"[FILTERED]"},{"a":"[FILTERED]"}]"#);
    let form = "id=1&layer-name=a&a=2&filter[id]=3&id[x]=4&password=5";
    let expected =
        r#"{"id":"1","layer-name":"a","a":"[FILTERED]","filter[id]":"3","id[x]":"4","password":"[FILTERED]"}"#;
    assert_eq!(body(&kept(), "application/x-www-form-urlencoded", form).0, expected);
    assert_eq!(query(&kept(), form), expected);
    let removed = r#"{"id":"1","layer-name":"a","filter[id]":"3","id[x]":"4"}"#;
    assert_eq!(query(&kept().hide(Hide::Removed), form), removed);
    let part = |name: &str, more: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n{value}\r\n")
    };
    let parts =
        [part("id", "", "1"), part("a", "", "2"), part("f", "; filename=\"x.txt\"", "abc")].concat() + "--b--\r\n";
    let (shown, _) = body(&kept(), "multipart/form-data; boundary=b", &parts);
    assert!(shown.starts_with(r#"{"id":"1","a":"[FILTERED]","f":"#) && !shown.contains("x.txt"), "{shown}");
}

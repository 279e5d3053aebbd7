use super::*;
use crate::redact::fit::fit_prefix;
use crate::vocabulary::Mode;

const SIZES: [usize; 5] = [1, 2, 3, 7, 1000];

/// What a document becomes in pieces of so many bytes, and how many values were hidden.
fn rewrite_with(names: &Names, mode: Mode, json: &str, cut: bool, size: usize) -> Result<(String, u32), Refusal> {
    let (mut page, mut document) = (Page::default(), Document::default());
    page.begin(mode, 1 << 20, 1 << 20, names.removes());
    document.begin(&page, Place { listed: !names.has_allow_list(), ..Place::default() });
    let mut rest = json;
    while !rest.is_empty() {
        let end = (size.min(rest.len())..).find(|end| rest.is_char_boundary(*end)).unwrap();
        let (piece, next) = rest.split_at(end);
        document.feed(names, &mut page, piece)?;
        rest = next;
    }
    document.end(&mut page, !cut)?;
    let redacted = page.redacted;
    let out = if cut { fit_prefix(&page.out, usize::MAX / 2) } else { page.out };
    Ok((String::from_utf8(out).unwrap(), redacted))
}

/// The same in pieces of any size.
fn rewritten(mode: Mode, json: &str, cut: bool) -> Result<(String, u32), Refusal> {
    let names = Names::new(&[], &[]);
    let whole = rewrite_with(&names, mode, json, cut, usize::MAX);
    for size in SIZES {
        assert_eq!(rewrite_with(&names, mode, json, cut, size), whole, "{json} in pieces of {size}");
    }
    whole
}

fn rewrite_in(mode: Mode, json: &str, cut: bool) -> (String, u32) {
    rewritten(mode, json, cut).unwrap()
}

fn rewrite(json: &str) -> String {
    rewrite_in(Mode::Compact, json, false).0
}

fn read(json: &str, cut: bool) -> Result<String, Refusal> {
    rewritten(Mode::Full, json, cut).map(|(json, _)| json)
}

#[test]
fn agrees_with_serde_json_on_what_is_json() {
    for json in [
        "{}",
        "[]",
        " [1 , 2] ",
        "null",
        "12",
        " 12 ",
        "\"x\"",
        r#"{"a":{"b":[]},"a":1}"#,
        "1e400",
        "{\"password\" \n :\n \"x\" }",
        "",
        "{",
        "]",
        "[1,]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "[1 2]",
        "[1]]",
        "[}",
        "nul",
        "01",
        "{\"a\"=1}",
        "[NaN]",
        "\u{feff}1",
        "12x",
        "1 2",
        "\"\n\"",
        "{,}",
        "[,]",
        "{1:2}",
        "-",
    ] {
        let oracle = serde_json::from_str::<&serde_json::value::RawValue>(json).is_ok();
        assert_eq!(read(json, false).is_ok(), oracle, "{json}");
    }
}

#[test]
fn a_prefix_ends_at_its_last_complete_value_or_pair() {
    assert_eq!(read(r#"{"a":1,"b":"x"#, true).unwrap(), r#"{"a":1}"#);
    assert_eq!(read(r#"{"a":1,"b":{"c""#, true).unwrap(), r#"{"a":1,"b":{}}"#);
    assert_eq!(read(r#"{"a":12"#, true).unwrap(), "{}");
    assert_eq!(read(r#"["a","b" "#, true).unwrap(), r#"["a","b"]"#);
    assert_eq!(read("tru", true), Err(Refusal::Empty));
    assert_eq!(read("12", true), Err(Refusal::Empty));
    assert_eq!(read("[1,}", true), Err(Refusal::Invalid));
}

#[test]
fn only_what_is_shown_of_a_prefix_is_counted() {
    for json in [r#"{"a":{"b":1,"token=x""#, r#"{"a":{"b":1,"token=x":12"#, r#"{"a":{"b":1,"token=x":"y"#] {
        assert_eq!(rewrite_in(Mode::Compact, json, true), (r#"{"a":{"b":1}}"#.to_owned(), 0), "{json}");
    }
    let (shown, hidden) = rewrite_in(Mode::Compact, r#"{"a":{"eyJhbGciOiJIUzI1NiJ9.e30.x":1,"b""#, true);
    assert_eq!((shown.as_str(), hidden), (r#"{"a":{"[FILTERED]":1}}"#, 1));
    assert_eq!(rewrite_in(Mode::Compact, r#"{"geom":[9,0"#, true).0, r#"{"geom":[9]}"#);
    assert_eq!(rewrite_in(Mode::Compact, r#"{"geom":[9,0,"#, true).0, r#"{"geom":"[GEOMETRY_FILTERED]"}"#);
}

#[test]
fn every_prefix_of_a_document_is_taken() {
    let json = r#" {"a\u0041":[1,-2.5e3,{"b":null}],"c":{"d":"\ud83d\ude00","e":[]},"f":true} "#;
    for end in 0..json.len() {
        match read(json.get(..end).unwrap(), true) {
            Ok(shown) => assert!(serde_json::from_str::<serde_json::Value>(&shown).is_ok(), "{shown}"),
            Err(refusal) => assert_eq!((refusal, end < 2), (Refusal::Empty, true), "{end}"),
        }
    }
}

#[test]
fn depth_is_bounded_without_recursion() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(read(&nested(MAX_DEPTH), false).is_ok());
    assert_eq!(read(&nested(MAX_DEPTH + 1), false).unwrap_err(), Refusal::TooDeep);
    assert_eq!(read(&"[{\"a\":".repeat(100_000), true).unwrap_err(), Refusal::TooDeep);
}

#[test]
fn order_digits_and_types_stay() {
    let json = r#"{"z":12345678901234567890123,"a":0.10000000000000000555,"m":[-0,1E5,null,true],"s":"ñ😀"}"#;
    assert_eq!(rewrite(json), json);
    assert_eq!(rewrite(" [ 1 , { } ] "), "[1,{}]");
    assert_eq!(rewrite("12"), "12");
}

#[test]
fn what_readers_stumble_over_is_changed() {
    assert_eq!(rewrite(r#"[1e400,-1E999,"\ud800"]"#), "[\"1e400\",\"-1E999\",\"\u{fffd}\"]");
    let long = "9".repeat(5000);
    assert_eq!(rewrite(&long), format!("\"{long}\""));
}

#[test]
fn everything_under_a_secret_name_goes() {
    for value in ["\"x\"", "1", "null", "true", "[[1]]", r#"{"a":{"b":1}}"#] {
        let (json, redacted) = rewrite_in(Mode::Full, &format!(r#"{{"pass\u0077ord":{value},"n":[1]}}"#), false);
        assert_eq!((json.as_str(), redacted), (r#"{"password":"[FILTERED]","n":[1]}"#, 1), "{value}");
    }
}

#[test]
fn names_among_the_values_count() {
    let hidden = r#"{"value":"[FILTERED]","name":"password"}"#;
    assert_eq!(rewrite(r#"{"value":"x","name":"password"}"#), hidden);
    assert_eq!(rewrite(r#"[["token","x"],["colour","red"]]"#), r#"[["token","[FILTERED]"],["colour","red"]]"#);
    assert_eq!(rewrite(r#"["--token","x","y"]"#), r#"["--token","[FILTERED]","y"]"#);
    assert_eq!(rewrite(r#"["password","x"]"#), r#"["password","x"]"#);
    assert_eq!(rewrite(r#"["- a password","x"]"#), r#"["- a password","x"]"#);
    assert_eq!(
        rewrite(r#"[["{\"token\":\"x\"}","y"],{"name":"{\"token\":\"x\"}","value":"y"}]"#),
        r#"[["{\"token\":\"[FILTERED]\"}","y"],{"name":"{\"token\":\"[FILTERED]\"}","value":"y"}]"#
    );
    assert_eq!(
        rewrite(r#"{"ParameterKey":"DbPassword","ParameterValue":"x"}"#),
        r#"{"ParameterKey":"DbPassword","ParameterValue":"[FILTERED]"}"#
    );
}

#[test]
fn a_name_that_comes_later_may_say_more() {
    assert_eq!(
        rewrite(r#"{"header":"token_type","content":null,"value":"bearer","field":"auth"}"#),
        r#"{"header":"token_type","content":"[FILTERED]","value":"[FILTERED]","field":"auth"}"#
    );
}

#[test]
fn variables_of_queries_count() {
    for (json, expected) in [
        (
            r#"{"query":"{f(pin:$p)}","note":"{\"n\":1}","variables":{"p":"x"}}"#,
            r#"{"query":"{f(pin:[FILTERED])}","note":"{\"n\":1}","variables":{"p":"[FILTERED]"}}"#,
        ),
        (
            r#"[{"variables":{"p":"x","q":{"p":1}},"query":"{f(pin:$p)}"},{"p":2}]"#,
            r#"[{"variables":{"p":"[FILTERED]","q":{"p":1}},"query":"{f(pin:[FILTERED])}"},{"p":2}]"#,
        ),
        (
            r#"{"variables":{"variables":{"a":1},"b":2},"query":"{f(pin:$variables,pin:$a,pin:$b)}"}"#,
            r#"{"variables":{"variables":"[FILTERED]","b":"[FILTERED]"},"query":"{f(pin:[FILTERED],pin:[FILTERED],pin:[FILTERED])}"}"#,
        ),
        (
            r#"{"variables":{"b":2,"variables":{"a":1,"variables":{"c":3}},"query":"{f(pin:$a)}"},"query":"{f(pin:$b)}"}"#,
            r#"{"variables":{"b":"[FILTERED]","variables":"[FILTERED]","query":"{f(pin:[FILTERED])}"},"query":"{f(pin:[FILTERED])}"}"#,
        ),
        (
            r#"{"variables":{"variables":{"a":1},"query":"{f(b:$a)}"},"query":"{f(pin:$a)}"}"#,
            r#"{"variables":{"variables":{"a":1},"query":"{f(b:$a)}"},"query":"{f(pin:[FILTERED])}"}"#,
        ),
        (r#"{"query":"{f(a:$p)}","variables":{"p":1}}"#, r#"{"query":"{f(a:$p)}","variables":{"p":1}}"#),
    ] {
        assert_eq!(rewrite(json), expected);
    }
}

#[test]
fn facts_stay_with_their_objects_after_a_skip() {
    let json = r#"{"token":[{"name":"x","value":1},[]],"b":{"name":"pwd","value":2},"c":{"name":"x","value":3}}"#;
    assert_eq!(
        rewrite(json),
        r#"{"token":"[FILTERED]","b":{"name":"pwd","value":"[FILTERED]"},"c":{"name":"x","value":3}}"#
    );
}

#[test]
fn json_in_strings_is_read() {
    assert_eq!(
        rewrite(r#"{"p":"{\"password\": \"x\", \"k\": 1}"}"#),
        r#"{"p":"{\"password\":\"[FILTERED]\",\"k\":1}"}"#
    );
    // A document that holds nothing to hide stays as it is; what is between its texts says nothing.
    for harmless in [r#"{"p":"[1, 2]"}"#, r#"{"p":"{\"x\":\"pin\\\\=\",\"y\":\"kept\"}"}"#] {
        assert_eq!(rewrite(harmless), harmless);
    }
    assert_eq!(rewrite(r#"{"p":"{\"pass\\u0077ord\":\"x\", broken"}"#), r#"{"p":"[FILTERED]"}"#);
    let mut nested = r#"{"password":"x"}"#.to_owned();
    for _ in 0..6 {
        nested = serde_json::to_string(&nested).unwrap();
    }
    assert_eq!(rewrite_in(Mode::Full, &nested, false).1, 1);
    assert!(!rewrite(&nested).contains('x'));
    // Beyond the bound even what is harmless is hidden, for nobody looked.
    let nest = |times| (0..times).fold("[1]".to_owned(), |json, _| serde_json::to_string(&json).unwrap());
    assert_eq!(
        rewrite_in(Mode::Full, &nest(crate::redact::page::MAX_STRINGS), false),
        (nest(crate::redact::page::MAX_STRINGS), 0)
    );
    assert_eq!(rewrite_in(Mode::Full, &nest(crate::redact::page::MAX_STRINGS + 2), false).1, 1);
}

#[test]
fn compact_mode_drops_geometry() {
    let json = r#"{"type":"Feature","bbox":[1,2,3,4],"geometry":{"coordinates":[1,2],"type":"Point"},"geom":"POINT(1 2)","coords":[[1,2]],"geometry2":"x"}"#;
    let (shown, hidden) = rewrite_in(Mode::Compact, json, false);
    assert_eq!(
        shown,
        r#"{"type":"Feature","bbox":[1,2,3,4],"geometry":"[GEOMETRY_FILTERED]","geom":"[GEOMETRY_FILTERED]","coords":"[GEOMETRY_FILTERED]","geometry2":"x"}"#
    );
    assert_eq!(hidden, 3);
    assert_eq!(rewrite_in(Mode::Full, json, false).0, json);
}

#[test]
fn keys_are_made_unique_after_decoding() {
    assert_eq!(rewrite(r#"{"a":1,"\u0061":2,"a#2":3}"#), r#"{"a":1,"a#2":2,"a#2#2":3}"#);
}

#[test]
fn every_prefix_is_closed_and_shows_no_part_of_a_value() {
    let json = r#"{"u":"bob","password":"canary","l":[12345,{"token":"canary"}],"w":{"value":"canary","name":"pwd"}}"#;
    for end in 1..json.len() {
        let (shown, _) = rewrite_in(Mode::Full, json.get(..end).unwrap(), true);
        serde_json::from_str::<serde_json::Value>(&shown).unwrap();
        assert!(!shown.contains("ca") && !shown.contains("\"b\"") && !shown.contains("123]"), "{end}: {shown}");
    }
}

//! What must hold for any input: proptests over the whole of redaction.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

const TYPES: &[&str] = &[
    "application/json",
    "application/x-ndjson",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=B",
    "text/plain",
];

fn scan(
    content_type: &str,
    body: &[u8],
    chunk: usize,
    capture: usize,
    limit: usize,
    complete: bool,
) -> Option<Fragment> {
    let mut scanner =
        Arc::new(Redactor::default()).body(BodyKind::new(Some(content_type), None), Mode::Compact, capture, limit);
    for chunk in body.chunks(chunk.max(1)) {
        scanner.push(chunk);
    }
    scanner.finish(complete)
}

/// Bytes that come near to being bodies: pieces of the grammars in any order.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u00", "\\ud83d", "\"a\":", "\"password\":", "\"type\":\"Point\",",
            "\"coordinates\":[1,2]", "-1.5e3", "1e400", "null", "true", " ", "\n", "=", "&", "%", "%70", ";", "--B", "\r\n",
            "Content-Disposition: form-data; name=\"a\"\r\n\r\n", "--B--", "\u{202e}", "ñ", "😀", "Bearer ", "://", "@", "<a>",
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..4),
    ];
    vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// Any JSON value, with the name `password` here and there; its strings and numbers are told from the canary.
fn documents() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z ñ\"\\\\]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec(("[a-z_]{0,8}", inner), 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn secret_names() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "password",
        "Api-Key",
        "access_token",
        "clientSecret",
        "authorization",
        "contraseña",
    ]);
    ("([a-z]{1,6}[_.-])?", words).prop_map(|(prefix, word)| format!("{prefix}{word}"))
}

proptest! {
    #[test]
    fn any_body_becomes_json_within_the_limit(
        body in bodies(), kind in prop::sample::select(TYPES), capture in 0_usize..400, limit in 2_usize..400, complete: bool,
    ) {
        if let Some(fragment) = scan(kind, &body, 7, capture, limit, complete) {
            prop_assert!(fragment.json.len() <= limit);
            let text = std::str::from_utf8(&fragment.json).unwrap();
            serde_json::from_str::<Value>(text).unwrap_or_else(|error| panic!("{error}: {text}"));
            prop_assert!(!text.chars().any(char::is_control));
        }
    }

    #[test]
    fn any_query_and_any_header_become_json_within_the_limit(query: String, header in vec(any::<u8>(), 0..80), limit in 2_usize..200) {
        let redactor = Redactor::default();
        for fragment in [redactor.query(&query, limit), redactor.headers([("x", header.as_slice()), ("cookie", header.as_slice())].into_iter(), limit)] {
            prop_assert!(fragment.json.len() <= limit);
            prop_assert!(serde_json::from_slice::<Value>(&fragment.json).unwrap().is_object());
        }
    }

    #[test]
    fn chunks_make_no_difference(body in bodies(), kind in prop::sample::select(TYPES), chunk in 1_usize..20, capture in 0_usize..400) {
        prop_assert_eq!(scan(kind, &body, chunk, capture, 300, true), scan(kind, &body, usize::MAX, capture, 300, true));
    }

    #[test]
    fn what_is_not_secret_survives(document in documents()) {
        let json = serde_json::to_vec(&document).unwrap();
        let fragment = scan("application/json", &json, 64, usize::MAX, usize::MAX, true).unwrap();
        if fragment.redacted == 0 {
            prop_assert_eq!(serde_json::from_slice::<Value>(&fragment.json).unwrap(), document);
        }
    }

    #[test]
    fn a_secret_never_comes_out(document in documents(), name in secret_names(), place in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>()) {
        let secret = serde_json::json!({ name.clone(): { "a": ["Zq7CANARY", 771_998_812_i64] } });
        let mut json = serde_json::to_string(&document).unwrap();
        // In the place of some scalar or beside the document.
        json = match json.match_indices("null").map(|(at, _)| at).collect::<Vec<_>>().as_slice() {
            [] => format!("[{json},{secret}]"),
            places => {
                let at = *place.get(places);
                format!("{}{secret}{}", json.get(..at).unwrap(), json.get(at + 4..).unwrap())
            }
        };
        for end in [json.len(), cut.index(json.len() + 1)] {
            let Some(fragment) = scan("application/json", json.get(..end).map_or(json.as_bytes(), str::as_bytes), 64, usize::MAX, 10_000, end == json.len()) else { continue };
            let shown = fragment.json.as_str().to_owned();
            prop_assert!(!shown.contains("CANARY") && !shown.contains("771998812"), "{}", shown);
        }
        let form: String = form_urlencoded::Serializer::new(String::new()).append_pair(&name, "Zq7CANARY").finish();
        let shown = Redactor::default().query(&form, 1000).json.as_str().to_owned();
        prop_assert!(!shown.contains("CANARY"), "{}", shown);
        let swept = format!("failed with {name}=Zq7CANARY at x");
        let redactor = Redactor::default();
        let shown = redactor.text(&swept).0;
        prop_assert!(!shown.contains("CANARY"), "{}", shown);
    }

    #[test]
    fn text_and_paths_survive_anything(text: String, template: String) {
        let redactor = Redactor::default();
        let (swept, hidden) = redactor.text(&text);
        prop_assert!(hidden > 0 || *swept == text);
        let (path, hidden) = redactor.path(&text, Some(&template));
        prop_assert!(hidden > 0 || *path == text);
    }
}

//! The inputs: each text is what its name says, again and again.

const JSON: Option<&str> = Some("application/json");
const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
const LINES: Option<&str> = Some("application/x-ndjson");
const MULTIPART: Option<&str> = Some("multipart/form-data; boundary=boundary");

/// One input.
pub(super) struct Case {
    pub(super) name: &'static str,
    /// The type that it is a whole body of.
    pub(super) content_type: Option<&'static str>,
    /// Whether it says nothing in other places than that.
    pub(super) is_only_whole: bool,
    /// A text of about so many bytes.
    pub(super) text: fn(usize) -> String,
}

const fn text(name: &'static str, text: fn(usize) -> String) -> Case {
    Case { name, content_type: None, is_only_whole: false, text }
}

const fn body(name: &'static str, content_type: Option<&'static str>, text: fn(usize) -> String) -> Case {
    Case { name, content_type, is_only_whole: false, text }
}

const fn only_body(name: &'static str, content_type: Option<&'static str>, text: fn(usize) -> String) -> Case {
    Case { name, content_type, is_only_whole: true, text }
}

pub(super) const CASES: &[Case] = &[
    // Structure. A MiB holds 100,000 of the keys.
    body("keys", JSON, |n| object(n, |i| format!("\"k{i:06}\":0"))),
    body("keys-prefix", JSON, |n| object(n, |i| format!("\"{}{i:05}\":0", "customer_account_".repeat(6)))),
    body("keys-camel", JSON, |n| object(n, |i| format!("\"{}{i}\":0", "aB".repeat(40)))),
    body("keys-repeated", JSON, |n| object(n, |_| "\"a\":0".to_owned())),
    body("keys-numbered", JSON, |n| object(n, |i| format!("\"a#{}\":0", i + 2))),
    body("keys-numbered-2", JSON, |n| {
        object(n, move |i| if i * 20 < n { format!("\"a#{}\":0", i + 2) } else { "\"a\":0".to_owned() })
    }),
    body("keys-secret", JSON, |n| object(n, |i| format!("\"password{i}\":0"))),
    body("keys-almost", JSON, |n| object(n, |i| format!("\"passwor_toke_secre{i}\":0"))),
    only_body("key-long", JSON, |n| format!("{{\"{}\":0}}", repeat("aB1_", n))),
    only_body("key-escapes", JSON, |n| format!("{{\"{}\":0}}", repeat("\\u0061", n))),
    only_body("key-marks", JSON, |n| format!("{{\"p{}\":0}}", repeat("\u{301}\u{316}", n))),
    only_body("key-wide", JSON, |n| format!("{{\"{}\":0}}", repeat("\u{ff50}", n))),
    only_body("key-ligature", JSON, |n| format!("{{\"{}\":0}}", repeat("\u{fdfa}", n))),
    body("brackets", JSON, |n| repeat("[", n)),
    body("braces", JSON, |n| repeat("{\"a\":", n)),
    body("brackets-pairs", JSON, |n| list(n, |_| "[]".to_owned())),
    body("brackets-60", JSON, |n| list(n, |_| format!("{}{}", "[".repeat(60), "]".repeat(60)))),
    body("objects-60", JSON, |n| list(n, |_| format!("{}1{}", "{\"a\":".repeat(60), "}".repeat(60)))),
    body("strings-empty", JSON, |n| list(n, |_| "\"\"".to_owned())),
    body("numbers", JSON, |n| list(n, |_| "1".to_owned())),
    body("number-long", JSON, |n| repeat("7", n)),
    only_body("blanks", JSON, |n| format!("[{}1]", repeat(" ", n))),
    only_body("unicode-escapes", JSON, |n| format!("[\"{}\"]", repeat("\\u0041", n))),
    only_body("lone-surrogates", JSON, |n| format!("[\"{}\"]", repeat("\\ud800", n))),
    body("ndjson", LINES, |n| repeat("{}\n", n)),
    only_body("ndjson-empty", LINES, |n| format!("1{}", repeat("\n", n))),
    body("form-pairs", FORM, |n| repeat("a=&", n)),
    body("form-keys", FORM, |n| fill(n, |i| format!("k{i}=1&"))),
    body("form-numbered", FORM, |n| fill(n, |i| format!("a%23{i}=&a=&"))),
    body("form-brackets", FORM, |n| format!("a{}=1", repeat("[a]", n))),
    body("form-ampersands", FORM, |n| format!("a=1{}", repeat("&", n))),
    body("percent-percent", FORM, |n| format!("a={}", repeat("%25", n))),
    body("multipart-parts", MULTIPART, |n| {
        let part = "--boundary\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
        format!("{}--boundary--\r\n", repeat(part, n))
    }),
    only_body("multipart-almost", MULTIPART, |n| {
        let head = "--boundary\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n";
        format!("{head}{}\r\n--boundary--\r\n", repeat("\r\n--boundar", n))
    }),
    only_body("multipart-headers", MULTIPART, |n| {
        let head = "--boundary\r\nContent-Disposition: form-data; name=\"a\"\r\n";
        format!("{head}{}\r\n1\r\n--boundary--\r\n", repeat("a: b\r\n", n))
    }),
    only_body("multipart-params", MULTIPART, |n| {
        let head = "--boundary\r\nContent-Disposition: form-data";
        format!("{head}{}; name=\"a\"\r\n\r\n1\r\n--boundary--\r\n", repeat("; a=\"b\"", n))
    }),
    // JSON in strings.
    body("embedded-deep", JSON, embedded_deep),
    body("embedded-wide", JSON, |n| list(n, |_| r#""{\"a\":\"{}\"}""#.to_owned())),
    text("embedded-begun", |n| repeat("{\"a\":", n)),
    text("embedded-lists", |n| repeat("[1,", n)),
    text("embedded-broken", |n| repeat("{\"a\":1} ", n)),
    // Texts, for what looks for shapes.
    text("backslashes", |n| repeat("\\", n)),
    text("equals", |n| repeat("=", n)),
    text("colons", |n| repeat(":", n)),
    text("quotes", |n| repeat("\"", n)),
    text("spaces", |n| repeat(" ", n)),
    text("newlines", |n| repeat("\n", n)),
    text("dashes", |n| repeat("-", n)),
    text("dots", |n| repeat(".", n)),
    text("percents", |n| repeat("%", n)),
    text("percent-25", |n| repeat("%25", n)),
    text("letters", |n| repeat("a", n)),
    text("words", |n| repeat("some plain words, and more; ", n)),
    text("eyJ", |n| repeat("eyJ", n)),
    text("eyJ-dots", |n| repeat("eyJa.", n)),
    text("eyJ-long", |n| format!("eyJ{}", repeat("ab_-", n))),
    text("base64", |n| repeat("QUJD+/", n)),
    text("hex", |n| repeat("0123456789abcdef", n)),
    text("tags", |n| repeat("<a>", n)),
    text("tags-secret", |n| repeat("<password>", n)),
    text("tags-begun", |n| repeat("<", n)),
    text("pairs", |n| repeat("a=b ", n)),
    text("pairs-secret", |n| repeat("password=", n)),
    text("pairs-secret-2", |n| repeat("password=x ", n)),
    text("pairs-colon", |n| repeat("a: ", n)),
    text("pairs-json", |n| repeat("\"password\":", n)),
    text("pairs-braces", |n| repeat("password={", n)),
    text("pairs-quotes", |n| repeat("password=\"", n)),
    text("pairs-camel", |n| format!("{}=x", repeat("aB", n))),
    text("cookies", |n| repeat("a=b; ", n)),
    text("bearer", |n| repeat("Bearer ", n)),
    text("basic", |n| repeat("Basic YTpi ", n)),
    text("options", |n| repeat("--token ", n)),
    text("options-short", |n| repeat("-u a:b ", n)),
    text("pem", |n| repeat("-----BEGIN", n)),
    text("pem-begun", |n| repeat("-----BEGIN PRIVATE KEY-----\n", n)),
    text("pem-ended", |n| repeat("-----BEGIN A-----x-----END A-----", n)),
    text("urls", |n| repeat("http://a:b@c/?d=e&f#", n)),
    text("urls-begun", |n| repeat("http://", n)),
    text("urls-at", |n| format!("http://{}", repeat("a@", n))),
    text("slashes", |n| repeat("/", n)),
    text("segments", |n| repeat("/reset-password", n)),
    text("matrix", |n| repeat(";a=b", n)),
    text("graphql", |n| repeat("query{a(password:\"x\")}", n)),
    text("graphql-begun", |n| repeat("query(", n)),
    text("printed", |n| repeat("Login { password: \"x\" }, ", n)),
    text("printed-begun", |n| repeat("Some(", n)),
    text("keys-known", |n| repeat("AKIAIOSFODNN7EXAMPLE ghp_ sk_live_ xoxb- ", n)),
    text("digits", |n| repeat("4111 1111 1111 1111 ", n)),
    text("wide", |n| repeat("\u{ff50}", n)),
    text("marks", |n| repeat("\u{301}\u{316}", n)),
    text("invisible", |n| repeat("\u{200b}", n)),
    text("ligatures", |n| repeat("\u{fdfa}", n)),
    // Geometry.
    body("geometry", JSON, |n| {
        format!("{{\"type\":\"LineString\",\"coordinates\":{}}}", list(n, |_| "[1.5,2]".into()))
    }),
    body("geometry-late", JSON, |n| {
        format!("{{\"coordinates\":{},\"type\":\"Point\"}}", list(n, |_| "[1.5,2]".into()))
    }),
    body("geometry-named", JSON, |n| format!("{{\"geom\":{}}}", list(n, |_| "[1,2]".into()))),
    body("geometry-almost", JSON, |n| format!("{{\"geom\":{}}}", list(n, |_| "[1,null]".into()))),
    body("geometry-many", JSON, |n| list(n, |_| "{\"type\":\"Point\",\"coordinates\":[1,2]}".into())),
    body("geometry-wkt", JSON, |n| format!("{{\"geom\":\"POLYGON (({}0 0))\"}}", repeat("0 0, ", n))),
    body("geometry-wkb", JSON, |n| format!("{{\"geom\":\"0103000000{}\"}}", repeat("01000000", n))),
    text("wkt", |n| repeat("POINT (1 2) ", n)),
];

/// As often as makes about so many bytes.
fn repeat(unit: &str, bytes: usize) -> String {
    unit.repeat(bytes / unit.len())
}

fn fill(bytes: usize, unit: impl Fn(usize) -> String) -> String {
    let mut out = String::with_capacity(bytes + 64);
    let mut index = 0;
    while out.len() < bytes {
        out.push_str(&unit(index));
        index += 1;
    }
    out
}

/// What stands between commas.
fn members(bytes: usize, unit: impl Fn(usize) -> String) -> String {
    let mut out = fill(bytes, |index| unit(index) + ",");
    out.pop();
    out
}

fn object(bytes: usize, member: impl Fn(usize) -> String) -> String {
    format!("{{{}}}", members(bytes, member))
}

fn list(bytes: usize, item: impl Fn(usize) -> String) -> String {
    format!("[{}]", members(bytes, item))
}

/// A document in a string of a document and so on, as deep as the bytes reach: each level doubles the backslashes.
fn embedded_deep(bytes: usize) -> String {
    let mut document = r#"{"password":"x"}"#.to_owned();
    loop {
        let outer = serde_json::json!({ "a": document }).to_string();
        if outer.len() > bytes && document.len() > 16 {
            return document;
        }
        document = outer;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_texts_as_long_as_asked_for() {
        let mut names = HashSet::new();
        for case in CASES {
            assert!(names.insert(case.name), "{}", case.name);
            let length = (case.text)(10_000).len();
            // A document in a document is as long as its last whole level.
            let least = if case.name == "embedded-deep" { 2_000 } else { 9_900 };
            assert!((least..10_600).contains(&length), "{}: {length}", case.name);
        }
    }
}

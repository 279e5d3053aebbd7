use super::*;
use crate::redact::fit::fit_prefix;
use crate::vocabulary::Mode;

/// The body as it comes in pieces of any size; a page that was cut is as it stands then.
fn written(body: &str, cut: bool) -> Result<String, Reason> {
    let whole = written_in(body, cut, body.len().max(1));
    for size in [1, 2, 3, 7] {
        assert_eq!(written_in(body, cut, size), whole, "{body} in pieces of {size}");
    }
    whole
}

fn written_in(body: &str, cut: bool, size: usize) -> Result<String, Reason> {
    let names = Names::new(&[], &[]);
    let (mut page, mut document, mut multipart) = (Page::default(), Document::default(), Multipart::new("B"));
    page.begin(Mode::Compact, 100_000, 100_000, false);
    body.as_bytes().chunks(size).try_for_each(|chunk| multipart.feed(&names, &mut page, &mut document, chunk))?;
    multipart.end(&mut page, !cut)?;
    Ok(String::from_utf8(fit_prefix(&page.out, 100_000)).unwrap())
}

fn field(header: &str, content: &str) -> String {
    format!("--B\r\n{header}\r\n\r\n{content}\r\n")
}

#[test]
fn fields_are_named_and_files_described() {
    let body = [
        field("Content-Disposition: form-data; name=\"user\"", "bob\r\nline"),
        field("content-disposition: FORM-DATA; NAME=\"user[password]\"", "x"),
        field("Content-Disposition: form-data; name*=UTF-8''pass%77ord", "x"),
        field("Content-Disposition: form-data; name=\"x\"; name=\"pin\"", "x"),
        field("Content-Disposition: form-data; name=\"y\"; name*=UTF-8''p%69n", "x"),
        field("Content-Disposition: form-data; name=\"meta\"\r\nContent-Type: application/json", "{\"token\": \"x\"}"),
        field("Content-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\nContent-Type: text/plain", "xxxxx"),
        field("Content-Disposition: form-data;\r\n name=\"geom\"", "POINT(1 2)"),
        "--B--\r\nepilogue".to_owned(),
    ]
    .concat();
    assert_eq!(
        written(&format!("preamble\r\n{body}"), false).unwrap(),
        r#"{"user":"bob\r\nline","user[password]":"[FILTERED]","password":"[FILTERED]","x":"[FILTERED]","y":"[FILTERED]","meta":{"token":"[FILTERED]"},"f":{"filename":"a.txt","content_type":"text/plain","bytes":5},"geom":"[GEOMETRY_FILTERED]"}"#
    );
}

#[test]
fn what_cannot_be_read_is_described() {
    let body = [
        field("Content-Disposition: form-data; name=\"a\"\r\nContent-Type: application/json", "{broken"),
        field("Content-Disposition: form-data; name=\"b\"\r\nContent-Transfer-Encoding: base64", "eA=="),
        field("X: y", "no name"),
        "--B--".to_owned(),
    ]
    .concat();
    assert_eq!(
        written(&body, false).unwrap(),
        r#"{"a":{"content_type":"application/json","bytes":7},"b":{"bytes":4},"part":{"bytes":7}}"#
    );
}

#[test]
fn invalid_bodies_are_refused() {
    for body in [
        "",
        "text",
        "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx",
        "--B\r\nnot a header\r\n\r\nx\r\n--B--",
    ] {
        assert_eq!(written(body, false).unwrap_err(), Reason::NotMultipart, "{body}");
    }
}

#[test]
fn a_part_that_was_cut_is_left_out() {
    let body = field("Content-Disposition: form-data; name=\"a\"", "1")
        + &field("Content-Disposition: form-data; name=\"b\"", "canary")
        + "--B--\r\n";
    // What looks like a boundary at the cut may be the beginning of another line.
    assert_eq!(written(body.split_inclusive("--B").take(2).collect::<String>().as_str(), true).unwrap(), "{}");
    for end in 0..body.len() {
        let shown = written(body.get(..end).unwrap(), true).unwrap();
        assert!(shown == "{}" || shown == r#"{"a":"1"}"# || shown == r#"{"a":"1","b":"canary"}"#, "{end}: {shown}");
    }
}

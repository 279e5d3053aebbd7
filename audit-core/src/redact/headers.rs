//! Headers and cookies: an object of strings, names as received, values by name and by shape.

use std::borrow::Cow;

use super::document::{Keys, Object};
use super::page::Page;
use super::{FILTERED, class::Class, names::Names, shapes};

/// Attributes of `Set-Cookie` (RFC 6265bis and CHIPS): not secret, and worth having as evidence.
const ATTRIBUTES: &[&str] =
    &["expires", "max-age", "domain", "path", "secure", "httponly", "samesite", "partitioned", "priority"];

/// A longer name of a cookie, or an item of a subprotocol list, is taken for a secret.
const MAX_NAME: usize = 64;

/// Appends the headers as an object.
pub(super) fn write<'h>(page: &mut Page, names: &Names, headers: impl Iterator<Item = (&'h str, &'h [u8])>) {
    let (mut keys, mut object) = (Keys::default(), Object::default());
    page.out.push(b'{');
    for (name, value) in headers {
        if !page.has_room(0) {
            return;
        }
        let common = names.common_header(name);
        // Checked first, for finding what is no text takes far longer than finding that all is.
        let value = std::str::from_utf8(value).map_or_else(|_| String::from_utf8_lossy(value), Cow::Borrowed);
        let class = common.unwrap_or_else(|| names.classify_header(name));
        let shown = if name.eq_ignore_ascii_case("cookie") {
            Some(cookies(names, &value))
        } else if name.eq_ignore_ascii_case("set-cookie") {
            Some(set_cookie(names, &value))
        } else if name.eq_ignore_ascii_case("sec-websocket-protocol") && !class.is_sensitive() {
            Some(subprotocols(names, &value))
        } else {
            None
        };
        let (member, hidden) = (page.out.len(), page.redacted);
        if page.removes() && shown.is_none() && !class.keeps_text(&value) {
            page.remove(member, hidden);
            continue;
        }
        page.comma();
        page.name(names, &mut keys, &mut object, name, common.is_some());
        match shown {
            Some((shown, hidden)) => page.safe_text(&shown, hidden),
            None => page.text(names, &value, class, false),
        }
    }
    page.out.push(b'}');
}

/// Each cookie with its name and no value: which cookies were sent is evidence, what they say is not.
fn cookies(names: &Names, value: &str) -> (String, u32) {
    let mut shown = String::with_capacity(value.len());
    let mut hidden = 0;
    for cookie in value.split(';').map(str::trim).filter(|cookie| !cookie.is_empty()) {
        if hidden > 0 {
            shown.push_str("; ");
        }
        hidden += 1;
        push_without_value(names, cookie, &mut shown);
    }
    (shown, hidden)
}

fn push_without_value(names: &Names, cookie: &str, shown: &mut String) {
    if let Some((name, _)) = cookie.split_once('=')
        && name.len() <= MAX_NAME
        && shapes::is_clean(names, name)
    {
        shown.push_str(name);
        shown.push('=');
    }
    shown.push_str(FILTERED);
}

fn set_cookie(names: &Names, value: &str) -> (String, u32) {
    let mut parts = value.split(';').map(str::trim);
    let mut shown = String::with_capacity(value.len());
    push_without_value(names, parts.next().unwrap_or_default(), &mut shown);
    let mut hidden = 1;
    for part in parts {
        let name = part.split_once('=').map_or(part, |(name, _)| name);
        let is_attribute = ATTRIBUTES.iter().any(|known| name.eq_ignore_ascii_case(known));
        shown.push_str("; ");
        if is_attribute && part.len() <= 2 * MAX_NAME && shapes::is_clean(names, part) {
            shown.push_str(part);
        } else {
            shown.push_str(FILTERED);
            hidden += 1;
        }
    }
    (shown, hidden)
}

/// Browsers cannot set headers on a WebSocket, so clients carry their token as a subprotocol.
fn subprotocols(names: &Names, value: &str) -> (String, u32) {
    let mut hidden = 0;
    let mut follows_secret = false;
    let shown: Vec<&str> = value
        .split(',')
        .map(str::trim)
        .map(|item| {
            let is_named = names.classify(item) != Class::Plain;
            let is_secret = is_named || follows_secret || item.len() > MAX_NAME || !shapes::is_clean(names, item);
            // `access_token, <token>`: the name is an item of its own.
            follows_secret = is_named && item.bytes().all(|byte| byte.is_ascii_alphabetic() || b"-_.".contains(&byte));
            hidden += u32::from(is_secret);
            if is_secret { FILTERED } else { item }
        })
        .collect();
    (shown.join(", "), hidden)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::Mode;

    #[test]
    fn what_is_known_of_common_headers_is_what_would_be_found_out() {
        let names = Names::new(&["forwarded".to_owned()], &["Accept".to_owned()]);
        for name in super::super::word_list::COMMON_HEADERS {
            assert_eq!(names.common_header(name), Some(names.classify_header(&name.to_uppercase())), "{name}");
            assert!(shapes::is_clean(&names, name), "{name}");
        }
        assert_eq!(names.classify_header("x-forwarded-for"), Class::Secret);
        assert_eq!(names.classify_header("accept"), Class::Secret);
    }

    fn written(headers: &[(&str, &[u8])]) -> String {
        let names = Names::new(&[], &[]);
        let mut page = Page::default();
        page.begin(Mode::Full, usize::MAX, usize::MAX, false);
        write(&mut page, &names, headers.iter().copied());
        String::from_utf8(page.out).unwrap()
    }

    #[test]
    fn secret_headers_keep_their_name() {
        assert_eq!(
            written(&[
                ("authorization", b"Bearer x"),
                ("accept", b"*/*"),
                ("accept", b"a/b"),
                ("x-api-key", b"\xff\xfex")
            ]),
            r#"{"authorization":"[FILTERED]","accept":"*/*","accept#2":"a/b","x-api-key":"[FILTERED]"}"#
        );
        assert_eq!(
            written(&[("referer", b"https://h/?token=x&y=1")]),
            r#"{"referer":"https://h/?token=[FILTERED]&y=1"}"#
        );
    }

    #[test]
    fn cookies_keep_their_names_and_attributes() {
        assert_eq!(
            written(&[("Cookie", b"sid=x; theme=dark; bare")]),
            r#"{"Cookie":"sid=[FILTERED]; theme=[FILTERED]; [FILTERED]"}"#
        );
        assert_eq!(
            written(&[("set-cookie", b"sid=x=y; HttpOnly; Path=/; odd=1")]),
            r#"{"set-cookie":"sid=[FILTERED]; HttpOnly; Path=/; [FILTERED]"}"#
        );
    }

    #[test]
    fn tokens_among_subprotocols_go() {
        assert_eq!(
            written(&[("sec-websocket-protocol", b"base64url.bearer.authorization.k8s.io.x, kept.proto")]),
            r#"{"sec-websocket-protocol":"[FILTERED], kept.proto"}"#
        );
        assert_eq!(
            written(&[("sec-websocket-protocol", b"access_token, x, soap")]),
            r#"{"sec-websocket-protocol":"[FILTERED], [FILTERED], soap"}"#
        );
        assert_eq!(
            written(&[("sec-websocket-protocol", b"graphql-ws, soap")]),
            r#"{"sec-websocket-protocol":"graphql-ws, soap"}"#
        );
    }
}

//! A request's path as a careful reader would understand it.
//!
//! Frameworks match paths as they arrive, so `/health/../api` and `/app//core` are other paths to them than they seem.
//! The normal form is for deciding only, never for a record: it is more eager than any framework, so that what it
//! hides can only make a record more likely (see [`Policy`](super::Policy)).

use std::borrow::Cow;

/// The path in normal form: begins with `/`, and ends with one only as the root; no empty, `.` or `..` segments; no
/// `;parameters`; unreserved characters (RFC 3986, 2.3) and `/` not percent-encoded, hexadecimal digits in upper case,
/// a stray `%` written `%25`. Idempotent; borrows when there is nothing to do but a trailing slash.
///
/// `%2F` counts as `/`, for a server or proxy that decodes it would see the segments `..%2F` hides. `%25` is never
/// decoded: `%252F` is `%2F` to whoever decodes once, and decoding twice would not come to an end.
pub(crate) fn normalise(path: &str) -> Cow<'_, str> {
    if is_plain(path) {
        return Cow::Borrowed(match path.strip_suffix('/') {
            None | Some("") => path,
            Some(shorter) => shorter,
        });
    }
    let decoded = decode(path);
    let mut normal = String::with_capacity(decoded.len() + 1);
    for segment in segments(&decoded) {
        match segment {
            "" | "." => {}
            ".." => normal.truncate(normal.rfind('/').unwrap_or(0)),
            _ => {
                normal.push('/');
                normal.push_str(segment);
            }
        }
    }
    if normal.is_empty() {
        normal.push('/');
    }
    Cow::Owned(normal)
}

/// Whether a segment of the path is `..`, in whatever disguise.
pub(super) fn climbs(path: &str) -> bool {
    !is_plain(path) && segments(&decode(path)).any(|segment| segment == "..")
}

/// Whether the path is in normal form but for a trailing slash. May say no without need; a dot after a slash is rare.
fn is_plain(path: &str) -> bool {
    let bytes = path.as_bytes();
    bytes.first() == Some(&b'/')
        && !bytes.iter().any(|byte| matches!(byte, b'%' | b';'))
        && !bytes.windows(2).any(|pair| matches!(pair, b"//" | b"/."))
}

fn segments(decoded: &str) -> impl Iterator<Item = &str> {
    decoded.split('/').map(|segment| segment.split_once(';').map_or(segment, |(name, _)| name))
}

fn decode(path: &str) -> Cow<'_, str> {
    let mut pieces = path.split('%');
    let first = pieces.next().unwrap_or_default();
    if first.len() == path.len() {
        return Cow::Borrowed(path);
    }
    let mut decoded = String::with_capacity(path.len());
    decoded.push_str(first);
    for piece in pieces {
        // `get` is `None` too when the second byte is inside a character.
        match piece.split_at_checked(2) {
            Some((digits, rest)) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                match u8::from_str_radix(digits, 16).map(char::from) {
                    Ok(c) if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '/') => decoded.push(c),
                    _ => {
                        decoded.push('%');
                        decoded.push_str(&digits.to_ascii_uppercase());
                    }
                }
                decoded.push_str(rest);
            }
            // Left as it is, `%%32F` would become `%2F`, and something else when read again.
            _ => {
                decoded.push_str("%25");
                decoded.push_str(piece);
            }
        }
    }
    Cow::Owned(decoded)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Paths made of what matters here, more often than chance would.
    pub(in super::super) fn paths() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            prop::sample::select(vec![
                "/", "/", "/", "//", "health", "healthz", "api", "app", "static", "v1", ".", "..", "%2e", "%2E%2e",
                "%2f", "%2F", "..%2f", ";", ";x=..", "..;y", "%", "%%", "%2", "%25", "32", "%c3%a9", "é", "a", "%3B",
                "%252f",
            ])
            .prop_map(str::to_owned),
            ".{0,3}",
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    #[test]
    fn normal_forms() {
        for (path, normal) in [
            ("", "/"),
            ("/", "/"),
            ("//", "/"),
            ("*", "/*"),
            ("/a", "/a"),
            ("/a/", "/a"),
            ("/a//b///", "/a/b"),
            ("/a/./b/../c", "/a/c"),
            ("/../../a", "/a"),
            ("/a/%2e%2E/b", "/b"),
            ("/a/..%2fb", "/b"),
            ("/%61pi/%7Euser", "/api/~user"),
            ("/a%2fb", "/a/b"),
            ("/a%252fb", "/a%252fb"),
            ("/a%20b/%c3%a9", "/a%20b/%C3%A9"),
            ("/a;v=1/b;c", "/a/b"),
            ("/a/..;x/b", "/b"),
            ("/a%3Bb", "/a%3Bb"),
            ("/100%", "/100%25"),
            ("/%%32F", "/%252F"),
            ("/%2%46", "/%252F"),
            ("/%+5", "/%25+5"),
            ("/%é", "/%25é"),
            ("/.well-known/x", "/.well-known/x"),
            ("/a/...", "/a/..."),
        ] {
            assert_eq!(normalise(path), normal, "{path}");
        }
    }

    #[test]
    fn plain_paths_are_borrowed() {
        for path in ["/", "/api/v1/layers", "/api/v1/layers/", "/a.b/c-d/{id}"] {
            assert!(matches!(normalise(path), Cow::Borrowed(_)), "{path}");
        }
    }

    #[test]
    fn climbing_is_seen_through_disguises() {
        for path in ["/a/..", "/a/../b", "/%2e./b", "/a/..%2Fb", "/a/..;x/b", "../a"] {
            assert!(climbs(path), "{path}");
        }
        for path in ["/a", "/a..b", "/a/...", "/a/%252e%252e/b", "/a;../b", "/.a"] {
            assert!(!climbs(path), "{path}");
        }
    }

    proptest! {
        #[test]
        fn normalising_again_changes_nothing(path in paths()) {
            let once = normalise(&path).into_owned();
            prop_assert_eq!(normalise(&once), once.as_str());
        }

        #[test]
        fn the_normal_form_is_normal(path in paths()) {
            let normal = normalise(&path);
            prop_assert!(normal.starts_with('/') && !normal.contains(';'));
            prop_assert!(normal == "/" || normal.split('/').skip(1).all(|segment| !matches!(segment, "" | "." | "..")));
            prop_assert!(!climbs(&normal));
        }
    }
}

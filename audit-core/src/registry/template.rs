//! One form for the templates of every framework.

use std::borrow::Cow;

/// A framework's route template in the one form that records, declarations and settings know: `{name}` for a
/// parameter, `{*name}` for one that takes the rest of the path.
///
/// That is axum's form, which is given back as it is. Of the others:
///
/// | written | | becomes |
/// |---|---|---|
/// | `/<id>` `/<path..>` `/<_>` `/<_..>` | rocket | `/{id}` `/{*path}` `/{_}` `/{*_}` |
/// | `/<id>?<page>` | rocket | `/{id}`: a query is no part of the template |
/// | `/{id:\d+}` | actix-web | `/{id}` |
/// | `/{name}.{ext:[a-z]{2,3}}` | actix-web | `/{name}.{ext}` |
/// | `/{tail}*` `/{tail:.*}` `/{tail:.+}`, at the end | actix-web | `/{*tail}` |
///
/// For adapters. `{{` and `}}` outside a parameter are braces of the path itself, adjacent slashes stay, and what is not
/// understood, such as a brace that is never closed, is left as it is. Nothing panics. The time is linear, and
/// nothing is allocated unless something changes other than the end.
///
/// ```
/// use audit_core::registry::template;
///
/// assert_eq!(template("/layers/<id>/<rest..>?<page>"), "/layers/{id}/{*rest}");
/// assert_eq!(template(r"/v{major:\d+}.{minor:\d+}"), "/v{major}.{minor}");
/// ```
#[must_use]
pub fn template(text: &str) -> Cow<'_, str> {
    let mut written: Option<String> = None;
    let mut rest = text;
    let mut segment_begins = true;
    while let Some(first) = rest.chars().next() {
        if first == '?' {
            break;
        }
        let piece = Piece::of(rest, first, segment_begins);
        let (source, after) = rest.split_at(piece.bytes());
        match piece {
            Piece::Parameter { name, takes_rest, .. } => {
                let before = || text.split_at(text.len() - rest.len()).0.to_owned();
                let written = written.get_or_insert_with(before);
                written.push_str(if takes_rest { "{*" } else { "{" });
                written.push_str(name);
                written.push('}');
            }
            Piece::Verbatim { .. } => {
                if let Some(written) = &mut written {
                    written.push_str(source);
                }
            }
        }
        segment_begins = source.ends_with('/');
        rest = after;
    }
    written.map_or_else(|| Cow::Borrowed(text.split_at(text.len() - rest.len()).0), Cow::Owned)
}

/// How a text goes on.
enum Piece<'a> {
    /// As it is.
    Verbatim { bytes: usize },
    /// With a parameter that is written another way.
    Parameter { name: &'a str, takes_rest: bool, bytes: usize },
}

impl<'a> Piece<'a> {
    /// The next piece of a text that begins with `first`.
    fn of(rest: &'a str, first: char, segment_begins: bool) -> Self {
        let other = match first {
            '<' if segment_begins => Self::segment(rest),
            '{' if rest.starts_with("{{") => Some(Self::Verbatim { bytes: 2 }),
            // One that is never closed makes what follows it unreadable.
            '{' => Some(Self::braces(rest).unwrap_or(Self::Verbatim { bytes: rest.len() })),
            _ => None,
        };
        other.unwrap_or(Self::Verbatim { bytes: first.len_utf8() })
    }

    /// Rocket's `<name>` and `<name..>`: a whole segment.
    fn segment(rest: &'a str) -> Option<Self> {
        let (segment, _) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let inside = segment.strip_prefix('<')?.strip_suffix('>')?;
        let (name, takes_rest) = inside.strip_suffix("..").map_or((inside, false), |name| (name, true));
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        is_name.then_some(Self::Parameter { name, takes_rest, bytes: segment.len() })
    }

    /// `{name}`, and actix-web's `{name:regex}` and `{name}*`; braces of the regex come in pairs. `None`: never closed.
    fn braces(rest: &'a str) -> Option<Self> {
        let mut depth = 0_usize;
        let (close, _) = rest.char_indices().find(|(_, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            depth == 0
        })?;
        let (parameter, after) = rest.split_at(close + 1);
        let inside = parameter.strip_prefix('{')?.strip_suffix('}')?;
        let (name, regex) = inside.split_once(':').map_or((inside, None), |(name, regex)| (name, Some(regex)));
        let is_last = |text: &str| text.is_empty() || text.starts_with('?');
        let star = after.strip_prefix('*').is_some_and(is_last);
        let takes_rest = star || matches!(regex, Some(".*" | ".+")) && is_last(after);
        let is_name = !name.is_empty() && !name.contains(['{', '}', '*', '/', '?']);
        if !is_name || (regex.is_none() && !takes_rest) {
            return Some(Self::Verbatim { bytes: parameter.len() });
        }
        Some(Self::Parameter { name, takes_rest, bytes: parameter.len() + usize::from(star) })
    }

    const fn bytes(&self) -> usize {
        match self {
            Self::Verbatim { bytes } | Self::Parameter { bytes, .. } => *bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_framework_is_told_in_one_form() {
        for (written, expected) in [
            // rocket
            ("/<id>", "/{id}"),
            ("/layers/<id>/<rest..>", "/layers/{id}/{*rest}"),
            ("/<_>/x/<_..>", "/{_}/x/{*_}"),
            ("/<id>?<q>&<r..>", "/{id}"),
            ("/x?<q>", "/x"),
            ("/?a", "/"),
            // actix-web
            (r"/{id:\d+}", "/{id}"),
            ("/{id:[[:digit:]]{6}}/x", "/{id}/x"),
            ("/{id:a?}/x?y", "/{id}/x"),
            ("/{id:[^/]+}", "/{id}"),
            ("/{tail:.*}", "/{*tail}"),
            ("/{tail:.+}", "/{*tail}"),
            ("/{tail}*", "/{*tail}"),
            ("/f-{tail}*", "/f-{*tail}"),
            ("/{a:.*}/b", "/{a}/b"),
            ("/{a}*/b", "/{a}*/b"),
            (r"/v{major:\d+}.{minor:\d+}", "/v{major}.{minor}"),
            ("/{name}.{ext:[a-z]{2,3}}", "/{name}.{ext}"),
            ("/x//{id:a}", "/x//{id}"),
            ("/{{a/{id:b}", "/{{a/{id}"),
            (r"/créer/{id:\d+}/é", "/créer/{id}/é"),
        ] {
            assert_eq!(template(written), expected, "{written}");
        }
    }

    #[test]
    fn what_is_in_that_form_or_not_understood_is_left_and_borrowed() {
        for text in [
            "",
            "/",
            "/layers/{id}/{*rest}",
            "/v{major}.{minor}",
            "/items:batch",
            "/a/{{b}}/{c}",
            "/{{{b}}}",
            "/{{a:b}}",
            "//a//",
            "*",
            "/files/*",
            "/{",
            "/}",
            "/{}",
            "/{:x}",
            "/{*a}*",
            "/{a{b}:c}",
            "/{a:{b}",
            "/{a?b",
            "/<>",
            "/<..>",
            "/<a",
            "/<a>b",
            "/b<a>",
            "/<a b>",
            "/<a:b>",
        ] {
            assert!(matches!(template(text), Cow::Borrowed(left) if left == text), "{text}: {}", template(text));
        }
        assert!(matches!(template("/x?y"), Cow::Borrowed("/x")));
    }

    proptest! {
        #[test]
        fn any_text_is_told_once_and_for_all(text in r"[</>{}:.*?a_é\\+-]{0,24}|\PC{0,24}") {
            let once = template(&text);
            prop_assert!(once.len() <= text.len());
            let again = template(&once).into_owned();
            prop_assert_eq!(again, once.into_owned());
        }

        /// What a mount is found by: a prefix of whole segments changes nothing after it.
        #[test]
        fn a_prefix_leaves_what_follows_it(
            prefix in r"(/<a>|/\{a\}|/\{a:[0-9]\{2\}\}|/a\{b\}\.\{c:\.\+\}|/x|/){0,3}",
            mount in r"/[</>{}:.*?a_\\+-]{0,16}",
        ) {
            let whole = template(&format!("{prefix}{mount}")).into_owned();
            prop_assert!(whole.ends_with(template(&mount).as_ref()), "{} {}", whole, template(&mount));
        }
    }
}

//! The path of a request: segments that its template names as secret, tokens of links where there is no template, matrix
//! parameters, and secrets by shape.
//!
//! A path is kept as received; only what is secret is replaced.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::class::Class;
use super::names::Names;
use super::{FILTERED, shapes, words};

/// Words of segments behind which links that can be used once have their token.
const LINKS: &[&str] = &[
    "reset",
    "recover",
    "recovery",
    "invite",
    "invitation",
    "magic",
    "verify",
    "verification",
    "activate",
    "activation",
    "unsubscribe",
];

/// The length of the shortest of them.
const SHORTEST_LINK: usize = {
    let mut shortest = usize::MAX;
    let mut index = 0;
    while index < LINKS.len() {
        if LINKS[index].len() < shortest {
            shortest = LINKS[index].len();
        }
        index += 1;
    }
    shortest
};

/// How many segments a word speaks for, and how long the token is at least.
const REACH: usize = 2;
const SHORTEST_TOKEN: usize = 10;

/// What a template says about one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hint {
    Shown,
    Secret,
    /// Any number of segments.
    Tail,
    /// Any number of segments, all of them secret.
    SecretTail,
}

/// Hides the secret segments and parameters of `path`; how many there were.
pub(crate) fn redact<'p>(names: &Names, path: &'p str, template: Option<&str>) -> (Cow<'p, str>, u32) {
    // A template without parameters hides no segment.
    let hints = template.filter(|template| template.contains(['{', '<'])).map(|template| hints(names, template));
    let hints = hints.unwrap_or_default();
    let is_secret = |hint: &Hint| matches!(hint, Hint::Secret | Hint::SecretTail);
    let is_link = template.is_none() && path.split('/').any(is_link_word);
    // What a pattern matches may span segments; each that it touches goes.
    let matches = names.patterns().map(|patterns| patterns.matches(path)).unwrap_or_default();
    if !hints.iter().any(is_secret) && !is_link && matches.is_empty() && is_clean(names, path) {
        return (Cow::Borrowed(path), 0);
    }
    let mut out = String::with_capacity(path.len());
    let mut hidden = 0_u32;
    let count = path.split('/').count();
    let mut in_secret_tail = false;
    // How many segments ago a link was named.
    let mut behind_link = usize::MAX;
    let mut end = 0;
    // Path and template both begin with a slash, so the empty segment before it takes the template's empty one.
    for (index, segment) in path.split('/').enumerate() {
        let start = if index == 0 { 0 } else { end + 1 };
        end = start + segment.len();
        let is_matched = matches.iter().any(|range| range.start < end && start < range.end);
        let hint = hint_at(&hints, index, count);
        // However many segments a secret takes, one marker stands for it.
        if std::mem::replace(&mut in_secret_tail, hint == Hint::SecretTail) && in_secret_tail {
            continue;
        }
        if index > 0 {
            out.push('/');
        }
        behind_link = behind_link.saturating_add(1);
        let is_token = is_link && behind_link <= REACH && is_opaque(segment);
        if is_link && is_link_word(segment) {
            behind_link = 0;
        }
        if hint == Hint::SecretTail || is_token || is_matched || hint == Hint::Secret && !segment.is_empty() {
            out.push_str(FILTERED);
            hidden = hidden.saturating_add(1);
        } else {
            hidden = hidden.saturating_add(push_segment(names, segment, &mut out));
        }
    }
    // A URL in the path, whose userinfo spans what looks like segments.
    if path.contains('@') && path.contains("//") {
        let (swept, more) = shapes::sweep(names, out.strip_prefix('/').unwrap_or(&out));
        if more > 0 {
            out = format!("{}{swept}", if out.starts_with('/') { "/" } else { "" });
            hidden = hidden.saturating_add(more);
        }
    }
    if hidden == 0 { (Cow::Borrowed(path), 0) } else { (Cow::Owned(out), hidden) }
}

/// Whether a segment is a word, or several, that names a link.
fn is_link_word(segment: &str) -> bool {
    segment.len() >= SHORTEST_LINK
        && segment.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_'))
        && words::split(segment, |words| words.iter().any(|word| LINKS.iter().any(|link| link.as_bytes() == word)))
}

/// Whether a segment is no word, number or date that somebody would read.
fn is_opaque(segment: &str) -> bool {
    segment.len() >= SHORTEST_TOKEN
        && segment.bytes().any(|byte| byte.is_ascii_digit())
        && segment.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !Class::Describing.keeps_text(segment)
}

/// Whether a path plainly holds no secret but those that its template names; most do not. What is not plain is looked
/// at more closely, so that a false `false` costs time only.
fn is_clean(names: &Names, path: &str) -> bool {
    let mut segments = path.split('/');
    !path.bytes().any(|byte| matches!(byte, b';' | b'=' | b'%' | b'@'))
        && segments.all(|segment| shapes::is_clean(names, segment))
}

/// The hint for one of `count` segments: what follows a wildcard is counted from the end.
fn hint_at(hints: &[Hint], index: usize, count: usize) -> Hint {
    let is_tail = |hint: &Hint| matches!(hint, Hint::Tail | Hint::SecretTail);
    let Some(tail) = hints.iter().position(is_tail).filter(|tail| index >= *tail) else {
        return hints.get(index).copied().unwrap_or(Hint::Shown);
    };
    let from_end = count - index;
    let behind = hints.len() - tail - 1;
    let at = if from_end <= behind { hints.len() - from_end } else { tail };
    hints.get(at).copied().unwrap_or(Hint::Shown)
}

/// Writes one segment: its matrix parameters by name, the rest by shape.
fn push_segment(names: &Names, segment: &str, out: &mut String) -> u32 {
    let mut hidden = 0_u32;
    for (index, part) in segment.split(';').enumerate() {
        if index > 0 {
            out.push(';');
        }
        match part.split_once('=') {
            Some((name, value)) if !names.classify(name).keeps_text(value) => {
                out.push_str(name);
                out.push('=');
                out.push_str(FILTERED);
                hidden = hidden.saturating_add(1);
            }
            _ => {
                let decoded = percent_decode_str(part).decode_utf8_lossy();
                let is_secret = !shapes::is_clean(names, &decoded);
                out.push_str(if is_secret { FILTERED } else { part });
                hidden = hidden.saturating_add(u32::from(is_secret));
            }
        }
    }
    hidden
}

/// One hint a segment, for the templates of axum (`{id}`, `{*rest}`), actix (`{id:regex}`) and rocket (`<id>`, `<rest..>`).
fn hints(names: &Names, template: &str) -> Vec<Hint> {
    let mut hints = Vec::new();
    let mut hint = Hint::Shown;
    let mut name: Option<String> = None;
    let mut depth = 0_usize;
    for letter in template.chars() {
        match letter {
            '{' | '<' if depth == 0 => {
                depth = 1;
                name = Some(String::new());
            }
            '{' if depth > 0 => depth += 1,
            '}' if depth > 1 => depth -= 1,
            '}' | '>' if depth == 1 => {
                depth = 0;
                hint = stronger(hint, hint_of(names, &name.take().unwrap_or_default()));
            }
            '/' if depth == 0 => hints.push(std::mem::replace(&mut hint, Hint::Shown)),
            letter => {
                if let Some(name) = &mut name {
                    name.push(letter);
                }
            }
        }
    }
    hints.push(hint);
    hints
}

fn hint_of(names: &Names, parameter: &str) -> Hint {
    let (name, pattern) = parameter.split_once(':').unwrap_or((parameter, ""));
    let is_tail = name.starts_with('*') || name.ends_with("..") || pattern.contains(".*") || pattern.contains(".+");
    match (names.classify(name).is_sensitive(), is_tail) {
        (true, true) => Hint::SecretTail,
        (true, false) => Hint::Secret,
        (false, true) => Hint::Tail,
        (false, false) => Hint::Shown,
    }
}

fn stronger(one: Hint, other: Hint) -> Hint {
    match (one, other) {
        (Hint::SecretTail, _) | (_, Hint::SecretTail) => Hint::SecretTail,
        (Hint::Secret, _) | (_, Hint::Secret) => Hint::Secret,
        (Hint::Tail, _) | (_, Hint::Tail) => Hint::Tail,
        (Hint::Shown, Hint::Shown) => Hint::Shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::lists::assert_listed;

    #[test]
    fn the_page_lists_every_word_of_links() {
        assert_listed("Words of links", LINKS.iter().copied());
    }

    fn redacted(path: &str, template: Option<&str>) -> String {
        redact(&Names::new(&[], &[]), path, template).0.into_owned()
    }

    #[test]
    fn the_template_names_the_secret_segments() {
        for (path, template, expected) in [
            ("/reset/x/done", "/reset/{token}/done", "/reset/[FILTERED]/done"),
            ("/reset/x", "/reset/<token>", "/reset/[FILTERED]"),
            ("/reset/x", "/reset/{reset_token:[a-f/]{2,}}", "/reset/[FILTERED]"),
            ("/s/x/y/z", "/s/{*secret}", "/s/[FILTERED]"),
            ("/s/x/y", "/s/<secret..>", "/s/[FILTERED]"),
            ("/f/x.json", "/f/{token}.json", "/f/[FILTERED]"),
            ("/layers/x", "/layers/{name}", "/layers/x"),
            ("/a/b/c/x", "/a/{*rest}", "/a/b/c/x"),
            ("/reset/x/", "/reset/{token}", "/reset/[FILTERED]/"),
            ("/a/b/c/x/d", "/a/{rest:.*}/{token}/d", "/a/b/c/[FILTERED]/d"),
            ("/a/x/x/d", "/a/{secret:.*}/d", "/a/[FILTERED]/d"),
        ] {
            assert_eq!(redacted(path, Some(template)), expected, "{template}");
        }
    }

    #[test]
    fn parameters_and_shapes_go_without_a_template() {
        assert_eq!(redacted("/x;jsessionid=a.b;v=1/y", None), "/x;jsessionid=[FILTERED];v=1/y");
        assert_eq!(redacted("/verify/eyJhbGciOiJIUzI1NiJ9.e30.c2ln", None), "/verify/[FILTERED]");
        assert_eq!(redacted("/fetch/https://bob:x@h/p", None), "/fetch/https://bob:[FILTERED]@h/p");
        assert_eq!(redacted("/x/token%3Dabc", None), "/x/[FILTERED]");
    }

    #[test]
    fn tokens_of_links_go_where_no_template_names_them() {
        for (path, expected) in [
            ("/reset-password/Zq7SECRET265x", "/reset-password/[FILTERED]"),
            ("/invite/accept/Zq7SECRET266x/tail", "/invite/accept/[FILTERED]/tail"),
            ("/u/magic_link/a/b/Zq7SECRET266x", "/u/magic_link/a/b/Zq7SECRET266x"),
            ("/reset/2031-07-04/layer-7", "/reset/2031-07-04/layer-7"),
            ("/layers/Zq7SECRET266x", "/layers/Zq7SECRET266x"),
        ] {
            assert_eq!(redacted(path, None), expected);
        }
        assert_eq!(redacted("/verify/Zq7SECRET265x", Some("/verify/{layer}")), "/verify/Zq7SECRET265x");
    }

    #[test]
    fn other_paths_are_lent_as_received() {
        for path in ["/api/v1/tokens/7", "", "/", "//a//b", "/%E4%80", "/a;b=c"] {
            assert!(matches!(redact(&Names::new(&[], &[]), path, Some("/api/{id}")), (Cow::Borrowed(_), 0)), "{path}");
        }
    }
}

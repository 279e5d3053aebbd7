//! `route = "POST /layers/{id}"`, read at compile time.

use syn::LitStr;

use crate::errors::Errors;

/// A method and a template that routers accept.
pub(crate) struct Route {
    pub(crate) method: LitStr,
    pub(crate) template: LitStr,
}

impl Route {
    /// Reads the literal; what is wrong with it becomes an error at the literal.
    pub(crate) fn read(literal: &LitStr, errors: &mut Errors) -> Option<Self> {
        match parts(&literal.value()) {
            Ok((method, template)) => {
                let part = |text: &str| LitStr::new(text, literal.span());
                Some(Self { method: part(method), template: part(template) })
            }
            Err(message) => {
                errors.at(literal.span(), message);
                None
            }
        }
    }
}

fn parts(text: &str) -> Result<(&str, &str), String> {
    const EXAMPLE: &str = "expected a method, one space and a path, such as \"POST /layers/{id}\"";
    let Some((method, path)) = text.split_once(' ') else {
        return Err(format!("the route {text:?} is not complete; {EXAMPLE}"));
    };
    if method.is_empty() || !method.chars().all(|c| c.is_ascii_uppercase()) {
        return Err(format!(
            "the route's method is {method:?}; methods are written in upper-case letters, such as POST"
        ));
    }
    if !path.starts_with('/') {
        return Err(format!("the route's path is {path:?}; it begins with `/`, after one space"));
    }
    if let Some(c) = path.chars().find(|c| matches!(c, '?' | '#') || c.is_whitespace() || c.is_control()) {
        return Err(format!("the route's path holds {c:?}; it is the template alone, without query or fragment"));
    }
    let last = path.split('/').count() - 1;
    let mut names = Vec::new();
    for (index, segment) in path.split('/').enumerate() {
        if let Some(written) = foreign(segment) {
            return Err(format!("the route's `{segment}` is no parameter here; write `{{{written}}}`"));
        }
        let Some(name) = parameter(segment)? else { continue };
        if name.starts_with('*') && index < last {
            return Err(format!("the route's `{{{name}}}` takes the rest of the path, so nothing can follow it"));
        }
        if names.contains(&name) {
            return Err(format!("the route names `{name}` twice"));
        }
        names.push(name);
    }
    Ok((method, path))
}

/// What a segment that is a parameter to other routers (`:id`, `*rest`, `<id>`, `<path..>`) is to this one.
fn foreign(segment: &str) -> Option<String> {
    let is_name = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if let Some(name) = segment.strip_prefix(':') {
        return Some(name).filter(is_name).map(str::to_owned);
    }
    let rest = match segment.strip_prefix('<').and_then(|name| name.strip_suffix('>')) {
        Some(name) => match name.strip_suffix("..") {
            Some(rest) => Some(rest),
            None => return Some(name).filter(is_name).map(str::to_owned),
        },
        None => segment.strip_prefix('*'),
    };
    rest.filter(is_name).map(|name| format!("*{name}"))
}

/// The name between a segment's braces, if it has any; `{{` and `}}` are braces of the path itself.
fn parameter(segment: &str) -> Result<Option<String>, String> {
    let mut found: Option<String> = None;
    let mut inside: Option<String> = None;
    let mut chars = segment.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, &mut inside) {
            ('{' | '}', None) if chars.next_if_eq(&c).is_some() => {}
            (_, None) if found.is_some() => {
                return Err(format!("the route's segment `{segment}` goes on after its parameter"));
            }
            ('{', None) => inside = Some(String::new()),
            ('}', None) => return Err(format!("the route closes a `}}` in `{segment}` that was never opened")),
            ('{', Some(_)) => return Err(format!("the route opens a `{{` inside a parameter, in `{segment}`")),
            ('}', Some(name)) => {
                if name.trim_start_matches('*').is_empty() {
                    return Err(format!("the route's parameter in `{segment}` has no name"));
                }
                found = inside.take();
            }
            (c, Some(name)) => name.push(c),
            (_, None) => {}
        }
    }
    match inside {
        Some(name) => Err(format!("the route never closes `{{{name}`")),
        None => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_and_a_template() {
        for text in [
            "GET /",
            "POST /layers/{id}",
            "PURGE /files/v-{version}/{*path}",
            "GET /a/{{b}}/{c}",
            "GET /a/",
            "GET /créer",
        ] {
            assert_eq!(parts(text), Ok(text.split_once(' ').expect("there is a space")), "{text}");
        }
    }

    #[test]
    fn what_other_routers_write_is_told_as_this_one_writes_it() {
        for (segment, written) in
            [(":id", "id"), ("*rest", "*rest"), ("<id>", "id"), ("<rest..>", "*rest")].map(|(a, b)| (a, Some(b)))
        {
            assert_eq!(foreign(segment).as_deref(), written);
        }
        for segment in ["a:b", "*", ":", "<>", "a*", "{id}", "items:batch"] {
            assert_eq!(foreign(segment), None, "{segment}");
        }
    }

    #[test]
    fn what_no_router_accepts_is_refused() {
        for text in [
            "",
            "POST",
            "/layers",
            "post /layers",
            "POST  /layers",
            "POST layers",
            " POST /layers",
            "POST /layers ",
            "POST /a?b=c",
            "POST /a#b",
            "POST /{",
            "POST /}",
            "POST /{}",
            "POST /{*}",
            "POST /{a",
            "POST /a}",
            "POST /{a{b}}",
            "POST /{a}b",
            "POST /{a}{b}",
            "POST /{*a}/b",
            "POST /{a}/{a}",
            "POST /{a/b}",
            "GET /:id",
            "GET /a/:id/b",
            "GET /*rest",
            "GET /<id>",
            "GET /<rest..>",
        ] {
            assert!(parts(text).is_err(), "{text}");
        }
    }
}

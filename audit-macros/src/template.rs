//! `target = "layer/{name}"`: literal text with placeholders, read at compile time.

use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::{Ident, LitStr, Member, Token};

use crate::errors::Errors;

/// A target whose placeholders are well formed.
pub(crate) struct Template {
    pub(crate) literal: LitStr,
    /// Each distinct placeholder once, in order.
    pub(crate) placeholders: Vec<Placeholder>,
}

/// `{argument}` or `{argument.field}`, at any depth.
pub(crate) struct Placeholder {
    /// As it stands between the braces.
    pub(crate) text: String,
    /// The argument, unraw.
    pub(crate) argument: String,
    pub(crate) fields: Vec<Member>,
}

impl Template {
    /// Reads the literal; what is wrong with it becomes an error at the literal.
    pub(crate) fn read(literal: LitStr, errors: &mut Errors) -> Option<Self> {
        match placeholders(&literal) {
            Ok(placeholders) => Some(Self { literal, placeholders }),
            Err(message) => {
                errors.at(literal.span(), message);
                None
            }
        }
    }
}

fn placeholders(literal: &LitStr) -> Result<Vec<Placeholder>, String> {
    let value = literal.value();
    if value.chars().any(char::is_control) {
        return Err("the target holds a control character".to_owned());
    }
    let kind = value.split('/').next().unwrap_or_default();
    if kind.trim().is_empty() {
        return Err("the target has no type; expected `type` or `type/id`, such as \"layer/{name}\"".to_owned());
    }
    if value.split_once('/').is_some_and(|(_, id)| id.is_empty()) {
        return Err(format!("the target has nothing after `{kind}/`; leave the `/` out if there is only a type"));
    }

    let mut found: Vec<Placeholder> = Vec::new();
    let mut inside: Option<String> = None;
    for c in value.chars() {
        match (c, &mut inside) {
            ('{', None) => inside = Some(String::new()),
            ('{', Some(_)) => return Err("the target opens a `{` inside a placeholder".to_owned()),
            ('}', None) => return Err("the target closes a `}` that was never opened".to_owned()),
            ('}', Some(text)) => {
                if !found.iter().any(|placeholder| placeholder.text == *text) {
                    found.push(placeholder(text, literal)?);
                }
                inside = None;
            }
            (c, Some(text)) => text.push(c),
            (_, None) => {}
        }
    }
    match inside {
        Some(text) => Err(format!("the target never closes `{{{text}`")),
        None => Ok(found),
    }
}

fn placeholder(text: &str, literal: &LitStr) -> Result<Placeholder, String> {
    let unreadable = || format!("`{{{text}}}` in the target is not `{{argument}}` or `{{argument.field}}`");
    // Blanks would be read as nothing, and the text between the braces is the key that the value is looked up by.
    if text.contains(char::is_whitespace) {
        return Err(unreadable());
    }
    let path = |input: syn::parse::ParseStream<'_>| {
        let argument = input.call(Ident::parse_any)?;
        let mut fields = Vec::new();
        while !input.is_empty() {
            input.parse::<Token![.]>()?;
            fields.push(input.parse::<Member>()?);
        }
        Ok((argument, fields))
    };
    // The literal's span on every token, so that a field that does not exist is reported at the target.
    let tokens = text.parse().map_err(|_| unreadable())?;
    let (argument, mut fields) = path.parse2(tokens).map_err(|_| unreadable())?;
    for field in &mut fields {
        match field {
            Member::Named(name) => name.set_span(literal.span()),
            Member::Unnamed(index) => index.span = literal.span(),
        }
    }
    Ok(Placeholder { text: text.to_owned(), argument: argument.unraw().to_string(), fields })
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;

    use super::*;

    fn read(text: &str) -> Result<Vec<(String, usize)>, String> {
        let found = placeholders(&LitStr::new(text, Span::call_site()))?;
        Ok(found.into_iter().map(|placeholder| (placeholder.argument, placeholder.fields.len())).collect())
    }

    #[test]
    fn placeholders_are_read_once_each_with_their_fields() {
        let expected = vec![("name".to_owned(), 0), ("user".to_owned(), 2), ("type".to_owned(), 0)];
        assert_eq!(read("layer/{name}/{user.org.0}/{name}/{type}"), Ok(expected));
        assert_eq!(read("report"), Ok(vec![]));
        assert_eq!(read("report/daily"), Ok(vec![]));
    }

    #[test]
    fn what_is_not_a_placeholder_is_an_error() {
        for text in ["a/{", "a/}", "a/{b", "a/{{b}}", "a/{}", "a/{b:?}", "a/{b()}", "a/{ b }", "a/{b.}", "a/{'b}"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_target_has_a_type_and_no_empty_id() {
        for text in ["", "/", "/{name}", "layer/", "la\nyer", " /x"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}

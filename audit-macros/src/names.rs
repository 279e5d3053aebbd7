//! `redact("iban", notes)` and `keep(id, "layer name")`: names of fields, as identifiers or as texts.

use proc_macro2::{Group, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Ident, LitStr, Token, parenthesized};

use crate::errors::Errors;

/// What the settings refuse in a name, too: it shows that the name is several, or a pattern.
const NOT_IN_NAMES: &[char] = &['"', '\'', '`', '{', '}', '<', '>', '(', ')', '*', '?', '|', '\\', '^', ',', ';'];
const NAME_CHARS: usize = 256;

/// Reads what stands between the parentheses of `argument`; each name that is none is one error at its token.
pub(crate) fn read(argument: &str, group: Group, errors: &mut Errors) -> Vec<LitStr> {
    let parser = |outer: ParseStream<'_>| {
        // With its brackets: where a name ends too early, the closing one is the place.
        let input;
        parenthesized!(input in outer);
        let input = &input;
        let mut names: Vec<LitStr> = Vec::new();
        while !input.is_empty() {
            match name(argument, input) {
                Ok(name) if names.iter().any(|known| known.value() == name.value()) => {
                    errors.at(name.span(), format_args!("`{}` is named twice in `{argument}(..)`", name.value()));
                }
                Ok(name) => names.push(name),
                Err(error) => errors.push(error),
            }
            if !input.is_empty() && !input.peek(Token![,]) {
                errors.push(input.error("expected `,` before the next name"));
                while !input.is_empty() && !input.peek(Token![,]) {
                    input.parse::<TokenTree>()?;
                }
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(names)
    };
    parser.parse2(TokenTree::Group(group).into()).unwrap_or_default()
}

fn name(argument: &str, input: ParseStream<'_>) -> syn::Result<LitStr> {
    let name = if input.peek(LitStr) {
        input.parse::<LitStr>()?
    } else if input.peek(Ident::peek_any) {
        let name = input.call(Ident::parse_any)?;
        LitStr::new(&name.unraw().to_string(), name.span())
    } else {
        let error = input.error("expected the name of a field, such as `iban` or \"iban\"");
        while !input.is_empty() && !input.peek(Token![,]) {
            input.parse::<TokenTree>()?;
        }
        return Err(error);
    };
    let value = name.value();
    // What is hidden is matched by words; what is kept, by whole names.
    let (is_telling, what): (fn(char) -> bool, _) = if argument == "redact" {
        (char::is_alphabetic, "a letter")
    } else {
        (char::is_alphanumeric, "a letter or a digit")
    };
    let is_name = value.chars().any(is_telling)
        && value.chars().count() <= NAME_CHARS
        && !value.contains(|letter: char| letter.is_control() || NOT_IN_NAMES.contains(&letter));
    if is_name {
        return Ok(name);
    }
    Err(syn::Error::new(
        name.span(),
        format_args!(
            "{value:?} is no name of a field; expected one name with {what}, without quotes, braces or wildcards"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use proc_macro2::{Delimiter, TokenStream};
    use quote::quote;

    use super::*;

    fn names(tokens: TokenStream) -> (Vec<String>, usize) {
        let mut errors = Errors::default();
        let names = read("keep", Group::new(Delimiter::Parenthesis, tokens), &mut errors);
        let errors = errors.into_tokens().to_string().matches("compile_error").count();
        (names.iter().map(LitStr::value).collect(), errors)
    }

    #[test]
    fn a_name_is_an_identifier_or_a_text() {
        let expected = ["iban", "notes", "type", "x-ref", "año", "7"].map(str::to_owned).to_vec();
        assert_eq!(names(quote!("iban", notes, r#type, "x-ref", año, "7",)), (expected, 0));
        assert_eq!(names(quote!(type)), (vec!["type".to_owned()], 0));
    }

    #[test]
    fn each_wrong_name_is_one_error() {
        assert_eq!(names(quote!("", "__", _, "a,b", "a*", ok)), (vec!["ok".to_owned()], 5));
        let mut errors = Errors::default();
        let digits = Group::new(Delimiter::Parenthesis, quote!("7", ok));
        assert_eq!(read("redact", digits, &mut errors).len(), 1, "digits are no word");
        assert!(errors.into_tokens().to_string().contains("with a letter, without"));
        assert_eq!(names(quote!(7, "a" + "b", body.title, n = 1, %id, ok)).1, 5);
        assert_eq!(names(quote!(a, "a", r#a)), (vec!["a".to_owned()], 2));
        assert_eq!(names(quote!(a b, c)).1, 1);
    }
}

//! What is written between the attribute's parentheses, read before anything is asked of it.

use proc_macro2::{Group, Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident, Lit, LitStr, Path, Token, token};

use crate::errors::Errors;

/// One argument, in the order written.
pub(crate) struct Argument {
    pub(crate) name: Ident,
    pub(crate) value: Value,
}

/// What follows an argument's name.
pub(crate) enum Value {
    /// `name = "text"`, or a bare first string, which names `action`.
    Text(LitStr),
    /// `crate = path`
    Path(Path),
    /// `actor = expr`
    Expr(Box<Expr>),
    /// `capture(..)`, `redact(..)`, `keep(..)`
    Group(Group),
    /// Of an argument that takes no such value; it is judged by its name.
    Other,
}

/// Reads what can be read; each argument that cannot is one error, and the next is read all the same. A bare string in
/// the first place gives the `positional` argument.
pub(crate) fn read(tokens: TokenStream, positional: Option<&str>, errors: &mut Errors) -> Vec<Argument> {
    let parser = |input: ParseStream<'_>| {
        let mut arguments = Vec::new();
        let mut first = true;
        while !input.is_empty() {
            match argument(input, positional.filter(|_| first)) {
                Ok(argument) => arguments.push(argument),
                Err(error) => errors.push(error),
            }
            first = false;
            if !input.is_empty() && !input.peek(Token![,]) {
                errors.push(input.error("expected `,` before the next argument"));
                if !input.peek(Ident::peek_any) {
                    skip_argument(input)?;
                }
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(arguments)
    };
    parser.parse2(tokens).unwrap_or_else(|error| {
        errors.push(error);
        Vec::new()
    })
}

fn argument(input: ParseStream<'_>, positional: Option<&str>) -> syn::Result<Argument> {
    if input.peek(Lit) {
        return match (input.parse()?, positional) {
            (Lit::Str(text), Some(name)) => {
                Ok(Argument { name: Ident::new(name, text.span()), value: Value::Text(text) })
            }
            (other, Some(name)) => Err(syn::Error::new(other.span(), format_args!("the {name} is a string"))),
            (other, None) => Err(syn::Error::new(
                other.span(),
                "expected `name = value`; only an action may stand bare, and only first",
            )),
        };
    }
    if !input.peek(Ident::peek_any) {
        let error = input.error("expected an argument, such as `target = \"layer/{name}\"`");
        skip_argument(input)?;
        return Err(error);
    }
    let name = input.call(Ident::parse_any)?;
    let value = value(input, &name)?;
    Ok(Argument { name, value })
}

fn value(input: ParseStream<'_>, name: &Ident) -> syn::Result<Value> {
    if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        if name == "crate" && !input.peek(Lit) {
            return input.call(Path::parse_mod_style).map(Value::Path);
        }
        if name == "actor" {
            // On a fork: a bad expression ends at the next comma, wherever reading it stopped.
            let ahead = input.fork();
            let value = ahead.parse();
            match value {
                Ok(_) => input.advance_to(&ahead),
                Err(ref error) => {
                    let last = skip_argument(input)?;
                    if ahead.is_empty() {
                        // Without a place of its own: it would be reported at the whole attribute.
                        let message = error.to_string();
                        return Err(syn::Error::new(last.unwrap_or_else(|| name.span()), message));
                    }
                }
            }
            return value.map(|value| Value::Expr(Box::new(value)));
        }
        if input.peek(LitStr) {
            return input.parse().map(Value::Text);
        }
    } else if input.peek(token::Paren) {
        return input.parse().map(Value::Group);
    }
    skip_argument(input)?;
    Ok(Value::Other)
}

/// Passes over everything up to the next comma, and tells where the last of it stands; commas in brackets are within
/// one token.
fn skip_argument(input: ParseStream<'_>) -> syn::Result<Option<Span>> {
    let mut last = None;
    while !input.is_empty() && !input.peek(Token![,]) {
        last = Some(input.parse::<proc_macro2::TokenTree>()?.span());
    }
    Ok(last)
}

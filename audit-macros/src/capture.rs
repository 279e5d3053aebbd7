//! `capture(name, body.title, n = items.len(), "dotted.key" = expr, %id, ?filter)`: the field syntax of tracing.

use proc_macro2::{Group, TokenTree};
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Expr, Ident, LitStr, Member, Token, UnOp, parenthesized};

use crate::errors::Errors;

/// One value and the key that it is kept under.
pub(crate) struct Field {
    pub(crate) key: LitStr,
    /// The last name of the path that the value is, or empty: the value may be secret by it too.
    pub(crate) source: String,
    pub(crate) form: Form,
    pub(crate) value: Expr,
}

/// How a value becomes what is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// By what its type can do.
    Plain,
    /// `%`
    Display,
    /// `?`
    Debug,
}

/// Reads what stands between the parentheses; each field that cannot be read is one error at its token.
pub(crate) fn read(group: Group, errors: &mut Errors) -> Vec<Field> {
    let parser = |outer: ParseStream<'_>| {
        // With its brackets: where a field ends too early, the closing one is the place.
        let input;
        parenthesized!(input in outer);
        let input = &input;
        let mut fields: Vec<Field> = Vec::new();
        while !input.is_empty() {
            match field(input) {
                Ok(field) if fields.iter().any(|known| known.key.value() == field.key.value()) => {
                    errors.at(field.key.span(), format_args!("`{}` is captured twice", field.key.value()));
                }
                Ok(field) => fields.push(field),
                Err(error) => {
                    errors.push(error);
                    skip_field(input)?;
                }
            }
            if !input.is_empty() && !input.peek(Token![,]) {
                errors.push(input.error("expected `,` before the next field"));
                skip_field(input)?;
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(fields)
    };
    parser.parse2(TokenTree::Group(group).into()).unwrap_or_default()
}

fn field(input: ParseStream<'_>) -> syn::Result<Field> {
    let key = key(input)?;
    let form = if input.parse::<Option<Token![%]>>()?.is_some() {
        Form::Display
    } else if input.parse::<Option<Token![?]>>()?.is_some() {
        Form::Debug
    } else {
        Form::Plain
    };
    if input.is_empty() || input.peek(Token![,]) {
        return Err(input.error("expected a value, such as `name`, `%id` or `n = items.len()`"));
    }
    let value: Expr = input.parse()?;
    if let (None, Form::Display | Form::Debug, Expr::Assign(assign)) = (&key, form, &value) {
        let sign = if form == Form::Display { '%' } else { '?' };
        let example = match (path(&assign.left), path(&assign.right)) {
            (Some(name), Some(value)) => format!("{name} = {sign}{value}"),
            _ => format!("name = {sign}expr"),
        };
        let hint = format!("the `{sign}` stands before the value: write `{example}`");
        return Err(syn::Error::new_spanned(&value, hint));
    }
    let key = match key {
        Some(key) => key,
        None => match path(&value) {
            Some(path) => LitStr::new(&path, value.span()),
            None => return Err(syn::Error::new_spanned(&value, "give it a name: `name = expr`")),
        },
    };
    let source = last_name(&value).unwrap_or_default();
    Ok(Field { key, source, form, value })
}

/// `name =`, `dotted.name =` or `"any text" =`; `None` where none of these stands.
fn key(input: ParseStream<'_>) -> syn::Result<Option<LitStr>> {
    let ahead = input.fork();
    let Ok(key) = dotted_key(&ahead) else { return Ok(None) };
    if !ahead.peek(Token![=]) || ahead.peek(Token![==]) || ahead.peek(Token![=>]) {
        return Ok(None);
    }
    ahead.parse::<Token![=]>()?;
    input.advance_to(&ahead);
    if key.value().trim().is_empty() || key.value().chars().any(char::is_control) {
        return Err(syn::Error::new(key.span(), "the key is empty or holds a control character"));
    }
    Ok(Some(key))
}

fn dotted_key(input: ParseStream<'_>) -> syn::Result<LitStr> {
    if input.peek(LitStr) {
        return input.parse();
    }
    let first = input.call(Ident::parse_any)?;
    let mut key = first.unraw().to_string();
    while input.parse::<Option<Token![.]>>()?.is_some() {
        key.push('.');
        key.push_str(&input.call(Ident::parse_any)?.unraw().to_string());
    }
    Ok(LitStr::new(&key, first.span()))
}

/// `name` or `name.field`, at any depth, as a key says it.
fn path(value: &Expr) -> Option<String> {
    match value {
        Expr::Path(path) if path.attrs.is_empty() => path.path.get_ident().map(|name| name.unraw().to_string()),
        Expr::Field(field) => {
            let member = match &field.member {
                Member::Named(name) => name.unraw().to_string(),
                Member::Unnamed(index) => index.index.to_string(),
            };
            path(&field.base).map(|base| format!("{base}.{member}"))
        }
        // What a macro by example was given.
        Expr::Group(group) => path(&group.expr),
        _ => None,
    }
}

/// `password` of `body.password`, of a borrow of it and the like; a tuple's member has the name of the tuple.
fn last_name(value: &Expr) -> Option<String> {
    match value {
        Expr::Path(path) => path.path.segments.last().map(|segment| segment.ident.unraw().to_string()),
        Expr::Field(field) => match &field.member {
            Member::Named(name) => Some(name.unraw().to_string()),
            Member::Unnamed(_) => last_name(&field.base),
        },
        Expr::Group(group) => last_name(&group.expr),
        Expr::Paren(paren) => last_name(&paren.expr),
        Expr::Reference(reference) => last_name(&reference.expr),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => last_name(&unary.expr),
        _ => None,
    }
}

/// Passes over everything up to the next comma.
fn skip_field(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<proc_macro2::TokenTree>()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proc_macro2::{Delimiter, TokenStream};
    use quote::{ToTokens, quote};

    use super::*;

    fn fields(tokens: TokenStream) -> Vec<(String, Form, String)> {
        let mut errors = Errors::default();
        let fields = read(Group::new(Delimiter::Parenthesis, tokens), &mut errors);
        assert!(errors.is_empty(), "{}", errors.into_tokens());
        let text = |field: &Field| field.value.to_token_stream().to_string().replace(' ', "");
        fields.iter().map(|field| (field.key.value(), field.form, text(field))).collect()
    }

    fn errors(tokens: TokenStream) -> usize {
        let mut errors = Errors::default();
        read(Group::new(Delimiter::Parenthesis, tokens), &mut errors);
        errors.into_tokens().to_string().matches("compile_error").count()
    }

    #[test]
    fn every_form_of_a_field() {
        let found = fields(quote! {
            name, body.title, pair.0.1, self.id, r#type, %id, ?filter, n = items.len(), "dotted.key" = a + b,
            other.key = %f::<A, B>(), last = ?x, same = a == b,
        });
        let expected = [
            ("name", Form::Plain, "name"),
            ("body.title", Form::Plain, "body.title"),
            ("pair.0.1", Form::Plain, "pair.0.1"),
            ("self.id", Form::Plain, "self.id"),
            ("type", Form::Plain, "r#type"),
            ("id", Form::Display, "id"),
            ("filter", Form::Debug, "filter"),
            ("n", Form::Plain, "items.len()"),
            ("dotted.key", Form::Plain, "a+b"),
            ("other.key", Form::Display, "f::<A,B>()"),
            ("last", Form::Debug, "x"),
            ("same", Form::Plain, "a==b"),
        ];
        let found: Vec<_> = found.iter().map(|(key, form, value)| (key.as_str(), *form, value.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_path_tells_what_its_value_is_called() {
        let sources = |tokens: TokenStream| {
            let fields = read(Group::new(Delimiter::Parenthesis, tokens), &mut Errors::default());
            fields.into_iter().map(|field| field.source).collect::<Vec<_>>()
        };
        let found =
            sources(quote!(a = body.password, b = &(*r#token).0, c = TOKEN, d = a::KEY, e = secret.len(), f = 1));
        assert_eq!(found, ["password", "token", "TOKEN", "KEY", "", ""]);
    }

    #[test]
    fn each_wrong_field_is_one_error() {
        assert_eq!(errors(quote!(items.len(), "text", 1 + 2, LIMIT::MAX, ok)), 4);
        assert_eq!(errors(quote!(a, b, a = c)), 1);
        assert_eq!(errors(quote!(n =, %, ok)), 2);
        assert_eq!(errors(quote!("" = a, ok)), 1);
        assert_eq!(errors(quote!(a b, c)), 1);
    }
}

//! The names that a function's arguments bind.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::{FnArg, Ident, Pat, Signature};

/// Every name bound anywhere in the arguments' patterns, `self` included, in order.
pub(crate) fn of(sig: &Signature) -> Vec<Ident> {
    let mut names = Vec::new();
    for input in &sig.inputs {
        match input {
            FnArg::Receiver(receiver) => names.push(Ident::from(receiver.self_token)),
            FnArg::Typed(typed) => collect(&typed.pat, &mut names),
        }
    }
    names
}

/// The binding that a placeholder names: it resolves as the argument does, and is reported at the placeholder.
pub(crate) fn named(names: &[Ident], wanted: &str, at: Span) -> Option<Ident> {
    let found = names.iter().find(|name| name.unraw() == wanted)?;
    let mut binding = found.clone();
    binding.set_span(found.span().located_at(at));
    Some(binding)
}

fn collect(pat: &Pat, names: &mut Vec<Ident>) {
    match pat {
        Pat::Ident(ident) => {
            // `None` and `LIMIT` are patterns too; what begins with a capital letter binds nothing.
            if ident.subpat.is_some() || !ident.ident.to_string().starts_with(char::is_uppercase) {
                names.push(ident.ident.clone());
            }
            if let Some((_, pat)) = &ident.subpat {
                collect(pat, names);
            }
        }
        Pat::Guard(guard) => collect(&guard.pat, names),
        // Each alternative binds the same names.
        Pat::Or(or) => or.cases.iter().take(1).for_each(|pat| collect(pat, names)),
        Pat::Paren(paren) => collect(&paren.pat, names),
        Pat::Reference(reference) => collect(&reference.pat, names),
        Pat::Slice(slice) => slice.elems.iter().for_each(|pat| collect(pat, names)),
        Pat::Struct(fields) => fields.fields.iter().for_each(|field| collect(&field.pat, names)),
        Pat::Tuple(tuple) => tuple.elems.iter().for_each(|pat| collect(pat, names)),
        Pat::TupleStruct(tuple) => tuple.elems.iter().for_each(|pat| collect(pat, names)),
        Pat::Type(typed) => collect(&typed.pat, names),
        // A macro's bindings cannot be seen; the others bind nothing.
        _ => {}
    }
}

/// What to say of a placeholder that names no argument.
pub(crate) fn missing(wanted: &str, names: &[Ident]) -> String {
    let listed: Vec<String> = names.iter().map(|name| name.unraw().to_string()).collect();
    let known =
        if listed.is_empty() { "it binds none".to_owned() } else { format!("arguments: {}", listed.join(", ")) };
    format!("the target names `{wanted}`, but no argument of this function binds `{wanted}` ({known})")
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    fn names(sig: &Signature) -> Vec<String> {
        of(sig).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn names_are_found_in_every_pattern() {
        let sig: Signature = parse_quote! {
            fn f(
                &self, plain: u8, mut changed: u8, Path(inner): Path<u8>, Path((a, (b, _))): Path<(u8, (u8, u8))>,
                Query(Page { from, limit: most, .. }): Query<Page>, [first, rest @ ..]: [u8; 3], &(ref c, None): &X,
                whole @ Point(x): Point, _: u8, r#type: u8
            )
        };
        let expected = [
            "self", "plain", "changed", "inner", "a", "b", "from", "most", "first", "rest", "c", "whole", "x", "r#type",
        ];
        assert_eq!(names(&sig), expected);
    }

    #[test]
    fn a_raw_name_is_named_without_its_mark() {
        let sig: Signature = parse_quote! { fn f(r#type: u8) };
        assert!(named(&of(&sig), "type", Span::call_site()).is_some_and(|binding| binding == "r#type"));
    }
}

//! The function under the attribute.
//!
//! The body is kept as the tokens it was written with: their spans stay the user's, and a body that is being typed
//! still expands, so that an editor can complete in it.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Block, Expr, ExprAsync, ExprCall, FnModifiers, Signature, Stmt, Token, Visibility, token};

/// A function with a body.
pub(crate) struct Function {
    /// Outer attributes, then those that stood at the beginning of the body.
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) modifiers: FnModifiers,
    pub(crate) sig: Signature,
    pub(crate) body: TokenStream,
}

/// What the attribute was put on, if not on a [`Function`].
pub(crate) struct NotAFunction {
    pub(crate) span: Span,
}

/// How the work of a function is done, which decides what is watched.
pub(crate) enum Shape {
    /// `async fn`: the body is the future.
    Async,
    /// `fn`: the body runs when called.
    Sync,
    /// `fn` that ends in `async move { .. }` or `Box::pin(async move { .. })`, as `#[async_trait]` leaves a method: the
    /// work is in that block, and the function is over long before it.
    Future {
        before: Vec<Stmt>,
        /// `Box::pin`, where there is one.
        pin: Option<Box<Expr>>,
        block: ExprAsync,
    },
}

impl Function {
    /// Reads the item; the error says that it is something else.
    pub(crate) fn read(item: TokenStream) -> Result<Self, NotAFunction> {
        let span = item.clone().into_iter().next().map_or_else(Span::call_site, |token| token.span());
        syn::parse2(item).map_err(|_| NotAFunction { span })
    }

    /// How the function does its work.
    pub(crate) fn shape(&self) -> Shape {
        if self.sig.asyncness.is_some() {
            return Shape::Async;
        }
        self.tail_future().unwrap_or(Shape::Sync)
    }

    fn tail_future(&self) -> Option<Shape> {
        let mut before = syn::parse::Parser::parse2(Block::parse_within, self.body.clone()).ok()?;
        let Some(Stmt::Expr(tail, None)) = before.pop() else { return None };
        let (pin, block) = match tail {
            Expr::Async(block) => (None, block),
            Expr::Call(ExprCall { func, mut args, .. }) if args.len() == 1 && is_box_pin(&func) => match args.pop()? {
                Expr::Async(block) => (Some(func), block),
                _ => return None,
            },
            _ => return None,
        };
        Some(Shape::Future { before, pin, block })
    }
}

fn is_box_pin(func: &Expr) -> bool {
    let Expr::Path(func) = func else { return false };
    let mut segments = func.path.segments.iter().rev();
    segments.next().is_some_and(|last| last.ident == "pin") && segments.next().is_some_and(|first| first.ident == "Box")
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let mut modifiers = FnModifiers::default();
        // `default fn` of an unstable feature: kept, for the compiler to judge.
        if input.peek(Token![default]) {
            modifiers.defaultness = Some(input.parse()?);
        }
        let sig = input.parse()?;
        let content;
        syn::braced!(content in input);
        for mut attr in content.call(Attribute::parse_inner)? {
            attr.style = syn::AttrStyle::Outer;
            attrs.push(attr);
        }
        Ok(Self { attrs, vis, modifiers, sig, body: content.parse()? })
    }
}

/// The function as it was, for when its attribute is wrong: other errors in it are still reported.
impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attrs, vis, modifiers, sig, body } = self;
        let default = &modifiers.defaultness;
        for attr in attrs {
            attr.to_tokens(tokens);
        }
        vis.to_tokens(tokens);
        default.to_tokens(tokens);
        sig.to_tokens(tokens);
        token::Brace::default().surround(tokens, |inner| body.to_tokens(inner));
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    fn shape(item: TokenStream) -> Shape {
        Function::read(item).unwrap_or_else(|_| panic!("not a function")).shape()
    }

    #[test]
    fn a_future_at_the_end_is_where_the_work_is() {
        let pinned = shape(quote! {
            fn f(name: String) -> BoxFuture<'static, u8> { let n = name; ::std::boxed::Box::pin(async move { n.len() }) }
        });
        assert!(matches!(pinned, Shape::Future { before, pin: Some(_), .. } if before.len() == 1));
        let bare = shape(quote! { fn f() -> impl Future<Output = u8> { async { 1 } } });
        assert!(matches!(bare, Shape::Future { before, pin: None, .. } if before.is_empty()));
    }

    #[test]
    fn other_functions_do_their_work_when_called() {
        assert!(matches!(shape(quote! { fn f() { let f = async {}; } }), Shape::Sync));
        assert!(matches!(shape(quote! { fn f() { drop(async {}); } }), Shape::Sync));
        assert!(matches!(shape(quote! { fn f() -> X { Box::pin(made_elsewhere()) } }), Shape::Sync));
        assert!(matches!(shape(quote! { fn f() -> X { Pin::new(async {}) } }), Shape::Sync));
        assert!(matches!(shape(quote! { async fn f() { async {} } }), Shape::Async));
    }

    #[test]
    fn a_body_that_is_being_typed_is_a_body() {
        assert!(matches!(shape(quote! { fn f() { self. } }), Shape::Sync));
    }

    #[test]
    fn what_has_no_body_is_not_a_function() {
        for item in [quote! { fn f(); }, quote! { struct S; }, quote! { fn f() {} fn g() {} }, quote! {}] {
            assert!(Function::read(item).is_err());
        }
    }

    #[test]
    fn attributes_within_the_body_move_above_it() {
        let read = Function::read(quote! { #[inline] pub(crate) fn f() { #![allow(unused)] 1 } });
        let written = read.unwrap_or_else(|_| panic!("not a function")).into_token_stream().to_string();
        assert_eq!(written, quote! { #[inline] #[allow(unused)] pub(crate) fn f() { 1 } }.to_string());
    }
}

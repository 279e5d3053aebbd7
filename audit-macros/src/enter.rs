//! The beginning of a call: everything that is read of the arguments while they are still there.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::{VisitMut, visit_expr_mut};
use syn::{Expr, ExprParen, Path, token};

use crate::capture::{Field, Form};
use crate::model::Declaration;

/// Enters the call, names its target, keeps what is captured and names the actor.
pub(crate) fn enter(declared: &Declaration) -> TokenStream {
    let root = &declared.root;
    let call = call();
    let target = declared.target.as_ref().map(|target| {
        let parts = target.template.placeholders.iter().zip(&target.bindings).map(|(placeholder, binding)| {
            let (text, fields) = (&placeholder.text, &placeholder.fields);
            // At the literal, so that a value that cannot be displayed is reported there.
            quote_spanned!(target.template.literal.span()=> (#text, &#binding #(.#fields)*))
        });
        quote! {
            if #call.is_live() {
                #call.target(&[#(#parts),*]);
            }
        }
    });
    let captures = captures(declared);
    let actor = declared.actor.as_ref().map(|actor| {
        let at = at(actor);
        let (root, actor) = (located(root, at), parenthesised(actor));
        quote_spanned!(at=> #call.actor(&|| #root::__private::AsActor::as_actor(&#actor));)
    });
    quote! {
        let #call = #root::__private::Call::enter(&__AUDIT_ENDPOINT);
        #target
        #captures
        #actor
    }
}

/// Adds what is captured. Each value is read in a closure that can be called again, so that reading it can neither
/// take it, nor change it, nor leave the function; and only if there is somebody to read it for.
fn captures(declared: &Declaration) -> Option<TokenStream> {
    let (root, call) = (&declared.root, call());
    let fields = declared.capture.iter().map(|Field { key, source, form, value }| {
        let at = at(value);
        let (root, value) = (located(root, at), parenthesised(value));
        let read = match form {
            Form::Plain => quote_spanned!(at=> (&&&&#root::__private::Capture(&#value)).__audit_capture()),
            Form::Display => quote_spanned!(at=> #root::__private::Captured::display(&#value)),
            Form::Debug => quote_spanned!(at=> #root::__private::Captured::debug(&#value)),
        };
        quote_spanned!(at=> #call.capture(#key, #source, &|| #read);)
    });
    let plain = declared.capture.iter().any(|field| field.form == Form::Plain);
    let traits = plain.then(|| {
        quote! {
            use #root::__private::{CaptureDebug as _, CaptureDisplay as _, CaptureNothing as _, CaptureSerialize as _};
        }
    });
    // Without a field there would be an empty block.
    (!declared.capture.is_empty()).then(|| quote!({ #traits #(#fields)* }))
}

/// Where a user's expression stands, for errors, and of our making, for lints.
fn at(value: &Expr) -> Span {
    Span::mixed_site().located_at(value.span())
}

/// The crate's path as it resolves where it was written, and stands where the user's expression does: the compiler
/// underlines from its first token on.
fn located(root: &Path, at: Span) -> TokenStream {
    let located = |mut token: TokenTree| {
        token.set_span(token.span().located_at(at));
        token
    };
    root.to_token_stream().into_iter().map(located).collect()
}

/// The variable that holds the call.
pub(crate) fn call() -> TokenStream {
    quote_spanned!(Span::mixed_site()=> __audit_call)
}

/// An expression that stays one whatever stands around it. What a macro by example was given is within invisible
/// brackets, which the compiler does not see when we write them.
fn parenthesised(value: &Expr) -> Expr {
    struct Visible;

    impl VisitMut for Visible {
        fn visit_expr_mut(&mut self, expr: &mut Expr) {
            visit_expr_mut(self, expr);
            if let Expr::Group(group) = expr {
                *expr = paren((*group.expr).clone());
            }
        }
    }

    fn paren(expr: Expr) -> Expr {
        // Located, or else the compiler and its lints take the whole attribute for the expression.
        let (attrs, paren_token) = (Vec::new(), token::Paren(at(&expr)));
        Expr::Paren(ExprParen { attrs, paren_token, expr: Box::new(expr) })
    }

    let mut value = value.clone();
    Visible.visit_expr_mut(&mut value);
    match value {
        Expr::Path(_) | Expr::Field(_) | Expr::Paren(_) => value,
        value => paren(value),
    }
}

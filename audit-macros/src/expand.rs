//! The function as the compiler sees it: a static that names it, and its body inside a call that is watched.
//!
//! The body becomes an async block or a closure rather than an inner function, which could see neither `Self` nor the
//! generics of what is around it. Everything else that is written names `<root>::__private` or `::core`; local
//! variables are hygienic, so that no body can see them.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::visit_mut::{VisitMut, visit_type_mut};
use syn::{AssocType, GenericArgument, PathArguments, ReturnType, Signature, Stmt, Type, TypeParamBound, parse_quote};

use crate::enter::{call, enter};
use crate::item::{Function, Shape};
use crate::model::{Declaration, Kind, Target};
use crate::mount::Mount;
use crate::route::Route;

/// Writes the function out.
pub(crate) fn expand(declared: &Declaration, function: &Function) -> TokenStream {
    let Function { attrs, vis, modifiers, sig, body } = function;
    let default = &modifiers.defaultness;
    let endpoint = endpoint(declared, sig);
    let work = match function.shape() {
        Shape::Async => future(declared, output(&sig.output), &quote!(move), body, quote!()),
        Shape::Sync => closure(declared, output(&sig.output), body),
        Shape::Future { before, pin, block } => {
            let Stmts(stmts) = Stmts::of(&block.block.stmts);
            let (attrs, capture) = (&block.attrs, &block.capture);
            let inner = future(declared, future_output(&sig.output), &quote!(#capture), &stmts, quote!(#(#attrs)*));
            let outer = quote!(async move { #inner });
            let tail = pin.map_or_else(|| outer.clone(), |pin| quote!(#pin(#outer)));
            let Stmts(before) = Stmts::of(&before);
            quote!(#before #tail)
        }
    };
    quote! {
        #(#attrs)*
        #vis #default #sig {
            #endpoint
            #work
        }
    }
}

/// The static, known to the linker. It stands inside the body, where a method's `Self` can be seen by its type name.
fn endpoint(declared: &Declaration, sig: &Signature) -> TokenStream {
    let root = &declared.root;
    let function = sig.ident.unraw().to_string();
    let action = match &declared.action {
        Some(action) => quote!(#action),
        None => quote! {{
            const PATH: &::core::primitive::str = ::core::concat!(::core::module_path!(), "::", #function);
            const DOTTED: [::core::primitive::u8; #root::__private::dotted_len(PATH)] =
                #root::__private::dotted(PATH);
            match ::core::str::from_utf8(&DOTTED) {
                ::core::result::Result::Ok(dotted) => dotted,
                ::core::result::Result::Err(_) => PATH,
            }
        }},
    };
    let kind = match &declared.kind {
        Kind::Audited => quote!(Audited),
        Kind::Exempt { reason } => quote!(Exempt { reason: #reason }),
    };
    let target = optional(declared.target.as_ref().map(|Target { template, .. }| {
        let literal = &template.literal;
        quote!(#literal)
    }));
    let mode = optional(declared.mode.as_ref().map(|mode| quote!(#root::__private::Mode::#mode)));
    let delivery = optional(declared.delivery.as_ref().map(|delivery| quote!(#root::__private::Delivery::#delivery)));
    let on = declared.on.as_ref().map_or_else(|| quote!(Always), |on| quote!(#on));
    let route = optional(declared.route.as_ref().map(|Route { method, template }| quote!((#method, #template))));
    let (redact, keep) = (&declared.redact, &declared.keep);
    let mounts = declared.mounts.iter().map(|Mount { method, path }| quote!((#method, #path)));
    // The place of the function's name: attributes of several functions that one macro wrote share theirs.
    let place = sig.ident.span();
    let line = quote_spanned!(place=> ::core::line!());
    let column = quote_spanned!(place=> ::core::column!());
    let file = quote_spanned!(place=> ::core::file!());
    quote! {
        fn __audit_here() {}
        static __AUDIT_ENDPOINT: #root::__private::Endpoint =
            #root::__private::Endpoint::new(#root::__private::Declaration {
                action: #action,
                kind: #root::__private::Kind::#kind,
                target: #target,
                mode: #mode,
                delivery: #delivery,
                on: #root::__private::RecordOn::#on,
                route: #route,
                mounts: &[#(#mounts),*],
                redact: &[#(#redact),*],
                keep: &[#(#keep),*],
                module: ::core::module_path!(),
                function: #function,
                file: #file,
                line: #line,
                column: #column,
                type_name: || #root::__private::type_name_of(&__audit_here),
            });
        #root::__private::inventory::submit! { #root::__private::Registration(&__AUDIT_ENDPOINT) }
    }
}

/// An async body, as the statements of an async function or block.
fn future(
    declared: &Declaration,
    output: Option<Type>,
    capture: &TokenStream,
    body: &TokenStream,
    attrs: TokenStream,
) -> TokenStream {
    let enter = enter(declared);
    let call = call();
    if matches!(output, Some(Type::Never(_))) {
        return quote!(#enter #call.wrap(#attrs async #capture { #body }).await);
    }
    let root = &declared.root;
    // An async block is not told what it gives back; a `return` that never happens tells it.
    let edge = output.filter(|output| !matches!(output, Type::Infer(_))).map(|output| {
        quote! {
            if false {
                return #root::__private::never::<#output>();
            }
        }
    });
    let finish = finish(declared);
    let out = out();
    quote! {
        #enter
        let #out = #call.wrap(#attrs async #capture { #edge #body }).await;
        #finish
    }
}

/// A body that runs when called.
fn closure(declared: &Declaration, output: Option<Type>, body: &TokenStream) -> TokenStream {
    let enter = enter(declared);
    let call = call();
    let returns = output.as_ref().filter(|output| !matches!(output, Type::Infer(_))).map(|output| quote!(-> #output));
    let run = match &returns {
        Some(returns) => quote!(#call.in_scope(move || #returns { #body })),
        None => quote!(#call.in_scope(move || { #body })),
    };
    if matches!(output, Some(Type::Never(_))) {
        return quote!(#enter #run);
    }
    let finish = finish(declared);
    let out = out();
    quote! {
        #enter
        let #out = #run;
        #finish
    }
}

/// Ends the call with what the body gave, and gives it.
fn finish(declared: &Declaration) -> TokenStream {
    let root = &declared.root;
    let (call, out) = (call(), out());
    quote! {
        #call.finish({
            use #root::__private::{ProbeDisplay as _, ProbeError as _, ProbeValue as _};
            (&&&#root::__private::Probe(&#out)).__audit_classify()
        });
        #out
    }
}

fn out() -> TokenStream {
    quote_spanned!(Span::mixed_site()=> __audit_out)
}

fn optional(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// Statements as tokens again.
struct Stmts(TokenStream);

impl Stmts {
    fn of(stmts: &[Stmt]) -> Self {
        Self(quote!(#(#stmts)*))
    }
}

/// The return type as an annotation may repeat it.
fn output(returns: &ReturnType) -> Option<Type> {
    match returns {
        ReturnType::Default => Some(parse_quote!(())),
        ReturnType::Type(_, ty) => Some(repeatable(ty)),
    }
}

/// What the returned future gives: `Output` of a `Future` bound, or the argument of `BoxFuture`; `None` if the type
/// does not say, and then the block is left to itself.
fn future_output(returns: &ReturnType) -> Option<Type> {
    struct Finder(Option<Type>);

    impl VisitMut for Finder {
        fn visit_type_param_bound_mut(&mut self, bound: &mut TypeParamBound) {
            if let TypeParamBound::Trait(bound) = bound
                && let Some(last) = bound.path.segments.last()
                && last.ident == "Future"
                && let PathArguments::AngleBracketed(arguments) = &last.arguments
            {
                self.0 = arguments.args.iter().find_map(|argument| match argument {
                    GenericArgument::AssocType(AssocType { ident, ty, .. }) if ident == "Output" => Some(ty.clone()),
                    _ => None,
                });
            }
        }

        fn visit_type_path_mut(&mut self, path: &mut syn::TypePath) {
            if let Some(last) = path.path.segments.last()
                && (last.ident == "BoxFuture" || last.ident == "LocalBoxFuture")
                && let PathArguments::AngleBracketed(arguments) = &last.arguments
            {
                self.0 = arguments.args.iter().rev().find_map(|argument| match argument {
                    GenericArgument::Type(ty) => Some(ty.clone()),
                    _ => None,
                });
                return;
            }
            syn::visit_mut::visit_type_path_mut(self, path);
        }
    }

    let ReturnType::Type(_, ty) = returns else { return None };
    let mut finder = Finder(None);
    finder.visit_type_mut(&mut ty.as_ref().clone());
    finder.0.as_ref().map(repeatable)
}

/// A type with `_` for every `impl Trait`, which may stand only in a signature, and for every macro, which may hide
/// one.
fn repeatable(ty: &Type) -> Type {
    struct Opaque;

    impl VisitMut for Opaque {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            match ty {
                Type::ImplTrait(_) | Type::Macro(_) => *ty = parse_quote!(_),
                _ => visit_type_mut(self, ty),
            }
        }
    }

    let mut ty = ty.clone();
    Opaque.visit_type_mut(&mut ty);
    ty
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;

    use super::*;

    fn text(ty: Option<Type>) -> String {
        ty.map_or_else(|| "none".to_owned(), |ty| ty.to_token_stream().to_string().replace(' ', ""))
    }

    #[test]
    fn what_may_not_be_repeated_is_inferred() {
        assert_eq!(
            text(output(&parse_quote!(-> Result<impl Into<String>, Box<dyn Error>>))),
            "Result<_,Box<dynError>>"
        );
        assert_eq!(text(output(&parse_quote!(-> (Stream![u8], [u8; 2])))), "(_,[u8;2])");
        assert_eq!(text(output(&ReturnType::Default)), "()");
    }

    /// What stands in the body after the static, without blanks.
    fn work(item: TokenStream) -> String {
        let function = Function::read(item).unwrap_or_else(|_| panic!("not a function"));
        let declared = Declaration::new(parse_quote!(::root));
        let text = expand(&declared, &function).to_string().replace(' ', "");
        text.split_once("Registration(&__AUDIT_ENDPOINT)}").map_or_else(String::new, |(_, work)| work.to_owned())
    }

    #[test]
    fn a_call_begins_where_the_work_does() {
        const ENTER: &str = "let__audit_call=::root::__private::Call::enter(&__AUDIT_ENDPOINT);";
        assert!(
            work(quote!(
                async fn f() {}
            ))
            .starts_with(ENTER)
        );
        assert!(
            work(quote!(
                fn f() {}
            ))
            .starts_with(ENTER)
        );
        let later = work(quote!(
            fn f() -> BoxFuture<'static, u8> {
                Box::pin(async move { 1 })
            }
        ));
        assert!(later.starts_with(&format!("Box::pin(asyncmove{{{ENTER}")), "{later}");
        assert!(later.contains("never::<u8>()"), "{later}");
    }

    #[test]
    fn a_future_tells_its_output() {
        let pinned = parse_quote!(-> Pin<Box<dyn Future<Output = Result<u8, E>> + Send + 'static>>);
        assert_eq!(text(future_output(&pinned)), "Result<u8,E>");
        assert_eq!(text(future_output(&parse_quote!(-> impl std::future::Future<Output = u8> + Send))), "u8");
        assert_eq!(text(future_output(&parse_quote!(-> BoxFuture<'static, u8>))), "u8");
        assert_eq!(text(future_output(&parse_quote!(-> MyFuture))), "none");
    }
}

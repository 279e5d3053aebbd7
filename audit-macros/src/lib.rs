//! The attributes that declare what a handler does: `#[audited]` and `#[audit_exempt]`.
//!
//! Use them through the crate of your framework (`audit_axum::audited`) or through `audit_core::audited`. Each of
//! those exports an entry of its own, which differs from the others only in the crate that its output names, so that
//! an application needs one dependency.
//!
//! What an attribute changes: nothing that a caller can see. Signature, return type, bounds, errors and panics stay;
//! a future that was `Send` still is; the body keeps its spans. The function names itself to the linker, and each call
//! becomes a fact of the request that it runs in.
//!
//! An attribute that is wrong is an error at the argument that is wrong, all errors at once, and the function is left
//! as it was, so that nothing else stops compiling because of it.

mod args;
mod bindings;
mod errors;
mod expand;
mod item;
mod model;
mod template;
mod validate;

use proc_macro::TokenStream;
use quote::quote;

use crate::errors::Errors;
use crate::item::{Function, NotAFunction};
use crate::validate::Attribute;

/// Declares that a function is audited: what it does, and to what.
///
/// On a free function or a method with a body, async or not, in an `impl`, in the `impl` of a trait, or under
/// `#[async_trait]`. Put it **on top** of the other attributes: there it sees all of them. Below them it audits just
/// as well.
///
/// ```
/// use audit_core::audited;
///
/// # struct Layer;
/// #[audited(action = "layer.create", target = "layer/{name}")]
/// async fn create_layer(name: String) -> Result<Layer, std::io::Error> {
///     # let _: String = name;
///     // …
/// #   Ok(Layer)
/// }
/// ```
///
/// An `Err` is noted with its text if its type is `Display`, and without otherwise. Whether the request succeeded is
/// for its status to say.
///
/// A function that is not `async` but ends in `async move { .. }` or `Box::pin(async move { .. })` is watched until
/// that future ends. One that returns a future made elsewhere is taken to be over when it returns.
///
/// # `action`
///
/// What the function does, as `noun.verb`: lower-case letters, digits, `_` and `-`, words joined by dots. A bare string
/// in the first place is the action too. Without one, the action is the function's path, such as
/// `my_crate.layers.create_layer`, which changes when the code moves; a trail that is to be searched wants an explicit
/// one. `audit.gap` and `audit.clock_step` are refused, for the audit writes records of its own under them.
///
/// ```
/// use audit_core::audited;
///
/// #[audited("layer.list")]
/// fn list_layers() -> Vec<String> {
///     Vec::new()
/// }
///
/// #[audited]
/// fn count_layers() -> usize {
///     list_layers().len()
/// }
/// # assert_eq!(count_layers(), 0);
/// ```
///
/// # `target`
///
/// What it is done to: before the first `/` the type, the rest the id. `{name}` is an argument, by any name that the
/// arguments' patterns bind, `self` included; `{name.field}` is a field of one. Each must be `Display`. Values are read
/// before the body runs, and only when a record is to be made.
///
/// ```
/// use audit_core::audited;
///
/// struct Path<T>(T);
/// struct Upload { layer: String }
///
/// #[audited("layer.upload", target = "layer/{workspace}/{upload.layer}")]
/// fn upload(Path(workspace): Path<u32>, upload: Upload) -> String {
///     format!("{} of {workspace}", upload.layer)
/// }
///
/// #[audited("report.build", target = "report")]
/// fn build_report() {}
/// # build_report();
/// # assert_eq!(upload(Path(7), Upload { layer: "roads".to_owned() }), "roads of 7");
/// ```
///
/// # `mode`
///
/// How much a record of this function keeps, whatever the settings say: `basic` (no query, headers or bodies),
/// `compact` (no geometry) or `full`.
///
/// ```
/// use audit_core::audited;
///
/// #[audited("password.change", mode = "basic")]
/// fn change_password() {}
/// # change_password();
/// ```
///
/// # `delivery`
///
/// What the answer waits for: `best_effort`, `buffered` or `strict`. `strict` is not built yet: it compiles, and an
/// auditor in the same program refuses to start.
///
/// ```
/// use audit_core::audited;
///
/// #[audited("tile.read", delivery = "best_effort")]
/// fn read_tile() {}
/// # read_tile();
/// ```
///
/// # `crate`
///
/// The crate to name, where it goes by another name than its own.
///
/// ```
/// use audit_core as my_audit;
///
/// #[my_audit::audited("layer.delete", crate = my_audit)]
/// fn delete_layer() {}
/// # delete_layer();
/// ```
#[proc_macro_attribute]
pub fn audited(args: TokenStream, item: TokenStream) -> TokenStream {
    run(Attribute::Audited, "audit_core", args, item)
}

/// Declares that a handler is deliberately not audited, and why.
///
/// Its requests leave no record, whatever the settings say, and the listing of endpoints shows the reason. The `reason`
/// is required. `crate = path` is as for [`audited`](macro@audited).
///
/// ```
/// use audit_core::audit_exempt;
///
/// #[audit_exempt(reason = "asked by the load balancer every second; changes nothing")]
/// fn health() -> &'static str {
///     "ok"
/// }
/// # assert_eq!(health(), "ok");
/// ```
#[proc_macro_attribute]
pub fn audit_exempt(args: TokenStream, item: TokenStream) -> TokenStream {
    run(Attribute::Exempt, "audit_core", args, item)
}

/// The entries of the adapters. A macro cannot tell through which crate it was imported.
macro_rules! entries {
    ($($root:literal: $audited:ident, $exempt:ident;)+) => {$(
        #[doc(hidden)]
        #[proc_macro_attribute]
        pub fn $audited(args: TokenStream, item: TokenStream) -> TokenStream {
            run(Attribute::Audited, $root, args, item)
        }

        #[doc(hidden)]
        #[proc_macro_attribute]
        pub fn $exempt(args: TokenStream, item: TokenStream) -> TokenStream {
            run(Attribute::Exempt, $root, args, item)
        }
    )+};
}

entries! {
    "audit_axum": audited_axum, audit_exempt_axum;
    "audit_actix": audited_actix, audit_exempt_actix;
    "audit_rocket": audited_rocket, audit_exempt_rocket;
}

/// Parse, model, validate, expand; the item is always given back.
fn run(attribute: Attribute, root: &str, args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let item = proc_macro2::TokenStream::from(item);
    let arguments = args::read(args.into(), attribute.positional(), &mut errors);
    let function = match Function::read(item.clone()) {
        Ok(function) => function,
        Err(NotAFunction { span }) => {
            errors.at(span, format_args!("`#[{}]` goes on a function with a body", attribute.name()));
            let errors = errors.into_tokens();
            return quote!(#errors #item).into();
        }
    };
    validate::function(&function, &mut errors);
    let root = syn::Ident::new(root, proc_macro2::Span::call_site());
    let root = syn::parse_quote!(::#root);
    let declared = validate::declaration(attribute, arguments, root, &function, &mut errors);
    let expanded = match declared {
        Some(declared) => expand::expand(&declared, &function),
        None => {
            let errors = errors.into_tokens();
            quote!(#errors #function)
        }
    };
    expanded.into()
}

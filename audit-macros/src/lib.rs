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
mod capture;
mod enter;
mod errors;
mod expand;
mod item;
mod model;
mod mount;
mod names;
mod route;
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
/// `#[async_trait]`. Put it **on top** of the other attributes: there it sees all of them, and the framework's own tells
/// it the [route](#route). Below them it audits just as well, but for what is known before the handler runs.
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
/// before the body runs, and only when a record is to be made; one that cannot be written is told in its place.
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
/// What the answer waits for: `best_effort` (nothing), `buffered` (room in the queue, before the handler) or `strict`: the
/// handler runs once an `intent` is on disk, and the answer's head leaves once the `final` is; where that cannot be, the
/// client reads 503, or 500 after the handler. `strict` needs a file as the log, and a handler that is known before it
/// runs: by a wired route, by standing above the framework's own attribute, or by `route = "…"`; any other is refused.
/// Outside a request, nobody can be refused, and `strict` is `buffered`.
///
/// ```
/// use audit_core::audited;
///
/// #[audited("tile.read", delivery = "best_effort")]
/// fn read_tile() {}
/// # read_tile();
/// ```
///
/// # `capture`
///
/// Values that the record keeps in its `data`, in the field syntax of tracing: `name` and `body.title` under their own
/// text, `key = expr` and `"any.key" = expr` under the key; `%` asks for the value's `Display`, `?` for its `Debug`.
/// Without either it is kept as it serialises, else as it displays, else as its `Debug` shows it; a type parameter is
/// what its bounds say. Nothing is captured unless it is named here; there is no `skip`, for a body is left out by
/// `mode = "basic"`.
///
/// - Each value is read by reference before the body runs, once, and only when there is a record to add it to. An
///   expression can neither take an argument, nor change it, nor leave the function; one that panics is told in the
///   value's place, and the function runs all the same. Audited functions that it calls are calls of this record.
/// - It is redacted as the function `data` does: under its key (`body.password` is `[FILTERED]`), and
///   what has the shape of a secret anywhere. A path's last name counts as the key does: `p = body.password` is hidden
///   too; `p = body.password.clone()` is not, for it is no path. A bare `Debug` text can hide a secret that neither marks, so that a whole
///   body is better captured as it serialises.
/// - In a function that another audited function calls, the fields stand in that call's own `data` among the record's
///   `calls`. All fields of one record share the bound on what is held (256 KiB); a larger value is read no further,
///   and the record says `truncated`.
/// - Under `#[async_trait]` the arguments' patterns are taken apart in the body: a name that one binds, as `id` in
///   `Path(id): Path<u32>`, can be named neither here nor in `actor`; a plain argument can.
///
/// ```
/// use audit_core::testing::MemorySink;
/// use audit_core::{Auditor, Output, audited};
///
/// struct Upload { title: String, password: String, points: Vec<u32> }
///
/// #[audited("layer.upload", capture(id, body.title, body.password, points = body.points.len(), kind = ?Some("road")))]
/// fn upload(id: u32, body: Upload) -> usize {
///     body.points.len()
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sink = MemorySink::new();
/// let auditor = Auditor::builder().output(Output::None).sink(sink.clone()).build()?;
/// auditor.install_global()?;
/// upload(7, Upload { title: "roads".into(), password: "hunter2".into(), points: vec![1, 2] });
/// let data = &sink.only()["data"];
/// assert_eq!(data["id"], 7);
/// assert_eq!(data["body.title"], "roads");
/// assert_eq!(data["body.password"], "[FILTERED]");
/// assert_eq!(data["points"], 2);
/// assert_eq!(data["kind"], "Some(\"road\")");
/// # Ok(()) }
/// ```
///
/// # `redact`
///
/// Names of fields that are secret here, besides what is secret anyway: identifiers or texts, matched as words, as in
/// `AUDIT_SENSITIVE_FIELDS`. They count for the query, the headers, the bodies in both directions, the path's parameters
/// and whatever is added to its record while the function runs; an event of its own (`auditor.event(..)`) has the
/// application's rules alone. Under such a name everything goes, also where it describes: `true` of
/// `is_ill`, and the number of `tokens`.
///
/// ```
/// use audit_core::testing::MemorySink;
/// use audit_core::{Auditor, Output, audited};
///
/// #[audited("invoice.send", redact("iban", notes), capture(iban, customer))]
/// fn send(iban: &str, customer: u32) {
///     audit_core::data("internal_notes", "pays late");
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sink = MemorySink::new();
/// Auditor::builder().output(Output::None).sink(sink.clone()).build()?.install_global()?;
/// send("DE44 5001", 7);
/// let data = &sink.only()["data"];
/// assert_eq!(data["iban"], "[FILTERED]");
/// assert_eq!(data["customer"], 7);
/// assert_eq!(data["internal_notes"], "[FILTERED]");
/// # Ok(()) }
/// ```
///
/// # `keep`
///
/// The only fields that are kept of the query and of the bodies in both directions: identifiers or texts, each a whole
/// name in any spelling (`layerName` is `layer_name`, and `name` is neither). What is no object and no list is hidden
/// unless its own name, or that of something it stands in, is one of these. What is secret is hidden all the same, and
/// where the auditor has a list of its own (`Rules::keep_only`), only what both name is kept. Headers, and what the
/// function adds (`capture`, `data`, `changes`), are not subject to the list.
///
/// ```
/// use audit_core::audited;
///
/// #[audited("user.update", keep(id, "display name"), redact(nickname))]
/// fn update_user() {}
/// # update_user();
/// ```
///
/// Both hold from the start of a request where its [route](#route) is wired or declared. On any other route the function
/// becomes known only as it begins, after its extractors have read the body: then the query and the request's body are
/// withheld, and the record says so; what comes after is as the function asks. In a function that another audited
/// function calls, they hold for its own target, for what it captures, for what is added while it runs and for its error.
///
/// # `actor`
///
/// Who it is: an expression whose value names an actor (`AsActor`): an `Actor`, a text, a type of yours that implements
/// the trait, or an `Option` of one, whose `None` leaves it unset. It is read as a captured value is, before the body,
/// and counts as a call of `set_actor`: it beats what a layer's extensions tell, and a `set_actor` in the body beats
/// it. It names the actor of the whole record, in a nested call too. One that panics leaves the actor `unknown`, unless
/// somebody else names one, and stderr says so once. What has the shape of a secret in a name, an id or a role, such as
/// a token, is hidden.
///
/// ```
/// use audit_core::testing::MemorySink;
/// use audit_core::{Actor, AsActor, Auditor, Output, audited};
///
/// struct User { id: i64, login: String }
///
/// impl AsActor for User {
///     fn as_actor(&self) -> Option<Actor> {
///         Some(Actor::user(&self.login).id(self.id))
///     }
/// }
///
/// #[audited("layer.delete", actor = user)]
/// fn delete(user: &User) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sink = MemorySink::new();
/// Auditor::builder().output(Output::None).sink(sink.clone()).build()?.install_global()?;
/// delete(&User { id: 7, login: "ana".into() });
/// assert_eq!(sink.only()["user"], "ana");
/// assert_eq!(sink.only()["user_id"], 7);
/// # Ok(()) }
/// ```
///
/// # `on`
///
/// Of which ends there is a record: `always`, which is the default; `error`, only if the outcome is `failed`, the
/// application panicked, or the answer did not come to its end (aborted, the client left, timed out, shut down);
/// `success`, only if the outcome is `success`. **A denial (401, 403) and any other refusal (4xx) is no error**: who
/// wants a trail of those leaves `on` out. What an `on` leaves out is no loss: it is counted nowhere and leaves no gap.
///
/// It is decided at the very end, so that an answer carries the header `audit-id` only where its record is certain
/// as the head leaves: with `error`, if the outcome is `failed` by then; with `success`, never. It is about the record
/// of the request, or of the job that runs outside any: a nested call is listed whatever its own `on` says.
///
/// ```
/// use audit_core::testing::MemorySink;
/// use audit_core::{Auditor, Output, audited};
///
/// #[audited("tile.render", on = "error")]
/// fn render(zoom: u32) -> Result<u32, &'static str> {
///     if zoom > 20 { Err("too deep") } else { Ok(zoom) }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sink = MemorySink::new();
/// Auditor::builder().output(Output::None).sink(sink.clone()).build()?.install_global()?;
/// assert!(render(3).is_ok());
/// assert!(render(30).is_err());
/// assert_eq!(sink.only()["error"], "too deep");
/// # Ok(()) }
/// ```
///
/// # `route`
///
/// The route that leads to this handler, where it is mounted by the framework's own means: the method, one space, and
/// the whole template, with the prefixes of every router around it. From then on the endpoint is known before the
/// handler's extractors run: its mode and delivery apply from the start, and a request that an extractor refuses
/// carries its action. A route that is wired (`audited_route`) needs none, and wins over one that is declared. `HEAD`
/// falls to the declaration of `GET`. What is mounted by `nest_service` inside the audit layer has no template there
/// and is not matched.
///
/// **Put it on top of the framework's own attribute**, and that one declares the route: `#[get("/{id}")]`,
/// `#[route(…)]` and `#[routes]` of actix-web, `#[post("/<id>", data = "<body>")]` and `#[route(…)]` of rocket. It
/// does so relatively, for no attribute sees the scopes and mount points around it: the endpoint is that of the longest
/// path, of that method, that the template matched by the framework ends in at a `/`. Where two endpoints have the same
/// one, as `#[get("/")]` in two scopes, neither is known before its handler runs, and a path that adds nothing to its
/// scope (`""`, rocket's `"/"` under a base) is not, either. A `route` beside it is whole and wins. Below the
/// framework's attribute, this one sees nothing of it.
///
/// Nobody checks the declaration: **a `route` that is wrong names the wrong action**, and so may a guess: where the
/// audit layer stands around the whole router, the path is matched against the declared templates alone, so that a
/// plain route which is more specific wants to be declared too; so does one that ends as a relative declaration does.
/// Until the declared handler runs, its declaration is therefore worth no more than this:
///
/// - If another audited function ran and the request succeeded, the record is that function's: its action, its target,
///   its `on`. If the request failed, the record is the declared one's, whatever its `on` says.
/// - The record's mode is the strictest of the setting's, the declared one's and that of every function that ran: a
///   request that an extractor refuses is kept under no wider mode than the setting's. A 404 where no router has looked
///   is kept as `basic`, and without a `route`.
/// - It does not undo that the path is excluded.
///
/// The first time that a request succeeds and the declared handler did not run, stderr names it; and so it does the
/// first time that the handler runs for a request that its `route` does not fit. Two endpoints that declare the same
/// route stop the start of an auditor that is on.
///
/// ```
/// use audit_core::{Auditor, Output, audited};
///
/// #[audited("layer.update", route = "POST /layers/{id}")]
/// async fn update(id: u32) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let auditor = Auditor::builder().output(Output::None).build()?;
/// let listing = auditor.endpoints();
/// let listed = listing.endpoints.iter().find(|listed| listed.action == "layer.update").expect("it is listed");
/// assert_eq!(listed.path.as_deref(), Some("/layers/{id}"));
/// assert_eq!(listed.mount, audit_core::Mount::Declared);
/// # drop(update(7));
/// # Ok(()) }
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
/// is required; `route` and `crate` are as for [`audited`](macro@audited), but that an exemption which is only declared
/// for a route counts where the handler has run: a `route` that is wrong does not silence another handler.
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

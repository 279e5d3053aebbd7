//! Where the framework's own attribute, below ours on the same function, mounts it: `#[get("/layers/{id}")]`.
//!
//! Method and path are kept as they are written. What does not read as such an attribute is somebody else's, and no
//! error of ours: whose it is will judge it. An attribute above ours is gone before we are asked.

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Ident, LitStr, Meta, Path, Token};

/// One method and path of one attribute.
pub(crate) struct Mount {
    /// In upper-case letters.
    pub(crate) method: LitStr,
    /// As written: in the framework's own form, without the prefixes of what is around it.
    pub(crate) path: LitStr,
}

/// Attributes that are named for their method: those of actix-web, which hold those of rocket.
const METHODS: &[&str] = &["get", "post", "put", "patch", "delete", "head", "options", "connect", "trace", "query"];

/// What the attributes of a function say, in the order written.
pub(crate) fn read(attrs: &[Attribute]) -> Vec<Mount> {
    attrs.iter().flat_map(of).collect()
}

fn of(attr: &Attribute) -> Vec<Mount> {
    let (Meta::List(list), Some(last)) = (&attr.meta, attr.path().segments.last()) else { return Vec::new() };
    let name = last.ident.to_string();
    let arguments = arguments(list.tokens.clone());
    let Some((first, options)) = arguments.split_first() else { return Vec::new() };
    if METHODS.contains(&name.as_str()) {
        let method = LitStr::new(&name.to_ascii_uppercase(), last.ident.span());
        return path(first).map(|path| Mount { method, path }).into_iter().collect();
    }
    if name != "route" {
        return Vec::new();
    }
    let named = |wanted: &str| {
        let of_name = options.iter().filter_map(named).filter(move |(name, _)| name == wanted);
        of_name.map(|(_, text)| text).collect::<Vec<_>>()
    };
    match path(first) {
        // actix-web: `#[route("/x", method = "GET", method = "POST")]`
        Some(path) => named("method").into_iter().map(|method| Mount { method, path: path.clone() }).collect(),
        // rocket: `#[route(GET, uri = "/x")]`
        None => {
            let method = method(first);
            let path = named("uri").into_iter().find(is_path);
            method.zip(path).map(|(method, path)| Mount { method, path }).into_iter().collect()
        }
    }
}

/// The arguments of an attribute; commas in brackets are within one token.
fn arguments(tokens: TokenStream) -> Vec<TokenStream> {
    let mut arguments = vec![TokenStream::new()];
    for token in tokens {
        match (&token, arguments.last_mut()) {
            (TokenTree::Punct(punct), _) if punct.as_char() == ',' => arguments.push(TokenStream::new()),
            (_, Some(last)) => last.extend([token]),
            (_, None) => {}
        }
    }
    arguments
}

fn path(argument: &TokenStream) -> Option<LitStr> {
    syn::parse2(argument.clone()).ok().filter(is_path)
}

/// Whether it can be one: actix-web mounts at the very prefix of a scope by an empty path.
fn is_path(text: &LitStr) -> bool {
    let text = text.value();
    text.is_empty() || text.starts_with('/')
}

/// `GET`, which rocket takes in letters of either case and under any path.
fn method(argument: &TokenStream) -> Option<LitStr> {
    let path: Path = syn::parse2(argument.clone()).ok()?;
    let last = path.segments.last()?;
    Some(LitStr::new(&last.ident.to_string().to_ascii_uppercase(), last.ident.span()))
}

/// `name = "text"`
fn named(argument: &TokenStream) -> Option<(Ident, LitStr)> {
    let parser = |input: ParseStream<'_>| {
        let name = input.call(Ident::parse_any)?;
        input.parse::<Token![=]>()?;
        Ok((name, input.parse()?))
    };
    parser.parse2(argument.clone()).ok()
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    /// `METHOD path` of each mount of a function under these attributes.
    fn mounts(attrs: TokenStream) -> Vec<String> {
        let attrs = Attribute::parse_outer.parse2(attrs).expect("they are attributes");
        read(&attrs).into_iter().map(|mount| format!("{} {}", mount.method.value(), mount.path.value())).collect()
    }

    #[test]
    fn an_attribute_of_a_method_tells_its_path_as_written() {
        for name in METHODS {
            let ident = Ident::new(name, proc_macro2::Span::call_site());
            let expected = format!("{} /layers/{{id:\\d+}}", name.to_ascii_uppercase());
            assert_eq!(mounts(quote!(#[#ident("/layers/{id:\\d+}")])), [expected]);
        }
        assert_eq!(mounts(quote!(#[doc = "A layer."] #[get("")] #[inline])), ["GET "]);
        assert_eq!(mounts(quote!(#[get(r"/{id:\d+}")])), [r"GET /{id:\d+}"]);
    }

    #[test]
    fn further_options_and_the_crate_do_not_matter() {
        for attr in [
            quote!(#[get("/x", name = "x", guard = "f", wrap = "Compress::new(1, 2)")]),
            quote!(#[get("/x", wrap = HashMap::<A, B>::default())]),
            quote!(#[get("/x",)]),
            quote!(#[actix_web::get("/x")]),
            quote!(#[::rocket::get("/x", rank = -2, format = "json", data = "<d>")]),
        ] {
            assert_eq!(mounts(attr.clone()), ["GET /x"], "{attr}");
        }
        let rocket = quote!(#[rocket::post("/<id>?<q>&<r..>", data = "<body>")]);
        assert_eq!(mounts(rocket), ["POST /<id>?<q>&<r..>"]);
    }

    #[test]
    fn a_route_tells_each_of_its_methods() {
        let actix = quote!(#[route("/x", name = "x", method = "GET", method = "PURGE", guard = "method")]);
        assert_eq!(mounts(actix), ["GET /x", "PURGE /x"]);
        assert_eq!(mounts(quote!(#[route(GET, uri = "/<id>", data = "<d>")])), ["GET /<id>"]);
        assert_eq!(mounts(quote!(#[rocket::route(Method::put, rank = 1, uri = "/x")])), ["PUT /x"]);
        let several = quote!(#[routes] #[get("/x")] #[actix_web::post("/y", name = "y")] #[get("/z")]);
        assert_eq!(mounts(several), ["GET /x", "POST /y", "GET /z"]);
    }

    #[test]
    fn what_does_not_read_as_one_is_somebody_elses() {
        for attr in [
            quote!(#[get]),
            quote!(#[get()]),
            quote!(#[get = "/x"]),
            quote!(#[get("x")]),
            quote!(#[get(x)]),
            quote!(#[get(path = "/x")]),
            quote!(#[get("/x" "/y")]),
            quote!(#[get(concat!("/x", "/y"))]),
            quote!(#[get(7)]),
            quote!(#[get(b"/x")]),
            quote!(#[get::layer("/x")]),
            quote!(#[utoipa::path(get, path = "/x")]),
            quote!(#[route("/x")]),
            quote!(#[route("/x", method = GET)]),
            quote!(#[route("/x", method("GET"))]),
            quote!(#[route(GET)]),
            quote!(#[route(GET, "/x")]),
            quote!(#[route(GET, uri = "x")]),
            quote!(#[route(uri = "/x")]),
            quote!(#[route(,)]),
            quote!(#[instrument("/x")]),
        ] {
            assert!(mounts(attr.clone()).is_empty(), "{attr}");
        }
    }
}

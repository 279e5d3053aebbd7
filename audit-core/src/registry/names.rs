//! Names of functions: what `type_name` says, made comparable, and the dotted default of an action.
//!
//! `std::any::type_name` promises no form. Everything here only compares two names that the same compiler made, so a
//! new form costs at worst a match, never a wrong one.

/// The function that the attribute puts into a body, so that its type name tells where the body is.
const MARKER: &str = "::__audit_here";

/// What each async body or closure around a name adds to it.
const CLOSURE: &str = "::{{closure}}";

/// The type name of a value's type. For generated code, which has no other way to name a function item's type.
#[doc(hidden)]
#[must_use]
pub fn type_name_of<T: ?Sized>(_: &T) -> &'static str {
    std::any::type_name::<T>()
}

/// A name without the marker and without closures, generic arguments kept, a method of a trait always written
/// `<Type as Trait>::method`.
pub(super) fn exact(raw: &str) -> String {
    qualified(&raw.strip_suffix(MARKER).unwrap_or(raw).replace(CLOSURE, ""))
}

/// An [`exact`] name without generic arguments: on the marker's side they are parameters, on the handler's side types.
pub(super) fn erased(exact: &str) -> String {
    let mut out = String::with_capacity(exact.len());
    let mut depth = 0_usize;
    let mut before = None;
    for c in exact.chars() {
        match c {
            // Arguments follow a name; a `<` that begins a segment belongs to `<Type as Trait>` and stays.
            '<' if depth > 0 || before.is_some_and(|b: char| b.is_alphanumeric() || b == '_') => depth += 1,
            '>' if depth > 0 && before == Some('-') => {}
            '>' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            _ => out.push(c),
        }
        before = Some(c);
    }
    out
}

/// The method as its trait declares it: `Trait::method` for `<Type as Trait>::method`. A handler that is a method with
/// a default body is named by its type, but the body stands in the trait.
pub(super) fn in_trait(name: &str) -> Option<String> {
    let (inner, rest) = bracketed(name.strip_prefix('<')?)?;
    let (_, of) = split_outside(&inner, " as ")?;
    Some(format!("{of}{rest}"))
}

/// The last segment of an erased name: the function's own.
pub(super) fn function(erased: &str) -> &str {
    erased.rsplit("::").next().unwrap_or(erased)
}

/// `<Type as Trait>::method` for `module::<impl Trait for Type>::method`: the compiler names a body by the second form
/// if neither type nor trait stand beside the impl, but always names a handler by the first.
fn qualified(name: &str) -> String {
    let rewritten = name.split_once("<impl ").and_then(|(_, rest)| {
        let (inner, rest) = bracketed(rest)?;
        let (of, implementor) = split_outside(&inner, " for ")?;
        Some(format!("<{implementor} as {of}>{rest}"))
    });
    rewritten.unwrap_or_else(|| name.to_owned())
}

/// What stands before and after the bracket that closes an already opened one.
fn bracketed(opened: &str) -> Option<(String, &str)> {
    let mut depth = 1_usize;
    let mut inner = String::new();
    let mut rest = opened.chars();
    while let Some(c) = rest.next() {
        match c {
            '<' => depth += 1,
            '>' if !inner.ends_with('-') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((inner, rest.as_str()));
        }
        inner.push(c);
    }
    None
}

/// Splits at the first separator that is in no brackets.
fn split_outside<'a>(text: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    text.match_indices(separator).find_map(|(at, _)| {
        let (before, after) = text.split_at_checked(at)?;
        let opened = before.matches('<').count();
        let closed = before.matches('>').count() - before.matches("->").count();
        (opened == closed).then_some((before, after.strip_prefix(separator)?))
    })
}

/// How long [`dotted`] makes a path. For generated code.
#[doc(hidden)]
#[must_use]
pub const fn dotted_len(path: &str) -> usize {
    let bytes = path.as_bytes();
    let (mut at, mut len) = (0, 0);
    while at < bytes.len() {
        at += separator(bytes, at);
        len += 1;
    }
    len
}

/// A path with `.` for each `::`. For generated code: an action's default is known when the crate is compiled.
#[doc(hidden)]
#[must_use]
pub const fn dotted<const N: usize>(path: &str) -> [u8; N] {
    let bytes = path.as_bytes();
    let mut out = [b'.'; N];
    let (mut at, mut len) = (0, 0);
    while at < bytes.len() && len < N {
        let width = separator(bytes, at);
        if width == 1 {
            out[len] = bytes[at];
        }
        at += width;
        len += 1;
    }
    out
}

/// 2 where a `::` begins, 1 elsewhere.
const fn separator(bytes: &[u8], at: usize) -> usize {
    if bytes[at] == b':' && at + 1 < bytes.len() && bytes[at + 1] == b':' { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marker_and_closures_go() {
        assert_eq!(exact("app::create::{{closure}}::__audit_here"), "app::create");
        assert_eq!(exact("app::create::{{closure}}::{{closure}}::__audit_here"), "app::create");
        assert_eq!(exact("app::outer::{{closure}}::create"), "app::outer::create");
        assert_eq!(exact("app::create<alloc::string::String>"), "app::create<alloc::string::String>");
    }

    #[test]
    fn generics_go_at_any_depth_and_brackets_of_a_trait_stay() {
        let names = [
            ("app::create<alloc::vec::Vec<core::option::Option<u8>>>", "app::create"),
            ("app::Layers<T>::create", "app::Layers::create"),
            ("app::create<fn(u8) -> alloc::vec::Vec<u8>>::inner", "app::create::inner"),
            ("<app::Layers<T> as app::Create<U>>::create", "<app::Layers as app::Create>::create"),
            ("<[T] as app::Create>::create", "<[T] as app::Create>::create"),
            ("<(A<B>, C) as app::Create>::create<D>", "<(A, C) as app::Create>::create"),
        ];
        for (name, expected) in names {
            assert_eq!(erased(name), expected);
        }
    }

    #[test]
    fn an_impl_elsewhere_is_named_by_type_and_trait() {
        assert_eq!(
            exact("app::glue::<impl app::api::Create<X> for app::model::Layers<fn() -> X>>::create::__audit_here"),
            "<app::model::Layers<fn() -> X> as app::api::Create<X>>::create",
        );
        assert_eq!(
            exact("app::glue::<impl app::model::Layers>::create"),
            "app::glue::<impl app::model::Layers>::create"
        );
    }

    #[test]
    fn a_trait_method_is_also_known_by_its_trait() {
        assert_eq!(in_trait("<app::Layers<A> as app::Create>::create").as_deref(), Some("app::Create::create"));
        assert_eq!(in_trait("<<A as B>::C as app::Create>::create").as_deref(), Some("app::Create::create"));
        assert_eq!(in_trait("app::create"), None);
    }

    #[test]
    fn a_path_is_dotted_at_compile_time() {
        const PATH: &str = "app::layers::créer";
        const LEN: usize = dotted_len(PATH);
        const DOTTED: [u8; LEN] = dotted(PATH);
        assert_eq!(std::str::from_utf8(&DOTTED), Ok("app.layers.créer"));
        assert_eq!(dotted_len("a:b:"), 4);
    }
}

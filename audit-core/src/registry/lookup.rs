//! From a handler to its endpoint.
//!
//! A router is given a function, not its attribute. The two meet by the function's type name, which the attribute
//! recorded from inside the body. A name that fits two different endpoints finds neither: an action is never guessed.

use super::endpoint::{Endpoint, Registration};
use super::names;

/// The endpoint of a handler, if it carries `#[audited]` or `#[audit_exempt]`.
///
/// `H` is the type of the function itself, as a router's generic argument has it; not of a function pointer. Costs a
/// walk over every endpoint, so it belongs where routes are set up.
#[must_use]
pub fn find_handler<H: ?Sized>() -> Option<&'static Endpoint> {
    find_by_type_name(std::any::type_name::<H>())
}

/// The endpoint of a handler that is to be wired.
///
/// # Panics
/// When the handler carries neither attribute: a route that only looks audited must not start.
#[must_use]
#[track_caller]
pub fn handler_to_wire<H: ?Sized>() -> &'static Endpoint {
    let Some(endpoint) = find_handler::<H>() else {
        panic!(
            "cannot audit the route of `{}`: the handler carries neither #[audited] nor #[audit_exempt]",
            std::any::type_name::<H>()
        );
    };
    endpoint
}

/// The endpoint of the handler whose `std::any::type_name` is given.
#[must_use]
pub fn find_by_type_name(type_name: &str) -> Option<&'static Endpoint> {
    let exact = names::exact(type_name);
    let erased = names::erased(&exact);
    let function = names::function(&erased);
    // Every registration, not one of each endpoint: a copy of the body made by another attribute has another name.
    let candidates: Vec<&'static Endpoint> = inventory::iter::<Registration>
        .into_iter()
        .map(|registration| registration.0)
        .filter(|endpoint| endpoint.function() == function)
        .collect();
    let matching = |fits: &dyn Fn(&Endpoint) -> bool| {
        candidates.iter().copied().filter(|endpoint| fits(endpoint)).collect::<Vec<_>>()
    };

    // From the narrowest reading of the name to the widest; the first that fits anything decides.
    let mut found = matching(&|endpoint| endpoint.exact_type_name() == exact);
    if found.is_empty() {
        found = matching(&|endpoint| endpoint.type_name() == erased);
    }
    if found.is_empty() {
        let in_trait = names::in_trait(&erased)?;
        found = matching(&|endpoint| endpoint.type_name() == in_trait);
    }
    let (first, others) = found.split_first()?;
    others.iter().all(|other| other.same_as(first)).then_some(*first)
}

#[cfg(test)]
mod tests {
    use super::super::endpoint::{Declaration, Kind};
    use super::super::names::type_name_of;
    use super::*;
    use crate::vocabulary::RecordOn;

    /// What the attribute puts into a body, by hand.
    macro_rules! declare {
        ($action:literal, $function:literal) => {
            fn __audit_here() {}
            static ENDPOINT: Endpoint = Endpoint::new(Declaration {
                action: $action,
                kind: Kind::Audited,
                target: None,
                mode: None,
                delivery: None,
                on: RecordOn::Always,
                route: None,
                mounts: &[],
                redact: &[],
                keep: &[],
                module: module_path!(),
                function: $function,
                file: file!(),
                line: line!(),
                column: column!(),
                type_name: || type_name_of(&__audit_here),
            });
            inventory::submit! { Registration(&ENDPOINT) }
        };
    }

    fn plain() {
        declare!("test.plain", "plain");
    }

    async fn waiting() {
        declare!("test.waiting", "waiting");
    }

    fn generic<T, const N: usize>(_: [T; N]) {
        declare!("test.generic", "generic");
    }

    fn bare() {}

    struct Layers<T>(T);

    impl<T> Layers<T> {
        async fn create(&self) {
            declare!("test.create", "create");
        }
    }

    struct Kind1;
    struct Kind2;

    impl Layers<Kind1> {
        fn kind(&self) {
            declare!("test.kind_1", "kind");
        }
    }

    impl Layers<Kind2> {
        fn kind(&self) {
            declare!("test.kind_2", "kind");
        }
    }

    trait Remove {
        fn remove(&self);
        fn purge(&self) {
            declare!("test.purge", "purge");
        }
    }

    impl Remove for Layers<Kind1> {
        fn remove(&self) {
            declare!("test.remove", "remove");
        }
    }

    mod elsewhere {
        use super::*;

        impl Remove for Layers<Kind2> {
            fn remove(&self) {
                declare!("test.remove_elsewhere", "remove");
            }
        }
    }

    mod twins {
        use super::*;

        pub(super) fn first() -> &'static str {
            fn twin() {
                declare!("test.first_twin", "twin");
            }
            type_name_of(&twin)
        }

        pub(super) fn hidden() {
            {
                fn same() {
                    declare!("test.first_same", "same");
                }
                same();
            }
            {
                fn same() {
                    declare!("test.second_same", "same");
                }
                same();
            }
        }
    }

    fn action_of<H>(_: H) -> Option<&'static str> {
        find_handler::<H>().map(Endpoint::action)
    }

    #[test]
    fn functions_are_found_by_their_type() {
        assert_eq!(action_of(plain), Some("test.plain"));
        assert_eq!(action_of(waiting), Some("test.waiting"));
        assert_eq!(action_of(generic::<String, 3>), Some("test.generic"));
        assert_eq!(action_of(bare), None);
    }

    #[test]
    fn methods_are_found_with_the_type_they_belong_to() {
        assert_eq!(action_of(Layers::<u8>::create), Some("test.create"));
        assert_eq!(action_of(Layers::<Kind1>::kind), Some("test.kind_1"));
        assert_eq!(action_of(Layers::<Kind2>::kind), Some("test.kind_2"));
    }

    #[test]
    fn methods_of_a_trait_are_found_where_ever_the_impl_stands() {
        assert_eq!(action_of(<Layers<Kind1> as Remove>::remove), Some("test.remove"));
        assert_eq!(action_of(<Layers<Kind2> as Remove>::remove), Some("test.remove_elsewhere"));
        assert_eq!(action_of(<Layers<Kind2> as Remove>::purge), Some("test.purge"));
    }

    #[test]
    fn a_function_in_a_function_has_its_own_name() {
        assert_eq!(find_by_type_name(twins::first()).map(Endpoint::action), Some("test.first_twin"));
    }

    #[test]
    fn a_name_that_fits_two_endpoints_finds_neither() {
        twins::hidden();
        let name = format!("{}::twins::hidden::same", module_path!());
        assert_eq!(find_by_type_name(&name), None);
    }
}

//! Which endpoint a request is for, as far as attributes declare it: `route = "POST /layers/{id}"`.
//!
//! Where the framework has matched a template, the declaration of that template counts. Where it has not looked yet,
//! the path is matched against the declared templates by the rules of axum's own router. An undeclared route that is
//! more specific cannot be known here; a wired route that disagrees wins later.

use std::collections::HashMap;

use crate::exchange::{RequestHead, RouteMatch};
use crate::notice::Once;
use crate::registry::Endpoint;

/// All declarations of a program, none of which contradicts another.
pub(crate) struct DeclaredRoutes {
    methods: HashMap<&'static str, MethodRoutes>,
    /// What has been said of each endpoint.
    warned: Vec<(&'static Endpoint, Warned)>,
}

#[derive(Default)]
struct Warned {
    /// That it does not run where it is declared.
    in_vain: Once,
    /// That it runs where it is not declared.
    elsewhere: Once,
}

#[derive(Default)]
struct MethodRoutes {
    by_template: HashMap<&'static str, &'static Endpoint>,
    by_path: matchit::Router<&'static Endpoint>,
}

/// Why a declaration cannot be.
#[derive(Debug)]
pub(crate) enum RouteConflict {
    /// Another endpoint declares the same route, or one that the same paths would match.
    With { endpoint: &'static Endpoint, other: &'static Endpoint },
    /// It is no template.
    Invalid { endpoint: &'static Endpoint, reason: String },
}

impl DeclaredRoutes {
    /// The declarations of these endpoints; `None` when there are none, so that nobody pays for them.
    pub(crate) fn of(endpoints: &[&'static Endpoint]) -> Result<Option<Self>, RouteConflict> {
        let mut methods: HashMap<&'static str, MethodRoutes> = HashMap::new();
        let mut warned = Vec::new();
        for &endpoint in endpoints {
            let Some((method, template)) = endpoint.route() else { continue };
            methods.entry(method).or_default().declare(endpoint, template)?;
            warned.push((endpoint, Warned::default()));
        }
        Ok((!warned.is_empty()).then_some(Self { methods, warned }))
    }

    /// The endpoint that declares the request's route. A `HEAD` that nobody declares is its `GET`'s.
    pub(crate) fn find(&self, head: &RequestHead<'_>) -> Option<&'static Endpoint> {
        self.find_of(head.method, head.path, head.route)
    }

    fn find_of(&self, method: &str, path: &str, route: RouteMatch<'_>) -> Option<&'static Endpoint> {
        let of = |method: &str| self.methods.get(method)?.find(path, route);
        of(method).or_else(|| if method == "HEAD" { of("GET") } else { None })
    }

    /// Says, once for each endpoint, that a request was taken for one of an endpoint that did not run.
    pub(crate) fn tell_in_vain(&self, endpoint: &'static Endpoint, status: u16) {
        let (method, template) = endpoint.route().unwrap_or_default();
        if let Some((_, warned)) = self.warned.iter().find(|(known, _)| known.same_as(endpoint)) {
            warned.in_vain.say(format_args!(
                "a request was answered with {status}, but {} ({}), which declares route = \"{method} {template}\", did \
                 not run: unless something answered in its place, its route is wrong, and so is the action of such \
                 records in which nothing else that is audited ran",
                endpoint.handler(),
                endpoint.location(),
            ));
        }
    }

    /// Says, once for each endpoint, that it handled a request that its `route` does not fit.
    pub(crate) fn tell_elsewhere(&self, endpoint: &'static Endpoint, request_method: &str, path: &str) {
        let Some((method, template)) = endpoint.route() else { return };
        // By the path too: what stands behind another service of the router has no template, or a part of one.
        let found = self.find_of(request_method, path, RouteMatch::NotKnownYet);
        if found.is_some_and(|found| found.same_as(endpoint)) {
            return;
        }
        if let Some((_, warned)) = self.warned.iter().find(|(known, _)| known.same_as(endpoint)) {
            // Not the path itself, which may hold secrets.
            warned.elsewhere.say(format_args!(
                "{} ({}) declares route = \"{method} {template}\", but handled a {request_method:?} request of \
                 another path: its route is wrong, and counts for nothing there",
                endpoint.handler(),
                endpoint.location(),
            ));
        }
    }
}

impl MethodRoutes {
    fn declare(&mut self, endpoint: &'static Endpoint, template: &'static str) -> Result<(), RouteConflict> {
        if let Err(error) = self.by_path.insert(template, endpoint) {
            let other = match &error {
                matchit::InsertError::Conflict { with } => self.by_template.get(with.as_str()).copied(),
                _ => None,
            };
            return Err(match other {
                Some(other) => RouteConflict::With { endpoint, other },
                None => RouteConflict::Invalid { endpoint, reason: error.to_string().to_lowercase() },
            });
        }
        self.by_template.insert(template, endpoint);
        Ok(())
    }

    fn find(&self, path: &str, route: RouteMatch<'_>) -> Option<&'static Endpoint> {
        match route {
            RouteMatch::Template(template) => self.by_template.get(template).copied(),
            RouteMatch::NotKnownYet => self.by_path.at(path).ok().map(|found| *found.value),
            RouteMatch::None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Headers;
    use crate::registry::{Declaration, Kind};
    use crate::vocabulary::RecordOn;

    struct NoHeaders;

    impl Headers for NoHeaders {
        fn for_each<'a>(&'a self, _: &mut dyn FnMut(&'a str, &'a [u8])) {}

        fn get(&self, _: &str) -> Option<&[u8]> {
            None
        }
    }

    fn endpoint(action: &'static str, method: &'static str, template: &'static str) -> &'static Endpoint {
        Box::leak(Box::new(Endpoint::new(Declaration {
            action,
            kind: Kind::Audited,
            target: None,
            mode: None,
            delivery: None,
            on: RecordOn::Always,
            route: Some((method, template)),
            mounts: &[],
            module: "app",
            function: action,
            file: "src/app.rs",
            line: 1,
            column: 1,
            type_name: || "app",
        })))
    }

    fn found(routes: &DeclaredRoutes, method: &str, path: &str, route: RouteMatch<'_>) -> Option<&'static str> {
        let mut head = RequestHead::new("test", method, path, &NoHeaders);
        head.route = route;
        routes.find(&head).map(Endpoint::action)
    }

    fn routes() -> DeclaredRoutes {
        let endpoints = [
            endpoint("layer.read", "GET", "/layers/{id}"),
            endpoint("layer.export", "GET", "/layers/export"),
            endpoint("layer.probe", "HEAD", "/layers/export"),
            endpoint("layer.update", "PUT", "/layers/{id}"),
            endpoint("file.read", "GET", "/files/{*path}"),
        ];
        DeclaredRoutes::of(&endpoints).expect("nothing contradicts").expect("there are some")
    }

    #[test]
    fn a_template_that_the_framework_matched_counts_alone() {
        let routes = routes();
        let by = |method, template| found(&routes, method, "/layers/export", RouteMatch::Template(template));
        assert_eq!(by("GET", "/layers/{id}"), Some("layer.read"));
        assert_eq!(by("PUT", "/layers/{id}"), Some("layer.update"));
        assert_eq!(by("GET", "/layers/{name}"), None);
        assert_eq!(by("POST", "/layers/{id}"), None);
        assert_eq!(found(&routes, "GET", "/layers/7", RouteMatch::None), None);
    }

    #[test]
    fn a_path_is_matched_where_no_router_has_looked() {
        let routes = routes();
        let by = |method, path| found(&routes, method, path, RouteMatch::NotKnownYet);
        assert_eq!(by("GET", "/layers/7"), Some("layer.read"));
        assert_eq!(by("GET", "/layers/export"), Some("layer.export"));
        assert_eq!(by("HEAD", "/layers/export"), Some("layer.probe"));
        assert_eq!(by("HEAD", "/layers/7"), Some("layer.read"));
        assert_eq!(by("GET", "/files/a/../b"), Some("file.read"));
        assert_eq!(by("GET", "/layers/7/"), None);
        assert_eq!(by("get", "/layers/7"), None);
    }

    #[test]
    fn what_the_same_paths_would_match_is_refused_with_both_places() {
        let conflict = |first: (&'static str, &'static str), second: (&'static str, &'static str)| {
            DeclaredRoutes::of(&[endpoint("first", first.0, first.1), endpoint("second", second.0, second.1)]).err()
        };
        for template in ["/layers/{id}", "/layers/{name}"] {
            let found = conflict(("GET", "/layers/{id}"), ("GET", template));
            let Some(RouteConflict::With { endpoint, other }) = found else { panic!("{template}: {found:?}") };
            assert_eq!((endpoint.action(), other.action()), ("second", "first"));
        }
        assert!(conflict(("GET", "/layers/{id}"), ("PUT", "/layers/{name}")).is_none());
        assert!(matches!(conflict(("GET", "/a"), ("GET", "/{a}b")), Some(RouteConflict::Invalid { .. })));
    }

    #[test]
    fn nobody_pays_for_what_nobody_declares() {
        assert!(DeclaredRoutes::of(&[]).is_ok_and(|routes| routes.is_none()));
    }
}

//! Which endpoint a request is for, as far as attributes declare it: `route = "POST /layers/{id}"`, whole, or the
//! framework's own `#[post("/{id}")]`, relative.
//!
//! Where the framework has matched a template, the declaration of that template counts, and otherwise the longest mount
//! that the template ends in, of the functions whose name the framework gives its route, if it is one endpoint's alone: an
//! action is never guessed. Where it has not looked yet, the path is matched against the declared templates by the rules of
//! axum's own router, and mounts count for nothing. An undeclared route that is more specific cannot be known here, nor
//! can a function of the same name that carries no attribute and is mounted alike; a wired route that disagrees wins later.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::exchange::{RequestHead, RouteMatch};
use crate::notice::Once;
use crate::registry::{Endpoint, template};

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
    /// Mounts in the one form, each with its first slash, and whose they are, by the function's name.
    by_suffix: HashMap<Cow<'static, str>, HashMap<&'static str, Claim>>,
}

/// Whose a route is.
#[derive(Clone, Copy)]
enum Claim {
    One(&'static Endpoint),
    /// Of several that only their prefixes tell apart: of none that could be named.
    Several,
}

impl Claim {
    const fn one(self) -> Option<&'static Endpoint> {
        match self {
            Self::One(endpoint) => Some(endpoint),
            Self::Several => None,
        }
    }
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
            if let Some((method, template)) = endpoint.route() {
                methods.entry(method).or_default().declare(endpoint, template)?;
            } else if !endpoint.mounts().is_empty() {
                for (method, path) in endpoint.mounts() {
                    methods.entry(method).or_default().mount(endpoint, path);
                }
            } else {
                continue;
            }
            warned.push((endpoint, Warned::default()));
        }
        Ok((!warned.is_empty()).then_some(Self { methods, warned }))
    }

    /// The endpoint that declares the request's route. A `HEAD` that nobody declares is its `GET`'s, where the framework
    /// has it so.
    pub(crate) fn find(&self, head: &RequestHead<'_>) -> Option<&'static Endpoint> {
        if head.method == "HEAD" && !head.get_serves_head {
            return self.methods.get("HEAD")?.find(head)?.one();
        }
        let of = |method: &str| self.methods.get(method)?.find(head);
        of(head.method).or_else(|| if head.method == "HEAD" { of("GET") } else { None })?.one()
    }

    /// The endpoint that declares a route which the path fits.
    fn find_by_path(&self, method: &str, path: &str) -> Option<&'static Endpoint> {
        let of = |method: &str| self.methods.get(method)?.find_by_path(path);
        of(method).or_else(|| if method == "HEAD" { of("GET") } else { None })
    }

    /// Says, once for each endpoint, that a request was taken for one of an endpoint that did not run.
    pub(crate) fn tell_in_vain(&self, endpoint: &'static Endpoint, status: u16) {
        let Some((_, warned)) = self.warned.iter().find(|(known, _)| known.same_as(endpoint)) else { return };
        if warned.in_vain.is_said() {
            return;
        }
        let (handler, location) = (endpoint.handler(), endpoint.location());
        if let Some((method, template)) = endpoint.route() {
            warned.in_vain.say(format_args!(
                "a request was answered with {status}, but {handler} ({location}), which declares route = \"{method} \
                 {template}\", did not run: unless something answered in its place, its route is wrong, and so is the \
                 action of such records in which nothing else that is audited ran",
            ));
            return;
        }
        let mounts: Vec<String> = endpoint.mounts().iter().map(|(method, path)| format!("{method} {path}")).collect();
        warned.in_vain.say(format_args!(
            "a request was answered with {status}, but {handler} ({location}), which its framework's attribute mounts \
             at \"{}\", did not run: unless something answered in its place, the route of another function of that name \
             ends in the same way, and the action of such records in which nothing else that is audited ran is wrong; \
             give either a route = \"…\" of its own",
            mounts.join("\", \""),
        ));
    }

    /// Says, once for each endpoint, that it handled a request that its `route` does not fit.
    pub(crate) fn tell_elsewhere(&self, endpoint: &'static Endpoint, request_method: &str, path: &str) {
        let Some((method, template)) = endpoint.route() else { return };
        // By the path too: what stands behind another service of the router has no template, or a part of one.
        let found = self.find_by_path(request_method, path);
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

    /// Mounts that are equal contradict nothing: they stand in different scopes.
    fn mount(&mut self, endpoint: &'static Endpoint, path: &'static str) {
        // At the root and in a scope that ends in a slash, nothing is mounted as `/` is. In any other scope its template
        // is the scope's own, which ends in nothing that could be told from other routes; so is that of rocket's `/`
        // under a base.
        let path = match template(path) {
            Cow::Borrowed("") => Cow::Borrowed("/"),
            path => path,
        };
        match self.by_suffix.entry(path).or_default().entry(endpoint.function()) {
            Entry::Vacant(free) => {
                free.insert(Claim::One(endpoint));
            }
            Entry::Occupied(mut taken) => {
                if taken.get().one().is_some_and(|other| !other.same_as(endpoint)) {
                    taken.insert(Claim::Several);
                }
            }
        }
    }

    fn find(&self, head: &RequestHead<'_>) -> Option<Claim> {
        match head.route {
            RouteMatch::Template(template) => {
                let whole = self.by_template.get(template).copied().map(Claim::One);
                whole.or_else(|| self.longest_mount(template, head.route_name?))
            }
            RouteMatch::NotKnownYet => self.find_by_path(head.path).map(Claim::One),
            RouteMatch::None => None,
        }
    }

    fn find_by_path(&self, path: &str) -> Option<&'static Endpoint> {
        self.by_path.at(path).ok().map(|found| *found.value)
    }

    fn longest_mount(&self, template: &str, name: &str) -> Option<Claim> {
        if self.by_suffix.is_empty() {
            return None;
        }
        let mut suffixes = template.match_indices('/').map(|(slash, _)| template.split_at(slash).1);
        suffixes.find_map(|suffix| self.by_suffix.get(suffix)?.get(name).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Headers;
    use crate::registry::Declaration;

    struct NoHeaders;

    impl Headers for NoHeaders {
        fn for_each<'a>(&'a self, _: &mut dyn FnMut(&'a str, &'a [u8])) {}

        fn get(&self, _: &str) -> Option<&[u8]> {
            None
        }
    }

    type Route = (&'static str, &'static str);

    /// What every function is called here: only then do mounts meet.
    const NAME: &str = "handler";

    fn endpoint(action: &'static str, method: &'static str, template: &'static str) -> &'static Endpoint {
        declared(action, Some((method, template)), &[])
    }

    fn mounted(action: &'static str, mounts: &'static [Route]) -> &'static Endpoint {
        declared(action, None, mounts)
    }

    fn declared(action: &'static str, route: Option<Route>, mounts: &'static [Route]) -> &'static Endpoint {
        let plain = Declaration::plain(action);
        Box::leak(Box::new(Endpoint::new(Declaration { route, mounts, function: NAME, ..plain })))
    }

    fn found(routes: &DeclaredRoutes, method: &str, path: &str, route: RouteMatch<'_>) -> Option<&'static str> {
        let mut head = RequestHead::new("test", method, path, &NoHeaders);
        head.route = route;
        head.route_name = Some(NAME);
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

    /// Whom a `GET` of a matched template is for.
    fn of_template(routes: &DeclaredRoutes, template: &str) -> Option<&'static str> {
        found(routes, "GET", "/x", RouteMatch::Template(template))
    }

    fn of(endpoints: &[&'static Endpoint]) -> DeclaredRoutes {
        DeclaredRoutes::of(endpoints).expect("mounts contradict nothing").expect("there are some")
    }

    #[test]
    fn the_longest_mount_that_a_template_ends_in_counts() {
        let routes = of(&[
            mounted("layer.read", &[("GET", r"/{id:\d+}")]),
            mounted("layer.read_of_group", &[("GET", "/layers/<id>?<page>"), ("PUT", "/layers/<id>")]),
            endpoint("layer.read_whole", "GET", "/whole/layers/{id}"),
            mounted("layer.export", &[("GET", "/export")]),
        ]);
        for (template, expected) in [
            ("/{id}", Some("layer.read")),
            ("/groups/{id}", Some("layer.read")),
            ("/layers/{id}", Some("layer.read_of_group")),
            ("/api//layers/{id}", Some("layer.read_of_group")),
            ("/whole/layers/{id}", Some("layer.read_whole")),
            ("/the/whole/layers/{id}", Some("layer.read_of_group")),
            ("/api/export", Some("layer.export")),
            // Only whole segments, and only the end.
            ("/api/re-export", None),
            ("/api/export/", None),
            ("/export/all", None),
            ("export", None),
            ("/{name}", None),
            ("", None),
        ] {
            assert_eq!(of_template(&routes, template), expected, "{template}");
        }
        let by_put = |template| found(&routes, "PUT", "/x", RouteMatch::Template(template));
        assert_eq!(by_put("/api/layers/{id}"), Some("layer.read_of_group"));
        assert_eq!(by_put("/{id}"), None);
    }

    #[test]
    fn equal_mounts_of_two_endpoints_name_neither_and_stop_no_start() {
        let routes = of(&[
            mounted("layer.read", &[("GET", r"/{id:\d+}")]),
            mounted("group.read", &[("GET", "/{id}"), ("GET", "/x/{id}"), ("HEAD", "/groups/{id}")]),
            mounted("user.read", &[("HEAD", "/users/{id}"), ("GET", "/users/{id}")]),
            mounted("user.probe", &[("HEAD", "/users/{id}")]),
            // It says where it is.
            declared("tile.read", Some(("GET", "/tiles/{id}")), &[("GET", "/x/{id}")]),
        ]);
        assert_eq!(of_template(&routes, "/api/{id}"), None);
        assert_eq!(of_template(&routes, "/api/x/{id}"), Some("group.read"));
        assert_eq!(of_template(&routes, "/tiles/{id}"), Some("tile.read"));
        let mut head = RequestHead::new("test", "HEAD", "/x", &NoHeaders);
        head.route = RouteMatch::Template("/api/x/{id}");
        head.get_serves_head = false;
        assert!(routes.find(&head).is_none(), "the framework has no such rule");
        let by_head = |template| found(&routes, "HEAD", "/x", RouteMatch::Template(template));
        assert_eq!(by_head("/api/x/{id}"), Some("group.read"), "it is its GET's");
        assert_eq!(by_head("/api/groups/{id}"), Some("group.read"));
        // Of the two that take a HEAD here, neither is the one that takes the GET.
        assert_eq!(by_head("/api/users/{id}"), None);
        // Mounted twice alike, as with two queries.
        let twice = of(&[mounted("layer.list", &[("GET", "/layers?<a>"), ("GET", "/layers?<b>")])]);
        assert_eq!(of_template(&twice, "/api/layers"), Some("layer.list"));
    }

    #[test]
    fn a_mount_at_the_very_prefix_claims_only_what_ends_in_a_slash() {
        for path in ["", "/"] {
            let routes = of(&[mounted("layer.list", Box::leak(Box::new([("GET", path)])))]);
            assert_eq!(of_template(&routes, "/"), Some("layer.list"));
            assert_eq!(of_template(&routes, "/layers/"), Some("layer.list"));
            // `#[get("")]` in actix-web's scope, rocket's `#[get("/")]` under a base: not to be told from other routes.
            assert_eq!(of_template(&routes, "/layers"), None);
            assert_eq!(of_template(&routes, "/layers/{id}"), None);
            assert_eq!(of_template(&routes, ""), None);
        }
        let routes = of(&[
            mounted("layer.list", &[("GET", "/")]),
            mounted("group.list", &[("GET", "")]),
            mounted("user.list", &[("GET", "/users/")]),
        ]);
        assert_eq!(of_template(&routes, "/"), None);
        assert_eq!(of_template(&routes, "/api/users/"), Some("user.list"));
    }

    #[test]
    fn a_mount_claims_only_routes_that_are_called_as_its_function() {
        let routes = of(&[mounted("layer.read", &[("GET", "/{id}")])]);
        let mut head = RequestHead::new("test", "GET", "/x", &NoHeaders);
        head.route = RouteMatch::Template("/users/{id}");
        for (name, expected) in [(Some(NAME), Some("layer.read")), (Some("other"), None), (None, None)] {
            head.route_name = name;
            assert_eq!(routes.find(&head).map(Endpoint::action), expected, "{name:?}");
        }
    }

    #[test]
    fn a_mount_counts_for_nothing_where_no_template_is_known() {
        let routes = of(&[mounted("layer.read", &[("GET", "/layers/{id}")])]);
        for route in [RouteMatch::NotKnownYet, RouteMatch::None] {
            assert_eq!(found(&routes, "GET", "/layers/7", route), None, "{route:?}");
            assert_eq!(found(&routes, "GET", "/layers/{id}", route), None, "{route:?}");
        }
    }

    #[test]
    fn nobody_pays_for_what_nobody_declares() {
        assert!(DeclaredRoutes::of(&[]).is_ok_and(|routes| routes.is_none()));
    }
}

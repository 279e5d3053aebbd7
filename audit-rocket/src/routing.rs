//! Which route a request will come to, asked before Rocket has looked: its own router cannot be asked.
//!
//! By method, path and rank, as Rocket does; without the query's and the format's part, and without knowing which route
//! will hand the request on. Nothing is recorded of a request only if each route that it may come to is excluded; of one
//! that may come to another, the route that Rocket came to decides at the end, and the record names that one.

use rocket::http::Method;
use rocket::{Request, Route};

/// The routes whose method and path fit, in the order in which Rocket tries them. A `HEAD` without a route of its own is a
/// `GET`'s.
pub(crate) fn fitting<'r>(request: &'r Request<'_>) -> Vec<&'r Route> {
    let path = request.uri().path();
    let of = |method: Method| {
        let routes = request.rocket().routes().filter(|route| route.method == method);
        let mut routes: Vec<_> = routes.filter(|route| fits(route.uri.path(), path.segments())).collect();
        routes.sort_by_key(|route| route.rank);
        routes
    };
    let method = request.method();
    let mut routes = of(method);
    if method == Method::Head {
        routes.extend(of(Method::Get));
    }
    routes
}

/// Whether decoded segments are those of a template: `<name>` stands for one, `<name..>` for what is left, even nothing.
/// Empty ones count on neither side.
fn fits<'p>(template: &str, mut segments: impl Iterator<Item = &'p str>) -> bool {
    for wanted in template.split('/').filter(|wanted| !wanted.is_empty()) {
        if wanted.ends_with("..>") {
            return true;
        }
        match segments.next() {
            Some(_) if wanted.starts_with('<') => {}
            Some(segment) if segment == wanted => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use rocket::http::uri::Origin;

    fn fits(template: &str, path: &str) -> bool {
        super::fits(template, Origin::parse(path).expect("a path").path().segments())
    }

    #[test]
    fn a_path_fits_segment_by_segment() {
        for (template, path) in [
            ("/", "/"),
            ("/layers", "/layers"),
            ("/layers", "/l%61yers"),
            ("/layers", "/layers/"),
            ("/layers/", "//layers"),
            ("/layers/<id>", "//layers//7/"),
            ("/layers/<id>", "/layers/7"),
            ("/layers/<id>/style", "/layers/7/style"),
            ("/files/<path..>", "/files/a/b"),
            ("/files/<path..>", "/files/"),
            ("/files/<path..>", "/files"),
            ("/<_>/x", "/a/x"),
        ] {
            assert!(fits(template, path), "{template} {path}");
        }
        for (template, path) in [
            ("/", "/a"),
            ("/layers/<id>", "/layers"),
            ("/layers/<id>", "/layers/"),
            ("/layers/<id>", "/layers/7/8"),
            ("/files/<path..>", "/file"),
        ] {
            assert!(!fits(template, path), "{template} {path}");
        }
    }
}

//! Which route a request will come to, asked before Rocket has looked: its own router cannot be asked.
//!
//! By method, path and rank, as Rocket does; without the query's and the format's part. It decides only what must be
//! known as the request comes, such as whether its path is excluded; the record names the route that Rocket came to.

use rocket::http::Method;
use rocket::{Request, Route};

/// The first of the routes, by rank, whose method and path fit. A `HEAD` without a route of its own is a `GET`'s.
pub(crate) fn find<'r>(request: &'r Request<'_>) -> Option<&'r Route> {
    let path = request.uri().path();
    let of = |method: Method| {
        let routes = request.rocket().routes().filter(|route| route.method == method);
        routes.filter(|route| fits(route.uri.path(), path.segments())).min_by_key(|route| route.rank)
    };
    let method = request.method();
    of(method).or_else(|| if method == Method::Head { of(Method::Get) } else { None })
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

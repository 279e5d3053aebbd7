//! Prefixes of paths, in whole segments.

/// Matches a path and all below it: `/health` matches `/health`, `/health/` and `/health/live`, not `/healthz`.
///
/// A trailing slash in the pattern makes no difference. Upper and lower case do, as they do to every router.
#[derive(Debug, Clone)]
pub(crate) struct PathPrefix(Box<str>);

impl PathPrefix {
    /// A pattern without its leading slash is given one; the root matches everything.
    pub(crate) fn new(pattern: &str) -> Self {
        let inner = pattern.trim_matches('/');
        Self(if inner.is_empty() { Box::default() } else { format!("/{inner}").into() })
    }

    /// The prefix of a segment, or of several, below this one.
    pub(crate) fn join(&self, segment: &str) -> Self {
        Self::new(&format!("{}/{segment}", self.0))
    }

    pub(crate) fn covers(&self, path: &str) -> bool {
        path.strip_prefix(&*self.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Several prefixes: covers what any of them covers.
#[derive(Debug, Clone, Default)]
pub(crate) struct PathSet(Box<[PathPrefix]>);

impl PathSet {
    pub(crate) fn covers(&self, path: &str) -> bool {
        self.0.iter().any(|prefix| prefix.covers(path))
    }
}

impl FromIterator<PathPrefix> for PathSet {
    fn from_iter<I: IntoIterator<Item = PathPrefix>>(prefixes: I) -> Self {
        Self(prefixes.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_segments_only() {
        for (pattern, path, covered) in [
            ("/health", "/health", true),
            ("/health", "/health/", true),
            ("/health", "/health/live", true),
            ("/health", "/healthz", false),
            ("/health", "/Health", false),
            ("/health", "/x/health", false),
            ("/health", "/", false),
            ("/health", "", false),
            ("/api/v1/swagger/", "/api/v1/swagger", true),
            ("/api/v1/swagger/", "/api/v1/swagger/ui", true),
            ("/api/v1/swagger/", "/api/v1/swagger.json", false),
            ("/api/v1/swagger.json", "/api/v1/swagger.json", true),
            ("gvsigonline", "/gvsigonline/core/", true),
            ("gvsigonline", "/gvsigonline2", false),
            ("/a/{id}", "/a/{id}/b", true),
            ("/", "/", true),
            ("/", "/anything", true),
        ] {
            assert_eq!(PathPrefix::new(pattern).covers(path), covered, "{pattern} {path}");
        }
    }

    #[test]
    fn joined_prefixes_are_below() {
        assert!(PathPrefix::new("/app/").join("static").covers("/app/static/x.js"));
        assert!(PathPrefix::new("/").join("static").covers("/static/x.js"));
        assert!(!PathPrefix::new("/app").join("static").covers("/app/statics"));
    }

    #[test]
    fn a_set_covers_what_one_of_it_covers() {
        let set: PathSet = ["/a", "/b/c"].map(PathPrefix::new).into_iter().collect();
        assert!(set.covers("/a/x") && set.covers("/b/c"));
        assert!(!set.covers("/b"));
        assert!(!PathSet::default().covers("/"));
    }
}

//! Whether a request is recorded, when no attribute says so.
//!
//! Dropping needs certainty, keeping does not. A request is dropped by its path only if the template that its router
//! matched is in a list, or, where no template is known, if its path is, and holds no `..` in any disguise: otherwise
//! whoever writes the path could choose not to be recorded. It is kept if its template, its path or its path's
//! [normal form](normalise) says so.

mod content;
mod normal;
mod prefix;

use std::borrow::Cow;

pub(crate) use content::ContentHints;
pub(crate) use normal::normalise;
pub(crate) use prefix::{PathPrefix, PathSet};

use crate::settings::Settings;

/// What lies below the application's prefix without being part of the application.
const ASSETS: [&str; 4] = ["static", "media", "admin", "jsi18n"];

/// The settings' part in the decision; what an attribute says comes before it.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    excluded: PathSet,
    included: PathSet,
    auto_detect: bool,
    api: PathPrefix,
    application: Option<PathPrefix>,
    assets: PathSet,
}

impl Policy {
    pub(crate) fn new(settings: &Settings) -> Self {
        let set = |paths: &[String]| paths.iter().map(|path| PathPrefix::new(path)).collect();
        let application = settings.path_prefix.as_deref().map(PathPrefix::new);
        Self {
            excluded: set(&settings.exclude_paths),
            included: set(&settings.include_paths),
            auto_detect: settings.auto_detect,
            api: PathPrefix::new("/api"),
            assets: application.iter().flat_map(|prefix| ASSETS.map(|name| prefix.join(name))).collect(),
            application,
        }
    }

    /// Whether nothing is recorded of this request, annotated or not. Asked when it begins.
    ///
    /// `path` is as received, without its query. A template, once matched, decides alone: of `/{tenant}/users` a
    /// request for `/health/users` is not excluded by `/health`.
    pub(crate) fn excluded(&self, path: &str, template: Option<&str>) -> bool {
        surely_below(&self.excluded, path, template)
    }

    /// Whether a request is recorded whose endpoint has no attribute. Asked at its end, of what was not excluded.
    pub(crate) fn keeps_unannotated(&self, path: &str, template: Option<&str>, hints: ContentHints) -> bool {
        let normal = normalise(path);
        let readings = [Some(Cow::Borrowed(path)), Some(normal), template.map(Cow::Borrowed)];
        let any = |covers: &dyn Fn(&str) -> bool| readings.iter().flatten().any(|reading| covers(reading));
        if any(&|reading| self.included.covers(reading)) {
            return true;
        }
        if !self.auto_detect {
            return false;
        }
        if any(&|reading| self.api.covers(reading)) {
            return true;
        }
        if surely_below(&self.assets, path, template) {
            return false;
        }
        any(&|reading| self.application.as_ref().is_some_and(|prefix| prefix.covers(reading))) || hints.is_structured()
    }
}

/// Whether a request belongs below one of these prefixes without a doubt.
fn surely_below(set: &PathSet, path: &str, template: Option<&str>) -> bool {
    match template {
        Some(template) => set.covers(template),
        // Without `..`, the normal form begins with the same segments as the path, so it need not be asked too.
        None => set.covers(path) && !normal::climbs(path),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn policy(change: impl FnOnce(&mut Settings)) -> Policy {
        let mut settings = Settings::default();
        change(&mut settings);
        Policy::new(&settings)
    }

    fn excluding(path: &str) -> Policy {
        policy(|settings| settings.exclude_paths = vec![path.into()])
    }

    fn json() -> ContentHints {
        ContentHints::new([&b"application/json"[..]], [])
    }

    #[test]
    fn excluded_by_path_only_when_it_is_certain() {
        let policy = excluding("/health/");
        for path in ["/health", "/health/", "/health/live", "/health//live", "/health/./x", "/health/a;b"] {
            assert!(policy.excluded(path, None), "{path}");
        }
        for path in [
            "/healthz",
            "/",
            "/x/../health",
            "/%68ealth",
            "//health",
            "/health/../api",
            "/health/%2e%2E/api",
            "/health/..%2fapi",
            "/health/..;x/api",
            // Which of these two a server sees depends on when it decodes `%2F`.
            "/health/x%2fy/../../api",
        ] {
            assert!(!policy.excluded(path, None), "{path}");
        }
        assert!(!Policy::new(&Settings::default()).excluded("/health", None));
    }

    #[test]
    fn a_template_decides_alone() {
        let policy = excluding("/health");
        assert!(policy.excluded("/health/live", Some("/health/{probe}")));
        assert!(policy.excluded("/health/../x", Some("/health/{*rest}")));
        assert!(!policy.excluded("/health/users", Some("/{tenant}/users")));
        assert!(excluding("/users/{id}/avatar").excluded("/users/7/avatar", Some("/users/{id}/avatar")));
    }

    #[test]
    fn auto_detection() {
        let gvsig = policy(|settings| settings.path_prefix = Some("gvsigonline".into()));
        for (path, with_json, without) in [
            ("/api", true, true),
            ("/api/v1/layers", true, true),
            ("/apiary", true, false),
            ("//api/v1", true, true),
            ("/x/../api/v1", true, true),
            ("/%61pi/v1", true, true),
            ("/api%2fv1", true, true),
            ("/gvsigonline", true, true),
            ("/gvsigonline/core/", true, true),
            ("/gvsigonline2/core/", true, false),
            ("/gvsigonline/static/a.js", false, false),
            ("/gvsigonline/media/", false, false),
            ("/gvsigonline/admin", false, false),
            ("/gvsigonline/jsi18n/x", false, false),
            ("/gvsigonline/statics/x", true, true),
            ("/gvsigonline/core/static/x", true, true),
            ("/gvsigonline/static/../core", true, true),
            ("/gvsigonline/static/%2e%2e/core", true, true),
            ("/static/x", true, false),
            ("/", true, false),
            ("/other", true, false),
        ] {
            assert_eq!(gvsig.keeps_unannotated(path, None, json()), with_json, "{path} with JSON");
            assert_eq!(gvsig.keeps_unannotated(path, None, ContentHints::default()), without, "{path}");
        }
    }

    #[test]
    fn a_parameter_cannot_pass_for_an_asset() {
        let policy = policy(|settings| settings.path_prefix = Some("/app".into()));
        let hints = ContentHints::default();
        assert!(policy.keeps_unannotated("/app/static/save", Some("/app/{module}/save"), hints));
        assert!(!policy.keeps_unannotated("/app/static/a.js", Some("/app/static/{*file}"), hints));
    }

    #[test]
    fn the_root_can_be_the_application() {
        let policy = policy(|settings| settings.path_prefix = Some("/".into()));
        assert!(policy.keeps_unannotated("/anything", None, ContentHints::default()));
        assert!(!policy.keeps_unannotated("/static/a.json", None, json()));
    }

    #[test]
    fn included_comes_first() {
        let policy = policy(|settings| {
            settings.auto_detect = false;
            settings.path_prefix = Some("/app".into());
            settings.include_paths = vec!["/app/static/secret".into(), "/custom/{id}".into()];
        });
        let keeps = |path, template| policy.keeps_unannotated(path, template, json());
        assert!(keeps("/app/static/secret/x", None));
        assert!(keeps("/app//static/secret", None));
        assert!(keeps("/custom/7", Some("/custom/{id}")));
        assert!(!keeps("/custom/7", None));
        for path in ["/api/v1", "/app/core", "/other"] {
            assert!(!keeps(path, None), "{path}");
        }
    }

    proptest! {
        #[test]
        fn what_is_excluded_is_so_by_either_reading(path in normal::tests::paths()) {
            let policy = excluding("/health");
            if policy.excluded(&path, None) {
                prop_assert!(policy.excluded.covers(&path), "{}", path);
                prop_assert!(policy.excluded.covers(&normalise(&path)), "{}", path);
            }
        }

        #[test]
        fn only_climbing_leaves_an_excluded_prefix(path in normal::tests::paths()) {
            let path = format!("/health/{path}");
            let policy = excluding("/health");
            prop_assert_eq!(policy.excluded(&path, None), !normal::climbs(&path));
            prop_assert!(!policy.excluded(&path, None) || policy.excluded.covers(&normalise(&path)));
        }

        #[test]
        fn any_path_is_decided(path in ".*", template in prop::option::of(".*")) {
            let policy = policy(|settings| settings.path_prefix = Some("/app".into()));
            policy.excluded(&path, template.as_deref());
            policy.keeps_unannotated(&path, template.as_deref(), json());
        }
    }
}

//! What the application says that its binary holds. A wrong binary is wrong whether or not auditing is on.

use crate::auditor::BuildError;
use crate::registry::{Endpoint, duplicate_actions};

/// What must be linked for an auditor to be built.
#[derive(Debug, Default)]
pub(crate) struct Expectations {
    pub(crate) endpoints: Option<usize>,
    /// Paths of modules, as `module_path!` writes them.
    pub(crate) modules: Vec<String>,
    pub(crate) unique_actions: bool,
}

impl Expectations {
    /// Holds these endpoints, which are all that the program has, against what is expected. A crate that is missing is
    /// told before the count that is wrong because of it.
    pub(crate) fn check(&self, endpoints: &[&'static Endpoint]) -> Result<(), BuildError> {
        self.check_modules(endpoints)?;
        self.check_count(endpoints)?;
        if self.unique_actions {
            let duplicates = duplicate_actions(endpoints);
            if !duplicates.is_empty() {
                return Err(BuildError::DuplicateActions(duplicates));
            }
        }
        Ok(())
    }

    fn check_modules(&self, endpoints: &[&'static Endpoint]) -> Result<(), BuildError> {
        if let Some(path) = self.modules.iter().find(|path| !is_module_path(path)) {
            return Err(BuildError::ModulePath { path: path.clone() });
        }
        let holds = |path: &str| endpoints.iter().any(|endpoint| is_below(endpoint.module(), path));
        let (mut crates, mut modules) = (Vec::new(), Vec::new());
        for path in self.modules.iter().filter(|path| !holds(path)) {
            let name = path.split_once("::").map_or(path.as_str(), |(name, _)| name);
            let (list, missing) = if holds(name) { (&mut modules, path.as_str()) } else { (&mut crates, name) };
            if !list.iter().any(|known| known == missing) {
                list.push(missing.to_owned());
            }
        }
        if crates.is_empty() && modules.is_empty() { Ok(()) } else { Err(BuildError::NotLinked { crates, modules }) }
    }

    fn check_count(&self, endpoints: &[&'static Endpoint]) -> Result<(), BuildError> {
        let Some(expected) = self.endpoints else { return Ok(()) };
        let audited = endpoints.iter().filter(|endpoint| endpoint.exemption().is_none());
        let actions: Vec<String> = audited.map(|endpoint| endpoint.action().to_owned()).collect();
        if actions.len() == expected { Ok(()) } else { Err(BuildError::EndpointCount { expected, actions }) }
    }
}

/// Whether it is a crate's name, and modules in it, as `module_path!` writes them: `crate` is no crate's name there.
fn is_module_path(path: &str) -> bool {
    let is_name = |name: &str| {
        let begins = name.chars().next().is_some_and(|first| first.is_alphabetic() || first == '_');
        begins && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
    };
    path.split("::").all(is_name) && !["crate", "self", "super"].iter().any(|root| is_below(path, root))
}

/// Whether a module is the one of that path, or stands in it.
fn is_below(module: &str, path: &str) -> bool {
    module.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_no_module_from_outside_is_none() {
        for path in ["plugin", "plugin_2::layers", "_p", "crates"] {
            assert!(is_module_path(path), "{path}");
        }
        for path in ["", "crate::admin", "self", "super::x", "a::", "::a", "a b", "a.b", "2a", "a/b"] {
            assert!(!is_module_path(path), "{path}");
        }
    }

    #[test]
    fn a_module_is_below_whole_segments() {
        assert!(is_below("plugin", "plugin"));
        assert!(is_below("plugin::layers", "plugin"));
        assert!(!is_below("plugin_layers", "plugin"));
        assert!(!is_below("plugin", "plugin::layers"));
    }
}

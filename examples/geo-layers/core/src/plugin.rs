//! What a plugin brings, and how it is found.

use actix_web::web::ServiceConfig;
use audit_actix::Builder;

/// A part of the map server that is there because its crate is linked. The crate submits one:
///
/// ```
/// use actix_web::web::ServiceConfig;
/// use audit_actix::Builder;
/// use geo_layers_core::{Plugin, inventory};
///
/// inventory::submit! {
///     Plugin {
///         name: "tides",
///         migrations: &["CREATE TABLE tide (at TEXT NOT NULL, metres REAL NOT NULL) STRICT;"],
///         routes: |_: &mut ServiceConfig, _prefix| {},
///         audit: |builder: Builder| builder.include("/tides"),
///     }
/// }
/// ```
///
/// A crate that stands in `Cargo.toml` but that nothing in the program names is not linked, and its plugin is not there:
/// the program says `use tides_plugin as _;`.
pub struct Plugin {
    /// A word that no other plugin has. The plugin's database is `DATA_DIR/<name>.db`.
    pub name: &'static str,
    /// The steps that make each version of its database from the one before; see
    /// [`Database::open`](service_kit::database::Database::open).
    pub migrations: &'static [&'static str],
    /// Mounts its routes; the text is where the application's own pages are, such as `/gvsigonline`. It is called once for
    /// each of the server's workers, and once before them for the listing.
    pub routes: fn(&mut ServiceConfig, &str),
    /// What is to be audited besides its annotated handlers, and what is not: paths outside of `/api/` and of the
    /// application's own prefix ([`Builder::include`]), names of fields to hide.
    pub audit: fn(Builder) -> Builder,
}

inventory::collect!(Plugin);

/// Why the plugins that are linked cannot be used together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// Two have one name.
    #[error("two plugins are called {0:?}")]
    Duplicate(&'static str),
    /// A name is none that a file may have.
    #[error("a plugin is called {0:?}; expected lower-case letters, digits and _")]
    Name(&'static str),
}

/// The plugins that are linked, by name.
pub(crate) fn linked() -> Result<Vec<&'static Plugin>, PluginError> {
    sorted(inventory::iter::<Plugin>().collect())
}

/// In the order of their names, for the linker's own is arbitrary.
fn sorted(mut plugins: Vec<&'static Plugin>) -> Result<Vec<&'static Plugin>, PluginError> {
    let is_word = |name: &str| {
        let is_part = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        !name.is_empty() && name.bytes().all(is_part)
    };
    if let Some(odd) = plugins.iter().find(|plugin| !is_word(plugin.name)) {
        return Err(PluginError::Name(odd.name));
    }
    plugins.sort_by_key(|plugin| plugin.name);
    match plugins.windows(2).find(|pair| pair[0].name == pair[1].name) {
        Some(pair) => Err(PluginError::Duplicate(pair[0].name)),
        None => Ok(plugins),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn named(name: &'static str) -> Plugin {
        Plugin { name, migrations: &[], routes: |_, _| {}, audit: |builder| builder }
    }

    #[test]
    fn plugins_come_by_name_and_no_name_twice() {
        static PLUGINS: [Plugin; 4] = [named("b"), named("a"), named("b"), named("../a")];
        let [b, a, again, odd] = PLUGINS.each_ref();
        let names: Vec<_> = sorted(vec![b, a]).unwrap().iter().map(|plugin| plugin.name).collect();
        assert_eq!(names, ["a", "b"]);
        assert!(matches!(sorted(vec![b, a, again]), Err(PluginError::Duplicate("b"))));
        assert!(matches!(sorted(vec![odd]), Err(PluginError::Name("../a"))));
    }
}

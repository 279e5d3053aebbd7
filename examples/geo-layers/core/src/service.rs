//! What handlers share, those of plugins too.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use audit_actix::Auditor;
use service_kit::database::{Database, DatabaseError};
use service_kit::passwords::Password;
use service_kit::users::{User, Users, Verdict};
use service_kit::workers::Workers;

use crate::error::ApiError;
use crate::plugin::Plugin;

/// The running service, as `web::Data<Service>` or `&Service`. Cheap to clone.
#[derive(Clone)]
pub struct Service(Arc<Shared>);

struct Shared {
    users: Users,
    auditor: Auditor,
    /// Where the pages are: a leading slash, none at the end.
    prefix: String,
    plugins: Vec<&'static Plugin>,
    databases: BTreeMap<&'static str, Arc<Database>>,
    // Apart, so that a flood of logins, or of large layers, does not hold up who is logged in.
    hashing: Workers,
    identifying: Workers,
    plugins_work: Workers,
}

impl Service {
    /// Opens each plugin's database.
    pub(crate) fn new(
        users: Users,
        auditor: Auditor,
        prefix: String,
        plugins: Vec<&'static Plugin>,
        data_dir: &Path,
    ) -> Result<Self, DatabaseError> {
        let mut databases = BTreeMap::new();
        for plugin in &plugins {
            let path = data_dir.join(plugin.name).with_extension("db");
            databases.insert(plugin.name, Arc::new(Database::open(&path, plugin.migrations)?));
        }
        let (hashing, identifying, plugins_work) = (Workers::new(), Workers::new(), Workers::new());
        Ok(Self(Arc::new(Shared { users, auditor, prefix, plugins, databases, hashing, identifying, plugins_work })))
    }

    /// Where the pages are, as `GVSIGOL_PATH` says: a leading slash, none at the end.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.0.prefix
    }

    /// Runs `work` with the plugin's database, on a thread that may block, as part of the current exchange.
    ///
    /// # Errors
    /// What `work` returns; that the service is stopping.
    ///
    /// # Panics
    /// When no such plugin is linked.
    pub async fn database<T, E>(
        &self,
        plugin: &'static str,
        work: impl FnOnce(&Database) -> Result<T, E> + Send + 'static,
    ) -> Result<T, ApiError>
    where
        T: Send + 'static,
        E: Into<ApiError> + Send + 'static,
    {
        let database = self.0.databases.get(plugin).unwrap_or_else(|| panic!("no plugin {plugin:?} is linked"));
        let database = Arc::clone(database);
        self.0.plugins_work.run(move || work(&database)).await?.map_err(Into::into)
    }

    /// The user of this name, if there is one.
    pub(crate) async fn user(&self, name: String) -> Result<Option<User>, ApiError> {
        let service = self.clone();
        Ok(self.0.identifying.run(move || service.users().find(&name)).await??)
    }

    /// Whether somebody is who they say.
    pub(crate) async fn check(&self, name: String, password: Password) -> Result<Verdict, ApiError> {
        let service = self.clone();
        let checked = self.0.hashing.run(move || service.users().check(&name, &password));
        Ok(checked.await??)
    }

    pub(crate) fn users(&self) -> &Users {
        &self.0.users
    }

    pub(crate) fn auditor(&self) -> &Auditor {
        &self.0.auditor
    }

    pub(crate) fn plugins(&self) -> &[&'static Plugin] {
        &self.0.plugins
    }
}

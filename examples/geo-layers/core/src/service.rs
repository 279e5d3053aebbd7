//! What handlers share, those of plugins too.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use audit_actix::Auditor;
use service_kit::database::{Database, DatabaseError};
use service_kit::passwords::Password;
use service_kit::users::{Users, Verdict};
use service_kit::workers::{Stopping, Workers};

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
    // Apart, so that a flood of logins does not hold up the others.
    hashing: Workers,
    reading: Workers,
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
        let (hashing, reading) = (Workers::new(), Workers::new());
        Ok(Self(Arc::new(Shared { users, auditor, prefix, plugins, databases, hashing, reading })))
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
        self.read(move || work(&database)).await?.map_err(Into::into)
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Stopping> {
        self.0.reading.run(work).await
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

//! What is audited, before the environment has its say: the counterpart of the `AUDIT_*` lines of a Django `settings.py`.

use audit_actix::{Auditor, Builder};

use crate::plugin::Plugin;
use crate::settings::Settings;

/// Fields that are hidden besides those that every service hides.
const SENSITIVE_FIELDS: [&str; 2] = ["mi_campo_secreto", "otro_campo"];

/// Paths that leave no record: the description of the API, which is the same for everybody.
const EXCLUDED: [&str; 3] = ["/api/v1/swagger/", "/api/v1/redoc/", "/api/v1/swagger.json"];

/// Off unless `AUDIT_ENABLED` says otherwise.
pub(crate) fn builder(settings: &Settings, plugins: &[&'static Plugin]) -> Builder {
    let core = Auditor::builder().enabled(false).path_prefix(&settings.prefix).sensitive_fields(SENSITIVE_FIELDS);
    let core = EXCLUDED.into_iter().fold(core, Builder::exclude);
    plugins.iter().fold(core, |builder, plugin| (plugin.audit)(builder))
}
